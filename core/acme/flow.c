/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuance machine: states, the table between them, from events to steps,
 * actions out.  Performs nothing itself and knows no time but that of the last
 * event.  The steps are in the files that acme/flow_state.h lists.
 */
#include "acme/flow_state.h"

#include <stdlib.h>
#include <string.h>

#include "acme/link.h"
#include "acme/problem.h"
#include "base/clock.h"

enum {
	MAX_KEPT = 8 * 1024 * 1024,	/* arena: URLs, records, chains */
	MAX_TRIES = 5,			/* of one request that the CA answers with "later" */
	MAX_SKEW_S = 300		/* reported from here on */
};

/* ---- the states ---- */

static const struct {
	const char *name;
	enum zs_code late;	/* code when the job's time ends here */
	const char *doing;
} states[] = {
	[S_WAIT] = { "wait", ZS_E_NETWORK, "waiting for the directory of the CA and the walk of the zones" },
	[S_ACCOUNT] = { "account", ZS_E_NETWORK, "registering the account" },
	[S_ACCOUNT_SET] = { "account-set", ZS_E_PEER, "noting the account" },
	[S_ACCOUNT_LOST] = { "account-lost", ZS_E_PEER, "moving the lost account aside" },
	[S_RESUME] = { "resume", ZS_E_NETWORK, "reading the order of an earlier run" },
	[S_GONE] = { "gone", ZS_E_PEER, "forgetting the order of an earlier run" },
	[S_ORDER] = { "order", ZS_E_NETWORK, "ordering" },
	[S_AUTHORIZE] = { "authorize", ZS_E_NETWORK, "reading the authorizations" },
	[S_VALUES] = { "values", ZS_E_PEER, "computing the TXT values" },
	[S_PUBLISH] = { "publish", ZS_E_PROVIDER, "publishing the records" },
	[S_PROPAGATE] = { "propagate", ZS_E_PROPAGATION, "waiting for the name servers" },
	[S_ANNOUNCE] = { "announce", ZS_E_NETWORK, "announcing the challenges" },
	[S_SETTLE] = { "settle", ZS_E_NETWORK, "waiting for the CA to validate" },
	[S_FINALIZE] = { "finalize", ZS_E_NETWORK, "finalizing the order" },
	[S_CHECK] = { "check", ZS_E_NETWORK, "looking whether finalize arrived" },
	[S_ISSUE] = { "issue", ZS_E_NETWORK, "waiting for the CA to issue" },
	[S_DOWNLOAD] = { "download", ZS_E_NETWORK, "downloading the certificate" },
	[S_INSPECT] = { "inspect", ZS_E_BUG, "reading the chain" },
	[S_ALTERNATE] = { "alternate", ZS_E_NETWORK, "downloading another chain" },
	[S_VERIFY] = { "verify", ZS_E_BUG, "verifying the certificate" },
	[S_STORE] = { "store", ZS_E_STORAGE, "storing the certificate" },
	[S_EXPLAIN] = { "explain", ZS_E_NETWORK, "asking the CA for the reason" },
	[S_CLEAN] = { "clean", ZS_E_NETWORK, "cleaning up" },
	[S_END] = { "end", ZS_E_BUG, "being over" },
};
_Static_assert(ZS_COUNT(states) == S__COUNT, "one row per state");

const char *zs_flow_doing(const struct zs_flow *f)
{
	return states[f->state].doing;
}

enum zs_code zs_flow_late_code(const struct zs_flow *f)
{
	return states[f->state].late;
}

/* ---- the table ---- */

/* An empty place means: ignored.  VERIFY and STORE have no I_STOP: they are quick
 * and what they finish would be lost. */
