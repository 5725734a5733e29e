/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves front (fd 3: describe, secrets, open, grant, check, policy, usage) and the engine
 * (fd 4: apply, live).  Plugin functions block this process; a request of the
 * engine is therefore queued and run only when nothing from front waits.  It
 * decides nothing about DNS.  Runs in the host process.
 */
#include "host/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "host/describe.h"
#include "host/lend.h"
#include "host/usage.h"
#include "host/watch.h"

enum {
	MAX_QUEUE = 64,
	LOAD_MS = 10 * 1000,		/* where the request has no deadline */
	OPEN_MS = 10 * 1000,
	CHECK_MS = 60 * 1000,
	APPLY_MS = 120 * 1000,
	LIVE_MS = 30 * 1000,
	CLOSE_MS = 1000,
	MEMORY = 1024 * 1024
};

/* One request while it is served. */
struct request {
	struct zs_host *host;
	struct zs_chan *chan;
	uint32_t id;
	uint64_t deadline_ms;		/* 0 = none */
	int *fd;			/* received descriptor, -1 once it is closed */
};

typedef void serve_fn(struct request *r, const void *body);

/* Before the answer: who gets that finds the lock of the zone free. */
static void drop_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void fail(struct request *r, const struct zs_err *err)
{
	drop_fd(r->fd);
	zs_chan_fail(r->chan, r->id, err);
}

static uint64_t now_ms(const struct zs_host *host)
{
	return host->services.clock->mono_ms(host->services.clock);
}

static struct zs_call new_call(const struct request *r, const char *what, uint64_t default_ms)
{
	return (struct zs_call){
		.what = what,
		.chan = r->chan,
		.id = r->id,
		.deadline_ms = r->deadline_ms ? r->deadline_ms : now_ms(r->host) + default_ms,
	};
}

/* ---- front: describe, secret, open --------------------------------------------- */

static int load(struct request *r, struct zs_err *err)
{
	struct zs_host *host = r->host;
	struct zs_call call = new_call(r, "load", LOAD_MS);
	int rc;

	if (host->file_error.code) {
		*err = host->file_error;
		host->stage = ZS_HOST_FAILED;
		return -(int)err->code;
	}
	rc = zs_call_begin(&host->services, &call, 0, err);
	if (!rc) {
		rc = zs_plugin_load(&host->file, &host->plugin, err);
		zs_call_end(&host->services);
	}
	zs_call_done(&call);
	if (!rc)
		rc = zs_describe_check(&host->plugin, host->file.path, err);
	host->stage = rc ? ZS_HOST_FAILED : ZS_HOST_LOADED;
	if (!rc) {
		host->guard.max_changes = zs_describe_max_changes(&host->plugin);
		snprintf(host->name, sizeof(host->name), "%.*s", (int)host->plugin.name.n,
			 host->plugin.name.p);
	}
	return rc;
}

static void serve_describe(struct request *r, const void *body)
{
	struct zs_msg_option options[ZSP_MAX_OPTIONS];
	struct zs_msg_host_description description;
	struct zs_err err;

	(void)body;
	if (r->host->stage == ZS_HOST_NEW && load(r, &err)) {
		fail(r, &err);
		return;
	}
	zs_describe_fill(&r->host->plugin, r->host->file.path, options, &description);
	zs_chan_reply(r->chan, r->id, ZS_MSG_HOST_DESCRIPTION, &description);
}

static void serve_secret(struct request *r, const void *body)
{
	const struct zs_msg_host_secret *m = body;
	struct zs_err err;

	if (zs_secret_store(&r->host->secrets, &r->host->plugin, m->name, m->value,
			    *r->fd, &err))
		fail(r, &err);
	else
		zs_chan_ok(r->chan, r->id);
}

