/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the challenge names live (front/run_state.h): asked of the probe on fd 3,
 * so that no word of the engine decides what a host may touch.
 */
#include "front/run_state.h"

#include <stdlib.h>
#include <string.h>

enum { WALK_MS = 90 * 1000 };

/* ---- probe ---- */

struct zs_run_walk *zs_run_walk_of(const struct zs_run *run, const struct zs_name *name)
{
	for (size_t i = 0; i < run->walks.n; i++)
		if (zs_name_eq(&run->walks.items[i].name, name))
			return &run->walks.items[i];
	return NULL;
}

static void on_walked(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_run *run = user;
	const struct zs_msg_probe_walked *walked = in ? in->body : NULL;

	(void)chan;
	(void)final;
	if (run->walked)
		return;
	for (size_t i = 0; i < run->walks.n; i++) {
		struct zs_run_walk *walk = &run->walks.items[i];
		if (!walked) {
			walk->err = *err;
		} else if (i < walked->results.n) {
			walk->effective = walked->results.items[i].effective;
			walk->zone = walked->results.items[i].zone;
			walk->err = walked->results.items[i].err;
		}
	}
	run->walked = true;
	zs_run_advance(run);
}

void zs_run_start_walk(struct zs_run *run)
{
	struct zs_name *names = calloc(run->walks.n + 1, sizeof(*names));
	const struct zs_msg_probe_walk msg = { .names = { names, (uint32_t)run->walks.n } };
	struct zs_err err;

	for (size_t i = 0; names && i < run->walks.n; i++)
		names[i] = run->walks.items[i].name;
	if (!names || zs_chan_call(run->probe->chan, ZS_MSG_PROBE_WALK, &msg, -1, WALK_MS, on_walked, run, NULL)) {
		zs_err_set(&err, names ? ZS_E_PEER : ZS_E_NOMEM, "cannot ask the probe process");
		zs_run_fail_all(run, &err);
	}
	free(names);
}

/* Challenge names of the job that are not in the walk yet. */
int zs_run_add_walks(struct zs_run *run, const struct zs_run_job *job)
{
	for (size_t i = 0; i < job->identifiers.n; i++) {
		struct zs_name name;
		if (!zs_name_challenge(&job->identifiers.items[i], &name))
			return -ZS_E_CONFIG;
		if (zs_run_walk_of(run, &name))
			continue;
		struct zs_run_walk *walk = zs_vec_push(&run->walks, ZS_MAX_JOBS * ZS_MAX_IDENTIFIERS);
		if (!walk)
			return -ZS_E_NOMEM;
		walk->name = name;
	}
	return 0;
}

static int probe_zone(const struct zs_conf *conf, const struct zs_conf_zone *zone, struct zs_msg_probe_zone *dst,
		      struct zs_arena *arena)
{
	const zs_strings *servers = &zone->servers, *resolvers = &zone->resolvers;

	for (size_t i = 0; zone->view && i < conf->views.n; i++) {
		if (strcmp(conf->views.items[i].name, zone->view))
			continue;
		if (!servers->n)
			servers = &conf->views.items[i].servers;
		if (!resolvers->n)
			resolvers = &conf->views.items[i].resolvers;
	}
	dst->zone = zone->zone;
	dst->servers.items = zs_arena_alloc(arena, (servers->n + 1) * sizeof(struct zs_slice));
	dst->resolvers.items = zs_arena_alloc(arena, (resolvers->n + 1) * sizeof(struct zs_slice));
	if (!dst->servers.items || !dst->resolvers.items)
		return -ZS_E_NOMEM;
	for (size_t i = 0; i < servers->n; i++)
		dst->servers.items[dst->servers.n++] = zs_slice_str(servers->items[i]);
	for (size_t i = 0; i < resolvers->n; i++)
		dst->resolvers.items[dst->resolvers.n++] = zs_slice_str(resolvers->items[i]);
	return 0;
}

static void on_configured(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	(void)chan;
	(void)in;
	(void)final;
	if (err->code && err->code != ZS_E_PEER)
		zs_run_fail_all(user, err);
}

int zs_run_probe_config(struct zs_run *run)
{
	const struct zs_conf *conf = run->spec.conf;
	struct zs_arena arena;
	struct zs_msg_probe_config msg = { 0 };
	int rc = 0;

	zs_arena_init(&arena, ZS_MAX_MESSAGE);
	msg.resolvers.items = zs_arena_alloc(&arena, (conf->defaults.resolvers.n + 1) * sizeof(struct zs_slice));
	msg.zones.items = zs_arena_alloc(&arena, (conf->zones.n + 1) * sizeof(struct zs_msg_probe_zone));
	if (!msg.resolvers.items || !msg.zones.items)
		rc = -ZS_E_NOMEM;
	for (size_t i = 0; !rc && i < conf->defaults.resolvers.n; i++)
		msg.resolvers.items[msg.resolvers.n++] = zs_slice_str(conf->defaults.resolvers.items[i]);
	for (size_t i = 0; !rc && i < conf->zones.n; i++)
		rc = probe_zone(conf, &conf->zones.items[i], &msg.zones.items[msg.zones.n++], &arena);
	if (!rc)
		rc = zs_chan_call(run->probe->chan, ZS_MSG_PROBE_CONFIG, &msg, -1, WALK_MS, on_configured, run, NULL);
	zs_arena_done(&arena);
	return rc;
}

