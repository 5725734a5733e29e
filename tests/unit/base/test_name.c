/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of DNS names: the border check row by row, order, walking, wire form.
 */
#include "base/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S(text) zs_slice_str(text)
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define N253 L63 "." L63 "." L63 "." L61

static struct zs_name name_of(const char *text)
{
	struct zs_name name;

	assert_true(zs_name_parse(S(text), ZS_NAME_ANY, &name, NULL));
	return name;
}

static const struct {
	const char *label, *text;
	enum zs_name_kind kind;
	const char *want; /* printed form, NULL = refused */
	const char *why;
} rows[] = {
	{ "plain", "Example.COM", ZS_NAME_HOST, "example.com", NULL },
	{ "final dot", "example.com.", ZS_NAME_HOST, "example.com", NULL },
	{ "two final dots", "example.com..", ZS_NAME_HOST, NULL, "empty label" },
	{ "first dot", ".example.com", ZS_NAME_HOST, NULL, "empty label" },
	{ "inner dots", "a..b", ZS_NAME_OWNER, NULL, "empty label" },
	{ "empty", "", ZS_NAME_HOST, NULL, "empty name" },
	{ "root as host", ".", ZS_NAME_HOST, NULL, "root" },
	{ "root as owner", ".", ZS_NAME_OWNER, NULL, "root" },
	{ "root read from DNS", ".", ZS_NAME_ANY, "", NULL },
	{ "label of 63", L63 ".de", ZS_NAME_HOST, L63 ".de", NULL },
	{ "label of 64", L63 "a.de", ZS_NAME_HOST, NULL, "63" },
	{ "name of 253", N253, ZS_NAME_HOST, N253, NULL },
	{ "name of 253 and dot", N253 ".", ZS_NAME_HOST, N253, NULL },
	{ "name of 254", N253 "a", ZS_NAME_HOST, NULL, "253" },
	{ "wildcard past 253", "*." N253, ZS_NAME_HOST, NULL, "253" },
	{ "wildcard", "*.Example.com", ZS_NAME_HOST, "*.example.com", NULL },
	{ "wildcard owner", "*.a_b.de", ZS_NAME_OWNER, "*.a_b.de", NULL },
	{ "wildcard alone", "*", ZS_NAME_HOST, NULL, "wildcard" },
	{ "wildcard and dot", "*.", ZS_NAME_HOST, NULL, "wildcard" },
	{ "wildcard twice", "*.*.de", ZS_NAME_HOST, NULL, "first label" },
	{ "wildcard inside", "a.*.de", ZS_NAME_HOST, NULL, "first label" },
	{ "partial wildcard", "a*.de", ZS_NAME_HOST, NULL, "first label" },
	{ "star read from DNS", "*.de", ZS_NAME_ANY, "*.de", NULL },
	{ "underscore host", "_a.de", ZS_NAME_HOST, NULL, "letter" },
	{ "underscore owner", "_a.de", ZS_NAME_OWNER, "_a.de", NULL },
	{ "hyphen first", "-a.de", ZS_NAME_HOST, NULL, "hyphen" },
	{ "hyphen last", "a-.de", ZS_NAME_HOST, NULL, "hyphen" },
	{ "hyphen last owner", "a-.de", ZS_NAME_OWNER, "a-.de", NULL },
	{ "hyphens inside", "xn--bcher-kva.de", ZS_NAME_HOST,
		"xn--bcher-kva.de", NULL },
	{ "U-label", "b\xc3\xbc"
		     "cher.de",
		ZS_NAME_HOST, NULL,
		"not ASCII; convert to A-labels first" },
	{ "blank", "a b.de", ZS_NAME_ANY, NULL, "blank" },
	{ "backslash", "a\\046.de", ZS_NAME_ANY, NULL, "backslash" },
	{ "quote", "a\".de", ZS_NAME_ANY, NULL, "quote" },
	{ "control", "a\n.de", ZS_NAME_ANY, NULL, "control" },
	{ "slash owner", "a/b.de", ZS_NAME_OWNER, NULL, "underscore" },
	{ "slash any", "0/25.de", ZS_NAME_ANY, "0/25.de", NULL },
};

