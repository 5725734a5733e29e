/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of Link header fields: several in one, quotes, relations, rubbish.
 */
#include "acme/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/defs.h"

static const struct {
	const char *field, *relation;
	const char *want;	/* targets, joined by blanks */
} rows[] = {
	{ "<https://a/1>;rel=\"alternate\"", "alternate", "https://a/1" },
	{ "<https://a/1>; rel=alternate", "alternate", "https://a/1" },
	{ "<a>;rel=\"alternate\", <b>;rel=alternate,<c>;rel=\"up\"", "alternate", "a b" },
	{ "<a>;rel=\"index\"", "alternate", "" },
	{ "<a>;REL=\"Alternate\"", "alternate", "a" },
	{ "<a>;rel=\"up alternate\"", "alternate", "a" },
	{ "<a>;title=\"x, <b>; rel=alternate\";rel=up, <c>;rel=alternate", "alternate", "c" },
	{ "<a>;title=\"\\\"\";rel=alternate", "alternate", "a" },
	{ "<a>;rel=up;rel=alternate", "alternate", "" },
	{ "<a,b>;rel=alternate", "alternate", "a,b" },
	{ "<a> ; rel = \"alternate\" ; x", "alternate", "a" },
	{ "<a>", "alternate", "" },
	{ "<a>;rel", "alternate", "" },
	{ "<a>;rel=", "alternate", "" },
	{ "<a>;rel=\"alternate", "alternate", "a" },
	{ "<a;rel=alternate", "alternate", "" },
	{ "a;rel=alternate", "alternate", "" },
	{ ",,, <a>;rel=alternate ,,", "alternate", "a" },
	{ ";;;=\"", "alternate", "" },
	{ "<a>;\"\";=;rel=alternate", "alternate", "a" },
	{ "<a>;rel=\"x\\", "alternate", "" },
	{ "<>;rel=alternate", "alternate", "-" },
	{ "", "alternate", "" },
	{ "<https://ca/terms>;rel=\"terms-of-service\"", "terms-of-service", "https://ca/terms" },
};

struct sum {
	char text[256];
};

static void add(struct zs_slice target, void *user)
{
	struct sum *sum = user;
	size_t used = strlen(sum->text);

	(void)snprintf(sum->text + used, sizeof(sum->text) - used, "%s%.*s", used ? " " : "",
		target.n ? (int)target.n : 1, target.n ? (const char *)target.p : "-");
}

static void test_each_every_row_expect_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct sum sum = { "" };

		zs_link_each(zs_slice_str(rows[i].field), rows[i].relation, add, &sum);
		if (strcmp(sum.text, rows[i].want))
			fail_msg("%s: %s", rows[i].field, sum.text);
	}
}

static void test_each_when_random_expect_end(void **state)
{
	static const char abc[] = "<>;,=\"\\ rel alternate\t";
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[24];
		struct sum sum = { "" };
		size_t n = (seed = seed * 1664525u + 1013904223u) >> 16 & 15;

		for (size_t k = 0; k < n; k++) {
			seed = seed * 1664525u + 1013904223u;
			text[k] = abc[(seed >> 16) % (sizeof(abc) - 1)];
		}
		zs_link_each(zs_slice_of(text, n), "alternate", add, &sum);
	}
}

static void test_find_expect_first_over_fields(void **state)
{
	const struct zs_slice fields[] = { zs_slice_str("<a>;rel=up"), zs_slice_str("<b>;rel=next"), zs_slice_str("<c>;rel=next") };
	struct zs_slice target;

	(void)state;
	assert_true(zs_link_find(fields, 3, "next", &target));
	assert_true(zs_slice_eq_str(target, "b"));
	assert_false(zs_link_find(fields, 1, "next", &target));
	assert_false(zs_link_find(NULL, 0, "next", &target));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_every_row_expect_targets),
		cmocka_unit_test(test_each_when_random_expect_end),
		cmocka_unit_test(test_find_expect_first_over_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
