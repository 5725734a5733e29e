/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of URL, nonce and token checks: origin, alphabet.
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
		cmocka_unit_test(test_check_when_foreign_expect_named_error),
		cmocka_unit_test(test_nonce_and_token_expect_alphabet_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
