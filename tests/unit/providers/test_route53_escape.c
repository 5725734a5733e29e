/* SPDX-License-Identifier: Apache-2.0 */
/* Names and values with octal escapes, the order of lists, text in XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "providers/route53/escape.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_names_of_answers(void **state)
{
	static const struct { const char *from, *to; } rows[] = {
		{ "example.com.", "example.com" },
		{ "_ACME-Challenge.Example.COM.", "_acme-challenge.example.com" },
		{ "\\052.example.com.", "*.example.com" },
		{ "_x\\137y.example.com", "_x_y.example.com" },
		{ "a\\056b.example.com.", NULL },
		{ "a\\000b.example.com.", NULL },
		{ "a\\040b.example.com.", NULL },
		{ "a\\377b.example.com.", NULL },
		{ "a\\05", NULL },
		{ "a\\4", NULL },
		{ "a\\899b", NULL },
		{ "a b.example.com.", NULL },
		{ "", NULL },
		{ "a..b", NULL },
	};
	char name[NAME_ROOM];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].from);
		assert_int_equal(escape_name_read(zsp_strz(rows[i].from), name), rows[i].to != NULL);
		if (rows[i].to)
			assert_string_equal(name, rows[i].to);
	}
}

static void test_name_that_is_too_long_is_none(void **state)
{
	char from[600], name[NAME_ROOM];

	(void)state;
	memset(from, 'a', sizeof(from));
	for (size_t i = 40; i < sizeof(from); i += 40)
		from[i] = '.';
	assert_false(escape_name_read((struct zsp_str){ from, 254 }, name));
	assert_true(escape_name_read((struct zsp_str){ from, 253 }, name));
	assert_false(escape_name_read((struct zsp_str){ from, 599 }, name));
}

static void test_names_of_policies(void **state)
{
	static const struct { const char *from, *to; } rows[] = {
		{ "_acme-challenge.example.com", "_acme-challenge.example.com" },
		{ "*.a", "\\052.a" },
		{ "a/b+c", "a\\057b\\053c" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zsp_text text = ZSP_TEXT(256);

		escape_name_add(&text, zsp_strz(rows[i].from));
		assert_string_equal(zsp_text_str(&text).p, rows[i].to);
		zsp_text_done(&text);
	}
}

/* As the service sorts: labels from the right, with a dot behind each. */
static void test_order_of_names(void **state)
{
	static const char *const sorted[] = {
		"com", "example-a.com", "example.com", "_acme-challenge.example.com", "a-b.example.com", "a.example.com",
		"b.a.example.com", "a0.example.com", "aa.example.com", "b.example.com", "example0.com", "org"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++)
		for (size_t k = 0; k < COUNT(sorted); k++) {
			int c = escape_name_order(zsp_strz(sorted[i]), zsp_strz(sorted[k]));

			print_message("%s %s %d\n", sorted[i], sorted[k], c);
			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
}

static void test_plain_names(void **state)
{
	(void)state;
	assert_true(escape_name_is_plain(zsp_strz("_acme-challenge.example0.com")));
	assert_false(escape_name_is_plain(zsp_strz("*.example.com")));
	assert_false(escape_name_is_plain(zsp_strz("a/b")));
	assert_false(escape_name_is_plain(zsp_strz("")));
}

static void test_stored_values_are_compared_by_what_they_stand_for(void **state)
{
	static const struct { const char *stored, *value; int same; } rows[] = {
		{ "\"abc\"", "abc", 1 },
		{ "\"abc\"", "abcd", 0 },
		{ "\"abcd\"", "abc", 0 },
		{ "\"ab\" \"c\"", "abc", 1 },
		{ "\"a\\142c\"", "abc", 1 },
		{ "\"a\\\"c\"", "a\"c", 1 },
		{ "\"a\\\\c\"", "a\\c", 1 },
		{ "\"a\" \"b\"", "a\" \"b", 0 },
		{ "abc", "abc", 0 },
		{ "\"abc", "abc", 0 },
		{ "\"abc\\", "abc", 0 },
		{ "\"abc\"x", "abc", 0 },
		{ "\"ABC\"", "abc", 0 },
		{ "", "", 1 },
		{ "\"\"", "", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].stored);
		assert_int_equal(escape_value_is(zsp_strz(rows[i].stored), zsp_strz(rows[i].value)), rows[i].same);
	}
}

static void test_values_are_what_was_written(void **state)
{
	char octets[700];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (char)i;
	for (size_t n = 0; n <= sizeof(octets); n += 50) {
		struct zsp_text text = ZSP_TEXT(4096);

		escape_value_add(&text, (struct zsp_str){ octets, n });
		assert_true(escape_value_is(zsp_text_str(&text), (struct zsp_str){ octets, n }));
		for (size_t i = 0; i < text.n; i++)
			assert_in_range(text.p[i], ' ', '~');
		zsp_text_done(&text);
	}
}

static void test_xml(void **state)
{
	struct zsp_text text = ZSP_TEXT(256);

	(void)state;
	escape_xml_add(&text, zsp_strz("\"a\" <&> b"));
	assert_string_equal(zsp_text_str(&text).p, "\"a\" &lt;&amp;&gt; b");
	zsp_text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_answers),
		cmocka_unit_test(test_name_that_is_too_long_is_none),
		cmocka_unit_test(test_names_of_policies),
		cmocka_unit_test(test_order_of_names),
		cmocka_unit_test(test_plain_names),
		cmocka_unit_test(test_stored_values_are_compared_by_what_they_stand_for),
		cmocka_unit_test(test_values_are_what_was_written),
		cmocka_unit_test(test_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