static void test_parse_when_table_expect_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_name name = { .len = 7, .text = "before!" };
		char text[ZS_MAX_NAME + 3];
		const char *why = "unset";

		print_message("  %s\n", rows[i].label);
		assert_int_equal(zs_name_parse(S(rows[i].text), rows[i].kind,
					 &name, &why),
			rows[i].want != NULL);
		zs_name_print(&name, text);
		assert_string_equal(text, rows[i].want ? rows[i].want : "before!");
		if (rows[i].want)
			assert_null(why);
		else
			assert_non_null(strstr(why, rows[i].why));
	}
}

static void test_parse_when_nul_inside_expect_refusal(void **state)
{
	struct zs_name name;

	(void)state;
	assert_false(zs_name_parse(zs_slice_of("a\0.de", 5), ZS_NAME_ANY, &name,
		NULL));
}

static void test_cmp_when_sorted_list_expect_ascending(void **state)
{
	static const char *const sorted[] = {
		".",
		"com",
		"example.com",
		"*.example.com",
		"a.example.com",
		"b.a.example.com",
		"aa.example.com",
		"z.example.com",
		"examplf.com",
		"de",
	};
	struct zs_name a, b;

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(sorted); i++)
		for (size_t j = 0; j < ZS_COUNT(sorted); j++) {
			enum zs_name_kind kind_i = i ? ZS_NAME_HOST : ZS_NAME_ANY;
			enum zs_name_kind kind_j = j ? ZS_NAME_HOST : ZS_NAME_ANY;
			int order;

			assert_true(zs_name_parse(S(sorted[i]), kind_i, &a, NULL));
			assert_true(zs_name_parse(S(sorted[j]), kind_j, &b, NULL));
			order = zs_name_cmp(&a, &b);
			assert_int_equal((order > 0) - (order < 0),
				(i > j) - (i < j));
			assert_int_equal(zs_name_eq(&a, &b), i == j);
		}
}

static void test_is_in_expect_label_borders(void **state)
{
	struct zs_name root = name_of("."), zone = name_of("example.com");
	struct zs_name below = name_of("www.example.com");
	struct zs_name other = name_of("badexample.com");

	(void)state;
	assert_true(zs_name_is_in(&zone, &zone));
	assert_true(zs_name_is_in(&below, &zone));
	assert_true(zs_name_is_in(&below, &root));
	assert_true(zs_name_is_in(&root, &root));
	assert_false(zs_name_is_in(&other, &zone));
	assert_false(zs_name_is_in(&zone, &below));
	assert_false(zs_name_is_in(&root, &zone));
}

static void test_walk_expect_parents_down_to_the_root(void **state)
{
	struct zs_name name;

	(void)state;
	assert_true(zs_name_parse(S("*.a.example.com"), ZS_NAME_HOST, &name,
		NULL));
	assert_int_equal(zs_name_labels(&name), 3);
	assert_true(zs_name_parent(&name, &name));
	assert_string_equal(name.text, "example.com");
	assert_false(name.wildcard);
	assert_true(zs_name_parent(&name, &name));
	assert_true(zs_name_parent(&name, &name));
	assert_int_equal(name.len, 0);
	assert_int_equal(zs_name_labels(&name), 0);
	assert_false(zs_name_parent(&name, &name));
}

static void test_tail_expect_last_labels(void **state)
{
	struct zs_name name = name_of("a.b.c"), tail;

	(void)state;
	assert_true(zs_name_tail(&name, 2, &tail));
	assert_string_equal(tail.text, "b.c");
	assert_true(zs_name_tail(&name, 3, &tail));
	assert_string_equal(tail.text, "a.b.c");
	assert_true(zs_name_tail(&name, 0, &tail));
	assert_int_equal(tail.len, 0);
	assert_false(zs_name_tail(&name, 4, &tail));
}

