/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives core/acme/flow.c through simulated worlds: a CA (ca.c), DNS, vault,
 * session and clock, all decided by one seed.  Each seed draws a job, manners
 * of the CA and up to three kinds of fault, may kill the run at any step, and
 * then lets a second run without faults put everything right.  After every
 * step the rules of the protocol and of the journal are checked.
 *
 *	sim			the seeds of the suite
 *	sim --count N --from S	N seeds from S on
 *	sim --seed S -v		one seed with a trace
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acme/flow.h"
#include "base/b64url.h"
#include "base/buf.h"
#include "ca.h"

enum {
	SEEDS = 10000,
	MAX_HAPPENINGS = 512,
	MAX_RECORDS = 32,
	MAX_STEPS = 20000,
	JOB_MS = 15 * 60 * 1000,
	GRACE_MS = 120 * 1000 /* behind the deadline: clean-up and session budgets */
};

#define WALL_START INT64_C(1795000000)

#define FAULTS(X) \
	X(LOST_BEFORE, "requests do not arrive") \
	X(LOST_AFTER, "replies do not arrive") \
	X(BUSY, "500 and 503") \
	X(LIMITED, "429 with Retry-After") \
	X(PAUSED, "429 paused") \
	X(VALIDATION, "validation refused") \
	X(DEAD_AUTHZ, "authorization dead at birth") \
	X(BORN_INVALID, "order dead at birth") \
	X(NEVER_VALID, "validation never ends") \
	X(NEVER_ISSUED, "processing for ever") \
	X(ISSUE_REFUSED, "invalid behind finalize") \
	X(NO_DNS01, "no dns-01 offered") \
	X(FOREIGN_NAME, "authorization for another name") \
	X(FOREIGN_URL, "URLs on another host") \
	X(MALFORMED, "bodies damaged") \
	X(ACCOUNT_LOST, "account forgotten by the CA") \
	X(KILL, "killed at some step") \
	X(CANCEL, "cancelled at some time") \
	X(DEADLINE, "deadline at some time") \
	X(PUBLISH, "publish fails in part") \
	X(PROPAGATION, "propagation fails") \
	X(REMOVE, "remove fails in part") \
	X(VAULT, "vault refuses") \
	X(VERIFY, "certificate is another one") \
	X(DIRECTORY, "directory not readable") \
	X(NOMEM, "an allocation fails") \
	X(DARK, "nothing comes through from some moment on") \
	X(SAME_TOKEN, "one token for all") \
	X(SLOW, "slow CA") \
	X(DOUBLE, "replies come twice or late") \
	X(CLOCK, "clock ten years off")

enum fault {
#define FAULT_ENUM(name, text) F_##name,
	FAULTS(FAULT_ENUM)
		F__COUNT
};

static const char *const fault_names[] = {
#define FAULT_NAME(name, text) text,
	FAULTS(FAULT_NAME)
};

/* ---- allocations of the machine that fail (the linker wraps these) ---- */

static unsigned allocations_left; /* 0 = all succeed */
static bool in_flow;

static bool allocation_fails(void)
{
	return in_flow && allocations_left && !--allocations_left;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(p, size);
}

struct record {
	struct zs_name name;
	char value[ZS_TXT_VALUE + 1];
};

enum happening_kind { H_FREE,
	H_SEND,
	H_DELIVER };

struct happening {
	enum happening_kind kind;
	uint64_t at, seq;
	uint64_t first_sent; /* H_SEND of a repeated request; 0 = not yet */
	struct zs_flow_request request;
	struct zs_flow_event event; /* slices are filled when it is delivered */
	struct ca_reply reply;
	struct zs_err err;
	struct zs_msg_txt_value *values; /* TXT_VALUES_ARE; heap, with the texts behind */
	char text[32]; /* INSPECTED */
	bool twin; /* comes a second time */
};

struct world {
	uint64_t seed;
	bool verbose;
	struct rng rng;
	uint64_t now_ms, seq;
	int64_t wall_off; /* our clock against the CA's */
	bool faults[F__COUNT];
	bool any_fault;
	struct ca ca;
	/* the job */
	struct zs_name names[CA_NAMES];
	size_t nnames;
	struct zs_msg_route routes[CA_NAMES];
	size_t nroutes;
	bool dry_run, preferred;
	struct zs_directory directory;
	/* what survives a kill */
	struct record dns[MAX_RECORDS], journal[MAX_RECORDS];
	size_t ndns, njournal;
	char account_url[96], order_url[96];
	int stored;
	/* one run */
	struct zs_flow *flow;
	int run;
	size_t top; /* happenings behind it are not in use */
	unsigned steps, stop_at; /* a cancel or deadline at this step; 0 = none */
	uint64_t dark_from;
	uint32_t last_ref;
	uint64_t run_start;
	bool ended, propagated, cancelled, gone, lost_account;
	struct zs_flow_end end;
	const struct zs_flow_record *records;
	size_t nrecords;
	unsigned new_orders, finalizes, accepts, reads_settle, reads_issue, publishes, removes, stores, ambiguous;
	bool read_since_finalize;
	uint64_t next_read_at; /* Retry-After and the shortest pause */
	struct happening happenings[MAX_HAPPENINGS]; /* last: all zero between two seeds */
};

