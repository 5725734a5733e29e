/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h.  The table of error codes is the heart of it: class and hint for
 * each code that says something about the credentials, the zone or the record.
 */
#include "envelope.h"

#include <string.h>

/* ---- reading --------------------------------------------------------------------- */

static void add_error(struct cf_envelope *env, struct zsp_json error)
{
	int64_t code;

	if (!zsp_json_int(zsp_json_get(error, "code"), &code) || env->ncodes == CF_CODES)
		return;
	env->codes[env->ncodes++] = code;
	zsp_text_addf(&env->message, "%s%lld ", env->message.n ? "; " : "", (long long)code);
	zsp_text_add_str(&env->message, zsp_json_text(error, "message"));
}

/* The chain of an error says what is behind it: 6003 is any header, 6111 the token. */
static void read_errors(struct cf_envelope *env, struct zsp_json errors)
{
	for (struct zsp_json e = zsp_json_first(errors); e.node; e = zsp_json_next(e)) {
		struct zsp_json chain = zsp_json_get(e, "error_chain");

		add_error(env, e);
		for (struct zsp_json c = zsp_json_first(chain); c.node; c = zsp_json_next(c))
			add_error(env, c);
	}
}

int32_t cf_envelope_read(struct zsp_str body, struct cf_envelope *ret)
{
	struct zsp_json root, info;

	memset(ret, 0, sizeof(*ret));
	ret->message = (struct zsp_text)ZSP_TEXT(CF_MESSAGE);
	ret->doc = zsp_json_parse(body, NULL);
	if (!ret->doc)
		return 0;
	root = zsp_json_root(ret->doc);
	if (!zsp_json_is_object(root) || !zsp_json_bool(zsp_json_get(root, "success"), &ret->success)) {
		cf_envelope_done(ret);
		return 0;
	}
	ret->result = zsp_json_get(root, "result");
	info = zsp_json_get(root, "result_info");
	zsp_json_int(zsp_json_get(info, "total_pages"), &ret->total_pages);
	zsp_json_int(zsp_json_get(info, "total_count"), &ret->total_count);
	if (zsp_json_is_array(zsp_json_get(root, "errors")))
		read_errors(ret, zsp_json_get(root, "errors"));
	return 1;
}

void cf_envelope_done(struct cf_envelope *env)
{
	zsp_json_free(env->doc);
	zsp_text_done(&env->message);
	memset(env, 0, sizeof(*env));
}

int32_t cf_envelope_has(const struct cf_envelope *env, int64_t code)
{
	for (int32_t i = 0; i < env->ncodes; i++)
		if (env->codes[i] == code)
			return 1;
	return 0;
}

/* ---- judging ----------------------------------------------------------------------- */

struct error {
	int64_t code;
	const char *words;	/* that the message must have; NULL = any */
	struct cf_verdict verdict;
};

#define ALIAS "another record at this name excludes TXT: a CNAME that delegates the name to " \
	"another zone, or NS records; if the CNAME is proxied or flattened, DNS does not show it. " \
	"Remove that record, or publish at its target"
#define NEW_TOKEN "the token is wrong, revoked or expired: look at it under My Profile > API Tokens"
#define MALFORMED "the token is malformed: it was cut, or pasted with something else"
#define NO_ZONE "the service does not know this id of the zone (option zone-id)"
#define TTL "option ttl: 1 is automatic, else 60 to 86400 seconds"
#define THERE "the record is there already"

/* The first row that fits one of the codes decides, so causes stand before what wraps
 * them. */
static const struct error errors[] = {
	{ 6103, NULL, { ZSP_CONFIG, 0, MALFORMED } },
	{ 6111, NULL, { ZSP_CONFIG, 0, MALFORMED } },
	{ 6003, NULL, { ZSP_CONFIG, 0, "the service cannot read the request's headers, mostly because "
				       "the token is malformed" } },
	{ 9109, "location", { ZSP_AUTH, 0, "the token's client IP address filter does not have the "
					   "address of this machine" } },
	{ 9109, "Unauthorized", { ZSP_DENIED, 0, "" } },
	{ 9109, NULL, { ZSP_AUTH, 0, NEW_TOKEN } },
	{ 9103, NULL, { ZSP_AUTH, 0, "the service takes this for an API key; use an API token" } },
	{ 9106, NULL, { ZSP_AUTH, 0, "the service saw no token; something on the way drops the "
				     "Authorization header" } },
	{ 10001, NULL, { ZSP_AUTH, 0, NEW_TOKEN } },
	{ 1000, "oken", { ZSP_AUTH, 0, NEW_TOKEN } },
	{ 0, "permission", { ZSP_DENIED, 0, "" } },
	{ 1038, NULL, { ZSP_DENIED, 0, "the service takes no records over the API for this top-level "
				       "domain" } },
	{ 1009, NULL, { ZSP_DENIED, 0, "or the id of the zone is wrong (option zone-id)" } },
	{ 7000, NULL, { ZSP_NOT_FOUND, 0, NO_ZONE } },
	{ 7003, NULL, { ZSP_NOT_FOUND, 0, NO_ZONE } },
	{ 1001, NULL, { ZSP_NOT_FOUND, 0, NO_ZONE } },
	{ 1003, NULL, { ZSP_NOT_FOUND, 0, NO_ZONE } },
	{ 9020, NULL, { ZSP_CONFIG, 0, TTL } },
	{ 9021, NULL, { ZSP_CONFIG, 0, TTL } },
	{ 81045, NULL, { ZSP_CONFIG, 0, "the zone has as many records as its plan allows: remove some" } },
	{ 81053, NULL, { ZSP_CONFIG, 1, ALIAS } },
	{ 81054, NULL, { ZSP_CONFIG, 1, ALIAS } },
	{ 81056, NULL, { ZSP_CONFIG, 1, ALIAS } },
	{ CF_RECORD_EXISTS, NULL, { ZSP_CONFLICT, 1, THERE } },
	{ CF_RECORD_IDENTICAL, NULL, { ZSP_CONFLICT, 1, THERE } },
	{ CF_RECORD_GONE, NULL, { ZSP_CONFLICT, 1, "somebody else removed the record" } },
	{ 1004, NULL, { ZSP_BUG, 1, "the service does not take the record as this plugin writes it" } },
	{ 971, NULL, { ZSP_RATE_LIMITED, 0, "" } },
	/* The service says the same of a token without the right and of one that is none. */
	{ 10000, NULL, { ZSP_DENIED, 0, "or the token is not valid (any more)" } },
};

