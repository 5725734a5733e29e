/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine/session.h.  Decides nothing about orders: that is the flow's work.
 */
#include "engine/session.h"

#include <stdlib.h>
#include <string.h>

#include "acme/problem.h"
#include "base/clock.h"
#include "base/log.h"

enum {
	REQUEST_MS = 60 * 1000,
	FIRST_CONTACT_MS = 10 * 1000,	/* how long the first contact is tried */
	RETRY_MS = 30 * 1000,		/* how long a broken connection is tried again */
	RETRY_FIRST_MS = 100,
	RETRY_CAP_MS = 4000,
	BAD_NONCES = 5,			/* answered by a new signature at once */
	BAD_NONCES_SLOW = 15,		/* and then so many more, a little apart: a server that
					 * refuses every other nonce is one to work with */
	BAD_NONCE_MS = 100,
	NONCES_MAX = 256,
	DIRECTORY_MEMORY = 256 * 1024
};

struct waiter {
	zs_session_ready *ready;
	void *user;
};

struct zs_op {
	struct zs_session *session;
	struct zs_op *next;		/* in session->ops */
	uint32_t job, sign;
	char *url, *order_url;
	const char *accept;
	uint64_t budget_ms;
	uint64_t until;			/* monotonic ms: no longer than that, 0 = as long as it takes */
	bool repeatable, queued, limited;
	unsigned bad_nonces, failures;
	uint64_t first_failure;		/* monotonic ms, 0 = none */
	struct zs_http_call *call;
	struct zs_timer *timer;
	zs_op_done *done;		/* NULL once cancelled */
	void *user;
};

struct zs_session {
	struct zs_engine *engine;
	char ca[ZS_MAX_ID + 1];
	char *directory_url;
	char *lost;			/* the account's URL that the CA does not know any more */
	struct zs_http_peer *peer;
	ZS_VEC(struct zs_slice) origins;	/* copies, end with the session */
	struct zs_directory directory;
	struct zs_arena arena;		/* of the directory */
	bool have_directory;
	struct zs_err failed;		/* why there is no directory; code 0 = still trying */
	ZS_VEC(struct waiter) waiters;
	ZS_VEC(char *) nonces;		/* LIFO: servers expire old ones */
	struct zs_op *ops;
	size_t heads;			/* HEAD newNonce in flight */
	size_t flying;			/* POSTs that will bring a nonce back */
	size_t expected;		/* requests somebody announced */
	size_t width, width_max;
	unsigned tries, head_failures;
	uint64_t first_try, first_head_failure;
	bool reached;			/* the CA answered once */
	struct zs_timer *timer, *head_timer, *pump_timer;
};

static void pump(struct zs_session *s);
static void fetch_directory(void *user);

static uint64_t now_ms(const struct zs_session *s)
{
	struct zs_clock *clock = zs_loop_clock(zs_engine_loop(s->engine));

	return clock->mono_ms(clock);
}

static uint64_t retry_delay(const struct zs_session *s, unsigned failures)
{
	uint64_t ms = zs_backoff_ms(RETRY_FIRST_MS, 200, failures, RETRY_CAP_MS);

	return zs_backoff_jitter_ms(zs_loop_clock(zs_engine_loop(s->engine)), ms, 25);
}

/* Milliseconds until the CA wants to be asked again, by its own clock; 0 = not said. */
static uint64_t wait_of(const struct zs_session *s, const struct zs_http_reply *reply)
{
	struct zs_clock *clock = zs_loop_clock(zs_engine_loop(s->engine));
	int64_t now, at;

	if (!zs_time_parse_http(reply->date, &now))
		now = clock->wall_ms(clock) / 1000;
	if (!zs_time_retry_after(reply->retry_after, now, &at) || at <= now)
		return 0;
	return (uint64_t)(at - now) * 1000;
}

