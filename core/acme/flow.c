/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuance machine: states, inputs, the table between them and the steps.
 * Performs nothing itself and knows no time but that of the last event.
 *
 * Beside the state there are three small books: the open references (what an
 * answer is still expected for), the records (published or not, removed or
 * not: they live across several states), and the first error.  Every way out
 * passes S_CLEAN, which waits for the books to be closed.
 */
#include "acme/flow.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acme/account.h"
#include "acme/authz.h"
#include "acme/link.h"
#include "acme/order.h"
#include "acme/problem.h"
#include "base/b64url.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/vec.h"

enum {
	MAX_KEPT = 8 * 1024 * 1024,	/* arena: URLs, records, chains */
	MAX_SCRATCH = 2 * 1024 * 1024,	/* one object from the CA while it is read */
	MAX_QUEUE = 4096,
	MAX_OPEN = 512,
	MAX_ALTERNATES = 8,
	MAX_TRIES = 5,			/* of one request that the CA answers with "later" */
	MAX_FINALIZE = 4,		/* sends in one run */
	MAX_NEW_ORDER = 2,		/* sends in one run (DESIGN.md 4) */
	FIRST_BACKOFF_MS = 1000,
	MAX_BACKOFF_MS = 16000,
	MAX_RETRY_AFTER_MS = 120 * 1000,	/* longer is left to the next run */
	EXPLAIN_MS = 10000,
	DEACTIVATE_MS = 2000,
	PATIENT_POLLS = 3,		/* before "ready" behind a finalize is taken at its word */
	MAX_SKEW_S = 300		/* reported from here on */
};

enum state {
	S_WAIT,		/* for the directory and the routes */
	S_ACCOUNT,	/* newAccount is out */
	S_ACCOUNT_SET,	/* the vault notes its URL */
	S_ACCOUNT_LOST,	/* the vault moves a lost one aside */
	S_RESUME,	/* the order of a dead run is read */
	S_GONE,		/* the vault forgets that order */
	S_ORDER,	/* newOrder is out */
	S_AUTHORIZE,	/* authorizations are read */
	S_VALUES,	/* the vault computes the TXT values */
	S_PUBLISH,
	S_PROPAGATE,
	S_ANNOUNCE,	/* challenges are accepted */
	S_SETTLE,	/* the order is polled until ready */
	S_FINALIZE,	/* finalize is out */
	S_CHECK,	/* the reply to finalize was lost: the order is read */
	S_ISSUE,	/* the order is polled until valid */
	S_DOWNLOAD,
	S_INSPECT,	/* whose chain is it? */
	S_ALTERNATE,	/* another chain is fetched */
	S_VERIFY,
	S_STORE,
	S_EXPLAIN,	/* failed: authorizations are read for the reason */
	S_CLEAN,	/* done or failed: waits for what is open */
	S_END,
	S__COUNT
};

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

/* What an event means once references and HTTP status are looked at. */
enum input {
	I_START,
	I_ROUTES,
	I_OK,		/* a reply with a good status */
	I_REFUSED,	/* one with another; not to be repeated by itself */
	I_LOST,
	I_VALUES,
	I_PUBLISHED,
	I_PROPAGATED,
	I_REMOVED,
	I_INSPECTED,
	I_VERIFIED,
	I_STORED,
	I_DONE,
	I_STOP,		/* cancel or deadline */
	I__COUNT
};

/* Something that will be answered. */
struct open {
	uint32_t ref;
	enum zs_flow_do act;
	struct zs_flow_request request;	/* ZS_DO_REQUEST */
	size_t index;			/* authorization or alternate */
	unsigned tries;
};

struct authz {
	const char *url;
	struct zs_name name;
	bool read;		/* the fields below are filled */
	enum zs_authz_status status;
	const char *challenge, *token;
	bool accept;		/* its challenge waits for our word */
	bool publish;		/* it needs a record */
};

enum records { RECORDS_NONE, RECORDS_PUBLISHING, RECORDS_THERE, RECORDS_REMOVING, RECORDS_GONE };

struct route {
	struct zs_name identifier, effective, zone;
};

struct zs_flow {
	/* the job */
	struct zs_arena arena;		/* everything that lives until the end */
	const char *ca, *profile, *preferred;
	struct zs_origins origins;
	struct zs_name *names;
	size_t nnames;
	bool agree_terms, has_eab, dry_run;
	/* what is known */
	const struct zs_directory *directory;
	struct route *routes;
	size_t nroutes;
	bool has_routes;
	const char *account_url, *order_url, *finalize_url, *certificate_url;
	int64_t expires;		/* of the order, in the CA's time */
	bool resuming, resumed, account_renewed, finalize_sent;
	unsigned new_orders, finalizes, polls;
	struct authz *authz;
	size_t nauthz;
	struct zs_flow_record *records;
	size_t nrecords;
	enum records records_are;
	struct zs_slice chain, default_chain;
	const char *alternates[MAX_ALTERNATES];
	size_t nalternates, alternate;
	int64_t poll_wait_ms;		/* Retry-After of the last accepts */
	struct zs_err accept_err;	/* the last accept that was refused */
	/* the machine */
	enum state state;
	enum zs_phase phase;
	bool phase_told;
	ZS_VEC(struct open) open;
	ZS_VEC(struct zs_flow_action) queue;
	size_t head;
	struct zs_flow_action current;
	uint32_t last_ref;
	struct zs_flow_end end;
	bool failed, order_dead, nomem, ended, skew_told;
	/* the time, as the last event told it */
	uint64_t now_ms;
	int64_t wall;
	int64_t skew;			/* the CA's clock minus ours, seconds */
};

/* What a step gets. */
struct input_data {
	const struct zs_flow_event *event;
	struct open open;		/* what was answered; ref 0 otherwise */
	const struct zs_err *err;	/* NULL = went well */
	int64_t wait_ms;		/* Retry-After from now on, -1 = not said */
};

/* ---- queue and books ---- */

static struct zs_flow_action *push(struct zs_flow *f, enum zs_flow_do act)
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
static struct zs_flow_action *push_open(struct zs_flow *f, enum zs_flow_do act, const struct open *as)
{
	struct open *o = zs_vec_push(&f->open, MAX_OPEN);
	struct zs_flow_action *a;

