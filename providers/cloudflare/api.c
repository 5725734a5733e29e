/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h.  The service lets a user or a token make 1200 requests in five minutes,
 * dashboard and other programs counted, and then blocks everything for the next
 * five.  So requests come at a rate below that, what the service says of the quota
 * is heeded, and after a 429 nothing is sent until it is over.
 */
#include "api.h"

#include <string.h>

enum {
	BURST = 50,
	REFILL_MS = 300,		/* 50 + 1000 in five minutes */
	BLOCKED_MS = 5 * 60 * 1000,	/* after a 429 that does not say */
	QUOTA_LOW = 25,			/* requests left, from where on they are spread */
	WHY = ZSP_MAX_TEXT,
	PATH = 1024,
	RAY = 40
};

/* ---- what the service says ---------------------------------------------------------- */

static void hold(int64_t *until, int64_t ms)
{
	int64_t then = zsp_time_monotonic() + ms;

	if (then > *until)
		*until = then;
}

/* With few left, what remains of the window is shared among them; with none left, the
 * next one would block everybody. */
static void heed_quota(struct cf_api *api, const struct zsp_http_response *response)
{
	int64_t left, seconds;

	if (!cf_quota_read(zsp_http_answer(response, "ratelimit"), &left, &seconds) ||
	    left > QUOTA_LOW)
		return;
	hold(left ? &api->rather_not_before : &api->not_before, seconds * 1000 / (left + 1));
}

/* Called for each attempt of a request. */
static int32_t classify(void *user, const struct zsp_http_response *response,
			int64_t *retry_after_ms)
{
	struct cf_api *api = user;

	cf_envelope_done(&api->answer);
	cf_envelope_read(response->body, &api->answer);
	api->verdict = cf_judge(response, &api->answer);
	if (api->verdict.error_class == ZSP_RATE_LIMITED) {
		if (!*retry_after_ms)
			*retry_after_ms = BLOCKED_MS;
		hold(&api->not_before, *retry_after_ms);
	} else {
		heed_quota(api, response);
	}
	api->retry_after_ms = *retry_after_ms;
	return api->verdict.error_class;
}

/* ---- open and close ------------------------------------------------------------------- */

int32_t cf_api_open(struct cf_api *api, const struct zsp_host *host,
		    const struct zsp_list *values)
{
	struct zsp_http_spec spec = { 0 };

	api->host = host;
	api->why = (struct zsp_text)ZSP_TEXT(WHY);
	for (size_t i = 0; i < CF_TOKEN__COUNT; i++)
		api->authorization[i] = (struct zsp_text)ZSP_TEXT_SECRET(16384 + 16);
	zsp_http_spec_options(&spec, values);
	spec.base_url = zsp_value_text(values, "api-url");
	spec.plain = ZSP_PLAIN_LOOPBACK;
	spec.burst = BURST;
	spec.refill_ms = REFILL_MS;
	spec.classify = classify;
	spec.user = api;
	api->http = zsp_http_new(host, &spec);
	return api->http ? ZSP_OK : ZSP_CONFIG;
}

int32_t cf_api_token(struct cf_api *api, enum cf_token which, struct zsp_str token)
{
	struct zsp_text *text = &api->authorization[which];

	zsp_text_clear(text);
	zsp_text_addz(text, "Bearer ");
	zsp_text_add_str(text, token);
	if (text->failed || zsp_http_redact(api->http, token) != ZSP_OK)
		return zsp_failf(api->host, ZSP_BUG, 0, "out of memory");
	return ZSP_OK;
}

void cf_api_close(struct cf_api *api)
{
	cf_envelope_done(&api->answer);
	zsp_http_free(api->http);
	for (size_t i = 0; i < CF_TOKEN__COUNT; i++)
		zsp_text_done(&api->authorization[i]);
	zsp_text_done(&api->why);
}

/* ---- telling --------------------------------------------------------------------------- */

const char *cf_why(const struct cf_api *api)
{
	return zsp_text_str(&api->why).p;
}