static void trace(const struct world *w, const char *fmt, ...) ZS_PRINTF(2, 3);
static void trace(const struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->verbose)
		return;
	printf("%9llu.%03llu run %d  ", (unsigned long long)(w->now_ms / 1000),
		(unsigned long long)(w->now_ms % 1000), w->run);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void broken(const struct world *w, const char *rule)
{
	printf("not ok: seed %llu, run %d, step %u, state %s: %s\n", (unsigned long long)w->seed, w->run,
		w->steps, w->flow ? zs_flow_state_name(w->flow) : "-", rule);
	printf("replay: tests/sim/sim --seed %llu -v\n", (unsigned long long)w->seed);
	fflush(stdout);
	exit(1);
}

#define RULE(w, cond, text) \
	do { \
		if (!(cond)) \
			broken((w), (text)); \
	} while (0)

static bool fault(struct world *w, enum fault f, uint32_t percent)
{
	return w->faults[f] && rng_chance(&w->rng, percent);
}

/* ---- DNS and journal ---- */

static size_t find_record(const struct record *set, size_t n, const struct zs_name *name, const char *value)
{
	size_t i = 0;

	while (i < n && !(zs_name_eq(&set[i].name, name) && !strcmp(set[i].value, value)))
		i++;
	return i;
}

static void add_record(struct record *set, size_t *n, const struct zs_name *name, const char *value)
{
	if (find_record(set, *n, name, value) < *n || *n == MAX_RECORDS)
		return;
	set[*n].name = *name;
	(void)snprintf(set[*n].value, sizeof(set[*n].value), "%s", value);
	(*n)++;
}

static void remove_record(struct record *set, size_t *n, const struct zs_name *name, const char *value)
{
	size_t i = find_record(set, *n, name, value);

	if (i < *n)
		set[i] = set[--*n];
}

static const struct zs_msg_route *route_of(const struct world *w, const struct zs_name *name)
{
	for (size_t i = 0; i < w->nroutes; i++)
		if (!strcmp(w->routes[i].identifier.text, name->text))
			return &w->routes[i];
	return NULL;
}

/* The vault's TXT value of a token is the token: both have 43 characters. */
static bool lookup(const struct zs_name *name, const char *token, void *user)
{
	struct world *w = user;
	const struct zs_msg_route *route = route_of(w, name);

	return route && find_record(w->dns, w->ndns, &route->effective, token) < w->ndns;
}

/* ---- happenings ---- */

static struct happening *add_happening(struct world *w, enum happening_kind kind, uint64_t delay_ms)
{
	for (size_t i = 0; i < MAX_HAPPENINGS; i++) {
		struct happening *h = &w->happenings[i];

		if (h->kind != H_FREE)
			continue;
		if (i >= w->top)
			w->top = i + 1;
		h->kind = kind;
		h->at = w->now_ms + delay_ms;
		h->seq = w->seq++;
		return h;
	}
	broken(w, "too many things at once");
	abort();
}

static struct happening *next_happening(struct world *w)
{
	struct happening *first = NULL;

	for (size_t i = 0; i < w->top; i++) {
		struct happening *h = &w->happenings[i];

		if (h->kind == H_FREE)
			continue;
		if (!first || h->at < first->at || (h->at == first->at && h->seq < first->seq))
			first = h;
	}
	return first;
}

static void drop_happening(struct happening *h)
{
	free(h->reply.body);
	free(h->values);
	memset(h, 0, sizeof(*h));
}

static uint32_t latency(struct world *w)
{
	if (fault(w, F_SLOW, 40))
		return 100 + rng_below(&w->rng, 8000);
	return 1 + rng_below(&w->rng, 8);
}

static struct happening *answer(struct world *w, enum zs_flow_on on, uint32_t ref, uint64_t delay_ms)
{
	struct happening *h = add_happening(w, H_DELIVER, delay_ms);

	h->event.on = on;
	h->event.ref = ref;
	return h;
}

static void answer_fails(struct happening *h, enum zs_code code, const char *text)
{
	(void)zs_err_set(&h->err, code, "%s", text);
}

/* ---- the session: sending ---- */

/* No reply came: repeated inside 30 s where that is allowed, else told. */
static void lose(struct world *w, struct happening *h, bool arrived)
{
	uint32_t budget = h->request.budget_ms ? h->request.budget_ms : 30000;
	struct happening *lost;

	if (arrived && h->request.op == ZS_OP_NEW_ORDER)
		w->ambiguous++;
	if (!h->first_sent)
		h->first_sent = w->now_ms;
	if (h->request.repeat && w->now_ms + 400 < h->first_sent + budget) {
		h->at = w->now_ms + 200 + rng_below(&w->rng, 200);
		h->seq = w->seq++;
		return;
	}
	lost = answer(w, ZS_ON_LOST, h->event.ref, rng_below(&w->rng, 200));
	answer_fails(lost, ZS_E_NETWORK, "connection reset");
	drop_happening(h);
}

static void swap_body(struct ca_reply *reply, const char *body)
{
	free(reply->body);
	reply->body = strdup(body);
}

static const char *const bad_bodies[] = {
	"",
	"{",
	"[]",
	"null",
	"{\"status\":7}",
	"{\"status\":\"valid\",\"status\":\"valid\"}",
	"{\"status\":\"\\u0000\"}",
	"\xff\xfe",
	"{\"status\":\"pending\",\"identifiers\":[]}",
	"{\"status\":\"sideways\"}",
	"{} {}",
	"<html>",
	"{\"a\":01}",
};

static void damage(struct world *w, struct happening *h)
{
	char *at;

	if (fault(w, F_MALFORMED, 12))
		swap_body(&h->reply, bad_bodies[rng_below(&w->rng, (uint32_t)ZS_COUNT(bad_bodies))]);
	if (!fault(w, F_FOREIGN_URL, 25))
		return;
	at = strstr(h->reply.body, "https://ca.test");
	if (at)
		memcpy(at, rng_chance(&w->rng, 50) ? "https://eviltes" : "httpx://ca.test", 15);
	else if (h->reply.location[0])
		memcpy(h->reply.location, "https://evil", 12);
}

