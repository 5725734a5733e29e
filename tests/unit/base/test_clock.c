/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of dates, Retry-After and back-off, with a clock of their own.
 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S(text) zs_slice_str(text)

static const struct {
	const char *label;
	int64_t unix_seconds;
	const char *text;
} printed[] = {
	{ "epoch", 0, "1970-01-01T00:00:00Z" },
	{ "of the design", 1795514400, "2026-11-24T10:00:00Z" },
	{ "leap day", 951782400, "2000-02-29T00:00:00Z" },
	{ "no leap day", 4107542400, "2100-03-01T00:00:00Z" },
	{ "last", 253402300799, "9999-12-31T23:59:59Z" },
	{ "past the last", 253402300800, "invalid-time" },
	{ "before the epoch", -1, "invalid-time" },
	{ "smallest", INT64_MIN, "invalid-time" },
	{ "largest", INT64_MAX, "invalid-time" },
};

static void test_print_when_table_expect_row(void **state)
{
	char text[ZS_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(printed); i++) {
		print_message("  %s\n", printed[i].label);
		zs_time_print(printed[i].unix_seconds, text);
		assert_string_equal(text, printed[i].text);
	}
}

static void test_print_when_any_second_expect_parse_gives_it_back(void **state)
{
	char text[ZS_TIME_TEXT];
	int64_t back;

	(void)state;
	/* A prime number of seconds, so that all fields vary. */
	for (int64_t t = 0; t < 253402300800; t += 1299709) {
		zs_time_print(t, text);
		assert_true(zs_time_parse(S(text), &back));
		assert_true(back == t);
	}
}

static const struct {
	const char *label, *text;
	bool ok;
	int64_t want;
} rfc3339[] = {
	{ "plain", "2026-11-24T10:00:00Z", true, 1795514400 },
	{ "lower case", "2026-11-24t10:00:00z", true, 1795514400 },
	{ "fraction", "2026-11-24T10:00:00.123456789Z", true, 1795514400 },
	{ "east", "2026-11-24T12:30:00+02:30", true, 1795514400 },
	{ "west", "2026-11-24T05:00:00-05:00", true, 1795514400 },
	{ "leap second", "2016-12-31T23:59:60Z", true, 1483228800 },
	{ "year 0 of Go", "0001-01-01T00:00:00Z", true, -62135596800 },
	{ "year 0", "0000-01-01T00:00:00Z", true, -62167219200 },
	{ "29 February", "2024-02-29T00:00:00Z", true, 1709164800 },
	{ "no 29 February", "2023-02-29T00:00:00Z", false, 0 },
	{ "31 April", "2023-04-31T00:00:00Z", false, 0 },
	{ "month 0", "2023-00-10T00:00:00Z", false, 0 },
	{ "month 13", "2023-13-10T00:00:00Z", false, 0 },
	{ "day 0", "2023-01-00T00:00:00Z", false, 0 },
	{ "hour 24", "2023-01-01T24:00:00Z", false, 0 },
	{ "minute 60", "2023-01-01T00:60:00Z", false, 0 },
	{ "second 61", "2023-01-01T00:00:61Z", false, 0 },
	{ "offset hour 24", "2023-01-01T00:00:00+24:00", false, 0 },
	{ "offset minute 60", "2023-01-01T00:00:00+00:60", false, 0 },
	{ "no offset", "2023-01-01T00:00:00", false, 0 },
	{ "empty fraction", "2023-01-01T00:00:00.Z", false, 0 },
	{ "blank for T", "2023-01-01 00:00:00Z", false, 0 },
	{ "leftover", "2023-01-01T00:00:00Zx", false, 0 },
	{ "date only", "2023-01-01", false, 0 },
	{ "sign in a number", "2023-01-01T+1:00:00Z", false, 0 },
	{ "short year", "23-01-01T00:00:00Z", false, 0 },
	{ "empty", "", false, 0 },
};

static void test_parse_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rfc3339); i++) {
		int64_t t = 77;

		print_message("  %s\n", rfc3339[i].label);
		assert_int_equal(zs_time_parse(S(rfc3339[i].text), &t),
			rfc3339[i].ok);
		assert_true(t == (rfc3339[i].ok ? rfc3339[i].want : 77));
	}
}

