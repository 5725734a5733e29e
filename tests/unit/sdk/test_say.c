/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/say.h: texts that are cut and texts that are not, options, waiting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <zoneseal/sdk.h>

#include "host.h"

static struct fake fake;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake);
	return 0;
}

static void test_fail_and_result_return_the_class_and_say_it(void **state)
{
	(void)state;
	assert_int_equal(zsp_failf(&fake.host, ZSP_AUTH, 1500, "no %s, %d", "way", 7), ZSP_AUTH);
	assert_string_equal(fake.fail, "no way, 7");
	assert_int_equal(fake.error_class, ZSP_AUTH);
	assert_true(fake.retry_after_ms == 1500);
	assert_int_equal(zsp_resultf(&fake.host, 3, ZSP_DENIED, "%s", "why"), ZSP_DENIED);
	assert_string_equal(fake.result, "why");
	assert_int_equal(fake.result_index, 3);
	assert_int_equal(zsp_resultf(&fake.host, 4, ZSP_OK, NULL), ZSP_OK);
	assert_string_equal(fake.result, "");
	assert_int_equal(fake.result_index, 4);
}

static void test_texts_when_long_are_cut_but_print_is_not(void **state)
{
	char text[ZSP_MAX_TEXT + 100];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	zsp_failf(&fake.host, ZSP_BUG, 0, "%s", text);
	assert_int_equal(strlen(fake.fail), ZSP_MAX_TEXT);
	zsp_logf(&fake.host, ZSP_LOG_INFO, "%s", text);
	assert_int_equal(strlen(fake.log), ZSP_MAX_TEXT + 1);
	assert_int_equal(zsp_printf(&fake.host, "%s\n", text), ZSP_OK);
	assert_int_equal(strlen(fake.print), sizeof(text));
}

static void test_print_when_the_host_has_none_is_a_bug(void **state)
{
	(void)state;
	fake.host.print = NULL;
	assert_int_equal(zsp_printf(&fake.host, "x"), ZSP_BUG);
}

static void test_values_by_name(void **state)
{
	static const struct zsp_value values[] = {
		{ .name = ZSP_STR("text"), .text = ZSP_STR("t") },
		{ .name = ZSP_STR("number"), .text = ZSP_STR("7"), .number = 7 },
		{ .name = ZSP_STR("absent") },
	};
	const struct zsp_list list = ZSP_LIST(values);

	(void)state;
	assert_ptr_equal(zsp_value(&list, "number"), &values[1]);
	assert_null(zsp_value(&list, "numbe"));
	assert_true(zsp_str_is(zsp_value_text(&list, "text"), "t"));
	assert_int_equal(zsp_value_text(&list, "absent").n, 0);
	assert_int_equal(zsp_value_text(&list, "unknown").n, 0);
	assert_true(zsp_value_number(&list, "number", 3) == 7);
	assert_true(zsp_value_number(&list, "absent", 3) == 3);
	assert_true(zsp_value_number(&list, "unknown", 3) == 3);
}

static void test_sleep_ends_with_the_time_the_deadline_or_the_call(void **state)
{
	int64_t before = zsp_time_monotonic();
	atomic_uint cancel = 1;

	(void)state;
	assert_int_equal(zsp_sleep(&fake.host, 20), ZSP_OK);
	assert_true(zsp_time_monotonic() >= before + 20);
	fake.deadline_ms = zsp_time_monotonic() + 10;
	assert_int_equal(zsp_sleep(&fake.host, 3600 * 1000), ZSP_TRANSIENT);
	fake_init(&fake);
	fake.cancel_when = &cancel;
	assert_int_equal(zsp_sleep(&fake.host, 3600 * 1000), ZSP_TRANSIENT);
}

static void test_random_stays_below_its_limit(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t r = zsp_random(4);

		assert_true(r >= 0 && r < 4);
		seen |= 1u << r;
	}
	assert_int_equal(seen, 15);
	assert_true(zsp_random(1) == 0 && zsp_random(0) == 0);
}

static void test_version_is_that_of_the_headers(void **state)
{
	(void)state;
	assert_int_equal(zsp_sdk_version(), ZSP_SDK_MAJOR << 16 | ZSP_SDK_MINOR);
}

/* ---- changes one by one ---- */