static void read_problem(const struct zs_session *s, const struct zs_http_reply *reply, const char *url, struct zs_err *err)
{
	struct zs_clock *clock = zs_loop_clock(zs_engine_loop(s->engine));
	uint64_t wait = wait_of(s, reply);
	int64_t at = wait ? (clock->wall_ms(clock) + (int64_t)wait) / 1000 : 0;

	zs_problem_read(reply->body, &(struct zs_problem_source){ url, reply->status, at }, err);
}

/* ---- directory ---- */

static void tell_waiters(struct zs_session *s)
{
	const struct zs_err *err = s->have_directory ? NULL : &s->failed;

	while (s->waiters.n) {
		struct waiter w = s->waiters.items[0];
		zs_vec_remove(&s->waiters, 0);
		w.ready(err ? NULL : &s->directory, err, w.user);
	}
}

static void directory_failed(struct zs_session *s, const struct zs_err *err)
{
	s->failed = *err;
	zs_err_prefix(&s->failed, "the directory of CA %s cannot be read", s->ca);
	/* it answers, but there is no directory: most likely the URL of something else */
	if (!*s->failed.hint && (err->http_status / 100 == 4 || (err->code == ZS_E_CA_PROTOCOL && !err->http_status)))
		zs_err_hint(&s->failed, "check the URL of the CA's directory (--server URL, or directory = URL in [ca NAME]): "
			    "no ACME directory is at %.300s", s->directory_url);
	tell_waiters(s);
}

static bool retry_directory(struct zs_session *s, const struct zs_err *err, uint64_t wait)
{
	uint64_t limit = s->reached ? RETRY_MS : FIRST_CONTACT_MS, delay = retry_delay(s, s->tries++);

	if (wait > delay)
		delay = wait;
	if (now_ms(s) - s->first_try > limit || wait > limit)
		return false;
	zs_debug(NULL, "directory of %s: %s; trying again", s->ca, err->text);
	s->timer = zs_loop_timer(zs_engine_loop(s->engine), delay, fetch_directory, s);
	return s->timer != NULL;
}

static void on_directory(const struct zs_http_reply *reply, const struct zs_err *net, enum zs_http_fate fate, void *user)
{
	struct zs_session *s = user;
	const struct zs_acme_from from = { s->directory_url, zs_session_origins(s) };
	struct zs_err err;
	uint64_t wait = 0;
	bool worth;

	if (!reply) {
		err = *net;
		worth = err.code == ZS_E_NETWORK && fate != ZS_HTTP_HOPELESS;
	} else if (reply->status != 200) {
		read_problem(s, reply, s->directory_url, &err);
		worth = zs_problem_kind(&err) == ZS_PROBLEM_BUSY;
		wait = wait_of(s, reply);
	} else if (!zs_directory_parse(reply->body, &from, &s->arena, &s->directory, &err)) {
		s->have_directory = s->reached = true;
		tell_waiters(s);
		pump(s);
		return;
	} else {
		worth = false;
	}
	if (!worth || !retry_directory(s, &err, wait))
		directory_failed(s, &err);
}

static void fetch_directory(void *user)
{
	struct zs_session *s = user;
	const struct zs_http_request request = { .method = ZS_HTTP_GET, .url = s->directory_url, .timeout_ms = REQUEST_MS };
	struct zs_err err;

	s->timer = NULL;
	if (!zs_http_send(s->peer, &request, on_directory, s, &err))
		directory_failed(s, &err);
}

int zs_session_wait(struct zs_session *s, zs_session_ready *ready, void *user)
{
	if (s->have_directory || s->failed.code) {
		ready(s->have_directory ? &s->directory : NULL, s->have_directory ? NULL : &s->failed, user);
		return 0;
	}
	struct waiter *w = zs_vec_push(&s->waiters, ZS_MAX_JOBS);
	if (!w)
		return -ZS_E_NOMEM;
	*w = (struct waiter){ ready, user };
	return 0;
}

