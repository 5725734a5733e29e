/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See api.h.
 */
#include <stdio.h>

#include "api.h"
#include "partition.h"
#include "sigv4.h"

#define SERVICE "route53"
#define CONTENT_TYPE "text/xml"

enum {
	SECOND_MS = 1000, MAX_AUTHORIZATION = 1024, ATTEMPTS = 8, MAX_ANSWER = 4 * 1024 * 1024, MAX_PATH = 2048,
	SIGNED_HEADERS = 4, MAX_HIDDEN = 16
};

int32_t api_failf(struct api *api, int32_t error_class, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(api->why, sizeof(api->why), format, ap);
	va_end(ap);
	api->is_said = 0;
	return zsp_failf(api->host, error_class, 0, "%s", api->why);
}

/* ---- signing -------------------------------------------------------------------------------------- */

static struct zsp_str token(const struct api *api)
{
	return zsp_text_str(&api->credentials->keys.token);
}

/* The headers to sign besides those that make the request what it is. */
static uint32_t signed_headers(const struct api *api, const struct zsp_http_request *request,
	struct zsp_http_header dst[SIGNED_HEADERS])
{
	uint32_t n = 0;

	if (request->body.p)
		dst[n++] = (struct zsp_http_header){ ZSP_STR("content-type"), request->content_type };
	dst[n++] = (struct zsp_http_header){ ZSP_STR("host"), zsp_http_host(api->http) };
	dst[n++] = (struct zsp_http_header){ ZSP_STR("x-amz-date"), zsp_strz(api->date) };
	if (token(api).n)
		dst[n++] = (struct zsp_http_header){ ZSP_STR("x-amz-security-token"), token(api) };
	return n;
}

static int32_t make_authorization(struct api *api, const struct zsp_http_request *request)
{
	struct zsp_http_header headers[SIGNED_HEADERS];
	struct zsp_text path = ZSP_TEXT(MAX_PATH);
	struct zsp_str query = request->path;
	struct sigv4_request canonical = { .method = request->method, .headers = headers, .body = request->body };
	const struct sigv4_signer signer = {
		.access_key = zsp_text_str(&api->credentials->keys.access),
		.secret_key = zsp_text_str(&api->credentials->keys.secret),
		.region = zsp_strz(api->region),
		.service = zsp_strz(SERVICE),
		.wall_ms = api->signed_ms,
	};
	int32_t good;

	zsp_text_add_str(&path, zsp_http_base_path(api->http));
	zsp_text_add_str(&path, zsp_str_cut(&query, '?'));
	canonical.path = zsp_text_str(&path);
	canonical.query = query;
	canonical.nheaders = signed_headers(api, request, headers);
	zsp_text_clear(&api->authorization);
	good = !path.failed && sigv4_sign(&signer, &canonical, &api->authorization);
	zsp_text_done(&path);
	return good;
}

static const struct zsp_http_header *sign(void *user, const struct zsp_http_request *request, uint32_t *ret_n)
{
	struct api *api = user;
	uint32_t n = 0;

	/* Waiting may have taken the time that they were good for. */
	if (credentials_get(api->credentials) != ZSP_OK || credentials_hide(api->credentials, api->http) != ZSP_OK)
		return NULL;
	api->signed_ms = api->host->wall_ms(api->host);
	zsp_time_basic(api->signed_ms, api->date);
	if (!make_authorization(api, request)) {
		zsp_failf(api->host, ZSP_BUG, 0, "the request cannot be signed");
		return NULL;
	}
	api->headers[n++] = (struct zsp_http_header){ ZSP_STR("X-Amz-Date"), zsp_strz(api->date) };
	api->headers[n++] = (struct zsp_http_header){ ZSP_STR("Authorization"), zsp_text_str(&api->authorization) };
	if (token(api).n)
		api->headers[n++] = (struct zsp_http_header){ ZSP_STR("X-Amz-Security-Token"), token(api) };
	*ret_n = n;
	return api->headers;
}

/* ---- answers -------------------------------------------------------------------------------------- */

static void on_element(void *user, const char *path, struct zsp_str text)
{
	struct api *api = user;

	api->root_seen = api->root_seen || zsp_str_is(zsp_strz(path), api->call->root);
	api->call->element(api->call->user, path, text);
}

/* What is no answer of this service, from a proxy or cut short, may be better next time. */
static int32_t classify(void *user, const struct zsp_http_response *response, int64_t *retry_after_ms)
{
	struct api *api = user;

	(void)retry_after_ms;
	api->fault = NULL;
	if (response->status < 200 || response->status > 299)
		return error_classify(&api->error, response, api->signed_ms);
	api->root_seen = 0;
	api->call->begin(api->call->user);
	api->fault = xml_read(response->body, on_element, api);
	if (!api->fault && !api->root_seen)
		api->fault = "it is another document";
	return api->fault ? ZSP_TRANSIENT : ZSP_OK;
}

/* What the service says goes with what to do about it; what never reached it is the
 * library's to explain. */
