/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups of the machine.
 */
#ifndef ZS_FRONT_USER_H
#define ZS_FRONT_USER_H

#include "base/err.h"

/* Number of a group by name or digits. */
int zs_user_group(const char *name, int64_t *ret, struct zs_err *err);

#endif
