/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine/jobs.h.  Holds no protocol logic: that is acme/flow.c.
 */
#include "engine/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acme/problem.h"
#include "base/log.h"
#include "engine/publish.h"
#include "engine/session.h"
#include "engine/watch.h"
#include "wrap/x509.h"

enum { JOB_MEMORY = 4 * 1024 * 1024, CALLS_MAX = 1024 };

struct zs_job;

/* An answer the flow waits for. */
struct call {
	struct zs_job *job;
	uint32_t ref;
	struct zs_op *op;		/* a request; else NULL */
	struct zs_watch *watch;		/* a watch; else NULL */
};

struct zs_job {
	struct zs_engine *engine;
	struct zs_session *session;
	struct zs_flow *flow;
	struct zs_flow_spec spec;	/* of the flow, for a second one */
	struct zs_arena arena;		/* the strings and lists below */
	uint32_t id;
	const char *certificate;
	struct zs_slice spki;
	struct zs_name *names;
	size_t nnames;
	struct zs_msg_route *routes;
	uint32_t nroutes;
	ZS_VEC(struct call *) calls;
	struct zs_published *published;	/* made at the first PUBLISH */
	uint32_t *route_of;
	struct zs_publish_set set;
	uint32_t set_ref;
	enum zs_flow_on set_on;
	struct zs_x509_facts facts;
	char path[4096];
	uint32_t generation;
	bool performing, over, again, cancelled;
	struct zs_timer *deadline, *end;
};

static void perform_all(struct zs_job *job);

/* ---- events ---- */

static void feed(struct zs_job *job, struct zs_flow_event *event)
{
	struct zs_clock *clock = zs_loop_clock(zs_engine_loop(job->engine));

	event->now_ms = clock->mono_ms(clock);
	event->wall = clock->wall_ms(clock) / 1000;
	zs_flow_event(job->flow, event);
	perform_all(job);
}

static void feed_result(struct zs_job *job, enum zs_flow_on on, uint32_t ref, const struct zs_err *err)
{
	feed(job, &(struct zs_flow_event){ .on = on, .ref = ref, .err = err });
}

static struct call *call_new(struct zs_job *job, uint32_t ref)
{
	struct call *call = calloc(1, sizeof(*call)), **slot = call ? zs_vec_push(&job->calls, CALLS_MAX) : NULL;

	if (!slot) {
		free(call);
		return NULL;
	}
	*call = (struct call){ .job = job, .ref = ref };
	*slot = call;
	return call;
}

/* Ends the call's record; returns its reference. */
static uint32_t call_end(struct call *call)
{
	struct zs_job *job = call->job;
	uint32_t ref = call->ref;

	for (size_t i = 0; i < job->calls.n; i++) {
		if (job->calls.items[i] == call) {
			zs_vec_remove(&job->calls, i);
			break;
		}
	}
	free(call);
	return ref;
}

static void fail_nomem(struct zs_job *job, enum zs_flow_on on, uint32_t ref)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_NOMEM, "no memory");
	feed_result(job, on, ref, &err);
}

static struct zs_slice keep(struct zs_job *job, struct zs_slice s)
{
	const char *copy = zs_arena_str(&job->arena, s.p, s.n);

	return copy ? zs_slice_of(copy, s.n) : ZS_SLICE_NONE;
}

static const char *keep_str(struct zs_job *job, struct zs_slice s)
{
	return (const char *)keep(job, s).p;
}

/* ---- requests to the CA ---- */

static const struct { uint32_t sign; const char *accept; } ops[ZS_OP__COUNT] = {
	[ZS_OP_NEW_ACCOUNT] = { ZS_MSG_SIGN_NEW_ACCOUNT, NULL },
	[ZS_OP_NEW_ORDER] = { ZS_MSG_SIGN_NEW_ORDER, NULL },
	[ZS_OP_READ_ORDER] = { ZS_MSG_SIGN_READ, NULL },
	[ZS_OP_READ_AUTHZ] = { ZS_MSG_SIGN_READ, NULL },
	[ZS_OP_ACCEPT] = { ZS_MSG_SIGN_ACCEPT, NULL },
	[ZS_OP_FINALIZE] = { ZS_MSG_SIGN_FINALIZE, NULL },
	[ZS_OP_DOWNLOAD] = { ZS_MSG_SIGN_READ, "application/pem-certificate-chain" },
	[ZS_OP_ALTERNATE] = { ZS_MSG_SIGN_READ, "application/pem-certificate-chain" },
	[ZS_OP_DEACTIVATE] = { ZS_MSG_SIGN_DEACTIVATE, NULL },
};

