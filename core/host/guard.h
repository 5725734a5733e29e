/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine may make a plugin touch.  Front grants zones and names; the
 * host process compares every change with the grant before the plugin sees it.
 */
#ifndef ZS_HOST_GUARD_H
#define ZS_HOST_GUARD_H

#include "base/vec.h"
#include "ipc/proto.h"

struct zs_grant_zone {
	struct zs_name zone;
	struct zs_name *names;		/* exact names; none: any _acme-challenge name of the zone */
	uint32_t n;
};

struct zs_guard {
	ZS_VEC(struct zs_grant_zone) zones;
	uint32_t value_len;		/* octets of a value, base64url */
	uint32_t max_changes;		/* of one apply */
};

/* Replaces the grant; on failure nothing is granted. */
int zs_guard_grant(struct zs_guard *guard, const struct zs_msg_host_grant *grant, struct zs_err *err);
void zs_guard_done(struct zs_guard *guard);
/* 0, -ZS_E_PERMISSION (outside the grant) or -ZS_E_BUG (a malformed request). */
int zs_guard_apply(const struct zs_guard *guard, const struct zs_msg_host_apply *apply, struct zs_err *err);
/* The zone alone, for live. */
int zs_guard_zone(const struct zs_guard *guard, const struct zs_name *zone, struct zs_err *err);

#endif