/* What stands between us and the CA answers by itself; true when it did. */
static bool intercept(struct world *w, struct ca_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	if (fault(w, F_BUSY, 30)) {
		swap_body(reply, "<h1>later</h1>");
		reply->status = 503;
		if (rng_chance(&w->rng, 60))
			(void)snprintf(reply->retry_after, sizeof(reply->retry_after), "%u", 1 + rng_below(&w->rng, 200));
		return true;
	}
	if (fault(w, F_LIMITED, 20)) {
		ca_problem(reply, 429, "rateLimited", "too many; retry after 2031-01-01 00:00:00 UTC");
		if (rng_chance(&w->rng, 70))
			(void)snprintf(reply->retry_after, sizeof(reply->retry_after), "%u", 1 + rng_below(&w->rng, 30));
		return true;
	}
	if (fault(w, F_PAUSED, 20)) {
		ca_problem(reply, 429, "rateLimited", "Your account is temporarily paused; visit https://x");
		return true;
	}
	return false;
}

static uint32_t kid_of(const struct world *w)
{
	struct zs_slice url = zs_slice_str(w->account_url);
	const char *lead = CA_ORIGIN "/account/";
	uint64_t id = 0;

	if (zs_slice_starts(url, lead))
		(void)zs_slice_u64(zs_slice_of(url.p + strlen(lead), url.n - strlen(lead)), 1000, &id);
	return (uint32_t)id;
}

/* The vault signs: what it journals, and what it would refuse. */
static void sign(struct world *w, const struct zs_flow_request *request)
{
	if (request->op != ZS_OP_FINALIZE)
		return;
	RULE(w, request->order_url && *request->order_url, "finalize without the order's URL");
	(void)snprintf(w->order_url, sizeof(w->order_url), "%s", request->order_url);
}

static void check_sending(struct world *w, const struct zs_flow_request *request)
{
	const struct ca_order *o;

	RULE(w, zs_slice_starts(zs_slice_str(request->url), CA_ORIGIN "/"), "a request to another host");
	if (request->op == ZS_OP_READ_ORDER) {
		RULE(w, w->now_ms >= w->next_read_at, "the order is read before its time");
		w->read_since_finalize = true;
		w->reads_settle += !w->finalizes;
		w->reads_issue += w->finalizes > 0;
	}
	if (request->op == ZS_OP_FINALIZE) {
		ca_tick(&w->ca);
		o = ca_find_order(&w->ca, request->order_url);
		RULE(w, w->faults[F_MALFORMED] || w->faults[F_FOREIGN_URL] || !o || (o->status != CA_O_PENDING && o->status != CA_O_INVALID),
			"finalize although the order was not ready");
		RULE(w, !w->finalizes || w->read_since_finalize, "finalize repeated without reading the order");
		w->finalizes++;
		w->read_since_finalize = false;
	}
}

static void schedule_reply(struct world *w, struct happening *send, const struct ca_reply *reply)
{
	struct happening *h = answer(w, ZS_ON_REPLY, send->event.ref, latency(w));
	struct happening *twin;

	h->request = send->request;
	h->reply = *reply;
	if (reply->status < 300)
		damage(w, h);
	if (!fault(w, F_DOUBLE, 40))
		return;
	twin = answer(w, ZS_ON_REPLY, h->event.ref, (h->at - w->now_ms) + rng_below(&w->rng, 3000));
	twin->request = h->request;
	twin->reply = h->reply;
	twin->twin = true;
	twin->reply.body = strdup(h->reply.body);
}

static void do_send(struct world *w, struct happening *h)
{
	struct ca_reply reply;
	bool lossy_after;

	if (!h->first_sent)
		check_sending(w, &h->request);
	sign(w, &h->request);
	if ((w->faults[F_DARK] && w->now_ms >= w->dark_from) || fault(w, F_LOST_BEFORE, 25)) {
		lose(w, h, false);
		return;
	}
	lossy_after = fault(w, F_LOST_AFTER, 25);
	if (!intercept(w, &reply)) {
		w->ca.now_ms = w->now_ms;
		ca_perform(&w->ca, &h->request, kid_of(w), &reply);
		if (fault(w, F_BUSY, 8)) {
			if (h->request.op == ZS_OP_NEW_ORDER)
				w->ambiguous++;
			ca_problem(&reply, 500, "serverInternal", "oops");
			reply.location[0] = 0;
		}
	}
	if (lossy_after) {
		free(reply.body);
		lose(w, h, true);
		return;
	}
	schedule_reply(w, h, &reply);
	drop_happening(h);
}

/* ---- actions ---- */

static void do_request(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = add_happening(w, H_SEND, a->request.delay_ms);
	enum zs_flow_op op = a->request.op;

	h->request = a->request;
	h->event.ref = a->ref;
	RULE(w, !w->cancelled, "a request behind a cancel");
	RULE(w, !w->dry_run, "a request in a dry run");
	if (op == ZS_OP_NEW_ORDER)
		w->new_orders++;
	RULE(w, w->new_orders <= 2u + w->lost_account, "newOrder sent too often");
	RULE(w, op != ZS_OP_FINALIZE || w->removes == w->publishes, "the removal waits for finalize");
	if (op == ZS_OP_ACCEPT) {
		w->accepts++;
		RULE(w, w->propagated, "accept before the records were seen");
	}
}