static const struct {
	const char *label, *text;
	bool ok;
	int64_t want;
} http[] = {
	{ "IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777 },
	{ "rfc850", "Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777 },
	{ "rfc850 of 2026", "Tuesday, 24-Nov-26 10:00:00 GMT", true, 1795514400 },
	{ "asctime", "Sun Nov  6 08:49:37 1994", true, 784111777 },
	{ "asctime, two digits", "Wed Nov 16 08:49:37 1994", true, 784975777 },
	{ "other zone", "Sun, 06 Nov 1994 08:49:37 CET", false, 0 },
	{ "no zone", "Sun, 06 Nov 1994 08:49:37", false, 0 },
	{ "unknown day", "Xyz, 06 Nov 1994 08:49:37 GMT", false, 0 },
	{ "unknown month", "Sun, 06 Foo 1994 08:49:37 GMT", false, 0 },
	{ "one-digit day", "Sun, 6 Nov 1994 08:49:37 GMT", false, 0 },
	{ "31 November", "Sun, 31 Nov 1994 08:49:37 GMT", false, 0 },
	{ "leftover", "Sun, 06 Nov 1994 08:49:37 GMT;", false, 0 },
	{ "RFC 3339", "1994-11-06T08:49:37Z", false, 0 },
	{ "empty", "", false, 0 },
};

static void test_parse_http_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(http); i++) {
		int64_t t = 77;

		print_message("  %s\n", http[i].label);
		assert_int_equal(zs_time_parse_http(S(http[i].text), &t),
			http[i].ok);
		assert_true(t == (http[i].ok ? http[i].want : 77));
	}
}

static const struct {
	const char *label, *text;
	int64_t now;
	bool ok;
	int64_t want;
} retry_after[] = {
	{ "seconds", "120", 1000, true, 1120 },
	{ "blanks around", " 120\t", 1000, true, 1120 },
	{ "zero", "0", 1000, true, 1000 },
	{ "a day", "86400", 1000, true, 87400 },
	{ "past a day", "86401", 1000, true, 87400 },
	{ "huge", "99999999999999999999999999", 1000, true, 87400 },
	{ "date", "Sun, 06 Nov 1994 08:49:37 GMT", 784111700, true, 784111777 },
	{ "date in the past", "Sun, 06 Nov 1994 08:49:37 GMT", 784111778, true,
		784111778 },
	{ "date far away", "Sun, 06 Nov 1994 08:49:37 GMT", 1000, true, 87400 },
	{ "now at the end", "120", INT64_MAX - 5, true, INT64_MAX },
	{ "negative", "-1", 1000, false, 0 },
	{ "fraction", "1.5", 1000, false, 0 },
	{ "word", "soon", 1000, false, 0 },
	{ "empty", "", 1000, false, 0 },
};

static void test_retry_after_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(retry_after); i++) {
		int64_t t = 77;

		print_message("  %s\n", retry_after[i].label);
		assert_int_equal(zs_time_retry_after(S(retry_after[i].text),
					 retry_after[i].now, &t),
			retry_after[i].ok);
		assert_true(t == (retry_after[i].ok ? retry_after[i].want : 77));
	}
}

static void test_parse_when_random_expect_no_crash(void **state)
{
	static const char some[] = "0123456789-:TZ+. ,GMTSunNov";

	(void)state;
	srandom(5);
	for (int round = 0; round < 200000; round++) {
		const char *model = round % 2 ? rfc3339[0].text : http[0].text;
		size_t n = (size_t)random() % (strlen(model) + 1);
		char *p = malloc(n ? n : 1);
		struct zs_slice s = zs_slice_of(p, n);
		int64_t t;

		memcpy(p, model, n);
		for (int i = 0; n && i < round % 4; i++)
			p[(size_t)random() % n] = some[(size_t)random() %
				(sizeof(some) - 1)];
		(void)zs_time_parse(s, &t);
		(void)zs_time_parse_http(s, &t);
		(void)zs_time_retry_after(s, 1000, &t);
		free(p);
	}
}

static const struct {
	const char *label;
	uint64_t base;
	unsigned factor, attempt;
	uint64_t cap, want;
} backoffs[] = {
	{ "first", 1000, 200, 0, 60000, 1000 },
	{ "doubled", 1000, 200, 3, 60000, 8000 },
	{ "saturated", 1000, 200, 6, 60000, 60000 },
	{ "half more", 100, 150, 2, 60000, 225 },
	{ "tenth more", 1000, 110, 2, 60000, 1210 },
	{ "fifteen percent", 100, 115, 1, 60000, 115 },
	{ "small base grows too", 1, 150, 10, 60000, 57 },
	{ "constant", 1000, 100, UINT32_MAX, 60000, 1000 },
	{ "base past cap", 70000, 200, 0, 60000, 60000 },
	{ "base zero", 0, 200, 1000000, 60000, 0 },
	{ "cap zero", 1000, 200, 5, 0, 0 },
	{ "falling", 1000, 50, 2, 60000, 250 },
	{ "falling to nothing", 1000, 50, UINT32_MAX, 60000, 0 },
	{ "falling from past cap", 80000, 50, 1, 60000, 40000 },
	{ "largest", UINT64_MAX, 1000, UINT32_MAX, UINT64_MAX, UINT64_MAX },
	{ "largest, first", UINT64_MAX, 200, 0, UINT64_MAX, UINT64_MAX },
};

