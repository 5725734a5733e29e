/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading of authorizations and challenges.  Pure.
 */
#include "acme/authz.h"

#include <string.h>

#include "acme/problem.h"
#include "base/buf.h"
#include "base/clock.h"
#include "wrap/json.h"

enum { MAX_CHALLENGES = 32 };

struct reader {
	const struct zs_acme_from *from;
	struct zs_arena *arena;
	struct zs_err *err;
};

static const char *const authz_statuses[] = {
	[ZS_AUTHZ_PENDING] = "pending",
	[ZS_AUTHZ_VALID] = "valid",
	[ZS_AUTHZ_INVALID] = "invalid",
	[ZS_AUTHZ_DEACTIVATED] = "deactivated",
	[ZS_AUTHZ_EXPIRED] = "expired",
	[ZS_AUTHZ_REVOKED] = "revoked",
};
_Static_assert(ZS_COUNT(authz_statuses) == ZS_AUTHZ__COUNT, "one name per status");

static const char *const challenge_statuses[] = {
	[ZS_CHALLENGE_PENDING] = "pending",
	[ZS_CHALLENGE_PROCESSING] = "processing",
	[ZS_CHALLENGE_VALID] = "valid",
	[ZS_CHALLENGE_INVALID] = "invalid",
};
_Static_assert(ZS_COUNT(challenge_statuses) == ZS_CHALLENGE__COUNT, "one name per status");

const char *zs_authz_status_name(enum zs_authz_status status)
{
	return (size_t)status < ZS_COUNT(authz_statuses) ? authz_statuses[status] : "unknown";
}

const char *zs_challenge_status_name(enum zs_challenge_status status)
{
	return (size_t)status < ZS_COUNT(challenge_statuses) ? challenge_statuses[status] : "unknown";
}

/* Index of the status in names. */
static int read_status(struct reader *r, struct zs_json obj, const char *const *names,
		       size_t n, size_t *ret)
{
	struct zs_slice text;
	int e = zs_json_str(obj, "status", ZS_JSON_REQUIRED, &text, r->err);

	if (e)
		return e;
	for (size_t i = 0; i < n; i++)
		if (zs_slice_eq_str(text, names[i])) {
			*ret = i;
			return 0;
		}
	return zs_json_wrong(zs_json_get(obj, "status"), r->err, "unknown status \"%.*s\"",
			     (int)(text.n < 40 ? text.n : 40), (const char *)text.p);
}

static int keep(struct reader *r, struct zs_slice text, const char **ret)
{
	*ret = zs_arena_str(r->arena, text.p, text.n);
	return *ret ? 0 : zs_err_set(r->err, ZS_E_NOMEM, "memory ran out");
}

static int read_challenge_error(struct reader *r, struct zs_json obj, bool *ret_has, struct zs_err *ret)
{
	struct zs_json problem;
	int e = zs_json_object(obj, "error", ZS_JSON_OPTIONAL, &problem, r->err);

	if (e || !zs_json_is(problem))
		return e;
	zs_problem_object(problem, &(struct zs_problem_source){ .url = r->from->url }, ret);
	*ret_has = true;
	return 0;
}

static int read_token(struct reader *r, struct zs_json obj, enum zs_json_need need, const char **ret)
{
	struct zs_slice token;
	int e = zs_json_str(obj, "token", need, &token, r->err);

	if (e || (!token.p && need == ZS_JSON_OPTIONAL))
		return e;
	if (!zs_token_ok(token))
		return zs_json_wrong(zs_json_get(obj, "token"), r->err,
				     "not 22..%d characters of base64url", ZS_MAX_TOKEN);
	return keep(r, token, ret);
}

static int read_challenge(struct reader *r, struct zs_json obj, enum zs_json_need token,
			  struct zs_challenge *ret)
{
	struct zs_slice url;
	size_t status;
	int e = read_status(r, obj, challenge_statuses, ZS_CHALLENGE__COUNT, &status);

	if (!e)
		e = zs_json_str(obj, "url", ZS_JSON_REQUIRED, &url, r->err);
	if (!e)
		e = zs_url_check(url, r->from, "challenge: url", r->err);
	if (!e)
		e = keep(r, url, &ret->url);
	if (!e)
		e = read_token(r, obj, token, &ret->token);
	if (!e)
		e = read_challenge_error(r, obj, &ret->has_error, &ret->error);
	if (!e)
		ret->status = (enum zs_challenge_status)status;
	return e;
}

/* Types offered, for the message when dns-01 is not among them. */
static void note_offered(struct zs_authz *authz, struct zs_slice type)
{
	size_t used = strlen(authz->offered);
	size_t left = sizeof(authz->offered) - used;

	if (!zs_slice_is_graph(type) || type.n + 3 > left)
		return;
	if (used) {
		memcpy(authz->offered + used, ", ", 2);
		used += 2;
	}
	memcpy(authz->offered + used, type.p, type.n);
	authz->offered[used + type.n] = 0;
}

