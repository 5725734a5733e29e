/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel: one end of a socketpair (SOCK_SEQPACKET) between two roles, with
 * requests, replies, progress and notes over frames (frame.h).  A frame that
 * breaks a rule closes the channel and ends that peer, not us.
 */
#ifndef ZS_IPC_CHAN_H
#define ZS_IPC_CHAN_H

#include "ipc/codec.h"
#include "ipc/loop.h"

struct zs_chan;

struct zs_incoming {
	uint32_t type;			/* enum zs_msg_type */
	uint32_t id;			/* request id, 0 for a note */
	const void *body;		/* struct of the type */
	int fd;				/* received descriptor or -1; a handler may keep it (set to -1 then), a reply function may not */
	uint64_t deadline_ms;		/* monotonic, 0 = none */
};

/* A request or note arrived. Answer a request now or later, exactly once. */
typedef void zs_chan_handler(struct zs_chan *chan, struct zs_incoming *in, void *user);
/* The channel is closed: peer ended (err->code ZS_OK) or broke a rule. Pending calls were
 * already answered with ZS_E_PEER. The channel may be freed here. */
typedef void zs_chan_closed(struct zs_chan *chan, const struct zs_err *err, void *user);
/* Progress (final false) or the end of a call: in is NULL when it failed, err says why
 * (FAIL of the peer, ZS_E_PEER when it died or is 2 s late). err is never NULL. A good
 * answer has the type that the table names for the request, so body needs no second look. */
typedef void zs_chan_reply_fn(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user);

struct zs_chan_spec {
	int fd;				/* taken; made non-blocking */
	enum zs_role self, peer;
	enum zs_link link;
	const char *peer_name;		/* for messages: "host[corp-bind]"; copied */
	zs_chan_handler *handler;
	zs_chan_closed *closed;
	void *user;
};

/* NULL when memory ran out (fd is closed then). */
struct zs_chan *zs_chan_new(struct zs_loop *loop, const struct zs_chan_spec *spec);
/* Closes and frees; pending calls are dropped silently. NULL is fine. */
void zs_chan_free(struct zs_chan *chan);
/* Closes and frees too, but pending calls are answered with ZS_E_PEER first: for a peer that
 * was replaced. closed() is not called. NULL is fine. */
void zs_chan_abort(struct zs_chan *chan);
bool zs_chan_open(const struct zs_chan *chan);
const char *zs_chan_peer_name(const struct zs_chan *chan);

/* A note (no reply). fd -1 = none; fd is duplicated, not taken. 0 or -code. */
int zs_chan_note(struct zs_chan *chan, uint32_t type, const void *body, int fd);
/* A request; timeout_ms 0 = none, else the call fails by itself 2 s after it with
 * ZS_E_PEER and the peer sees the deadline. *ret_id (may be NULL) for zs_chan_cancel. */
int zs_chan_call(struct zs_chan *chan, uint32_t type, const void *body, int fd, uint64_t timeout_ms,
		 zs_chan_reply_fn *fn, void *user, uint32_t *ret_id);
/* Forgets the reply function and sends CANCEL. An id that was answered is fine. The peer's
 * handler sees CANCEL only while that request is open there. */
void zs_chan_cancel(struct zs_chan *chan, uint32_t id);

/* type must be the one that the table names as the answer of that request (or FAIL); a
 * second answer, another type or a body that breaks a cap gives -ZS_E_BUG (after the last
 * one the peer gets FAIL). body NULL = empty. */
int zs_chan_reply(struct zs_chan *chan, uint32_t id, uint32_t type, const void *body);
/* With a descriptor, which is duplicated, not taken. */
int zs_chan_reply_fd(struct zs_chan *chan, uint32_t id, uint32_t type, const void *body, int fd);
int zs_chan_ok(struct zs_chan *chan, uint32_t id);
int zs_chan_fail(struct zs_chan *chan, uint32_t id, const struct zs_err *err);
int zs_chan_progress(struct zs_chan *chan, uint32_t id, uint32_t type, const void *body);

/* For a process that blocks (the host, the vault in places) or is about to end: waits until
 * all that was sent has left this process, at most timeout_ms (-1 = for ever). 0, or
 * -ZS_E_PEER when something is left or the channel is closed. Calls no handler. */
int zs_chan_flush(struct zs_chan *chan, int timeout_ms);
/* True when the peer has sent CANCEL for id (looks into the socket without serving
 * anything else) or has closed. For host plugins that ask "cancelled?". */
bool zs_chan_peek_cancel(struct zs_chan *chan, uint32_t id);

#endif