static void do_drop(struct world *w, uint32_t ref)
{
	RULE(w, ref && ref <= w->last_ref, "drop of an unknown reference");
	for (size_t i = 0; i < w->top; i++) {
		struct happening *h = &w->happenings[i];

		if (h->kind == H_SEND && h->event.ref == ref)
			drop_happening(h);
	}
}

static void do_values(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = answer(w, ZS_ON_TXT_VALUES, a->ref, 1);

	char(*texts)[ZS_MAX_KEY_AUTHORIZATION + 1];

	h->values = calloc(a->ntokens + 1, sizeof(*h->values) + sizeof(*texts));
	texts = (void *)(h->values + a->ntokens + 1);
	for (size_t i = 0; i < a->ntokens; i++) {
		RULE(w, zs_token_ok(a->tokens[i]), "a token with a bad alphabet");
		(void)snprintf(texts[i], sizeof(texts[i]), "%.*s.%s", (int)a->tokens[i].n, (const char *)a->tokens[i].p,
			"LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0");
		h->values[i] = (struct zs_msg_txt_value){ a->tokens[i], zs_slice_str(texts[i]) };
	}
	h->event.values = h->values;
	h->event.nvalues = a->ntokens;
	if (fault(w, F_VAULT, 20))
		answer_fails(h, ZS_E_STORAGE, "no key");
}

static void do_publish(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = answer(w, ZS_ON_PUBLISHED, a->ref, latency(w) * 4);

	RULE(w, !w->publishes++, "published twice");
	RULE(w, a->nrecords > 0 && a->nrecords <= w->nnames, "an odd number of records");
	w->records = a->records;
	w->nrecords = a->nrecords;
	for (size_t i = 0; i < a->nrecords; i++) {
		const struct zs_flow_record *r = &a->records[i];
		const struct zs_msg_route *route = &w->routes[r->route];

		RULE(w, r->route < w->nroutes && zs_name_eq(&route->identifier, &r->identifier) && zs_name_eq(&route->effective, &r->effective),
			"a record with another route's name");
		RULE(w, !r->identifier.wildcard && zs_slice_eq_str(zs_slice_str(r->token), r->value) && zs_b64url_key_authorization_ok(zs_slice_str(r->token), zs_slice_str(r->key_authorization)),
			"a record that does not say what it is for");
		add_record(w->journal, &w->njournal, &r->effective, r->value);
	}
	if (fault(w, F_PUBLISH, 80))
		answer_fails(h, ZS_E_PROVIDER, "half of it");
}

static void do_watch(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = answer(w, ZS_ON_PROPAGATED, a->ref, latency(w) * 10);

	for (size_t i = 0; i < a->nrecords; i++)
		RULE(w, find_record(w->dns, w->ndns, &a->records[i].effective, a->records[i].value) < w->ndns,
			"a record is watched that is not published");
	if (fault(w, F_PROPAGATION, 80))
		answer_fails(h, ZS_E_PROPAGATION, "one server lags");
}

static void do_remove(struct world *w, const struct zs_flow_action *a)
{
	RULE(w, !w->removes++, "removed twice");
	RULE(w, w->publishes && a->records == w->records && a->nrecords == w->nrecords, "another set is removed");
	for (size_t i = 0; i < w->top; i++)
		RULE(w, w->happenings[i].kind != H_DELIVER || w->happenings[i].event.on != ZS_ON_PUBLISHED,
			"removed while still being published");
	(void)answer(w, ZS_ON_REMOVED, a->ref, latency(w) * 4);
}

/* "Root k" for the chain k, as the engine's reader would find it. */
static void do_inspect(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = answer(w, ZS_ON_INSPECTED, a->ref, 0);
	const char *at = strstr((const char *)a->chain.p, "chain=");

	(void)snprintf(h->text, sizeof(h->text), "Root %c", at ? at[6] : '?');
}

static void do_verify(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = answer(w, ZS_ON_VERIFIED, a->ref, 1);

	RULE(w, a->chain.n && zs_slice_starts(a->chain, "-----BEGIN"), "a chain that is none");
	if (w->faults[F_VERIFY])
		answer_fails(h, ZS_E_CA_CERT, "another key");
}

static void do_store(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = answer(w, ZS_ON_STORED, a->ref, 2);

	RULE(w, !w->stores++, "stored twice");
	RULE(w, !w->preferred || w->any_fault || strstr((const char *)a->chain.p, "chain=2"),
		"not the preferred chain");
	if (fault(w, F_VAULT, 30))
		answer_fails(h, ZS_E_STORAGE, "disk full");
}

static void do_note_by_vault(struct world *w, const struct zs_flow_action *a)
{
	struct happening *h = answer(w, ZS_ON_DONE, a->ref, 1);

	if (fault(w, F_VAULT, 10)) {
		answer_fails(h, ZS_E_STORAGE, "disk full");
		return;
	}
	if (a->act == ZS_DO_ACCOUNT_SET)
		(void)snprintf(w->account_url, sizeof(w->account_url), "%s", a->text);
	else if (a->act == ZS_DO_ACCOUNT_LOST) {
		RULE(w, !strcmp(a->text, w->account_url), "another account is lost than the one on record");
		w->lost_account = true;
		w->account_url[0] = 0;
	} else {
		w->gone = true;
		w->order_url[0] = 0;
	}
}

static size_t count_ours(const struct world *w)
{
	return w->ndns - 1; /* one is foreign */
}

