/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/text.h: the text with a cap, and strings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zoneseal/text.h>

#define S(literal) ((struct zsp_str)ZSP_STR(literal))

static void test_text_when_nothing_was_added_is_an_empty_string(void **state)
{
	struct zsp_text text = ZSP_TEXT(8);

	(void)state;
	assert_int_equal(zsp_text_str(&text).n, 0);
	assert_string_equal(zsp_text_str(&text).p, "");
	assert_null(text.p);
	zsp_text_done(&text);
}

static void test_text_when_it_is_full_fails_and_stays_so(void **state)
{
	struct zsp_text text = ZSP_TEXT(8);

	(void)state;
	zsp_text_addz(&text, "12345678");
	assert_int_equal(text.failed, 0);
	zsp_text_addz(&text, "9");
	assert_int_equal(text.failed, 1);
	assert_string_equal(zsp_text_str(&text).p, "12345678");
	zsp_text_clear(&text);
	assert_int_equal(text.failed, 0);
	zsp_text_addz(&text, "1");
	/* what comes behind a gap is not added either */
	zsp_text_addz(&text, "12345678");
	zsp_text_addz(&text, "2");
	assert_string_equal(zsp_text_str(&text).p, "1");
	zsp_text_done(&text);
}

static void test_text_when_formatted_keeps_octets_and_ends_in_nul(void **state)
{
	struct zsp_text text = ZSP_TEXT(4096);

	(void)state;
	for (int i = 0; i < 300; i++)
		zsp_text_addf(&text, "%s-%d ", "n", i);
	assert_int_equal(text.failed, 0);
	assert_int_equal(strlen(text.p), text.n);
	assert_int_equal(text.n, 10 * 4 + 90 * 5 + 200 * 6);
	zsp_text_add(&text, "a\0b", 3);
	assert_memory_equal(text.p + text.n - 3, "a\0b", 4);
	zsp_text_done(&text);
	assert_null(text.p);
	zsp_text_addz(&text, "again");
	assert_string_equal(text.p, "again");
	zsp_text_done(&text);
}

static void test_text_when_secret_is_overwritten_on_clear(void **state)
{
	struct zsp_text text = ZSP_TEXT_SECRET(64);
	static const char zeros[6];

	(void)state;
	zsp_text_addz(&text, "secret");
	zsp_text_clear(&text);
	assert_memory_equal(text.p, zeros, sizeof(zeros));
	assert_int_equal(text.secret, 1);
	zsp_text_done(&text);
}

static const struct {
	struct zsp_str in;
	const char *escaped, *hex, *base64;
} encoded[] = {
	{ ZSP_STR(""), "", "", "" },
	{ ZSP_STR("f"), "f", "66", "Zg==" },
	{ ZSP_STR("fo"), "fo", "666f", "Zm8=" },
	{ ZSP_STR("foo"), "foo", "666f6f", "Zm9v" },
	{ ZSP_STR("A-z.0_9~"), "A-z.0_9~", "412d7a2e305f397e", "QS16LjBfOX4=" },
	{ ZSP_STR("a b/%\xff\n"), "a%20b%2F%25%FF%0A", "6120622f25ff0a", "YSBiLyX/Cg==" },
};

static void test_encodings_when_table_expect_row(void **state)
{
	struct zsp_text text = ZSP_TEXT(64);

	(void)state;
	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
		zsp_text_add_escaped(&text, encoded[i].in);
		assert_string_equal(zsp_text_str(&text).p, encoded[i].escaped);
		zsp_text_clear(&text);
		zsp_text_add_hex(&text, encoded[i].in.p, encoded[i].in.n);
		assert_string_equal(zsp_text_str(&text).p, encoded[i].hex);
		zsp_text_clear(&text);
		zsp_text_add_base64(&text, encoded[i].in.p, encoded[i].in.n);
		assert_string_equal(zsp_text_str(&text).p, encoded[i].base64);
		zsp_text_clear(&text);
	}
	zsp_text_done(&text);
}

static void test_strings_compare_and_cut(void **state)
{
	struct zsp_str rest = S("a,,b"), part;

	(void)state;
	assert_true(zsp_str_equal(S("abc"), S("abc")) && !zsp_str_equal(S("abc"), S("abd")));
	assert_true(!zsp_str_equal(S("abc"), S("ab")) && zsp_str_equal(S(""), (struct zsp_str){ NULL, 0 }));
	assert_true(zsp_str_is(S("abc"), "abc") && !zsp_str_is(S("abc"), "ab"));
	assert_true(zsp_str_starts(S("abc"), "ab") && !zsp_str_starts(S("a"), "ab"));
	assert_true(zsp_str_ends(S("abc"), "bc") && !zsp_str_ends(S("c"), "bc"));
	part = zsp_str_cut(&rest, ',');
	assert_true(zsp_str_is(part, "a") && zsp_str_is(rest, ",b"));
	part = zsp_str_cut(&rest, ',');
	assert_true(!part.n && zsp_str_is(rest, "b"));
	part = zsp_str_cut(&rest, ',');
	assert_true(zsp_str_is(part, "b") && !rest.n);
	assert_true(zsp_str_is(zsp_str_trim(S(" \t\r\na b\n ")), "a b"));
	assert_int_equal(zsp_strz(NULL).n, 0);
}

static void test_lower_when_it_does_not_fit_says_so(void **state)
{
	char dst[4];

	(void)state;
	assert_int_equal(zsp_str_lower(S("A-Z"), dst, sizeof(dst)), 1);
	assert_string_equal(dst, "a-z");
	assert_int_equal(zsp_str_lower(S("ABCD"), dst, sizeof(dst)), 0);
}

static void test_number_when_table_expect_row(void **state)
{
	static const struct { struct zsp_str text; int64_t max; int32_t good; int64_t number; } rows[] = {
		{ ZSP_STR("0"), 10, 1, 0 },
		{ ZSP_STR("10"), 10, 1, 10 },
		{ ZSP_STR("11"), 10, 0, 0 },
		{ ZSP_STR(""), 10, 0, 0 },
		{ ZSP_STR("-1"), 10, 0, 0 },
		{ ZSP_STR("1 "), 10, 0, 0 },
		{ ZSP_STR("9223372036854775807"), INT64_MAX, 1, INT64_MAX },
		{ ZSP_STR("9223372036854775808"), INT64_MAX, 0, 0 },
		{ ZSP_STR("1"), -1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t number = 0;

		assert_int_equal(zsp_str_number(rows[i].text, rows[i].max, &number), rows[i].good);
		assert_true(number == rows[i].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_when_nothing_was_added_is_an_empty_string),
		cmocka_unit_test(test_text_when_it_is_full_fails_and_stays_so),
		cmocka_unit_test(test_text_when_formatted_keeps_octets_and_ends_in_nul),
		cmocka_unit_test(test_text_when_secret_is_overwritten_on_clear),
		cmocka_unit_test(test_encodings_when_table_expect_row),
		cmocka_unit_test(test_strings_compare_and_cut),
		cmocka_unit_test(test_lower_when_it_does_not_fit_says_so),
		cmocka_unit_test(test_number_when_table_expect_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