void zs_session_unwait(struct zs_session *s, void *user)
{
	for (size_t i = s->waiters.n; i-- > 0;)
		if (s->waiters.items[i].user == user)
			zs_vec_remove(&s->waiters, i);
}

/* ---- nonces ---- */

static void keep_nonce(struct zs_session *s, struct zs_slice nonce)
{
	if (!zs_nonce_ok(nonce))
		return;
	char *copy = zs_slice_dup(nonce);
	char **slot = copy ? zs_vec_push(&s->nonces, NONCES_MAX) : NULL;
	if (slot)
		*slot = copy;
	else
		free(copy);
}

static char *take_nonce(struct zs_session *s)
{
	return s->nonces.n ? s->nonces.items[--s->nonces.n] : NULL;
}

static void head_again(void *user)
{
	struct zs_session *s = user;

	s->head_timer = NULL;
	pump(s);
}

static void fail_queued(struct zs_session *s, const struct zs_err *err);

static void head_later(struct zs_session *s, uint64_t delay)
{
	if (!s->head_timer)
		s->head_timer = zs_loop_timer(zs_engine_loop(s->engine), delay, head_again, s);
}

/* 429, 503 and the like on newNonce: a narrower pool, no error; only when it goes on
 * and nothing else brings nonces do the waiting requests fail. */
static void head_failed(struct zs_session *s, const struct zs_err *err, bool worth, uint64_t wait)
{
	uint64_t delay = retry_delay(s, s->head_failures);

	s->width = s->width > 1 ? s->width / 2 : 1;
	if (s->nonces.n || s->flying || s->heads) {
		if (wait)
			head_later(s, wait);
		return;
	}
	if (!s->head_failures++)
		s->first_head_failure = now_ms(s);
	if (!worth || wait > RETRY_MS || now_ms(s) - s->first_head_failure > FIRST_CONTACT_MS)
		fail_queued(s, err);
	else
		head_later(s, wait > delay ? wait : delay);
}

static bool has_nonce(const struct zs_http_reply *reply)
{
	return reply->status / 100 == 2 && reply->replay_nonce.n && zs_nonce_ok(reply->replay_nonce);
}

static void no_nonce(struct zs_session *s, const struct zs_http_reply *reply)
{
	const char *url = s->directory.new_nonce;
	enum zs_problem_kind kind = ZS_PROBLEM_BUSY;
	struct zs_err err;

	if (reply->status / 100 == 2) {
		zs_err_set(&err, ZS_E_CA_PROTOCOL, "newNonce answered HTTP %d without a usable nonce", reply->status);
		zs_err_where(&err, "%s", url);
	} else {
		read_problem(s, reply, url, &err);
		zs_err_prefix(&err, "newNonce");
		kind = zs_problem_kind(&err);
	}
	head_failed(s, &err, kind == ZS_PROBLEM_BUSY || kind == ZS_PROBLEM_LIMITED, wait_of(s, reply));
}

static void on_head(const struct zs_http_reply *reply, const struct zs_err *net, enum zs_http_fate fate, void *user)
{
	struct zs_session *s = user;

	s->heads--;
	if (!reply) {
		head_failed(s, net, net->code == ZS_E_NETWORK && fate != ZS_HTTP_HOPELESS, 0);
	} else if (has_nonce(reply)) {
		s->head_failures = 0;
		keep_nonce(s, reply->replay_nonce);
		pump(s);
	} else {
		no_nonce(s, reply);
	}
}

static void send_head(struct zs_session *s)
{
	const struct zs_http_request request = { .method = ZS_HTTP_HEAD, .url = s->directory.new_nonce, .timeout_ms = REQUEST_MS };
	struct zs_err err;

	s->heads++;
	if (!zs_http_send(s->peer, &request, on_head, s, &err)) {
		s->heads--;
		head_failed(s, &err, false, 0);
	}
}

/* ---- requests ---- */

