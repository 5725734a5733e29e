/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading of the order object.  Pure.
 */
#include "acme/order.h"

#include <string.h>

#include "acme/problem.h"
#include "base/clock.h"
#include "wrap/json.h"

struct reader {
	const struct zs_acme_from *from;
	struct zs_arena *arena;
	struct zs_order *order;
	struct zs_err *err;
};

static const char *const statuses[] = {
	[ZS_ORDER_PENDING] = "pending",
	[ZS_ORDER_READY] = "ready",
	[ZS_ORDER_PROCESSING] = "processing",
	[ZS_ORDER_VALID] = "valid",
	[ZS_ORDER_INVALID] = "invalid",
};
_Static_assert(ZS_COUNT(statuses) == ZS_ORDER__COUNT, "one name per status");

/* Not in RFC 8555 but sent: Pebble says "deactivated" once an authorization is. */
static const char *const dead_statuses[] = { "deactivated", "expired", "revoked", "canceled" };

const char *zs_order_status_name(enum zs_order_status status)
{
	return (size_t)status < ZS_COUNT(statuses) ? statuses[status] : "unknown";
}

static int read_status(struct reader *r, struct zs_json root)
{
	struct zs_slice text;
	int e = zs_json_str(root, "status", ZS_JSON_REQUIRED, &text, r->err);

	if (e)
		return e;
	for (size_t i = 0; i < ZS_COUNT(statuses); i++)
		if (zs_slice_eq_str(text, statuses[i])) {
			r->order->status = (enum zs_order_status)i;
			return 0;
		}
	for (size_t i = 0; i < ZS_COUNT(dead_statuses); i++)
		if (zs_slice_eq_str(text, dead_statuses[i])) {
			r->order->status = ZS_ORDER_INVALID;
			return 0;
		}
	return zs_json_wrong(zs_json_get(root, "status"), r->err, "unknown status \"%.*s\"",
			     (int)(text.n < 40 ? text.n : 40), (const char *)text.p);
}

static int read_expires(struct reader *r, struct zs_json root)
{
	struct zs_slice text;
	int e = zs_json_str(root, "expires", ZS_JSON_OPTIONAL, &text, r->err);

	if (e || !text.p)
		return e;
	if (!zs_time_parse(text, &r->order->expires))
		return zs_json_wrong(zs_json_get(root, "expires"), r->err, "not an RFC 3339 time");
	return 0;
}

static int read_identifier(struct reader *r, struct zs_json v, struct zs_name *ret)
{
	struct zs_slice type, value;
	const char *why = "not a name";
	int e = zs_json_str(v, "type", ZS_JSON_REQUIRED, &type, r->err);

	if (!e)
		e = zs_json_str(v, "value", ZS_JSON_REQUIRED, &value, r->err);
	if (e)
		return e;
	if (!zs_slice_eq_str(type, "dns"))
		return zs_json_wrong(v, r->err, "identifier of a type other than dns");
	if (!zs_name_parse(value, ZS_NAME_HOST, ret, &why))
		return zs_json_wrong(zs_json_get(v, "value"), r->err, "not a DNS name: %s", why);
	return 0;
}

static int read_identifiers(struct reader *r, struct zs_json root)
{
	struct zs_json list, v;
	size_t n;
	int e = zs_json_array(root, "identifiers", ZS_JSON_REQUIRED, &list, r->err);

	if (e)
		return e;
	n = zs_json_count(list);
	if (!n || n > ZS_MAX_IDENTIFIERS)
		return zs_json_wrong(list, r->err, "%zu entries, 1..%d are allowed", n, ZS_MAX_IDENTIFIERS);
	r->order->identifiers = zs_arena_alloc(r->arena, n * sizeof(*r->order->identifiers));
	if (!r->order->identifiers)
		return zs_err_set(r->err, ZS_E_NOMEM, "memory ran out");
	for (v = zs_json_first(list); zs_json_is(v); v = zs_json_next(v)) {
		e = read_identifier(r, v, &r->order->identifiers[r->order->nidentifiers]);
		if (e)
			return e;
		r->order->nidentifiers++;
	}
	return 0;
}

/* Checks and copies one URL. */
static int keep_url(struct reader *r, struct zs_slice url, const char *what, const char **ret)
{
	int e = zs_url_check(url, r->from, what, r->err);

	if (e)
		return e;
	*ret = zs_arena_str(r->arena, url.p, url.n);
	return *ret ? 0 : zs_err_set(r->err, ZS_E_NOMEM, "memory ran out");
}

