/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the challenge names live (front/run_state.h): asked of the probe on fd 3,
 * so that no word of the engine decides what a host may touch.
 */
#include "front/run_state.h"

#include <stdlib.h>
#include <string.h>

enum { WALK_MS = 90 * 1000, OPEN_MAX = 128 };

/* One request: its answer fits into a message. */
struct zs_run_chunk {
	struct zs_run *run;
	size_t first;			/* of the walks */
	uint32_t n;
	bool asked, done;
};

/* ---- probe ---- */

struct zs_run_walk *zs_run_walk_of(const struct zs_run *run, const struct zs_name *name)
{
	for (size_t i = 0; i < run->walks.n; i++)
		if (zs_name_eq(&run->walks.items[i].name, name))
			return &run->walks.items[i];
	return NULL;
}

/* Without an answer the names that have none fail their jobs when routes are made; what
 * dead runs left can be removed all the same. */
static void give_up(struct zs_run *run, const struct zs_err *err)
{
	for (size_t i = 0; i < run->walks.n; i++)
		run->walks.items[i].err = *err;
	run->walked = true;
}

static void take_chunk(struct zs_run_chunk *chunk, const struct zs_msg_probe_walked *walked, const struct zs_err *err)
{
	struct zs_err why = *err;

	if (walked && walked->results.n != chunk->n)
		zs_err_set(&why, ZS_E_BUG, "the probe process answered for %u names of %u", walked->results.n, chunk->n);
	/* it was not even cut off: it hangs */
	if (why.code == ZS_E_PEER)
		zs_err_set(&why, ZS_E_DNS, "the probe process did not answer in %d seconds", WALK_MS / 1000);
	for (uint32_t i = 0; i < chunk->n; i++) {
		struct zs_run_walk *walk = &chunk->run->walks.items[chunk->first + i];
		walk->err = why;
		if (why.code)
			continue;
		walk->effective = walked->results.items[i].effective;
		walk->zone = walked->results.items[i].zone;
		walk->err = walked->results.items[i].err;
	}
}

static void ask_chunks(struct zs_run *run);

static void on_walked(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_run_chunk *chunk = user;
	struct zs_run *run = chunk->run;

	(void)final;
	/* its channel went: run.c hears of the death, starts it again, and comes back here */
	if (run->walked || (!in && err->code == ZS_E_PEER && !zs_chan_open(chan)))
		return;
	take_chunk(chunk, in ? in->body : NULL, err);
	chunk->done = true;
	run->chunks_open--;
	run->walked = ++run->chunks_done == run->nchunks;
	ask_chunks(run);
	zs_run_advance(run);
}

static int ask_chunk(struct zs_run_chunk *chunk)
{
	struct zs_run *run = chunk->run;
	struct zs_name names[ZS_WALK_NAMES];
	const struct zs_msg_probe_walk msg = { .names = { names, chunk->n } };

	for (uint32_t i = 0; i < chunk->n; i++)
		names[i] = run->walks.items[chunk->first + i].name;
	return zs_chan_call(run->probe->chan, ZS_MSG_PROBE_WALK, &msg, -1, WALK_MS, on_walked, chunk, NULL);
}

/* All at once, as far as the queue of the channel should hold. */
static void ask_chunks(struct zs_run *run)
{
	struct zs_err err;
	int rc = 0;

	for (size_t i = 0; !rc && i < run->nchunks && run->chunks_open < OPEN_MAX; i++) {
		struct zs_run_chunk *chunk = &run->chunks[i];
		if (chunk->asked)
			continue;
		rc = ask_chunk(chunk);
		chunk->asked = !rc;
		run->chunks_open += !rc;
	}
	/* a closed channel: as in on_walked */
	if (rc && zs_chan_open(run->probe->chan)) {
		zs_err_set(&err, (enum zs_code)-rc, "cannot ask the probe process");
		give_up(run, &err);
	}
}

static bool make_chunks(struct zs_run *run)
{
	run->nchunks = (run->walks.n + ZS_WALK_NAMES - 1) / ZS_WALK_NAMES;
	run->chunks = calloc(run->nchunks + 1, sizeof(*run->chunks));
	for (size_t i = 0; run->chunks && i < run->nchunks; i++) {
		size_t first = i * ZS_WALK_NAMES, n = run->walks.n - first;
		run->chunks[i] = (struct zs_run_chunk){
			.run = run, .first = first, .n = (uint32_t)(n < ZS_WALK_NAMES ? n : ZS_WALK_NAMES),
		};
	}
	return run->chunks != NULL;
}

void zs_run_start_walk(struct zs_run *run)
{
	struct zs_err err;

	if (!run->chunks && !make_chunks(run)) {
		zs_err_set(&err, ZS_E_NOMEM, "no memory for the names to look up");
		give_up(run, &err);
	} else if (!run->probe->chan) {
		zs_err_set(&err, ZS_E_DNS, "the probe process ended %u times before the zones were found", run->probe->starts);
		zs_err_hint(&err, "look in the log for the end of that process (out of memory, killed), then run the command again");
		give_up(run, &err);
	} else {
		for (size_t i = 0; i < run->nchunks; i++)
			run->chunks[i].asked = run->chunks[i].done;
		run->chunks_open = 0;
		run->walked = run->chunks_done == run->nchunks;
		ask_chunks(run);
	}
}

/* The challenge name of an identifier, where it is not in the walk yet. */
int zs_run_add_walk(struct zs_run *run, const struct zs_name *identifier)
{
	struct zs_run_walk *walk;
	struct zs_name name;

	if (!zs_name_challenge(identifier, &name))
		return -ZS_E_CONFIG;
	if (zs_run_walk_of(run, &name))
		return 0;
	walk = zs_vec_push(&run->walks, ZS_MAX_JOBS * ZS_MAX_IDENTIFIERS);
	if (!walk)
		return -ZS_E_NOMEM;
	walk->name = name;
	return 0;
}

int zs_run_add_walks(struct zs_run *run, const struct zs_run_job *job)
{
	int rc = 0;

	for (size_t i = 0; i < job->identifiers.n && !rc; i++)
		rc = zs_run_add_walk(run, &job->identifiers.items[i]);
	return rc;
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