static void on_reply(const struct zs_http_reply *reply, const struct zs_err *err, void *user)
{
	struct call *call = user;
	struct zs_job *job = call->job;
	struct zs_flow_event event = { .ref = call_end(call) };

	if (!reply) {
		event.on = ZS_ON_LOST;
		event.err = err;
	} else {
		event.on = ZS_ON_REPLY;
		event.reply = (struct zs_flow_reply){
			.status = reply->status, .body = reply->body, .location = reply->location,
			.retry_after = reply->retry_after, .date = reply->date, .links = reply->links, .nlinks = reply->nlinks,
		};
	}
	feed(job, &event);
}

static void do_request(struct zs_job *job, const struct zs_flow_action *action)
{
	const struct zs_flow_request *request = &action->request;
	const struct zs_op_spec spec = {
		.job = job->id, .sign = ops[request->op].sign, .accept = ops[request->op].accept, .url = request->url,
		.order_url = request->order_url, .delay_ms = request->delay_ms, .budget_ms = request->budget_ms,
		.repeatable = request->repeat,
	};
	struct call *call = call_new(job, action->ref);

	if (request->op == ZS_OP_NEW_ORDER)
		zs_session_expect(job->session, job->nnames);
	if (call && (call->op = zs_session_post(job->session, &spec, on_reply, call)))
		return;
	if (call)
		call_end(call);
	fail_nomem(job, ZS_ON_LOST, action->ref);
}

static void do_drop(struct zs_job *job, const struct zs_flow_action *action)
{
	if (action->drop == job->set_ref && job->set_on == ZS_ON_PUBLISHED)
		zs_publish_stop(job->engine, &job->set);
	for (size_t i = 0; i < job->calls.n; i++) {
		struct call *call = job->calls.items[i];
		if (call->ref != action->drop || !(call->op || call->watch))
			continue;
		zs_op_cancel(call->op);
		zs_watch_drop(call->watch);
		call_end(call);
		return;
	}
}

/* ---- requests to the vault ---- */

static void on_values(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct call *call = user;
	struct zs_job *job = call->job;
	struct zs_flow_event event = { .on = ZS_ON_TXT_VALUES, .ref = call_end(call), .err = err };
	const struct zs_msg_txt_values_are *are = in ? in->body : NULL;

	(void)chan;
	(void)final;
	if (are) {
		event.values = are->values.items;
		event.nvalues = are->values.n;
	}
	feed(job, &event);
}

static void do_txt_values(struct zs_job *job, const struct zs_flow_action *action)
{
	struct zs_msg_txt_values msg = { .job = job->id };
	struct call *call = call_new(job, action->ref);

	if (!call) {
		fail_nomem(job, ZS_ON_TXT_VALUES, action->ref);
		return;
	}
	msg.tokens.items = (struct zs_slice *)(uintptr_t)action->tokens;
	msg.tokens.n = (uint32_t)action->ntokens;
	zs_peer_call(job->engine, ZS_ROLE_VAULT, "", ZS_MSG_TXT_VALUES, &msg, 0, on_values, call, NULL);
}

static void on_done(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct call *call = user;
	struct zs_job *job = call->job;

	(void)chan;
	(void)in;
	(void)final;
	feed_result(job, ZS_ON_DONE, call_end(call), err);
}

static void tell_vault(struct zs_job *job, uint32_t ref, uint32_t type, const void *msg)
{
	struct call *call = call_new(job, ref);

	if (call)
		zs_peer_call(job->engine, ZS_ROLE_VAULT, "", type, msg, 0, on_done, call, NULL);
	else
		fail_nomem(job, ZS_ON_DONE, ref);
}

static void do_account_set(struct zs_job *job, const struct zs_flow_action *action)
{
	/* a second flow starts from what is on record */
	job->spec.account_url = keep_str(job, zs_slice_str(action->text));
	tell_vault(job, action->ref, ZS_MSG_ACCOUNT_SET,
		   &(struct zs_msg_account){ .job = job->id, .url = zs_slice_str(action->text) });
}

