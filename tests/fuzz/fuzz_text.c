/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside on its way to people: whatever comes in, what goes out is
 * UTF-8 without a control or invisible character, and JSON is JSON.
 */
#include "fuzz.h"

#include "base/err.h"
#include "base/jsonout.h"
#include "base/log.h"
#include "wrap/json.h"

static bool is_safe(struct zs_slice text, bool lines)
{
	while (text.n) {
		uint32_t point;
		size_t n = zs_utf8_next(text, &point);

		if (!n || (zs_utf8_is_unsafe(point) && !(lines && point == '\n')))
			return false;
		text = zs_slice_of(text.p + n, text.n - n);
	}
	return true;
}

static bool is_utf8(struct zs_slice text)
{
	while (text.n) {
		uint32_t point;
		size_t n = zs_utf8_next(text, &point);

		if (!n)
			return false;
		text = zs_slice_of(text.p + n, text.n - n);
	}
	return true;
}

static void clean(struct zs_slice input, bool lines)
{
	struct zs_buf once = ZS_BUF(1 << 20), twice = ZS_BUF(1 << 20);

	zs_clean(&once, input, lines);
	MUST(!once.failed && is_safe(zs_buf_slice(&once), lines));
	zs_clean(&twice, zs_buf_slice(&once), lines);
	MUST(zs_slice_eq(zs_buf_slice(&once), zs_buf_slice(&twice)));
	zs_buf_done(&once);
	zs_buf_done(&twice);
}

static void write_json(struct zs_buf *dst, struct zs_slice input, bool pretty)
{
	struct zs_json_out out;

	zs_jout_init(&out, dst, pretty);
	zs_jout_object(&out, NULL);
	zs_jout_slice(&out, "text", input);
	zs_jout_array(&out, "list");
	zs_jout_slice(&out, NULL, input);
	zs_jout_int(&out, NULL, -1);
	zs_jout_null(&out, NULL);
	zs_jout_end(&out, ']');
	zs_jout_bool(&out, "flag", true);
	zs_jout_end(&out, '}');
	MUST(!dst->failed && is_safe(zs_buf_slice(dst), pretty));
}

/* Our reader refuses U+0000 and nothing else of what our writer makes. */
static void read_json(struct zs_buf *json, struct zs_slice input)
{
	struct zs_err err;
	struct zs_slice text;
	struct zs_json_doc *doc = zs_json_parse(zs_buf_slice(json), "ours", 1 << 20, &err);

	MUST(doc);
	MUST(zs_json_str(zs_json_root(doc), "text", ZS_JSON_REQUIRED, &text, &err) == 0);
	MUST(!is_utf8(input) || zs_slice_eq(text, input));
	zs_json_free(doc);
}

static void set_error(struct zs_slice input)
{
	struct zs_err err;
	char *text = zs_slice_dup(input);

	zs_err_clear(&err);
	if (text) {
		zs_err_set(&err, ZS_E_DNS, "%s", text);
		zs_err_prefix(&err, "%s", text);
		zs_err_subject(&err, "%s", text);
		zs_err_hint(&err, "%s", text);
	}
	zs_err_sub(&err, input, input, input);
	MUST(is_safe(zs_slice_str(err.text), true) && is_safe(zs_slice_str(err.subject), false));
	MUST(is_safe(zs_slice_str(err.hint), true) && is_safe(zs_slice_str(err.sub[0].detail), false));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice input = zs_slice_of(data, n);

	if (n > 16384)
		return 0;
	clean(input, false);
	clean(input, true);
	for (int pretty = 0; pretty < 2; pretty++) {
		struct zs_buf json = ZS_BUF(1 << 20);

		write_json(&json, input, pretty);
		if (!n || !memchr(data, 0, n))
			read_json(&json, input);
		zs_buf_done(&json);
	}
	set_error(input);
	return 0;
}
