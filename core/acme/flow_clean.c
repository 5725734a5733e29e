/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out of the issuance machine: the first error, its reason from the CA,
 * the removal of the records, the end.
 */
#include "acme/flow_state.h"

#include <stdarg.h>
#include <stdio.h>

enum { EXPLAIN_MS = 10000, DEACTIVATE_MS = 2000 };

/* ---- ways out ---- */

void zs_flow_start_removal(struct zs_flow *f)
{
	struct zs_flow_action *a;

	if (f->records_are != RECORDS_THERE)
		return;
	a = zs_flow_push_open(f, ZS_DO_REMOVE, NULL);
	if (!a)
		return;
	f->records_are = RECORDS_REMOVING;
	a->records = f->records;
	a->nrecords = f->nrecords;
}

static void finish(struct zs_flow *f)
{
	struct zs_flow_action *a;

	if (!f->failed)
		zs_flow_set_phase(f, ZS_PHASE_DONE, "%s", f->dry_run ? "the dry run passed" : "issued");
	f->end.order_url = f->order_url;
	f->end.resumed = f->resumed && f->end.issued;
	a = zs_flow_push(f, ZS_DO_END);
	if (!a)
		return;
	a->end = &f->end;
	f->state = S_END;
}

void zs_flow_end_when_clean(struct zs_flow *f)
{
	zs_flow_start_removal(f);
	if (f->open.n)
		return;
	finish(f);
}

void zs_flow_enter_clean(struct zs_flow *f)
{
	f->state = S_CLEAN;
	zs_flow_start_removal(f);
	if (f->records_are == RECORDS_REMOVING)
		zs_flow_set_phase(f, ZS_PHASE_REMOVE, "removing the records");
	zs_flow_end_when_clean(f);
}

/* Forgets the journaled order when nothing can come of it: the next run would
 * run into the same wall. */
static void forget_dead_order(struct zs_flow *f)
{
	if (f->order_dead && (f->finalize_sent || f->resuming || f->resumed))
		(void)zs_flow_push_open(f, ZS_DO_ORDER_GONE, NULL);
	f->order_dead = false;
}

/* Authorizations that nobody will use: CAs limit how many may be pending. */
static void deactivate_pending(struct zs_flow *f)
{
	for (size_t i = 0; i < f->nauthz; i++) {
		struct zs_flow_open o = zs_flow_make_request(ZS_OP_DEACTIVATE, f->authz[i].url, i);

		if (!f->authz[i].read || f->authz[i].status != ZS_AUTHZ_PENDING)
			continue;
		o.request.budget_ms = DEACTIVATE_MS;
		zs_flow_send_open(f, &o);
	}
}

void zs_flow_fail(struct zs_flow *f, const struct zs_err *err)
{
	if (f->failed)
		return;
	f->failed = true;
	f->end.err = *err;
	if (!f->end.err.code)
		f->end.err.code = ZS_E_BUG;
	zs_flow_drop_all(f);
	if (!f->finalize_sent && !f->stopped)
		deactivate_pending(f);
	forget_dead_order(f);
	zs_flow_enter_clean(f);
}

void zs_flow_failf(struct zs_flow *f, enum zs_code code, const char *fmt, ...)
{
	char text[1024];	/* on the stack: also said when memory ran out */
	struct zs_err err;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)zs_err_set(&err, code, "%s", text);
	zs_err_where(&err, "%s", f->ca);
	zs_flow_fail(f, &err);
}

void zs_flow_explain(struct zs_flow *f, const struct zs_err *reason)
{
	if (f->failed)
		return;
	f->failed = true;
	f->order_dead = true;
	f->end.err = *reason;
	zs_flow_drop_all(f);
	zs_flow_start_removal(f);
	f->state = S_EXPLAIN;
	for (size_t i = 0; i < f->nauthz; i++) {
		struct zs_flow_open o = zs_flow_make_request(ZS_OP_READ_AUTHZ, f->authz[i].url, i);

		o.request.budget_ms = EXPLAIN_MS;
		zs_flow_send_open(f, &o);
	}
	if (!f->nauthz) {
		forget_dead_order(f);
		zs_flow_enter_clean(f);
	}
}