static int check_exec(const struct zs_host *host, struct zs_err *err)
{
	bool execs = host->plugin.head.flags & ZSP_FLAG_EXECS;

	if (execs && !host->may_exec)
		ZS_FAIL(err, ZS_E_PLUGIN, "provider %s starts programs (ZSP_FLAG_EXECS), but this "
			"process was confined without that right", host->name);
	if (!execs && host->may_exec)
		zs_warn("", "this process may start programs though provider %s does not ask for it",
			host->name);
	return 0;
}

static int open_instance(struct request *r, const struct zs_msg_host_open *m, struct zs_err *err)
{
	struct zs_host *host = r->host;
	struct zs_call call = new_call(r, "open", OPEN_MS);
	struct zsp_list values;
	int32_t class;
	int rc = zs_call_begin(&host->services, &call, 0, err);

	if (!rc)
		rc = zs_values_build(&host->plugin, (struct zs_given){ m->options.items, m->options.n, false },
				     &host->secrets, &call.arena, &values, err);
	if (!rc) {
		class = host->plugin.open(&host->services.table, &values, &host->instance);
		if (class != ZSP_OK) {
			zs_call_error(&host->services, &call, class, host->name, err);
			rc = -(int)err->code;
		}
	}
	if (host->services.call)
		zs_call_end(&host->services);
	zs_call_done(&call);
	return rc;
}

static void serve_open(struct request *r, const void *body)
{
	struct zs_host *host = r->host;
	struct zs_err err;
	int rc = check_exec(host, &err);

	if (!rc)
		rc = open_instance(r, body, &err);
	zs_secrets_wipe(&host->secrets);
	host->stage = rc ? ZS_HOST_FAILED : ZS_HOST_OPENED;
	if (rc)
		fail(r, &err);
	else
		zs_chan_ok(r->chan, r->id);
}

static void serve_grant(struct request *r, const void *body)
{
	struct zs_err err;

	if (zs_guard_grant(&r->host->guard, body, &err))
		fail(r, &err);
	else
		zs_chan_ok(r->chan, r->id);
}

/* ---- front: check ---------------------------------------------------------------- */

/* For a plugin without check that can find zones: does it know this one? */
static int32_t check_by_zones(struct zs_host *host, struct zs_call *call,
			      const struct zsp_list *zones)
{
	const struct zsp_host *table = &host->services.table;

	for (uint32_t i = 0; i < zones->n; i++) {
		const struct zsp_str *zone = &ZSP_ITEM(struct zsp_zone, zones, i)->zone;
		bool found = false;
		int32_t class;

		call->zones.n = 0;
		class = host->plugin.zones(host->instance, zone);
		if (class != ZSP_OK)
			return class;
		for (size_t k = 0; k < call->zones.n; k++)
			found = found || zs_slice_eq_str(zs_slice_zsp(zone),
							 call->zones.items[k].text);
		if (!found)
			table->result(table, i, ZSP_NOT_FOUND, "", 0);
	}
	return ZSP_OK;
}

static int32_t run_check(struct zs_host *host, struct zs_call *call, const struct zsp_list *zones)
{
	if (host->plugin.check)
		return host->plugin.check(host->instance, zones);
	if (host->plugin.zones)
		return check_by_zones(host, call, zones);
	zs_debug("", "provider %s cannot test its credentials", host->name);
	return ZSP_OK;
}

static void log_remarks(const struct zs_call *call, const struct zs_msg_host_check *m)
{
	for (uint32_t i = 0; i < call->n; i++)
		if (call->results[i].is_set && call->results[i].error_class == ZSP_OK &&
		    *call->results[i].text)
			zs_warn("", "zone %s: %s", m->zones.items[i].zone.text,
				call->results[i].text);
}

/* Results of all items of a call, in its memory. NULL when that ran out. */
static struct zs_msg_fail *collect(struct zs_host *host, struct zs_call *call, int32_t class)
{
	struct zs_msg_fail *results = calloc(call->n + 1, sizeof(*results));

	for (uint32_t i = 0; results && i < call->n; i++)
		zs_call_result(&host->services, call, i, class, host->name, &results[i].err);
	return results;
}

