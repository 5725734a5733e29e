/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS names as provider.h has them: lower-case A-labels without a final dot.
 */
#ifndef ZONESEAL_NAME_H
#define ZONESEAL_NAME_H

#include <zoneseal/sdk_base.h>

/* 1 when name is zone or below it, by whole labels ("xexample.org" is not in
 * "example.org"). */
ZSP_SDK int32_t zsp_name_in(struct zsp_str name, struct zsp_str zone);
/* Name without its first label; n 0 when there is none left. */
ZSP_SDK struct zsp_str zsp_name_parent(struct zsp_str name);
/* Name without zone, and without the dot between: "_acme-challenge.www"; n 0 for the
 * apex and for a name that is not in the zone. */
ZSP_SDK struct zsp_str zsp_name_relative(struct zsp_str name, struct zsp_str zone);
/* A name as a service writes it, made ours: lower case, without final dot.  1, or 0
 * when it is no DNS name (RFC 1035 2.3.4) or does not fit into dst (254 octets do). */
ZSP_SDK int32_t zsp_name_read(struct zsp_str from, char *dst, size_t size);
/* 1 when both are one name; case and a final dot do not count. */
ZSP_SDK int32_t zsp_name_equal(struct zsp_str a, struct zsp_str b);

#endif
