/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/json.h: what the reader refuses, every getter on every kind of value, and
 * what the builder does not let out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <zoneseal/json.h>

#define S(literal) ((struct zsp_str)ZSP_STR(literal))

static void test_parse_when_refused_says_why(void **state)
{
	static const struct { struct zsp_str text; const char *why; } rows[] = {
		{ ZSP_STR(""), "text ends early" },
		{ ZSP_STR("{\"a\":1,\"a\":2}"), "occurs twice" },
		{ ZSP_STR("01"), "leading zero" },
		{ ZSP_STR("\"\\u0000\""), "NUL" },
		{ ZSP_STR("\"\xff\""), "UTF-8" },
		{ ZSP_STR("1 2"), "something follows" },
		{ ZSP_STR("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), "nested too deeply" },
		{ ZSP_STR("<html>"), "bad value" },
	};
	const char *error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error = NULL;
		assert_null(zsp_json_parse(rows[i].text, &error));
		assert_non_null(error);
		if (!strstr(error, rows[i].why))
			fail_msg("%s: %s", rows[i].why, error);
		assert_null(zsp_json_parse(rows[i].text, NULL));
	}
}

static void test_parse_when_larger_than_4_mib_refuses(void **state)
{
	size_t n = 4 * 1024 * 1024 + 1;
	char *text = malloc(n);
	struct zsp_json_doc *doc;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', n);
	text[0] = '1';
	assert_null(zsp_json_parse((struct zsp_str){ text, n }, NULL));
	doc = zsp_json_parse((struct zsp_str){ text, n - 1 }, NULL);
	assert_non_null(doc);
	zsp_json_free(doc);
	free(text);
}

static const char everything[] = "{\"s\":\"t\\u00e4xt\",\"empty\":\"\",\"i\":9007199254740991,\"big\":9007199254740992,"
				 "\"neg\":-1,\"frac\":1.5,\"yes\":true,\"no\":false,\"null\":null,\"a\":[1,\"x\",{}],\"o\":{\"k\":\"v\"}}";

static struct zsp_json member(struct zsp_json_doc *doc, const char *name)
{
	return zsp_json_get(zsp_json_root(doc), name);
}

static void test_getters_when_the_kind_is_right_return_the_content(void **state)
{
	struct zsp_json_doc *doc = zsp_json_parse(zsp_strz(everything), NULL);
	struct zsp_str s;
	int64_t i;
	int32_t b;

	(void)state;
	assert_non_null(doc);
	assert_true(zsp_json_str(member(doc, "s"), &s) && zsp_str_is(s, "t\xc3\xa4xt") && !s.p[s.n]);
	assert_true(zsp_json_str(member(doc, "empty"), &s) && !s.n);
	assert_true(zsp_json_int(member(doc, "i"), &i) && i == INT64_C(9007199254740991));
	assert_true(zsp_json_bool(member(doc, "yes"), &b) && b == 1);
	assert_true(zsp_json_bool(member(doc, "no"), &b) && b == 0);
	assert_true(zsp_str_is(zsp_json_text(member(doc, "o"), "k"), "v"));
	assert_true(zsp_json_is_object(zsp_json_root(doc)) && zsp_json_is_array(member(doc, "a")) &&
		    zsp_json_is_string(member(doc, "s")));
	zsp_json_free(doc);
}

static void test_getters_when_absent_or_other_return_nothing(void **state)
{
	static const char *const names[] = { "absent", "null", "neg", "frac", "big", "a", "o", "S" };
	struct zsp_json_doc *doc = zsp_json_parse(zsp_strz(everything), NULL);
	struct zsp_str s;
	int64_t i;
	int32_t b;

	(void)state;
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		s.n = 1, i = 1, b = 1;
		assert_int_equal(zsp_json_str(member(doc, names[k]), &s), 0);
		assert_int_equal(zsp_json_int(member(doc, names[k]), &i), 0);
		assert_int_equal(zsp_json_bool(member(doc, names[k]), &b), 0);
		assert_true(!s.n && !i && !b);
		assert_int_equal(zsp_json_text(zsp_json_root(doc), names[k]).n, 0);
	}
	assert_null(member(doc, "null").node);
	assert_null(zsp_json_get(zsp_json_get(member(doc, "absent"), "x"), "y").node);
	assert_null(zsp_json_first(member(doc, "s")).node);
	assert_null(zsp_json_next(member(doc, "absent")).node);
	assert_null(zsp_json_root(NULL).node);
	assert_int_equal(zsp_json_int(member(doc, "s"), &i), 0);
	zsp_json_free(doc);
	zsp_json_free(NULL);
}

static void test_iteration_keeps_the_order_and_names(void **state)
{
	struct zsp_json_doc *doc = zsp_json_parse(S("{\"b\":1,\"a\":[2,3]}"), NULL);
	struct zsp_json v = zsp_json_first(zsp_json_root(doc)), e;
	int64_t sum = 0, i;

	(void)state;
	assert_true(zsp_str_is(zsp_json_name(v), "b"));
	v = zsp_json_next(v);
	assert_true(zsp_str_is(zsp_json_name(v), "a"));
	for (e = zsp_json_first(v); e.node; e = zsp_json_next(e)) {
		assert_int_equal(zsp_json_name(e).n, 0);
		assert_int_equal(zsp_json_int(e, &i), 1);
		sum = sum * 10 + i;
	}
	assert_true(sum == 23);
	assert_null(zsp_json_next(v).node);
	zsp_json_free(doc);
}

