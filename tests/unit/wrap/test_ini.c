/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of reading INI text: what comes out as one line for each event.
 */
#include "wrap/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

#define S(text) zs_slice_str(text)

static void on_section(const char *name, uint32_t line, void *user)
{
	zs_buf_addf(user, "%u[%s]\n", line, name);
}

static void on_key(const char *key, const char *value, uint32_t line, void *user)
{
	zs_buf_addf(user, "%u %s=%s|\n", line, key, value);
}

static void on_bad(uint32_t line, const char *why, void *user)
{
	zs_buf_addf(user, "%u! %s\n", line, why);
}

static int parse(struct zs_slice text, struct zs_buf *got, struct zs_err *err)
{
	const struct zs_ini_events events = { .section = on_section, .key = on_key, .bad = on_bad, .user = got };

	return zs_ini_parse(text, &events, err);
}

#define NO_HEADER "not a section header: write [defaults] or [kind NAME] on a line of its own"
#define NO_KEY "not a key before the equal sign (letters, digits, . _ -, at most 64)"
#define NO_EQUAL "no equal sign: write KEY = VALUE, or # in front of a comment"
#define NO_SECTION "a key before the first section; begin with [defaults]"

static const struct {
	const char *label, *text, *want;
} rows[] = {
	{ "nothing", "", "" },
	{ "blank lines and comments", "\n \n\t\n# a\n; b\n  # c = d\n  ; [e]\n", "" },
	{ "sections and keys", "[a]\nk = v\n\n[b c]\nk=w", "1[a]\n2 k=v|\n4[b c]\n5 k=w|\n" },
	{ "empty section at the end", "[a]", "1[a]\n" },
	{ "blanks everywhere", "  [ a  b ]  \n\tk\t=\t v  w \t\n", "1[a  b]\n2 k=v  w|\n" },
	{ "empty value", "[a]\nk =\nl=\n", "1[a]\n2 k=|\n3 l=|\n" },
	{ "value with signs of all kinds", "[a]\nk = \"q\" = ; # [x] /* \\\n", "1[a]\n2 k=\"q\" = ; # [x] /* \\|\n" },
	{ "C comments are no comments", "[a]\n/* x */\n", "1[a]\n2! " NO_EQUAL "\n" },
	{ "CRLF", "[a]\r\nk = v\r\n", "1[a]\n2 k=v|\n" },
	{ "BOM", "\xef\xbb\xbf[a]\nk = v\n", "1[a]\n2 k=v|\n" },
	{ "letters of all scripts", "[b\xc3\xbc""cher]\nk = \xe4\xbe\x8b\n", "1[b\xc3\xbc""cher]\n2 k=\xe4\xbe\x8b|\n" },
	{ "no continued lines", "[a]\nk = v\n  w\n", "1[a]\n3! " NO_EQUAL "\n2 k=v|\n" },
	{ "key without section", "k = v\n[a]\n", "1! " NO_SECTION "\n2[a]\n" },
	{ "no key", "[a]\n = v\n", "1[a]\n2! no key before the equal sign\n" },
	{ "odd key", "[a]\nk y = v\n\xc3\xbc = v\n", "1[a]\n2! " NO_KEY "\n3! " NO_KEY "\n" },
	{ "duplicate keys", "[a]\nk = 1\nK = 2\nk = 3\n", "1[a]\n3! key \"k\" is already on line 2\n4! key \"k\" is already on line 2\n2 k=1|\n" },
	{ "the same key elsewhere", "[a]\nk = 1\n[b]\nk = 2\n", "1[a]\n2 k=1|\n3[b]\n4 k=2|\n" },
	{ "duplicate section", "[a]\nk = 1\n[b]\n[A]\nk = 2\nbad\n[c]\nk = 3\n",
		"1[a]\n2 k=1|\n3[b]\n4! section [a] is already on line 1\n7[c]\n8 k=3|\n" },
	{ "bad headers", "[a\nk = 1\n[]\n[ ]\n[a]b\n[a] # c\n[b]\nk = 2\n",
		"1! " NO_HEADER "\n3! " NO_HEADER "\n4! " NO_HEADER "\n5! " NO_HEADER "\n6! " NO_HEADER "\n7[b]\n8 k=2|\n" },
	{ "brackets in a header", "[a]]\n[[a]\n", "1! " NO_HEADER "\n2[[a]\n" },
	{ "control characters", "[a]\nk = \x01\nl = \x1b[1m\nm = a\rb\n",
		"1[a]\n2! a control or invisible character\n3! a control or invisible character\n4! a control or invisible character\n" },
	{ "bidi mark in a comment", "# \xe2\x80\xae\n", "1! a control or invisible character\n" },
	{ "bad UTF-8", "[a]\nk = \xc3\n", "1[a]\n2! not UTF-8 text\n" },
};

static void test_parse_expect_events_with_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_buf got = ZS_BUF(1 << 16);
		struct zs_err err;

		if (parse(S(rows[i].text), &got, &err))
			fail_msg("%s: %s", rows[i].label, err.text);
		if (strcmp(zs_buf_str(&got), rows[i].want))
			fail_msg("%s: got\n%s", rows[i].label, zs_buf_str(&got));
		zs_buf_done(&got);
	}
}

