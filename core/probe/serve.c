/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From messages to walks and watches and back.  A request lives here until it
 * is answered, cancelled, or its channel closes.
 */
#include "probe/serve.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "probe/read.h"
#include "probe/walk.h"
#include "probe/watch.h"

enum {
	WALK_MS = 30 * 1000,		/* for a request without deadline */
	WATCH_MS = 600 * 1000,
	READ_MS = 10 * 1000,
	MARGIN_MS = 50			/* our answer is due before the deadline of the caller */
};

struct request {
	struct zs_probe *probe;
	struct zs_chan *chan;
	uint32_t id;
	struct request *prev, *next;
	struct zs_watch *watch;
	struct zs_read *read;
	/* a walk of several names */
	struct walker *walkers;
	struct zs_msg_walk_result *results;
	uint32_t nnames, left;
	struct zs_arena arena;		/* what the results point to */
};

struct walker {
	struct request *request;
	struct zs_walk *walk;
	struct zs_msg_walk_result *result;
};

struct zs_probe {
	struct zs_loop *loop;
	struct zs_transport *transport;
	struct zs_settings settings;
	bool configured;
	struct zs_zones zones;
	struct request *requests;
};

enum {
	RESULTS_ARENA = 64 * 1024 * 1024,
	SERVERS_MAX = 64,		/* caps of the message */
	ADDRESSES_MAX = 64
};

/* ---- requests ------------------------------------------------------------------- */

static struct request *add_request(struct zs_probe *probe, struct zs_chan *chan, uint32_t id)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	*r = (struct request){ .probe = probe, .chan = chan, .id = id, .next = probe->requests };
	zs_arena_init(&r->arena, RESULTS_ARENA);
	if (r->next)
		r->next->prev = r;
	probe->requests = r;
	return r;
}

static void end_request(struct request *r)
{
	if (r->prev)
		r->prev->next = r->next;
	else
		r->probe->requests = r->next;
	if (r->next)
		r->next->prev = r->prev;
	zs_watch_cancel(r->watch);
	zs_read_cancel(r->read);
	for (uint32_t i = 0; r->walkers && i < r->nnames; i++)
		zs_walk_cancel(r->walkers[i].walk);
	free(r->walkers);
	free(r->results);
	zs_arena_done(&r->arena);
	free(r);
}

static void refuse(struct zs_chan *chan, uint32_t id, const struct zs_err *err)
{
	if (zs_chan_fail(chan, id, err) < 0)
		zs_debug("", "an answer could not be sent");
}

static void fail_request(struct request *r, const struct zs_err *err)
{
	refuse(r->chan, r->id, err);
	end_request(r);
}

static void refuse_memory(struct zs_chan *chan, uint32_t id)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_NOMEM, "the probe is out of memory");
	refuse(chan, id, &err);
}

static uint64_t deadline_of(const struct zs_probe *probe, const struct zs_incoming *in, uint64_t fallback_ms)
{
	struct zs_clock *clock = zs_loop_clock(probe->loop);
	uint64_t now = clock->mono_ms(clock);

	if (!in->deadline_ms)
		return now + fallback_ms;
	return in->deadline_ms > now + MARGIN_MS ? in->deadline_ms - MARGIN_MS : in->deadline_ms;
}

/* Without PROBE_CONFIG the resolvers of this host are used. */
static void need_settings(struct zs_probe *probe)
{
	struct zs_msg_probe_config none = { .resolvers = { NULL, 0 } };

	if (!probe->configured)
		(void)zs_settings_load(&probe->settings, &none, NULL);
	probe->configured = true;
}

/* ---- configuration ---------------------------------------------------------------- */

static void on_config(struct zs_probe *probe, struct zs_chan *chan, struct zs_incoming *in)
{
	struct zs_err err;

	if (zs_settings_load(&probe->settings, in->body, &err) < 0) {
		refuse(chan, in->id, &err);
		return;
	}
	probe->configured = true;
	zs_zones_forget(&probe->zones);
	(void)zs_chan_ok(chan, in->id);
}

/* ---- walk ---------------------------------------------------------------------------- */

static struct zs_slice keep(struct request *r, const char *text)
{
	size_t n = strlen(text);
	char *copy = zs_arena_str(&r->arena, text, n);

	return copy ? zs_slice_of(copy, n) : ZS_SLICE_NONE;
}

