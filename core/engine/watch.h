/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for propagation: the records of one job, split by zone, each with the
 * policy of its route, asked of the probe (or of the plugin itself, where the
 * policy is "provider").
 */
#ifndef ZS_ENGINE_WATCH_H
#define ZS_ENGINE_WATCH_H

#include "engine/publish.h"

struct zs_watch;

/* err NULL: every policy holds. Called exactly once, unless dropped; perhaps before the
 * call returns. */
typedef void zs_watch_done(const struct zs_err *err, void *user);
typedef void zs_watch_matrix(const struct zs_msg_probe_matrix *matrix, void *user);

struct zs_watch_spec {
	const struct zs_published *items;
	const struct zs_msg_route *routes;	/* one for each item, by index */
	const uint32_t *route_of;
	size_t n;
	zs_watch_matrix *matrix;
	zs_watch_done *done;
	void *user;
};

/* NULL when memory ran out; what spec points to is copied or outlives the watch. */
struct zs_watch *zs_watch_new(struct zs_engine *engine, const struct zs_watch_spec *spec);
void zs_watch_drop(struct zs_watch *watch);	/* NULL is fine */

#endif