static void serve_check(struct request *r, const void *body)
{
	const struct zs_msg_host_check *m = body;
	struct zs_host *host = r->host;
	struct zs_call call = new_call(r, "check", CHECK_MS);
	struct zs_msg_host_checked checked = { .results = { .n = m->zones.n } };
	struct zsp_list zones = { 0 };
	struct zs_err err;
	int32_t class = ZSP_OK;
	int rc = zs_call_begin(&host->services, &call, m->zones.n, &err);

	if (!rc)
		zones = zs_lend_zones(&call.arena, m->zones.items, m->zones.n);
	if (zones.items && m->zones.n)
		class = run_check(host, &call, &zones);
	if (host->services.call)
		zs_call_end(&host->services);
	if (zones.items)
		checked.results.items = collect(host, &call, class);
	if (!checked.results.items) {
		zs_err_set(&err, ZS_E_NOMEM, "check");
		fail(r, &err);
	} else {
		for (uint32_t i = 0; i < call.n; i++)
			if (checked.results.items[i].err.code)
				zs_err_subject(&checked.results.items[i].err, "%s",
					       m->zones.items[i].zone.text);
		log_remarks(&call, m);
		zs_chan_reply(r->chan, r->id, ZS_MSG_HOST_CHECKED, &checked);
	}
	free(checked.results.items);
	zs_call_done(&call);
}

/* ---- front: policy and usage ------------------------------------------------------- */

static int check_no_secrets(const struct zs_host *host, struct zs_err *err)
{
	for (size_t i = 0; i < ZS_COUNT(host->secrets.values); i++)
		if (host->secrets.values[i].data)
			ZS_FAIL(err, ZS_E_BUG, "a policy is asked of a process that holds secrets");
	return 0;
}

/* The text is in call->printed. */
static int run_policy(struct zs_host *host, struct zs_call *call, const struct zs_msg_host_policy *m, struct zs_err *err)
{
	struct zsp_list values, zones = zs_lend_zones(&call->arena, m->zones.items, m->zones.n);
	int32_t class;
	int rc = zones.items ? 0 : zs_err_set(err, ZS_E_NOMEM, "zones of a policy");

	if (!rc)
		rc = zs_values_build(&host->plugin, (struct zs_given){ m->options.items, m->options.n, true },
				     &host->secrets, &call->arena, &values, err);
	if (rc)
		return rc;
	call->may_print = true;
	class = host->plugin.policy(&host->services.table, &values, &zones);
	if (class == ZSP_OK && !*call->broken && !call->printed.len)
		snprintf(call->broken, sizeof(call->broken), "it printed nothing");
	if (class == ZSP_OK && !*call->broken)
		return 0;
	zs_call_error(&host->services, call, class, host->name, err);
	return -(int)err->code;
}

static void serve_policy(struct request *r, const void *body)
{
	struct zs_host *host = r->host;
	struct zs_call call = new_call(r, "policy", OPEN_MS);
	struct zs_msg_host_policy_is is;
	struct zs_err err;
	int rc = check_no_secrets(host, &err);

	if (!rc && !host->plugin.policy)
		rc = zs_err_set(&err, ZS_E_CONFIG, "provider %s has no policy to print", host->name);
	if (!rc)
		rc = zs_call_begin(&host->services, &call, 0, &err);
	if (!rc) {
		host->stage = ZS_HOST_ASKED;
		rc = run_policy(host, &call, body, &err);
	}
	if (host->services.call)
		zs_call_end(&host->services);
	is.text = zs_buf_slice(&call.printed);
	if (rc)
		fail(r, &err);
	else
		zs_chan_reply(r->chan, r->id, ZS_MSG_HOST_POLICY_IS, &is);
	zs_call_done(&call);
}

static void serve_usage(struct request *r, const void *body)
{
	const struct zs_msg_host_usage_is is = zs_usage_now();

	(void)body;
	zs_chan_reply(r->chan, r->id, ZS_MSG_HOST_USAGE_IS, &is);
}

/* ---- engine: apply and live -------------------------------------------------------- */

