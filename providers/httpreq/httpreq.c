/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugin for services that speak lego's "httpreq": a POST to present or to
 * cleanup for each value.  Such a service is small and its own; what it does with a
 * value that is there already is its own too.
 */
#include <stdlib.h>
#include <string.h>

#include <zoneseal/sdk.h>

enum { MAX_CHANGES = 32,
	MAX_BODY = 4096,
	MAX_CREDENTIAL = 32 * 1024,
	HEADERS = 2 };

#define NONE \
	{ \
		NULL, 0 \
	}

static const struct zsp_option options[] = {
	{ ZSP_STR("endpoint"), ZSP_OPTION_URL, 1, NONE, ZSP_STR("HTTPREQ_ENDPOINT"),
		ZSP_STR("URL of the service; /present and /cleanup come behind it."), 0, 0 },
	{ ZSP_STR("mode"), ZSP_OPTION_TEXT, 0, ZSP_STR("default"), ZSP_STR("HTTPREQ_MODE"),
		ZSP_STR("default: the service gets name and value; raw: domain, token and key authorization."), 0, 0 },
	{ ZSP_STR("username"), ZSP_OPTION_TEXT, 0, NONE, ZSP_STR("HTTPREQ_USERNAME"),
		ZSP_STR("User for HTTP Basic authentication, with password."), 0, 0 },
	{ ZSP_STR("password"), ZSP_OPTION_SECRET, 0, NONE, ZSP_STR("HTTPREQ_PASSWORD"),
		ZSP_STR("Password for HTTP Basic authentication, with username."), 0, 0 },
	ZSP_HTTP_OPTIONS,
	ZSP_HTTP_OPTION_ALLOW_HTTP,
};

struct httpreq {
	const struct zsp_host *host;
	struct zsp_http *http;
	struct zsp_text authorization; /* "Basic ..."; empty = none */
	int32_t raw;
	int32_t is_checking;
};

/* ---- requests ---- */

/* While checking, every answer will do that does not refuse the credentials. */
static int32_t classify(void *user, const struct zsp_http_response *response, int64_t *retry_after_ms)
{
	const struct httpreq *self = user;
	int32_t error_class = zsp_http_class(response);

	(void)retry_after_ms;
	if (self->is_checking && error_class != ZSP_AUTH && error_class != ZSP_DENIED)
		return ZSP_OK;
	return error_class;
}

static int32_t send(struct httpreq *self, const char *method, const char *path, struct zsp_str body,
	struct zsp_http_response *response)
{
	const struct zsp_http_header headers[HEADERS] = {
		{ ZSP_STR("Accept"), ZSP_STR("application/json") },
		{ ZSP_STR("Authorization"), zsp_text_str(&self->authorization) },
	};
	const struct zsp_http_request request = {
		.method = method,
		.path = zsp_strz(path),
		.headers = headers,
		.nheaders = self->authorization.n ? HEADERS : HEADERS - 1,
		.body = body,
		.content_type = ZSP_STR("application/json"),
	};

	return zsp_http_send(self->http, &request, response);
}

/* ---- apply ---- */

static void add_default(struct zsp_json_out *out, const struct zsp_change *change)
{
	struct zsp_text fqdn = ZSP_TEXT(256);

	zsp_text_add_str(&fqdn, change->name);
	zsp_text_addz(&fqdn, ".");
	zsp_json_add_str(out, "fqdn", zsp_text_str(&fqdn));
	zsp_json_add_str(out, "value", change->value);
	zsp_text_done(&fqdn);
}

static void add_raw(struct zsp_json_out *out, const struct zsp_change *change)
{
	zsp_json_add_str(out, "domain", change->identifier);
	zsp_json_add_str(out, "token", change->token);
	zsp_json_add_str(out, "keyAuth", change->key_authorization);
}

static int32_t write_body(const struct httpreq *self, const struct zsp_change *change, struct zsp_text *dst)
{
	struct zsp_json_out out;

	if (self->raw && (!change->identifier.n || !change->token.n || !change->key_authorization.n))
		return zsp_failf(self->host, ZSP_CONFIG, 0, "%s: mode raw sends the challenge's token and key authorization, "
							    "and they are not known for this record: use mode default",
			change->name.p);
	zsp_json_begin(&out, dst);
	zsp_json_object(&out, NULL);
	(self->raw ? add_raw : add_default)(&out, change);
	zsp_json_end(&out, '}');
	return dst->failed ? zsp_failf(self->host, ZSP_BUG, 0, "%s: the value cannot be put into JSON", change->name.p) : ZSP_OK;
}

/* What a service says that is made for programs to read: any of the usual members. */
static struct zsp_str reason_in(const struct zsp_json_doc *doc)
{
	static const char *const names[] = { "error", "message", "detail", "reason" };
	struct zsp_str text = { NULL, 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !text.n; i++)
		text = zsp_json_text(zsp_json_root(doc), names[i]);
	return text;
}

static int32_t fail(struct httpreq *self, int32_t error_class, const struct zsp_http_response *response, const char *what)
{
	struct zsp_json_doc *doc = zsp_json_parse(response->body, NULL);
	struct zsp_str detail = reason_in(doc);

	zsp_http_fail(self->http, error_class, response, what, detail.n ? detail : response->body);
	zsp_json_free(doc);
	return error_class;
}