/* What the functions were called for: "+1 -2 ", and the class that each change gets. */
static struct { char calls[64]; const int32_t *classes; atomic_uint cancelled; } made;

static int32_t make(const char *what, void *instance, struct zsp_str zone, const struct zsp_change *change)
{
	size_t have = strlen(made.calls);
	int32_t error_class = made.classes[change->value.p[0] - '1'];

	assert_ptr_equal(instance, &made);
	assert_true(zone.n == 12 && !memcmp(zone.p, "example.test", 12));
	(void)snprintf(made.calls + have, sizeof(made.calls) - have, "%s%s ", what, change->value.p);
	/* nobody wants the rest */
	if (error_class == -1)
		atomic_store(&made.cancelled, 1);
	return error_class == ZSP_OK || error_class == -1 ? ZSP_OK : zsp_failf(&fake.host, error_class, 0, "why %s", change->value.p);
}

static int32_t make_add(void *instance, struct zsp_str zone, const struct zsp_change *change)
{
	return make("+", instance, zone, change);
}

static int32_t make_remove(void *instance, struct zsp_str zone, const struct zsp_change *change)
{
	return make("-", instance, zone, change);
}

static void test_each_change_when_table_expect_class_results_and_calls(void **state)
{
	static const struct { int32_t classes[3], want; const char *calls, *results, *fail; } rows[] = {
		{ { ZSP_OK, ZSP_OK, ZSP_OK }, ZSP_OK, "+1 -2 +3 ", "0 1 2 ", "" },
		{ { ZSP_OK, ZSP_DENIED, ZSP_OK }, ZSP_DENIED, "+1 -2 +3 ", "0 2 ", "why 2" },
		{ { ZSP_NOT_FOUND, ZSP_OK, ZSP_TRANSIENT }, ZSP_TRANSIENT, "+1 -2 +3 ", "1 ", "why 3" },
		{ { ZSP_OK, ZSP_AUTH, ZSP_OK }, ZSP_AUTH, "+1 -2 ", "0 ", "why 2" },
		{ { ZSP_RATE_LIMITED, ZSP_OK, ZSP_OK }, ZSP_RATE_LIMITED, "+1 ", "", "why 1" },
		{ { ZSP_TRANSIENT, ZSP_OK, ZSP_OK }, ZSP_TRANSIENT, "+1 ", "", "why 1" },
		{ { -1, ZSP_OK, ZSP_OK }, ZSP_TRANSIENT, "+1 ", "0 ", "the call was ended before all changes were made" },
		{ { ZSP_OK, ZSP_OK, -1 }, ZSP_OK, "+1 -2 +3 ", "0 1 2 ", "" },
	};
	static const struct zsp_str zone = ZSP_STR("example.test");
	/* as a later version has them: longer than this one knows */
	struct { struct zsp_change change; char more[24]; } items[3] = {
		{ .change = { .op = ZSP_ADD, .value = ZSP_STR("1") } },
		{ .change = { .op = ZSP_REMOVE, .value = ZSP_STR("2") } },
		{ .change = { .op = ZSP_ADD, .value = ZSP_STR("3") } },
	};
	const struct zsp_list changes = { items, 3, sizeof(items[0]) };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_init(&fake);
		memset(made.calls, 0, sizeof(made.calls));
		made.classes = rows[i].classes;
		atomic_store(&made.cancelled, 0);
		fake.cancel_when = &made.cancelled;
		assert_int_equal(zsp_each_change(&fake.host, &made, &zone, &changes, make_add, make_remove), rows[i].want);
		assert_string_equal(made.calls, rows[i].calls);
		assert_string_equal(fake.good, rows[i].results);
		assert_string_equal(fake.fail, rows[i].fail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_fail_and_result_return_the_class_and_say_it, setup),
		cmocka_unit_test_setup(test_texts_when_long_are_cut_but_print_is_not, setup),
		cmocka_unit_test_setup(test_print_when_the_host_has_none_is_a_bug, setup),
		cmocka_unit_test_setup(test_values_by_name, setup),
		cmocka_unit_test_setup(test_each_change_when_table_expect_class_results_and_calls, setup),
		cmocka_unit_test_setup(test_sleep_ends_with_the_time_the_deadline_or_the_call, setup),
		cmocka_unit_test_setup(test_random_stays_below_its_limit, setup),
		cmocka_unit_test_setup(test_version_is_that_of_the_headers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
