/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the issuance machine from the plan to the order: directory, account,
 * the order of a dead run, the new order.
 */
#include "acme/flow_state.h"

#include <string.h>

#include "acme/account.h"
#include "acme/problem.h"
#include "base/buf.h"

enum { MAX_NEW_ORDER = 2 };	/* sends in one run (see flow.c) */

/* ---- plan: directory, account, order ---- */

static void new_order(struct zs_flow *f, int64_t delay_ms)
{
	struct zs_flow_open o = zs_flow_make_request(ZS_OP_NEW_ORDER, f->directory->new_order, 0);

	zs_flow_set_phase(f, ZS_PHASE_ORDER, "ordering %zu name%s at %s", f->nnames,
			  f->nnames == 1 ? "" : "s", f->ca);
	f->new_orders++;
	o.request.delay_ms = zs_flow_clamp_ms(delay_ms);
	f->state = S_ORDER;
	zs_flow_send_open(f, &o);
}

static void list_profiles(const struct zs_directory *dir, struct zs_buf *dst)
{
	for (size_t i = 0; i < dir->nprofiles; i++)
		zs_buf_addf(dst, "%s%s", i ? ", " : "", dir->profiles[i]);
}

/* What would make the CA refuse is said before anything is posted. */
static bool check_directory(struct zs_flow *f)
{
	const struct zs_directory *dir = f->directory;
	struct zs_buf list = ZS_BUF(700);
	bool known = !*f->profile || zs_directory_has_profile(dir, zs_slice_str(f->profile));

	list_profiles(dir, &list);
	if (!known)
		zs_flow_failf(f, ZS_E_CONFIG, "%s has no profile \"%s\"; it lists %s", f->ca, f->profile,
			      dir->nprofiles ? zs_buf_str(&list) : "none");
	zs_buf_done(&list);
	if (!known || *f->account_url)
		return known;
	if (dir->eab_required && !f->has_eab) {
		zs_flow_failf(f, ZS_E_CA_ACCOUNT, "%s wants an external account binding, and none is configured", f->ca);
		return false;
	}
	if (dir->terms && !f->agree_terms) {
		struct zs_err err;
		(void)zs_err_set(&err, ZS_E_CA_ACCOUNT, "%s has terms of service that are not agreed to: %s", f->ca, dir->terms);
		zs_err_where(&err, "%s", f->ca);
		zs_err_hint(&err, "read them, then agree with --agree-tos, or agree-tos = yes in [ca %s]", f->ca);
		zs_flow_fail(f, &err);
		return false;
	}
	return true;
}

static void new_account(struct zs_flow *f)
{
	zs_flow_set_phase(f, ZS_PHASE_ORDER, "registering an account at %s", f->ca);
	f->state = S_ACCOUNT;
	zs_flow_send(f, ZS_OP_NEW_ACCOUNT, f->directory->new_account, 0);
}

static void read_old_order(struct zs_flow *f)
{
	zs_flow_set_phase(f, ZS_PHASE_ORDER, "reading the order of an earlier run");
	f->state = S_RESUME;
	zs_flow_send(f, ZS_OP_READ_ORDER, f->order_url, 0);
}

static void read_authorizations(struct zs_flow *f)
{
	f->state = S_AUTHORIZE;
	zs_flow_set_phase(f, ZS_PHASE_AUTHORIZE, "reading %zu authorization%s", f->nauthz,
			  f->nauthz == 1 ? "" : "s");
	for (size_t i = 0; i < f->nauthz; i++)
		zs_flow_send(f, ZS_OP_READ_AUTHZ, f->authz[i].url, i);
}

/* From S_WAIT: whatever can be done next with what is known. */
static void proceed(struct zs_flow *f)
{
	bool old_order = *f->order_url && !f->dry_run;

	f->state = S_WAIT;
	if (!f->directory || (!f->has_routes && !old_order))
		return;
	if (old_order && f->resumed && f->has_routes) {
		read_authorizations(f);
		return;
	}
	if (old_order && f->resumed)
		return;
	if (!old_order && !check_directory(f))
		return;
	if (f->dry_run)
		zs_flow_enter_clean(f);
	else if (!*f->account_url)
		new_account(f);
	else if (old_order)
		read_old_order(f);
	else
		new_order(f, 0);
}

