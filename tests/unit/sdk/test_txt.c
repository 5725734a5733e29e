/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/txt.h: quoting by RFC 1035 5.1 and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zoneseal/txt.h>

#define S(literal) ((struct zsp_str)ZSP_STR(literal))

static const struct { struct zsp_str value; const char *quoted; } rows[] = {
	{ ZSP_STR(""), "\"\"" },
	{ ZSP_STR("abc"), "\"abc\"" },
	{ ZSP_STR("a b"), "\"a b\"" },
	{ ZSP_STR("\"\\"), "\"\\\"\\\\\"" },
	{ ZSP_STR("\t\x7f\xff"), "\"\\009\\127\\255\"" },
	{ ZSP_STR("a\0b"), "\"a\\000b\"" },
	{ ZSP_STR(";@$()"), "\";@$()\"" },
};

static void test_quote_when_table_expect_row(void **state)
{
	struct zsp_text text = ZSP_TEXT(256);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		zsp_text_clear(&text);
		zsp_txt_quote(&text, rows[i].value);
		assert_string_equal(zsp_text_str(&text).p, rows[i].quoted);
		assert_int_equal(zsp_txt_is(zsp_text_str(&text), rows[i].value), 1);
	}
	zsp_text_done(&text);
}

/* Octets that run through all values. */
static void fill(char *dst, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (char)(i * 7 + 3);
}

static size_t strings_in(struct zsp_str quoted)
{
	size_t quotes = 0;

	for (size_t i = 0; i < quoted.n; i++) {
		if (quoted.p[i] == '\\')
			i++;
		else if (quoted.p[i] == '"')
			quotes++;
	}
	return quotes / 2;
}

static void test_quote_and_unquote_when_long_split_and_join(void **state)
{
	static const struct { size_t n, strings; } lengths[] = {
		{ 254, 1 }, { 255, 1 }, { 256, 2 }, { 510, 2 }, { 511, 3 }, { 1024, 5 },
	};
	struct zsp_text quoted = ZSP_TEXT(8192), back = ZSP_TEXT(2048);
	char value[1024];

	(void)state;
	fill(value, sizeof(value));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		zsp_text_clear(&quoted);
		zsp_text_clear(&back);
		zsp_txt_quote(&quoted, (struct zsp_str){ value, lengths[i].n });
		assert_int_equal(quoted.failed, 0);
		assert_int_equal(strings_in(zsp_text_str(&quoted)), lengths[i].strings);
		assert_int_equal(zsp_txt_unquote(&back, zsp_text_str(&quoted)), 1);
		assert_int_equal(back.n, lengths[i].n);
		assert_memory_equal(back.p, value, lengths[i].n);
		assert_int_equal(zsp_txt_is(zsp_text_str(&quoted), (struct zsp_str){ value, lengths[i].n }), 1);
		assert_int_equal(zsp_txt_is(zsp_text_str(&quoted), (struct zsp_str){ value, lengths[i].n - 1 }), 0);
	}
	zsp_text_done(&quoted);
	zsp_text_done(&back);
}

static void test_quote_when_any_octet_comes_back(void **state)
{
	struct zsp_text quoted = ZSP_TEXT(16);

	(void)state;
	for (int c = 0; c <= 255; c++) {
		char octet = (char)c;

		zsp_text_clear(&quoted);
		zsp_txt_quote(&quoted, (struct zsp_str){ &octet, 1 });
		assert_int_equal(zsp_txt_is(zsp_text_str(&quoted), (struct zsp_str){ &octet, 1 }), 1);
		octet = (char)(c ^ 1);
		assert_int_equal(zsp_txt_is(zsp_text_str(&quoted), (struct zsp_str){ &octet, 1 }), 0);
	}
	zsp_text_done(&quoted);
}

static const struct { const char *label; struct zsp_str quoted; int32_t good; struct zsp_str value; } read_rows[] = {
	{ "empty", ZSP_STR(""), 1, ZSP_STR("") },
	{ "blanks", ZSP_STR("  "), 1, ZSP_STR("") },
	{ "unquoted", ZSP_STR(" abc\\d "), 1, ZSP_STR("abc\\d") },
	{ "unquoted with a quote", ZSP_STR("a\"b"), 1, ZSP_STR("a\"b") },
	{ "quoted", ZSP_STR("\"abc\""), 1, ZSP_STR("abc") },
	{ "blanks around", ZSP_STR(" \t\"a\"\n\"b\" "), 1, ZSP_STR("ab") },
	{ "without blank", ZSP_STR("\"a\"\"b\""), 1, ZSP_STR("ab") },
	{ "empty string", ZSP_STR("\"\" \"\""), 1, ZSP_STR("") },
	{ "escapes", ZSP_STR("\"\\\"\\\\\\x\\101\""), 1, ZSP_STR("\"\\xe") },
	{ "control inside", ZSP_STR("\"a\nb\""), 1, ZSP_STR("a\nb") },
	{ "no end", ZSP_STR("\"abc"), 0, ZSP_STR("") },
	{ "escape without octet", ZSP_STR("\"abc\\"), 0, ZSP_STR("") },
	{ "escaped end", ZSP_STR("\"abc\\\""), 0, ZSP_STR("") },
	{ "short number", ZSP_STR("\"\\25\""), 0, ZSP_STR("") },
	{ "number too large", ZSP_STR("\"\\256\""), 0, ZSP_STR("") },
	{ "number cut", ZSP_STR("\"\\2"), 0, ZSP_STR("") },
	{ "text behind", ZSP_STR("\"a\" b"), 0, ZSP_STR("") },
	{ "text at once behind", ZSP_STR("\"a\"b"), 0, ZSP_STR("") },
};

static void test_unquote_when_table_expect_row(void **state)
{
	struct zsp_text text = ZSP_TEXT(64);

	(void)state;
	for (size_t i = 0; i < sizeof(read_rows) / sizeof(read_rows[0]); i++) {
		print_message("  %s\n", read_rows[i].label);
		zsp_text_clear(&text);
		assert_int_equal(zsp_txt_unquote(&text, read_rows[i].quoted), read_rows[i].good);
		assert_int_equal(zsp_txt_is(read_rows[i].quoted, read_rows[i].value), read_rows[i].good);
		if (read_rows[i].good)
			assert_true(zsp_str_equal(zsp_text_str(&text), read_rows[i].value));
	}
	zsp_text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote_when_table_expect_row),
		cmocka_unit_test(test_quote_and_unquote_when_long_split_and_join),
		cmocka_unit_test(test_quote_when_any_octet_comes_back),
		cmocka_unit_test(test_unquote_when_table_expect_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