static bool is_known(const struct zs_order *order, struct zs_slice url)
{
	for (size_t i = 0; i < order->nauthorizations; i++)
		if (zs_slice_eq_str(url, order->authorizations[i]))
			return true;
	return false;
}

static int read_authorizations(struct reader *r, struct zs_json root)
{
	struct zs_order *order = r->order;
	struct zs_json list, v;
	size_t n;
	int e = zs_json_array(root, "authorizations", ZS_JSON_REQUIRED, &list, r->err);

	if (e)
		return e;
	n = zs_json_count(list);
	if (n > ZS_MAX_IDENTIFIERS)
		return zs_json_wrong(list, r->err, "%zu entries, at most %d are allowed", n, ZS_MAX_IDENTIFIERS);
	order->authorizations = zs_arena_alloc(r->arena, (n + 1) * sizeof(*order->authorizations));
	if (!order->authorizations)
		return zs_err_set(r->err, ZS_E_NOMEM, "memory ran out");
	for (v = zs_json_first(list); zs_json_is(v); v = zs_json_next(v)) {
		struct zs_slice url;

		e = zs_json_as_str(v, &url, r->err);
		if (e)
			return e;
		if (is_known(order, url))
			continue;
		e = keep_url(r, url, "order: authorizations", &order->authorizations[order->nauthorizations]);
		if (e)
			return e;
		order->nauthorizations++;
	}
	return 0;
}

static int read_links(struct reader *r, struct zs_json root)
{
	struct zs_slice finalize, certificate;
	int e = zs_json_str(root, "finalize", ZS_JSON_REQUIRED, &finalize, r->err);

	if (!e)
		e = keep_url(r, finalize, "order: finalize", &r->order->finalize);
	if (!e)
		e = zs_json_str(root, "certificate", ZS_JSON_OPTIONAL, &certificate, r->err);
	if (e)
		return e;
	if (certificate.n)
		return keep_url(r, certificate, "order: certificate", &r->order->certificate);
	if (r->order->status == ZS_ORDER_VALID)
		return zs_json_wrong(root, r->err, "is valid, but member \"certificate\" is missing");
	return 0;
}

static int read_rest(struct reader *r, struct zs_json root)
{
	struct zs_json problem;
	struct zs_slice profile;
	int e = zs_json_object(root, "error", ZS_JSON_OPTIONAL, &problem, r->err);

	if (!e)
		e = zs_json_str(root, "profile", ZS_JSON_OPTIONAL, &profile, r->err);
	if (e)
		return e;
	if (zs_json_is(problem)) {
		r->order->has_error = true;
		zs_problem_object(problem, &(struct zs_problem_source){ .url = r->from->url },
				  &r->order->error);
	}
	if (!profile.n || profile.n > ZS_MAX_ID)
		return 0;
	r->order->profile = zs_arena_str(r->arena, profile.p, profile.n);
	return r->order->profile ? 0 : zs_err_set(r->err, ZS_E_NOMEM, "memory ran out");
}

static int read_order(struct reader *r, struct zs_json root)
{
	int e = zs_json_as_object(root, r->err);

	if (!e)
		e = read_status(r, root);
	if (!e)
		e = read_expires(r, root);
	if (!e)
		e = read_identifiers(r, root);
	if (!e)
		e = read_authorizations(r, root);
	if (!e)
		e = read_links(r, root);
	if (!e)
		e = read_rest(r, root);
	return e;
}

int zs_order_parse(struct zs_slice body, const struct zs_acme_from *from,
		   struct zs_arena *arena, struct zs_order *ret,
		   struct zs_err *err)
{
	struct zs_order order = { 0 };
	struct zs_err mine;
	struct reader r = { from, arena, &order, err ? err : &mine };
	struct zs_json_doc *doc = zs_json_parse(body, "order", 0, r.err);
	int e = doc ? read_order(&r, zs_json_root(doc)) : -(int)r.err->code;

	zs_json_free(doc);
	if (e)
		zs_err_where(r.err, "%s", from->url);
	else
		*ret = order;
	return e;
}

static bool has_name(const struct zs_name *names, size_t n, const struct zs_name *name)
{
	for (size_t i = 0; i < n; i++)
		if (zs_name_eq(&names[i], name))
			return true;
	return false;
}

bool zs_order_is_for(const struct zs_order *order, const struct zs_name *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!has_name(order->identifiers, order->nidentifiers, &names[i]))
			return false;
	for (size_t i = 0; i < order->nidentifiers; i++)
		if (!has_name(names, n, &order->identifiers[i]))
			return false;
	return true;
}