static zs_flow_step *const table[S__COUNT][I__COUNT] = {
	[S_WAIT] = { [I_START] = zs_flow_on_start, [I_ROUTES] = zs_flow_on_routes_waited, [I_STOP] = zs_flow_on_stop },
	[S_ACCOUNT] = { [I_ROUTES] = zs_flow_on_routes, [I_OK] = zs_flow_on_account, [I_REFUSED] = zs_flow_on_refused,
			[I_LOST] = zs_flow_on_lost, [I_STOP] = zs_flow_on_stop },
	[S_ACCOUNT_SET] = { [I_ROUTES] = zs_flow_on_routes, [I_DONE] = zs_flow_on_account_set, [I_STOP] = zs_flow_on_stop },
	[S_ACCOUNT_LOST] = { [I_ROUTES] = zs_flow_on_routes, [I_DONE] = zs_flow_on_account_lost, [I_STOP] = zs_flow_on_stop },
	[S_RESUME] = { [I_ROUTES] = zs_flow_on_routes, [I_OK] = zs_flow_on_old_order, [I_REFUSED] = zs_flow_on_old_order_refused,
		       [I_LOST] = zs_flow_on_lost, [I_STOP] = zs_flow_on_stop },
	[S_GONE] = { [I_ROUTES] = zs_flow_on_routes, [I_DONE] = zs_flow_on_gone, [I_STOP] = zs_flow_on_stop },
	[S_ORDER] = { [I_OK] = zs_flow_on_order, [I_REFUSED] = zs_flow_on_order_refused, [I_LOST] = zs_flow_on_order_lost,
		      [I_STOP] = zs_flow_on_stop },
	[S_AUTHORIZE] = { [I_OK] = zs_flow_on_authz, [I_REFUSED] = zs_flow_on_refused, [I_LOST] = zs_flow_on_lost,
			  [I_STOP] = zs_flow_on_stop },
	[S_VALUES] = { [I_VALUES] = zs_flow_on_values, [I_STOP] = zs_flow_on_stop },
	[S_PUBLISH] = { [I_PUBLISHED] = zs_flow_on_published, [I_STOP] = zs_flow_on_stop },
	[S_PROPAGATE] = { [I_PROPAGATED] = zs_flow_on_propagated, [I_STOP] = zs_flow_on_stop },
	[S_ANNOUNCE] = { [I_OK] = zs_flow_on_accepted, [I_REFUSED] = zs_flow_on_accept_refused, [I_LOST] = zs_flow_on_lost,
			 [I_STOP] = zs_flow_on_stop },
	[S_SETTLE] = { [I_OK] = zs_flow_on_settled, [I_REFUSED] = zs_flow_on_refused, [I_LOST] = zs_flow_on_lost,
		       [I_STOP] = zs_flow_on_stop },
	[S_FINALIZE] = { [I_ROUTES] = zs_flow_on_routes, [I_OK] = zs_flow_on_finalized, [I_REFUSED] = zs_flow_on_finalize_refused,
			 [I_LOST] = zs_flow_on_finalize_lost, [I_REMOVED] = zs_flow_on_removed, [I_STOP] = zs_flow_on_stop },
	[S_CHECK] = { [I_OK] = zs_flow_on_checked, [I_REFUSED] = zs_flow_on_refused, [I_LOST] = zs_flow_on_lost,
		      [I_REMOVED] = zs_flow_on_removed, [I_STOP] = zs_flow_on_stop },
	[S_ISSUE] = { [I_OK] = zs_flow_on_issued, [I_REFUSED] = zs_flow_on_refused, [I_LOST] = zs_flow_on_lost,
		      [I_REMOVED] = zs_flow_on_removed, [I_STOP] = zs_flow_on_stop },
	[S_DOWNLOAD] = { [I_OK] = zs_flow_on_downloaded, [I_REFUSED] = zs_flow_on_refused, [I_LOST] = zs_flow_on_lost,
			 [I_REMOVED] = zs_flow_on_removed, [I_STOP] = zs_flow_on_stop },
	[S_INSPECT] = { [I_INSPECTED] = zs_flow_on_inspected, [I_REMOVED] = zs_flow_on_removed, [I_STOP] = zs_flow_on_stop },
	[S_ALTERNATE] = { [I_OK] = zs_flow_on_alternate, [I_REFUSED] = zs_flow_on_alternate_failed,
			  [I_LOST] = zs_flow_on_alternate_failed, [I_REMOVED] = zs_flow_on_removed, [I_STOP] = zs_flow_on_stop },
	[S_VERIFY] = { [I_VERIFIED] = zs_flow_on_verified, [I_REMOVED] = zs_flow_on_removed },
	[S_STORE] = { [I_STORED] = zs_flow_on_stored, [I_REMOVED] = zs_flow_on_removed },
	[S_EXPLAIN] = { [I_OK] = zs_flow_on_reason, [I_REFUSED] = zs_flow_on_no_reason, [I_LOST] = zs_flow_on_no_reason,
			[I_PUBLISHED] = zs_flow_on_published_late, [I_REMOVED] = zs_flow_on_removed,
			[I_STOP] = zs_flow_on_stop_failed },
	[S_CLEAN] = { [I_OK] = zs_flow_on_clean_answer, [I_REFUSED] = zs_flow_on_clean_answer,
		      [I_LOST] = zs_flow_on_clean_answer, [I_DONE] = zs_flow_on_clean_answer,
		      [I_PUBLISHED] = zs_flow_on_published_late, [I_REMOVED] = zs_flow_on_removed,
		      [I_STOP] = zs_flow_on_stop_failed },
};

