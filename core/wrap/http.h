/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS for the engine, behind a small interface so that tests can swap it.
 * The implementation is http_curl.c.  Policy, not options: https only, TLS 1.2
 * or newer with verification, no redirects, no netrc, no cookies, no content
 * encoding, no environment, bodies capped while they arrive, absolute deadlines.
 */
#ifndef ZS_WRAP_HTTP_H
#define ZS_WRAP_HTTP_H

#include "base/err.h"
#include "base/slice.h"
#include "ipc/loop.h"

struct zs_http;
struct zs_http_peer;
struct zs_http_call;

enum zs_http_method { ZS_HTTP_GET, ZS_HTTP_HEAD, ZS_HTTP_POST };

struct zs_http_peer_spec {
	const char *name;		/* for messages: the CA's name */
	struct zs_slice bundle;		/* PEM of trusted roots; empty = the system's */
	const char *proxy;		/* URL; NULL or "" = none, whatever the environment says */
};

struct zs_http_request {
	enum zs_http_method method;
	const char *url;
	struct zs_slice body;		/* POST; copied */
	const char *accept;		/* NULL = none */
	uint64_t timeout_ms;		/* for the whole exchange */
	size_t max_body;		/* octets; 0 = ZS_MAX_BODY */
};

enum { ZS_HTTP_LINKS = 16 };

/* Valid during the callback.  Header values are what the peer sent: unchecked. */
struct zs_http_reply {
	int status;
	struct zs_slice body;
	struct zs_slice location, retry_after, replay_nonce, date, content_type;
	struct zs_slice links[ZS_HTTP_LINKS];
	size_t nlinks;
};

enum zs_http_fate {
	ZS_HTTP_UNSENT,		/* the request certainly did not reach the server */
	ZS_HTTP_SENT,		/* it did, or perhaps did */
	ZS_HTTP_HOPELESS	/* it did not, and would not the next time: no trust */
};

/* reply is NULL when nothing usable arrived; err is then set (ZS_E_NETWORK, or
 * ZS_E_CA_PROTOCOL when the answer broke a cap).  A request is sent once: no
 * library repeats it behind our back.  Must not cancel the call it is told of. */
typedef void zs_http_done(const struct zs_http_reply *reply, const struct zs_err *err, enum zs_http_fate fate, void *user);

/* Hooks itself into the loop's wait. user_agent is completed with the library's version.
 * NULL when memory ran out. */
struct zs_http *zs_http_new(struct zs_loop *loop, const char *user_agent);
void zs_http_free(struct zs_http *http);
uint32_t zs_http_connections(const struct zs_http *http);	/* opened so far */
uint32_t zs_http_requests(const struct zs_http *http);		/* sent so far */

struct zs_http_peer *zs_http_peer_new(struct zs_http *http, const struct zs_http_peer_spec *spec, struct zs_err *err);
/* Cancels the calls to it that still run. */
void zs_http_peer_free(struct zs_http_peer *peer);

/* NULL when it could not be started (err set); else done is called exactly once,
 * unless cancelled. */
struct zs_http_call *zs_http_send(struct zs_http_peer *peer, const struct zs_http_request *request,
				  zs_http_done *done, void *user, struct zs_err *err);
void zs_http_cancel(struct zs_http_call *call);	/* NULL is fine */

#endif
