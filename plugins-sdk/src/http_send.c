/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request in as many attempts as are due: classes decide, the token bucket and
 * the service's wishes delay, the call's deadline ends it.  A wait that would
 * outlast the deadline is not begun: who asked may use the time better.
 */
#include "http_parts.h"

#include <string.h>

#include "base/clock.h"

#include <zoneseal/say.h>
#include <zoneseal/time.h>

enum {
	BACKOFF_MS = 250,
	BACKOFF_MAX_MS = 8000,
	RATE_BACKOFF_MS = 1000,		/* where the service does not say how long */
	LEFT_MS = 100			/* not worth an attempt */
};

/* ---- waiting ---- */

static bool wait_fits(const struct zsp_http *http, int64_t ms)
{
	return ms + LEFT_MS < http->host->deadline_left_ms(http->host);
}

/*
 * The bucket as one number: the time at which it is full again.  A request may go
 * when that is less than a whole bucket away.
 */
static int32_t take_token(struct zsp_http *http)
{
	int64_t each = http->spec.refill_ms, now = zsp_time_monotonic(), at;

	if (each <= 0)
		return ZSP_OK;
	at = http->bucket_ms - ((int64_t)(http->spec.burst ? http->spec.burst : 1) - 1) * each;
	if (at > now) {
		if (!wait_fits(http, at - now) || zsp_sleep(http->host, at - now)) {
			zsp_http_reason(http, "the time was over before the provider's own limit on requests let it go");
			return ZSP_TRANSIENT;
		}
		now = zsp_time_monotonic();
	}
	http->bucket_ms = (http->bucket_ms > now ? http->bucket_ms : now) + each;
	return ZSP_OK;
}

/* Full jitter: many runs that failed together must not come back together. */
static int64_t pause_ms(int32_t error_class, int64_t retry_after_ms, uint32_t attempts)
{
	unsigned past = attempts ? attempts - 1 : 0;
	int64_t most;

	if (error_class == ZSP_RATE_LIMITED) {
		if (retry_after_ms > 0)
			return retry_after_ms + zsp_random(BACKOFF_MS);
		most = (int64_t)zs_backoff_ms(RATE_BACKOFF_MS, 200, past, BACKOFF_MAX_MS);
		return most / 2 + zsp_random(most / 2 + 1);
	}
	most = zsp_random((int64_t)zs_backoff_ms(BACKOFF_MS, 200, past, BACKOFF_MAX_MS) + 1);
	return retry_after_ms > most ? retry_after_ms : most;
}

/* ---- one attempt ---- */

static int64_t retry_after_ms(const struct zsp_http *http, const struct zsp_http_response *response)
{
	int64_t now = http->host->wall_ms(http->host) / 1000, at = now;
	struct zsp_str text = zsp_http_answer(response, "retry-after");

	return text.n && zs_time_retry_after(slice_of(text), now, &at) ? (at - now) * 1000 : 0;
}

static void trace(const struct zsp_http *http, const char *method, const struct zsp_http_response *response,
		  int64_t began_ms)
{
	struct zs_buf text = ZS_BUF(4 * ZSP_URL_MAX);

	zsp_http_show_url(http, &text);
	zs_buf_add_str(&text, ": ");
	if (response->status)
		zs_buf_addf(&text, "%d", (int)response->status);
	else
		zsp_http_hide(http, zs_slice_str(http->reason), &text);
	zsp_logf(http->host, ZSP_LOG_DEBUG, "%s %s (%lld ms, attempt %u)", method, zs_buf_str(&text),
		 (long long)(zsp_time_monotonic() - began_ms), response->attempts);
	zs_buf_done(&text);
}

static int32_t classify(const struct zsp_http *http, struct zsp_http_response *response)
{
	response->retry_after_ms = retry_after_ms(http, response);
	if (http->spec.classify)
		return http->spec.classify(http->spec.user, response, &response->retry_after_ms);
	return zsp_http_class(response);
}

/* An answer that leaves open whether the request had its effect. */
static bool leaves_open(const struct zsp_outcome *outcome)
{
	if (!outcome->status)
		return outcome->maybe_sent;
	return (outcome->status >= 500 && outcome->status != 503) || outcome->status < 300;
}

struct attempt {
	const struct zsp_http_header *signed_headers;
	uint32_t nsigned;
	bool open;		/* it failed, but may have had its effect */
	bool final;
};

static int32_t sign(struct zsp_http *http, const struct zsp_http_request *request, struct attempt *attempt)
{
	if (!request->sign)
		return ZSP_OK;
	attempt->signed_headers = request->sign(request->user, request, &attempt->nsigned);
	if (!attempt->signed_headers) {
		http->said = true;
		return ZSP_AUTH;
	}
	for (uint32_t i = 0; i < attempt->nsigned; i++) {
		if (!zsp_http_header_ok(&attempt->signed_headers[i])) {
			zsp_http_reason(http, "the request was not sent: a header of its signature is not allowed in HTTP");
			return ZSP_BUG;
		}
	}
	return ZSP_OK;
}

static int32_t attempt_once(struct zsp_http *http, const struct zsp_http_request *request,
			    struct zsp_http_response *ret, struct attempt *attempt)
{
	int64_t began = zsp_time_monotonic();
	struct zsp_outcome outcome;
	int32_t rc;

	outcome = zsp_http_exchange(http, request, attempt->signed_headers, attempt->nsigned);
	ret->attempts++;
	ret->status = outcome.status;
	ret->body = (struct zsp_str){ zs_buf_str(&http->body), http->body.len };
	ret->retry_after_ms = 0;
	ret->too_large = outcome.too_large;
	rc = outcome.status ? classify(http, ret) : outcome.error_class;
	attempt->open = rc && rc != ZSP_RATE_LIMITED && leaves_open(&outcome);
	attempt->final = outcome.hopeless;
	if (attempt->open)
		ret->maybe_done = 1;
	trace(http, request->method, ret, began);
	return rc;
}

/* ---- all of them ---- */

static bool is_again(const struct zsp_http *http, const struct zsp_http_request *request, int32_t rc,
		     const struct zsp_http_response *response, const struct attempt *attempt)
{
	if (rc != ZSP_TRANSIENT && rc != ZSP_RATE_LIMITED)
		return false;
	if (attempt->final || response->attempts >= http->spec.attempts)
		return false;
	return !(request->once && attempt->open);
}

int32_t zsp_http_send(struct zsp_http *http, const struct zsp_http_request *request,
		      struct zsp_http_response *ret_response)
{
	struct attempt attempt;
	int64_t pause;
	int32_t rc;

	*ret_response = (struct zsp_http_response){ .body = { "", 0 }, .head = http };
	zs_buf_clear(&http->head);
	zs_buf_clear(&http->body);
	http->said = false;
	*http->reason = 0;
	rc = zsp_http_check_request(http, request);
	while (!rc) {
		attempt = (struct attempt){ 0 };
		rc = take_token(http);
		if (!rc)
			rc = sign(http, request, &attempt);
		if (rc)
			break;
		rc = attempt_once(http, request, ret_response, &attempt);
		if (!is_again(http, request, rc, ret_response, &attempt))
			break;
		pause = pause_ms(rc, ret_response->retry_after_ms, ret_response->attempts);
		if (!wait_fits(http, pause) || zsp_sleep(http->host, pause))
			break;
		rc = ZSP_OK;
	}
	return rc;
}
