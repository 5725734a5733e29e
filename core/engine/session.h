/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's session with one CA: the directory, a nonce pool W wide and
 * signed requests.  It connects and reads the directory as soon as it exists.
 *
 * Every POST has its body signed by the vault.  badNonce answers are signed
 * again with the nonce they bring; what may be repeated is repeated with a fresh
 * nonce while the connection is down; the rest is reported as lost.
 */
#ifndef ZS_ENGINE_SESSION_H
#define ZS_ENGINE_SESSION_H

#include "acme/directory.h"
#include "engine/engine.h"

struct zs_op;

struct zs_op_spec {
	uint32_t job;
	uint32_t sign;			/* ZS_MSG_SIGN_* */
	const char *url;
	const char *order_url;		/* SIGN_FINALIZE; else NULL */
	const char *accept;		/* NULL = none */
	uint32_t delay_ms;		/* wait so long before sending */
	uint32_t budget_ms;		/* from the first send to the answer; 0 = as long as it takes, with 30 s
					 * of new tries where the connection breaks */
	bool repeatable;		/* may be sent again when its answer was lost */
};

/* The answer (any status), or err. */
typedef void zs_op_done(const struct zs_http_reply *reply, const struct zs_err *err, void *user);
typedef void zs_session_ready(const struct zs_directory *directory, const struct zs_err *err, void *user);

struct zs_session *zs_session_new(struct zs_engine *engine, const struct zs_msg_engine_ca *ca, struct zs_err *err);
void zs_session_free(struct zs_session *session);
struct zs_session *zs_session_find(struct zs_engine *engine, const char *ca);
const char *zs_session_ca(const struct zs_session *session);
/* The CA lost that account; true for the first job that says so. */
bool zs_session_lost(struct zs_session *session, const char *account_url);

/* Pinned origins, for checks of URLs. */
struct zs_origins zs_session_origins(const struct zs_session *session);

/* Calls back once, at once when the directory is there already. */
int zs_session_wait(struct zs_session *session, zs_session_ready *ready, void *user);
void zs_session_unwait(struct zs_session *session, void *user);

/* n requests will soon be wanted at once: widens the pool up to W. */
void zs_session_expect(struct zs_session *session, size_t n);

/* NULL when memory ran out. done is called exactly once, never from inside. */
struct zs_op *zs_session_post(struct zs_session *session, const struct zs_op_spec *spec, zs_op_done *done, void *user);
/* Forgets done; what is under way goes on. NULL is fine. */
void zs_op_cancel(struct zs_op *op);

#endif
