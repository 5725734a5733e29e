/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated CA.  Shapes of objects and errors follow what Pebble 2.4.0 was
 * seen to answer.  Knows nothing of the machine under test.
 */
#include "ca.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static const char *const authz_names[] = { "pending", "pending", "valid", "invalid", "deactivated", "expired" };
static const char *const challenge_names[] = { "pending", "processing", "valid", "invalid", "pending", "pending" };
static const char *const order_names[] = { "pending", "ready", "processing", "valid", "invalid" };

void ca_directory(struct zs_directory *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->new_nonce = CA_ORIGIN "/nonce";
	ret->new_account = CA_ORIGIN "/acct";
	ret->new_order = CA_ORIGIN "/new-order";
	ret->terms = CA_ORIGIN "/terms";
}

/* ---- URLs: /kind/order[/part] ---- */

struct target {
	struct zs_slice kind;
	uint64_t order, part;
};

static bool read_target(const char *url, struct target *ret)
{
	struct zs_slice rest = zs_slice_str(url), order, part;

	if (!zs_slice_starts(rest, CA_ORIGIN "/"))
		return false;
	rest = zs_slice_of(rest.p + strlen(CA_ORIGIN) + 1, rest.n - strlen(CA_ORIGIN) - 1);
	ret->kind = zs_slice_cut(&rest, '/');
	order = zs_slice_cut(&rest, '/');
	part = rest;
	ret->order = ret->part = 0;
	if (order.n && !zs_slice_u64(order, CA_ORDERS - 1, &ret->order))
		return false;
	return !part.n || zs_slice_u64(part, CA_NAMES, &ret->part);
}

struct ca_order *ca_find_order(struct ca *ca, const char *url)
{
	struct target t;

	if (!read_target(url, &t) || t.order >= ca->norders)
		return NULL;
	return &ca->orders[t.order];
}

/* ---- bodies ---- */

static char *take_text(struct zs_buf *buf)
{
	char *text = strdup(zs_buf_str(buf));

	zs_buf_done(buf);
	if (!text)
		abort();
	return text;
}

void ca_problem(struct ca_reply *ret, int status, const char *type, const char *detail)
{
	struct zs_buf buf = ZS_BUF(CA_BODY);

	ret->status = status;
	free(ret->body);
	zs_buf_addf(&buf, "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"%s\",\"status\":%d}",
		    type, detail, status);
	ret->body = take_text(&buf);
}

static void put_identifier(struct zs_buf *buf, const struct zs_name *name, bool star)
{
	zs_buf_addf(buf, "{\"type\":\"dns\",\"value\":\"%s%s\"}",
		    star && name->wildcard ? "*." : "", name->text);
}

static void put_order(struct ca *ca, struct ca_order *o, struct ca_reply *ret)
{
	struct zs_buf buf = ZS_BUF(CA_BODY);
	size_t id = (size_t)(o - ca->orders);

	zs_buf_addf(&buf, "{\"status\":\"%s\",\"expires\":\"2030-01-01T00:00:00Z\",\"junk\":[1,{}],\"identifiers\":[",
		    order_names[o->status]);
	for (size_t i = 0; i < o->n; i++) {
		zs_buf_add_str(&buf, i ? "," : "");
		put_identifier(&buf, &o->authz[i].name, true);
	}
	zs_buf_add_str(&buf, "],\"authorizations\":[");
	for (size_t i = 0; i < o->n; i++)
		zs_buf_addf(&buf, "%s\"" CA_ORIGIN "/authz/%zu/%zu\"", i ? "," : "", id, i);
	zs_buf_addf(&buf, "],\"finalize\":\"" CA_ORIGIN "/fin/%zu\"", id);
	if (o->status == CA_O_VALID)
		zs_buf_addf(&buf, ",\"certificate\":\"" CA_ORIGIN "/cert/%zu\"", id);
	if (o->status == CA_O_INVALID && rng_chance(ca->rng, 50))
		zs_buf_add_str(&buf, ",\"error\":{\"type\":\"urn:ietf:params:acme:error:unauthorized\",\"detail\":\"no\"}");
	zs_buf_add_str(&buf, "}");
	ret->body = take_text(&buf);
	if ((o->status == CA_O_PENDING || o->status == CA_O_PROCESSING) && ca->manners.retry_after_s)
		(void)snprintf(ret->retry_after, sizeof(ret->retry_after), "%u", ca->manners.retry_after_s);
}

