/* SPDX-License-Identifier: Apache-2.0 */
/* What the guard lets through and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/guard.h"

#define GOOD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno12"

static struct zs_name name(const char *text)
{
	struct zs_name parsed;

	assert_true(zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &parsed, NULL));
	return parsed;
}

/* Zone a.test with exact names, zone b.test with any challenge name. */
static void grant(struct zs_guard *guard)
{
	struct zs_name names[] = {
		name("_acme-challenge.a.test"), name("target.of.alias.a.test"),
	};
	struct zs_msg_zone_names zones[] = {
		{ name("a.test"), { names, 2 } }, { name("b.test"), { NULL, 0 } },
	};
	struct zs_msg_host_grant message = { .zones = { zones, 2 } };

	*guard = (struct zs_guard){ .max_changes = 10 };
	assert_int_equal(zs_guard_grant(guard, &message, NULL), 0);
}

struct row { const char *label, *zone, *name, *value; uint32_t op; int rc; };

static const struct row rows[] = {
	{ "listed challenge name", "a.test", "_acme-challenge.a.test", GOOD, 1, 0 },
	{ "listed alias target", "a.test", "target.of.alias.a.test", GOOD, 2, 0 },
	{ "any challenge name where none is listed", "b.test", "_acme-challenge.x.b.test", GOOD, 1, 0 },
	{ "unlisted challenge name", "a.test", "_acme-challenge.www.a.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "no challenge name", "b.test", "www.b.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "apex", "b.test", "b.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "label that only begins so", "b.test", "_acme-challengex.b.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "name of another zone", "a.test", "_acme-challenge.b.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "label border", "a.test", "_acme-challenge.aa.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "zone not granted", "c.test", "_acme-challenge.c.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "child of a granted zone as zone", "x.b.test", "_acme-challenge.x.b.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "parent of a granted zone as zone", "test", "_acme-challenge.b.test", GOOD, 1, -ZS_E_PERMISSION },
	{ "unknown operation", "a.test", "_acme-challenge.a.test", GOOD, 3, -ZS_E_BUG },
	{ "value too short", "a.test", "_acme-challenge.a.test", "abc", 1, -ZS_E_BUG },
	{ "value too long", "a.test", "_acme-challenge.a.test", GOOD "1", 1, -ZS_E_BUG },
	{ "value with a quote", "a.test", "_acme-challenge.a.test", "\"BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno12", 1, -ZS_E_BUG },
	{ "value in base64", "a.test", "_acme-challenge.a.test", "+BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno1=", 1, -ZS_E_BUG },
	{ "empty value", "a.test", "_acme-challenge.a.test", "", 1, -ZS_E_BUG },
};

static void test_apply_of_one_change_is_judged_by_grant(void **state)
{
	struct zs_guard guard;

	(void)state;
	grant(&guard);
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_msg_change change = {
			.op = rows[i].op, .name = name(rows[i].name), .value = zs_slice_str(rows[i].value), .ttl = 60,
		};
		struct zs_msg_host_apply apply = { name(rows[i].zone), { &change, 1 } };
		struct zs_err err;
		int rc = zs_guard_apply(&guard, &apply, &err);

		if (rc != rows[i].rc)
			fail_msg("%s: %d", rows[i].label, rc);
	}
	zs_guard_done(&guard);
}

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define KEY_AUTHORIZATION TOKEN "." GOOD

struct context_row { const char *label, *identifier, *token, *key_authorization; int rc; };

static const struct context_row contexts[] = {
	{ "nothing", NULL, "", "", 0 },
	{ "only a name", "a.test", "", "", 0 },
	{ "all", "a.test", TOKEN, KEY_AUTHORIZATION, 0 },
	{ "a name of another zone, behind an alias", "www.else.test", TOKEN, KEY_AUTHORIZATION, 0 },
	{ "no name", NULL, TOKEN, KEY_AUTHORIZATION, -ZS_E_BUG },
	{ "token alone", "a.test", TOKEN, "", -ZS_E_BUG },
	{ "key authorization alone", "a.test", "", KEY_AUTHORIZATION, -ZS_E_BUG },
	{ "of another token", "a.test", "x" TOKEN, KEY_AUTHORIZATION, -ZS_E_BUG },
	{ "token with a slash", "a.test", "../x", "../x." GOOD, -ZS_E_BUG },
	{ "token with a blank", "a.test", "a b", "a b." GOOD, -ZS_E_BUG },
	{ "thumbprint too long", "a.test", TOKEN, KEY_AUTHORIZATION "1", -ZS_E_BUG },
	{ "thumbprint too short", "a.test", TOKEN, TOKEN ".abc", -ZS_E_BUG },
	{ "no thumbprint", "a.test", TOKEN, TOKEN, -ZS_E_BUG },
	{ "line end behind", "a.test", TOKEN, KEY_AUTHORIZATION "\n", -ZS_E_BUG },
};

