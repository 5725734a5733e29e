/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order object (RFC 8555 7.1.3).  Bytes in, struct out; strings live in
 * the arena.
 */
#ifndef ZS_ACME_ORDER_H
#define ZS_ACME_ORDER_H

#include "acme/url.h"
#include "base/name.h"
#include "base/vec.h"

enum zs_order_status { ZS_ORDER_PENDING, ZS_ORDER_READY, ZS_ORDER_PROCESSING, ZS_ORDER_VALID, ZS_ORDER_INVALID, ZS_ORDER__COUNT };

struct zs_order {
	enum zs_order_status status;
	int64_t expires;			/* Unix seconds, 0 = not said */
	struct zs_name *identifiers;
	size_t nidentifiers;
	const char **authorizations;		/* checked URLs, no duplicates */
	size_t nauthorizations;
	const char *finalize;
	const char *certificate;		/* NULL until valid */
	const char *profile;			/* NULL = not echoed */
	bool has_error;
	struct zs_err error;			/* its `error` member */
};

int zs_order_parse(struct zs_slice body, const struct zs_acme_from *from,
		   struct zs_arena *arena, struct zs_order *ret,
		   struct zs_err *err);
const char *zs_order_status_name(enum zs_order_status status);
/* Exactly the same names, in any order. */
bool zs_order_is_for(const struct zs_order *order, const struct zs_name *names,
		     size_t n);

#endif