/* ---- building ---- */

static void test_build_writes_a_document_that_reads_back(void **state)
{
	struct zsp_text text = ZSP_TEXT(512);
	struct zsp_json_out out;
	struct zsp_json_doc *doc;

	(void)state;
	zsp_json_begin(&out, &text);
	zsp_json_object(&out, NULL);
	zsp_json_add_str(&out, "q", S("\"\\\x01\n\xc3\xa4"));
	zsp_json_array(&out, "a");
	zsp_json_add_int(&out, NULL, -5);
	zsp_json_add_bool(&out, NULL, 7);
	zsp_json_object(&out, NULL);
	zsp_json_end(&out, '}');
	zsp_json_end(&out, ']');
	zsp_json_add_bool(&out, "f", 0);
	zsp_json_end(&out, '}');
	assert_int_equal(text.failed, 0);
	assert_string_equal(text.p, "{\"q\":\"\\\"\\\\\\u0001\\u000a\xc3\xa4\",\"a\":[-5,true,{}],\"f\":false}");
	doc = zsp_json_parse(zsp_text_str(&text), NULL);
	assert_non_null(doc);
	assert_true(zsp_str_is(zsp_json_text(zsp_json_root(doc), "q"), "\"\\\x01\n\xc3\xa4"));
	zsp_json_free(doc);
	zsp_text_done(&text);
}

/* Each letter is one call. */
static void play(struct zsp_json_out *out, const char *moves)
{
	for (; *moves; moves++) {
		switch (*moves) {
		case 'o': zsp_json_object(out, NULL); break;
		case 'O': zsp_json_object(out, "n"); break;
		case 'a': zsp_json_array(out, NULL); break;
		case 'A': zsp_json_array(out, "n"); break;
		case 's': zsp_json_add_str(out, NULL, S("x")); break;
		case 'S': zsp_json_add_str(out, "n", S("x")); break;
		case 'i': zsp_json_add_int(out, NULL, 1); break;
		case 'B': zsp_json_add_bool(out, "n", 1); break;
		case 'u': zsp_json_add_str(out, NULL, S("\xff")); break;
		default: zsp_json_end(out, *moves); break;
		}
	}
}

static void test_build_when_nesting_is_wrong_fails(void **state)
{
	static const struct { const char *moves; int32_t failed; } rows[] = {
		{ "s", 0 }, { "o}", 0 }, { "a]", 0 }, { "oOaA", 1 }, { "oAsi]S}", 0 }, { "aoS}oB}]", 0 },
		{ "}", 1 }, { "o]", 1 }, { "a}", 1 }, { "o}}", 1 }, { "oOA}", 1 }, { "oAO]", 1 },
		{ "os", 1 }, { "aS", 1 }, { "S", 1 }, { "oa", 1 }, { "ss", 1 }, { "o}o", 1 }, { "a]i", 1 },
		{ "u", 1 }, { "au]", 1 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct zsp_text text = ZSP_TEXT(512);
		struct zsp_json_out out;

		zsp_json_begin(&out, &text);
		play(&out, rows[i].moves);
		if (text.failed != rows[i].failed)
			fail_msg("%s: %d, %s", rows[i].moves, (int)text.failed, zsp_text_str(&text).p);
		zsp_text_done(&text);
	}
}

static void test_find_txt_when_table_expect_the_first_of_that_value(void **state)
{
	static const struct { const char *array, *id; } rows[] = {
		{ "[{\"id\":\"1\",\"content\":\"other\"},{\"id\":\"2\",\"content\":\"value\"},{\"id\":\"3\",\"content\":\"value\"}]", "2" },
		{ "[{\"id\":\"1\",\"content\":\"\\\"val\\\" \\\"ue\\\"\"}]", "1" },
		{ "[{\"id\":\"1\",\"content\":\"value2\"},{\"id\":\"2\",\"content\":\"Value\"}]", "" },
		{ "[{\"id\":\"1\",\"content\":[\"value\"]},[\"value\"],\"value\",null,7,{\"id\":\"6\"}]", "" },
		{ "{\"id\":\"1\",\"content\":\"value\"}", "" },
		{ "[]", "" },
		{ "null", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct zsp_json_doc *doc = zsp_json_parse((struct zsp_str){ rows[i].array, strlen(rows[i].array) }, NULL);
		struct zsp_json found = zsp_json_find_txt(zsp_json_root(doc), "content", S("value"));

		assert_non_null(doc);
		assert_int_equal(found.node != NULL, *rows[i].id != 0);
		assert_true(zsp_str_is(zsp_json_text(found, "id"), rows[i].id));
		/* a value that is empty is not the same as one that is absent */
		assert_null(zsp_json_find_txt(zsp_json_root(doc), "content", S("")).node);
		zsp_json_free(doc);
	}
	assert_null(zsp_json_find_txt(zsp_json_root(NULL), "content", S("value")).node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_when_refused_says_why),
		cmocka_unit_test(test_parse_when_larger_than_4_mib_refuses),
		cmocka_unit_test(test_getters_when_the_kind_is_right_return_the_content),
		cmocka_unit_test(test_getters_when_absent_or_other_return_nothing),
		cmocka_unit_test(test_iteration_keeps_the_order_and_names),
		cmocka_unit_test(test_find_txt_when_table_expect_the_first_of_that_value),
		cmocka_unit_test(test_build_writes_a_document_that_reads_back),
		cmocka_unit_test(test_build_when_nesting_is_wrong_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