static void reply_applied(struct request *r, struct zs_call *call, int32_t class,
			  const struct zs_msg_host_apply *m)
{
	struct zs_msg_host_applied applied = {
		.results = { .items = collect(r->host, call, class), .n = call->n },
		.ticket = zs_slice_of(call->ticket, call->ticket_len),
	};
	struct zs_err err;

	if (!applied.results.items) {
		zs_err_set(&err, ZS_E_NOMEM, "apply");
		fail(r, &err);
		return;
	}
	for (uint32_t i = 0; i < call->n; i++)
		if (applied.results.items[i].err.code)
			zs_err_subject(&applied.results.items[i].err, "%s",
				       m->changes.items[i].name.text);
	drop_fd(r->fd);
	zs_chan_reply(r->chan, r->id, ZS_MSG_HOST_APPLIED, &applied);
	free(applied.results.items);
}

static void run_apply(struct request *r, struct zs_call *call, const struct zs_msg_host_apply *m)
{
	struct zs_host *host = r->host;
	struct zsp_change *changes = zs_lend_changes(&call->arena, m);
	struct zsp_str zone = zs_lend(&call->arena, zs_slice_str(m->zone.text));
	struct zsp_list list = { changes, m->changes.n, (uint32_t)sizeof(*changes) };
	struct zs_err err;
	int32_t class = ZSP_BUG;

	if (!changes || !zone.n) {
		zs_call_end(&host->services);
		zs_err_set(&err, ZS_E_NOMEM, "apply");
		fail(r, &err);
		return;
	}
	class = host->plugin.apply(host->instance, &zone, &list);
	if (class != ZSP_OK)	/* asked now, as the plugin may not have */
		host->services.table.cancelled(&host->services.table);
	zs_call_end(&host->services);
	if (class != ZSP_OK && call->was_cancelled) {
		zs_call_error(&host->services, call, class, host->name, &err);
		fail(r, &err);
		return;
	}
	reply_applied(r, call, class, m);
}

static void serve_apply(struct request *r, const void *body)
{
	const struct zs_msg_host_apply *m = body;
	struct zs_host *host = r->host;
	struct zs_call call = new_call(r, "apply", APPLY_MS);
	struct zs_err err;

	if (zs_guard_apply(&host->guard, m, &err)) {
		zs_err_prefix(&err, "refused by the host of provider %s", host->name);
		fail(r, &err);
		return;
	}
	if (zs_call_begin(&host->services, &call, m->changes.n, &err))
		fail(r, &err);
	else
		run_apply(r, &call, m);
	zs_call_done(&call);
}

static int run_live(struct request *r, struct zs_call *call, const struct zs_msg_host_live *m,
		    bool *ret_live, struct zs_err *err)
{
	struct zs_host *host = r->host;
	int32_t live = 0, class;
	struct zsp_str zone, ticket;
	int rc = zs_call_begin(&host->services, call, 0, err);

	if (rc)
		return rc;
	zone = zs_lend(&call->arena, zs_slice_str(m->zone.text));
	ticket = zs_lend(&call->arena, m->ticket);
	class = host->plugin.live(host->instance, &zone, &ticket, &live);
	zs_call_end(&host->services);
	*ret_live = live == 1;
	if (class == ZSP_OK)
		return 0;
	zs_call_error(&host->services, call, class, host->name, err);
	return -(int)err->code;
}

static void serve_live(struct request *r, const void *body)
{
	const struct zs_msg_host_live *m = body;
	struct zs_call call = new_call(r, "live", LIVE_MS);
	struct zs_msg_host_live_is is = { .live = false };
	struct zs_err err;
	int rc = zs_guard_zone(&r->host->guard, &m->zone, &err);

	if (!rc && !r->host->plugin.live)
		rc = zs_err_set(&err, ZS_E_CONFIG, "provider %s cannot tell whether a change is "
				"live; choose another propagation policy", r->host->name);
	if (!rc)
		rc = run_live(r, &call, m, &is.live, &err);
	if (rc)
		fail(r, &err);
	else
		zs_chan_reply(r->chan, r->id, ZS_MSG_HOST_LIVE_IS, &is);
	zs_call_done(&call);
}