static void put_challenge(struct zs_buf *buf, size_t id, size_t part, const struct ca_authz *z)
{
	zs_buf_addf(buf, "{\"type\":\"dns-01\",\"url\":\"" CA_ORIGIN "/chal/%zu/%zu\",\"status\":\"%s\",\"token\":\"%s\"",
		    id, part, challenge_names[z->status], z->token);
	if (z->status == CA_INVALID)
		zs_buf_add_str(buf, ",\"error\":{\"type\":\"urn:ietf:params:acme:error:unauthorized\",\"detail\":\"TXT not found\"}");
	zs_buf_add_str(buf, "}");
}

static void put_authz(struct ca *ca, size_t id, size_t part, struct ca_reply *ret)
{
	const struct ca_authz *z = &ca->orders[id].authz[part];
	struct zs_buf buf = ZS_BUF(CA_BODY);
	struct zs_name foreign = z->name;

	if (ca->manners.foreign_name)
		(void)zs_name_parse(zs_slice_str("victim.example"), ZS_NAME_HOST, &foreign, NULL);
	zs_buf_addf(&buf, "{\"status\":\"%s\",\"identifier\":", authz_names[z->status]);
	put_identifier(&buf, &foreign, false);
	zs_buf_addf(&buf, "%s,\"challenges\":[", z->name.wildcard ? ",\"wildcard\":true" : "");
	zs_buf_addf(&buf, "{\"type\":\"http-01\",\"url\":\"" CA_ORIGIN "/x\",\"status\":\"pending\",\"token\":\"%s\"}", z->token);
	if (!ca->manners.no_dns01) {
		zs_buf_add_str(&buf, ",");
		put_challenge(&buf, id, part, z);
	}
	zs_buf_add_str(&buf, "]}");
	ret->body = take_text(&buf);
}

/* ---- time ---- */

static void validate(struct ca *ca, struct ca_authz *z)
{
	if (z->status != CA_PROCESSING || z->decide_at > ca->now_ms || ca->manners.never_validates)
		return;
	z->status = !ca->manners.refuses_validation && ca->lookup(&z->name, z->token, ca->user)
		? CA_VALID : CA_INVALID;
}

static void tick_order(struct ca *ca, struct ca_order *o)
{
	size_t valid = 0;

	for (size_t i = 0; i < o->n; i++) {
		validate(ca, &o->authz[i]);
		valid += o->authz[i].status == CA_VALID;
		if (o->status == CA_O_PENDING && o->authz[i].status >= CA_INVALID)
			o->status = CA_O_INVALID;
	}
	if (o->status == CA_O_PENDING && valid == o->n)
		o->status = CA_O_READY;
	if (o->status == CA_O_PROCESSING && o->issue_at <= ca->now_ms && !o->never)
		o->status = ca->manners.issue_refused ? CA_O_INVALID : CA_O_VALID;
}

void ca_tick(struct ca *ca)
{
	for (size_t i = 0; i < ca->norders; i++)
		tick_order(ca, &ca->orders[i]);
}

/* ---- requests ---- */

static void new_account(struct ca *ca, struct ca_reply *ret)
{
	ret->status = ca->account_known ? 200 : 201;
	if (!ca->account_known)
		ca->account++;
	ca->account_known = true;
	ret->body = strdup("{\"status\":\"valid\",\"orders\":\"" CA_ORIGIN "/orders\"}");
	(void)snprintf(ret->location, sizeof(ret->location), CA_ORIGIN "/account/%u", ca->account);
}

static void make_token(struct ca *ca, char token[static 44])
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < 43; i++)
		token[i] = abc[rng_below(ca->rng, 64)];
	token[43] = 0;
}

static void new_order(struct ca *ca, struct ca_reply *ret)
{
	struct ca_order *o;

	if (ca->norders == CA_ORDERS) {
		ca_problem(ret, 429, "rateLimited", "too many orders");
		return;
	}
	o = &ca->orders[ca->norders++];
	memset(o, 0, sizeof(*o));
	o->used = true;
	o->account = ca->account;
	o->n = ca->nnames;
	for (size_t i = 0; i < o->n; i++) {
		o->authz[i].name = ca->names[i];
		make_token(ca, o->authz[i].token);
		if (ca->manners.same_token)
			memcpy(o->authz[i].token, o->authz[0].token, sizeof(o->authz[i].token));
		if (rng_chance(ca->rng, ca->manners.reuse_percent))
			o->authz[i].status = CA_VALID;
	}
	if (ca->manners.dead_authz)
		o->authz[rng_below(ca->rng, (uint32_t)o->n)].status = (enum ca_authz_status)(CA_INVALID + rng_below(ca->rng, 3));
	if (ca->manners.born_invalid)
		o->status = CA_O_INVALID;
	if (!ca->manners.dead_authz)
		ca_tick(ca);
	ret->status = 201;
	put_order(ca, o, ret);
	(void)snprintf(ret->location, sizeof(ret->location), CA_ORIGIN "/order/%zu", ca->norders - 1);
}

