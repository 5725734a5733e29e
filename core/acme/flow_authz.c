/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the issuance machine from the authorizations to an order that is
 * ready: TXT values, records, challenges.
 */
#include "acme/flow_state.h"

#include <string.h>

#include "acme/problem.h"
#include "base/b64url.h"

/* ---- authorizations ---- */

/* The same name without regard to a "*" label. */
static bool same_base(const struct zs_name *a, const struct zs_name *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static bool is_ours(const struct zs_flow *f, const struct zs_name *name)
{
	for (size_t i = 0; i < f->nnames; i++)
		if (same_base(&f->names[i], name))
			return true;
	return false;
}

static void authz_dead(struct zs_flow *f, const struct zs_authz *authz, const char *url)
{
	struct zs_err err;

	if (authz->has_error) {
		err = authz->error;
	} else {
		(void)zs_err_set(&err, ZS_E_CA_REFUSED, "the authorization is %s",
				 zs_authz_status_name(authz->status));
		zs_err_where(&err, "%s", url);
	}
	zs_flow_subject_of(&err, &authz->identifier);
	zs_flow_explain(f, &err);
}

static void no_dns01(struct zs_flow *f, const struct zs_authz *authz, const char *url)
{
	struct zs_err err;

	(void)zs_err_set(&err, ZS_E_CA_REFUSED,
			 "the CA offers no dns-01 challenge for this name, only: %s",
			 authz->offered[0] ? authz->offered : "none at all");
	zs_err_where(&err, "%s", url);
	zs_flow_subject_of(&err, &authz->identifier);
	zs_flow_fail(f, &err);
}

static void keep_authz(struct zs_flow *f, struct zs_flow_authz *mine, const struct zs_authz *authz)
{
	mine->name = authz->identifier;
	mine->status = authz->status;
	mine->read = true;
	mine->publish = mine->accept = false;
	if (authz->status != ZS_AUTHZ_PENDING || !authz->has_dns01)
		return;
	mine->challenge = zs_flow_keep(f, zs_slice_str(authz->dns01.url));
	mine->token = zs_flow_keep(f, zs_slice_str(authz->dns01.token));
	mine->accept = authz->dns01.status == ZS_CHALLENGE_PENDING;
	mine->publish = mine->accept || authz->dns01.status == ZS_CHALLENGE_PROCESSING;
}

static void settle(struct zs_flow *f, int64_t wait_ms);

static void ask_values(struct zs_flow *f)
{
	struct zs_slice *tokens = zs_arena_alloc(&f->arena, (f->nauthz + 1) * sizeof(*tokens));
	struct zs_flow_action *a;
	size_t n = 0;

	if (!tokens) {
		f->nomem = true;
		return;
	}
	for (size_t i = 0; i < f->nauthz; i++)
		if (f->authz[i].publish)
			tokens[n++] = zs_slice_str(f->authz[i].token);
	if (!n) {
		settle(f, 0);
		return;
	}
	f->state = S_VALUES;
	a = zs_flow_push_open(f, ZS_DO_TXT_VALUES, NULL);
	if (!a)
		return;
	a->tokens = tokens;
	a->ntokens = n;
}

/* True when the authorization is one that this job can work with. */
static bool accept_authz(struct zs_flow *f, const struct zs_authz *authz, const char *url)
{
	char name[ZS_MAX_NAME + 3];

	zs_name_print(&authz->identifier, name);
	if (!is_ours(f, &authz->identifier))
		zs_flow_failf(f, ZS_E_CA_PROTOCOL, "authorization: %s: for \"%s\", which is not in the order", url, name);
	else if (authz->status != ZS_AUTHZ_VALID && authz->status != ZS_AUTHZ_PENDING)
		authz_dead(f, authz, url);
	else if (authz->status == ZS_AUTHZ_PENDING && !authz->has_dns01)
		no_dns01(f, authz, url);
	else if (authz->status == ZS_AUTHZ_PENDING && authz->dns01.status == ZS_CHALLENGE_INVALID)
		authz_dead(f, authz, url);
	else
		return true;
	return false;
}

void zs_flow_on_authz(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_flow_authz *mine = &f->authz[in->open.index];
	struct zs_acme_from source = zs_flow_from(f, mine->url);
	struct zs_arena scratch;
	struct zs_authz authz;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_authz_parse(zs_flow_body(in), &source, &scratch, &authz, &err)) {
		zs_flow_fail(f, &err);
	} else if (accept_authz(f, &authz, mine->url)) {
		keep_authz(f, mine, &authz);
		if (!f->open.n)
			ask_values(f);
	}
	zs_arena_done(&scratch);
}