/* Addresses of one name server, side by side. */
static bool add_server(struct request *r, const struct zs_zone *zone, size_t first, struct zs_msg_walk_server *server)
{
	char text[ZS_MAX_NAME + 3];

	zs_zone_server_name(zone, first, text);
	server->name = keep(r, text);
	server->addresses.items = zs_arena_alloc(&r->arena, zone->naddrs * sizeof(*server->addresses.items));
	if (!server->addresses.items)
		return false;
	for (size_t i = first; i < zone->naddrs; i++) {
		bool same = i == first || (zone->addrs[i].ns == zone->addrs[first].ns && zone->addrs[i].ns != ZS_NS_NONE);

		if (!same || server->addresses.n == ADDRESSES_MAX)
			continue;
		zs_addr_print(&zone->addrs[i].addr, text);
		server->addresses.items[server->addresses.n++] = keep(r, text);
	}
	return true;
}

static bool is_first_of_server(const struct zs_zone *zone, size_t i)
{
	if (zone->addrs[i].ns == ZS_NS_NONE)
		return true;
	for (size_t k = 0; k < i; k++)
		if (zone->addrs[k].ns == zone->addrs[i].ns)
			return false;
	return true;
}

static void add_servers(struct request *r, const struct zs_zone *zone, struct zs_msg_walk_result *result)
{
	result->servers.items = zs_arena_alloc(&r->arena, zone->naddrs * sizeof(*result->servers.items));
	for (size_t i = 0; result->servers.items && i < zone->naddrs && result->servers.n < SERVERS_MAX; i++)
		if (is_first_of_server(zone, i) && add_server(r, zone, i, &result->servers.items[result->servers.n]))
			result->servers.n++;
}

static void answer_walk(struct request *r)
{
	struct zs_msg_probe_walked walked = { .results = { r->results, r->nnames } };
	struct zs_err err;

	if (zs_chan_reply(r->chan, r->id, ZS_MSG_PROBE_WALKED, &walked) < 0) {
		zs_err_set(&err, ZS_E_BUG, "the answer about %u names does not fit into a message", r->nnames);
		refuse(r->chan, r->id, &err);
	}
	end_request(r);
}

static void on_walked(const struct zs_walk_end *end, const struct zs_err *err, void *user)
{
	struct walker *walker = user;
	struct request *r = walker->request;

	walker->walk = NULL;
	if (err) {
		walker->result->err = *err;
	} else {
		walker->result->effective = end->effective;
		walker->result->zone = end->zone->name;
		walker->result->aliases = end->aliases;
		walker->result->negative_ttl = end->zone->negative_ttl;
		add_servers(r, end->zone, walker->result);
	}
	if (!--r->left)
		answer_walk(r);
}

static bool start_walks(struct request *r, const struct zs_msg_probe_walk *walk, uint64_t deadline)
{
	uint32_t n = walk->names.n;

	r->walkers = calloc(n, sizeof(*r->walkers));
	r->results = calloc(n, sizeof(*r->results));
	if (!r->walkers || !r->results)
		return false;
	r->nnames = r->left = n;
	for (uint32_t i = 0; i < n; i++) {
		struct walker *walker = &r->walkers[i];

		*walker = (struct walker){ .request = r, .result = &r->results[i] };
		/* Until an answer says otherwise: a codec wants names that are names. */
		r->results[i].name = r->results[i].effective = r->results[i].zone = walk->names.items[i];
		walker->walk = zs_walk_start(&r->probe->zones, &walk->names.items[i], deadline, on_walked, walker);
		if (!walker->walk)
			return false;
	}
	return true;
}

static void on_walk(struct zs_probe *probe, struct zs_chan *chan, struct zs_incoming *in)
{
	const struct zs_msg_probe_walk *walk = in->body;
	struct zs_msg_probe_walked none = { .results = { NULL, 0 } };
	struct request *r;

	if (!walk->names.n) {
		(void)zs_chan_reply(chan, in->id, ZS_MSG_PROBE_WALKED, &none);
		return;
	}
	r = add_request(probe, chan, in->id);
	if (r && start_walks(r, walk, deadline_of(probe, in, WALK_MS)))
		return;
	refuse_memory(chan, in->id);
	if (r)
		end_request(r);
}

/* ---- watch ------------------------------------------------------------------------------ */

static void on_progress(const struct zs_matrix *matrix, uint32_t elapsed_ms, void *user)
{
	struct request *r = user;
	struct zs_msg_matrix_row rows[ZS_ZONE_ADDRS_MAX];
	struct zs_msg_probe_matrix message = { .zone = matrix->zone, .rows = { rows, (uint32_t)matrix->nrows },
					       .elapsed_ms = elapsed_ms };

	for (size_t i = 0; i < matrix->nrows; i++) {
		const struct zs_row *row = &matrix->rows[i];

		rows[i] = (struct zs_msg_matrix_row){
			.server = zs_slice_str(row->server), .address = zs_slice_str(row->address), .state = row->state,
			.seen = row->seen, .looks = row->looks, .records = row->records, .wanted = row->wanted,
			.serial = row->serial, .rtt_us = row->rtt_us,
		};
	}
	(void)zs_chan_progress(r->chan, r->id, ZS_MSG_PROBE_MATRIX, &message);
}

