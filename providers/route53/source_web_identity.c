/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials for the token of a web identity (a service account of Kubernetes, a
 * job of a CI): AssumeRoleWithWebIdentity of STS, unsigned.  The token's file is
 * read at each fetch, as its owner replaces it.
 */
#include "credentials.h"
#include "error.h"
#include "partition.h"
#include "xml.h"

enum { MAX_TOKEN = 20 * 1024, MAX_BODY = 80 * 1024, MAX_URL = 256 };

#define RESULT "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"

struct exchange {
	struct credentials *credentials;
	struct keys *keys;
	struct api_error error;
	struct zsp_str url;
	int32_t has_end; /* an expiration that makes sense */
	const char *fault; /* of the answer */
};

static int32_t is_meant(const struct credentials *credentials)
{
	return settings_text(credentials->settings, OPT_WEB_IDENTITY_TOKEN_PATH).n > 0;
}

/* ---- the answer ------------------------------------------------------------------------------------ */

static void on_element(void *user, const char *path, struct zsp_str text)
{
	struct exchange *x = user;
	struct zsp_str at = zsp_strz(path);

	if (zsp_str_is(at, RESULT "AccessKeyId"))
		zsp_text_add_str(&x->keys->access, text);
	else if (zsp_str_is(at, RESULT "SecretAccessKey"))
		zsp_text_add_str(&x->keys->secret, text);
	else if (zsp_str_is(at, RESULT "SessionToken"))
		zsp_text_add_str(&x->keys->token, text);
	else if (zsp_str_is(at, RESULT "Expiration"))
		x->has_end = zsp_time_parse(zsp_str_trim(text), &x->keys->expires_ms);
}

static int32_t classify(void *user, const struct zsp_http_response *response, int64_t *retry_after_ms)
{
	struct exchange *x = user;
	const struct zsp_host *host = x->credentials->host;

	(void)retry_after_ms;
	x->fault = NULL;
	if (response->status < 200 || response->status > 299)
		return error_classify(&x->error, response, host->wall_ms(host));
	keys_done(x->keys);
	x->has_end = 0;
	x->fault = xml_read(response->body, on_element, x);
	if (!x->fault)
		x->fault = keys_fault(x->keys);
	if (!x->fault && !x->has_end)
		x->fault = "it does not say when the credentials end";
	return x->fault ? ZSP_TRANSIENT : ZSP_OK;
}

/* ---- the request ----------------------------------------------------------------------------------- */

static void add_field(struct zsp_text *body, const char *name, struct zsp_str value)
{
	zsp_text_addf(body, "&%s=", name);
	zsp_text_add_escaped(body, value);
}

static int32_t add_token(struct credentials *credentials, struct zsp_text *body, struct zsp_text *ret_token)
{
	const char *path = settings_text(credentials->settings, OPT_WEB_IDENTITY_TOKEN_PATH).p;
	int32_t class = zsp_file_read(credentials->host, path, ret_token);
	struct zsp_str text = zsp_str_trim(zsp_text_str(ret_token));

	if (class == ZSP_OK && !text.n)
		class = zsp_failf(credentials->host, ZSP_CONFIG, 0, "%s: the token of the web identity is empty", path);
	if (class == ZSP_OK)
		add_field(body, "WebIdentityToken", text);
	return class;
}

static int32_t make_body(struct credentials *credentials, struct zsp_text *body, struct zsp_text *ret_token)
{
	const struct settings *settings = credentials->settings;
	int32_t class;

	zsp_text_addz(body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
	add_field(body, "RoleArn", settings_text(settings, OPT_ROLE_ARN));
	add_field(body, "RoleSessionName", settings_text(settings, OPT_ROLE_SESSION_NAME));
	class = add_token(credentials, body, ret_token);
	if (class == ZSP_OK && body->failed)
		class = zsp_failf(credentials->host, ZSP_CONFIG, 0, "the token of web-identity-token-path is too long");
	return class;
}

static void add_url(const struct settings *settings, struct zsp_text *url)
{
	struct zsp_str region = settings_text(settings, OPT_REGION);

	if (settings_is_given(settings, OPT_STS_URL))
		zsp_text_add_str(url, settings_text(settings, OPT_STS_URL));
	else
		zsp_text_addf(url, "https://sts.%.*s.%s", (int)region.n, region.p, partition_of(region)->domain);
}

static struct zsp_http *connect_sts(struct exchange *x)
{
	const struct settings *settings = x->credentials->settings;
	struct zsp_text url = ZSP_TEXT(MAX_URL);
	struct zsp_http_spec spec = { .plain = ZSP_PLAIN_LOOPBACK, .classify = classify, .user = x };
	struct zsp_http *http;

	add_url(settings, &url);
	spec.base_url = zsp_text_str(&url);
	zsp_http_spec_options(&spec, &settings->list);
	http = zsp_http_new(x->credentials->host, &spec);
	zsp_text_done(&url);
	return http;
}

static int32_t ask(struct exchange *x, struct zsp_http *http, struct zsp_str body)
{
	const struct zsp_http_request request = {
		.method = "POST",
		.path = ZSP_STR("/"),
		.body = body,
		.content_type = ZSP_STR("application/x-www-form-urlencoded"),
	};
	struct zsp_http_response response = { .status = 0 };
	struct zsp_text text = ZSP_TEXT(ZSP_MAX_TEXT);
	int32_t class = zsp_http_send(http, &request, &response);

	if (class != ZSP_OK) {
		if (x->fault)
			zsp_text_addf(&text, "the answer is not understood: %s", x->fault);
		else
			error_explain(&x->error, &text);
		class = zsp_http_fail(http, class, &response, "take on the role of role-arn", zsp_text_str(&text));
	}
	zsp_text_done(&text);
	return class;
}

/* The service may repeat the token in what it says, so no message may be made before the
 * library knows it. */
static int32_t hide_token(const struct credentials *credentials, struct zsp_http *http, const struct zsp_text *token)
{
	if (zsp_http_redact(http, zsp_str_trim(zsp_text_str(token))) == ZSP_OK)
		return ZSP_OK;
	return zsp_failf(credentials->host, ZSP_CONFIG, 0, "the token of web-identity-token-path is longer than any service makes one");
}

/* A connection for each fetch, which is once in an hour. */
static int32_t fetch(struct credentials *credentials, struct keys *ret)
{
	struct zsp_text body = ZSP_TEXT_SECRET(MAX_BODY), token = ZSP_TEXT_SECRET(MAX_TOKEN);
	struct exchange x = { .credentials = credentials, .keys = ret };
	int32_t class = make_body(credentials, &body, &token);
	struct zsp_http *http = class == ZSP_OK ? connect_sts(&x) : NULL;

	error_init(&x.error);
	if (class == ZSP_OK)
		class = http ? hide_token(credentials, http, &token) : ZSP_CONFIG;
	if (class == ZSP_OK)
		class = ask(&x, http, zsp_text_str(&body));
	zsp_http_free(http);
	error_done(&x.error);
	zsp_text_done(&token);
	zsp_text_done(&body);
	return class;
}

const struct source source_web_identity = { "the web identity", is_meant, fetch, 1 };
