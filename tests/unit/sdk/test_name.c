/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/name.h: by whole labels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zoneseal/name.h>
#include <zoneseal/text.h>

#define S(literal) ((struct zsp_str)ZSP_STR(literal))
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_in_when_table_expect_row(void **state)
{
	static const struct { struct zsp_str name, zone; int32_t in; struct zsp_str relative; } rows[] = {
		{ ZSP_STR("example.org"), ZSP_STR("example.org"), 1, ZSP_STR("") },
		{ ZSP_STR("_a.www.example.org"), ZSP_STR("example.org"), 1, ZSP_STR("_a.www") },
		{ ZSP_STR("xexample.org"), ZSP_STR("example.org"), 0, ZSP_STR("") },
		{ ZSP_STR("org"), ZSP_STR("example.org"), 0, ZSP_STR("") },
		{ ZSP_STR("example.com"), ZSP_STR("example.org"), 0, ZSP_STR("") },
		{ ZSP_STR("example.org"), ZSP_STR(""), 0, ZSP_STR("") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(zsp_name_in(rows[i].name, rows[i].zone), rows[i].in);
		assert_true(zsp_str_equal(zsp_name_relative(rows[i].name, rows[i].zone), rows[i].relative));
	}
}

static void test_parent_ends_with_the_last_label(void **state)
{
	struct zsp_str name = S("a.b.c");

	(void)state;
	name = zsp_name_parent(name);
	assert_true(zsp_str_is(name, "b.c"));
	name = zsp_name_parent(zsp_name_parent(name));
	assert_int_equal(name.n, 0);
	assert_int_equal(zsp_name_parent(name).n, 0);
}

static void test_read_when_table_expect_row(void **state)
{
	static const struct { struct zsp_str from; const char *name; } rows[] = {
		{ ZSP_STR("Example.ORG."), "example.org" },
		{ ZSP_STR("_acme-challenge.a"), "_acme-challenge.a" },
		{ ZSP_STR("*.example.org"), "*.example.org" },
		{ ZSP_STR(L63 ".a"), L63 ".a" },
		{ ZSP_STR(""), NULL },
		{ ZSP_STR("."), NULL },
		{ ZSP_STR("a..b"), NULL },
		{ ZSP_STR(".a"), NULL },
		{ ZSP_STR("a b"), NULL },
		{ ZSP_STR("a\0b"), NULL },
		{ ZSP_STR("a\"b"), NULL },
		{ ZSP_STR("\xc3\xa4.org"), NULL },
		{ ZSP_STR("a" L63 ".a"), NULL },
		{ ZSP_STR(L63 "." L63 "." L63 "." L63), NULL },
	};
	char dst[254];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(zsp_name_read(rows[i].from, dst, sizeof(dst)), rows[i].name != NULL);
		if (rows[i].name)
			assert_string_equal(dst, rows[i].name);
	}
	assert_int_equal(zsp_name_read(S("abc"), dst, 4), 1);
	assert_int_equal(zsp_name_read(S("abc"), dst, 3), 0);
}

static void test_equal_when_only_case_or_dot_differ_is_true(void **state)
{
	(void)state;
	assert_int_equal(zsp_name_equal(S("A.b."), S("a.B")), 1);
	assert_int_equal(zsp_name_equal(S("a.b"), S("a.c")), 0);
	assert_int_equal(zsp_name_equal(S("a.b"), S("a.bb")), 0);
	assert_int_equal(zsp_name_equal(S(""), S("")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_when_table_expect_row),
		cmocka_unit_test(test_parent_ends_with_the_last_label),
		cmocka_unit_test(test_read_when_table_expect_row),
		cmocka_unit_test(test_equal_when_only_case_or_dot_differ_is_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