	if (!o) {
		f->nomem = true;
		return NULL;
	}
	if (as)
		*o = *as;
	o->act = act;
	o->ref = ++f->last_ref;
	a = push(f, act);
	if (a)
		a->ref = o->ref;
	else
		f->open.n--;
	return a;
}

static const char *keep(struct zs_flow *f, struct zs_slice text)
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
	copy = keep(f, zs_buf_slice(&buf));
	zs_buf_done(&buf);
	return copy;
}

static void note(struct zs_flow *f, const char *fmt, ...) ZS_PRINTF(2, 3);
static void note(struct zs_flow *f, const char *fmt, ...)
{
	struct zs_flow_action *a = push(f, ZS_DO_NOTE);
	va_list ap;

	if (!a)
		return;
	va_start(ap, fmt);
	a->text = keepf(f, fmt, ap);
	va_end(ap);
}

static void set_phase(struct zs_flow *f, enum zs_phase phase, const char *fmt, ...) ZS_PRINTF(3, 4);
static void set_phase(struct zs_flow *f, enum zs_phase phase, const char *fmt, ...)
{
	struct zs_flow_action *a;
	va_list ap;

	if (f->phase_told && f->phase == phase)
		return;
	f->phase = phase;
	f->phase_told = true;
	a = push(f, ZS_DO_PHASE);
	if (!a)
		return;
	a->phase = phase;
	va_start(ap, fmt);
	a->text = keepf(f, fmt, ap);
	va_end(ap);
}

static void drop_open(struct zs_flow *f, size_t i)
{
	struct zs_flow_action *a = push(f, ZS_DO_DROP);

	if (a)
		a->drop = f->open.items[i].ref;
}

/* Nobody waits any more for what is open, except for REMOVE and, so that it can
 * be undone in order, PUBLISH. */
static void drop_all(struct zs_flow *f)
{
	for (size_t i = f->open.n; i-- > 0;) {
		enum zs_flow_do act = f->open.items[i].act;

		if (act == ZS_DO_REMOVE)
			continue;
		drop_open(f, i);
		if (act != ZS_DO_PUBLISH)
			zs_vec_remove(&f->open, i);
	}
}

static size_t count_open(const struct zs_flow *f, enum zs_flow_do act)
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

static void send_open(struct zs_flow *f, const struct open *o)
{
	struct zs_flow_action *a = push_open(f, ZS_DO_REQUEST, o);

	if (a)
		a->request = o->request;
}

static struct open make_request(enum zs_flow_op op, const char *url, size_t index)
{
	return (struct open){
		.request = { .op = op, .url = url, .repeat = ops[op].repeat },
		.index = index,
	};
}

static void request(struct zs_flow *f, enum zs_flow_op op, const char *url, size_t index)
{
	struct open o = make_request(op, url, index);

	send_open(f, &o);
}

static uint32_t clamp_ms(int64_t ms)
{
	return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
}

/* The same request once more, later. */
static void send_again(struct zs_flow *f, const struct open *o, int64_t delay_ms)
{
	struct open again = *o;

	again.tries++;
	again.request.delay_ms = clamp_ms(delay_ms);
	send_open(f, &again);
}

/* ---- ways out ---- */

static void start_removal(struct zs_flow *f)
{
	struct zs_flow_action *a;

	if (f->records_are != RECORDS_THERE)
		return;
	a = push_open(f, ZS_DO_REMOVE, NULL);
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
		set_phase(f, ZS_PHASE_DONE, "%s", f->dry_run ? "the dry run passed" : "issued");
	f->end.order_url = f->order_url;
	f->end.resumed = f->resumed && f->end.issued;
	a = push(f, ZS_DO_END);
	if (!a)
		return;
	a->end = &f->end;
	f->state = S_END;
}

/* In S_CLEAN: over as soon as nothing is open any more. */
static void end_when_clean(struct zs_flow *f)
{
	start_removal(f);
	if (f->open.n)
		return;
	finish(f);
}

static void enter_clean(struct zs_flow *f)
{
	f->state = S_CLEAN;
	start_removal(f);
	if (f->records_are == RECORDS_REMOVING)
		set_phase(f, ZS_PHASE_REMOVE, "removing the records");
	end_when_clean(f);
}

/* Forgets the journaled order when nothing can come of it: the next run would
 * run into the same wall. */
static void forget_dead_order(struct zs_flow *f)
{
	if (f->order_dead && (f->finalize_sent || f->resuming || f->resumed))
		(void)push_open(f, ZS_DO_ORDER_GONE, NULL);
	f->order_dead = false;
}

/* The first error wins; everything open is let go. */
static void fail(struct zs_flow *f, const struct zs_err *err)
{
	if (f->failed)
		return;
	f->failed = true;
	f->end.err = *err;
	if (!f->end.err.code)
		f->end.err.code = ZS_E_BUG;
	drop_all(f);
	forget_dead_order(f);
	enter_clean(f);
}

static void failf(struct zs_flow *f, enum zs_code code, const char *fmt, ...) ZS_PRINTF(3, 4);
static void failf(struct zs_flow *f, enum zs_code code, const char *fmt, ...)
{
	char text[1024];	/* on the stack: also said when memory ran out */
	struct zs_err err;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)zs_err_set(&err, code, "%s", text);
	zs_err_where(&err, "%s", f->ca);
	fail(f, &err);
}

/* The order or an authorization is invalid: ask why before the end. */
static void explain(struct zs_flow *f, const struct zs_err *reason)
{
	if (f->failed)
		return;
	f->failed = true;
	f->order_dead = true;
	f->end.err = *reason;
	drop_all(f);
	start_removal(f);
	f->state = S_EXPLAIN;
	for (size_t i = 0; i < f->nauthz; i++) {
		struct open o = make_request(ZS_OP_READ_AUTHZ, f->authz[i].url, i);

		o.request.budget_ms = EXPLAIN_MS;
		send_open(f, &o);
	}
	if (!f->nauthz) {
		forget_dead_order(f);
		enter_clean(f);
	}
}

/* ---- reading replies ---- */

static struct zs_acme_from from(const struct zs_flow *f, const char *url)
{
	return (struct zs_acme_from){ .url = url, .origins = f->origins };
}

static struct zs_slice body_of(const struct input_data *in)
{
	return in->event->reply.body;
}

static int parse_order(struct zs_flow *f, const struct input_data *in, const char *url,
		       struct zs_arena *scratch, struct zs_order *ret, struct zs_err *err)
{
	struct zs_acme_from source = from(f, url);
	int e = zs_order_parse(body_of(in), &source, scratch, ret, err);

