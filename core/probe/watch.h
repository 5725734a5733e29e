/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching a zone's servers until a policy holds: every address of every server
 * is asked for every name, again and again, until it has shown all values as
 * often as is wanted.
 */
#ifndef ZS_PROBE_WATCH_H
#define ZS_PROBE_WATCH_H

#include "probe/matrix.h"
#include "probe/zonecut.h"

struct zs_watch;

enum { ZS_WATCH_GAP_MS = 200 };	/* between two looks that count */

struct zs_watch_fns {
	/* The matrix has changed (at most every 100 ms). */
	void (*progress)(const struct zs_matrix *matrix, uint32_t elapsed_ms, void *user);
	/* err is NULL when the policy holds. The watch is gone after it. */
	void (*end)(const struct zs_err *err, void *user);
	void *user;
};

/* All of request is copied. deadline_ms is of the loop's clock. Never calls back
 * before it returns; NULL when memory ran out. */
struct zs_watch *zs_watch_start(struct zs_zones *zones, const struct zs_msg_probe_watch *request, uint64_t deadline_ms,
				const struct zs_watch_fns *fns);
void zs_watch_cancel(struct zs_watch *watch);

#endif
