/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine process: what its files share.
 *
 *   main.c     start, and the table of front's messages
 *   peers.c    work channels to vault, probe and hosts
 *   session.c  one for each CA: directory, nonce pool, signed requests, retries
 *   jobs.c     one for each certificate's run: feeds the flow, performs its actions
 *   publish.c  groups changes of all jobs by instance and zone, journals, applies, removes
 *   watch.c    propagation watches
 *
 * No private key, no credential, no file.
 */
#ifndef ZS_ENGINE_ENGINE_H
#define ZS_ENGINE_ENGINE_H

#include "acme/flow.h"
#include "ipc/child.h"
#include "wrap/http.h"

struct zs_session;
struct zs_job;
struct zs_batch;

struct zs_peer_request;

struct zs_peer {
	enum zs_role role;
	char instance[ZS_MAX_ID + 1];
	struct zs_chan *chan;		/* NULL once it is gone */
	struct zs_peer_request *requests;	/* open ones */
};

struct zs_engine {
	struct zs_child_main child;
	struct zs_http *http;
	ZS_VEC(struct zs_peer *) peers;
	ZS_VEC(struct zs_session *) sessions;
	ZS_VEC(struct zs_job *) jobs;
	ZS_VEC(struct zs_batch *) batches;	/* still open for more changes */
};

/* ---- peers.c ---- */

/* Takes fd. A second link of the same role and instance replaces the first. */
int zs_peer_add(struct zs_engine *engine, enum zs_role role, struct zs_slice instance, int fd);
/* NULL and err (ZS_E_PEER) when there is no such peer or it died. */
struct zs_chan *zs_peer_chan(struct zs_engine *engine, enum zs_role role, const char *instance, struct zs_err *err);
void zs_peers_done(struct zs_engine *engine);
/* A call to a peer; the error (peer gone, no memory) comes through fn too, so that callers
 * have one way for it to fail. fn may be called from inside only on such an error. timeout_ms 0
 * = 30 s. A peer that does not answer in time is reported to front, which kills it. */
void zs_peer_call(struct zs_engine *engine, enum zs_role role, const char *instance, uint32_t type, const void *body,
		  uint64_t timeout_ms, zs_chan_reply_fn *fn, void *user, uint32_t *ret_id);
/* The same with a descriptor, which is duplicated, not taken; -1 = none. */
void zs_peer_call_fd(struct zs_engine *engine, enum zs_role role, const char *instance, uint32_t type, const void *body, int fd,
		     uint64_t timeout_ms, zs_chan_reply_fn *fn, void *user);
/* Forgets fn and tells the peer; an id that is not open any more is fine. */
void zs_peer_cancel(struct zs_engine *engine, enum zs_role role, const char *instance, uint32_t id);

static inline struct zs_loop *zs_engine_loop(const struct zs_engine *engine)
{
	return engine->child.loop;
}

#endif