	if (e)
		return e;
	if (!ret->expires)
		ret->expires = f->expires;
	f->expires = ret->expires;
	if (ret->certificate)
		f->certificate_url = keep(f, zs_slice_str(ret->certificate));
	return 0;
}

/* The URL of a new resource. */
static int read_location(struct zs_flow *f, const struct input_data *in, const char *what,
			 const char **ret, struct zs_err *err)
{
	struct zs_acme_from source = from(f, in->open.request.url);
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
		*ret = keep(f, url);
	return e;
}

static void copy_names(struct zs_flow *f, const struct zs_order *order)
{
	f->finalize_url = keep(f, zs_slice_str(order->finalize));
	f->nauthz = 0;
	f->authz = zs_arena_alloc(&f->arena, (order->nauthorizations + 1) * sizeof(*f->authz));
	if (!f->authz) {
		f->nomem = true;
		return;
	}
	for (size_t i = 0; i < order->nauthorizations; i++)
		f->authz[i].url = keep(f, zs_slice_str(order->authorizations[i]));
	f->nauthz = order->nauthorizations;
}

static int64_t ca_now(const struct zs_flow *f)
{
	return f->wall + f->skew;
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

/* Reads the order again when its time has come; wait_ms is Retry-After, -1 = none. */
static void poll_order(struct zs_flow *f, int64_t wait_ms)
{
	struct open o = make_request(ZS_OP_READ_ORDER, f->order_url, 0);
	int64_t delay = poll_ms(f->polls);

	if (wait_ms > delay)
		delay = wait_ms;
	if (f->expires && ca_now(f) + delay / 1000 > f->expires) {
		failf(f, ZS_E_CA_REFUSED, "the order expires before the CA is done with it (%s)",
		      states[f->state].doing);
		return;
	}
	f->polls++;
	o.request.delay_ms = clamp_ms(delay);
	send_open(f, &o);
}

/* ---- plan: directory, account, order ---- */

static void new_order(struct zs_flow *f, int64_t delay_ms)
{
	struct open o = make_request(ZS_OP_NEW_ORDER, f->directory->new_order, 0);

	set_phase(f, ZS_PHASE_ORDER, "ordering %zu name%s at %s", f->nnames,
		  f->nnames == 1 ? "" : "s", f->ca);
	f->new_orders++;
	o.request.delay_ms = clamp_ms(delay_ms);
	f->state = S_ORDER;
	send_open(f, &o);
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
		failf(f, ZS_E_CONFIG, "%s has no profile \"%s\"; it lists %s", f->ca, f->profile,
		      dir->nprofiles ? zs_buf_str(&list) : "none");
	zs_buf_done(&list);
	if (!known || *f->account_url)
		return known;
	if (dir->eab_required && !f->has_eab) {
		failf(f, ZS_E_CA_ACCOUNT, "%s wants an external account binding, and none is configured", f->ca);
		return false;
	}
	if (dir->terms && !f->agree_terms) {
		failf(f, ZS_E_CA_ACCOUNT, "%s has terms of service that are not agreed to: %s", f->ca, dir->terms);
		return false;
	}
	return true;
}

static void new_account(struct zs_flow *f)
{
	set_phase(f, ZS_PHASE_ORDER, "registering an account at %s", f->ca);
	f->state = S_ACCOUNT;
	request(f, ZS_OP_NEW_ACCOUNT, f->directory->new_account, 0);
}

static void read_old_order(struct zs_flow *f)
{
	set_phase(f, ZS_PHASE_ORDER, "reading the order of an earlier run");
	f->state = S_RESUME;
	request(f, ZS_OP_READ_ORDER, f->order_url, 0);
}

static void read_authorizations(struct zs_flow *f)
{
	f->state = S_AUTHORIZE;
	set_phase(f, ZS_PHASE_AUTHORIZE, "reading %zu authorization%s", f->nauthz,
		  f->nauthz == 1 ? "" : "s");
	for (size_t i = 0; i < f->nauthz; i++)
		request(f, ZS_OP_READ_AUTHZ, f->authz[i].url, i);
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
		enter_clean(f);
	else if (!*f->account_url)
		new_account(f);
	else if (old_order)
		read_old_order(f);
	else
		new_order(f, 0);
}

static void on_start(struct zs_flow *f, const struct input_data *in)
{
	if (in->err) {
		fail(f, in->err);
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
static void on_routes(struct zs_flow *f, const struct input_data *in)
{
	keep_routes(f, in->event);
}

static void on_routes_waited(struct zs_flow *f, const struct input_data *in)
{
	keep_routes(f, in->event);
	proceed(f);
}

static void on_refused(struct zs_flow *f, const struct input_data *in)
{
	fail(f, in->err);
}

static void on_lost(struct zs_flow *f, const struct input_data *in)
{
	fail(f, in->err);
}

/* The CA says there is no such account: once a run a new one is made. */
static void account_gone(struct zs_flow *f, const struct zs_err *err)
{
	struct zs_flow_action *a;

	if (f->account_renewed || !*f->account_url) {
		fail(f, err);
		return;
	}
	f->account_renewed = true;
	note(f, "%s does not know the account %s any more; it is moved aside and registered anew with the same key",
	     f->ca, f->account_url);
	f->state = S_ACCOUNT_LOST;
	a = push_open(f, ZS_DO_ACCOUNT_LOST, NULL);
	if (a)
		a->text = f->account_url;
}

static void on_account_lost(struct zs_flow *f, const struct input_data *in)
{
	if (in->err) {
		fail(f, in->err);
		return;
	}
	f->account_url = "";
	proceed(f);
}

static void on_account(struct zs_flow *f, const struct input_data *in)
{
	struct zs_acme_from source = from(f, in->open.request.url);
	struct zs_account account;
	struct zs_flow_action *a;
	struct zs_err err;

	if (zs_account_parse(body_of(in), &source, &account, &err) ||
	    read_location(f, in, "account", &f->account_url, &err)) {
		fail(f, &err);
		return;
	}
	if (account.status != ZS_ACCOUNT_VALID) {
		failf(f, ZS_E_CA_ACCOUNT, "the account at %s is %s", f->ca,
		      zs_account_status_name(account.status));
		return;
	}
	f->state = S_ACCOUNT_SET;
	a = push_open(f, ZS_DO_ACCOUNT_SET, NULL);
	if (a)
		a->text = f->account_url;
}

static void on_account_set(struct zs_flow *f, const struct input_data *in)
{
	if (in->err)
		fail(f, in->err);
	else
		proceed(f);
}

/* ---- the order of a dead run ---- */

static void old_order_gone(struct zs_flow *f, const char *why)
{
	note(f, "the order of an earlier run cannot be finished (%s); a new one follows", why);
	f->state = S_GONE;
	(void)push_open(f, ZS_DO_ORDER_GONE, NULL);
}

static void on_gone(struct zs_flow *f, const struct input_data *in)
{
	if (in->err) {
		fail(f, in->err);
		return;
	}
	f->order_url = "";
	f->resuming = f->resumed = false;
	f->expires = 0;
	proceed(f);
}

static void finalize(struct zs_flow *f);
static void download(struct zs_flow *f);

static void wait_for_certificate(struct zs_flow *f, int64_t wait_ms)
{
	f->state = S_ISSUE;
	f->polls = 0;
	set_phase(f, ZS_PHASE_FINALIZE, "the CA issues");
	poll_order(f, wait_ms);
}

/* The old order can be used: where it stands decides how it goes on. */
static void resume(struct zs_flow *f, const struct zs_order *order, int64_t wait_ms)
{
	f->resumed = true;
	copy_names(f, order);
	switch (order->status) {
	case ZS_ORDER_VALID:
		download(f);
		return;
	case ZS_ORDER_PROCESSING:
		wait_for_certificate(f, wait_ms);
		return;
	case ZS_ORDER_READY:
		finalize(f);
		return;
	default:
		proceed(f);
	}
}

static void on_old_order(struct zs_flow *f, const struct input_data *in)
{
	struct zs_arena scratch;
	struct zs_order order;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (parse_order(f, in, f->order_url, &scratch, &order, &err)) {
		if (err.code == ZS_E_NOMEM)
			fail(f, &err);
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

static void on_old_order_refused(struct zs_flow *f, const struct input_data *in)
{
	enum zs_problem_kind kind = zs_problem_kind(in->err);

	if (kind == ZS_PROBLEM_ACCOUNT_GONE)
		account_gone(f, in->err);
	else if (kind == ZS_PROBLEM_NOT_FOUND || kind == ZS_PROBLEM_FINAL)
		old_order_gone(f, in->err->text);
	else
		fail(f, in->err);
}

/* ---- the new order ---- */

static void order_invalid(struct zs_flow *f, const struct zs_order *order)
{
	struct zs_err err;

	if (order->has_error) {
		err = order->error;
	} else {
		(void)zs_err_set(&err, ZS_E_CA_REFUSED, "the CA declared the order invalid");
		zs_err_where(&err, "%s", f->order_url);
	}
	explain(f, &err);
}

static void check_profile(struct zs_flow *f, const struct zs_order *order)
{
	if (*f->profile && (!order->profile || strcmp(order->profile, f->profile)))
		note(f, "%s did not confirm the profile \"%s\"; the certificate may be of another kind",
		     f->ca, f->profile);
}

static void settle(struct zs_flow *f, int64_t wait_ms);

static void take_order(struct zs_flow *f, const struct zs_order *order)
{
	copy_names(f, order);
	check_profile(f, order);
	switch (order->status) {
	case ZS_ORDER_PENDING:
		if (!order->nauthorizations)
			failf(f, ZS_E_CA_PROTOCOL, "order: pending without any authorization");
		else
			read_authorizations(f);
		return;
	case ZS_ORDER_READY:
		finalize(f);
		return;
	case ZS_ORDER_INVALID:
		order_invalid(f, order);
		return;
	default:
		failf(f, ZS_E_CA_PROTOCOL, "order: %s although it is new",
		      zs_order_status_name(order->status));
	}
}

static void on_order(struct zs_flow *f, const struct input_data *in)
{
	struct zs_arena scratch;
	struct zs_order order;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (read_location(f, in, "order", &f->order_url, &err) ||
	    parse_order(f, in, f->order_url, &scratch, &order, &err))
		fail(f, &err);
	else if (!zs_order_is_for(&order, f->names, f->nnames))
		failf(f, ZS_E_CA_PROTOCOL, "order: identifiers: not the names that were ordered");
	else
		take_order(f, &order);
	zs_arena_done(&scratch);
}

/* newOrder is sent at most twice a run. */
static void order_again(struct zs_flow *f, const struct zs_err *err, int64_t delay_ms)
{
	if (f->new_orders >= MAX_NEW_ORDER || delay_ms > MAX_RETRY_AFTER_MS) {
		fail(f, err);
		return;
	}
	note(f, "newOrder is sent once more: %s", err->text);
	new_order(f, delay_ms);
}

static void on_order_refused(struct zs_flow *f, const struct input_data *in)
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
		fail(f, in->err);
	}
}

static void on_order_lost(struct zs_flow *f, const struct input_data *in)
{
	order_again(f, in->err, 0);
}

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

static void subject_of(struct zs_err *err, const struct zs_name *name)
{
	char text[ZS_MAX_NAME + 3];

	zs_name_print(name, text);
	zs_err_subject(err, "%s", text);
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
	subject_of(&err, &authz->identifier);
	explain(f, &err);
}

static void no_dns01(struct zs_flow *f, const struct zs_authz *authz, const char *url)
{
	struct zs_err err;

	(void)zs_err_set(&err, ZS_E_CA_REFUSED,
			 "the CA offers no dns-01 challenge for this name, only: %s",
			 authz->offered[0] ? authz->offered : "none at all");
	zs_err_where(&err, "%s", url);
	subject_of(&err, &authz->identifier);
	fail(f, &err);
}

static void keep_authz(struct zs_flow *f, struct authz *mine, const struct zs_authz *authz)
{
	mine->name = authz->identifier;
	mine->status = authz->status;
	mine->read = true;
	mine->publish = mine->accept = false;
	if (authz->status != ZS_AUTHZ_PENDING || !authz->has_dns01)
		return;
	mine->challenge = keep(f, zs_slice_str(authz->dns01.url));
	mine->token = keep(f, zs_slice_str(authz->dns01.token));
	mine->accept = authz->dns01.status == ZS_CHALLENGE_PENDING;
	mine->publish = mine->accept || authz->dns01.status == ZS_CHALLENGE_PROCESSING;
}

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
	a = push_open(f, ZS_DO_TXT_VALUES, NULL);
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
		failf(f, ZS_E_CA_PROTOCOL, "authorization: %s: for \"%s\", which is not in the order", url, name);
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

static void on_authz(struct zs_flow *f, const struct input_data *in)
{
	struct authz *mine = &f->authz[in->open.index];
	struct zs_acme_from source = from(f, mine->url);
	struct zs_arena scratch;
	struct zs_authz authz;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_authz_parse(body_of(in), &source, &scratch, &authz, &err)) {
		fail(f, &err);
	} else if (accept_authz(f, &authz, mine->url)) {
		keep_authz(f, mine, &authz);
		if (!f->open.n)
			ask_values(f);
	}
	zs_arena_done(&scratch);
}

/* ---- records ---- */

static const struct route *route_of(const struct zs_flow *f, const struct zs_name *name)
{
	for (size_t i = 0; i < f->nroutes; i++)
		if (same_base(&f->routes[i].identifier, name))
			return &f->routes[i];
	return NULL;
}

/* The same token twice gives the same record twice: it is published once. */
static bool has_record(const struct zs_flow *f, const struct route *route, struct zs_slice value)
{
	for (size_t i = 0; i < f->nrecords; i++)
		if (zs_slice_eq_str(value, f->records[i].value) &&
		    zs_name_eq(&f->records[i].effective, &route->effective))
			return true;
	return false;
}

static bool add_record(struct zs_flow *f, const struct zs_name *name, struct zs_slice value)
{
	const struct route *route = route_of(f, name);
	struct zs_flow_record *record;

	if (!route) {
		failf(f, ZS_E_BUG, "no route for %s", name->text);
		return false;
	}
	if (value.n != ZS_TXT_VALUE || !zs_b64url_ok(value)) {
		failf(f, ZS_E_PEER, "the vault sent a TXT value of the wrong shape");
		return false;
	}
	if (has_record(f, route, value))
		return true;
	record = &f->records[f->nrecords++];
	record->identifier = *name;
	record->identifier.wildcard = false;
	record->effective = route->effective;
	record->zone = route->zone;
	record->route = (uint32_t)(route - f->routes);
	(void)zs_slice_copy(value, record->value, sizeof(record->value));
	return true;
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
		if (!add_record(f, &f->authz[i].name, event->values[n++]))
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
	struct zs_flow_action *a = push_open(f, act, NULL);

	if (!a)
		return;
	a->records = f->records;
	a->nrecords = f->nrecords;
	if (act == ZS_DO_PUBLISH)
		f->records_are = RECORDS_PUBLISHING;
}

static void on_values(struct zs_flow *f, const struct input_data *in)
{
	if (in->err) {
		fail(f, in->err);
		return;
	}
	if (in->event->nvalues != count_published(f)) {
		failf(f, ZS_E_PEER, "the vault sent %zu TXT values for %zu tokens",
		      in->event->nvalues, count_published(f));
		return;
	}
	if (!make_records(f, in->event))
		return;
	f->state = S_PUBLISH;
	set_phase(f, ZS_PHASE_PUBLISH, "publishing %zu record%s", f->nrecords, f->nrecords == 1 ? "" : "s");
	push_records(f, ZS_DO_PUBLISH);
}

static void on_published(struct zs_flow *f, const struct input_data *in)
{
	f->records_are = RECORDS_THERE;
	if (in->err) {
		fail(f, in->err);
		return;
	}
	f->state = S_PROPAGATE;
	set_phase(f, ZS_PHASE_PROPAGATE, "waiting for the name servers");
	push_records(f, ZS_DO_WATCH);
}

/* Behind a failure or a cancel: now it can be undone. */
static void on_published_late(struct zs_flow *f, const struct input_data *in)
{
	(void)in;
	f->records_are = RECORDS_THERE;
	start_removal(f);
	if (f->state == S_CLEAN)
		end_when_clean(f);
}

static void on_removed(struct zs_flow *f, const struct input_data *in)
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
		end_when_clean(f);
}

/* ---- announce and settle ---- */

static void announce(struct zs_flow *f)
{
	f->state = S_ANNOUNCE;
	f->poll_wait_ms = -1;
	set_phase(f, ZS_PHASE_ANNOUNCE, "telling the CA that the records are there");
	for (size_t i = 0; i < f->nauthz; i++)
		if (f->authz[i].accept)
			request(f, ZS_OP_ACCEPT, f->authz[i].challenge, i);
	if (!f->open.n)
		settle(f, -1);
}

static void on_propagated(struct zs_flow *f, const struct input_data *in)
{
	if (in->err)
		fail(f, in->err);
	else
		announce(f);
}

static void settle(struct zs_flow *f, int64_t wait_ms)
{
	f->state = S_SETTLE;
	f->polls = 0;
	set_phase(f, ZS_PHASE_SETTLE, "the CA validates");
	poll_order(f, wait_ms);
}

static void announced(struct zs_flow *f, const struct input_data *in)
{
	if (in->wait_ms > f->poll_wait_ms)
		f->poll_wait_ms = in->wait_ms;
	if (!f->open.n)
		settle(f, f->poll_wait_ms);
}

/* An accept was refused and the authorization read: was it perhaps taken all the
 * same, by an earlier send or another order? */
static void on_accept_checked(struct zs_flow *f, const struct input_data *in)
{
	struct authz *mine = &f->authz[in->open.index];
	struct zs_acme_from source = from(f, mine->url);
	struct zs_arena scratch;
	struct zs_authz authz;
	struct zs_err err;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_authz_parse(body_of(in), &source, &scratch, &authz, &err))
		fail(f, &err);
	else if (authz.status == ZS_AUTHZ_PENDING && authz.has_dns01 &&
		 authz.dns01.status == ZS_CHALLENGE_PENDING)
		fail(f, &f->accept_err);
	else if (authz.status != ZS_AUTHZ_PENDING && authz.status != ZS_AUTHZ_VALID)
		authz_dead(f, &authz, mine->url);
	else
		announced(f, in);
	zs_arena_done(&scratch);
}

