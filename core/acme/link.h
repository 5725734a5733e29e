/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link header fields (RFC 8288): the targets with one relation.
 */
#ifndef ZS_ACME_LINK_H
#define ZS_ACME_LINK_H

#include "base/slice.h"

/* One header field may hold several links.  Calls found for each target whose rel
 * (any case, any of several in one value) is relation; unreadable rests are ignored. */
void zs_link_each(struct zs_slice field, const char *relation,
		  void (*found)(struct zs_slice target, void *user), void *user);
/* The first target in any of the fields; false when there is none. */
bool zs_link_find(const struct zs_slice *fields, size_t n, const char *relation,
		  struct zs_slice *ret);

#endif