static void do_end(struct world *w, const struct zs_flow_action *a)
{
	const struct zs_flow_end *end = a->end;

	RULE(w, !w->ended, "END twice");
	w->ended = true;
	w->end = *end;
	trace(w, "end: %s %s", end->err.code ? zs_code_info((int)end->err.code)->name : "good", end->err.text);
	RULE(w, count_ours(w) == end->residue || (end->err.code == ZS_E_NOMEM && count_ours(w) <= end->residue), "records left behind that END does not tell of");
	RULE(w, end->err.code || w->dry_run || (end->issued && w->stored), "success without a certificate");
	RULE(w, !end->err.code || !end->issued || end->err.code == ZS_E_NOMEM, "failure although issued");
	RULE(w, !end->err.code || end->err.text[0], "an error without a text");
	RULE(w, !w->any_fault || !w->cancelled || end->err.code || end->issued, "cancelled, but good");
	RULE(w, w->removes == w->publishes || end->err.code == ZS_E_NOMEM, "published and not removed");
	RULE(w, end->err.code != ZS_E_BUG, "an assumption of the machine is wrong");
	RULE(w, end->err.code != ZS_E_CA_CERT || !w->order_url[0] || w->faults[F_VAULT],
		"a certificate that is not ours will be downloaded again");
}

static void perform(struct world *w, const struct zs_flow_action *a)
{
	trace(w, "  do %s%s%s %s (delay %u) #%u", zs_flow_do_name(a->act), a->act == ZS_DO_REQUEST ? " " : "",
		a->act == ZS_DO_REQUEST ? zs_flow_op_name(a->request.op) : "",
		a->act == ZS_DO_REQUEST ? a->request.url : a->text, a->request.delay_ms, a->ref);
	RULE(w, !w->ended, "an action behind END");
	if (a->ref) {
		RULE(w, a->ref > w->last_ref, "a reference used again");
		w->last_ref = a->ref;
	}
	switch (a->act) {
	case ZS_DO_REQUEST:
		do_request(w, a);
		break;
	case ZS_DO_DROP:
		do_drop(w, a->drop);
		break;
	case ZS_DO_TXT_VALUES:
		do_values(w, a);
		break;
	case ZS_DO_PUBLISH:
		do_publish(w, a);
		break;
	case ZS_DO_WATCH:
		do_watch(w, a);
		break;
	case ZS_DO_REMOVE:
		do_remove(w, a);
		break;
	case ZS_DO_INSPECT:
		do_inspect(w, a);
		break;
	case ZS_DO_VERIFY:
		do_verify(w, a);
		break;
	case ZS_DO_STORE:
		do_store(w, a);
		break;
	case ZS_DO_ACCOUNT_SET:
	case ZS_DO_ACCOUNT_LOST:
	case ZS_DO_ORDER_GONE:
		do_note_by_vault(w, a);
		break;
	case ZS_DO_END:
		do_end(w, a);
		break;
	default:
		break;
	}
}

static void drain(struct world *w)
{
	const struct zs_flow_action *a;

	for (;;) {
		in_flow = true;
		a = zs_flow_next(w->flow);
		in_flow = false;
		if (!a)
			return;
		perform(w, a);
	}
}

/* ---- delivering ---- */

/* What the world does just before the answer is given. */
static void take_effect(struct world *w, struct happening *h)
{
	bool good = !h->err.code;

	for (size_t i = 0; h->event.on == ZS_ON_PUBLISHED && i < w->nrecords; i++)
		if (good || rng_chance(&w->rng, 50))
			add_record(w->dns, &w->ndns, &w->records[i].effective, w->records[i].value);
	for (size_t i = 0; h->event.on == ZS_ON_REMOVED && i < w->nrecords; i++) {
		if (fault(w, F_REMOVE, 40) &&
			find_record(w->dns, w->ndns, &w->records[i].effective, w->records[i].value) < w->ndns) {
			h->event.residue++;
			answer_fails(h, ZS_E_PROVIDER, "would not go");
			continue;
		}
		remove_record(w->dns, &w->ndns, &w->records[i].effective, w->records[i].value);
		remove_record(w->journal, &w->njournal, &w->records[i].effective, w->records[i].value);
	}
	if (h->event.on == ZS_ON_STORED && good) {
		w->stored++;
		w->order_url[0] = 0;
	}
	if (h->event.on == ZS_ON_PROPAGATED && good)
		w->propagated = true;
	if (h->event.on == ZS_ON_CANCEL)
		w->cancelled = true;
}

static void note_pause(struct world *w, const struct happening *h)
{
	uint64_t seconds = 0;

	if (h->event.on != ZS_ON_REPLY || h->twin || h->reply.status >= 300 ||
		(h->request.op != ZS_OP_READ_ORDER && h->request.op != ZS_OP_FINALIZE && h->request.op != ZS_OP_ACCEPT))
		return;
	(void)zs_slice_u64(zs_slice_str(h->reply.retry_after), 100000, &seconds);
	if (w->now_ms + (seconds ? seconds * 1000 : 20) > w->next_read_at)
		w->next_read_at = w->now_ms + (seconds ? seconds * 1000 : 20);
}

