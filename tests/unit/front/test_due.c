/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a certificate is due, and what is said about it.
 */
#include "front/due.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define S(text) zs_slice_str(text)

enum { DAY = 86400 };

static struct zs_name name;
static char conf_name[] = "corp", ca_name[] = "lab", csr_path[] = "own.csr";
static struct zs_conf_certificate conf;
static struct zs_conf_ca ca;
static struct zs_run_job job;
static struct zs_msg_certificate stored;

static int set_up(void **state)
{
	(void)state;
	assert_true(zs_name_parse(S("www.example.test"), ZS_NAME_HOST, &name, NULL));
	conf = (struct zs_conf_certificate){ .name = conf_name };
	ca = (struct zs_conf_ca){ .name = ca_name };
	job = (struct zs_run_job){ .conf = &conf, .ca = &ca, .key_type = "ec256", .identifiers = { &name, 1, 1 } };
	stored = (struct zs_msg_certificate){
		.name = S("corp"), .ca = S("lab"), .key_type = S("ec256"), .identifiers = { &name, 1 }, .generation = 3,
		.not_before = 0, .not_after = 90 * DAY,
	};
	return 0;
}

static void expect_reason(const struct zs_msg_certificate *c, int64_t now, const char *reason)
{
	char got[ZS_DUE_REASON];

	assert_int_equal(zs_due(&job, c, now, got), *reason != 0);
	assert_string_equal(got, reason);
}

static void test_due_when_good_expect_not(void **state)
{
	(void)state;
	expect_reason(&stored, 59 * DAY, "");
	expect_reason(&stored, 60 * DAY, "the stored one will expire");
	expect_reason(&stored, 90 * DAY, "the stored one has expired");
	stored.not_after = 8 * DAY;
	expect_reason(&stored, 4 * DAY - 1, "");
	expect_reason(&stored, 4 * DAY, "the stored one will expire");
}

static void test_due_when_damaged_expect_due_with_the_problem(void **state)
{
	(void)state;
	stored.problem = S("privkey.pem is missing or empty");
	expect_reason(&stored, DAY, "damaged: privkey.pem is missing or empty");
	conf.csr = csr_path;
	expect_reason(&stored, DAY, "damaged: privkey.pem is missing or empty");
}

static void test_due_when_problem_is_long_expect_cut(void **state)
{
	char text[1024], got[ZS_DUE_REASON];

	(void)state;
	memset(text, 'x', sizeof(text));
	stored.problem = zs_slice_of(text, sizeof(text));
	assert_true(zs_due(&job, &stored, DAY, got));
	assert_int_equal(strlen(got), ZS_DUE_REASON - 1);
}

static void test_due_when_something_differs_expect_which(void **state)
{
	(void)state;
	expect_reason(NULL, DAY, "nothing is stored");
	stored.ca = S("other");
	expect_reason(&stored, DAY, "the stored one is of another CA");
	stored.key_type = S("rsa2048");
	expect_reason(&stored, DAY, "the stored one has another type of key");
	stored.identifiers.n = 0;
	expect_reason(&stored, DAY, "the stored one has other names");
	conf.csr = csr_path;
	stored.ca = S("lab");
	expect_reason(&stored, DAY, "");
	stored.pending = true;
	expect_reason(&stored, DAY, "an order of a run that ended early waits");
	stored.generation = 0;
	expect_reason(&stored, DAY, "an order of a run that ended early waits");
	stored.pending = false;
	expect_reason(&stored, DAY, "nothing is stored");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_due_when_good_expect_not, set_up),
		cmocka_unit_test_setup(test_due_when_damaged_expect_due_with_the_problem, set_up),
		cmocka_unit_test_setup(test_due_when_problem_is_long_expect_cut, set_up),
		cmocka_unit_test_setup(test_due_when_something_differs_expect_which, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