static void do_account_lost(struct zs_job *job, const struct zs_flow_action *action)
{
	if (zs_session_lost(job->session, action->text))
		zs_warn(job->certificate, "%s does not know the account %s any more; it is moved aside and registered anew with the same key",
			zs_session_ca(job->session), action->text);
	tell_vault(job, action->ref, ZS_MSG_ACCOUNT_LOST,
		   &(struct zs_msg_account){ .job = job->id, .url = zs_slice_str(action->text) });
}

static void do_order_gone(struct zs_job *job, const struct zs_flow_action *action)
{
	tell_vault(job, action->ref, ZS_MSG_ORDER_GONE, &(struct zs_msg_job_ref){ .job = job->id });
}

static void on_stored(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct call *call = user;
	struct zs_job *job = call->job;
	const struct zs_msg_stored *stored = in ? in->body : NULL;

	(void)chan;
	(void)final;
	if (stored) {
		zs_slice_copy(stored->path, job->path, sizeof(job->path));
		job->generation = stored->generation;
	}
	feed_result(job, ZS_ON_STORED, call_end(call), err);
}

static void do_store(struct zs_job *job, const struct zs_flow_action *action)
{
	const struct zs_msg_store msg = {
		.job = job->id, .chain = action->chain, .not_before = job->facts.not_before, .not_after = job->facts.not_after,
		.issuer = zs_slice_str(job->facts.issuer), .serial = zs_slice_str(job->facts.serial),
	};
	struct call *call = call_new(job, action->ref);

	if (call)
		zs_peer_call(job->engine, ZS_ROLE_VAULT, "", ZS_MSG_STORE, &msg, 0, on_stored, call, NULL);
	else
		fail_nomem(job, ZS_ON_STORED, action->ref);
}

/* ---- records ---- */

static void on_set(struct zs_publish_set *set, void *user)
{
	struct zs_job *job = user;
	struct zs_flow_event event = { .on = job->set_on, .ref = job->set_ref };

	for (size_t i = 0; i < set->n; i++) {
		if (!set->items[i].err.code)
			continue;
		if (!event.err)
			event.err = &set->items[i].err;
		event.residue++;
	}
	feed(job, &event);
}

/* The records of the flow become items that know their place in the journal. */
static bool make_items(struct zs_job *job, const struct zs_flow_action *action)
{
	if (job->published)
		return true;
	job->published = zs_arena_alloc(&job->arena, action->nrecords * sizeof(*job->published));
	job->route_of = zs_arena_alloc(&job->arena, action->nrecords * sizeof(*job->route_of));
	if (!job->published || !job->route_of) {
		job->published = NULL;
		return false;
	}
	for (size_t i = 0; i < action->nrecords; i++) {
		const struct zs_flow_record *record = &action->records[i];
		const struct zs_msg_route *route = &job->routes[record->route];
		struct zs_published *item = &job->published[i];

		job->route_of[i] = record->route;
		*item = (struct zs_published){
			.job = job->id, .certificate = job->certificate, .instance = (const char *)route->instance.p,
			.provider = (const char *)route->provider.p, .zone = record->zone, .name = record->effective,
			.identifier = record->identifier, .token = keep_str(job, zs_slice_str(record->token)),
			.key_authorization = keep_str(job, zs_slice_str(record->key_authorization)),
			.ttl = route->ttl, .max_changes = route->max_changes, .zone_lock = route->zone_lock,
		};
		snprintf(item->value, sizeof(item->value), "%s", record->value);
	}
	job->set = (struct zs_publish_set){ .items = job->published, .n = action->nrecords, .done = on_set, .user = job };
	return true;
}

static void do_publish(struct zs_job *job, const struct zs_flow_action *action)
{
	if (!make_items(job, action)) {
		fail_nomem(job, ZS_ON_PUBLISHED, action->ref);
		return;
	}
	job->set_ref = action->ref;
	job->set_on = ZS_ON_PUBLISHED;
	zs_publish_add(job->engine, &job->set);
}

static void do_remove(struct zs_job *job, const struct zs_flow_action *action)
{
	if (!make_items(job, action)) {
		fail_nomem(job, ZS_ON_REMOVED, action->ref);
		return;
	}
	job->set_ref = action->ref;
	job->set_on = ZS_ON_REMOVED;
	zs_publish_remove(job->engine, &job->set);
}

