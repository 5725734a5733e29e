/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of slices: cutting, numbers, durations, UTF-8, and random octets.
 */
#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S(text) zs_slice_str(text)

static void test_compare_expect_documented(void **state)
{
	(void)state;
	assert_true(zs_slice_eq(ZS_SLICE_NONE, S("")));
	assert_true(zs_slice_eq_str(S(NULL), ""));
	assert_false(zs_slice_eq_str(S("a"), "A"));
	assert_true(zs_slice_eq_nocase(S("Retry-AFTER"), "retry-after"));
	assert_false(zs_slice_eq_nocase(S("a["), "a{"));
	assert_true(zs_slice_starts(S("abc"), "ab"));
	assert_true(zs_slice_starts(S("abc"), ""));
	assert_false(zs_slice_starts(S("a"), "ab"));
	assert_true(zs_slice_ends(S("abc"), "bc"));
	assert_true(zs_slice_ends(ZS_SLICE_NONE, ""));
	assert_false(zs_slice_ends(S("c"), "bc"));
	assert_true(zs_slice_eq_secret(S("abc"), S("abc")));
	assert_false(zs_slice_eq_secret(S("abc"), S("abd")));
	assert_false(zs_slice_eq_secret(S("abc"), S("ab")));
	assert_true(zs_slice_eq_secret(ZS_SLICE_NONE, S("")));
}

static void test_trim_and_cut_expect_parts(void **state)
{
	struct zs_slice rest = S("a,,b");

	(void)state;
	assert_true(zs_slice_eq_str(zs_slice_trim(S(" \t\r\n x y\n")), "x y"));
	assert_int_equal(zs_slice_trim(S(" \t")).n, 0);
	assert_true(zs_slice_eq_str(zs_slice_cut(&rest, ','), "a"));
	assert_true(zs_slice_eq_str(zs_slice_cut(&rest, ','), ""));
	assert_true(zs_slice_eq_str(zs_slice_cut(&rest, ','), "b"));
	assert_int_equal(rest.n, 0);
	assert_int_equal(zs_slice_cut(&rest, ',').n, 0);
}

static void test_is_graph_expect_no_blank_no_control(void **state)
{
	(void)state;
	assert_true(zs_slice_is_graph(S("!~a")));
	assert_true(zs_slice_is_graph(ZS_SLICE_NONE));
	assert_false(zs_slice_is_graph(S("a b")));
	assert_false(zs_slice_is_graph(S("\x7f")));
	assert_false(zs_slice_is_graph(S("\x80")));
}

static void test_copy_when_nul_or_too_long_expect_refusal(void **state)
{
	char dst[4] = "old";
	char *dup;

	(void)state;
	assert_true(zs_slice_copy(S("abc"), dst, sizeof(dst)));
	assert_string_equal(dst, "abc");
	assert_false(zs_slice_copy(S("abcd"), dst, sizeof(dst)));
	assert_string_equal(dst, "");
	assert_false(zs_slice_copy(zs_slice_of("a\0b", 3), dst, sizeof(dst)));
	assert_false(zs_slice_copy(S(""), dst, 0));
	assert_null(zs_slice_dup(zs_slice_of("a\0b", 3)));
	dup = zs_slice_dup(ZS_SLICE_NONE);
	assert_string_equal(dup, "");
	free(dup);
}

static const struct {
	const char *label, *text;
	uint64_t max;
	bool ok;
	uint64_t want;
} numbers[] = {
	{ "zero", "0", 0, true, 0 },
	{ "leading zeros", "007", 10, true, 7 },
	{ "largest", "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
	{ "one too large", "18446744073709551616", UINT64_MAX, false, 0 },
	{ "at max", "255", 255, true, 255 },
	{ "past max", "256", 255, false, 0 },
	{ "one digit past max", "9", 3, false, 0 },
	{ "empty", "", 9, false, 0 },
	{ "plus", "+1", 9, false, 0 },
	{ "minus", "-1", 9, false, 0 },
	{ "blank", " 1", 9, false, 0 },
	{ "hex", "0x1", 9, false, 0 },
	{ "letter behind", "1a", 99, false, 0 },
};

static void test_u64_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(numbers); i++) {
		uint64_t v = 77;

		print_message("  %s\n", numbers[i].label);
		assert_int_equal(zs_slice_u64(S(numbers[i].text),
					 numbers[i].max, &v),
			numbers[i].ok);
		assert_true(v == (numbers[i].ok ? numbers[i].want : 77));
	}
}

