/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/time.h: both directions, in milliseconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zoneseal/text.h>
#include <zoneseal/time.h>

static void test_print_when_table_expect_row(void **state)
{
	static const struct { int64_t ms; const char *rfc3339, *basic; } rows[] = {
		{ 0, "1970-01-01T00:00:00Z", "19700101T000000Z" },
		{ INT64_C(1769860800999), "2026-01-31T12:00:00Z", "20260131T120000Z" },
		{ -1, "invalid-time", "invalid-time" },
		{ INT64_MAX, "invalid-time", "invalid-time" },
	};
	char text[ZSP_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		zsp_time_rfc3339(rows[i].ms, text);
		assert_string_equal(text, rows[i].rfc3339);
		zsp_time_basic(rows[i].ms, text);
		assert_string_equal(text, rows[i].basic);
	}
}

static void test_parse_when_table_expect_row(void **state)
{
	static const struct { struct zsp_str text; int32_t good; int64_t ms; } rows[] = {
		{ ZSP_STR("1970-01-01T00:00:01Z"), 1, 1000 },
		{ ZSP_STR("1970-01-01T00:00:01.5Z"), 1, 1500 },
		{ ZSP_STR("1970-01-01T00:00:01.123456Z"), 1, 1123 },
		{ ZSP_STR("1970-01-01T01:00:01.007+01:00"), 1, 1007 },
		{ ZSP_STR("1969-12-31T23:59:59.250Z"), 1, -750 },
		{ ZSP_STR("1970-01-01T00:00:01"), 0, 0 },
		{ ZSP_STR("1970-01-01T00:00:01.Z"), 0, 0 },
		{ ZSP_STR(""), 0, 0 },
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ms = 0;
		assert_int_equal(zsp_time_parse(rows[i].text, &ms), rows[i].good);
		assert_true(ms == rows[i].ms);
	}
	assert_int_equal(zsp_time_parse_http((struct zsp_str)ZSP_STR("Thu, 01 Jan 1970 00:00:02 GMT"), &ms), 1);
	assert_true(ms == 2000);
	assert_int_equal(zsp_time_parse_http((struct zsp_str)ZSP_STR("yesterday"), &ms), 0);
}

static void test_monotonic_never_goes_back(void **state)
{
	int64_t before = zsp_time_monotonic();

	(void)state;
	assert_true(before > 0);
	for (int i = 0; i < 1000; i++)
		assert_true(zsp_time_monotonic() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print_when_table_expect_row),
		cmocka_unit_test(test_parse_when_table_expect_row),
		cmocka_unit_test(test_monotonic_never_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