/* ---- records ---- */

static const struct zs_flow_route *route_of(const struct zs_flow *f, const struct zs_name *name)
{
	for (size_t i = 0; i < f->nroutes; i++)
		if (same_base(&f->routes[i].identifier, name))
			return &f->routes[i];
	return NULL;
}

/* The same token twice gives the same record twice: it is published once. */
static bool has_record(const struct zs_flow *f, const struct zs_flow_route *route, struct zs_slice value)
{
	for (size_t i = 0; i < f->nrecords; i++)
		if (zs_slice_eq_str(value, f->records[i].value) &&
		    zs_name_eq(&f->records[i].effective, &route->effective))
			return true;
	return false;
}

static bool value_ok(const struct zs_flow_authz *authz, const struct zs_msg_txt_value *are)
{
	return are->value.n == ZS_TXT_VALUE && zs_b64url_ok(are->value) &&
	       zs_b64url_key_authorization_ok(zs_slice_str(authz->token), are->key_authorization);
}

static bool add_record(struct zs_flow *f, const struct zs_flow_authz *authz, const struct zs_msg_txt_value *are)
{
	const struct zs_flow_route *route = route_of(f, &authz->name);
	struct zs_flow_record *record;

	if (!route) {
		zs_flow_failf(f, ZS_E_BUG, "no route for %s", authz->name.text);
		return false;
	}
	if (!value_ok(authz, are)) {
		zs_flow_failf(f, ZS_E_PEER, "the vault sent a TXT value of the wrong shape");
		return false;
	}
	if (has_record(f, route, are->value))
		return true;
	record = &f->records[f->nrecords++];
	record->identifier = authz->name;
	record->identifier.wildcard = false;
	record->effective = route->effective;
	record->zone = route->zone;
	record->route = (uint32_t)(route - f->routes);
	record->token = authz->token;
	record->key_authorization = zs_flow_keep(f, are->key_authorization);
	(void)zs_slice_copy(are->value, record->value, sizeof(record->value));
	return !f->nomem;
}

/* False when it failed. */
static bool make_records(struct zs_flow *f, const struct zs_flow_event *event)
{
	size_t n = 0;

	f->records = zs_arena_alloc(&f->arena, (f->nauthz + 1) * sizeof(*f->records));
	if (!f->records) {
		f->nomem = true;
		return false;
	}
	f->nrecords = 0;
	for (size_t i = 0; i < f->nauthz; i++) {
		if (!f->authz[i].publish)
			continue;
		if (n == event->nvalues)
			break;
		if (!add_record(f, &f->authz[i], &event->values[n++]))
			return false;
	}
	return true;
}

static size_t count_published(const struct zs_flow *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->nauthz; i++)
		n += f->authz[i].publish;
	return n;
}

static void push_records(struct zs_flow *f, enum zs_flow_do act)
{
	struct zs_flow_action *a = zs_flow_push_open(f, act, NULL);

	if (!a)
		return;
	a->records = f->records;
	a->nrecords = f->nrecords;
	if (act == ZS_DO_PUBLISH)
		f->records_are = RECORDS_PUBLISHING;
}

void zs_flow_on_values(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->err) {
		zs_flow_fail(f, in->err);
		return;
	}
	if (in->event->nvalues != count_published(f)) {
		zs_flow_failf(f, ZS_E_PEER, "the vault sent %zu TXT values for %zu tokens",
			      in->event->nvalues, count_published(f));
		return;
	}
	if (!make_records(f, in->event))
		return;
	f->state = S_PUBLISH;
	zs_flow_set_phase(f, ZS_PHASE_PUBLISH, "publishing %zu record%s", f->nrecords, f->nrecords == 1 ? "" : "s");
	push_records(f, ZS_DO_PUBLISH);
}

void zs_flow_on_published(struct zs_flow *f, const struct zs_flow_in *in)
{
	f->records_are = RECORDS_THERE;
	if (in->err) {
		zs_flow_fail(f, in->err);
		return;
	}
	f->state = S_PROPAGATE;
	zs_flow_set_phase(f, ZS_PHASE_PROPAGATE, "waiting for the name servers");
	push_records(f, ZS_DO_WATCH);
}

/* Behind a failure or a cancel: now it can be undone. */
void zs_flow_on_published_late(struct zs_flow *f, const struct zs_flow_in *in)
{
	(void)in;
	f->records_are = RECORDS_THERE;
	zs_flow_start_removal(f);
	if (f->state == S_CLEAN)
		zs_flow_end_when_clean(f);
}