int32_t cf_because(struct cf_api *api, int32_t error_class, const char *format, ...)
{
	va_list ap;

	zsp_text_clear(&api->why);
	va_start(ap, format);
	zsp_text_vaddf(&api->why, format, ap);
	va_end(ap);
	return error_class;
}

int32_t cf_fail(const struct cf_api *api, int32_t error_class)
{
	if (!api->why.n)
		return error_class;
	return zsp_failf(api->host, error_class,
			 error_class == ZSP_RATE_LIMITED ? api->retry_after_ms : 0, "%s", cf_why(api));
}

/* An id by which the service finds the request. */
static void add_ray(struct cf_api *api)
{
	struct zsp_str ray = zsp_http_answer(&api->response, "cf-ray");

	if (!ray.n || ray.n > RAY)
		return;
	zsp_text_addz(&api->why, " (cf-ray ");
	zsp_http_said(api->http, ray, &api->why);
	zsp_text_addz(&api->why, ")");
}

/* "look up the zone example.org" */
static void add_attempt(struct zsp_text *text, const struct cf_request *request)
{
	zsp_text_addz(text, request->what);
	if (request->object.n)
		zsp_text_addf(text, " %.*s", (int)request->object.n, request->object.p);
}

/* "cannot list zones: api.example.net: " */
static void begin_why(struct cf_api *api, const struct cf_request *request)
{
	zsp_text_clear(&api->why);
	zsp_text_addz(&api->why, "cannot ");
	add_attempt(&api->why, request);
	zsp_text_addf(&api->why, ": %s: ", zsp_http_host(api->http).p);
}

static void explain(struct cf_api *api, const struct cf_request *request)
{
	struct zsp_text *why = &api->why;
	const char *hint = api->verdict.hint;

	/* A token that did something is one. */
	if (api->accepted[request->token] && cf_envelope_has(&api->answer, 10000))
		hint = "";
	begin_why(api, request);
	zsp_text_addf(why, "HTTP %d", (int)api->response.status);
	if (api->answer.message.n) {
		zsp_text_addz(why, ", error ");
		zsp_http_said(api->http, zsp_text_str(&api->answer.message), why);
	}
	if (api->verdict.error_class == ZSP_DENIED && (!*hint || zsp_str_starts(zsp_strz(hint), "or ")))
		zsp_text_addf(why, "; the token%s lacks %s for this zone%s%s",
			      request->token == CF_TOKEN_ZONE ? " of zone-token" : "", request->need,
			      *hint ? ", " : "", hint);
	else if (api->verdict.error_class == ZSP_RATE_LIMITED)
		zsp_text_addf(why, "; the service takes no requests of this user or token for %lld s",
			      (long long)(api->retry_after_ms / 1000));
	else if (*hint)
		zsp_text_addf(why, "; %s", hint);
	add_ray(api);
}

/* ---- sending ----------------------------------------------------------------------------- */

static int32_t pause_for(struct cf_api *api, int64_t ms)
{
	if (ms <= 0 || zsp_sleep(api->host, ms) == ZSP_OK)
		return ZSP_OK;
	return cf_because(api, ZSP_TRANSIENT, "the call was cancelled while it waited for its turn");
}

/* Courtesy has its limits: a quarter of the time that the call has left. */
static int32_t wait_politely(struct cf_api *api)
{
	int64_t wait = api->rather_not_before - zsp_time_monotonic();
	int64_t most = api->host->deadline_left_ms(api->host) / 4;

	return pause_for(api, wait < most ? wait : most);
}

/* Where the wait is longer than the call may last, nothing is sent. */
static int32_t wait_turn(struct cf_api *api)
{
	int64_t left = api->not_before - zsp_time_monotonic();

	if (left <= 0)
		return wait_politely(api);
	api->retry_after_ms = left;
	if (left >= api->host->deadline_left_ms(api->host))
		return cf_because(api, ZSP_RATE_LIMITED, "%s: the quota of requests is used up; the next "
				  "one can be sent in %lld s", zsp_http_host(api->http).p,
				  (long long)((left + 999) / 1000));
	return pause_for(api, left);
}