static void on_watched(const struct zs_err *err, void *user)
{
	struct request *r = user;

	r->watch = NULL;
	if (err) {
		fail_request(r, err);
		return;
	}
	(void)zs_chan_ok(r->chan, r->id);
	end_request(r);
}

static void on_watch(struct zs_probe *probe, struct zs_chan *chan, struct zs_incoming *in)
{
	struct request *r = add_request(probe, chan, in->id);
	struct zs_watch_fns fns = { on_progress, on_watched, r };

	if (r)
		r->watch = zs_watch_start(&probe->zones, in->body, deadline_of(probe, in, WATCH_MS), &fns);
	if (r && r->watch)
		return;
	refuse_memory(chan, in->id);
	if (r)
		end_request(r);
}

/* ---- read ------------------------------------------------------------------------------ */

static void on_values(const struct zs_msg_probe_values *values, const struct zs_err *err, void *user)
{
	struct request *r = user;
	struct zs_err large;

	r->read = NULL;
	if (err) {
		fail_request(r, err);
		return;
	}
	if (zs_chan_reply(r->chan, r->id, ZS_MSG_PROBE_VALUES, values) < 0) {
		zs_err_set(&large, ZS_E_DNS, "the %u values at the name do not fit into a message", values->values.n);
		refuse(r->chan, r->id, &large);
	}
	end_request(r);
}

static void on_read(struct zs_probe *probe, struct zs_chan *chan, struct zs_incoming *in)
{
	struct request *r = add_request(probe, chan, in->id);

	if (r)
		r->read = zs_read_start(&probe->zones, in->body, deadline_of(probe, in, READ_MS), on_values, r);
	if (r && r->read)
		return;
	refuse_memory(chan, in->id);
	if (r)
		end_request(r);
}

/* ---- cancel -------------------------------------------------------------------------------- */

static void on_cancel(struct zs_probe *probe, struct zs_chan *chan, struct zs_incoming *in)
{
	const struct zs_msg_cancel *cancel = in->body;
	struct zs_err err;

	for (struct request *r = probe->requests; r; r = r->next) {
		if (r->chan != chan || r->id != cancel->request)
			continue;
		zs_err_set(&err, ZS_E_CANCELLED, "cancelled");
		fail_request(r, &err);
		return;
	}
}

void zs_probe_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct zs_probe *probe = *(struct zs_probe **)user;
	struct request *next;

	(void)err;
	for (struct request *r = probe ? probe->requests : NULL; r; r = next) {
		next = r->next;
		if (r->chan == chan)
			end_request(r);
	}
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static const struct handler {
	uint32_t type;
	void (*handle)(struct zs_probe *probe, struct zs_chan *chan, struct zs_incoming *in);
} handlers[] = {
	{ ZS_MSG_PROBE_CONFIG, on_config },
	{ ZS_MSG_PROBE_WALK, on_walk },
	{ ZS_MSG_PROBE_WATCH, on_watch },
	{ ZS_MSG_PROBE_READ, on_read },
	{ ZS_MSG_CANCEL, on_cancel },
};

void zs_probe_handle(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_probe *probe = *(struct zs_probe **)user;
	struct zs_err err;

	for (size_t i = 0; i < ZS_COUNT(handlers); i++) {
		if (handlers[i].type != in->type)
			continue;
		need_settings(probe);
		handlers[i].handle(probe, chan, in);
		return;
	}
	if (!in->id)
		return;
	zs_err_set(&err, ZS_E_PEER, "the probe knows no message of type %u", in->type);
	refuse(chan, in->id, &err);
}

struct zs_probe *zs_probe_new(struct zs_loop *loop)
{
	struct zs_probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return NULL;
	probe->loop = loop;
	probe->transport = zs_transport_new(loop);
	if (!probe->transport) {
		free(probe);
		return NULL;
	}
	zs_zones_init(&probe->zones, loop, probe->transport, &probe->settings);
	return probe;
}

void zs_probe_free(struct zs_probe *probe)
{
	if (!probe)
		return;
	while (probe->requests)
		end_request(probe->requests);
	zs_zones_done(&probe->zones);
	zs_settings_done(&probe->settings);
	zs_transport_free(probe->transport);
	free(probe);
}
