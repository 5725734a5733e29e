/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages: what was attempted, where, what came of it, and what the service says
 * about it.  What the service says is foreign text: without controls, without
 * secrets, short, and no web page.
 */
#include "http_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <zoneseal/say.h>

enum { DETAIL_MAX = 300, DETAIL_LOOKED_AT = 8 * 1024 };

void zsp_http_reason(struct zsp_http *http, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(http->reason, sizeof(http->reason), format, ap);
	va_end(ap);
}

void zsp_http_show_url(const struct zsp_http *http, struct zs_buf *dst)
{
	struct zs_slice url = zs_buf_slice(&http->url);

	zsp_http_hide(http, zs_slice_cut(&url, '?'), dst);
}

static const struct { int32_t status; const char *phrase; } phrases[] = {
	{ 200, "OK" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

static void add_status(const struct zsp_http *http, int32_t status, struct zs_buf *dst)
{
	if (!status) {
		zsp_http_hide(http, zs_slice_str(http->reason), dst);
		return;
	}
	zs_buf_addf(dst, "%d", (int)status);
	for (size_t i = 0; i < ZS_COUNT(phrases); i++)
		if (phrases[i].status == status)
			zs_buf_addf(dst, " %s", phrases[i].phrase);
	if (status >= 300 && status <= 399)
		zs_buf_add_str(dst, " (redirects are not followed: is the URL right?)");
}

/* ---- what the service says ---- */

static bool has_nocase(struct zs_slice s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.n; i++)
		if (zs_slice_eq_nocase(zs_slice_of(s.p + i, n), word))
			return true;
	return false;
}

static bool is_page(struct zs_slice s)
{
	return zs_slice_starts(s, "<") || has_nocase(s, "<html") || has_nocase(s, "<body") || has_nocase(s, "</");
}

/* Printable, in one line, cut between two characters. */
static void add_printable(struct zs_slice s, struct zs_buf *dst)
{
	size_t start = dst->len;
	bool gap = false;

	while (s.n) {
		uint32_t point = 0;
		size_t n = zs_utf8_next(s, &point);
		bool bad = !n || point == ' ' || zs_utf8_is_unsafe(point);

		n = n ? n : 1;
		if (dst->len - start + n + 1 > DETAIL_MAX) {
			zs_buf_add_str(dst, "...");
			return;
		}
		if (!bad && gap && dst->len > start)
			zs_buf_add_byte(dst, ' ');
		if (!bad)
			zs_buf_add(dst, s.p, n);
		gap = bad;
		s = zs_slice_of(s.p + n, s.n - n);
	}
}

/* One line of what the service says; nothing where that is nothing. */
static void add_said(const struct zsp_http *http, struct zsp_str said, const char *before, struct zs_buf *dst)
{
	struct zs_buf hidden = ZS_BUF(16 * DETAIL_LOOKED_AT);
	struct zs_slice s = zs_slice_trim(slice_of(said));

	if (s.n > DETAIL_LOOKED_AT)
		s.n = DETAIL_LOOKED_AT;
	/* hidden before it is cut: half of a secret is not recognised */
	zsp_http_hide(http, s, &hidden);
	if (is_page(s)) {
		zs_buf_add_str(dst, " (the answer is a web page)");
	} else if (s.n && !hidden.failed) {
		zs_buf_add_str(dst, before);
		add_printable(zs_buf_slice(&hidden), dst);
	}
	zs_buf_done(&hidden);
}

void zsp_http_said(const struct zsp_http *http, struct zsp_str said, struct zsp_text *dst)
{
	struct zs_buf text = ZS_BUF(2 * DETAIL_MAX);

	add_said(http, said, "", &text);
	zsp_text_addz(dst, zs_buf_str(&text));
	zs_buf_done(&text);
}

int32_t zsp_http_fail(struct zsp_http *http, int32_t error_class, const struct zsp_http_response *response,
		      const char *what, struct zsp_str detail)
{
	struct zs_buf text = ZS_BUF(8 * 1024 + 10 * ZSP_URL_MAX);

	if (http->said)		/* who signs knows better */
		return error_class;
	zs_buf_add_str(&text, "cannot ");
	zsp_http_hide(http, zs_slice_str(what), &text);
	zs_buf_add_str(&text, ": ");
	zsp_http_show_url(http, &text);
	zs_buf_add_str(&text, ": ");
	add_status(http, response->status, &text);
	add_said(http, detail, ": ", &text);
	zsp_failf(http->host, error_class, response->retry_after_ms, "%s", zs_buf_str(&text));
	zs_buf_done(&text);
	return error_class;
}
