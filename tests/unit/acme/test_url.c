/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of URL, nonce and token checks: shape, origin, alphabet.
 */
#include "acme/url.h"

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
	const char *url, *origin;	/* origin NULL = refused */
	const char *why;
} rows[] = {
	{ "https://ca.test", "https://ca.test", NULL },
	{ "https://ca.test/", "https://ca.test", NULL },
	{ "HTTPS://Ca.Test:8443/a?b=c", "HTTPS://Ca.Test:8443", NULL },
	{ "https://ca.test?x", "https://ca.test", NULL },
	{ "https://[2001:db8::1]:444/x", "https://[2001:db8::1]:444", NULL },
	{ "https://127.0.0.1:14000/dir", "https://127.0.0.1:14000", NULL },
	{ "https://ca.test/a@b:c", "https://ca.test", NULL },
	{ "", NULL, "is empty" },
	{ "https://", NULL, "has no valid host" },
	{ "https:///x", NULL, "has no valid host" },
	{ "http://ca.test/", NULL, "does not start with https://" },
	{ "//ca.test/", NULL, "does not start with https://" },
	{ " https://ca.test/", NULL, "has a blank, a control byte or a byte outside ASCII" },
	{ "https://ca.test:/", NULL, "has no valid port" },
	{ "https://ca.test:0/", NULL, "has no valid port" },
	{ "https://ca.test:65536/", NULL, "has no valid port" },
	{ "https://ca.test:4x/", NULL, "has no valid host" },
	{ "https://u@ca.test/", NULL, "has a user name" },
	{ "https://u:1@ca.test/", NULL, "has a user name" },
	{ "https://ca.test#f", NULL, "has no valid host" },
	{ "https://ca.test/#f", NULL, "has a fragment" },
	{ "https://ca%2etest/", NULL, "has no valid host" },
	{ "https://[::1/", NULL, "has no valid host" },
	{ "https://[]/", NULL, "has no valid host" },
	{ "https://[::1%25eth0]/", NULL, "has no valid host" },
	{ "https://-x.test/", NULL, "has no valid host" },
	{ "https://.test/", NULL, "has no valid host" },
	{ "https://ca.test\\x", NULL, "has a character that no URL may have" },
	{ "https://ca.test/\"x", NULL, "has a character that no URL may have" },
	{ "https://ca.test/\x7f", NULL, "has a blank, a control byte or a byte outside ASCII" },
};

static void test_origin_each_row_expect_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_slice origin = ZS_SLICE_NONE;
		const char *why = NULL;
		bool good = zs_url_ok(S(rows[i].url), &why);

		if (good != (rows[i].origin != NULL))
			fail_msg("%s: %s", rows[i].url, good ? "taken" : why);
		assert_int_equal(zs_url_origin(S(rows[i].url), &origin), good);
		if (good)
			assert_true(zs_slice_eq_str(origin, rows[i].origin));
		else
			assert_string_equal(why, rows[i].why);
	}
}

static void test_length_when_over_2048_expect_refused(void **state)
{
	char url[2100];
	const char *why = NULL;

	(void)state;
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://ca.test/", 16);
	assert_true(zs_url_ok(zs_slice_of(url, 2048), NULL));
	assert_false(zs_url_ok(zs_slice_of(url, 2049), &why));
	assert_string_equal(why, "longer than 2048 octets");
}

static void test_same_origin_expect_case_and_default_port(void **state)
{
	(void)state;
	assert_true(zs_url_same_origin(S("https://CA.test/x"), S("https://ca.TEST:443")));
	assert_false(zs_url_same_origin(S("https://ca.test:444/x"), S("https://ca.test")));
	assert_false(zs_url_same_origin(S("https://ca.test"), S("https://ca.tes")));
	assert_false(zs_url_same_origin(S("http://ca.test"), S("http://ca.test")));
}

static void test_check_when_foreign_expect_named_error(void **state)
{
	const struct zs_slice origins[] = { S("https://a.test"), S("https://b.test:1") };
	const struct zs_acme_from from = { "https://a.test/dir", { origins, 2 } };
	struct zs_err err;

	(void)state;
	assert_int_equal(zs_url_check(S("https://b.test:1/x"), &from, "order: finalize", &err), 0);
	assert_int_equal(zs_url_check(S("https://c.test/x"), &from, "order: finalize", &err), -ZS_E_CA_PROTOCOL);
	assert_true(zs_slice_starts(S(err.text), "order: finalize: the URL \"https://c.test/x\" is on another host"));
	assert_string_equal(err.where, "https://a.test/dir");
}

static void test_nonce_and_token_expect_alphabet_and_length(void **state)
{
	char long_one[258];

	(void)state;
	memset(long_one, 'A', sizeof(long_one));
	assert_true(zs_nonce_ok(S("aB9-_")));
	assert_true(zs_nonce_ok(zs_slice_of(long_one, 256)));
	assert_false(zs_nonce_ok(zs_slice_of(long_one, 257)));
	assert_false(zs_nonce_ok(S("")));
	assert_false(zs_nonce_ok(S("a=")));
	assert_false(zs_nonce_ok(S("a\r\nX: y")));
	assert_true(zs_token_ok(S("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA")));
	assert_false(zs_token_ok(zs_slice_of(long_one, 21)));
	assert_true(zs_token_ok(zs_slice_of(long_one, 22)));
	assert_false(zs_token_ok(zs_slice_of(long_one, 257)));
	assert_false(zs_token_ok(S("../../../../etc/passwd/x")));
	assert_false(zs_token_ok(ZS_SLICE_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin_each_row_expect_verdict),
		cmocka_unit_test(test_length_when_over_2048_expect_refused),
		cmocka_unit_test(test_same_origin_expect_case_and_default_port),
		cmocka_unit_test(test_check_when_foreign_expect_named_error),
		cmocka_unit_test(test_nonce_and_token_expect_alphabet_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