static const struct {
	const char *label, *text;
	uint64_t max;
	bool ok;
	uint64_t want;
} durations[] = {
	{ "milliseconds", "500ms", 1000, true, 500 },
	{ "seconds", "30s", 60000, true, 30000 },
	{ "plain", "30", 60000, true, 30000 },
	{ "minutes", "5m", 600000, true, 300000 },
	{ "hours", "2h", UINT64_MAX, true, 7200000 },
	{ "days", "90d", UINT64_MAX, true, UINT64_C(7776000000) },
	{ "at max", "1s", 1000, true, 1000 },
	{ "past max", "1001ms", 1000, false, 0 },
	{ "overflow", "18446744073709551615d", UINT64_MAX, false, 0 },
	{ "no number", "s", 1000, false, 0 },
	{ "empty", "", 1000, false, 0 },
	{ "unknown unit", "1w", UINT64_MAX, false, 0 },
	{ "upper case", "1S", UINT64_MAX, false, 0 },
	{ "blank", "1 s", UINT64_MAX, false, 0 },
	{ "fraction", "1.5s", UINT64_MAX, false, 0 },
	{ "two units", "1h30m", UINT64_MAX, false, 0 },
	{ "negative", "-1s", UINT64_MAX, false, 0 },
};

static void test_duration_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(durations); i++) {
		uint64_t v = 77;

		print_message("  %s\n", durations[i].label);
		assert_int_equal(zs_slice_duration_ms(S(durations[i].text),
					 durations[i].max, &v),
			durations[i].ok);
		assert_true(v == (durations[i].ok ? durations[i].want : 77));
	}
}

static const struct {
	const char *label, *octets;
	size_t n;
	uint32_t point;
} utf8[] = {
	{ "ASCII", "a", 1, 'a' },
	{ "two octets", "\xc3\xa9", 2, 0xe9 },
	{ "three octets", "\xe2\x82\xac", 3, 0x20ac },
	{ "four octets", "\xf0\x9f\x94\x92", 4, 0x1f512 },
	{ "last point", "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	{ "past the last", "\xf4\x90\x80\x80", 0, 0 },
	{ "overlong slash", "\xc0\xaf", 0, 0 },
	{ "overlong three", "\xe0\x80\xaf", 0, 0 },
	{ "overlong four", "\xf0\x80\x80\xaf", 0, 0 },
	{ "surrogate", "\xed\xa0\x80", 0, 0 },
	{ "bare continuation", "\x80", 0, 0 },
	{ "cut short", "\xe2\x82", 0, 0 },
	{ "five octets", "\xf8\x88\x80\x80\x80", 0, 0 },
	{ "0xff", "\xff", 0, 0 },
	{ "empty", "", 0, 0 },
};

static void test_utf8_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(utf8); i++) {
		uint32_t point = 0;

		print_message("  %s\n", utf8[i].label);
		assert_int_equal(zs_utf8_next(S(utf8[i].octets), &point),
			utf8[i].n);
		assert_int_equal(point, utf8[i].point);
	}
}

static void test_unsafe_expect_controls_bidi_and_invisible(void **state)
{
	static const uint32_t bad[] = { 0, '\n', 0x1b, 0x7f, 0x85, 0x202e,
		0x2028, 0x2066, 0x200b, 0xfeff,
		0xe0041 };
	static const uint32_t good[] = { ' ', 'a', 0xa0, 0xe9, 0x20ac,
		0x1f512 };

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(bad); i++)
		assert_true(zs_utf8_is_unsafe(bad[i]));
	for (size_t i = 0; i < ZS_COUNT(good); i++)
		assert_false(zs_utf8_is_unsafe(good[i]));
}

/* Exact heap blocks, so that the address sanitizer sees any octet too far. */
static void test_everything_when_random_octets_expect_no_crash(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 200000; round++) {
		size_t n = (size_t)random() % 24;
		uint8_t *p = malloc(n ? n : 1);
		struct zs_slice s = zs_slice_of(p, n), rest = s;
		uint64_t v;
		uint32_t point;
		char *dup, dst[8];

		for (size_t i = 0; i < n; i++)
			p[i] = (uint8_t)(random() % 3 ? '0' + random() % 10
						      : random() & 0xff);
		(void)zs_slice_u64(s, UINT64_MAX, &v);
		(void)zs_slice_duration_ms(s, UINT64_MAX, &v);
		assert_true(zs_utf8_next(s, &point) <= n);
		assert_true(zs_slice_trim(s).n <= n);
		(void)zs_slice_copy(s, dst, sizeof(dst));
		while (rest.n)
			(void)zs_slice_cut(&rest, '3');
		dup = zs_slice_dup(s);
		if (dup)
			assert_true(zs_slice_eq_str(s, dup));
		free(dup);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare_expect_documented),
		cmocka_unit_test(test_trim_and_cut_expect_parts),
		cmocka_unit_test(test_is_graph_expect_no_blank_no_control),
		cmocka_unit_test(test_copy_when_nul_or_too_long_expect_refusal),
		cmocka_unit_test(test_u64_when_table_expect_row),
		cmocka_unit_test(test_duration_when_table_expect_row),
		cmocka_unit_test(test_utf8_when_table_expect_row),
		cmocka_unit_test(test_unsafe_expect_controls_bidi_and_invisible),
		cmocka_unit_test(test_everything_when_random_octets_expect_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