/* Either way: the protocol is the same for both. */
static int32_t make_change(void *instance, struct zsp_str zone, const struct zsp_change *change)
{
	struct httpreq *self = instance;
	int32_t is_add = change->op == ZSP_ADD;
	struct zsp_text body = ZSP_TEXT_SECRET(MAX_BODY);
	struct zsp_http_response response;
	int32_t class = write_body(self, change, &body);

	(void)zone;
	if (class == ZSP_OK) {
		class = send(self, "POST", is_add ? "/present" : "/cleanup", zsp_text_str(&body), &response);
		if (class != ZSP_OK)
			fail(self, class, &response, is_add ? "add a value" : "remove a value");
	}
	zsp_text_done(&body);
	return class;
}

static int32_t httpreq_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	return zsp_each_change(((struct httpreq *)instance)->host, instance, zone, changes, make_change, make_change);
}

/* ---- check ---- */

/*
 * The protocol has no request that changes nothing.  An answer to GET shows that the
 * service is there; only what it says of the credentials is believed.
 */
static int32_t httpreq_check(void *instance, const struct zsp_list *zones)
{
	struct httpreq *self = instance;
	struct zsp_http_response response;
	int32_t class;

	(void)zones;
	self->is_checking = 1;
	class = send(self, "GET", "/present", (struct zsp_str){ NULL, 0 }, &response);
	self->is_checking = 0;
	return class == ZSP_OK ? ZSP_OK : fail(self, class, &response, "reach the service");
}

/* ---- open and close ---- */

static int32_t read_mode(struct httpreq *self, const struct zsp_list *values)
{
	char word[16] = "";
	struct zsp_str mode = zsp_value_text(values, "mode");
	int32_t fits = zsp_str_lower(mode, word, sizeof(word));

	self->raw = fits && zsp_str_is(zsp_strz(word), "raw");
	if (self->raw || !mode.n || (fits && zsp_str_is(zsp_strz(word), "default")))
		return ZSP_OK;
	return zsp_failf(self->host, ZSP_CONFIG, 0, "option mode: it is neither default nor raw");
}

static int32_t read_credentials(struct httpreq *self, const struct zsp_list *values)
{
	struct zsp_str user = zsp_value_text(values, "username"), password = zsp_value_text(values, "password");
	struct zsp_text both = ZSP_TEXT_SECRET(MAX_CREDENTIAL);

	if (!user.n != !password.n)
		return zsp_failf(self->host, ZSP_CONFIG, 0, "option %s: missing, but %s is there", user.n ? "password" : "username",
			user.n ? "username" : "password");
	if (!user.n)
		return ZSP_OK;
	if (memchr(user.p, ':', user.n))
		return zsp_failf(self->host, ZSP_CONFIG, 0, "option username: a colon cannot be in it (RFC 7617)");
	zsp_text_add_str(&both, user);
	zsp_text_addz(&both, ":");
	zsp_text_add_str(&both, password);
	zsp_text_addz(&self->authorization, "Basic ");
	zsp_text_add_base64(&self->authorization, both.p, both.n);
	zsp_text_done(&both);
	if (self->authorization.failed)
		return zsp_failf(self->host, ZSP_BUG, 0, "out of memory");
	return ZSP_OK;
}

static int32_t connect_spec(struct httpreq *self, const struct zsp_list *values)
{
	struct zsp_http_spec spec = { .base_url = zsp_value_text(values, "endpoint"), .plain = ZSP_PLAIN_LOOPBACK, .classify = classify, .user = self };

	zsp_http_spec_options(&spec, values);
	self->http = zsp_http_new(self->host, &spec);
	if (!self->http)
		return ZSP_CONFIG;
	/* in base64 behind the user, too */
	if (zsp_http_redact(self->http, zsp_value_text(values, "password")) != ZSP_OK)
		return zsp_failf(self->host, ZSP_BUG, 0, "out of memory");
	return ZSP_OK;
}

static void httpreq_close(void *instance)
{
	struct httpreq *self = instance;

	zsp_http_free(self->http);
	zsp_text_done(&self->authorization);
	free(self);
}

static int32_t httpreq_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	struct httpreq *self = calloc(1, sizeof(*self));
	int32_t class;

	if (!self)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	self->host = host;
	self->authorization = (struct zsp_text)ZSP_TEXT_SECRET(2 * MAX_CREDENTIAL);
	class = read_mode(self, values);
	if (class == ZSP_OK)
		class = read_credentials(self, values);
	if (class == ZSP_OK)
		class = connect_spec(self, values);
	if (class == ZSP_OK)
		*ret_instance = self;
	else
		httpreq_close(self);
	return class;
}

/* ---- the descriptor ---- */

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(0),
	.name = ZSP_STR("httpreq"),
	.summary = ZSP_STR("HTTP service with present and cleanup, as lego's httpreq"),
	.options = ZSP_LIST(options),
	.max_changes = MAX_CHANGES,
	.permissions = ZSP_STR("What the service lets this user do. The protocol knows no rights: let the service itself refuse "
			       "every name but those that need certificates."),
	.open = httpreq_open,
	.apply = httpreq_apply,
	.check = httpreq_check,
	.close = httpreq_close,
};

ZSP_PLUGIN(provider)
