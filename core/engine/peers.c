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

enum { PEERS_MAX = 256 };

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
	zs_chan_free(peer->chan);
	peer->chan = zs_chan_new(zs_engine_loop(engine), &(struct zs_chan_spec){
		.fd = fd, .self = ZS_ROLE_ENGINE, .peer = role, .link = ZS_LINK_ENGINE, .peer_name = name,
		.handler = on_request, .closed = on_closed, .user = peer,
	});
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

void zs_peer_call(struct zs_engine *engine, enum zs_role role, const char *instance, uint32_t type, const void *body,
		  uint64_t timeout_ms, zs_chan_reply_fn *fn, void *user, uint32_t *ret_id)
{
	struct zs_err err;
	struct zs_chan *chan = zs_peer_chan(engine, role, instance, &err);
	int rc = chan ? zs_chan_call(chan, type, body, -1, timeout_ms, fn, user, ret_id) : 0;

	if (chan && !rc)
		return;
	if (rc)
		zs_err_set(&err, (enum zs_code)-rc, "cannot send a request to %s", zs_chan_peer_name(chan));
	fn(chan, NULL, true, &err, user);
}

void zs_peer_stuck(struct zs_engine *engine, enum zs_role role, const char *instance)
{
	const struct zs_msg_peer_stuck stuck = { .role = role, .instance = zs_slice_str(instance) };

	zs_chan_note(engine->child.front_chan, ZS_MSG_PEER_STUCK, &stuck, -1);
}

void zs_peers_done(struct zs_engine *engine)
{
	for (size_t i = 0; i < engine->peers.n; i++) {
		zs_chan_free(engine->peers.items[i]->chan);
		free(engine->peers.items[i]);
	}
	zs_vec_done(&engine->peers);
}