static void on_accepted(struct zs_flow *f, const struct input_data *in)
{
	struct zs_acme_from source = from(f, in->open.request.url);
	struct zs_arena scratch;
	struct zs_challenge challenge;
	struct zs_err err;

	if (in->open.request.op == ZS_OP_READ_AUTHZ) {
		on_accept_checked(f, in);
		return;
	}
	zs_arena_init(&scratch, MAX_SCRATCH);
	if (zs_challenge_parse(body_of(in), &source, &scratch, &challenge, &err))
		fail(f, &err);
	else
		announced(f, in);
	zs_arena_done(&scratch);
}

static void on_accept_refused(struct zs_flow *f, const struct input_data *in)
{
	enum zs_problem_kind kind = zs_problem_kind(in->err);

	if (in->open.request.op != ZS_OP_ACCEPT || kind == ZS_PROBLEM_ACCOUNT_GONE ||
	    kind == ZS_PROBLEM_LIMITED || kind == ZS_PROBLEM_BUSY) {
		fail(f, in->err);
		return;
	}
	f->accept_err = *in->err;
	subject_of(&f->accept_err, &f->authz[in->open.index].name);
	note(f, "%s: the CA refused the accept, its state is read: %s",
	     f->authz[in->open.index].name.text, in->err->text);
	request(f, ZS_OP_READ_AUTHZ, f->authz[in->open.index].url, in->open.index);
}