static int32_t transmit(struct cf_api *api, const struct cf_request *request)
{
	const struct zsp_http_header authorization = {
		ZSP_STR("Authorization"), zsp_text_str(&api->authorization[request->token])
	};
	struct zsp_http_request http = {
		.method = request->method,
		.path = request->path,
		.headers = &authorization,
		.nheaders = 1,
		.body = request->body,
	};

	return zsp_http_send(api->http, &http, &api->response);
}

/* Nothing that could be read: the library knows why, and says so itself. */
static int32_t nothing_came(struct cf_api *api, const struct cf_request *request,
			    int32_t error_class)
{
	static const struct zsp_str no_detail = { NULL, 0 };
	struct zsp_text what = ZSP_TEXT(WHY);

	cf_envelope_done(&api->answer);
	api->verdict = (struct cf_verdict){ error_class, 0, "" };
	zsp_text_clear(&api->why);
	add_attempt(&what, request);
	zsp_http_fail(api->http, error_class, &api->response, zsp_text_str(&what).p, no_detail);
	zsp_text_done(&what);
	return error_class;
}

int32_t cf_send(struct cf_api *api, const struct cf_request *request)
{
	int32_t error_class;

	cf_envelope_done(&api->answer);
	memset(&api->response, 0, sizeof(api->response));
	api->verdict = (struct cf_verdict){ ZSP_OK, 0, "" };
	api->retry_after_ms = 0;
	error_class = wait_turn(api);
	if (error_class != ZSP_OK)
		return error_class;
	error_class = transmit(api, request);
	if (error_class == ZSP_OK) {
		api->accepted[request->token] = 1;
		return ZSP_OK;
	}
	if (api->response.status && api->verdict.error_class != ZSP_OK) {
		explain(api, request);
		return error_class;
	}
	return nothing_came(api, request, error_class);
}

/* ---- lists -------------------------------------------------------------------------------- */

static int32_t refuse(struct cf_api *api, const struct cf_request *request, int32_t error_class,
		      const char *fault)
{
	begin_why(api, request);
	zsp_text_addz(&api->why, fault);
	return error_class;
}

/* The page after those before; its items go to fn. */
static int32_t read_page(struct cf_api *api, const struct cf_request *request, int64_t page,
			 cf_item_fn *fn, void *user)
{
	struct zsp_text path = ZSP_TEXT(PATH);
	struct cf_request one = *request;
	int32_t error_class;

	zsp_text_add_str(&path, request->path);
	zsp_text_addf(&path, "&page=%lld", (long long)page);
	one.path = zsp_text_str(&path);
	error_class = path.failed ? cf_because(api, ZSP_BUG, "out of memory") : cf_send(api, &one);
	zsp_text_done(&path);
	if (error_class != ZSP_OK)
		return error_class;
	if (!zsp_json_is_array(api->answer.result))
		return refuse(api, request, ZSP_TRANSIENT, "the answer has no list");
	for (struct zsp_json v = zsp_json_first(api->answer.result); v.node; v = zsp_json_next(v))
		fn(user, v);
	return ZSP_OK;
}

int32_t cf_list(struct cf_api *api, const struct cf_request *request, struct cf_listing *listing,
		cf_item_fn *fn, void *user)
{
	int64_t page = 1, count = 0;
	int32_t error_class;

	listing->steady = 1;
	do {
		error_class = read_page(api, request, page, fn, user);
		if (error_class != ZSP_OK)
			return error_class;
		if (page > 1 && api->answer.total_count != count)
			listing->steady = 0;
		count = api->answer.total_count;
		listing->pages = api->answer.total_pages;
		if (listing->pages > listing->max_pages)
			return ZSP_OK;
	} while (++page <= listing->pages);
	return ZSP_OK;
}

int32_t cf_list_all(struct cf_api *api, const struct cf_request *request, uint32_t max_pages,
		    cf_item_fn *fn, void *user)
{
	struct cf_listing listing = { .max_pages = max_pages };
	int32_t error_class = cf_list(api, request, &listing, fn, user);

	if (error_class == ZSP_OK && listing.pages > max_pages)
		return refuse(api, request, ZSP_CONFIG, "the list has more pages than are read");
	return error_class;
}
