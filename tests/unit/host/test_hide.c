/* SPDX-License-Identifier: Apache-2.0 */
/* What of a secret's file must not be seen, and what of it messages are about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "host/hide.h"

#define UUID "d420c923-bbd7-4056-ab64-c3ca54c9b3cf"
#define ACCOUNTS \
	"{\"example.org\": {\"username\": \"eabcdb41-d89f-4580-826f-3e62e9755ef2\", \"subdomain\": \"" UUID "\",\n" \
	" \"password\": \"pbAXVjlIOE01xbut7YnAbkhMQIkcwoHO0ek2j4Q0\", \"fulldomain\": \"" UUID ".auth.example.net\"}}"

static const struct {
	const char *secret, *text, *shown;
} rows[] = {
	{ "s3cr3t-value", "a s3cr3t-value b", "a [redacted] b" },
	{ "short", "a short b", "a short b" },
	{ "key \"k\" { secret \"MDEyMzQ1Njc4OWFiY2RlZjAx\"; };", "it is MDEyMzQ1Njc4OWFiY2RlZjAx", "it is [redacted]" },
	{ ACCOUNTS, "the password pbAXVjlIOE01xbut7YnAbkhMQIkcwoHO0ek2j4Q0", "the password [redacted]" },
	{ ACCOUNTS, "eabcdb41-d89f-4580-826f-3e62e9755ef2", "[redacted]" },
	{ ACCOUNTS, "add x. CNAME " UUID ".auth.example.net.", "add x. CNAME " UUID ".auth.example.net." },
	{ ACCOUNTS, "subdomain " UUID, "subdomain " UUID },
	/* tokens with dots are no names */
	{ "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "[redacted]" },
	{ "a 0123456789abcdef.0123.0123 b", "0123456789abcdef.0123.0123", "[redacted]" },
	{ "a 0123456789abcdef0123.x b", "0123456789abcdef0123.x", "[redacted]" },
	/* the beginning of a name inside of another word counts for nothing */
	{ "x0123456789abcdef.a.b 0123456789abcdef", "0123456789abcdef", "[redacted]" },
};

static void test_secrets_are_hidden_and_names_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct zs_hide hide;
		struct zs_buf shown = ZS_BUF(1024);

		zs_hide_add(&hide, zs_slice_str(rows[i].secret));
		zs_hide_text(&hide, zs_slice_str(rows[i].text), &shown);
		if (!zs_slice_eq_str(zs_buf_slice(&shown), rows[i].shown))
			fail_msg("row %zu: %s", i, zs_buf_str(&shown));
		zs_buf_done(&shown);
		zs_hide_done(&hide);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets_are_hidden_and_names_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