static void op_unlink(struct zs_op *op)
{
	struct zs_op **p = &op->session->ops;

	while (*p && *p != op)
		p = &(*p)->next;
	if (*p)
		*p = op->next;
}

static void op_free(struct zs_op *op)
{
	op_unlink(op);
	zs_loop_timer_cancel(zs_engine_loop(op->session->engine), op->timer);
	zs_http_cancel(op->call);
	free(op->url);
	free(op->order_url);
	free(op);
}

static void op_end(struct zs_op *op, const struct zs_http_reply *reply, const struct zs_err *err)
{
	zs_op_done *done = op->done;
	void *user = op->user;

	op_free(op);
	if (done)
		done(reply, err, user);
}

static void op_requeue(void *user)
{
	struct zs_op *op = user;

	op->timer = NULL;
	op->queued = true;
	pump(op->session);
}

/* True when the request will be sent again. */
static bool op_retry(struct zs_op *op, enum zs_http_fate fate)
{
	struct zs_session *s = op->session;
	uint64_t now = now_ms(s), delay = retry_delay(s, op->failures++);

	if (fate == ZS_HTTP_HOPELESS || (fate == ZS_HTTP_SENT && !op->repeatable))
		return false;
	if (!op->first_failure)
		op->first_failure = now;
	if (now - op->first_failure > op->budget_ms || (op->until && now + delay > op->until))
		return false;
	op->timer = zs_loop_timer(zs_engine_loop(s->engine), delay, op_requeue, op);
	return op->timer != NULL;
}

static bool is_bad_nonce(const struct zs_op *op, const struct zs_http_reply *reply)
{
	struct zs_err err;

	if (reply->status != 400)
		return false;
	zs_problem_read(reply->body, &(struct zs_problem_source){ op->url, reply->status, 0 }, &err);
	return zs_problem_kind(&err) == ZS_PROBLEM_BAD_NONCE;
}

/* True when the request will be signed again with another nonce. */
static bool sign_again(struct zs_op *op, const struct zs_http_reply *reply)
{
	if (!is_bad_nonce(op, reply) || op->bad_nonces >= BAD_NONCES + BAD_NONCES_SLOW)
		return false;
	if (op->bad_nonces++ < BAD_NONCES)
		op->queued = true;
	else
		op->timer = zs_loop_timer(zs_engine_loop(op->session->engine), BAD_NONCE_MS, op_requeue, op);
	return op->queued || op->timer;
}

static void on_reply(const struct zs_http_reply *reply, const struct zs_err *err, enum zs_http_fate fate, void *user)
{
	struct zs_op *op = user;
	struct zs_session *s = op->session;

	op->call = NULL;
	s->flying--;
	if (reply) {
		s->reached = true;
		keep_nonce(s, reply->replay_nonce);
		if (!op->done || !sign_again(op, reply))
			op_end(op, reply, NULL);
	} else if (op->done && err->code == ZS_E_NETWORK && op_retry(op, fate)) {
		zs_info(NULL, "%s: %s; trying again", op->url, err->text);
	} else {
		op_end(op, NULL, err);
	}
	pump(s);
}

/* The whole of a request with a budget ends in time: a peer that says nothing costs no more. */
static uint64_t time_left(const struct zs_op *op)
{
	uint64_t now = now_ms(op->session);

	if (!op->until || op->until > now + REQUEST_MS)
		return REQUEST_MS;
	return op->until > now ? op->until - now : 1;
}

static void on_signed(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_op *op = user;
	struct zs_session *s = op->session;
	struct zs_err why;

	(void)chan;
	(void)final;
	if (!in || !op->done) {
		s->flying--;
		op_end(op, NULL, err);
		pump(s);
		return;
	}
	const struct zs_msg_signed *body = in->body;
	const struct zs_http_request request = {
		.method = ZS_HTTP_POST, .url = op->url, .body = body->body, .accept = op->accept, .timeout_ms = time_left(op),
	};
	op->call = zs_http_send(s->peer, &request, on_reply, op, &why);
	if (!op->call) {
		s->flying--;
		op_end(op, NULL, &why);
	}
}