/* ---- from event to input ---- */

/* Which action an event answers; ZS_DO__COUNT = none. */
static const struct {
	const char *name;
	enum zs_flow_do answers;
	enum zs_flow_input input;
} events[] = {
	[ZS_ON_START] = { "start", ZS_DO__COUNT, I_START },
	[ZS_ON_ROUTES] = { "routes", ZS_DO__COUNT, I_ROUTES },
	[ZS_ON_REPLY] = { "reply", ZS_DO_REQUEST, I_OK },
	[ZS_ON_LOST] = { "lost", ZS_DO_REQUEST, I_LOST },
	[ZS_ON_TXT_VALUES] = { "txt-values", ZS_DO_TXT_VALUES, I_VALUES },
	[ZS_ON_PUBLISHED] = { "published", ZS_DO_PUBLISH, I_PUBLISHED },
	[ZS_ON_PROPAGATED] = { "propagated", ZS_DO_WATCH, I_PROPAGATED },
	[ZS_ON_REMOVED] = { "removed", ZS_DO_REMOVE, I_REMOVED },
	[ZS_ON_INSPECTED] = { "inspected", ZS_DO_INSPECT, I_INSPECTED },
	[ZS_ON_VERIFIED] = { "verified", ZS_DO_VERIFY, I_VERIFIED },
	[ZS_ON_STORED] = { "stored", ZS_DO_STORE, I_STORED },
	[ZS_ON_DONE] = { "done", ZS_DO_ACCOUNT_SET, I_DONE },
	[ZS_ON_CANCEL] = { "cancel", ZS_DO__COUNT, I_STOP },
	[ZS_ON_DEADLINE] = { "deadline", ZS_DO__COUNT, I_STOP },
};
_Static_assert(ZS_COUNT(events) == ZS_ON__COUNT, "one row per event");

static bool answers(enum zs_flow_on on, enum zs_flow_do act)
{
	if (on == ZS_ON_DONE)
		return act == ZS_DO_ACCOUNT_SET || act == ZS_DO_ACCOUNT_LOST || act == ZS_DO_ORDER_GONE;
	return events[on].answers == act;
}

/* Takes the open reference out; false when there is none that fits. */
static bool take_open(struct zs_flow *f, const struct zs_flow_event *event, struct zs_flow_open *ret)
{
	for (size_t i = 0; i < f->open.n; i++) {
		if (f->open.items[i].ref != event->ref || !event->ref ||
		    !answers(event->on, f->open.items[i].act))
			continue;
		*ret = f->open.items[i];
		zs_vec_remove(&f->open, i);
		return true;
	}
	return false;
}

/* The CA's clock, from its Date header. */
static void learn_skew(struct zs_flow *f, const struct zs_flow_reply *reply)
{
	int64_t date;

	if (!reply->date.n || !zs_time_parse_http(reply->date, &date))
		return;
	f->skew = date - f->wall;
	if (f->skew_told || (f->skew <= MAX_SKEW_S && f->skew >= -MAX_SKEW_S))
		return;
	f->skew_told = true;
	zs_flow_note(f, "the clock of this machine differs from that of %s by %lld seconds (ours minus theirs)",
	     f->ca, (long long)-f->skew);
}

static int64_t read_retry_after(const struct zs_flow *f, const struct zs_flow_reply *reply)
{
	int64_t at;

	if (!reply->retry_after.n || !zs_time_retry_after(reply->retry_after, zs_flow_ca_now(f), &at))
		return -1;
	return at > zs_flow_ca_now(f) ? (at - zs_flow_ca_now(f)) * 1000 : 0;
}

static bool is_read(enum zs_flow_op op)
{
	return op == ZS_OP_READ_ORDER || op == ZS_OP_READ_AUTHZ || op == ZS_OP_DOWNLOAD || op == ZS_OP_ALTERNATE;
}