static int32_t complain(struct api *api, int32_t class, const struct zsp_http_response *response)
{
	const char *what = api->call->what;
	struct zsp_text text = ZSP_TEXT(ZSP_MAX_TEXT);

	api->retry_after_ms = response->retry_after_ms;
	if (!api->fault)
		error_say(&api->error, api->http, &text);
	if (text.n && api->retry_after_ms)
		zsp_text_addf(&text, "; it wants to be left alone for %lld s", (long long)(api->retry_after_ms / 1000));
	if (text.n) {
		(void)snprintf(api->why, sizeof(api->why), "cannot %s: %.900s", what, zsp_text_str(&text).p);
		(void)zsp_failf(api->host, class, api->retry_after_ms, "%s", api->why);
		zsp_text_done(&text);
		return class;
	}
	if (api->fault)
		zsp_text_addf(&text, "the answer is not understood: %s", api->fault);
	if (response->status)
		(void)snprintf(api->why, sizeof(api->why), "cannot %s: HTTP status %d%s%s", what, (int)response->status,
			text.n ? ", " : "", zsp_text_str(&text).p);
	else
		(void)snprintf(api->why, sizeof(api->why), "cannot %s: no complete answer came", what);
	api->is_said = 1;
	class = zsp_http_fail(api->http, class, response, what, zsp_text_str(&text));
	zsp_text_done(&text);
	return class;
}

/* ---- the client ----------------------------------------------------------------------------------- */

/* The endpoint that the user named, else that of the partition. */
static struct zsp_str endpoint(const struct settings *settings, const struct partition *partition)
{
	if (settings_is_given(settings, OPT_API_URL))
		return settings_text(settings, OPT_API_URL);
	return zsp_strz(partition->api_url);
}

/* In place of the client that there is, if any. */
static int32_t make_client(struct api *api)
{
	const struct settings *settings = api->credentials->settings;
	const struct partition *partition = partition_of(settings_text(settings, OPT_REGION));
	int64_t rate = settings_number(settings, OPT_REQUEST_RATE);
	struct zsp_http_spec spec = {
		.base_url = endpoint(settings, partition),
		.plain = ZSP_PLAIN_LOOPBACK,
		.attempts = ATTEMPTS,
		.burst = (uint32_t)rate,
		.refill_ms = SECOND_MS / rate,
		.max_body = MAX_ANSWER,
		.classify = classify,
		.user = api,
	};

	zsp_http_spec_options(&spec, &settings->list);
	zsp_http_free(api->http);
	api->http = zsp_http_new(api->host, &spec);
	api->hidden_since = api->credentials->taken;
	return api->http ? ZSP_OK : ZSP_CONFIG;
}

/* ---- sending -------------------------------------------------------------------------------------- */

static int32_t send_once(struct api *api, const struct api_call *call, struct zsp_http_response *response)
{
	struct zsp_text path = ZSP_TEXT(MAX_PATH);
	struct zsp_http_request request = {
		.method = call->method,
		.body = call->body,
		.content_type = ZSP_STR(CONTENT_TYPE),
		.sign = sign,
		.user = api,
	};
	int32_t class;

	zsp_text_addz(&path, API_VERSION);
	zsp_text_add_str(&path, call->path);
	request.path = zsp_text_str(&path);
	api->error.code[0] = 0;
	zsp_text_clear(&api->error.messages);
	api->fault = NULL;
	class = path.failed ? ZSP_BUG : zsp_http_send(api->http, &request, response);
	zsp_text_done(&path);
	return class;
}

/* A client hides so many secrets and no more; a new one has room for the next.  Until then it
 * hides the old ones too, which an answer may still repeat. */
static int32_t hide_credentials(struct api *api)
{
	if (!api->http || api->credentials->taken - api->hidden_since > MAX_HIDDEN) {
		int32_t class = make_client(api);

		if (class != ZSP_OK)
			return class;
	}
	return credentials_hide(api->credentials, api->http);
}

static int32_t get_credentials(struct api *api, const char *what)
{
	int32_t class = credentials_get(api->credentials);

	const char *lack = api->credentials->why;

	if (class == ZSP_OK) {
		class = hide_credentials(api);
		lack = "there is no way to keep them out of messages";
	}
	if (class == ZSP_OK)
		return class;
	api->is_said = 1;
	(void)snprintf(api->why, sizeof(api->why), "cannot %s without credentials: %.900s", what, lack);
	return class;
}

int32_t api_send(struct api *api, const struct api_call *call)
{
	struct zsp_http_response response = { .status = 0 };
	int32_t class;

	api->is_said = 0;
	api->retry_after_ms = 0;
	class = get_credentials(api, call->what);
	if (class != ZSP_OK)
		return class;
	api->call = call;
	class = send_once(api, call, &response);
	if (class == ZSP_AUTH && error_is_expiry(&api->error) && credentials_drop(api->credentials)) {
		/* The answer may go with its client. */
		response = (struct zsp_http_response){ .status = 0 };
		class = get_credentials(api, call->what);
		if (class != ZSP_OK)
			return class;
		class = send_once(api, call, &response);
	}
	return class == ZSP_OK ? class : complain(api, class, &response);
}

/* ---- life ----------------------------------------------------------------------------------------- */

int32_t api_init(struct api *api, const struct zsp_host *host, struct credentials *credentials)
{
	const struct partition *partition = partition_of(settings_text(credentials->settings, OPT_REGION));

	*api = (struct api){ .host = host, .credentials = credentials, .region = partition->region,
			     .authorization = ZSP_TEXT(MAX_AUTHORIZATION) };
	error_init(&api->error);
	return make_client(api);
}

void api_done(struct api *api)
{
	zsp_http_free(api->http);
	api->http = NULL;
	zsp_text_done(&api->authorization);
	error_done(&api->error);
}