void zs_flow_on_start(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->err) {
		zs_flow_fail(f, in->err);
		return;
	}
	if (f->directory || !in->event->directory)
		return;
	f->directory = in->event->directory;
	proceed(f);
}

static void keep_routes(struct zs_flow *f, const struct zs_flow_event *event)
{
	if (f->has_routes)
		return;
	f->routes = zs_arena_alloc(&f->arena, (event->nroutes + 1) * sizeof(*f->routes));
	if (!f->routes) {
		f->nomem = true;
		return;
	}
	for (size_t i = 0; i < event->nroutes; i++) {
		f->routes[i].identifier = event->routes[i].identifier;
		f->routes[i].effective = event->routes[i].effective;
		f->routes[i].zone = event->routes[i].zone;
	}
	f->nroutes = event->nroutes;
	f->has_routes = true;
}

/* Anywhere but in S_WAIT the routes are only kept. */
void zs_flow_on_routes(struct zs_flow *f, const struct zs_flow_in *in)
{
	keep_routes(f, in->event);
}

void zs_flow_on_routes_waited(struct zs_flow *f, const struct zs_flow_in *in)
{
	keep_routes(f, in->event);
	proceed(f);
}

/* The CA says there is no such account: once a run a new one is made. */
static void account_gone(struct zs_flow *f, const struct zs_err *err)
{
	struct zs_flow_action *a;

	if (f->account_renewed || !*f->account_url) {
		zs_flow_fail(f, err);
		return;
	}
	f->account_renewed = true;
	f->state = S_ACCOUNT_LOST;
	a = zs_flow_push_open(f, ZS_DO_ACCOUNT_LOST, NULL);
	if (a)
		a->text = f->account_url;
}

void zs_flow_on_account_lost(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->err) {
		zs_flow_fail(f, in->err);
		return;
	}
	f->account_url = "";
	proceed(f);
}

void zs_flow_on_account(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_acme_from source = zs_flow_from(f, in->open.request.url);
	struct zs_account account;
	struct zs_flow_action *a;
	struct zs_err err;

	if (zs_account_parse(zs_flow_body(in), &source, &account, &err) ||
	    zs_flow_read_location(f, in, "account", &f->account_url, &err)) {
		zs_flow_fail(f, &err);
		return;
	}
	if (account.status != ZS_ACCOUNT_VALID) {
		zs_flow_failf(f, ZS_E_CA_ACCOUNT, "the account at %s is %s", f->ca,
			      zs_account_status_name(account.status));
		return;
	}
	f->state = S_ACCOUNT_SET;
	a = zs_flow_push_open(f, ZS_DO_ACCOUNT_SET, NULL);
	if (a)
		a->text = f->account_url;
}

void zs_flow_on_account_set(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->err)
		zs_flow_fail(f, in->err);
	else
		proceed(f);
}

/* ---- the order of a dead run ---- */

static void old_order_gone(struct zs_flow *f, const char *why)
{
	zs_flow_note(f, "the order of an earlier run cannot be finished (%s); a new one follows", why);
	f->state = S_GONE;
	(void)zs_flow_push_open(f, ZS_DO_ORDER_GONE, NULL);
}

void zs_flow_on_gone(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->err) {
		zs_flow_fail(f, in->err);
		return;
	}
	f->order_url = "";
	f->resuming = f->resumed = false;
	f->expires = 0;
	proceed(f);
}

/* The old order can be used: where it stands decides how it goes on. */
static void resume(struct zs_flow *f, const struct zs_order *order, int64_t wait_ms)
{
	f->resumed = true;
	zs_flow_copy_names(f, order);
	switch (order->status) {
	case ZS_ORDER_VALID:
		zs_flow_download(f);
		return;
	case ZS_ORDER_PROCESSING:
		zs_flow_wait_for_certificate(f, wait_ms);
		return;
	case ZS_ORDER_READY:
		zs_flow_finalize(f);
		return;
	default:
		proceed(f);
	}
}

