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

/* A token is as long as what a client can hide. */
enum { MAX_TOKEN = 16 * 1024, MAX_FILE = 1024 * 1024, MAX_BODY = 80 * 1024, MAX_URL = 256 };

#define RESULT "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/"

struct exchange {
	struct credentials *credentials;
	struct keys *keys;
	struct zsp_http *http;
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

static int32_t hide_keys(struct exchange *x)
{
	int32_t class = zsp_http_redact(x->http, zsp_text_str(&x->keys->secret));

	return class == ZSP_OK ? zsp_http_redact(x->http, zsp_text_str(&x->keys->token)) : class;
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
	/* The next attempt may be told what stands in this answer. */
	if (x->fault && hide_keys(x) != ZSP_OK)
		return ZSP_BUG;
	return x->fault ? ZSP_TRANSIENT : ZSP_OK;
}

/* ---- the request ----------------------------------------------------------------------------------- */

static void add_field(struct zsp_text *body, const char *name, struct zsp_str value)
{
	zsp_text_addf(body, "&%s=", name);
	zsp_text_add_escaped(body, value);
}

static int32_t too_long(struct credentials *credentials)
{
	return credentials_failf(credentials, ZSP_CONFIG,
		"%s: the token of the web identity, with its special characters escaped, is longer than %d octets; look whether "
		"web-identity-token-path names the right file, or have the identity provider put fewer claims into it",
		settings_text(credentials->settings, OPT_WEB_IDENTITY_TOKEN_PATH).p, MAX_TOKEN);
}

/* *ret is the token itself; sent is what the request has of it. */
static int32_t read_token(const struct exchange *x, struct zsp_text *file, struct zsp_str *ret, struct zsp_text *sent)
{
	struct credentials *credentials = x->credentials;
	const char *path = settings_text(credentials->settings, OPT_WEB_IDENTITY_TOKEN_PATH).p;
	int32_t class = zsp_file_read(credentials->host, path, file);

	if (class != ZSP_OK) {
		credentials_notef(credentials, "cannot read %s", path);
		return class;
	}
	*ret = zsp_str_trim(zsp_text_str(file));
	if (!ret->n)
		return credentials_failf(credentials, ZSP_CONFIG, "%s: the token of the web identity is empty", path);
	zsp_text_add_escaped(sent, *ret);
	return sent->failed ? too_long(credentials) : ZSP_OK;
}

static int32_t make_body(const struct exchange *x, const struct zsp_text *sent, struct zsp_text *body)
{
	const struct settings *settings = x->credentials->settings;

	zsp_text_addz(body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
	add_field(body, "RoleArn", settings_text(settings, OPT_ROLE_ARN));
	add_field(body, "RoleSessionName", settings_text(settings, OPT_ROLE_SESSION_NAME));
	zsp_text_addz(body, "&WebIdentityToken=");
	zsp_text_add_str(body, zsp_text_str(sent));
	if (body->failed)
		return credentials_failf(x->credentials, ZSP_CONFIG, "out of memory for the request to STS, or role-arn is too long");
	return ZSP_OK;
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

static int32_t complain(struct exchange *x, int32_t class, const struct zsp_http_response *response)
{
	static const char what[] = "take on the role of role-arn at STS";
	struct zsp_text text = ZSP_TEXT(ZSP_MAX_TEXT);

	if (x->fault)
		zsp_text_addf(&text, "the answer is not understood: %s", x->fault);
	else
		error_say(&x->error, x->http, &text);
	if (response->status)
		credentials_notef(x->credentials, "cannot %s: HTTP status %d%s%s", what, (int)response->status, text.n ? ", " : "",
			zsp_text_str(&text).p);
	else
		credentials_notef(x->credentials, "cannot %s: no complete answer came from %.*s", what, (int)zsp_http_host(x->http).n,
			zsp_http_host(x->http).p);
	class = zsp_http_fail(x->http, class, response, what, zsp_text_str(&text));
	zsp_text_done(&text);
	return class;
}

static int32_t exchange(struct exchange *x, struct zsp_str body)
{
	const struct zsp_http_request request = {
		.method = "POST",
		.path = ZSP_STR("/"),
		.body = body,
		.content_type = ZSP_STR("application/x-www-form-urlencoded"),
	};
	struct zsp_http_response response = { .status = 0 };
	int32_t class = zsp_http_send(x->http, &request, &response);

	return class == ZSP_OK ? class : complain(x, class, &response);
}

/* The service may repeat the token in what it says, as it is and as it was sent, so no message
 * may be made before the library knows both. */
static int32_t hide_token(const struct exchange *x, struct zsp_str token, const struct zsp_text *sent)
{
	struct credentials *credentials = x->credentials;

	if (zsp_http_redact(x->http, token) != ZSP_OK || zsp_http_redact(x->http, zsp_text_str(sent)) != ZSP_OK)
		return credentials_failf(credentials, ZSP_BUG, "there is no memory to keep the token of the web identity out of messages");
	return credentials_hide(credentials, x->http);
}

static int32_t ask(struct exchange *x, struct zsp_str token, const struct zsp_text *sent)
{
	struct zsp_text body = ZSP_TEXT_SECRET(MAX_BODY);
	int32_t class = make_body(x, sent, &body);

	if (class == ZSP_OK)
		class = hide_token(x, token, sent);
	if (class == ZSP_OK)
		class = exchange(x, zsp_text_str(&body));
	if (class == ZSP_OK)
		zsp_text_add_str(&x->keys->proof, token);
	zsp_text_done(&body);
	return class;
}

/* A connection for each fetch, which is once in an hour. */
static int32_t fetch(struct credentials *credentials, struct keys *ret)
{
	struct zsp_text file = ZSP_TEXT_SECRET(MAX_FILE), sent = ZSP_TEXT_SECRET(MAX_TOKEN);
	struct exchange x = { .credentials = credentials, .keys = ret };
	struct zsp_str token;
	int32_t class = read_token(&x, &file, &token, &sent);

	error_init(&x.error);
	if (class == ZSP_OK) {
		x.http = connect_sts(&x);
		if (!x.http)
			credentials_notef(credentials, "there is no way to reach STS; look at sts-url, ca-file and proxy");
		class = x.http ? ask(&x, token, &sent) : ZSP_CONFIG;
	}
	zsp_http_free(x.http);
	error_done(&x.error);
	zsp_text_done(&sent);
	zsp_text_done(&file);
	return class;
}

const struct source source_web_identity = { "the web identity", is_meant, fetch, 1 };