static void on_matrix(const struct zs_msg_probe_matrix *matrix, void *user)
{
	struct call *call = user;
	struct zs_job *job = call->job;
	struct zs_msg_job_matrix msg = { .job = job->id, .zone = matrix->zone, .elapsed_ms = matrix->elapsed_ms };

	msg.rows.items = matrix->rows.items;
	msg.rows.n = matrix->rows.n;
	zs_chan_note(job->engine->child.front_chan, ZS_MSG_JOB_MATRIX, &msg, -1);
}

static void on_watched(const struct zs_err *err, void *user)
{
	struct call *call = user;
	struct zs_job *job = call->job;

	feed_result(job, ZS_ON_PROPAGATED, call_end(call), err);
}

static void do_watch(struct zs_job *job, const struct zs_flow_action *action)
{
	struct call *call = call_new(job, action->ref);
	const struct zs_watch_spec spec = {
		.items = job->published, .routes = job->routes, .route_of = job->route_of, .n = action->nrecords,
		.matrix = on_matrix, .done = on_watched, .user = call,
	};

	if (call && (call->watch = zs_watch_new(job->engine, &spec)))
		return;
	if (call)
		call_end(call);
	fail_nomem(job, ZS_ON_PROPAGATED, action->ref);
}

/* ---- the certificate ---- */

static void do_inspect(struct zs_job *job, const struct zs_flow_action *action)
{
	char issuer[256];

	zs_x509_top_issuer(action->chain, issuer);
	feed(job, &(struct zs_flow_event){ .on = ZS_ON_INSPECTED, .ref = action->ref, .text = zs_slice_str(issuer) });
}

static void do_verify(struct zs_job *job, const struct zs_flow_action *action)
{
	struct zs_clock *clock = zs_loop_clock(zs_engine_loop(job->engine));
	const struct zs_x509_wanted wanted = {
		.spki = job->spki, .names = job->names, .nnames = job->nnames, .now = clock->wall_ms(clock) / 1000,
	};
	struct zs_err err;
	int rc = zs_x509_check(action->chain, &wanted, &job->facts, &err);

	feed_result(job, ZS_ON_VERIFIED, action->ref, rc ? &err : NULL);
}

/* ---- reports ---- */

static void do_phase(struct zs_job *job, const struct zs_flow_action *action)
{
	const struct zs_msg_job_phase msg = { .job = job->id, .phase = action->phase, .text = zs_slice_str(action->text) };

	zs_chan_note(job->engine->child.front_chan, ZS_MSG_JOB_PHASE, &msg, -1);
}

static void do_note(struct zs_job *job, const struct zs_flow_action *action)
{
	zs_warn(job->certificate, "%s", action->text);
}

static void job_free(struct zs_job *job);

static void on_end(void *user)
{
	struct zs_job *job = user;
	struct zs_engine *engine = job->engine;

	job->end = NULL;
	for (size_t i = 0; i < engine->jobs.n; i++) {
		if (engine->jobs.items[i] == job) {
			zs_vec_remove(&engine->jobs, i);
			break;
		}
	}
	job_free(job);
	zs_publish_poke(engine);
}

static void on_again(void *user);

/* The CA lost the account in mid-order: with it went the order, but nothing was issued. The
 * flow is run once more from its start, which registers anew. */
static bool run_again(struct zs_job *job, const struct zs_flow_end *end)
{
	if (job->again || job->cancelled || end->residue || !*end->order_url ||
	    zs_problem_kind(&end->err) != ZS_PROBLEM_ACCOUNT_GONE)
		return false;
	job->again = true;
	job->end = zs_loop_timer(zs_engine_loop(job->engine), 0, on_again, job);
	if (job->end)
		zs_warn(job->certificate, "%s lost the account in the middle of the order: the order is begun anew",
			zs_session_ca(job->session));
	return job->end != NULL;
}

static void do_end(struct zs_job *job, const struct zs_flow_action *action)
{
	const struct zs_flow_end *end = action->end;

	if (run_again(job, end))
		return;
	const struct zs_msg_job_end msg = {
		.job = job->id, .err = end->err, .path = zs_slice_str(job->path), .generation = job->generation,
		.not_before = job->facts.not_before, .not_after = job->facts.not_after,
		.issuer = zs_slice_str(job->facts.issuer), .serial = zs_slice_str(job->facts.serial),
		.order_url = zs_slice_str(end->order_url), .residue = end->residue,
		.requests = zs_http_requests(job->engine->http), .connections = zs_http_connections(job->engine->http),
		.resumed = end->resumed,
	};

	if (end->residue)
		zs_warn(job->certificate, "%u record(s) of ours could not be removed: %s", end->residue, end->residue_err.text);
	zs_chan_note(job->engine->child.front_chan, ZS_MSG_JOB_END, &msg, -1);
	job->over = true;
	job->end = zs_loop_timer(zs_engine_loop(job->engine), 0, on_end, job);
}

