/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of names as people write them.
 */
#include "wrap/idn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S(text) zs_slice_str(text)

static const struct {
	const char *text, *name;
} good[] = {
	{ "Example.COM.", "example.com" },
	{ "*.example.com", "*.example.com" },
	{ "_acme-challenge.example.com", "_acme-challenge.example.com" },
	{ "B\xc3\xbc""cher.Example", "xn--bcher-kva.example" },
	{ "*.b\xc3\xbc""cher.example.", "*.xn--bcher-kva.example" },
	{ "bu\xcc\x88""cher.example", "xn--bcher-kva.example" },	/* u and a combining mark */
	{ "fa\xc3\x9f.de", "xn--fa-hia.de" },	/* not fass.de: non-transitional */
	{ "\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "xn--r8jz45g.xn--zckzah" },
	{ "_acme-challenge.b\xc3\xbc""cher.de", "_acme-challenge.xn--bcher-kva.de" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "XN--BCHER-KVA.example", "xn--bcher-kva.example" },
	{ "xn--i-7iq.ws", "xn--i-7iq.ws" },	/* of IDNA2003, but in use */
};

static const struct {
	const char *text, *why;
} bad[] = {
	{ "", "empty name" },
	{ "a..\xc3\xbc", "empty label" },
	{ "i\xe2\x9d\xa4.ws", "IDNA2008 does not allow" },
	{ "-\xc3\xbc.de", "hyphen at the start or end" },
	{ "\xff.de", "not UTF-8" },
	{ "\xc3", "not UTF-8" },
	{ "xn--0.de", "does not decode" },
	{ "xn--.de", "hyphen at the start or end" },
	{ "\xd7\x90""a.de", "left-to-right and right-to-left" },
	{ "\xc3\xbc""b er.de", "" },
	{ "a.*.\xc3\xbc.de", "" },
};

static void test_parse_when_good_expect_a_labels(void **state)
{
	char text[ZS_MAX_NAME + 3];

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(good); i++) {
		struct zs_name name;
		const char *why = "";

		if (!zs_idn_parse(S(good[i].text), ZS_NAME_OWNER, &name, &why))
			fail_msg("%s: %s", good[i].text, why);
		zs_name_print(&name, text);
		assert_string_equal(text, good[i].name);
	}
}

static void test_parse_when_bad_expect_words_and_no_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(bad); i++) {
		struct zs_name name = { .text = "old" };
		const char *why = NULL;

		if (zs_idn_parse(S(bad[i].text), ZS_NAME_HOST, &name, &why))
			fail_msg("%s was accepted as %s", bad[i].text, name.text);
		assert_string_equal(name.text, "old");
		if (!why || !strstr(why, bad[i].why))
			fail_msg("%s: %s", bad[i].text, why);
		assert_false(zs_idn_parse(S(bad[i].text), ZS_NAME_HOST, &name, NULL));
	}
}

static void test_parse_when_long_expect_refusal(void **state)
{
	char text[5000];
	struct zs_name name;

	(void)state;
	for (size_t n = 1; n < sizeof(text) / 2; n += 7) {
		for (size_t i = 0; i < n; i++)
			memcpy(text + 2 * i, "\xc3\xbc", 2);
		if (zs_idn_parse(zs_slice_of(text, 2 * n), ZS_NAME_HOST, &name, NULL))
			assert_true(n < ZS_MAX_LABEL && name.len <= ZS_MAX_LABEL);
		else
			assert_true(n > 30);
	}
	assert_false(zs_idn_parse(zs_slice_of("\xc3\xbc\0b", 4), ZS_NAME_HOST, &name, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_when_good_expect_a_labels),
		cmocka_unit_test(test_parse_when_bad_expect_words_and_no_change),
		cmocka_unit_test(test_parse_when_long_expect_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