static void accept(struct ca *ca, struct ca_order *o, const struct target *t, struct ca_reply *ret)
{
	struct ca_authz *z = &o->authz[t->part];
	struct zs_buf buf = ZS_BUF(CA_BODY);

	if (z->status != CA_PENDING) {
		ca_problem(ret, 400, "malformed", "Cannot update challenge, only status pending");
		return;
	}
	z->status = CA_PROCESSING;
	z->decide_at = ca->now_ms + rng_below(ca->rng, ca->manners.validate_ms);
	put_challenge(&buf, t->order, t->part, z);
	ret->body = take_text(&buf);
}

static void do_finalize(struct ca *ca, struct ca_order *o, struct ca_reply *ret)
{
	if (o->status != CA_O_READY) {
		ca_problem(ret, 403, "orderNotReady", "Order's status was not ready");
		return;
	}
	o->status = CA_O_PROCESSING;
	o->key = ca->run;
	o->never = ca->manners.never_issues;
	o->issue_at = ca->now_ms + rng_below(ca->rng, ca->manners.issue_ms);
	if (!ca->manners.issue_ms)
		tick_order(ca, o);
	put_order(ca, o, ret);
}

static void certificate(struct ca *ca, const struct target *t, uint64_t chain, struct ca_reply *ret)
{
	struct zs_buf buf = ZS_BUF(CA_BODY);

	zs_buf_addf(&buf, "-----BEGIN CERTIFICATE-----\norder=%llu key=%d chain=%llu\n-----END CERTIFICATE-----\n",
		    (unsigned long long)t->order, ca->orders[t->order].key, (unsigned long long)chain);
	ret->body = take_text(&buf);
	for (uint64_t k = 0; k < CA_CHAINS; k++)
		if (k != chain)
			(void)snprintf(ret->links[ret->nlinks++], sizeof(ret->links[0]),
				       "<" CA_ORIGIN "/alt/%llu/%llu>;rel=\"alternate\"",
				       (unsigned long long)t->order, (unsigned long long)k);
}

static void deactivate(struct ca *ca, const struct target *t, struct ca_reply *ret)
{
	struct ca_authz *z = &ca->orders[t->order].authz[t->part];

	if (z->status == CA_PENDING)
		z->status = CA_DEACTIVATED;
	put_authz(ca, t->order, t->part, ret);
}

/* What is about an order that exists and is the account's. */
static void on_order(struct ca *ca, const struct zs_flow_request *request, const struct target *t,
		     struct ca_reply *ret)
{
	struct ca_order *o = &ca->orders[t->order];

	if (t->part >= o->n && request->op != ZS_OP_ALTERNATE)
		ca_problem(ret, 404, "malformed", "no such thing");
	else if (request->op == ZS_OP_READ_ORDER)
		put_order(ca, o, ret);
	else if (request->op == ZS_OP_READ_AUTHZ)
		put_authz(ca, t->order, t->part, ret);
	else if (request->op == ZS_OP_ACCEPT)
		accept(ca, o, t, ret);
	else if (request->op == ZS_OP_FINALIZE)
		do_finalize(ca, o, ret);
	else if (request->op == ZS_OP_DEACTIVATE)
		deactivate(ca, t, ret);
	else if (o->status == CA_O_VALID)
		certificate(ca, t, request->op == ZS_OP_ALTERNATE ? t->part : 0, ret);
	else
		ca_problem(ret, 404, "malformed", "no certificate yet");
}

void ca_perform(struct ca *ca, const struct zs_flow_request *request, uint32_t kid, struct ca_reply *ret)
{
	struct target t;

	memset(ret, 0, sizeof(*ret));
	ret->status = 200;
	ca_tick(ca);
	if (request->op == ZS_OP_NEW_ACCOUNT) {
		new_account(ca, ret);
		return;
	}
	if (!ca->account_known || kid != ca->account) {
		ca_problem(ret, 400, "accountDoesNotExist", "Account not found.");
		return;
	}
	if (request->op == ZS_OP_NEW_ORDER)
		new_order(ca, ret);
	else if (!read_target(request->url, &t) || t.order >= ca->norders)
		ret->status = 404;
	else if (ca->orders[t.order].account != kid)
		ca_problem(ret, 403, "unauthorized", "does not own the specified order");
	else
		on_order(ca, request, &t, ret);
	if (!ret->body)
		ret->body = strdup("");
}