static void deliver(struct world *w, struct happening *h)
{
	struct zs_slice links[CA_CHAINS];
	char date[48];
	time_t ca_wall = (time_t)(WALL_START + (int64_t)(w->now_ms / 1000));
	struct tm tm;
	struct zs_flow_event *e = &h->event;

	take_effect(w, h);
	note_pause(w, h);
	e->now_ms = w->now_ms;
	e->wall = (int64_t)ca_wall + w->wall_off;
	if (h->err.code)
		e->err = &h->err;
	e->text = zs_slice_str(h->text);
	if (e->on == ZS_ON_REPLY) {
		e->reply.status = h->reply.status;
		e->reply.body = zs_slice_str(h->reply.body);
		e->reply.location = zs_slice_str(h->reply.location);
		e->reply.retry_after = zs_slice_str(h->reply.retry_after);
		(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&ca_wall, &tm));
		e->reply.date = zs_slice_str(date);
		for (size_t i = 0; i < h->reply.nlinks; i++)
			links[i] = zs_slice_str(h->reply.links[i]);
		e->reply.links = links;
		e->reply.nlinks = h->reply.nlinks;
	}
	trace(w, "on %s #%u [%s] %d %.300s %s", zs_flow_on_name(e->on), e->ref, zs_flow_state_name(w->flow),
		h->reply.status, h->reply.body ? h->reply.body : "", h->err.text);
	in_flow = true;
	zs_flow_event(w->flow, e);
	in_flow = false;
	drop_happening(h);
	drain(w);
}

/* ---- one run ---- */

static void schedule_inputs(struct world *w)
{
	struct happening *h = answer(w, ZS_ON_START, 0, rng_below(&w->rng, 30));

	h->event.directory = &w->directory;
	if (fault(w, F_DIRECTORY, 60))
		answer_fails(h, ZS_E_NETWORK, "no directory");
	h = answer(w, ZS_ON_ROUTES, 0, rng_below(&w->rng, 40));
	h->event.routes = w->routes;
	h->event.nroutes = w->nroutes;
	w->stop_at = 0;
	w->dark_from = w->now_ms + rng_below(&w->rng, 400);
	if ((w->faults[F_CANCEL] || w->faults[F_DEADLINE]) && rng_chance(&w->rng, 60))
		w->stop_at = 1 + rng_below(&w->rng, 60);
	else if (w->faults[F_CANCEL])
		(void)answer(w, ZS_ON_CANCEL, 0, rng_below(&w->rng, rng_chance(&w->rng, 70) ? 400 : 40000));
	(void)answer(w, ZS_ON_DEADLINE, 0, w->faults[F_DEADLINE] ? rng_below(&w->rng, 2000) : JOB_MS);
}

static void start_run(struct world *w)
{
	static const struct zs_slice origin = { (const uint8_t *)CA_ORIGIN, sizeof(CA_ORIGIN) - 1 };
	struct zs_flow_spec spec = {
		.ca = "simca",
		.origins = { &origin, 1 },
		.identifiers = w->names,
		.nidentifiers = w->nnames,
		.account_url = w->account_url,
		.order_url = w->order_url,
		.agree_terms = true,
		.preferred_chain = w->preferred ? "root 2" : NULL,
		.dry_run = w->dry_run,
	};

	w->run++;
	w->ca.run = w->run;
	w->steps = 0;
	w->last_ref = 0;
	w->ended = w->propagated = w->cancelled = w->gone = w->lost_account = w->read_since_finalize = false;
	w->new_orders = w->finalizes = w->accepts = w->reads_settle = w->reads_issue = w->publishes = 0;
	w->removes = w->stores = w->ambiguous = 0;
	w->next_read_at = 0;
	w->records = NULL;
	w->nrecords = 0;
	w->run_start = w->now_ms;
	w->flow = zs_flow_new(&spec);
	RULE(w, w->flow != NULL, "no memory");
	allocations_left = w->faults[F_NOMEM] ? 1 + rng_below(&w->rng, 120) : 0;
	schedule_inputs(w);
}

static void step_once(struct world *w)
{
	struct happening *h = next_happening(w);

	RULE(w, h != NULL, "stuck: nothing will ever happen");
	RULE(w, ++w->steps < MAX_STEPS, "too many steps");
	if (h->at > w->now_ms)
		w->now_ms = h->at;
	RULE(w, w->ended || w->now_ms < w->run_start + JOB_MS + GRACE_MS, "not over in time");
	if (h->kind == H_SEND)
		do_send(w, h);
	else
		deliver(w, h);
}

/* Whatever was on its way is gone; a provider may have got half of its work done. */
static void end_run(struct world *w)
{
	for (size_t i = 0; i < w->top; i++) {
		struct happening *h = &w->happenings[i];

		if (h->kind == H_DELIVER && h->event.on == ZS_ON_PUBLISHED)
			for (size_t k = 0; k < w->nrecords; k++)
				if (rng_chance(&w->rng, 50))
					add_record(w->dns, &w->ndns, &w->records[k].effective, w->records[k].value);
		if (h->kind != H_FREE)
			drop_happening(h);
	}
	w->top = 0;
	zs_flow_free(w->flow);
	w->flow = NULL;
}

/* True when the run came to its end, false when it was killed. */
static bool run(struct world *w)
{
	unsigned kill_at = w->faults[F_KILL] ? 1 + rng_below(&w->rng, 60) : 0;

	start_run(w);
	drain(w);
	while (!w->ended) {
		if (kill_at && w->steps == kill_at) {
			trace(w, "killed");
			end_run(w);
			return false;
		}
		if (w->stop_at && w->steps == w->stop_at) {
			(void)answer(w, w->faults[F_CANCEL] ? ZS_ON_CANCEL : ZS_ON_DEADLINE, 0, 0);
			w->stop_at = 0;
		}
		step_once(w);
	}
	/* late answers change nothing */
	for (int i = 0; i < 40 && next_happening(w); i++)
		step_once(w);
	end_run(w);
	return true;
}

