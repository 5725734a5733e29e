/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/say.h: the host's services with a format, options by name, waiting.
 */
#include <zoneseal/say.h>
#include <zoneseal/text.h>
#include <zoneseal/time.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bridge.h"

enum { NAP_MS = 50 };

/* A text that is cut to what the host takes. */
struct line {
	char text[ZSP_MAX_TEXT + 1];
	size_t n;
};

static void ZS_PRINTF(2, 0) put(struct line *line, const char *format, va_list ap)
{
	int n = vsnprintf(line->text, sizeof(line->text), format, ap);

	line->n = n < 0 ? 0 : (size_t)n < sizeof(line->text) ? (size_t)n : sizeof(line->text) - 1;
}

void zsp_logf(const struct zsp_host *host, int32_t level, const char *format, ...)
{
	struct line line;
	va_list ap;

	va_start(ap, format);
	put(&line, format, ap);
	va_end(ap);
	if (ZSP_HAS(host, log))
		host->log(host, level, line.text, line.n);
}

int32_t zsp_failf(const struct zsp_host *host, int32_t error_class, int64_t retry_after_ms,
		  const char *format, ...)
{
	struct line line;
	va_list ap;

	va_start(ap, format);
	put(&line, format, ap);
	va_end(ap);
	if (ZSP_HAS(host, fail))
		(void)host->fail(host, error_class, retry_after_ms, line.text, line.n);
	return error_class;
}

int32_t zsp_resultf(const struct zsp_host *host, uint32_t index, int32_t error_class,
		    const char *format, ...)
{
	struct line line = { .n = 0 };
	va_list ap;

	if (format) {
		va_start(ap, format);
		put(&line, format, ap);
		va_end(ap);
	}
	if (ZSP_HAS(host, result))
		(void)host->result(host, index, error_class, line.text, line.n);
	return error_class;
}

/* Uncut: a document without its end is worse than none. */
int32_t zsp_printf(const struct zsp_host *host, const char *format, ...)
{
	struct zsp_text text = ZSP_TEXT(ZSP_MAX_POLICY);
	int32_t rc = ZSP_BUG;
	va_list ap;

	va_start(ap, format);
	zsp_text_vaddf(&text, format, ap);
	va_end(ap);
	if (!text.failed && ZSP_HAS(host, print))
		rc = host->print(host, zsp_text_str(&text).p, text.n);
	zsp_text_done(&text);
	return rc;
}

/* ---- changes ---- */

/* Whether the other changes would meet it as well: to ask on would only do harm. */
static int32_t is_general(int32_t error_class)
{
	return error_class == ZSP_AUTH || error_class == ZSP_RATE_LIMITED || error_class == ZSP_TRANSIENT;
}

int32_t zsp_each_change(const struct zsp_host *host, void *instance, const struct zsp_str *zone,
			const struct zsp_list *changes, zsp_make_change *add, zsp_make_change *remove)
{
	int32_t failed = ZSP_OK;

	for (uint32_t i = 0; i < changes->n && !is_general(failed); i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
		int32_t error_class;

		if (host->cancelled(host))
			return zsp_failf(host, ZSP_TRANSIENT, 0, "the call was ended before all changes were made");
		error_class = (change->op == ZSP_ADD ? add : remove)(instance, *zone, change);
		/* without a text: the host has that of the fail before */
		zsp_resultf(host, i, error_class, NULL);
		if (error_class != ZSP_OK)
			failed = error_class;
	}
	return failed;
}

/* ---- options ---- */

const struct zsp_value *zsp_value(const struct zsp_list *values, const char *name)
{
	for (uint32_t i = 0; i < values->n; i++) {
		const struct zsp_value *value = ZSP_ITEM(struct zsp_value, values, i);

		if (zsp_str_is(value->name, name))
			return value;
	}
	return NULL;
}

struct zsp_str zsp_value_text(const struct zsp_list *values, const char *name)
{
	const struct zsp_value *value = zsp_value(values, name);

	return value && value->text.p ? value->text : (struct zsp_str){ "", 0 };
}

int64_t zsp_value_number(const struct zsp_list *values, const char *name, int64_t fallback)
{
	const struct zsp_value *value = zsp_value(values, name);

	return value && value->text.p ? value->number : fallback;
}

/* ---- waiting ---- */

int32_t zsp_sleep(const struct zsp_host *host, int64_t ms)
{
	int64_t until = zsp_time_monotonic() + (ms > 0 ? ms : 0);
	int64_t left;

	while (!host->cancelled(host)) {
		left = until - zsp_time_monotonic();
		if (left <= 0)
			return ZSP_OK;
		(void)poll(NULL, 0, left < NAP_MS ? (int)left : NAP_MS);
	}
	return ZSP_TRANSIENT;
}

int64_t zsp_random(int64_t limit)
{
	return limit > 0 ? (int64_t)zs_clock_jitter(zs_clock_system(), 0, (uint64_t)limit - 1) : 0;
}
