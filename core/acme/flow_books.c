/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books of the issuance machine: the queue of actions, the open references,
 * and requests, replies and polls as all states use them.  What a reply means
 * is the states' business.
 */
#include "acme/flow_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"

enum { MAX_QUEUE = 4096, MAX_OPEN = 512 };

/* ---- queue and books ---- */

struct zs_flow_action *zs_flow_push(struct zs_flow *f, enum zs_flow_do act)
{
	struct zs_flow_action *a = zs_vec_push(&f->queue, MAX_QUEUE);

	if (!a) {
		f->nomem = true;
		return NULL;
	}
	a->act = act;
	a->text = "";
	return a;
}

/* An action with an answer: opens a reference. */
struct zs_flow_action *zs_flow_push_open(struct zs_flow *f, enum zs_flow_do act, const struct zs_flow_open *as)
{
	struct zs_flow_open *o = zs_vec_push(&f->open, MAX_OPEN);
	struct zs_flow_action *a;

	if (!o) {
		f->nomem = true;
		return NULL;
	}
	if (as)
		*o = *as;
	o->act = act;
	o->ref = ++f->last_ref;
	a = zs_flow_push(f, act);
	if (a)
		a->ref = o->ref;
	else
		f->open.n--;
	return a;
}

const char *zs_flow_keep(struct zs_flow *f, struct zs_slice text)
{
	const char *copy = zs_arena_str(&f->arena, text.p, text.n);

	if (!copy)
		f->nomem = true;
	return copy ? copy : "";
}

static const char *keepf(struct zs_flow *f, const char *fmt, va_list ap) ZS_PRINTF(2, 0);
static const char *keepf(struct zs_flow *f, const char *fmt, va_list ap)
{
	struct zs_buf buf = ZS_BUF(1024);
	const char *copy;

	zs_buf_vaddf(&buf, fmt, ap);
	copy = zs_flow_keep(f, zs_buf_slice(&buf));
	zs_buf_done(&buf);
	return copy;
}

void zs_flow_note(struct zs_flow *f, const char *fmt, ...)
{
	struct zs_flow_action *a = zs_flow_push(f, ZS_DO_NOTE);
	va_list ap;

	if (!a)
		return;
	va_start(ap, fmt);
	a->text = keepf(f, fmt, ap);
	va_end(ap);
}

void zs_flow_set_phase(struct zs_flow *f, enum zs_phase phase, const char *fmt, ...)
{
	struct zs_flow_action *a;
	va_list ap;

	if (f->phase_told && f->phase == phase)
		return;
	f->phase = phase;
	f->phase_told = true;
	a = zs_flow_push(f, ZS_DO_PHASE);
	if (!a)
		return;
	a->phase = phase;
	va_start(ap, fmt);
	a->text = keepf(f, fmt, ap);
	va_end(ap);
}

void zs_flow_drop_open(struct zs_flow *f, size_t i)
{
	struct zs_flow_action *a = zs_flow_push(f, ZS_DO_DROP);

	if (a)
		a->drop = f->open.items[i].ref;
}

void zs_flow_drop_all(struct zs_flow *f)
{
	for (size_t i = f->open.n; i-- > 0;) {
		enum zs_flow_do act = f->open.items[i].act;

		if (act == ZS_DO_REMOVE)
			continue;
		zs_flow_drop_open(f, i);
		if (act != ZS_DO_PUBLISH)
			zs_vec_remove(&f->open, i);
	}
}

size_t zs_flow_count_open(const struct zs_flow *f, enum zs_flow_do act)
{
	size_t n = 0;

	for (size_t i = 0; i < f->open.n; i++)
		n += f->open.items[i].act == act;
	return n;
}

/* ---- requests ---- */

static const struct {
	const char *name;
	bool repeat;
} ops[] = {
	[ZS_OP_NEW_ACCOUNT] = { "new-account", true },
	[ZS_OP_NEW_ORDER] = { "new-order", false },
	[ZS_OP_READ_ORDER] = { "read-order", true },
	[ZS_OP_READ_AUTHZ] = { "read-authz", true },
	[ZS_OP_ACCEPT] = { "accept", true },
	[ZS_OP_FINALIZE] = { "finalize", false },
	[ZS_OP_DOWNLOAD] = { "download", true },
	[ZS_OP_ALTERNATE] = { "alternate", true },
	[ZS_OP_DEACTIVATE] = { "deactivate", true },
};
_Static_assert(ZS_COUNT(ops) == ZS_OP__COUNT, "one row per operation");

const char *zs_flow_op_name(enum zs_flow_op op)
{
	return (size_t)op < ZS_COUNT(ops) ? ops[op].name : "unknown";
}

void zs_flow_send_open(struct zs_flow *f, const struct zs_flow_open *o)
{
	struct zs_flow_action *a = zs_flow_push_open(f, ZS_DO_REQUEST, o);

	if (a)
		a->request = o->request;
}

struct zs_flow_open zs_flow_make_request(enum zs_flow_op op, const char *url, size_t index)
{
	return (struct zs_flow_open){
		.request = { .op = op, .url = url, .repeat = ops[op].repeat },
		.index = index,
	};
}

