/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the strict JSON reader: what is refused before and behind cJSON,
 * typed members, exact integers, paths in errors.
 */
#include "wrap/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define D8 "[[[[[[[["
#define U8 "]]]]]]]]"

static const struct {
	const char *label, *text, *want;	/* want: part of the error, NULL = good */
} rows[] = {
	{ "object", "{\"a\":1}", NULL },
	{ "blanks around", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", NULL },
	{ "scalar", "true", NULL },
	{ "null", "null", NULL },
	{ "empty containers", "[{},[],\"\"]", NULL },
	{ "escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"", NULL },
	{ "UTF-8", "\"\xc3\xa9\xf0\x9f\x98\x80\"", NULL },
	{ "numbers", "[0,-0,-1,1.5,1e5,1E-5,1e+5,0.0]", NULL },
	{ "huge exponent", "[1e999]", NULL },
	{ "depth 32", D8 D8 D8 D8 U8 U8 U8 U8, NULL },
	{ "same name in two objects", "[{\"a\":1},{\"a\":2}]", NULL },
	{ "names differ by case", "{\"a\":1,\"A\":2}", NULL },
	{ "empty text", "", "text ends early" },
	{ "blanks only", "  ", "text ends early" },
	{ "depth 33", D8 D8 D8 D8 "[]" U8 U8 U8 U8, "nested too deeply" },
	{ "depth 33 of objects", "{\"a\":" D8 D8 D8 D8 U8 U8 U8 U8 "}", "nested too deeply" },
	{ "byte order mark", "\xef\xbb\xbf{}", "bad value" },
	{ "trailing bytes", "{}x", "something follows" },
	{ "two values", "{} {}", "something follows" },
	{ "trailing comma in array", "[1,]", "bad value" },
	{ "trailing comma in object", "{\"a\":1,}", "a string was expected" },
	{ "no comma", "[1 2]", "a comma or bracket" },
	{ "no colon", "{\"a\" 1}", "a colon" },
	{ "bare name", "{a:1}", "a string was expected" },
	{ "single quotes", "{'a':1}", "a string was expected" },
	{ "wrong bracket", "[1}", "a comma or bracket" },
	{ "open array", "[1", "text ends early" },
	{ "open object", "{\"a\":1", "text ends early" },
	{ "open string", "\"abc", "string without end" },
	{ "ends in escape", "\"abc\\", "bad escape" },
	{ "bad escape", "\"\\x\"", "bad escape" },
	{ "escaped NUL", "\"a\\u0000b\"", "NUL in a string" },
	{ "escaped NUL in a name", "{\"a\\u0000\":1}", "NUL in a string" },
	{ "short \\u", "\"\\u12\"", "bad \\u escape" },
	{ "high surrogate alone", "\"\\ud800x\"", "surrogate" },
	{ "high surrogate twice", "\"\\ud800\\ud800\"", "surrogate" },
	{ "low surrogate alone", "\"\\udc00\"", "surrogate" },
	{ "control byte", "\"a\nb\"", "control character" },
	{ "overlong UTF-8", "\"\xc0\xaf\"", "invalid UTF-8" },
	{ "surrogate in UTF-8", "\"\xed\xa0\x80\"", "invalid UTF-8" },
	{ "cut UTF-8", "\"\xe2\x82\"", "invalid UTF-8" },
	{ "past U+10FFFF", "\"\xf4\x90\x80\x80\"", "invalid UTF-8" },
	{ "leading zero", "[01]", "leading zero" },
	{ "minus and leading zero", "[-01]", "leading zero" },
	{ "lone minus", "[-]", "bad value" },
	{ "plus", "[+1]", "bad value" },
	{ "no digits behind the dot", "[1.]", "bad number" },
	{ "no digits before the dot", "[.5]", "bad value" },
	{ "no exponent", "[1e]", "bad number" },
	{ "hexadecimal", "[0x10]", "a comma or bracket" },
	{ "long number", "[1234567890123456789012345678901234567890123456789]", "number too long" },
	{ "NaN", "[NaN]", "bad value" },
	{ "True", "[True]", "bad value" },
	{ "nul", "[nul]", "bad value" },
	{ "comment", "[1/*x*/]", "a comma or bracket" },
	{ "twin", "{\"a\":1,\"a\":2}", "\"a\" occurs twice" },
	{ "twin through an escape", "{\"a\":1,\"\\u0061\":2}", "occurs twice" },
	{ "twin deep inside", "{\"x\":[{\"y\":{\"b\":1,\"c\":2,\"b\":3}}]}", "doc: x[0].y: member \"b\" occurs twice" },
};

static void test_parse_each_row_expect_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_err err;
		struct zs_json_doc *doc = zs_json_parse(zs_slice_str(rows[i].text), "doc", 0, &err);

		if (!rows[i].want != !!doc)
			fail_msg("%s: %s", rows[i].label, doc ? "accepted" : err.text);
		if (rows[i].want) {
			assert_int_equal(err.code, ZS_E_CA_PROTOCOL);
			if (!strstr(err.text, rows[i].want))
				fail_msg("%s: %s", rows[i].label, err.text);
		}
		zs_json_free(doc);
	}
}