void zs_flow_on_old_order(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_arena scratch;
	struct zs_order order;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_flow_parse_order(f, in, f->order_url, &scratch, &order, &err)) {
		if (err.code == ZS_E_NOMEM)
			zs_flow_fail(f, &err);
		else
			old_order_gone(f, err.text);
	} else if (order.status == ZS_ORDER_INVALID) {
		old_order_gone(f, order.has_error ? order.error.text : "it is invalid");
	} else if (!zs_order_is_for(&order, f->names, f->nnames)) {
		old_order_gone(f, "it is for other names");
	} else if (order.status == ZS_ORDER_PENDING && !order.nauthorizations) {
		old_order_gone(f, "it is pending without any authorization");
	} else {
		resume(f, &order, in->wait_ms);
	}
	zs_arena_done(&scratch);
}

void zs_flow_on_old_order_refused(struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_problem_kind kind = zs_problem_kind(in->err);

	if (kind == ZS_PROBLEM_ACCOUNT_GONE)
		account_gone(f, in->err);
	else if (kind == ZS_PROBLEM_NOT_FOUND || kind == ZS_PROBLEM_FINAL)
		old_order_gone(f, in->err->text);
	else
		zs_flow_fail(f, in->err);
}

/* ---- the new order ---- */

static void check_profile(struct zs_flow *f, const struct zs_order *order)
{
	if (*f->profile && (!order->profile || strcmp(order->profile, f->profile)))
		zs_flow_note(f, "%s did not confirm the profile \"%s\"; the certificate may be of another kind",
			     f->ca, f->profile);
}

static void take_order(struct zs_flow *f, const struct zs_order *order)
{
	zs_flow_copy_names(f, order);
	check_profile(f, order);
	switch (order->status) {
	case ZS_ORDER_PENDING:
		if (!order->nauthorizations)
			zs_flow_failf(f, ZS_E_CA_PROTOCOL, "order: pending without any authorization");
		else
			read_authorizations(f);
		return;
	case ZS_ORDER_READY:
		zs_flow_finalize(f);
		return;
	case ZS_ORDER_INVALID:
		zs_flow_order_invalid(f, order);
		return;
	default:
		zs_flow_failf(f, ZS_E_CA_PROTOCOL, "order: %s although it is new",
			      zs_order_status_name(order->status));
	}
}

void zs_flow_on_order(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_arena scratch;
	struct zs_order order;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_flow_read_location(f, in, "order", &f->order_url, &err) ||
	    zs_flow_parse_order(f, in, f->order_url, &scratch, &order, &err))
		zs_flow_fail(f, &err);
	else if (!zs_order_is_for(&order, f->names, f->nnames))
		zs_flow_failf(f, ZS_E_CA_PROTOCOL, "order: identifiers: not the names that were ordered");
	else
		take_order(f, &order);
	zs_arena_done(&scratch);
}

/* newOrder is sent at most twice a run. */
static void order_again(struct zs_flow *f, const struct zs_err *err, int64_t delay_ms)
{
	if (f->new_orders >= MAX_NEW_ORDER || delay_ms > MAX_RETRY_AFTER_MS) {
		zs_flow_fail(f, err);
		return;
	}
	zs_flow_note(f, "newOrder is sent once more: %s", err->text);
	new_order(f, delay_ms);
}

void zs_flow_on_order_refused(struct zs_flow *f, const struct zs_flow_in *in)
{
	int64_t delay = in->wait_ms >= 0 ? in->wait_ms : FIRST_BACKOFF_MS;

	switch (zs_problem_kind(in->err)) {
	case ZS_PROBLEM_ACCOUNT_GONE:
		f->new_orders--;	/* certainly without effect */
		account_gone(f, in->err);
		return;
	case ZS_PROBLEM_BUSY:
		order_again(f, in->err, delay);
		return;
	case ZS_PROBLEM_LIMITED:
		if (in->wait_ms >= 0) {
			order_again(f, in->err, delay);
			return;
		}
		/* fallthrough */
	default:
		zs_flow_fail(f, in->err);
	}
}

void zs_flow_on_order_lost(struct zs_flow *f, const struct zs_flow_in *in)
{
	/* an answer that came and broke a rule would break it again */
	if (in->err->code == ZS_E_NETWORK)
		order_again(f, in->err, 0);
	else
		zs_flow_fail(f, in->err);
}
