/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a name server that lets a key change these TXT records
 * and nothing else.
 */
#ifndef RFC2136_POLICY_H
#define RFC2136_POLICY_H

#include <zoneseal/provider.h>

/* Prints it for BIND and, as a comment, for Knot. key: name of the TSIG key, n 0 = not
 * known. zones: of struct zsp_zone. */
int32_t policy_print(const struct zsp_host *host, const struct zsp_str *key, const struct zsp_list *zones);

#endif