/* ---- dispatch ------------------------------------------------------------------------ */

#define STAGE(stage) (1u << (stage))

static const struct {
	uint32_t type;
	enum zs_link link;
	unsigned stages;
	serve_fn *serve;
} served[] = {
	{ ZS_MSG_HOST_DESCRIBE, ZS_LINK_FRONT,
	  STAGE(ZS_HOST_NEW) | STAGE(ZS_HOST_LOADED) | STAGE(ZS_HOST_OPENED) | STAGE(ZS_HOST_ASKED),
	  serve_describe },
	{ ZS_MSG_HOST_SECRET, ZS_LINK_FRONT, STAGE(ZS_HOST_LOADED), serve_secret },
	{ ZS_MSG_HOST_OPEN, ZS_LINK_FRONT, STAGE(ZS_HOST_LOADED), serve_open },
	{ ZS_MSG_HOST_GRANT, ZS_LINK_FRONT, STAGE(ZS_HOST_OPENED), serve_grant },
	{ ZS_MSG_HOST_CHECK, ZS_LINK_FRONT, STAGE(ZS_HOST_OPENED), serve_check },
	{ ZS_MSG_HOST_POLICY, ZS_LINK_FRONT, STAGE(ZS_HOST_LOADED) | STAGE(ZS_HOST_ASKED), serve_policy },
	{ ZS_MSG_HOST_USAGE, ZS_LINK_FRONT,
	  STAGE(ZS_HOST_NEW) | STAGE(ZS_HOST_LOADED) | STAGE(ZS_HOST_OPENED) | STAGE(ZS_HOST_ASKED) | STAGE(ZS_HOST_FAILED),
	  serve_usage },
	{ ZS_MSG_HOST_APPLY, ZS_LINK_ENGINE, STAGE(ZS_HOST_OPENED), serve_apply },
	{ ZS_MSG_HOST_LIVE, ZS_LINK_ENGINE, STAGE(ZS_HOST_OPENED), serve_live },
};

static void refuse_stage(struct request *r, uint32_t type)
{
	static const char *const stages[] = {
		[ZS_HOST_NEW] = "the plugin is not loaded yet",
		[ZS_HOST_LOADED] = "the instance is not open yet",
		[ZS_HOST_OPENED] = "the instance is open already",
		[ZS_HOST_ASKED] = "the plugin was asked for its policy and is not opened any more",
		[ZS_HOST_FAILED] = "the plugin could not be loaded or opened",
	};
	const struct zs_msg_def *def = zs_msg_def(type);
	struct zs_err err;

	zs_err_set(&err, r->host->stage == ZS_HOST_FAILED ? ZS_E_PLUGIN : ZS_E_BUG, "%s: %s",
		   def ? def->name : "message", stages[r->host->stage]);
	fail(r, &err);
}

static void serve(struct request *r, enum zs_link link, uint32_t type, const void *body)
{
	for (size_t i = 0; i < ZS_COUNT(served); i++) {
		if (served[i].type != type || served[i].link != link)
			continue;
		if (served[i].stages & STAGE(r->host->stage))
			served[i].serve(r, body);
		else
			refuse_stage(r, type);
		return;
	}
}

void zs_host_on_front(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct request r = { user, chan, in->id, in->deadline_ms, &in->fd };

	serve(&r, ZS_LINK_FRONT, in->type, in->body);
}

