/* SPDX-License-Identifier: Apache-2.0 */
/* The file of accounts that clients of acme-dns share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "providers/acme-dns/storage.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define URL "https://auth.example.net"
#define ACCOUNT(n) \
	"{\"username\":\"user-" n "\",\"password\":\"pass_" n "\",\"fulldomain\":\"Sub-" n ".auth.example.net\"," \
	"\"subdomain\":\"sub-" n "\",\"allowfrom\":[\"192.0.2.0/24\",\"2001:db8::/32\"]}"

static const char *read(const char *text, struct ad_storage *ret)
{
	return ad_storage_read(zsp_strz(text), zsp_strz(URL), ret);
}

static void test_accounts_are_found_by_domain_and_by_fulldomain(void **state)
{
	struct ad_storage s;
	struct ad_account *a, *b;

	(void)state;
	assert_null(read("{\"Example.org\":" ACCOUNT("1") ",\"*.wild.example.org\":" ACCOUNT("2") ",\"_acme-challenge.odd.example.org.\":" ACCOUNT("3") "}", &s));
	assert_int_equal(s.n, 3);
	a = ad_storage_for(&s, zsp_strz("_acme-challenge.example.org"));
	b = ad_storage_at(&s, zsp_strz("sub-1.auth.example.net"));
	assert_non_null(a);
	assert_ptr_equal(a, b);
	assert_string_equal(a->username, "user-1");
	assert_string_equal(a->password, "pass_1");
	assert_string_equal(a->subdomain, "sub-1");
	assert_string_equal(a->fulldomain, "sub-1.auth.example.net");
	assert_string_equal(a->allowfrom, "192.0.2.0/24, 2001:db8::/32");
	assert_non_null(ad_storage_for(&s, zsp_strz("_acme-challenge.wild.example.org")));
	assert_non_null(ad_storage_for(&s, zsp_strz("_acme-challenge.odd.example.org")));
	assert_null(ad_storage_for(&s, zsp_strz("_acme-challenge.www.example.org")));
	assert_null(ad_storage_for(&s, zsp_strz("example.org")));
	assert_null(ad_storage_at(&s, zsp_strz("sub-4.auth.example.net")));
	ad_storage_done(&s);
	assert_int_equal(s.n, 0);
}

static void test_bare_registration_serves_any_domain(void **state)
{
	struct ad_storage s;

	(void)state;
	assert_null(read(ACCOUNT("1"), &s));
	assert_int_equal(s.n, 1);
	assert_non_null(ad_storage_for(&s, zsp_strz("_acme-challenge.whatever.example")));
	assert_non_null(ad_storage_at(&s, zsp_strz("SUB-1.auth.example.net")));
	ad_storage_done(&s);
}

static void test_accounts_of_another_server_are_left_out(void **state)
{
	static const char other[] =
		"{\"a.example\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s.other.example\","
		"\"subdomain\":\"s\",\"server_url\":\"https://other.example\"},"
		"\"b.example\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s.auth.example.net\","
		"\"subdomain\":\"s\",\"server_url\":\"" URL "/\"}}";
	struct ad_storage s;

	(void)state;
	assert_null(read(other, &s));
	assert_int_equal(s.n, 1);
	assert_string_equal(s.accounts[0].domain, "b.example");
	ad_storage_done(&s);
}

static void test_allowfrom_is_kept_as_far_as_it_is_networks(void **state)
{
	struct ad_storage s;

	(void)state;
	assert_null(read("{\"a\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\","
			 "\"allowfrom\":[\"192.0.2.1/32\",7,\"evil\\nline\",\"::1/128\"]}}",
		&s));
	assert_string_equal(s.accounts[0].allowfrom, "192.0.2.1/32, ::1/128");
	ad_storage_done(&s);
	assert_null(read("{\"a\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\","
			 "\"allowfrom\":null}}",
		&s));
	assert_string_equal(s.accounts[0].allowfrom, "");
	ad_storage_done(&s);
}

static void test_bad_files_are_refused_with_a_reason(void **state)
{
	static const char *const rows[] = {
		"",
		"nonsense",
		"[]",
		"{}",
		"null",
		"\"x\"",
		"{\"a.example\":7}",
		"{\"a.example\":{}}",
		"{\"a..example\":" ACCOUNT("1") "}",
		"{\"\":" ACCOUNT("1") "}",
		"{\"a\":" ACCOUNT("1") ",\"a\":" ACCOUNT("2") "}",
		"{\"a\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s.x\"}}",
		"{\"a\":{\"username\":\"u\",\"password\":\"\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\"}}",
		"{\"a\":{\"username\":\"u\\r\\nX-Evil: 1\",\"password\":\"p\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\"}}",
		"{\"a\":{\"username\":\"u\",\"password\":\"p p\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\"}}",
		"{\"a\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s x\",\"subdomain\":\"s\"}}",
		"{\"a\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\\\"\"}}",
		"{\"a\":{\"username\":7,\"password\":\"p\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\"}}",
		/* the second one is bad: nothing of it is used */
		"{\"a\":" ACCOUNT("1") ",\"b\":{\"username\":\"u\"}}",
		"{\"fulldomain\":\"s.x\"}",
		("{\"a\":{\"username\":\"u\",\"password\":\"p\",\"fulldomain\":\"s.x\",\"subdomain\":\"s\","
		 "\"server_url\":\"https://other.example\"}}"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ad_storage s;

		if (!read(rows[i], &s))
			fail_msg("row %zu: %s", i, rows[i]);
		assert_null(s.accounts);
		assert_int_equal(s.n, 0);
	}
}

static void test_too_many_accounts_are_refused(void **state)
{
	struct zsp_text text = ZSP_TEXT(1 << 20);
	struct ad_storage s;

	(void)state;
	for (int i = 0; i <= AD_ACCOUNTS; i++)
		zsp_text_addf(&text, "%s\"d%d.example\":" ACCOUNT("1"), i ? "," : "{", i);
	zsp_text_addz(&text, "}");
	assert_non_null(ad_storage_read(zsp_text_str(&text), zsp_strz(URL), &s));
	zsp_text_done(&text);
}

static void test_values_are_43_characters_of_base64url(void **state)
{
	static const struct {
		const char *value;
		int32_t ok;
	} rows[] = {
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm-_09", 1 },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm-_0", 0 },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm-_091", 0 },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm-_0=", 0 },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm-_0\"", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(ad_value_ok(zsp_strz(rows[i].value)), rows[i].ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accounts_are_found_by_domain_and_by_fulldomain),
		cmocka_unit_test(test_bare_registration_serves_any_domain),
		cmocka_unit_test(test_accounts_of_another_server_are_left_out),
		cmocka_unit_test(test_allowfrom_is_kept_as_far_as_it_is_networks),
		cmocka_unit_test(test_bad_files_are_refused_with_a_reason),
		cmocka_unit_test(test_too_many_accounts_are_refused),
		cmocka_unit_test(test_values_are_43_characters_of_base64url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