void zs_flow_on_removed(struct zs_flow *f, const struct zs_flow_in *in)
{
	f->records_are = RECORDS_GONE;
	f->end.residue = in->event->residue;
	if (in->err) {
		f->end.residue_err = *in->err;
		if (!f->end.residue)
			f->end.residue = (uint32_t)f->nrecords;
	} else if (f->end.residue) {
		(void)zs_err_set(&f->end.residue_err, ZS_E_RESIDUE, "%u of our TXT records are still there",
				 f->end.residue);
	}
	if (f->state == S_CLEAN)
		zs_flow_end_when_clean(f);
}

/* ---- announce and settle ---- */

static void announce(struct zs_flow *f)
{
	f->state = S_ANNOUNCE;
	f->poll_wait_ms = -1;
	zs_flow_set_phase(f, ZS_PHASE_ANNOUNCE, "telling the CA that the records are there");
	for (size_t i = 0; i < f->nauthz; i++)
		if (f->authz[i].accept)
			zs_flow_send(f, ZS_OP_ACCEPT, f->authz[i].challenge, i);
	if (!f->open.n)
		settle(f, -1);
}

void zs_flow_on_propagated(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->err)
		zs_flow_fail(f, in->err);
	else
		announce(f);
}

static void settle(struct zs_flow *f, int64_t wait_ms)
{
	f->state = S_SETTLE;
	f->polls = 0;
	zs_flow_set_phase(f, ZS_PHASE_SETTLE, "the CA validates");
	zs_flow_poll_order(f, wait_ms);
}

static void announced(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->wait_ms > f->poll_wait_ms)
		f->poll_wait_ms = in->wait_ms;
	if (!f->open.n)
		settle(f, f->poll_wait_ms);
}

/* An accept was refused and the authorization read: was it perhaps taken all the
 * same, by an earlier send or another order? */
static void on_accept_checked(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_flow_authz *mine = &f->authz[in->open.index];
	struct zs_acme_from source = zs_flow_from(f, mine->url);
	struct zs_arena scratch;
	struct zs_authz authz;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_authz_parse(zs_flow_body(in), &source, &scratch, &authz, &err))
		zs_flow_fail(f, &err);
	else if (authz.status == ZS_AUTHZ_PENDING && authz.has_dns01 &&
		 authz.dns01.status == ZS_CHALLENGE_PENDING)
		zs_flow_fail(f, &f->accept_err);
	else if (authz.status != ZS_AUTHZ_PENDING && authz.status != ZS_AUTHZ_VALID)
		authz_dead(f, &authz, mine->url);
	else
		announced(f, in);
	zs_arena_done(&scratch);
}

void zs_flow_on_accepted(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_acme_from source = zs_flow_from(f, in->open.request.url);
	struct zs_arena scratch;
	struct zs_challenge challenge;
	struct zs_err err;

	if (in->open.request.op == ZS_OP_READ_AUTHZ) {
		on_accept_checked(f, in);
		return;
	}
	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_challenge_parse(zs_flow_body(in), &source, &scratch, &challenge, &err))
		zs_flow_fail(f, &err);
	else
		announced(f, in);
	zs_arena_done(&scratch);
}

void zs_flow_on_accept_refused(struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_problem_kind kind = zs_problem_kind(in->err);

	if (in->open.request.op != ZS_OP_ACCEPT || kind == ZS_PROBLEM_ACCOUNT_GONE ||
	    kind == ZS_PROBLEM_LIMITED || kind == ZS_PROBLEM_BUSY) {
		zs_flow_fail(f, in->err);
		return;
	}
	f->accept_err = *in->err;
	zs_flow_subject_of(&f->accept_err, &f->authz[in->open.index].name);
	zs_flow_note(f, "%s: the CA refused the accept, its state is read: %s",
	     f->authz[in->open.index].name.text, in->err->text);
	zs_flow_send(f, ZS_OP_READ_AUTHZ, f->authz[in->open.index].url, in->open.index);
}

void zs_flow_on_settled(struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_order_status status;

	if (!zs_flow_polled(f, in, &status))
		return;
	if (status == ZS_ORDER_PENDING)
		zs_flow_poll_order(f, in->wait_ms);
	else if (status == ZS_ORDER_READY)
		zs_flow_finalize(f);
	else
		zs_flow_failf(f, ZS_E_CA_PROTOCOL, "order: %s although it was never finalized",
			      zs_order_status_name(status));
}
