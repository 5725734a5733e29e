/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building JSON (RFC 8259) that is pure of control, bidi and invisible
 * characters, so it can go to a terminal as well.  Does not read JSON, and
 * does not check that brackets are of the right kind.
 */
#include "base/jsonout.h"

#include <inttypes.h>

#include "base/clock.h"

enum { MAX_DEPTH = 63 };

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

void zs_jout_init(struct zs_json_out *out, struct zs_buf *dst, bool pretty)
{
	*out = (struct zs_json_out){ .dst = dst, .pretty = pretty };
}

static void line_end(struct zs_json_out *out)
{
	if (!out->pretty)
		return;
	zs_buf_add_byte(out->dst, '\n');
	for (uint32_t i = 0; i < out->depth; i++)
		zs_buf_add_str(out->dst, "  ");
}

/* Beyond the first plane JSON knows only pairs of surrogates. */
static void add_escaped(struct zs_buf *dst, uint32_t point)
{
	if (point <= 0xffff) {
		zs_buf_addf(dst, "\\u%04" PRIx32, point);
		return;
	}
	point -= 0x10000;
	zs_buf_addf(dst, "\\u%04" PRIx32 "\\u%04" PRIx32,
		0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
}

static void add_point(struct zs_buf *dst, struct zs_slice octets,
	uint32_t point)
{
	if (point == '"' || point == '\\')
		zs_buf_add_byte(dst, '\\');
	if (zs_utf8_is_unsafe(point))
		add_escaped(dst, point);
	else
		zs_buf_add_slice(dst, octets);
}

static void add_quoted(struct zs_buf *dst, struct zs_slice text)
{
	zs_buf_add_byte(dst, '"');
	while (text.n && !dst->failed) {
		uint32_t point = 0;
		size_t n = zs_utf8_next(text, &point);

		if (n)
			add_point(dst, zs_slice_of(text.p, n), point);
		else
			zs_buf_add_str(dst, replacement);
		n = n ? n : 1;
		text = zs_slice_of(text.p + n, text.n - n);
	}
	zs_buf_add_byte(dst, '"');
}

/* Comma, line end and key: what comes before every value. */
static void begin(struct zs_json_out *out, const char *key)
{
	uint64_t bit = UINT64_C(1) << out->depth;

	if (out->depth) {
		if (out->comma & bit)
			zs_buf_add_byte(out->dst, ',');
		out->comma |= bit;
		line_end(out);
	}
	if (!key)
		return;
	add_quoted(out->dst, zs_slice_str(key));
	zs_buf_add_str(out->dst, out->pretty ? ": " : ":");
}

static void open_level(struct zs_json_out *out, const char *key, uint8_t bracket)
{
	begin(out, key);
	zs_buf_add_byte(out->dst, bracket);
	if (out->depth >= MAX_DEPTH) {
		out->dst->failed = true;
		return;
	}
	out->depth++;
	out->comma &= ~(UINT64_C(1) << out->depth);
}

void zs_jout_object(struct zs_json_out *out, const char *key)
{
	open_level(out, key, '{');
}

void zs_jout_array(struct zs_json_out *out, const char *key)
{
	open_level(out, key, '[');
}

void zs_jout_end(struct zs_json_out *out, char bracket)
{
	bool any = out->comma >> out->depth & 1;

	if (!out->depth) {
		out->dst->failed = true;
		return;
	}
	out->depth--;
	if (any)
		line_end(out);
	zs_buf_add_byte(out->dst, (uint8_t)bracket);
}

void zs_jout_str(struct zs_json_out *out, const char *key, const char *text)
{
	zs_jout_slice(out, key, zs_slice_str(text));
}

void zs_jout_slice(struct zs_json_out *out, const char *key,
	struct zs_slice text)
{
	begin(out, key);
	add_quoted(out->dst, text);
}

void zs_jout_int(struct zs_json_out *out, const char *key, int64_t v)
{
	begin(out, key);
	zs_buf_addf(out->dst, "%" PRId64, v);
}

void zs_jout_bool(struct zs_json_out *out, const char *key, bool v)
{
	begin(out, key);
	zs_buf_add_str(out->dst, v ? "true" : "false");
}

void zs_jout_null(struct zs_json_out *out, const char *key)
{
	begin(out, key);
	zs_buf_add_str(out->dst, "null");
}

void zs_jout_raw(struct zs_json_out *out, const char *key,
	struct zs_slice json)
{
	begin(out, key);
	zs_buf_add_slice(out->dst, json);
}

void zs_jout_time(struct zs_json_out *out, const char *key,
	int64_t unix_seconds)
{
	char text[ZS_TIME_TEXT];

	if (!unix_seconds) {
		zs_jout_null(out, key);
		return;
	}
	zs_time_print(unix_seconds, text);
	zs_jout_str(out, key, text);
}