/* The order as it stands; false when the reply could not be used (failed then). */
static bool polled(struct zs_flow *f, const struct input_data *in, enum zs_order_status *ret)
{
	struct zs_arena scratch;
	struct zs_order order;
	struct zs_err err;
	bool good = false;

	zs_arena_init(&scratch, MAX_SCRATCH);
	if (parse_order(f, in, f->order_url, &scratch, &order, &err)) {
		fail(f, &err);
	} else if (order.status == ZS_ORDER_INVALID) {
		order_invalid(f, &order);
	} else {
		*ret = order.status;
		good = true;
	}
	zs_arena_done(&scratch);
	return good;
}

static void on_settled(struct zs_flow *f, const struct input_data *in)
{
	enum zs_order_status status;

	if (!polled(f, in, &status))
		return;
	if (status == ZS_ORDER_PENDING)
		poll_order(f, in->wait_ms);
	else if (status == ZS_ORDER_READY)
		finalize(f);
	else
		failf(f, ZS_E_CA_PROTOCOL, "order: %s although it was never finalized",
		      zs_order_status_name(status));
}

/* ---- finalize ---- */

static void finalize(struct zs_flow *f)
{
	struct open o = make_request(ZS_OP_FINALIZE, f->finalize_url, 0);

	if (f->finalizes == MAX_FINALIZE) {
		failf(f, ZS_E_CA_PROTOCOL, "order: still ready after %d times finalize", MAX_FINALIZE);
		return;
	}
	f->finalizes++;
	f->finalize_sent = true;
	f->state = S_FINALIZE;
	set_phase(f, ZS_PHASE_FINALIZE, "finalizing");
	start_removal(f);
	o.request.order_url = f->order_url;
	send_open(f, &o);
}