static int32_t fits(const struct error *e, const struct cf_envelope *env)
{
	return cf_envelope_has(env, e->code) && (!e->words || strstr(zsp_text_str(&env->message).p, e->words));
}

static const struct error *error_of(const struct cf_envelope *env)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (fits(&errors[i], env))
			return &errors[i];
	return NULL;
}

static struct cf_verdict verdict(int32_t error_class, const char *hint)
{
	struct cf_verdict v = { error_class, 0, hint };

	return v;
}

/* An answer in the service's own form that says no. */
static struct cf_verdict judge_code(const struct zsp_http_response *response,
				    const struct cf_envelope *env)
{
	const struct error *e = error_of(env);
	struct cf_verdict v = verdict(zsp_http_class(response), "");

	if (e && e->code == 10000 && response->status == 401)
		return verdict(ZSP_AUTH, NEW_TOKEN);
	if (e)
		return e->verdict;
	/* success:false in a 200 with a code that nobody knows. */
	if (v.error_class == ZSP_OK)
		v.error_class = ZSP_TRANSIENT;
	v.of_record = v.error_class == ZSP_CONFIG || v.error_class == ZSP_CONFLICT;
	return v;
}

struct cf_verdict cf_judge(const struct zsp_http_response *response,
			   const struct cf_envelope *env)
{
	int32_t by_status = zsp_http_class(response);

	if (by_status == ZSP_RATE_LIMITED || by_status == ZSP_TRANSIENT)
		return verdict(by_status, "");
	if (!env->doc && by_status == ZSP_OK)
		return verdict(ZSP_TRANSIENT, "the answer is not the API's; is there a proxy or a portal on "
					      "the way, or is api-url wrong?");
	if (!env->doc)
		return verdict(by_status, "the answer is not in the API's form; it may come from something "
					  "on the way, or api-url is wrong");
	if (env->success && by_status == ZSP_OK)
		return verdict(ZSP_OK, "");
	return judge_code(response, env);
}

/* ---- the quota ------------------------------------------------------------------------ */

/* The value of ";name=123" in an item of the list. */
static int32_t parameter(struct zsp_str item, char name, int64_t *ret)
{
	while (item.n) {
		struct zsp_str part = zsp_str_trim(zsp_str_cut(&item, ';'));

		if (part.n > 2 && part.p[0] == name && part.p[1] == '=') {
			struct zsp_str digits = { part.p + 2, part.n - 2 };

			return zsp_str_number(digits, INT32_MAX, ret);
		}
	}
	return 0;
}

int32_t cf_quota_read(struct zsp_str header, int64_t *ret_left, int64_t *ret_seconds)
{
	int32_t found = 0;

	while (header.n) {
		struct zsp_str item = zsp_str_cut(&header, ',');
		int64_t left, seconds;

		if (!parameter(item, 'r', &left) || !parameter(item, 't', &seconds))
			continue;
		if (found && left >= *ret_left)
			continue;
		*ret_left = left;
		*ret_seconds = seconds;
		found = 1;
	}
	return found;
}

/* ---- items of lists ---------------------------------------------------------------------- */

static int32_t is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int32_t cf_id_ok(struct zsp_str id)
{
	if (!id.n || id.n > CF_ID)
		return 0;
	for (size_t i = 0; i < id.n; i++)
		if (!is_alnum(id.p[i]))
			return 0;
	return 1;
}

static int32_t read_id_and_name(struct zsp_json item, char id[CF_ID + 1], char name[CF_NAME + 1])
{
	struct zsp_str text = zsp_json_text(item, "id");

	if (!zsp_json_is_object(item) || !cf_id_ok(text))
		return 0;
	memcpy(id, text.p, text.n);
	id[text.n] = 0;
	return zsp_name_read(zsp_json_text(item, "name"), name, CF_NAME + 1);
}

int32_t cf_zone_read(struct zsp_json item, struct cf_zone_item *ret)
{
	ret->status = zsp_json_text(item, "status");
	ret->type = zsp_json_text(item, "type");
	return read_id_and_name(item, ret->id, ret->name);
}

int32_t cf_record_read(struct zsp_json item, struct cf_record *ret)
{
	ret->type = zsp_json_text(item, "type");
	ret->content = zsp_json_text(item, "content");
	return read_id_and_name(item, ret->id, ret->name) && ret->type.n;
}
