/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zone that holds a name, found from the top down at authoritative servers
 * (RD=0), and whether the name is an alias there.  No resolver is ever asked
 * for the name or for anything at or below a cut that is not known yet.
 */
#ifndef ZS_PROBE_ZONECUT_H
#define ZS_PROBE_ZONECUT_H

#include "probe/zone.h"

struct zs_cut;

enum zs_alias { ZS_ALIAS_NONE, ZS_ALIAS_CNAME, ZS_ALIAS_DNAME };

struct zs_cut_result {
	struct zs_zone *zone;		/* the apex; for an alias: whose servers told it */
	enum zs_alias alias;
	struct zs_name target;		/* where the alias leads */
	struct zs_addr server;		/* who said so */
};

/* err is NULL on success; result ends with the callback (reference the zone). */
typedef void zs_cut_fn(const struct zs_cut_result *result, const struct zs_err *err, void *user);

/* ignore_alias: the apex is wanted even when the name is an alias. Never calls
 * back before it returns; NULL when memory ran out. */
struct zs_cut *zs_cut_start(struct zs_zones *zones, const struct zs_name *name, bool ignore_alias, zs_cut_fn *fn,
			    void *user);
void zs_cut_cancel(struct zs_cut *cut);

/* Replaces the owner of a DNAME at the end of name by its target (RFC 6672 2.2);
 * false when the result is too long. */
bool zs_dname_apply(const struct zs_name *name, const struct zs_name *owner, const struct zs_name *target,
		    struct zs_name *ret);

#endif
