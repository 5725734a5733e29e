/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of typed arrays and of the arena: limits, zeroing, order, alignment.
 */
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_push_when_many_expect_zeroed_and_kept(void **state)
{
	ZS_VEC(uint64_t)
	vec = { NULL, 0, 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t *item = zs_vec_push(&vec, 2000);

		assert_non_null(item);
		assert_true(*item == 0);
		*item = i;
	}
	for (uint64_t i = 0; i < 1000; i++)
		assert_true(vec.items[i] == i);
	zs_vec_done(&vec);
	assert_null(vec.items);
}

static void test_push_when_max_reached_expect_null_and_same(void **state)
{
	ZS_VEC(int)
	vec = { NULL, 0, 0 };

	(void)state;
	assert_null(zs_vec_push(&vec, 0));
	assert_non_null(zs_vec_push(&vec, 2));
	assert_non_null(zs_vec_push(&vec, 2));
	assert_null(zs_vec_push(&vec, 2));
	assert_int_equal(vec.n, 2);
	zs_vec_done(&vec);
}

static void test_grow_when_size_overflows_expect_false(void **state)
{
	void *items = NULL;
	size_t cap = 0;

	(void)state;
	assert_false(zs_vec_grow(&items, 0, &cap, SIZE_MAX / 2, SIZE_MAX));
	assert_null(items);
	assert_int_equal(cap, 0);
}

static void test_remove_when_middle_and_last_expect_order_and_zeroed_slot(void **state)
{
	ZS_VEC(int)
	vec = { NULL, 0, 0 };
	int *item;

	(void)state;
	for (int i = 0; i < 4; i++)
		*zs_vec_push(&vec, 9) = i;
	zs_vec_remove(&vec, 1);
	assert_int_equal(vec.n, 3);
	assert_int_equal(vec.items[1], 2);
	zs_vec_remove(&vec, 2);
	assert_int_equal(vec.items[1], 2);
	item = zs_vec_push(&vec, 9);
	assert_int_equal(*item, 0);
	zs_vec_done(&vec);
}

static void test_arena_when_many_sizes_expect_zeroed_and_aligned(void **state)
{
	struct zs_arena arena;

	(void)state;
	zs_arena_init(&arena, 1024 * 1024);
	for (size_t size = 0; size < 10000; size += 97) {
		uint8_t *p = zs_arena_alloc(&arena, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	zs_arena_done(&arena);
	zs_arena_done(&arena);
	zs_arena_done(NULL);
}

static void test_arena_when_max_reached_expect_null(void **state)
{
	struct zs_arena arena;

	(void)state;
	zs_arena_init(&arena, 100);
	assert_null(zs_arena_alloc(&arena, 101));
	assert_null(zs_arena_alloc(&arena, SIZE_MAX));
	assert_null(zs_arena_str(&arena, "x", SIZE_MAX));
	assert_non_null(zs_arena_alloc(&arena, 64));
	assert_null(zs_arena_alloc(&arena, 64));
	assert_string_equal(zs_arena_str(&arena, "abcdef", 3), "abc");
	assert_string_equal(zs_arena_str(&arena, NULL, 0), "");
	zs_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push_when_many_expect_zeroed_and_kept),
		cmocka_unit_test(test_push_when_max_reached_expect_null_and_same),
		cmocka_unit_test(test_grow_when_size_overflows_expect_false),
		cmocka_unit_test(test_remove_when_middle_and_last_expect_order_and_zeroed_slot),
		cmocka_unit_test(test_arena_when_many_sizes_expect_zeroed_and_aligned),
		cmocka_unit_test(test_arena_when_max_reached_expect_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