static void test_challenge_when_wildcard_or_long_expect_base_or_false(void **state)
{
	struct zs_name name, ret;

	(void)state;
	assert_true(zs_name_parse(S("*.example.com"), ZS_NAME_HOST, &name,
		NULL));
	assert_true(zs_name_challenge(&name, &ret));
	assert_string_equal(ret.text, "_acme-challenge.example.com");
	assert_false(ret.wildcard);
	assert_true(zs_name_challenge(&name, &name));
	assert_int_equal(name.len, strlen(name.text));
	name = name_of(N253);
	assert_false(zs_name_challenge(&name, &ret));
	name = name_of(".");
	assert_false(zs_name_challenge(&name, &ret));
}

static void test_wire_expect_length_octets(void **state)
{
	static const char want[] = "\1a\2de";
	struct zs_name name = name_of("A.de"), root = name_of(".");
	struct zs_name longest = name_of(N253);
	uint8_t wire[255];

	(void)state;
	assert_int_equal(zs_name_wire(&name, wire), sizeof(want));
	assert_memory_equal(wire, want, sizeof(want));
	assert_int_equal(zs_name_wire(&root, wire), 1);
	assert_int_equal(zs_name_wire(&longest, wire), 255);
}

static void test_id_expect_documented_alphabet(void **state)
{
	(void)state;
	assert_true(zs_id_ok(S("Corp.bind-1_x")));
	assert_true(zs_id_ok(S(L63 "a")));
	assert_false(zs_id_ok(S(L63 "aa")));
	assert_false(zs_id_ok(S("")));
	assert_false(zs_id_ok(S(".a")));
	assert_false(zs_id_ok(S("..")));
	assert_false(zs_id_ok(S("a/b")));
	assert_false(zs_id_ok(S("a b")));
	assert_false(zs_id_ok(S("a\xc3\xa9")));
}

/* What is accepted prints to something that parses to the same. */
static void test_parse_when_random_expect_no_crash_and_round_trip(void **state)
{
	static const char some[] = "aZ0-_.*.\\\"\xff\x01";

	(void)state;
	srandom(4);
	for (int round = 0; round < 200000; round++) {
		size_t n = (size_t)random() % (round % 10 ? 12 : 300);
		char *p = malloc(n ? n : 1), text[ZS_MAX_NAME + 3];
		enum zs_name_kind kind = (enum zs_name_kind)(random() % 3);
		struct zs_name name, again;
		uint8_t wire[255];

		for (size_t i = 0; i < n; i++)
			p[i] = some[(size_t)random() % (sizeof(some) - 1)];
		if (zs_name_parse(zs_slice_of(p, n), kind, &name, NULL)) {
			zs_name_print(&name, text);
			assert_true(zs_name_parse(S(text[0] ? text : "."), kind,
				&again, NULL));
			assert_true(zs_name_eq(&name, &again));
			assert_true(zs_name_wire(&name, wire) ==
				(name.len ? name.len + 2U : 1U));
		}
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_when_table_expect_row),
		cmocka_unit_test(test_parse_when_nul_inside_expect_refusal),
		cmocka_unit_test(test_cmp_when_sorted_list_expect_ascending),
		cmocka_unit_test(test_is_in_expect_label_borders),
		cmocka_unit_test(test_walk_expect_parents_down_to_the_root),
		cmocka_unit_test(test_tail_expect_last_labels),
		cmocka_unit_test(test_challenge_when_wildcard_or_long_expect_base_or_false),
		cmocka_unit_test(test_wire_expect_length_octets),
		cmocka_unit_test(test_id_expect_documented_alphabet),
		cmocka_unit_test(test_parse_when_random_expect_no_crash_and_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
