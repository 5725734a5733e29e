/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problem documents: one table from ACME error type to code and treatment, one
 * from HTTP status for everything else.  Reading never fails: whatever is
 * wrong with the document, an error with a code comes out.  Pure.
 */
#include "acme/problem.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { MAX_DETAIL = 700, MAX_SUBPROBLEMS_READ = 64 };

#define ACME_PREFIX "urn:ietf:params:acme:error:"

struct row {
	const char *type;
	enum zs_code code;
	enum zs_problem_kind kind;
	const char *hint;	/* NULL: that of the code */
};

#define ACCOUNT_HINT "check `email`, `agree-tos` and the external account binding (`eab-kid`) of the CA in the configuration"

static const struct row types[] = {
	{ "accountDoesNotExist", ZS_E_CA_ACCOUNT, ZS_PROBLEM_ACCOUNT_GONE, NULL },
	{ "agreementRequired", ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, ACCOUNT_HINT },
	{ "badNonce", ZS_E_CA_PROTOCOL, ZS_PROBLEM_BAD_NONCE, NULL },
	{ "badPublicKey", ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL,
	  "choose another key type for the account or the certificate: the CA refuses this one" },
	{ "badSignatureAlgorithm", ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL,
	  "choose another account key type: the CA refuses this one" },
	{ "caa", ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL,
	  "change the CAA records of the name so that this CA may issue, or use another CA" },
	{ "externalAccountRequired", ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL,
	  "get a key id and MAC key from the CA and set them as external account binding" },
	{ "invalidContact", ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, ACCOUNT_HINT },
	{ "invalidProfile", ZS_E_CONFIG, ZS_PROBLEM_FINAL,
	  "set `profile` to one that the CA lists, or leave it out" },
	{ "orderNotReady", ZS_E_CA_REFUSED, ZS_PROBLEM_NOT_READY, NULL },
	{ "rateLimited", ZS_E_RATE_LIMITED, ZS_PROBLEM_LIMITED, NULL },
	{ "rejectedIdentifier", ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL,
	  "take the refused name out of the certificate, or use another CA" },
	{ "serverInternal", ZS_E_NETWORK, ZS_PROBLEM_BUSY,
	  "the CA has a fault of its own; try again later and look at its status page" },
	{ "unsupportedContact", ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, ACCOUNT_HINT },
	{ "userActionRequired", ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL,
	  "do what the CA asks for at the address above, then run the command again" },
};

/* For what has no row above, by HTTP status. */
static const struct {
	int lo, hi;
	enum zs_code code;
	enum zs_problem_kind kind;
} statuses[] = {
	{ 404, 404, ZS_E_CA_REFUSED, ZS_PROBLEM_NOT_FOUND },
	{ 410, 410, ZS_E_CA_REFUSED, ZS_PROBLEM_NOT_FOUND },
	{ 408, 408, ZS_E_NETWORK, ZS_PROBLEM_BUSY },
	{ 429, 429, ZS_E_RATE_LIMITED, ZS_PROBLEM_LIMITED },
	{ 400, 499, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL },
	{ 500, 599, ZS_E_NETWORK, ZS_PROBLEM_BUSY },
};

static const struct row *row_of(const char *type)
{
	for (size_t i = 0; i < ZS_COUNT(types); i++)
		if (!strcmp(types[i].type, type))
			return &types[i];
	return NULL;
}

static struct zs_slice strip_prefix(struct zs_slice type)
{
	size_t n = sizeof(ACME_PREFIX) - 1;

	if (zs_slice_eq_str(type, "about:blank"))
		return ZS_SLICE_NONE;
	if (type.n > n && !memcmp(type.p, ACME_PREFIX, n))
		return zs_slice_of(type.p + n, type.n - n);
	return type;
}

