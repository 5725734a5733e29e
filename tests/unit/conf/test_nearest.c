/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of "did you mean".
 */
#include "scratch.h"

#include "conf/nearest.h"

static const struct {
	const char *wanted, *best;
} rows[] = {
	{ "propogation", "propagation" },
	{ "propagation", "propagation" },
	{ "Propagation", "propagation" },
	{ "proapgation", "propagation" },
	{ "resolver", "resolvers" },
	{ "tll", "ttl" },
	{ "ttl-", "ttl" },
	{ "xyz", NULL },
	{ "", NULL },
	{ "propagation-of-species", NULL },
	{ "a-word-that-is-much-longer-than-all-the-words-that-anybody-would-ever-compare", NULL },
};

static void test_nearest_expect_one_slip_in_three(void **state)
{
	static const char *const words[] = { "resolvers", "propagation", "ttl", "" };

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_nearest nearest;

		zs_nearest_init(&nearest, rows[i].wanted);
		for (size_t j = 0; j < ZS_COUNT(words); j++)
			zs_nearest_try(&nearest, words[j]);
		if (*rows[i].wanted && rows[i].best && (!nearest.best || strcmp(nearest.best, rows[i].best)))
			fail_msg("%s: %s", rows[i].wanted, nearest.best ? nearest.best : "(none)");
		if (!rows[i].best && nearest.best && *nearest.best)
			fail_msg("%s: %s", rows[i].wanted, nearest.best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest_expect_one_slip_in_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
