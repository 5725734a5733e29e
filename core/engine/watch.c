/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine/watch.h.  One part for each zone; the first that fails ends them all.
 * A probe that dies is asked again once front has replaced it.
 */
#include "engine/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
	PROBE_TRIES = 4,
	PROBE_AGAIN_MS = 250,
	LIVE_FIRST_MS = 200,
	LIVE_CAP_MS = 10 * 1000,
	LIVE_CALL_MS = 30 * 1000
};

struct part {
	struct zs_watch *watch;
	const struct zs_msg_route *route;	/* of its first record: policy and deadline */
	const struct zs_published *live;	/* an item whose ticket is asked about */
	struct zs_msg_txt *records;
	uint32_t n;
	uint64_t deadline;		/* monotonic ms */
	unsigned tries, looks;
	uint32_t call;			/* 0 = none */
	bool over;
	struct zs_timer *timer;
};

struct zs_watch {
	struct zs_engine *engine;
	struct zs_watch_spec spec;
	struct part *parts;
	size_t nparts, left;
};

static void ask(void *user);

static uint64_t now_ms(const struct zs_watch *watch)
{
	struct zs_clock *clock = zs_loop_clock(zs_engine_loop(watch->engine));

	return clock->mono_ms(clock);
}

static enum zs_role role_of(const struct part *part)
{
	return part->route->policy == ZS_POLICY_PROVIDER ? ZS_ROLE_HOST : ZS_ROLE_PROBE;
}

static void part_stop(struct part *part)
{
	struct zs_engine *engine = part->watch->engine;
	const char *instance = role_of(part) == ZS_ROLE_HOST ? part->live->instance : "";

	zs_loop_timer_cancel(zs_engine_loop(engine), part->timer);
	part->timer = NULL;
	if (part->call)
		zs_peer_cancel(engine, role_of(part), instance, part->call);
	part->call = 0;
	part->over = true;
}

void zs_watch_drop(struct zs_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->nparts; i++) {
		if (!watch->parts[i].over)
			part_stop(&watch->parts[i]);
		free(watch->parts[i].records);
	}
	free(watch->parts);
	free(watch);
}

/* The watch is gone when this returns, unless parts are left. */
static void part_end(struct part *part, const struct zs_err *err)
{
	struct zs_watch *watch = part->watch;
	zs_watch_done *done = watch->spec.done;
	void *user = watch->spec.user;
	struct zs_err why;

	part->call = 0;
	part->over = true;
	if (!err && --watch->left)
		return;
	if (err)
		why = *err;
	zs_watch_drop(watch);
	done(err ? &why : NULL, user);
}

static void again(struct part *part, uint64_t ms)
{
	struct zs_err err;

	part->timer = zs_loop_timer(zs_engine_loop(part->watch->engine), ms, ask, part);
	if (!part->timer) {
		zs_err_set(&err, ZS_E_NOMEM, "no memory for a timer");
		part_end(part, &err);
	}
}

/* ---- probe ---- */

static void on_probe(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct part *part = user;

	if (in && !final) {
		part->watch->spec.matrix(in->body, part->watch->spec.user);
		return;
	}
	part->call = 0;
	if (in) {
		part_end(part, NULL);
		return;
	}
	bool died = err->code == ZS_E_PEER && !(chan && zs_chan_open(chan));
	if (died && part->tries++ < PROBE_TRIES) {
		zs_warn(NULL, "%s; asking again", err->text);
		again(part, (uint64_t)PROBE_AGAIN_MS << part->tries);
		return;
	}
	part_end(part, err);
}

static void ask_probe(struct part *part, uint64_t left)
{
	const struct zs_msg_probe_watch msg = {
		.zone = part->route->zone, .policy = part->route->policy, .percent = part->route->percent,
		.looks = part->route->looks, .sleep_ms = part->route->sleep_ms, .records = { part->records, part->n },
	};

	zs_peer_call(part->watch->engine, ZS_ROLE_PROBE, "", ZS_MSG_PROBE_WATCH, &msg, left, on_probe, part, &part->call);
}

/* ---- the provider's own word ---- */

static void on_live(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct part *part = user;
	const struct zs_msg_host_live_is *is = in ? in->body : NULL;

	(void)chan;
	(void)final;
	part->call = 0;
	if (!in)
		part_end(part, err);
	else if (is->live)
		part_end(part, NULL);
	else
		again(part, zs_backoff_ms(LIVE_FIRST_MS, 150, part->looks++, LIVE_CAP_MS));
}

static void ask_provider(struct part *part, uint64_t left)
{
	const struct zs_msg_host_live msg = { .zone = part->route->zone, .ticket = zs_slice_str(part->live->ticket) };

	zs_peer_call(part->watch->engine, ZS_ROLE_HOST, part->live->instance, ZS_MSG_HOST_LIVE, &msg,
		     left < LIVE_CALL_MS ? left : LIVE_CALL_MS, on_live, part, &part->call);
}

static void ask(void *user)
{
	struct part *part = user;
	uint64_t now = now_ms(part->watch);
	struct zs_err err;

	part->timer = NULL;
	if (now >= part->deadline) {
		zs_err_set(&err, ZS_E_PROPAGATION, "zone %s does not serve the record after %llu s", part->route->zone.text,
			   (unsigned long long)part->route->propagation_ms / 1000);
		zs_err_where(&err, "%s", part->route->zone.text);
		part_end(part, &err);
	} else if (part->route->policy == ZS_POLICY_PROVIDER) {
		ask_provider(part, part->deadline - now);
	} else {
		ask_probe(part, part->deadline - now);
	}
}

/* ---- making ---- */

static struct part *part_for(struct zs_watch *watch, const struct zs_published *item, const struct zs_msg_route *route)
{
	for (size_t i = 0; i < watch->nparts; i++) {
		struct part *part = &watch->parts[i];
		if (zs_name_eq(&part->route->zone, &route->zone) && !strcmp(part->live->instance, item->instance))
			return part;
	}
	struct part *part = &watch->parts[watch->nparts];
	part->records = calloc(watch->spec.n, sizeof(*part->records));
	if (!part->records)
		return NULL;
	watch->nparts++;
	part->watch = watch;
	part->route = route;
	part->live = item;
	part->deadline = now_ms(watch) + route->propagation_ms;
	return part;
}

struct zs_watch *zs_watch_new(struct zs_engine *engine, const struct zs_watch_spec *spec)
{
	struct zs_watch *watch = calloc(1, sizeof(*watch));

	if (!watch || !(watch->parts = calloc(spec->n, sizeof(*watch->parts)))) {
		free(watch);
		return NULL;
	}
	watch->engine = engine;
	watch->spec = *spec;
	for (size_t i = 0; i < spec->n; i++) {
		const struct zs_published *item = &spec->items[i];
		struct part *part = part_for(watch, item, &spec->routes[spec->route_of[i]]);
		if (!part) {
			zs_watch_drop(watch);
			return NULL;
		}
		part->records[part->n++] = (struct zs_msg_txt){ item->name, zs_slice_str(item->value) };
	}
	watch->left = watch->nparts;
	for (size_t i = 0; i < watch->nparts; i++)
		again(&watch->parts[i], 0);
	return watch;
}