static void (*const actions[ZS_DO__COUNT])(struct zs_job *, const struct zs_flow_action *) = {
	[ZS_DO_PHASE] = do_phase,
	[ZS_DO_NOTE] = do_note,
	[ZS_DO_REQUEST] = do_request,
	[ZS_DO_DROP] = do_drop,
	[ZS_DO_TXT_VALUES] = do_txt_values,
	[ZS_DO_PUBLISH] = do_publish,
	[ZS_DO_WATCH] = do_watch,
	[ZS_DO_REMOVE] = do_remove,
	[ZS_DO_INSPECT] = do_inspect,
	[ZS_DO_VERIFY] = do_verify,
	[ZS_DO_STORE] = do_store,
	[ZS_DO_ACCOUNT_SET] = do_account_set,
	[ZS_DO_ACCOUNT_LOST] = do_account_lost,
	[ZS_DO_ORDER_GONE] = do_order_gone,
	[ZS_DO_END] = do_end,
};

/* Events fed from inside an action only queue more actions: this loop sees them. */
static void perform_all(struct zs_job *job)
{
	const struct zs_flow_action *action;

	if (job->performing)
		return;
	job->performing = true;
	while ((action = zs_flow_next(job->flow)))
		actions[action->act](job, action);
	job->performing = false;
	zs_publish_poke(job->engine);
}

/* ---- life ---- */

static void on_directory(const struct zs_directory *directory, const struct zs_err *err, void *user)
{
	feed(user, &(struct zs_flow_event){ .on = ZS_ON_START, .directory = directory, .err = err });
}

static void on_deadline(void *user)
{
	struct zs_job *job = user;

	job->deadline = NULL;
	feed(job, &(struct zs_flow_event){ .on = ZS_ON_DEADLINE });
}

static void job_free(struct zs_job *job)
{
	struct zs_loop *loop = zs_engine_loop(job->engine);

	if (job->session)
		zs_session_unwait(job->session, job);
	zs_loop_timer_cancel(loop, job->deadline);
	zs_loop_timer_cancel(loop, job->end);
	while (job->calls.n) {
		struct call *call = job->calls.items[0];
		zs_op_cancel(call->op);
		zs_watch_drop(call->watch);
		call_end(call);
	}
	zs_vec_done(&job->calls);
	zs_flow_free(job->flow);
	zs_arena_done(&job->arena);
	free(job);
}

static bool copy_spec(struct zs_job *job, const struct zs_msg_engine_job *spec)
{
	job->certificate = keep_str(job, spec->certificate);
	job->spki = keep(job, spec->spki);
	job->nnames = spec->identifiers.n;
	job->names = zs_arena_alloc(&job->arena, job->nnames * sizeof(*job->names));
	if (!job->certificate || !job->spki.p || !job->names)
		return false;
	memcpy(job->names, spec->identifiers.items, job->nnames * sizeof(*job->names));
	return true;
}

static struct zs_flow *make_flow(struct zs_job *job, const struct zs_msg_engine_job *spec)
{
	job->spec = (struct zs_flow_spec){
		.ca = zs_session_ca(job->session), .origins = zs_session_origins(job->session), .identifiers = job->names,
		.nidentifiers = job->nnames, .account_url = keep_str(job, spec->account_url),
		.order_url = keep_str(job, spec->order_url), .profile = keep_str(job, spec->profile),
		.preferred_chain = keep_str(job, spec->preferred_chain), .agree_terms = spec->agree_terms,
		.has_eab = spec->has_eab, .dry_run = spec->dry_run,
	};

	return zs_flow_new(&job->spec);
}

static void report_failure(struct zs_engine *engine, uint32_t id, enum zs_code code, const char *text)
{
	struct zs_msg_job_end msg = { .job = id };

	zs_err_set(&msg.err, code, "%s", text);
	zs_chan_note(engine->child.front_chan, ZS_MSG_JOB_END, &msg, -1);
}