static void test_parse_nul_byte_expect_refused(void **state)
{
	(void)state;
	assert_null(zs_json_parse(zs_slice_of("\"a\0b\"", 5), "doc", 0, NULL));
	assert_null(zs_json_parse(zs_slice_of("{}\0", 3), "doc", 0, NULL));
	assert_null(zs_json_parse(ZS_SLICE_NONE, "doc", 0, NULL));
}

static void test_parse_over_cap_expect_refused(void **state)
{
	struct zs_err err;

	(void)state;
	assert_null(zs_json_parse(zs_slice_str("[1,2,3]"), "doc", 6, &err));
	assert_non_null(strstr(err.text, "more than the 6 allowed"));
}

static void test_parse_many_values_expect_refused(void **state)
{
	size_t n = (size_t)ZS_JSON_VALUES * 2 + 3;
	char *text = malloc(n);
	struct zs_err err;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = i % 2 ? '1' : ',';
	text[0] = '[';
	text[n - 1] = ']';
	assert_null(zs_json_parse(zs_slice_of(text, n), "doc", n, &err));
	assert_non_null(strstr(err.text, "too many"));
	free(text);
}

static void test_uint_each_form_expect_exact_or_refused(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} forms[] = {
		{ "0", true, 0 }, { "7", true, 7 }, { "9007199254740991", true, UINT64_C(9007199254740991) },
		{ "9007199254740992", false, 0 }, { "9007199254740993", false, 0 },
		{ "99999999999999999999", false, 0 }, { "-1", false, 0 }, { "-0", false, 0 },
		{ "1.0", false, 0 }, { "1e2", false, 0 }, { "1e999", false, 0 },
		{ "\"1\"", false, 0 }, { "true", false, 0 }, { "[1]", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(forms); i++) {
		char text[96];
		struct zs_err err;
		uint64_t v = 99;
		struct zs_json_doc *doc;
		int r;

		(void)snprintf(text, sizeof(text), "{\"x\":[3.5,4],\"n\":%s}", forms[i].text);
		doc = zs_json_parse(zs_slice_str(text), "doc", 0, &err);
		assert_non_null(doc);
		r = zs_json_uint(zs_json_root(doc), "n", ZS_JSON_REQUIRED, UINT64_MAX, &v, &err);
		assert_int_equal(!r, forms[i].good);
		assert_int_equal(v, forms[i].good ? forms[i].value : 99);
		zs_json_free(doc);
	}
}