static int read_one_offer(struct reader *r, struct zs_json v, struct zs_authz *authz)
{
	struct zs_slice type;
	struct zs_err problem;
	bool has = false;
	int e = zs_json_str(v, "type", ZS_JSON_REQUIRED, &type, r->err);

	if (e)
		return e;
	note_offered(authz, type);
	if (zs_slice_eq_str(type, "dns-01")) {
		if (authz->has_dns01)
			return zs_json_wrong(v, r->err, "a second challenge of type dns-01");
		authz->has_dns01 = true;
		e = read_challenge(r, v, ZS_JSON_REQUIRED, &authz->dns01);
		has = authz->dns01.has_error;
		problem = authz->dns01.error;
	} else if (zs_json_is_object(zs_json_get(v, "error"))) {
		e = read_challenge_error(r, v, &has, &problem);
	}
	if (!e && has && !authz->has_error) {
		authz->has_error = true;
		authz->error = problem;
	}
	return e;
}

static int read_challenges(struct reader *r, struct zs_json root, struct zs_authz *authz)
{
	struct zs_json list, v;
	int e = zs_json_array(root, "challenges", ZS_JSON_REQUIRED, &list, r->err);

	if (e)
		return e;
	if (zs_json_count(list) > MAX_CHALLENGES)
		return zs_json_wrong(list, r->err, "%zu entries, at most %d are allowed",
				     zs_json_count(list), MAX_CHALLENGES);
	for (v = zs_json_first(list); zs_json_is(v); v = zs_json_next(v)) {
		e = read_one_offer(r, v, authz);
		if (e)
			return e;
	}
	return 0;
}

static int read_identifier(struct reader *r, struct zs_json root, struct zs_authz *authz)
{
	struct zs_json obj;
	struct zs_slice type, value;
	const char *why = "not a name";
	bool wildcard = false;
	int e = zs_json_object(root, "identifier", ZS_JSON_REQUIRED, &obj, r->err);

	if (!e)
		e = zs_json_str(obj, "type", ZS_JSON_REQUIRED, &type, r->err);
	if (!e)
		e = zs_json_str(obj, "value", ZS_JSON_REQUIRED, &value, r->err);
	if (!e)
		e = zs_json_bool(root, "wildcard", ZS_JSON_OPTIONAL, &wildcard, r->err);
	if (e)
		return e;
	if (!zs_slice_eq_str(type, "dns"))
		return zs_json_wrong(zs_json_get(obj, "type"), r->err, "identifier of a type other than dns");
	if (!zs_name_parse(value, ZS_NAME_HOST, &authz->identifier, &why))
		return zs_json_wrong(zs_json_get(obj, "value"), r->err, "not a DNS name: %s", why);
	if (authz->identifier.wildcard)
		return zs_json_wrong(zs_json_get(obj, "value"), r->err, "has a wildcard label");
	authz->identifier.wildcard = wildcard;
	return 0;
}

static int read_authz(struct reader *r, struct zs_json root, struct zs_authz *authz)
{
	struct zs_slice expires;
	size_t status;
	int e = zs_json_as_object(root, r->err);

	if (!e)
		e = read_status(r, root, authz_statuses, ZS_AUTHZ__COUNT, &status);
	if (!e)
		e = read_identifier(r, root, authz);
	if (!e)
		e = read_challenges(r, root, authz);
	if (!e)
		e = zs_json_str(root, "expires", ZS_JSON_OPTIONAL, &expires, r->err);
	if (e)
		return e;
	if (expires.p && !zs_time_parse(expires, &authz->expires))
		return zs_json_wrong(zs_json_get(root, "expires"), r->err, "not an RFC 3339 time");
	authz->status = (enum zs_authz_status)status;
	return 0;
}

int zs_authz_parse(struct zs_slice body, const struct zs_acme_from *from,
		   struct zs_arena *arena, struct zs_authz *ret,
		   struct zs_err *err)
{
	struct zs_authz authz = { 0 };
	struct zs_err mine;
	struct reader r = { from, arena, err ? err : &mine };
	struct zs_json_doc *doc = zs_json_parse(body, "authorization", 0, r.err);
	int e = doc ? read_authz(&r, zs_json_root(doc), &authz) : -(int)r.err->code;

	zs_json_free(doc);
	if (e)
		zs_err_where(r.err, "%s", from->url);
	else
		*ret = authz;
	return e;
}

int zs_challenge_parse(struct zs_slice body, const struct zs_acme_from *from,
		       struct zs_arena *arena, struct zs_challenge *ret,
		       struct zs_err *err)
{
	struct zs_challenge challenge = { 0 };
	struct zs_err mine;
	struct reader r = { from, arena, err ? err : &mine };
	struct zs_json_doc *doc = zs_json_parse(body, "challenge", 0, r.err);
	int e = doc ? read_challenge(&r, zs_json_root(doc), ZS_JSON_OPTIONAL, &challenge)
		    : -(int)r.err->code;

	zs_json_free(doc);
	if (e)
		zs_err_where(r.err, "%s", from->url);
	else
		*ret = challenge;
	return e;
}