void zs_flow_order_invalid(struct zs_flow *f, const struct zs_order *order)
{
	struct zs_err err;

	if (order->has_error) {
		err = order->error;
	} else {
		(void)zs_err_set(&err, ZS_E_CA_REFUSED, "the CA declared the order invalid");
		zs_err_where(&err, "%s", f->order_url);
	}
	zs_flow_explain(f, &err);
}

/* ---- failure: the reason, then the end ---- */

static void add_reason(struct zs_flow *f, const struct zs_authz *authz)
{
	char name[ZS_MAX_NAME + 3];
	const struct zs_err *why = &authz->error;

	zs_name_print(&authz->identifier, name);
	/* Without a better reason the first name's becomes the error itself. */
	if (authz->has_error && !f->end.err.problem[0]) {
		f->end.err = *why;
		zs_err_subject(&f->end.err, "%s", name);
	}
	zs_err_sub(&f->end.err, zs_slice_str(name), zs_slice_str(why->problem),
		   zs_slice_str(authz->has_error ? why->text : "invalid, the CA gives no reason"));
}

static void explained(struct zs_flow *f)
{
	if (zs_flow_count_open(f, ZS_DO_REQUEST))
		return;
	deactivate_pending(f);
	forget_dead_order(f);
	zs_flow_enter_clean(f);
}

void zs_flow_on_reason(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_flow_authz *mine = &f->authz[in->open.index];
	struct zs_acme_from source = zs_flow_from(f, mine->url);
	struct zs_arena scratch;
	struct zs_authz authz;

	zs_arena_init(&scratch, MAX_SCRATCH);
	mine->read = !zs_authz_parse(zs_flow_body(in), &source, &scratch, &authz, NULL);
	if (mine->read) {
		mine->status = authz.status;
		mine->name = authz.identifier;
		if (authz.status == ZS_AUTHZ_INVALID || authz.has_error)
			add_reason(f, &authz);
	}
	zs_arena_done(&scratch);
	explained(f);
}

void zs_flow_on_no_reason(struct zs_flow *f, const struct zs_flow_in *in)
{
	f->authz[in->open.index].read = false;
	explained(f);
}

void zs_flow_on_clean_answer(struct zs_flow *f, const struct zs_flow_in *in)
{
	(void)in;
	zs_flow_end_when_clean(f);
}

/* ---- stop ---- */

void zs_flow_on_refused(struct zs_flow *f, const struct zs_flow_in *in)
{
	zs_flow_fail(f, in->err);
}

void zs_flow_on_lost(struct zs_flow *f, const struct zs_flow_in *in)
{
	zs_flow_fail(f, in->err);
}

void zs_flow_on_stop(struct zs_flow *f, const struct zs_flow_in *in)
{
	f->stopped = true;
	if (in->event->on == ZS_ON_CANCEL)
		zs_flow_failf(f, ZS_E_CANCELLED, "cancelled while %s", zs_flow_doing(f));
	else
		zs_flow_failf(f, zs_flow_late_code(f), "the time for this certificate was over while %s",
			      zs_flow_doing(f));
}

/* Failed already: nothing but the removal is waited for. */
void zs_flow_on_stop_failed(struct zs_flow *f, const struct zs_flow_in *in)
{
	(void)in;
	for (size_t i = f->open.n; i-- > 0;) {
		if (f->open.items[i].act != ZS_DO_REQUEST)
			continue;
		zs_flow_drop_open(f, i);
		zs_vec_remove(&f->open, i);
	}
	if (f->state == S_EXPLAIN) {
		forget_dead_order(f);
		zs_flow_enter_clean(f);
	} else {
		zs_flow_end_when_clean(f);
	}
}