static void on_finalized(struct zs_flow *f, const struct input_data *in)
{
	enum zs_order_status status;

	if (!polled(f, in, &status))
		return;
	if (status == ZS_ORDER_VALID)
		download(f);
	else
		wait_for_certificate(f, in->wait_ms);
}

/* Perhaps it arrived: the order tells. */
static void check_finalize(struct zs_flow *f, int64_t wait_ms)
{
	f->state = S_CHECK;
	f->polls = 0;
	poll_order(f, wait_ms);
}

static void on_finalize_refused(struct zs_flow *f, const struct input_data *in)
{
	enum zs_problem_kind kind = zs_problem_kind(in->err);
	int64_t wait = in->wait_ms;

	if (kind == ZS_PROBLEM_BUSY && wait < 0)
		wait = (int64_t)zs_backoff_ms(FIRST_BACKOFF_MS, 200, f->finalizes - 1, MAX_BACKOFF_MS);
	if (kind == ZS_PROBLEM_NOT_READY)
		check_finalize(f, wait);
	else if ((kind == ZS_PROBLEM_BUSY || (kind == ZS_PROBLEM_LIMITED && wait >= 0)) &&
		 wait <= MAX_RETRY_AFTER_MS && f->finalizes < MAX_FINALIZE)
		check_finalize(f, wait);
	else
		fail(f, in->err);
}

static void on_finalize_lost(struct zs_flow *f, const struct input_data *in)
{
	note(f, "the reply to finalize was lost, the order is read: %s", in->err->text);
	check_finalize(f, -1);
}

static void on_checked(struct zs_flow *f, const struct input_data *in)
{
	enum zs_order_status status;

	if (!polled(f, in, &status))
		return;
	if (status == ZS_ORDER_VALID)
		download(f);
	else if (status == ZS_ORDER_READY)
		finalize(f);
	else if (status == ZS_ORDER_PROCESSING)
		wait_for_certificate(f, in->wait_ms);
	else
		poll_order(f, in->wait_ms);
}

static void on_issued(struct zs_flow *f, const struct input_data *in)
{
	enum zs_order_status status;

	if (!polled(f, in, &status))
		return;
	if (status == ZS_ORDER_VALID)
		download(f);
	else if (status == ZS_ORDER_READY && f->polls > PATIENT_POLLS)
		finalize(f);
	else
		poll_order(f, in->wait_ms);
}

/* ---- download, chains ---- */

static void download(struct zs_flow *f)
{
	f->state = S_DOWNLOAD;
	set_phase(f, ZS_PHASE_DOWNLOAD, "downloading the certificate");
	request(f, ZS_OP_DOWNLOAD, f->certificate_url, 0);
}

static bool read_chain(struct zs_flow *f, const struct input_data *in, struct zs_slice *ret, struct zs_err *err)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct zs_slice body = body_of(in);
	const char *why = NULL;

	if (!body.n)
		why = "is empty";
	else if (body.n > ZS_MAX_PEM)
		why = "is longer than 64 KiB";
	else if (memchr(body.p, 0, body.n))
		why = "has a NUL";
	else if (!memmem(body.p, body.n, begin, sizeof(begin) - 1))
		why = "has no PEM block \"CERTIFICATE\"";
	if (why) {
		(void)zs_err_set(err, ZS_E_CA_PROTOCOL, "certificate: the chain %s", why);
		zs_err_where(err, "%s", in->open.request.url);
		return false;
	}
	*ret = zs_slice_str(keep(f, body));
	return true;
}