static void run_queued(struct zs_host *host, struct zs_queued *q)
{
	struct request r = { host, host->child->engine_chan, q->id, q->deadline_ms, &q->lock };
	const struct zs_shape *shape = zs_msg_def(q->type)->shape;
	struct zs_arena arena;
	struct zs_err err;
	void *body;

	zs_arena_init(&arena, MEMORY);
	body = zs_arena_alloc(&arena, shape->size);
	if (q->deadline_ms && q->deadline_ms <= now_ms(host)) {
		zs_err_set(&err, ZS_E_PROVIDER, "the deadline passed while the request waited for "
			   "an earlier one");
		fail(&r, &err);
	} else if (!body) {
		zs_err_set(&err, ZS_E_NOMEM, "request");
		fail(&r, &err);
	} else if (zs_msg_decode(shape, zs_buf_slice(&q->body), body, &arena, &err)) {
		fail(&r, &err);
	} else {
		serve(&r, ZS_LINK_ENGINE, q->type, body);
	}
	zs_arena_done(&arena);
}

static void drop_queued(struct zs_queued *q)
{
	drop_fd(&q->lock);
	zs_buf_done(&q->body);
}

static void on_turn(void *user);

static void next_turn(struct zs_host *host)
{
	if (host->queue.n && !host->turn)
		host->turn = zs_loop_timer(host->child->loop, 0, on_turn, host);
}

static void on_turn(void *user)
{
	struct zs_host *host = user;
	struct zs_queued q;

	host->turn = NULL;
	if (!host->queue.n || !host->child->engine_chan)
		return;
	q = host->queue.items[0];
	zs_vec_remove(&host->queue, 0);
	run_queued(host, &q);
	drop_queued(&q);
	next_turn(host);
}

static void cancel_queued(struct zs_host *host, struct zs_chan *chan, uint32_t id)
{
	struct zs_err err;

	for (size_t i = 0; i < host->queue.n; i++) {
		if (host->queue.items[i].id != id)
			continue;
		drop_queued(&host->queue.items[i]);
		zs_vec_remove(&host->queue, i);
		zs_err_set(&err, ZS_E_CANCELLED, "cancelled before it began");
		zs_chan_fail(chan, id, &err);
		return;
	}
}

void zs_host_on_engine(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_host *host = user;
	struct zs_queued *q;
	struct zs_err err;

	if (in->type == ZS_MSG_CANCEL) {
		cancel_queued(host, chan, ((const struct zs_msg_cancel *)in->body)->request);
		return;
	}
	q = zs_vec_push(&host->queue, MAX_QUEUE);
	if (!q) {
		zs_err_set(&err, ZS_E_PROVIDER, "too many requests wait for this instance");
		zs_chan_fail(chan, in->id, &err);
		return;
	}
	*q = (struct zs_queued){ in->type, in->id, in->deadline_ms, ZS_BUF(ZS_MAX_MESSAGE), in->fd };
	in->fd = -1;
	if (zs_msg_encode(zs_msg_def(in->type)->shape, in->body, &q->body, &err)) {
		drop_queued(q);
		host->queue.n--;
		zs_chan_fail(chan, in->id, &err);
		return;
	}
	next_turn(host);
}

/* ---- begin and end --------------------------------------------------------------------- */

void zs_host_init(struct zs_host *host, struct zs_child_main *child)
{
	host->child = child;
	host->secrets.hide = &host->hide;
	zs_services_init(&host->services, zs_loop_clock(child->loop), &host->hide);
	host->services.log_chan = child->front_chan;
	host->guard.value_len = ZS_TXT_VALUE;
}

static void close_instance(struct zs_host *host)
{
	struct zs_call call = { .what = "close", .deadline_ms = now_ms(host) + CLOSE_MS };
	struct zs_err err;

	if (!zs_call_begin(&host->services, &call, 0, &err)) {
		host->plugin.close(host->instance);
		zs_call_end(&host->services);
	}
	zs_call_done(&call);
}

void zs_host_done(struct zs_host *host)
{
	host->services.log_chan = NULL;
	if (host->stage == ZS_HOST_OPENED)
		close_instance(host);
	for (size_t i = 0; i < host->queue.n; i++)
		drop_queued(&host->queue.items[i]);
	zs_vec_done(&host->queue);
	zs_guard_done(&host->guard);
	zs_secrets_wipe(&host->secrets);
	zs_hide_done(&host->hide);
	zs_plugin_file_done(&host->file);
}