static void test_backoff_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(backoffs); i++) {
		print_message("  %s\n", backoffs[i].label);
		assert_true(zs_backoff_ms(backoffs[i].base, backoffs[i].factor,
				    backoffs[i].attempt, backoffs[i].cap) ==
			backoffs[i].want);
	}
}

static void test_backoff_when_a_million_failures_expect_never_shrinks(void **state)
{
	static const unsigned factors[] = { 100, 101, 150, 200, 1000 };
	const uint64_t cap = UINT64_C(24) * 3600 * 1000;

	(void)state;
	for (size_t f = 0; f < ZS_COUNT(factors); f++) {
		uint64_t last = 0;

		for (unsigned n = 0; n <= 1000000; n++) {
			uint64_t v = zs_backoff_ms(1000, factors[f], n, cap);

			if (v < last || v > cap)
				fail_msg("factor %u, failure %u", factors[f], n);
			last = v;
		}
		assert_true(last == (factors[f] > 100 ? cap : 1000));
	}
}

struct fake {
	struct zs_clock clock;
	uint32_t next;
};

static uint32_t fake_random(struct zs_clock *clock)
{
	return ((struct fake *)clock)->next;
}

static void test_jitter_when_extremes_expect_both_ends(void **state)
{
	struct fake fake = { .clock = { .random = fake_random } };

	(void)state;
	assert_true(zs_clock_jitter(&fake.clock, 10, 20) == 10);
	assert_true(zs_clock_jitter(&fake.clock, 0, UINT64_MAX) == 0);
	assert_true(zs_backoff_jitter_ms(&fake.clock, 1000, 25) == 750);
	assert_true(zs_backoff_jitter_ms(&fake.clock, 1000, 200) == 1);
	assert_true(zs_backoff_jitter_ms(&fake.clock, 0, 10) == 1);
	fake.next = UINT32_MAX;
	assert_true(zs_clock_jitter(&fake.clock, 10, 20) == 20);
	assert_true(zs_clock_jitter(&fake.clock, 10, 10) == 10);
	assert_true(zs_clock_jitter(&fake.clock, 20, 10) == 20);
	assert_true(zs_clock_jitter(&fake.clock, 0, UINT32_MAX) == UINT32_MAX);
	assert_true(zs_clock_jitter(&fake.clock, 0, UINT64_MAX) == UINT64_MAX);
	assert_true(zs_backoff_jitter_ms(&fake.clock, 1000, 25) == 1250);
	assert_true(zs_backoff_jitter_ms(&fake.clock, UINT64_MAX, 50) ==
		UINT64_MAX);
}

static void test_jitter_when_random_expect_within_and_all_hit(void **state)
{
	unsigned hits[5] = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t v = zs_clock_jitter(zs_clock_system(), 3, 7);

		assert_in_range(v, 3, 7);
		hits[v - 3]++;
	}
	for (size_t i = 0; i < ZS_COUNT(hits); i++)
		assert_true(hits[i] > 1000);
}

static void test_system_expect_sane_and_monotonic(void **state)
{
	struct zs_clock *clock = zs_clock_system();
	uint64_t before = clock->mono_ms(clock);

	(void)state;
	assert_true(clock->wall_ms(clock) > INT64_C(1700000000000));
	assert_true(clock->mono_ms(clock) >= before);
	assert_ptr_equal(clock, zs_clock_system());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print_when_table_expect_row),
		cmocka_unit_test(test_print_when_any_second_expect_parse_gives_it_back),
		cmocka_unit_test(test_parse_when_table_expect_row),
		cmocka_unit_test(test_parse_http_when_table_expect_row),
		cmocka_unit_test(test_retry_after_when_table_expect_row),
		cmocka_unit_test(test_parse_when_random_expect_no_crash),
		cmocka_unit_test(test_backoff_when_table_expect_row),
		cmocka_unit_test(test_backoff_when_a_million_failures_expect_never_shrinks),
		cmocka_unit_test(test_jitter_when_extremes_expect_both_ends),
		cmocka_unit_test(test_jitter_when_random_expect_within_and_all_hit),
		cmocka_unit_test(test_system_expect_sane_and_monotonic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