/* Milliseconds until the refused request is sent again, -1 = not at all. */
static int64_t again_in(const struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_flow_op op = in->open.request.op;
	enum zs_problem_kind kind = zs_problem_kind(in->err);
	int64_t backoff = (int64_t)zs_backoff_ms(FIRST_BACKOFF_MS, 200, in->open.tries, MAX_BACKOFF_MS);
	bool later = kind == ZS_PROBLEM_BUSY ||
		     (kind == ZS_PROBLEM_LIMITED && (in->wait_ms >= 0 || is_read(op))) ||
		     (kind == ZS_PROBLEM_NOT_FOUND && op == ZS_OP_DOWNLOAD);

	if (!later || !in->open.request.repeat || in->open.tries >= MAX_TRIES)
		return -1;
	if (f->state == S_EXPLAIN || f->state == S_CLEAN || in->wait_ms > MAX_RETRY_AFTER_MS)
		return -1;
	return in->wait_ms > backoff ? in->wait_ms : backoff;
}

static bool url_is_shown(const struct zs_flow_reply *reply, struct zs_slice *ret)
{
	return zs_link_find(reply->links, reply->nlinks, "terms-of-service", ret) &&
	       ret->n && ret->n < 200 && zs_slice_is_graph(*ret);
}

/* Terms have changed: the CA links the new ones (RFC 8555 7.3.3). */
static void hint_terms(const struct zs_flow_reply *reply, struct zs_err *err)
{
	struct zs_slice url;

	if (err->code == ZS_E_CA_ACCOUNT && url_is_shown(reply, &url))
		zs_err_hint(err, "read the terms at %.*s, then agree with --agree-tos or `agree-tos = yes` for the CA",
			    (int)url.n, (const char *)url.p);
}

/* Splits a reply into good, refused and "later" (then true: done with it). */
static bool sort_reply(struct zs_flow *f, struct zs_flow_in *in, struct zs_err *err, enum zs_flow_input *ret)
{
	const struct zs_flow_reply *reply = &in->event->reply;
	struct zs_problem_source source = { .url = in->open.request.url, .status = reply->status };
	int64_t again;

	learn_skew(f, reply);
	in->wait_ms = read_retry_after(f, reply);
	if (reply->status == 200 || reply->status == 201)
		return false;
	if (in->wait_ms >= 0)
		source.retry_at = f->wall + in->wait_ms / 1000;
	zs_problem_read(reply->body, &source, err);
	zs_err_subject(err, "%s", f->ca);
	hint_terms(reply, err);
	in->err = err;
	*ret = I_REFUSED;
	again = again_in(f, in);
	if (again >= 0)
		zs_flow_send_again(f, &in->open, again);
	return again >= 0;
}

static void fill_lost(struct zs_flow_in *in, struct zs_err *err)
{
	if (in->event->err && in->event->err->code)
		*err = *in->event->err;
	else
		(void)zs_err_set(err, ZS_E_NETWORK, "no reply from the CA");
	if (!err->where[0])
		zs_err_where(err, "%s", in->open.request.url);
	in->err = err;
}

static void run_step(struct zs_flow *f, enum zs_flow_input input, const struct zs_flow_in *in)
{
	zs_flow_step *s = table[f->state][input];

	if (s)
		s(f, in);
}

void zs_flow_event(struct zs_flow *flow, const struct zs_flow_event *event)
{
	struct zs_flow_in in = { .event = event, .wait_ms = -1 };
	struct zs_err err;
	enum zs_flow_input input;

	if (flow->state == S_END || flow->nomem || (size_t)event->on >= ZS_COUNT(events))
		return;
	flow->now_ms = event->now_ms;
	flow->wall = event->wall;
	input = events[event->on].input;
	if (events[event->on].answers != ZS_DO__COUNT && !take_open(flow, event, &in.open))
		return;
	if (event->err && event->err->code)
		in.err = event->err;
	if (event->on == ZS_ON_REPLY && sort_reply(flow, &in, &err, &input))
		return;
	if (event->on == ZS_ON_LOST)
		fill_lost(&in, &err);
	run_step(flow, input, &in);
}

/* ---- actions out ---- */

/* Memory ran out: one END without asking for any more of it.  What was published
 * is in the journal and goes with the next run. */
static const struct zs_flow_action *end_without_memory(struct zs_flow *f)
{
	f->ended = true;
	f->state = S_END;
	(void)zs_err_set(&f->end.err, ZS_E_NOMEM, "memory ran out");
	if (f->records_are != RECORDS_NONE && f->records_are != RECORDS_GONE)
		f->end.residue = (uint32_t)f->nrecords;
	f->end.order_url = f->order_url;
	memset(&f->current, 0, sizeof(f->current));
	f->current.act = ZS_DO_END;
	f->current.text = "";
	f->current.end = &f->end;
	return &f->current;
}