static void op_send(struct zs_op *op, char *nonce)
{
	struct zs_session *s = op->session;
	const struct zs_msg_sign sign = {
		.job = op->job, .url = zs_slice_str(op->url), .nonce = zs_slice_str(nonce), .order_url = zs_slice_str(op->order_url),
	};

	op->queued = false;
	if (op->limited && !op->until)
		op->until = now_ms(s) + op->budget_ms;
	s->flying++;
	zs_peer_call(s->engine, ZS_ROLE_VAULT, "", op->sign, &sign, 0, on_signed, op, NULL);
	free(nonce);
}

static struct zs_op *next_queued(struct zs_session *s, size_t *ret_waiting)
{
	struct zs_op *first = NULL;

	*ret_waiting = 0;
	for (struct zs_op *op = s->ops; op; op = op->next) {
		if (op->queued) {
			if (!first)
				first = op;
			++*ret_waiting;
		}
	}
	return first;
}

/* Sends what has a nonce, and fetches as many nonces as are wanted at once. */
static void pump(struct zs_session *s)
{
	struct zs_op *op;
	size_t waiting;

	if (!s->have_directory)
		return;
	while ((op = next_queued(s, &waiting)) && s->nonces.n)
		op_send(op, take_nonce(s));
	size_t want = waiting + s->flying > s->expected ? waiting + s->flying : s->expected;
	if (want > s->width)
		want = s->width;
	while (s->nonces.n + s->flying + s->heads < want && !s->head_timer)
		send_head(s);
}

static void pump_now(void *user)
{
	struct zs_session *s = user;

	s->pump_timer = NULL;
	pump(s);
}

static void fail_queued(struct zs_session *s, const struct zs_err *err)
{
	struct zs_op *op;
	size_t waiting;

	while ((op = next_queued(s, &waiting)))
		op_end(op, NULL, err);
}

void zs_session_expect(struct zs_session *s, size_t n)
{
	s->expected = n > s->expected ? n : s->expected;
	pump(s);
}

struct zs_op *zs_session_post(struct zs_session *s, const struct zs_op_spec *spec, zs_op_done *done, void *user)
{
	struct zs_op *op = calloc(1, sizeof(*op)), **tail = &s->ops;

	if (!op)
		return NULL;
	*op = (struct zs_op){
		.session = s, .job = spec->job, .sign = spec->sign, .url = strdup(spec->url),
		.order_url = spec->order_url ? strdup(spec->order_url) : NULL, .accept = spec->accept,
		.repeatable = spec->repeatable, .limited = spec->budget_ms, .budget_ms = spec->budget_ms ? spec->budget_ms : RETRY_MS,
		.queued = !spec->delay_ms, .done = done, .user = user,
	};
	if (!op->url || (spec->order_url && !op->order_url)) {
		op_free(op);
		return NULL;
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = op;
	if (spec->delay_ms)
		op->timer = zs_loop_timer(zs_engine_loop(s->engine), spec->delay_ms, op_requeue, op);
	else if (!s->pump_timer)
		s->pump_timer = zs_loop_timer(zs_engine_loop(s->engine), 0, pump_now, s);
	return op;
}

void zs_op_cancel(struct zs_op *op)
{
	if (!op)
		return;
	op->done = NULL;
	/* what waits can end at once; what flies brings its nonce home first */
	if (op->queued || op->timer)
		op_free(op);
}

/* ---- session ---- */

/* Keeps "https://host[:port]" of url as one of the pinned set. */
static bool add_origin(struct zs_session *s, struct zs_slice url)
{
	struct zs_slice origin;

	if (!zs_url_ok(url, NULL) || !zs_url_origin(url, &origin))
		return false;
	char *copy = zs_slice_dup(origin);
	struct zs_slice *slot = copy ? zs_vec_push(&s->origins, 64) : NULL;
	if (!slot) {
		free(copy);
		return false;
	}
	*slot = zs_slice_str(copy);
	return true;
}

static bool copy_origins(struct zs_session *s, const struct zs_msg_engine_ca *ca)
{
	if (!add_origin(s, ca->directory))
		return false;
	for (uint32_t i = 0; i < ca->origins.n; i++)
		if (!add_origin(s, ca->origins.items[i]))
			return false;
	return true;
}

static int connect_to(struct zs_session *s, const struct zs_msg_engine_ca *ca, const char *proxy, struct zs_err *err)
{
	const struct zs_http_peer_spec spec = { .name = s->ca, .bundle = ca->bundle, .proxy = proxy };

	if (!copy_origins(s, ca))
		ZS_FAIL(err, ZS_E_CONFIG, "the directory or an origin of CA %s is not an https URL", s->ca);
	s->peer = zs_http_peer_new(s->engine->http, &spec, err);
	if (s->peer)
		return 0;
	zs_err_subject(err, "%s", s->ca);
	return -(int)err->code;
}

/* A CA that cannot be used is remembered: its jobs fail with the reason. */
struct zs_session *zs_session_new(struct zs_engine *engine, const struct zs_msg_engine_ca *ca, struct zs_err *err)
{
	struct zs_session *s = calloc(1, sizeof(*s));
	char *proxy = zs_slice_dup(ca->proxy);

