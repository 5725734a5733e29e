/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the JSON builder: commas, nesting, escapes, limits.
 */
#include "base/jsonout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S(text) zs_slice_str(text)

static void build(struct zs_json_out *out)
{
	zs_jout_object(out, NULL);
	zs_jout_str(out, "s", "x");
	zs_jout_int(out, "i", INT64_MIN);
	zs_jout_array(out, "a");
	zs_jout_bool(out, NULL, true);
	zs_jout_null(out, NULL);
	zs_jout_object(out, NULL);
	zs_jout_end(out, '}');
	zs_jout_end(out, ']');
	zs_jout_raw(out, "r", S("{\"k\":1}"));
	zs_jout_time(out, "t", 1795514400);
	zs_jout_time(out, "n", 0);
	zs_jout_end(out, '}');
}

static void test_build_when_compact_expect_text(void **state)
{
	struct zs_buf buf = ZS_BUF(1000);
	struct zs_json_out out;

	(void)state;
	zs_jout_init(&out, &buf, false);
	build(&out);
	assert_string_equal(zs_buf_str(&buf),
		"{\"s\":\"x\",\"i\":-9223372036854775808,"
		"\"a\":[true,null,{}],\"r\":{\"k\":1},"
		"\"t\":\"2026-11-24T10:00:00Z\",\"n\":null}");
	zs_buf_done(&buf);
}

static void test_build_when_pretty_expect_indented(void **state)
{
	struct zs_buf buf = ZS_BUF(1000);
	struct zs_json_out out;

	(void)state;
	zs_jout_init(&out, &buf, true);
	build(&out);
	assert_string_equal(zs_buf_str(&buf),
		"{\n"
		"  \"s\": \"x\",\n"
		"  \"i\": -9223372036854775808,\n"
		"  \"a\": [\n"
		"    true,\n"
		"    null,\n"
		"    {}\n"
		"  ],\n"
		"  \"r\": {\"k\":1},\n"
		"  \"t\": \"2026-11-24T10:00:00Z\",\n"
		"  \"n\": null\n"
		"}");
	zs_buf_done(&buf);
}

static const struct {
	const char *label, *raw, *want;
} strings[] = {
	{ "NULL", NULL, "\"\"" },
	{ "quote and backslash", "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
	{ "controls", "\x01\n\t\x1b", "\"\\u0001\\u000a\\u0009\\u001b\"" },
	{ "DEL", "\x7f", "\"\\u007f\"" },
	{ "C1", "\xc2\x9b", "\"\\u009b\"" },
	{ "line separators", "\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\"" },
	{ "bidi", "\xe2\x80\xae\xe2\x81\xa9", "\"\\u202e\\u2069\"" },
	{ "tag as surrogates", "\xf3\xa0\x81\x81", "\"\\udb40\\udc41\"" },
	{ "UTF-8", "\xc3\xa9\xf0\x9f\x94\x92", "\"\xc3\xa9\xf0\x9f\x94\x92\"" },
	{ "invalid octet", "a\xff"
			   "b",
		"\"a\xef\xbf\xbd"
		"b\"" },
	{ "cut short", "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "overlong", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
};

static void test_string_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(strings); i++) {
		struct zs_buf buf = ZS_BUF(100);
		struct zs_json_out out;

		print_message("  %s\n", strings[i].label);
		zs_jout_init(&out, &buf, false);
		zs_jout_str(&out, NULL, strings[i].raw);
		assert_string_equal(zs_buf_str(&buf), strings[i].want);
		zs_buf_done(&buf);
	}
}

static void test_slice_when_nul_inside_and_key_odd_expect_escaped(void **state)
{
	struct zs_buf buf = ZS_BUF(100);
	struct zs_json_out out;

	(void)state;
	zs_jout_init(&out, &buf, false);
	zs_jout_object(&out, NULL);
	zs_jout_slice(&out, "k\n\"", zs_slice_of("a\0b", 3));
	zs_jout_end(&out, '}');
	assert_string_equal(zs_buf_str(&buf),
		"{\"k\\u000a\\\"\":\"a\\u0000b\"}");
	zs_buf_done(&buf);
}

static void test_depth_when_63_expect_text_and_64_expect_failure(void **state)
{
	struct zs_buf buf = ZS_BUF(1000);
	struct zs_json_out out;

	(void)state;
	zs_jout_init(&out, &buf, false);
	for (int i = 0; i < 63; i++)
		zs_jout_array(&out, NULL);
	zs_jout_int(&out, NULL, 1);
	zs_jout_int(&out, NULL, 2);
	for (int i = 0; i < 63; i++)
		zs_jout_end(&out, ']');
	assert_false(buf.failed);
	assert_int_equal(buf.len, 63 * 2 + 3);
	for (int i = 0; i < 64; i++)
		zs_jout_array(&out, NULL);
	assert_true(buf.failed);
	zs_buf_done(&buf);
}

static void test_end_when_one_too_many_expect_failure(void **state)
{
	struct zs_buf buf = ZS_BUF(100);
	struct zs_json_out out;

	(void)state;
	zs_jout_init(&out, &buf, false);
	zs_jout_array(&out, NULL);
	zs_jout_end(&out, ']');
	assert_false(buf.failed);
	zs_jout_end(&out, ']');
	assert_true(buf.failed);
	zs_buf_done(&buf);
}

static void test_build_when_no_room_expect_sticky_failure(void **state)
{
	struct zs_buf buf = ZS_BUF(20);
	struct zs_json_out out;

	(void)state;
	zs_jout_init(&out, &buf, false);
	build(&out);
	assert_true(buf.failed);
	zs_buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_when_compact_expect_text),
		cmocka_unit_test(test_build_when_pretty_expect_indented),
		cmocka_unit_test(test_string_when_table_expect_row),
		cmocka_unit_test(test_slice_when_nul_inside_and_key_odd_expect_escaped),
		cmocka_unit_test(test_depth_when_63_expect_text_and_64_expect_failure),
		cmocka_unit_test(test_end_when_one_too_many_expect_failure),
		cmocka_unit_test(test_build_when_no_room_expect_sticky_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