const struct zs_flow_action *zs_flow_next(struct zs_flow *flow)
{
	if (flow->head == flow->queue.n) {
		flow->head = flow->queue.n = 0;
		if (flow->nomem && !flow->ended)
			return end_without_memory(flow);
		return NULL;
	}
	flow->current = flow->queue.items[flow->head++];
	if (flow->current.act == ZS_DO_END)
		flow->ended = true;
	return &flow->current;
}

/* ---- names, life ---- */

static const char *const acts[] = {
	[ZS_DO_PHASE] = "phase", [ZS_DO_NOTE] = "note", [ZS_DO_REQUEST] = "request",
	[ZS_DO_DROP] = "drop", [ZS_DO_TXT_VALUES] = "txt-values", [ZS_DO_PUBLISH] = "publish",
	[ZS_DO_WATCH] = "watch", [ZS_DO_REMOVE] = "remove", [ZS_DO_INSPECT] = "inspect",
	[ZS_DO_VERIFY] = "verify", [ZS_DO_STORE] = "store", [ZS_DO_ACCOUNT_SET] = "account-set",
	[ZS_DO_ACCOUNT_LOST] = "account-lost", [ZS_DO_ORDER_GONE] = "order-gone", [ZS_DO_END] = "end",
};
_Static_assert(ZS_COUNT(acts) == ZS_DO__COUNT, "one name per action");

const char *zs_flow_do_name(enum zs_flow_do act)
{
	return (size_t)act < ZS_COUNT(acts) ? acts[act] : "unknown";
}

const char *zs_flow_on_name(enum zs_flow_on on)
{
	return (size_t)on < ZS_COUNT(events) ? events[on].name : "unknown";
}

enum zs_phase zs_flow_phase(const struct zs_flow *flow)
{
	return flow->phase;
}

bool zs_flow_may_publish(const struct zs_flow *flow)
{
	return flow->state <= S_VALUES && !flow->dry_run && !flow->nomem;
}

bool zs_flow_is_over(const struct zs_flow *flow)
{
	return flow->ended;
}

const char *zs_flow_state_name(const struct zs_flow *flow)
{
	return states[flow->state].name;
}

static const char *keep_or_empty(struct zs_flow *f, const char *text)
{
	return text ? zs_flow_keep(f, zs_slice_str(text)) : "";
}

static void copy_origins(struct zs_flow *f, struct zs_origins origins)
{
	struct zs_slice *items = zs_arena_alloc(&f->arena, (origins.n + 1) * sizeof(*items));

	if (!items) {
		f->nomem = true;
		return;
	}
	for (size_t i = 0; i < origins.n; i++)
		items[i] = zs_slice_str(zs_flow_keep(f, origins.items[i]));
	f->origins = (struct zs_origins){ items, origins.n };
}

struct zs_flow *zs_flow_new(const struct zs_flow_spec *spec)
{
	struct zs_flow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	zs_arena_init(&f->arena, MAX_KEPT);
	f->ca = keep_or_empty(f, spec->ca);
	f->account_url = keep_or_empty(f, spec->account_url);
	f->order_url = keep_or_empty(f, spec->order_url);
	f->profile = keep_or_empty(f, spec->profile);
	f->preferred = keep_or_empty(f, spec->preferred_chain);
	f->resuming = *f->order_url;
	copy_origins(f, spec->origins);
	f->names = zs_arena_alloc(&f->arena, (spec->nidentifiers + 1) * sizeof(*f->names));
	if (!f->names || f->nomem) {
		zs_flow_free(f);
		return NULL;
	}
	if (spec->nidentifiers)
		memcpy(f->names, spec->identifiers, spec->nidentifiers * sizeof(*f->names));
	f->nnames = spec->nidentifiers;
	f->agree_terms = spec->agree_terms;
	f->has_eab = spec->has_eab;
	f->dry_run = spec->dry_run;
	f->end.order_url = "";
	f->phase = ZS_PHASE_PLAN;
	return f;
}

void zs_flow_free(struct zs_flow *flow)
{
	if (!flow)
		return;
	zs_vec_done(&flow->open);
	zs_vec_done(&flow->queue);
	zs_arena_done(&flow->arena);
	free(flow);
}