static void add_alternate(struct zs_slice target, void *user)
{
	struct zs_flow *f = user;
	struct zs_acme_from source = from(f, f->certificate_url);
	struct zs_err err;

	if (f->nalternates == MAX_ALTERNATES)
		return;
	if (zs_url_check(target, &source, "certificate: Link alternate", &err))
		note(f, "an alternate chain is left out: %s", err.text);
	else
		f->alternates[f->nalternates++] = keep(f, target);
}

static void inspect(struct zs_flow *f)
{
	struct zs_flow_action *a;

	f->state = S_INSPECT;
	a = push_open(f, ZS_DO_INSPECT, NULL);
	if (a)
		a->chain = f->chain;
}

static void verify(struct zs_flow *f)
{
	struct zs_flow_action *a;

	f->state = S_VERIFY;
	set_phase(f, ZS_PHASE_VERIFY, "verifying the certificate");
	a = push_open(f, ZS_DO_VERIFY, NULL);
	if (a)
		a->chain = f->chain;
}

static void on_downloaded(struct zs_flow *f, const struct input_data *in)
{
	const struct zs_flow_reply *reply = &in->event->reply;
	struct zs_err err;

	if (!read_chain(f, in, &f->chain, &err)) {
		fail(f, &err);
		return;
	}
	f->default_chain = f->chain;
	if (!*f->preferred) {
		verify(f);
		return;
	}
	for (size_t i = 0; i < reply->nlinks; i++)
		zs_link_each(reply->links[i], "alternate", add_alternate, f);
	inspect(f);
}

static void next_alternate(struct zs_flow *f)
{
	if (f->alternate < f->nalternates) {
		f->state = S_ALTERNATE;
		request(f, ZS_OP_ALTERNATE, f->alternates[f->alternate], f->alternate);
		f->alternate++;
		return;
	}
	note(f, "no chain of %s ends at \"%s\"; the default chain is used", f->ca, f->preferred);
	f->chain = f->default_chain;
	verify(f);
}

static void on_inspected(struct zs_flow *f, const struct input_data *in)
{
	if (!in->err && in->event->text.n && zs_slice_eq_nocase(in->event->text, f->preferred))
		verify(f);
	else
		next_alternate(f);
}

static void on_alternate(struct zs_flow *f, const struct input_data *in)
{
	struct zs_err err;

	if (read_chain(f, in, &f->chain, &err)) {
		inspect(f);
		return;
	}
	note(f, "an alternate chain is left out: %s", err.text);
	next_alternate(f);
}

static void on_alternate_failed(struct zs_flow *f, const struct input_data *in)
{
	note(f, "an alternate chain is left out: %s", in->err->text);
	next_alternate(f);
}

static void on_verified(struct zs_flow *f, const struct input_data *in)
{
	struct zs_flow_action *a;

	if (in->err) {
		/* the same certificate would come again and again */
		f->order_dead = in->err->code == ZS_E_CA_CERT || in->err->code == ZS_E_CA_PROTOCOL;
		fail(f, in->err);
		return;
	}
	f->state = S_STORE;
	set_phase(f, ZS_PHASE_STORE, "storing the certificate");
	a = push_open(f, ZS_DO_STORE, NULL);
	if (a)
		a->chain = f->chain;
}

static void on_stored(struct zs_flow *f, const struct input_data *in)
{
	if (in->err) {
		fail(f, in->err);
		return;
	}
	f->end.issued = true;
	enter_clean(f);
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
	if (count_open(f, ZS_DO_REQUEST))
		return;
	for (size_t i = 0; i < f->nauthz; i++) {
		struct open o = make_request(ZS_OP_DEACTIVATE, f->authz[i].url, i);

		if (!f->authz[i].read || f->authz[i].status != ZS_AUTHZ_PENDING)
			continue;
		o.request.budget_ms = DEACTIVATE_MS;
		send_open(f, &o);
	}
	forget_dead_order(f);
	enter_clean(f);
}

static void on_reason(struct zs_flow *f, const struct input_data *in)
{
	struct authz *mine = &f->authz[in->open.index];
	struct zs_acme_from source = from(f, mine->url);
	struct zs_arena scratch;
	struct zs_authz authz;

	zs_arena_init(&scratch, MAX_SCRATCH);
	mine->read = !zs_authz_parse(body_of(in), &source, &scratch, &authz, NULL);
	if (mine->read) {
		mine->status = authz.status;
		mine->name = authz.identifier;
		if (authz.status == ZS_AUTHZ_INVALID || authz.has_error)
			add_reason(f, &authz);
	}
	zs_arena_done(&scratch);
	explained(f);
}

static void on_no_reason(struct zs_flow *f, const struct input_data *in)
{
	f->authz[in->open.index].read = false;
	explained(f);
}

static void on_clean_answer(struct zs_flow *f, const struct input_data *in)
{
	(void)in;
	end_when_clean(f);
}

/* ---- stop ---- */

static void on_stop(struct zs_flow *f, const struct input_data *in)
{
	if (in->event->on == ZS_ON_CANCEL)
		failf(f, ZS_E_CANCELLED, "cancelled while %s", states[f->state].doing);
	else
		failf(f, states[f->state].late, "the time for this certificate was over while %s",
		      states[f->state].doing);
}

/* Failed already: nothing but the removal is waited for. */
static void on_stop_failed(struct zs_flow *f, const struct input_data *in)
{
	(void)in;
	for (size_t i = f->open.n; i-- > 0;) {
		if (f->open.items[i].act != ZS_DO_REQUEST)
			continue;
		drop_open(f, i);
		zs_vec_remove(&f->open, i);
	}
	if (f->state == S_EXPLAIN) {
		forget_dead_order(f);
		enter_clean(f);
	} else {
		end_when_clean(f);
	}
}

/* ---- the table ---- */

typedef void step(struct zs_flow *f, const struct input_data *in);

/* An empty place means: ignored.  VERIFY and STORE have no I_STOP: they are quick
 * and what they finish would be lost. */