	if (!s || !proxy || !zs_slice_copy(ca->name, s->ca, sizeof(s->ca)) || !(s->directory_url = zs_slice_dup(ca->directory))) {
		zs_err_set(err, ZS_E_NOMEM, "no memory for a CA");
		free(proxy);
		zs_session_free(s);
		return NULL;
	}
	s->engine = engine;
	zs_arena_init(&s->arena, DIRECTORY_MEMORY);
	s->width = s->width_max = ca->nonce_width ? ca->nonce_width : 1;
	s->expected = 1;
	s->first_try = now_ms(s);
	if (connect_to(s, ca, proxy, &s->failed) == 0)
		fetch_directory(s);
	free(proxy);
	return s;
}

void zs_session_free(struct zs_session *s)
{
	if (!s)
		return;
	while (s->ops)
		op_free(s->ops);
	if (s->engine) {
		zs_loop_timer_cancel(zs_engine_loop(s->engine), s->timer);
		zs_loop_timer_cancel(zs_engine_loop(s->engine), s->head_timer);
		zs_loop_timer_cancel(zs_engine_loop(s->engine), s->pump_timer);
	}
	for (size_t i = 0; i < s->nonces.n; i++)
		free(s->nonces.items[i]);
	zs_vec_done(&s->nonces);
	zs_vec_done(&s->waiters);
	for (size_t i = 0; i < s->origins.n; i++)
		free((void *)(uintptr_t)s->origins.items[i].p);
	zs_vec_done(&s->origins);
	zs_arena_done(&s->arena);
	zs_http_peer_free(s->peer);
	free(s->directory_url);
	free(s->lost);
	free(s);
}

struct zs_session *zs_session_find(struct zs_engine *engine, const char *ca)
{
	for (size_t i = 0; i < engine->sessions.n; i++)
		if (!strcmp(engine->sessions.items[i]->ca, ca))
			return engine->sessions.items[i];
	return NULL;
}

const char *zs_session_ca(const struct zs_session *s)
{
	return s->ca;
}

bool zs_session_lost(struct zs_session *s, const char *account_url)
{
	char *copy;

	if (s->lost && !strcmp(s->lost, account_url))
		return false;
	copy = zs_slice_dup(zs_slice_str(account_url));
	free(s->lost);
	s->lost = copy;
	return true;
}

struct zs_origins zs_session_origins(const struct zs_session *s)
{
	return (struct zs_origins){ s->origins.items, s->origins.n };
}
