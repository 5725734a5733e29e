/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the byte buffer: cap, sticky failure, wiping, and the final NUL.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_add_when_empty_expect_nul_and_no_storage(void **state)
{
	struct zs_buf buf = ZS_BUF(10);

	(void)state;
	zs_buf_add(&buf, NULL, 0);
	assert_null(buf.data);
	assert_string_equal(zs_buf_str(&buf), "");
	assert_int_equal(zs_buf_slice(&buf).n, 0);
	zs_buf_done(&buf);
	zs_buf_done(NULL);
}

static void test_add_when_past_max_expect_sticky_failure(void **state)
{
	struct zs_buf buf = ZS_BUF(5);

	(void)state;
	zs_buf_add_str(&buf, "12345");
	assert_false(buf.failed);
	zs_buf_add_byte(&buf, '6');
	assert_true(buf.failed);
	zs_buf_consume(&buf, 3);
	zs_buf_add_byte(&buf, '7');
	assert_string_equal(zs_buf_str(&buf), "45");
	zs_buf_clear(&buf);
	zs_buf_add_byte(&buf, '8');
	assert_false(buf.failed);
	assert_string_equal(zs_buf_str(&buf), "8");
	zs_buf_done(&buf);
	assert_false(buf.failed);
}

static void test_add_when_all_zero_expect_failure(void **state)
{
	struct zs_buf buf = { 0 };

	(void)state;
	zs_buf_add_byte(&buf, 1);
	assert_true(buf.failed);
	zs_buf_done(&buf);
}

static void test_reserve_when_length_overflows_expect_null(void **state)
{
	struct zs_buf buf = ZS_BUF(SIZE_MAX);

	(void)state;
	zs_buf_add_byte(&buf, 1);
	assert_null(zs_buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.failed);
	zs_buf_done(&buf);
}

static void test_reserve_when_partly_used_expect_nul_behind(void **state)
{
	struct zs_buf buf = ZS_BUF(100);
	uint8_t *room = zs_buf_reserve(&buf, 10);

	(void)state;
	memset(room, 'x', 10);
	buf.len += 3;
	assert_string_equal(zs_buf_str(&buf), "xxx");
	zs_buf_done(&buf);
}

static void test_addf_when_it_fits_exactly_expect_text(void **state)
{
	struct zs_buf buf = ZS_BUF(6);

	(void)state;
	zs_buf_addf(&buf, "%s-%d", "abc", 42);
	assert_false(buf.failed);
	assert_string_equal(zs_buf_str(&buf), "abc-42");
	zs_buf_addf(&buf, "%s", "x");
	assert_true(buf.failed);
	assert_string_equal(zs_buf_str(&buf), "abc-42");
	zs_buf_done(&buf);
}

static void test_numbers_expect_big_endian(void **state)
{
	static const uint8_t want[] = { 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef };
	struct zs_buf buf = ZS_BUF(6);

	(void)state;
	zs_buf_add_u16be(&buf, 0x1234);
	zs_buf_add_u32be(&buf, 0xdeadbeef);
	assert_int_equal(buf.len, sizeof(want));
	assert_memory_equal(buf.data, want, sizeof(want));
	zs_buf_done(&buf);
}

static void test_secret_when_grown_and_cut_expect_contents_and_wiped_tail(void **state)
{
	struct zs_buf buf = ZS_BUF_SECRET(5000);

	(void)state;
	for (int i = 0; i < 5000; i++)
		zs_buf_add_byte(&buf, (uint8_t)('a' + i % 26));
	assert_int_equal(buf.len, 5000);
	assert_int_equal(buf.data[4999], 'a' + 4999 % 26);
	zs_buf_consume(&buf, 4990);
	assert_int_equal(buf.data[0], 'a' + 4990 % 26);
	for (size_t i = 10; i < 5000; i++)
		assert_int_equal(buf.data[i], 0);
	zs_buf_clear(&buf);
	assert_int_equal(buf.data[0], 0);
	zs_buf_done(&buf);
}

static void test_consume_when_more_than_there_is_expect_empty(void **state)
{
	struct zs_buf buf = ZS_BUF(10);

	(void)state;
	zs_buf_consume(&buf, 4);
	zs_buf_add_str(&buf, "abc");
	zs_buf_consume(&buf, SIZE_MAX);
	assert_int_equal(buf.len, 0);
	zs_buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_when_empty_expect_nul_and_no_storage),
		cmocka_unit_test(test_add_when_past_max_expect_sticky_failure),
		cmocka_unit_test(test_add_when_all_zero_expect_failure),
		cmocka_unit_test(test_reserve_when_length_overflows_expect_null),
		cmocka_unit_test(test_reserve_when_partly_used_expect_nul_behind),
		cmocka_unit_test(test_addf_when_it_fits_exactly_expect_text),
		cmocka_unit_test(test_numbers_expect_big_endian),
		cmocka_unit_test(test_secret_when_grown_and_cut_expect_contents_and_wiped_tail),
		cmocka_unit_test(test_consume_when_more_than_there_is_expect_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