static bool contains(struct zs_slice text, const char *word)
{
	return text.n && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

/* Members that are there and strings; everything else reads as empty. */
static struct zs_slice text_of(struct zs_json obj, const char *key)
{
	struct zs_slice s = ZS_SLICE_NONE;

	return zs_json_str(obj, key, ZS_JSON_OPTIONAL, &s, NULL) ? ZS_SLICE_NONE : s;
}

/* Boulder writes "retry after 2026-11-24 12:00:00 UTC" into the detail. */
static int64_t retry_in_text(struct zs_slice detail)
{
	static const char lead[] = "retry after ";
	enum { STAMP = 19 };
	char stamp[STAMP + 2];
	const uint8_t *at;
	int64_t unix_s;
	size_t left;

	at = detail.n ? memmem(detail.p, detail.n, lead, sizeof(lead) - 1) : NULL;
	if (!at)
		return 0;
	at += sizeof(lead) - 1;
	left = detail.n - (size_t)(at - detail.p);
	if (left < STAMP)
		return 0;
	memcpy(stamp, at, STAMP);
	stamp[10] = 'T';
	stamp[STAMP] = 'Z';
	stamp[STAMP + 1] = 0;
	return zs_time_parse(zs_slice_str(stamp), &unix_s) ? unix_s : 0;
}

static void set_problem(struct zs_err *err, struct zs_slice type)
{
	if (type.n && zs_slice_is_graph(type) && !zs_slice_copy(type, err->problem, sizeof(err->problem)))
		(void)zs_slice_copy(zs_slice_of(type.p, sizeof(err->problem) - 1),
				    err->problem, sizeof(err->problem));
}

static void status_row(int status, enum zs_code *ret_code, enum zs_problem_kind *ret_kind)
{
	*ret_code = status ? ZS_E_CA_PROTOCOL : ZS_E_CA_REFUSED;
	*ret_kind = ZS_PROBLEM_FINAL;
	for (size_t i = 0; i < ZS_COUNT(statuses); i++)
		if (status >= statuses[i].lo && status <= statuses[i].hi) {
			*ret_code = statuses[i].code;
			*ret_kind = statuses[i].kind;
			return;
		}
}

/* Boulder's "paused" is a rateLimited that no waiting ends. */
static bool is_paused(const struct zs_err *err, struct zs_slice detail)
{
	return err->code == ZS_E_RATE_LIMITED && !err->retry_at &&
	       (contains(detail, "paused") || contains(detail, "unpause"));
}

static void finish(struct zs_err *err, struct zs_slice type, struct zs_slice detail,
		   const struct zs_problem_source *source)
{
	const struct row *row;

	set_problem(err, type);
	err->http_status = source->status;
	err->retry_at = source->retry_at;
	row = row_of(err->problem);
	if (row && row->hint)
		zs_err_hint(err, "%s", row->hint);
	if (err->code == ZS_E_RATE_LIMITED && !err->retry_at)
		err->retry_at = retry_in_text(detail);
	if (!strcmp(err->problem, "unauthorized") && contains(detail, "deactivated")) {
		err->code = ZS_E_CA_ACCOUNT;
		zs_err_hint(err, "the account is deactivated for ever: remove it from the state directory so that a new one is made");
	}
	if (is_paused(err, detail)) {
		err->code = ZS_E_CA_REFUSED;
		zs_err_hint(err, "the CA has paused issuance for this name until somebody opens the address in its message; correct the cause first");
	}
	zs_err_where(err, "%s", source->url ? source->url : "");
}

/* A problem without a type still has one for people, but none in the error. */
static const char NO_TYPE[] = "no type";

/* The code comes from the type, else from the status. */
static enum zs_code code_of(struct zs_slice type, int status)
{
	char name[64];
	const struct row *row;
	enum zs_problem_kind kind;
	enum zs_code code;

	row = zs_slice_copy(type, name, sizeof(name)) ? row_of(name) : NULL;
	if (row)
		return row->code;
	status_row(status, &code, &kind);
	return code;
}

static void add_subproblem(struct zs_err *err, struct zs_json sub)
{
	struct zs_json identifier = zs_json_get(sub, "identifier");

	zs_err_sub(err, text_of(identifier, "value"),
		   strip_prefix(text_of(sub, "type")), text_of(sub, "detail"));
}

static void add_subproblems(struct zs_err *err, struct zs_json problem)
{
	struct zs_json list = zs_json_get(problem, "subproblems");
	size_t n = 0;

	if (!zs_json_is_array(list))
		return;
	for (struct zs_json v = zs_json_first(list);
	     zs_json_is(v) && n < MAX_SUBPROBLEMS_READ; v = zs_json_next(v), n++)
		if (zs_json_is_object(v))
			add_subproblem(err, v);
}

static int shown(struct zs_slice s, size_t max)
{
	return (int)(s.n < max ? s.n : max);
}

/* "detail (type, HTTP 403; see address)" */
static void put_text(struct zs_err *err, struct zs_slice type, struct zs_slice detail,
		     const struct zs_problem_source *source, struct zs_slice instance)
{
	char status[24] = "";

	if (source->status)
		(void)snprintf(status, sizeof(status), "HTTP %d", source->status);
	(void)zs_err_set(err, code_of(type, source->status),
			 "the CA says: %.*s (%.*s%s%s)%s%.*s",
			 shown(detail, MAX_DETAIL), (const char *)detail.p,
			 shown(type, 63), (const char *)type.p,
			 status[0] ? ", " : "", status,
			 instance.n ? "; see " : "", shown(instance, 200),
			 instance.n ? (const char *)instance.p : "");
}

void zs_problem_object(struct zs_json problem, const struct zs_problem_source *source,
		       struct zs_err *err)
{
	struct zs_slice type = strip_prefix(text_of(problem, "type"));
	struct zs_slice detail = text_of(problem, "detail");

	if (!detail.n)
		detail = text_of(problem, "title");
	if (!detail.n)
		detail = zs_slice_str("no reason given");
	put_text(err, type.n ? type : zs_slice_str(NO_TYPE), detail, source,
		 text_of(problem, "instance"));
	finish(err, type, detail, source);
	/* an order or a challenge that ended so stays so: no fault of the network */
	if (!source->status && err->code == ZS_E_NETWORK)
		err->code = ZS_E_CA_REFUSED;
	add_subproblems(err, problem);
}

static const char *status_meaning(int status)
{
	static const struct { int status; const char *text; } table[] = {
		{ 401, "access denied" }, { 403, "access denied" },
		{ 404, "not found" }, { 410, "gone" },
		{ 415, "content type refused" }, { 429, "too many requests" },
		{ 500, "internal error" }, { 502, "bad gateway" },
		{ 503, "overloaded or in maintenance" }, { 504, "gateway time-out" },
	};

	for (size_t i = 0; i < ZS_COUNT(table); i++)
		if (table[i].status == status)
			return table[i].text;
	if (status >= 300 && status < 400)
		return "a redirect, which is never followed";
	return "no reason given";
}

void zs_problem_read(struct zs_slice body, const struct zs_problem_source *source,
		     struct zs_err *err)
{
	struct zs_json_doc *doc;
	struct zs_json root = ZS_JSON_NONE;

	doc = zs_json_parse(body, "problem document", 0, NULL);
	if (doc)
		root = zs_json_root(doc);
	if (zs_json_is_object(root) &&
	    (text_of(root, "type").n || text_of(root, "detail").n)) {
		zs_problem_object(root, source, err);
	} else {
		(void)zs_err_set(err, code_of(ZS_SLICE_NONE, source->status),
				 "the CA answered HTTP %d: %s", source->status,
				 status_meaning(source->status));
		finish(err, ZS_SLICE_NONE, ZS_SLICE_NONE, source);
	}
	zs_json_free(doc);
}

enum zs_problem_kind zs_problem_kind(const struct zs_err *err)
{
	const struct row *row = row_of(err->problem);
	enum zs_problem_kind kind;
	enum zs_code code;

	status_row(err->http_status, &code, &kind);
	if (row)
		kind = row->kind;
	/* a paused name: waiting does not help */
	if (kind == ZS_PROBLEM_LIMITED && err->code != ZS_E_RATE_LIMITED)
		return ZS_PROBLEM_FINAL;
	return kind;
}
