/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from a challenge name to the zone that has to hold its record: aliases
 * followed at authoritative servers, up to eight links, then the zone and all
 * its servers.
 */
#ifndef ZS_PROBE_WALK_H
#define ZS_PROBE_WALK_H

#include "probe/zonecut.h"

enum { ZS_WALK_LINKS = 8 };

struct zs_walk;

struct zs_walk_end {
	struct zs_name name, effective;
	struct zs_zone *zone;		/* complete; ends with the callback */
	uint32_t aliases;
};

/* err is NULL on success; else end->name alone is set. */
typedef void zs_walk_fn(const struct zs_walk_end *end, const struct zs_err *err, void *user);

/* deadline_ms is of the loop's clock. Never calls back before it returns; NULL when
 * memory ran out. */
struct zs_walk *zs_walk_start(struct zs_zones *zones, const struct zs_name *name, uint64_t deadline_ms, zs_walk_fn *fn,
			      void *user);
void zs_walk_cancel(struct zs_walk *walk);

#endif