static void feed_routes(struct zs_job *job)
{
	feed(job, &(struct zs_flow_event){ .on = ZS_ON_ROUTES, .routes = job->routes, .nroutes = job->nroutes });
}

static void on_again(void *user)
{
	struct zs_job *job = user;
	struct zs_flow *flow;

	job->end = NULL;
	job->spec.order_url = NULL;
	flow = zs_flow_new(&job->spec);
	if (!flow) {
		report_failure(job->engine, job->id, ZS_E_NOMEM, "no memory for a second order");
		job->over = true;
		job->end = zs_loop_timer(zs_engine_loop(job->engine), 0, on_end, job);
		return;
	}
	zs_flow_free(job->flow);
	job->flow = flow;
	/* records of the first order are gone: the next ones have other values */
	job->published = NULL;
	if (job->routes)
		feed_routes(job);
	zs_session_wait(job->session, on_directory, job);
	if (job->cancelled)
		feed(job, &(struct zs_flow_event){ .on = ZS_ON_CANCEL });
}

void zs_job_start(struct zs_engine *engine, const struct zs_msg_engine_job *spec)
{
	char ca[ZS_MAX_ID + 1];
	struct zs_session *session = zs_slice_copy(spec->ca, ca, sizeof(ca)) ? zs_session_find(engine, ca) : NULL;

	if (!session) {
		report_failure(engine, spec->job, ZS_E_BUG, "the job names a CA that front did not open");
		return;
	}
	struct zs_job *job = calloc(1, sizeof(*job)), **slot = job ? zs_vec_push(&engine->jobs, ZS_MAX_JOBS) : NULL;
	if (!slot) {
		free(job);
		report_failure(engine, spec->job, ZS_E_NOMEM, "no memory for a job");
		return;
	}
	*slot = job;
	job->engine = engine;
	job->session = session;
	job->id = spec->job;
	zs_arena_init(&job->arena, JOB_MEMORY);
	if (!copy_spec(job, spec) || !(job->flow = make_flow(job, spec))) {
		engine->jobs.n--;
		job_free(job);
		report_failure(engine, spec->job, ZS_E_NOMEM, "no memory for a job");
		return;
	}
	if (spec->timeout_ms)
		job->deadline = zs_loop_timer(zs_engine_loop(engine), spec->timeout_ms, on_deadline, job);
	zs_session_wait(session, on_directory, job);
}

static struct zs_job *find(struct zs_engine *engine, uint32_t id)
{
	for (size_t i = 0; i < engine->jobs.n; i++)
		if (engine->jobs.items[i]->id == id)
			return engine->jobs.items[i];
	return NULL;
}

void zs_job_routes(struct zs_engine *engine, const struct zs_msg_engine_routes *msg)
{
	struct zs_job *job = find(engine, msg->job);

	if (!job || job->routes)
		return;
	job->routes = zs_arena_alloc(&job->arena, (msg->routes.n + 1) * sizeof(*job->routes));
	if (!job->routes) {
		zs_job_cancel(engine, msg->job);
		return;
	}
	job->nroutes = msg->routes.n;
	for (uint32_t i = 0; i < msg->routes.n; i++) {
		job->routes[i] = msg->routes.items[i];
		job->routes[i].instance = keep(job, msg->routes.items[i].instance);
		job->routes[i].provider = keep(job, msg->routes.items[i].provider);
	}
	feed_routes(job);
}

void zs_job_cancel(struct zs_engine *engine, uint32_t id)
{
	for (size_t i = engine->jobs.n; i-- > 0;) {
		struct zs_job *job = engine->jobs.items[i];
		if (id && job->id != id)
			continue;
		job->cancelled = true;
		feed(job, &(struct zs_flow_event){ .on = ZS_ON_CANCEL });
	}
}

void zs_jobs_done(struct zs_engine *engine)
{
	while (engine->jobs.n)
		job_free(engine->jobs.items[--engine->jobs.n]);
	zs_vec_done(&engine->jobs);
}

bool zs_jobs_may_publish(const struct zs_engine *engine)
{
	for (size_t i = 0; i < engine->jobs.n; i++)
		if (zs_flow_may_publish(engine->jobs.items[i]->flow))
			return true;
	return false;
}

size_t zs_jobs_running(const struct zs_engine *engine)
{
	size_t n = 0;

	for (size_t i = 0; i < engine->jobs.n; i++)
		n += !engine->jobs.items[i]->over;
	return n;
}