static step *const table[S__COUNT][I__COUNT] = {
	[S_WAIT] = { [I_START] = on_start, [I_ROUTES] = on_routes_waited, [I_STOP] = on_stop },
	[S_ACCOUNT] = { [I_ROUTES] = on_routes, [I_OK] = on_account, [I_REFUSED] = on_refused,
			[I_LOST] = on_lost, [I_STOP] = on_stop },
	[S_ACCOUNT_SET] = { [I_ROUTES] = on_routes, [I_DONE] = on_account_set, [I_STOP] = on_stop },
	[S_ACCOUNT_LOST] = { [I_ROUTES] = on_routes, [I_DONE] = on_account_lost, [I_STOP] = on_stop },
	[S_RESUME] = { [I_ROUTES] = on_routes, [I_OK] = on_old_order, [I_REFUSED] = on_old_order_refused,
		       [I_LOST] = on_lost, [I_STOP] = on_stop },
	[S_GONE] = { [I_ROUTES] = on_routes, [I_DONE] = on_gone, [I_STOP] = on_stop },
	[S_ORDER] = { [I_OK] = on_order, [I_REFUSED] = on_order_refused, [I_LOST] = on_order_lost,
		      [I_STOP] = on_stop },
	[S_AUTHORIZE] = { [I_OK] = on_authz, [I_REFUSED] = on_refused, [I_LOST] = on_lost,
			  [I_STOP] = on_stop },
	[S_VALUES] = { [I_VALUES] = on_values, [I_STOP] = on_stop },
	[S_PUBLISH] = { [I_PUBLISHED] = on_published, [I_STOP] = on_stop },
	[S_PROPAGATE] = { [I_PROPAGATED] = on_propagated, [I_STOP] = on_stop },
	[S_ANNOUNCE] = { [I_OK] = on_accepted, [I_REFUSED] = on_accept_refused, [I_LOST] = on_lost,
			 [I_STOP] = on_stop },
	[S_SETTLE] = { [I_OK] = on_settled, [I_REFUSED] = on_refused, [I_LOST] = on_lost,
		       [I_STOP] = on_stop },
	[S_FINALIZE] = { [I_ROUTES] = on_routes, [I_OK] = on_finalized, [I_REFUSED] = on_finalize_refused,
			 [I_LOST] = on_finalize_lost, [I_REMOVED] = on_removed, [I_STOP] = on_stop },
	[S_CHECK] = { [I_OK] = on_checked, [I_REFUSED] = on_refused, [I_LOST] = on_lost,
		      [I_REMOVED] = on_removed, [I_STOP] = on_stop },
	[S_ISSUE] = { [I_OK] = on_issued, [I_REFUSED] = on_refused, [I_LOST] = on_lost,
		      [I_REMOVED] = on_removed, [I_STOP] = on_stop },
	[S_DOWNLOAD] = { [I_OK] = on_downloaded, [I_REFUSED] = on_refused, [I_LOST] = on_lost,
			 [I_REMOVED] = on_removed, [I_STOP] = on_stop },
	[S_INSPECT] = { [I_INSPECTED] = on_inspected, [I_REMOVED] = on_removed, [I_STOP] = on_stop },
	[S_ALTERNATE] = { [I_OK] = on_alternate, [I_REFUSED] = on_alternate_failed,
			  [I_LOST] = on_alternate_failed, [I_REMOVED] = on_removed, [I_STOP] = on_stop },
	[S_VERIFY] = { [I_VERIFIED] = on_verified, [I_REMOVED] = on_removed },
	[S_STORE] = { [I_STORED] = on_stored, [I_REMOVED] = on_removed },
	[S_EXPLAIN] = { [I_OK] = on_reason, [I_REFUSED] = on_no_reason, [I_LOST] = on_no_reason,
			[I_PUBLISHED] = on_published_late, [I_REMOVED] = on_removed,
			[I_STOP] = on_stop_failed },
	[S_CLEAN] = { [I_OK] = on_clean_answer, [I_REFUSED] = on_clean_answer,
		      [I_LOST] = on_clean_answer, [I_DONE] = on_clean_answer,
		      [I_PUBLISHED] = on_published_late, [I_REMOVED] = on_removed,
		      [I_STOP] = on_stop_failed },
};

/* ---- from event to input ---- */

/* Which action an event answers; ZS_DO__COUNT = none. */
static const struct {
	const char *name;
	enum zs_flow_do answers;
	enum input input;
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
static bool take_open(struct zs_flow *f, const struct zs_flow_event *event, struct open *ret)
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
	note(f, "the clock of this machine differs from that of %s by %lld seconds (ours minus theirs)",
	     f->ca, (long long)-f->skew);
}

static int64_t read_retry_after(const struct zs_flow *f, const struct zs_flow_reply *reply)
{
	int64_t at;

	if (!reply->retry_after.n || !zs_time_retry_after(reply->retry_after, ca_now(f), &at))
		return -1;
	return at > ca_now(f) ? (at - ca_now(f)) * 1000 : 0;
}

static bool is_read(enum zs_flow_op op)
{
	return op == ZS_OP_READ_ORDER || op == ZS_OP_READ_AUTHZ || op == ZS_OP_DOWNLOAD || op == ZS_OP_ALTERNATE;
}

/* Milliseconds until the refused request is sent again, -1 = not at all. */
static int64_t again_in(const struct zs_flow *f, const struct input_data *in)
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
		zs_err_hint(err, "read the terms at %.*s and set `terms = agreed` for the CA",
			    (int)url.n, (const char *)url.p);
}

/* Splits a reply into good, refused and "later" (then true: done with it). */
static bool sort_reply(struct zs_flow *f, struct input_data *in, struct zs_err *err, enum input *ret)
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
		send_again(f, &in->open, again);
	return again >= 0;
}

static void fill_lost(struct input_data *in, struct zs_err *err)
{
	if (in->event->err && in->event->err->code)
		*err = *in->event->err;
	else
		(void)zs_err_set(err, ZS_E_NETWORK, "no reply from the CA");
	if (!err->where[0])
		zs_err_where(err, "%s", in->open.request.url);
	in->err = err;
}

static void run_step(struct zs_flow *f, enum input input, const struct input_data *in)
{
	step *s = table[f->state][input];

	if (s)
		s(f, in);
}

void zs_flow_event(struct zs_flow *flow, const struct zs_flow_event *event)
{
	struct input_data in = { .event = event, .wait_ms = -1 };
	struct zs_err err;
	enum input input;

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
	return text ? keep(f, zs_slice_str(text)) : "";
}

static void copy_origins(struct zs_flow *f, struct zs_origins origins)
{
	struct zs_slice *items = zs_arena_alloc(&f->arena, (origins.n + 1) * sizeof(*items));

	if (!items) {
		f->nomem = true;
		return;
	}
	for (size_t i = 0; i < origins.n; i++)
		items[i] = zs_slice_str(keep(f, origins.items[i]));
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