static void test_getters_missing_and_wrong_expect_path(void **state)
{
	static const char text[] = "{\"a\":{\"b\":[1,\"x\",{\"c\":true}]},\"n\":null,\"s\":\"v\"}";
	struct zs_json_doc *doc = zs_json_parse(zs_slice_str(text), "order", 0, NULL);
	struct zs_json root, a, b, v;
	struct zs_slice s;
	struct zs_err err;
	uint64_t u;
	bool flag;

	(void)state;
	assert_non_null(doc);
	root = zs_json_root(doc);
	assert_int_equal(zs_json_str(root, "s", ZS_JSON_REQUIRED, &s, &err), 0);
	assert_true(zs_slice_eq_str(s, "v"));
	assert_int_equal(zs_json_str(root, "S", ZS_JSON_REQUIRED, &s, &err), -ZS_E_CA_PROTOCOL);
	assert_string_equal(err.text, "order: member \"S\" is missing");
	assert_int_equal(zs_json_str(root, "n", ZS_JSON_REQUIRED, &s, &err), -ZS_E_CA_PROTOCOL);
	assert_int_equal(zs_json_str(root, "n", ZS_JSON_OPTIONAL, &s, &err), 0);
	assert_null(s.p);
	assert_int_equal(zs_json_object(root, "a", ZS_JSON_REQUIRED, &a, &err), 0);
	assert_int_equal(zs_json_array(a, "b", ZS_JSON_REQUIRED, &b, &err), 0);
	assert_int_equal(zs_json_count(b), 3);
	v = zs_json_first(b);
	assert_int_equal(zs_json_as_str(v, &s, &err), -ZS_E_CA_PROTOCOL);
	assert_string_equal(err.text, "order: a.b[0]: a number where a string is expected");
	assert_int_equal(zs_json_as_object(v, &err), -ZS_E_CA_PROTOCOL);
	v = zs_json_next(zs_json_next(v));
	assert_int_equal(zs_json_bool(v, "c", ZS_JSON_REQUIRED, &flag, &err), 0);
	assert_true(flag);
	assert_int_equal(zs_json_uint(v, "c", ZS_JSON_REQUIRED, 9, &u, &err), -ZS_E_CA_PROTOCOL);
	assert_string_equal(err.text, "order: a.b[2].c: a boolean where a whole number is expected");
	assert_int_equal(zs_json_array(root, "a", ZS_JSON_OPTIONAL, &b, &err), -ZS_E_CA_PROTOCOL);
	assert_int_equal(zs_json_object(root, "s", ZS_JSON_OPTIONAL, &a, &err), -ZS_E_CA_PROTOCOL);
	assert_int_equal(zs_json_bool(root, "s", ZS_JSON_OPTIONAL, &flag, &err), -ZS_E_CA_PROTOCOL);
	assert_int_equal(zs_json_uint(root, "zz", ZS_JSON_OPTIONAL, 9, &u, &err), 0);
	assert_int_equal(u, 0);
	assert_false(zs_json_is(zs_json_next(v)));
	zs_json_free(doc);
}

static void test_getters_on_no_object_expect_refused(void **state)
{
	struct zs_json_doc *doc = zs_json_parse(zs_slice_str("[1]"), "doc", 0, NULL);
	struct zs_slice s;
	struct zs_err err;

	(void)state;
	assert_non_null(doc);
	assert_int_equal(zs_json_str(zs_json_root(doc), "a", ZS_JSON_OPTIONAL, &s, &err), -ZS_E_CA_PROTOCOL);
	assert_string_equal(err.text, "doc: an array where an object is expected");
	assert_false(zs_json_is(zs_json_get(zs_json_root(doc), "a")));
	assert_false(zs_json_is(zs_json_get(ZS_JSON_NONE, "a")));
	assert_int_equal(zs_json_count(ZS_JSON_NONE), 0);
	zs_json_free(doc);
	zs_json_free(NULL);
}

static void test_iterate_object_expect_keys_in_order(void **state)
{
	struct zs_json_doc *doc = zs_json_parse(zs_slice_str("{\"b\":1,\"a\":null,\"\":2}"), "doc", 0, NULL);
	static const char *const keys[] = { "b", "a", "" };
	struct zs_json v;
	size_t n = 0;

	(void)state;
	assert_non_null(doc);
	for (v = zs_json_first(zs_json_root(doc)); zs_json_is(v); v = zs_json_next(v), n++) {
		assert_true(n < ZS_COUNT(keys));
		assert_true(zs_slice_eq_str(zs_json_key(v), keys[n]));
		assert_int_equal(zs_json_is_null(v), n == 1);
	}
	assert_int_equal(n, 3);
	zs_json_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_each_row_expect_verdict),
		cmocka_unit_test(test_parse_nul_byte_expect_refused),
		cmocka_unit_test(test_parse_over_cap_expect_refused),
		cmocka_unit_test(test_parse_many_values_expect_refused),
		cmocka_unit_test(test_uint_each_form_expect_exact_or_refused),
		cmocka_unit_test(test_getters_missing_and_wrong_expect_path),
		cmocka_unit_test(test_getters_on_no_object_expect_refused),
		cmocka_unit_test(test_iterate_object_expect_keys_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