/* ---- one seed ---- */

static void draw_name(struct world *w, size_t i)
{
	bool wildcard = rng_chance(&w->rng, 30);
	char text[64];

	(void)snprintf(text, sizeof(text), "%sn%u.example.test", wildcard ? "*." : "", rng_below(&w->rng, 5));
	(void)zs_name_parse(zs_slice_str(text), ZS_NAME_HOST, &w->names[i], NULL);
}

static void draw_route(struct world *w, const struct zs_name *name)
{
	struct zs_msg_route *route;
	char text[96];

	if (route_of(w, name))
		return;
	route = &w->routes[w->nroutes++];
	route->identifier = *name;
	route->identifier.wildcard = false;
	(void)zs_name_challenge(name, &route->effective);
	if (rng_chance(&w->rng, 20)) {
		(void)snprintf(text, sizeof(text), "shared%u.deleg.test", rng_below(&w->rng, 2));
		(void)zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &route->effective, NULL);
	}
	(void)zs_name_tail(&route->effective, 2, &route->zone);
}

static void draw_job(struct world *w)
{
	size_t n = 1 + rng_below(&w->rng, 6);

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		draw_name(w, w->nnames);
		while (k < w->nnames && !zs_name_eq(&w->names[k], &w->names[w->nnames]))
			k++;
		if (k < w->nnames)
			continue;
		draw_route(w, &w->names[w->nnames]);
		w->nnames++;
	}
	w->dry_run = rng_chance(&w->rng, 3);
	w->preferred = rng_chance(&w->rng, 25);
	memcpy(w->ca.names, w->names, sizeof(w->names));
	w->ca.nnames = w->nnames;
}

static void good_manners(struct world *w)
{
	memset(&w->ca.manners, 0, sizeof(w->ca.manners));
	w->ca.manners.validate_ms = 15;
	w->ca.manners.issue_ms = rng_chance(&w->rng, 30) ? 0 : 15;
	w->ca.manners.reuse_percent = rng_chance(&w->rng, 50) ? 0 : rng_below(&w->rng, 101);
}

static void draw_manners(struct world *w)
{
	struct ca_manners *m = &w->ca.manners;

	good_manners(w);
	if (w->any_fault) {
		m->validate_ms = 15 + rng_below(&w->rng, w->faults[F_SLOW] ? 20000 : 300);
		m->issue_ms = rng_below(&w->rng, w->faults[F_SLOW] ? 20000 : 300);
		m->retry_after_s = rng_chance(&w->rng, 30) ? 1 + rng_below(&w->rng, 5) : 0;
	}
	m->refuses_validation = w->faults[F_VALIDATION];
	m->same_token = w->faults[F_SAME_TOKEN];
	m->dead_authz = w->faults[F_DEAD_AUTHZ];
	m->born_invalid = w->faults[F_BORN_INVALID];
	m->never_validates = w->faults[F_NEVER_VALID];
	m->never_issues = w->faults[F_NEVER_ISSUED];
	m->issue_refused = w->faults[F_ISSUE_REFUSED];
	m->no_dns01 = w->faults[F_NO_DNS01];
	m->foreign_name = w->faults[F_FOREIGN_NAME];
}

static void draw_faults(struct world *w)
{
	unsigned n = rng_below(&w->rng, 4);

	for (unsigned i = 0; i < n; i++)
		w->faults[rng_below(&w->rng, F__COUNT)] = true;
	w->any_fault = n > 0;
	for (int i = 0; i < F__COUNT; i++)
		if (w->faults[i])
			trace(w, "fault: %s", fault_names[i]);
	if (w->faults[F_CLOCK])
		w->wall_off = rng_chance(&w->rng, 50) ? 315360000 : -315360000;
}

static void draw_world(struct world *w)
{
	struct zs_name foreign;

	w->rng.s = w->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	w->now_ms = 1000;
	w->ca.rng = &w->rng;
	w->ca.lookup = lookup;
	w->ca.user = w;
	ca_directory(&w->directory);
	draw_job(w);
	draw_faults(w);
	draw_manners(w);
	/* a record of somebody else at one of our names */
	foreign = w->routes[0].effective;
	add_record(w->dns, &w->ndns, &foreign, "somebody-else");
	if (rng_chance(&w->rng, 60) || w->faults[F_ACCOUNT_LOST]) {
		w->ca.account = 7;
		w->ca.account_known = !w->faults[F_ACCOUNT_LOST];
		(void)snprintf(w->account_url, sizeof(w->account_url), CA_ORIGIN "/account/7");
	}
}

/* Faults that must not make a run fail. */
static bool is_harmless(const struct world *w)
{
	for (int i = 0; i < F__COUNT; i++)
		if (w->faults[i] && i != F_CLOCK && i != F_DOUBLE && i != F_SLOW && i != F_SAME_TOKEN &&
			i != F_ACCOUNT_LOST)
			return false;
	return true;
}

/* What holds where nothing went wrong. */
static void check_flawless(struct world *w)
{
	RULE(w, !w->end.err.code, "failed without a fault");
	if (w->dry_run)
		return;
	RULE(w, w->new_orders == 1 && w->finalizes == 1 && w->stores == 1, "not one order, one finalize, one store");
	RULE(w, w->reads_settle <= 1, "more than one order read behind the accepts");
	RULE(w, w->reads_issue <= 1, "more than one order read behind finalize");
	RULE(w, w->accepts == 0 || w->reads_settle == 1, "no order read behind the accepts");
}

