/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work channels of the engine: one to the vault, one to the probe, one to each
 * host.  A replaced peer gets a new link from front under the same name.
 */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { PEERS_MAX = 256, ANSWER_MS = 30 * 1000 };

/* A request that waits for its answer. */
struct zs_peer_request {
	struct zs_peer_request *next, **at;
	struct zs_engine *engine;
	struct zs_peer *peer;
	uint32_t id;
	zs_chan_reply_fn *fn;
	void *user;
};

static void request_free(struct zs_peer_request *request)
{
	*request->at = request->next;
	if (request->next)
		request->next->at = request->at;
	free(request);
}

/* Peers only answer; a request from one of them is against the table already. */
static void on_request(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)user;
	zs_warn(NULL, "%s sent an unexpected %u", zs_chan_peer_name(chan), in->type);
}

static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct zs_peer *peer = user;

	if (err && err->code)
		zs_warn(NULL, "lost %s: %s", zs_chan_peer_name(chan), err->text);
	zs_chan_free(chan);
	if (peer->chan == chan)
		peer->chan = NULL;
}

static struct zs_peer *find(struct zs_engine *engine, enum zs_role role, const char *instance)
{
	for (size_t i = 0; i < engine->peers.n; i++) {
		struct zs_peer *peer = engine->peers.items[i];
		if (peer->role == role && !strcmp(peer->instance, instance))
			return peer;
	}
	return NULL;
}

static struct zs_peer *make(struct zs_engine *engine, enum zs_role role, const char *instance)
{
	struct zs_peer *peer = calloc(1, sizeof(*peer));
	struct zs_peer **slot = peer ? zs_vec_push(&engine->peers, PEERS_MAX) : NULL;

	if (!slot) {
		free(peer);
		return NULL;
	}
	peer->role = role;
	snprintf(peer->instance, sizeof(peer->instance), "%s", instance);
	*slot = peer;
	return peer;
}

int zs_peer_add(struct zs_engine *engine, enum zs_role role, struct zs_slice instance, int fd)
{
	char id[ZS_MAX_ID + 1], name[ZS_MAX_ID + 16];

	if (role == ZS_ROLE_FRONT || role == ZS_ROLE_ENGINE || role >= ZS_ROLE__COUNT || !zs_slice_copy(instance, id, sizeof(id))) {
		close(fd);
		return -ZS_E_PEER;
	}
	struct zs_peer *peer = find(engine, role, id);
	if (!peer && !(peer = make(engine, role, id))) {
		close(fd);
		return -ZS_E_NOMEM;
	}
	snprintf(name, sizeof(name), *id ? "%s[%s]" : "%s", zs_role_name(role), id);
	struct zs_chan *old = peer->chan;
	peer->chan = zs_chan_new(zs_engine_loop(engine), &(struct zs_chan_spec){
		.fd = fd, .self = ZS_ROLE_ENGINE, .peer = role, .link = ZS_LINK_ENGINE, .peer_name = name,
		.handler = on_request, .closed = on_closed, .user = peer,
	});
	/* front may be faster than the end of the old channel: what waits there hears of it here */
	zs_chan_abort(old);
	return peer->chan ? 0 : -ZS_E_NOMEM;
}

struct zs_chan *zs_peer_chan(struct zs_engine *engine, enum zs_role role, const char *instance, struct zs_err *err)
{
	struct zs_peer *peer = find(engine, role, instance);

	if (peer && peer->chan && zs_chan_open(peer->chan))
		return peer->chan;
	zs_err_set(err, ZS_E_PEER, "the %s process%s%s is gone", zs_role_name(role), *instance ? " of " : "", instance);
	return NULL;
}

static void report_stuck(struct zs_engine *engine, const struct zs_peer *peer)
{
	const struct zs_msg_peer_stuck stuck = { .role = peer->role, .instance = zs_slice_str(peer->instance) };

	zs_chan_note(engine->child.front_chan, ZS_MSG_PEER_STUCK, &stuck, -1);
}

static void on_answer(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_peer_request *request = user;
	zs_chan_reply_fn *fn = request->fn;
	void *fn_user = request->user;

	if (final) {
		/* no answer, but the channel stands: it hangs */
		if (!in && err->code == ZS_E_PEER && zs_chan_open(chan))
			report_stuck(request->engine, request->peer);
		request_free(request);
	}
	fn(chan, in, final, err, fn_user);
}

static struct zs_peer_request *request_new(struct zs_engine *engine, struct zs_peer *peer, zs_chan_reply_fn *fn, void *user)
{
	struct zs_peer_request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	*request = (struct zs_peer_request){
		.next = peer->requests, .at = &peer->requests, .engine = engine, .peer = peer, .fn = fn, .user = user,
	};
	if (request->next)
		request->next->at = &request->next;
	peer->requests = request;
	return request;
}

/* What a request is: its peer, type, body and descriptor. */
struct ask {
	enum zs_role role;
	const char *instance;
	uint32_t type;
	const void *body;
	int fd;
	uint64_t timeout_ms;
};

static void call(struct zs_engine *engine, const struct ask *ask, zs_chan_reply_fn *fn, void *user, uint32_t *ret_id)
{
	struct zs_err err;
	struct zs_chan *chan = zs_peer_chan(engine, ask->role, ask->instance, &err);
	struct zs_peer_request *request = chan ? request_new(engine, find(engine, ask->role, ask->instance), fn, user) : NULL;
	int rc = -ZS_E_NOMEM;

	if (request)
		rc = zs_chan_call(chan, ask->type, ask->body, ask->fd, ask->timeout_ms ? ask->timeout_ms : ANSWER_MS, on_answer, request,
				  &request->id);
	if (!rc) {
		if (ret_id)
			*ret_id = request->id;
		return;
	}
	if (request)
		request_free(request);
	if (chan)
		zs_err_set(&err, (enum zs_code)-rc, "cannot send a request to %s", zs_chan_peer_name(chan));
	fn(chan, NULL, true, &err, user);
}

void zs_peer_call(struct zs_engine *engine, enum zs_role role, const char *instance, uint32_t type, const void *body,
		  uint64_t timeout_ms, zs_chan_reply_fn *fn, void *user, uint32_t *ret_id)
{
	call(engine, &(struct ask){ role, instance, type, body, -1, timeout_ms }, fn, user, ret_id);
}

void zs_peer_call_fd(struct zs_engine *engine, enum zs_role role, const char *instance, uint32_t type, const void *body, int fd,
		     uint64_t timeout_ms, zs_chan_reply_fn *fn, void *user)
{
	call(engine, &(struct ask){ role, instance, type, body, fd, timeout_ms }, fn, user, NULL);
}

void zs_peer_cancel(struct zs_engine *engine, enum zs_role role, const char *instance, uint32_t id)
{
	struct zs_peer *peer = find(engine, role, instance);

	for (struct zs_peer_request *r = peer ? peer->requests : NULL; r; r = r->next) {
		if (r->id == id) {
			if (peer->chan)
				zs_chan_cancel(peer->chan, id);
			request_free(r);
			return;
		}
	}
}

void zs_peers_done(struct zs_engine *engine)
{
	for (size_t i = 0; i < engine->peers.n; i++) {
		struct zs_peer *peer = engine->peers.items[i];
		zs_chan_free(peer->chan);
		while (peer->requests)
			request_free(peer->requests);
		free(peer);
	}
	zs_vec_done(&engine->peers);
}