void zs_flow_send(struct zs_flow *f, enum zs_flow_op op, const char *url, size_t index)
{
	struct zs_flow_open o = zs_flow_make_request(op, url, index);

	zs_flow_send_open(f, &o);
}

uint32_t zs_flow_clamp_ms(int64_t ms)
{
	return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
}

void zs_flow_send_again(struct zs_flow *f, const struct zs_flow_open *o, int64_t delay_ms)
{
	struct zs_flow_open again = *o;

	again.tries++;
	again.request.delay_ms = zs_flow_clamp_ms(delay_ms);
	zs_flow_send_open(f, &again);
}

/* ---- reading replies ---- */

struct zs_acme_from zs_flow_from(const struct zs_flow *f, const char *url)
{
	return (struct zs_acme_from){ .url = url, .origins = f->origins };
}

struct zs_slice zs_flow_body(const struct zs_flow_in *in)
{
	return in->event->reply.body;
}

int zs_flow_parse_order(struct zs_flow *f, const struct zs_flow_in *in, const char *url,
			struct zs_arena *scratch, struct zs_order *ret, struct zs_err *err)
{
	struct zs_acme_from source = zs_flow_from(f, url);
	int e = zs_order_parse(zs_flow_body(in), &source, scratch, ret, err);

	if (e)
		return e;
	if (!ret->expires)
		ret->expires = f->expires;
	f->expires = ret->expires;
	if (ret->certificate)
		f->certificate_url = zs_flow_keep(f, zs_slice_str(ret->certificate));
	return 0;
}

int zs_flow_read_location(struct zs_flow *f, const struct zs_flow_in *in, const char *what,
			  const char **ret, struct zs_err *err)
{
	struct zs_acme_from source = zs_flow_from(f, in->open.request.url);
	struct zs_slice url = in->event->reply.location;
	char label[64];
	int e;

	(void)snprintf(label, sizeof(label), "%s: Location", what);
	if (!url.n) {
		e = zs_err_set(err, ZS_E_CA_PROTOCOL, "%s: the reply has no Location header", what);
		zs_err_where(err, "%s", source.url);
		return e;
	}
	e = zs_url_check(url, &source, label, err);
	if (!e)
		*ret = zs_flow_keep(f, url);
	return e;
}

void zs_flow_copy_names(struct zs_flow *f, const struct zs_order *order)
{
	f->finalize_url = zs_flow_keep(f, zs_slice_str(order->finalize));
	f->nauthz = 0;
	f->authz = zs_arena_alloc(&f->arena, (order->nauthorizations + 1) * sizeof(*f->authz));
	if (!f->authz) {
		f->nomem = true;
		return;
	}
	for (size_t i = 0; i < order->nauthorizations; i++)
		f->authz[i].url = zs_flow_keep(f, zs_slice_str(order->authorizations[i]));
	f->nauthz = order->nauthorizations;
}

int64_t zs_flow_ca_now(const struct zs_flow *f)
{
	return f->wall + f->skew;
}

void zs_flow_subject_of(struct zs_err *err, const struct zs_name *name)
{
	char text[ZS_MAX_NAME + 3];

	zs_name_print(name, text);
	zs_err_subject(err, "%s", text);
}

/* ---- polling ---- */

static const uint32_t first_polls_ms[] = { 20, 50 };
enum { POLL_BASE_MS = 100, POLL_CAP_MS = 10000 };

static uint32_t poll_ms(unsigned nth)
{
	if (nth < ZS_COUNT(first_polls_ms))
		return first_polls_ms[nth];
	return (uint32_t)zs_backoff_ms(POLL_BASE_MS, 200,
				       nth - (unsigned)ZS_COUNT(first_polls_ms), POLL_CAP_MS);
}

void zs_flow_poll_order(struct zs_flow *f, int64_t wait_ms)
{
	struct zs_flow_open o = zs_flow_make_request(ZS_OP_READ_ORDER, f->order_url, 0);
	int64_t delay = poll_ms(f->polls);

	if (wait_ms > delay)
		delay = wait_ms;
	if (f->expires && zs_flow_ca_now(f) + delay / 1000 > f->expires) {
		zs_flow_failf(f, ZS_E_CA_REFUSED, "the order expires before the CA is done with it (%s)",
			      zs_flow_doing(f));
		return;
	}
	f->polls++;
	o.request.delay_ms = zs_flow_clamp_ms(delay);
	zs_flow_send_open(f, &o);
}

bool zs_flow_polled(struct zs_flow *f, const struct zs_flow_in *in, enum zs_order_status *ret)
{
	struct zs_arena scratch;
	struct zs_order order;
	struct zs_err err;
	bool good = false;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_flow_parse_order(f, in, f->order_url, &scratch, &order, &err)) {
		zs_flow_fail(f, &err);
	} else if (order.status == ZS_ORDER_INVALID) {
		zs_flow_order_invalid(f, &order);
	} else {
		*ret = order.status;
		good = true;
	}
	zs_arena_done(&scratch);
	return good;
}