static void test_apply_with_context_that_does_not_fit_is_refused(void **state)
{
	struct zs_guard guard;

	(void)state;
	grant(&guard);
	for (size_t i = 0; i < ZS_COUNT(contexts); i++) {
		const struct context_row *row = &contexts[i];
		struct zs_msg_change change = {
			.op = ZS_CHANGE_ADD, .name = name("_acme-challenge.a.test"), .value = zs_slice_str(GOOD),
			.token = zs_slice_str(row->token), .key_authorization = zs_slice_str(row->key_authorization),
		};
		struct zs_msg_host_apply apply = { name("a.test"), { &change, 1 } };
		int rc;

		if (row->identifier)
			change.identifier = name(row->identifier);
		rc = zs_guard_apply(&guard, &apply, NULL);
		if (rc != row->rc)
			fail_msg("%s: %d", row->label, rc);
	}
	zs_guard_done(&guard);
}

static int apply_n(const struct zs_guard *guard, uint32_t n, bool repeated)
{
	struct zs_msg_change *changes = calloc(n + 1, sizeof(*changes));
	struct zs_msg_host_apply apply = { name("b.test"), { changes, n } };
	char text[64];
	int rc;

	assert_non_null(changes);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "_acme-challenge.n%u.b.test", repeated && i ? i - 1 : i);
		changes[i] = (struct zs_msg_change){
			.op = i & 1 ? ZS_CHANGE_ADD : ZS_CHANGE_REMOVE, .name = name(text), .value = zs_slice_str(GOOD), .ttl = 60,
		};
	}
	rc = zs_guard_apply(guard, &apply, NULL);
	free(changes);
	return rc;
}

static void test_apply_counts_changes(void **state)
{
	struct zs_guard guard;

	(void)state;
	grant(&guard);
	assert_int_equal(apply_n(&guard, 0, false), -ZS_E_BUG);
	assert_int_equal(apply_n(&guard, 10, false), 0);
	assert_int_equal(apply_n(&guard, 11, false), -ZS_E_BUG);
	guard.max_changes = 100000;
	assert_int_equal(apply_n(&guard, ZS_MAX_CHANGES, false), 0);
	assert_int_equal(apply_n(&guard, ZS_MAX_CHANGES + 1, false), -ZS_E_BUG);
	zs_guard_done(&guard);
}

/* An add and a remove of the same value in one call is a repetition too. */
static void test_apply_refuses_repeated_change(void **state)
{
	struct zs_guard guard;

	(void)state;
	grant(&guard);
	assert_int_equal(apply_n(&guard, 5, true), -ZS_E_BUG);
	zs_guard_done(&guard);
}

static void test_grant_replaces_and_checks(void **state)
{
	struct zs_name outside = name("_acme-challenge.b.test");
	struct zs_msg_zone_names zone = { name("a.test"), { &outside, 1 } };
	struct zs_msg_host_grant bad = { .zones = { &zone, 1 } };
	struct zs_msg_host_grant none = { .value_len = 20 }, huge = { .value_len = 256 };
	struct zs_name a = name("a.test");
	struct zs_guard guard;

	(void)state;
	grant(&guard);
	assert_int_equal(zs_guard_zone(&guard, &a, NULL), 0);
	assert_int_equal(zs_guard_grant(&guard, &bad, NULL), -ZS_E_BUG);
	assert_int_equal(zs_guard_zone(&guard, &a, NULL), -ZS_E_PERMISSION);
	grant(&guard);
	assert_int_equal(zs_guard_grant(&guard, &huge, NULL), -ZS_E_BUG);
	assert_int_equal(zs_guard_grant(&guard, &none, NULL), 0);
	assert_int_equal(guard.value_len, 20);
	assert_int_equal(zs_guard_zone(&guard, &a, NULL), -ZS_E_PERMISSION);
	zs_guard_done(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply_of_one_change_is_judged_by_grant),
		cmocka_unit_test(test_apply_with_context_that_does_not_fit_is_refused),
		cmocka_unit_test(test_apply_counts_changes),
		cmocka_unit_test(test_apply_refuses_repeated_change),
		cmocka_unit_test(test_grant_replaces_and_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
