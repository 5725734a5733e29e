/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of URLs: shape, origin, comparison.
 */
#include "base/url.h"

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
	{ "https://ca.test:4x/", NULL, "has no valid port" },
	{ "https://ca.test:123456/", NULL, "has no valid port" },
	{ "https://ca.test:443:1/", NULL, "has no valid port" },
	{ "https://:443/", NULL, "has no valid host" },
	{ "https://u@ca.test/", NULL, "has a user name" },
	{ "https://u:1@ca.test/", NULL, "has a user name" },
	{ "https://u:pw@ca.test/", NULL, "has a user name" },
	{ "https://ca.test#f", NULL, "has a fragment" },
	{ "https://ca.test?x#f", NULL, "has a fragment" },
	{ "https://ca.test/#f", NULL, "has a fragment" },
	{ "https://ca%2etest/", NULL, "has no valid host" },
	{ "https://[::1/", NULL, "has no valid host" },
	{ "https://[::1]x/", NULL, "has no valid host" },
	{ "https://]x[/", NULL, "has no valid host" },
	{ "https://a,b/", NULL, "has no valid host" },
	{ "https:ca", NULL, "does not start with https://" },
	{ "https:/ca.test/", NULL, "does not start with https://" },
	{ "file:///etc/passwd", NULL, "does not start with https://" },
	{ "httpsx://ca.test/", NULL, "does not start with https://" },
	{ "https://[]/", NULL, "has no valid host" },
	{ "https://[::1%25eth0]/", NULL, "has no valid host" },
	{ "https://-x.test/", NULL, "has no valid host" },
	{ "https://.test/", NULL, "has no valid host" },
	{ "https://ca.test\\x", NULL, "has a character that no URL may have" },
	{ "https://ca.test/\"x", NULL, "has a character that no URL may have" },
	{ "https://ca.test/{x}", NULL, "has a character that no URL may have" },
	{ "https://ca.test/a^b", NULL, "has a character that no URL may have" },
	{ "https://ca.test/a|b", NULL, "has a character that no URL may have" },
	{ "https://ca.test/a`b", NULL, "has a character that no URL may have" },
	{ "https://ca.test/<b>", NULL, "has a character that no URL may have" },
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
	assert_true(zs_url_same_origin(S("https://127.0.0.1:0443/"), S("https://127.0.0.1")));
	assert_true(zs_url_same_origin(S("https://[2001:DB8::1]:14000/dir"), S("https://[2001:db8::1]:14000")));
}

static void test_in_expect_member_of_set(void **state)
{
	const struct zs_slice items[] = { S("https://a.test"), S("https://B.test:1") };
	const struct zs_origins origins = { items, ZS_COUNT(items) };

	(void)state;
	assert_true(zs_url_in(S("https://a.test:443/x"), origins));
	assert_true(zs_url_in(S("https://b.test:1/x?y"), origins));
	assert_false(zs_url_in(S("https://b.test/x"), origins));
	assert_false(zs_url_in(S("https://a.test@c.test/x"), origins));
	assert_false(zs_url_in(S("https://a.test"), (struct zs_origins){ NULL, 0 }));
}

static void test_split_when_other_scheme_expect_parts(void **state)
{
	struct zs_url url;

	(void)state;
	assert_int_equal(zs_url_split(S("socks5h://[::1]:1080/?a"), &url), ZS_URL_FINE);
	assert_true(zs_slice_eq_str(url.scheme, "socks5h"));
	assert_true(zs_slice_eq_str(url.host, "[::1]"));
	assert_int_equal(url.port, 1080);
	assert_true(zs_slice_eq_str(url.origin, "socks5h://[::1]:1080"));
	assert_true(zs_slice_eq_str(url.rest, "/?a"));
	assert_int_equal(zs_url_split(S("http://a"), &url), ZS_URL_FINE);
	assert_int_equal(url.port, 0);
	assert_int_equal(url.rest.n, 0);
}

static void test_same_each_pair_expect_folded(void **state)
{
	static const struct { const char *a, *b; bool same; } pairs[] = {
		{ "https://a.test/x/1", "https://a.test/x/1", true }, { "https://a.test/x/1", "https://A.test:443/x/1/", true },
		{ "https://a.test/x/1", "https://a.test/x/%31", true }, { "https://a.test/x/1", "https://a.test//x//1?q", true },
		{ "https://a.test/x/1", "https://a.test/x/2", false }, { "https://a.test/x/1", "https://a.test/x/11", false },
		{ "https://a.test/x/1", "https://b.test/x/1", false }, { "https://a.test/x/1", "https://a.test:444/x/1", false },
		{ "https://a.test/", "https://a.test", true }, { "https://a.test/x/1", "nonsense", true }, { "https://a.test/%", "https://a.test/%25", true },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(pairs); i++) {
		assert_int_equal(zs_url_same(S(pairs[i].a), S(pairs[i].b)), pairs[i].same);
		assert_int_equal(zs_url_same(S(pairs[i].b), S(pairs[i].a)), pairs[i].same);
	}
}

static void test_plain_expect_no_escapes_or_odd_segments(void **state)
{
	(void)state;
	assert_true(zs_url_is_plain(S("https://a.test/authz/AbC-_1")));
	assert_true(zs_url_is_plain(S("https://a.test/authz/1/")));
	assert_false(zs_url_is_plain(S("https://a.test/authz/..")));
	assert_false(zs_url_is_plain(S("https://a.test/")));
	assert_false(zs_url_is_plain(S("https://a.test/a//b")));
	assert_false(zs_url_is_plain(S("https://a.test/a%2fb")));
	assert_false(zs_url_is_plain(S("https://a.test/a?b")));
	assert_false(zs_url_is_plain(S("https://a.test/a;b")));
	assert_false(zs_url_is_plain(S("http://a.test/a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin_each_row_expect_verdict),
		cmocka_unit_test(test_length_when_over_2048_expect_refused),
		cmocka_unit_test(test_same_origin_expect_case_and_default_port),
		cmocka_unit_test(test_in_expect_member_of_set),
		cmocka_unit_test(test_split_when_other_scheme_expect_parts),
		cmocka_unit_test(test_same_each_pair_expect_folded),
		cmocka_unit_test(test_plain_expect_no_escapes_or_odd_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