static void test_parse_when_nul_expect_bad_line(void **state)
{
	struct zs_buf got = ZS_BUF(1 << 16);

	(void)state;
	assert_int_equal(parse(zs_slice_of("[a]\nk = v\0w\nl = 1\n", 17), &got, NULL), 0);
	assert_string_equal(zs_buf_str(&got), "1[a]\n2! a NUL octet\n3 l=1|\n");
	zs_buf_done(&got);
}

/* The library's own list of duplicates is written past its end. */
static void test_parse_when_many_duplicates_expect_each_reported(void **state)
{
	struct zs_buf text = ZS_BUF(1 << 20), got = ZS_BUF(1 << 22);
	unsigned lines = 0;

	(void)state;
	zs_buf_add_str(&text, "[a]\n");
	for (int i = 0; i < 20000; i++)
		zs_buf_add_str(&text, "x = 1\n[a]\nnonsense\n[b]\n");
	assert_int_equal(parse(zs_buf_slice(&text), &got, NULL), 0);
	for (size_t i = 0; i < got.len; i++)
		lines += got.data[i] == '!';
	/* 20000 times [a] again, [b] again but once. */
	assert_int_equal(lines, 20000 + 19999);
	zs_buf_done(&text);
	zs_buf_done(&got);
}

static void test_parse_when_long_expect_whole_value_or_refusal(void **state)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_CONFIG + 1), got = ZS_BUF(2 * ZS_MAX_CONFIG);
	struct zs_err err;

	(void)state;
	zs_buf_add_str(&text, "[a]\nk = ");
	while (text.len < ZS_MAX_CONFIG)
		zs_buf_add_byte(&text, 'x');
	assert_int_equal(parse(zs_buf_slice(&text), &got, &err), 0);
	/* "[a]\nk = " came in for "1[a]\n2 k=" and "|\n". */
	assert_int_equal(got.len, ZS_MAX_CONFIG - 8 + 9 + 2);
	zs_buf_add_byte(&text, 'x');
	assert_int_equal(parse(zs_buf_slice(&text), &got, &err), -ZS_E_CONFIG);
	assert_string_equal(err.text, "longer than 1 MiB");
	zs_buf_done(&text);
	zs_buf_done(&got);
}

static void test_parse_when_caps_are_passed_expect_refusal(void **state)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_CONFIG), got = ZS_BUF(1 << 22);
	struct zs_err err;

	(void)state;
	for (int i = 0; i < ZS_INI_SECTIONS; i++)
		zs_buf_addf(&text, "[s%d]\nk = v\n", i);
	assert_int_equal(parse(zs_buf_slice(&text), &got, &err), 0);
	zs_buf_add_str(&text, "[more]\n");
	assert_int_equal(parse(zs_buf_slice(&text), &got, &err), -ZS_E_CONFIG);
	assert_non_null(strstr(err.text, "more than 8192 sections"));
	zs_buf_clear(&text);
	zs_buf_add_str(&text, "[a]\n");
	for (int i = 0; i < ZS_INI_KEYS; i++)
		zs_buf_addf(&text, "k%d = v\n", i);
	assert_int_equal(parse(zs_buf_slice(&text), &got, &err), 0);
	zs_buf_add_str(&text, "more = v\n");
	assert_int_equal(parse(zs_buf_slice(&text), &got, &err), -ZS_E_CONFIG);
	assert_string_equal(err.text, "line 1026: more than 1024 keys in one section");
	zs_buf_done(&text);
	zs_buf_done(&got);
}

/* Every octet in every place of a line: no crash, and no line lost in silence. */
static void test_parse_when_any_octet_expect_event_for_the_line(void **state)
{
	static const char *const forms[] = { "[a]\n%s\n", "[a]\nk%s = v\n", "[a]\nk = %s\n", "[a%s]\n", "[a]\n%sk = v\n", "[a]\nk = v%s" };

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(forms); i++)
		for (int c = 1; c < 256; c++) {
			struct zs_buf text = ZS_BUF(256), got = ZS_BUF(4096);
			const char *at = strstr(forms[i], "%s");

			zs_buf_add(&text, forms[i], (size_t)(at - forms[i]));
			zs_buf_add_byte(&text, (uint8_t)c);
			zs_buf_add_str(&text, at + 2);
			assert_int_equal(parse(zs_buf_slice(&text), &got, NULL), 0);
			assert_true(got.len > 0);
			zs_buf_done(&text);
			zs_buf_done(&got);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_expect_events_with_lines),
		cmocka_unit_test(test_parse_when_nul_expect_bad_line),
		cmocka_unit_test(test_parse_when_many_duplicates_expect_each_reported),
		cmocka_unit_test(test_parse_when_long_expect_whole_value_or_refusal),
		cmocka_unit_test(test_parse_when_caps_are_passed_expect_refusal),
		cmocka_unit_test(test_parse_when_any_octet_expect_event_for_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