static void clear_faults(struct world *w, bool (*keep)(enum fault f))
{
	w->any_fault = false;
	for (int i = 0; i < F__COUNT; i++) {
		w->faults[i] = w->faults[i] && keep && keep((enum fault)i);
		w->any_fault |= w->faults[i];
	}
}

/* Faults under which an order that can be finished must not be given up. */
static bool is_passing(enum fault f)
{
	return f == F_LOST_BEFORE || f == F_LOST_AFTER || f == F_SLOW || f == F_DOUBLE || f == F_KILL ||
		f == F_CANCEL || f == F_DEADLINE || f == F_DARK || f == F_BUSY || f == F_REMOVE;
}

static void adopt(struct world *w)
{
	while (w->njournal) {
		struct record r = w->journal[0];

		remove_record(w->dns, &w->ndns, &r.name, r.value);
		remove_record(w->journal, &w->njournal, &r.name, r.value);
	}
	RULE(w, w->ndns == 1, "a record that no journal knows");
}

/* The world is well again, and what a dead run left is adopted. */
static void heal(struct world *w)
{
	clear_faults(w, NULL);
	adopt(w);
	w->wall_off = 0;
	w->dry_run = false;
	good_manners(w);
	for (size_t i = 0; i < w->ca.norders; i++)
		w->ca.orders[i].never = false;
}

static bool can_be_finished(struct world *w)
{
	struct ca_order *o = w->order_url[0] ? ca_find_order(&w->ca, w->order_url) : NULL;

	w->ca.now_ms = w->now_ms;
	ca_tick(&w->ca);
	return o && o->account == w->ca.account && w->ca.account_known &&
		(o->status == CA_O_READY || o->status == CA_O_PROCESSING || o->status == CA_O_VALID);
}

/* A run in between, where some of the trouble goes on or the CA loses things. */
static void middle_run(struct world *w)
{
	bool finish;

	clear_faults(w, is_passing);
	adopt(w);
	if (rng_chance(&w->rng, 10))
		for (size_t i = 0; i < w->ca.norders; i++)
			w->ca.orders[i].account = 999;
	if (rng_chance(&w->rng, 10))
		w->ca.account_known = false;
	finish = can_be_finished(w);
	trace(w, "run in between%s", finish ? ", with an order to finish" : "");
	(void)run(w);
	RULE(w, !finish || w->new_orders == 0, "a second order although the first can be finished");
}

static void second_run(struct world *w)
{
	bool finish;

	if (rng_chance(&w->rng, 30) && w->ca.norders + 3 < CA_ORDERS)
		middle_run(w);
	heal(w);
	finish = can_be_finished(w);
	trace(w, "second run%s", finish ? ", with an order to finish" : "");
	if (w->ca.norders + 2 > CA_ORDERS)
		return;
	(void)run(w);
	RULE(w, !w->end.err.code && w->end.issued, "the second run does not succeed");
	RULE(w, !finish || (w->new_orders == 0 && w->end.resumed), "a second order although the first could be finished");
	RULE(w, finish || (w->new_orders >= 1 && w->new_orders <= 1u + w->lost_account), "too many orders in the second run");
}

static bool run_seed(uint64_t seed, bool verbose)
{
	static struct world world; /* several MiB, of which a seed touches little */
	struct world *w = &world;
	bool over, good;

	memset(w, 0, offsetof(struct world, happenings));
	w->seed = seed;
	w->verbose = verbose;
	draw_world(w);
	over = run(w);
	good = over && !w->end.err.code;
	RULE(w, good || !is_harmless(w), "failed under a harmless fault");
	if (over && !w->any_fault)
		check_flawless(w);
	if (over)
		RULE(w, w->njournal >= count_ours(w), "a record in DNS and not in the journal");
	if (!good || rng_chance(&w->rng, 20))
		second_run(w);
	RULE(w, count_ours(w) == 0 || w->njournal, "a record left for ever");
	return good;
}

/* ---- command line ---- */

struct args {
	uint64_t seed, from, count;
	bool one, verbose;
};

static bool number_after(int argc, char **argv, int *i, uint64_t *ret)
{
	return ++*i < argc && zs_slice_u64(zs_slice_str(argv[*i]), UINT64_MAX, ret);
}

static bool read_args(int argc, char **argv, struct args *ret)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-v"))
			ret->verbose = true;
		else if (!strcmp(argv[i], "--seed") && number_after(argc, argv, &i, &ret->seed))
			ret->one = true;
		else if (!strcmp(argv[i], "--count") && number_after(argc, argv, &i, &ret->count))
			continue;
		else if (!strcmp(argv[i], "--from") && number_after(argc, argv, &i, &ret->from))
			continue;
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct args args = { .from = 1, .count = SEEDS };
	struct timespec t0, t1;
	uint64_t good = 0;
	double s;

	if (!read_args(argc, argv, &args)) {
		fprintf(stderr, "usage: sim [--seed N] [--from N] [--count N] [-v]\n");
		return 2;
	}
	if (args.one) {
		printf("ok: seed %llu, first run %s\n", (unsigned long long)args.seed,
			run_seed(args.seed, args.verbose) ? "good" : "failed as it should");
		return 0;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &t0);
	for (uint64_t i = 0; i < args.count; i++)
		good += run_seed(args.from + i, args.verbose);
	(void)clock_gettime(CLOCK_MONOTONIC, &t1);
	s = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	printf("ok: %llu seeds, %llu good at the first run, %.1f s, %.0f seeds/s\n",
		(unsigned long long)args.count, (unsigned long long)good, s, (double)args.count / (s > 0 ? s : 1));
	return 0;
}
