/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of words and environments of the provider exec, and its memory of changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "providers/exec/past.h"
#include "providers/exec/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	const char *list, *words[4];
};

static const struct row good[] = {
	{ "", { NULL } },
	{ "a", { "a" } },
	{ "a,b", { "a", "b" } },
	{ " a b , -c ,$(id)", { "a b", "-c", "$(id)" } },
	{ "a\\,b,\\ c\\ ,\\\\", { "a,b", " c ", "\\" } },
	{ "'a','\"b", { "'a'", "'\"b" } },
};

static void test_split_of_good_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct words words = { .n = 0 };

		assert_null(words_split(zsp_strz(good[i].list), &words));
		for (uint32_t k = 0; k < words.n; k++)
			assert_string_equal(words.v[k], good[i].words[k]);
		assert_null(good[i].words[words.n]);
		assert_null(words.v[words.n]);
		words_done(&words);
	}
}

static void test_split_of_bad_list(void **state)
{
	static const char *const bad[] = { ",", "a,", "a,,b", " ", "a\\", "a, ,b" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct words words = { .n = 0 };

		if (!words_split(zsp_strz(bad[i]), &words))
			fail_msg("\"%s\" was taken", bad[i]);
		words_done(&words);
	}
}

static void test_split_of_long_list(void **state)
{
	struct words words = { .n = 0 };
	char list[2 * WORDS_MAX + 4];

	(void)state;
	for (size_t i = 0; i < sizeof(list) - 1; i++)
		list[i] = i % 2 ? ',' : 'x';
	list[sizeof(list) - 1] = 0;
	assert_non_null(words_split(zsp_strz(list), &words));
	assert_int_equal(words.n, WORDS_MAX);
	words_done(&words);
}

static void test_environment_from_lines(void **state)
{
	struct words env = { .n = 0 };

	(void)state;
	assert_null(env_list(&env, zsp_strz("A=1, B=x\\,y")));
	assert_null(env_lines(&env, zsp_strz("# comment\n\nTOKEN=a b=c\r\nEMPTY=\nA=2")));
	assert_int_equal(env.n, 4);
	assert_string_equal(env.v[0], "A=2");
	assert_string_equal(env.v[1], "B=x,y");
	assert_string_equal(env.v[2], "TOKEN=a b=c");
	assert_string_equal(env.v[3], "EMPTY=");
	assert_null(env.v[4]);
	words_done(&env);
}

static void test_environment_refuses(void **state)
{
	static const char *const bad[] = { "A", "=x", "1A=x", "A-B=x", "export A=x", "A=\"x\"", "A='x'", " A=x", "A =x" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct words env = { .n = 0 };

		if (!env_lines(&env, zsp_strz(bad[i])))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(env.n, 0);
		words_done(&env);
	}
	struct words env = { .n = 0 };
	assert_non_null(env_lines(&env, (struct zsp_str){ "A=x\0y", 5 }));
	words_done(&env);
}

static void test_environment_is_not_mixed_up_by_prefix(void **state)
{
	struct words env = { .n = 0 };

	(void)state;
	assert_true(env_set(&env, "PATHS", zsp_strz("a")));
	assert_true(env_set(&env, "PATH", zsp_strz("b")));
	assert_true(env_set(&env, "PATH", zsp_strz("c")));
	assert_int_equal(env.n, 2);
	assert_string_equal(env.v[0], "PATHS=a");
	assert_string_equal(env.v[1], "PATH=c");
	words_done(&env);
}

static void test_past_knows_value_and_output(void **state)
{
	struct zsp_change change = { .op = ZSP_ADD, .name = ZSP_STR("a.test"), .value = ZSP_STR("v") };
	struct zsp_change other = { .op = ZSP_ADD, .name = ZSP_STR("a.test"), .value = ZSP_STR("w") };
	struct past past = { NULL, 0 };

	(void)state;
	assert_int_equal(past_op(&past, &change), 0);
	past_note(&past, &change, zsp_strz("id 7"));
	assert_int_equal(past_op(&past, &change), ZSP_ADD);
	assert_int_equal(past_op(&past, &other), 0);
	assert_string_equal(past_output(&past, &change).p, "id 7");
	assert_int_equal(past_output(&past, &other).n, 0);
	change.op = ZSP_REMOVE;
	past_note(&past, &change, zsp_strz("gone"));
	assert_int_equal(past_op(&past, &change), ZSP_REMOVE);
	assert_int_equal(past_output(&past, &change).n, 0);
	assert_int_equal(past.n, 1);
	past_done(&past);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_of_good_list),
		cmocka_unit_test(test_split_of_bad_list),
		cmocka_unit_test(test_split_of_long_list),
		cmocka_unit_test(test_environment_from_lines),
		cmocka_unit_test(test_environment_refuses),
		cmocka_unit_test(test_environment_is_not_mixed_up_by_prefix),
		cmocka_unit_test(test_past_knows_value_and_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
