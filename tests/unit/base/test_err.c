/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the error carrier, and of docs/errors.md against the table.
 */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include "base/buf.h"

#define S(text) zs_slice_str(text)

static void test_code_info_when_unknown_expect_row_of_bug(void **state)
{
	const struct zs_code_info *bug = zs_code_info(ZS_E_BUG);

	(void)state;
	assert_ptr_equal(zs_code_info(ZS_E__COUNT), bug);
	assert_ptr_equal(zs_code_info(INT_MAX), bug);
	assert_ptr_equal(zs_code_info(INT_MIN), bug);
	assert_ptr_equal(zs_code_info(-ZS_E_BUSY), zs_code_info(ZS_E_BUSY));
	assert_int_equal(zs_code_by_name(S("nonsense")), ZS_E_BUG);
	assert_int_equal(zs_code_by_name(S("")), ZS_E_BUG);
}

static void test_table_expect_complete_and_names_unique(void **state)
{
	(void)state;
	for (int i = 0; i < ZS_E__COUNT; i++) {
		const struct zs_code_info *info = zs_code_info(i);

		assert_true(*info->name && *info->meaning && *info->hint);
		assert_int_equal(zs_code_by_name(S(info->name)), i);
		assert_true(i == ZS_OK || info->exit_code);
		assert_null(strchr(info->hint, '|'));
		assert_null(strchr(info->meaning, '|'));
		assert_true(strlen(info->hint) < sizeof(((struct zs_err *)0)->hint));
	}
}

static const struct {
	const char *name;
	enum zs_code code;
	uint8_t exit_code;
} exits[] = {
	{ "ok", ZS_OK, 0 },
	{ "bug", ZS_E_BUG, 1 },
	{ "nomem", ZS_E_NOMEM, 1 },
	{ "usage", ZS_E_USAGE, 2 },
	{ "config", ZS_E_CONFIG, 3 },
	{ "plugin", ZS_E_PLUGIN, 4 },
	{ "provider-auth", ZS_E_PROVIDER_AUTH, 4 },
	{ "provider-denied", ZS_E_PROVIDER_DENIED, 4 },
	{ "provider-zone", ZS_E_PROVIDER_ZONE, 4 },
	{ "provider", ZS_E_PROVIDER, 4 },
	{ "provider-rate", ZS_E_PROVIDER_RATE, 7 },
	{ "dns", ZS_E_DNS, 5 },
	{ "propagation", ZS_E_PROPAGATION, 5 },
	{ "ca-refused", ZS_E_CA_REFUSED, 6 },
	{ "ca-account", ZS_E_CA_ACCOUNT, 6 },
	{ "ca-protocol", ZS_E_CA_PROTOCOL, 6 },
	{ "ca-cert", ZS_E_CA_CERT, 6 },
	{ "rate-limited", ZS_E_RATE_LIMITED, 7 },
	{ "network", ZS_E_NETWORK, 8 },
	{ "storage", ZS_E_STORAGE, 9 },
	{ "permission", ZS_E_PERMISSION, 9 },
	{ "deploy", ZS_E_DEPLOY, 10 },
	{ "partial", ZS_E_PARTIAL, 11 },
	{ "residue", ZS_E_RESIDUE, 11 },
	{ "busy", ZS_E_BUSY, 12 },
	{ "cancelled", ZS_E_CANCELLED, 130 },
	{ "peer", ZS_E_PEER, 1 },
};
_Static_assert(ZS_COUNT(exits) == ZS_E__COUNT, "every code has a row");

/* Names and exit codes are an interface: scripts depend on them. */
static void test_table_expect_stable_names_and_exit_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(exits); i++) {
		const struct zs_code_info *info =
			zs_code_info((int)exits[i].code);

		assert_string_equal(info->name, exits[i].name);
		assert_int_equal(info->exit_code, exits[i].exit_code);
	}
}

static void test_class_name_when_out_of_range_expect_bug(void **state)
{
	(void)state;
	assert_string_equal(zs_class_name(ZS_CLASS_RETRY), "retry");
	assert_string_equal(zs_class_name(ZS_CLASS__COUNT), "bug");
}

static void test_set_when_used_before_expect_rest_cleared(void **state)
{
	struct zs_err err = { .http_status = 500, .retry_at = 9 };

	(void)state;
	zs_err_hint(&err, "old");
	zs_err_sub(&err, S("a"), S("b"), S("c"));
	assert_int_equal(zs_err_set(&err, ZS_E_DNS, "zone %s", "x"), -ZS_E_DNS);
	assert_string_equal(err.text, "zone x");
	assert_int_equal(err.nsub, 0);
	assert_int_equal(err.http_status, 0);
	assert_string_equal(zs_err_advice(&err), zs_code_info(ZS_E_DNS)->hint);
	zs_err_hint(&err, "run %s", "this");
	assert_string_equal(zs_err_advice(&err), "run this");
}

static void test_all_when_err_is_null_expect_code_only(void **state)
{
	(void)state;
	assert_int_equal(zs_err_set(NULL, ZS_E_DNS, "x"), -ZS_E_DNS);
	assert_int_equal(zs_err_sys(NULL, ZS_OK, ENOMEM, "x"), -ZS_E_NOMEM);
	assert_int_equal(zs_err_prefix(NULL, "x"), -ZS_E_BUG);
	zs_err_clear(NULL);
	zs_err_subject(NULL, "x");
	zs_err_where(NULL, "x");
	zs_err_hint(NULL, "x");
	zs_err_sub(NULL, S("a"), S("b"), S("c"));
}

static void test_set_when_hostile_text_expect_clean_with_lf(void **state)
{
	struct zs_err err;

	(void)state;
	(void)zs_err_set(&err, ZS_E_DNS, "a\x1b[2J\nb\xff");
	assert_string_equal(err.text, "a\\x1b[2J\nb\\xff");
	zs_err_subject(&err, "x\ny");
	assert_string_equal(err.subject, "x\\x0ay");
	zs_err_where(&err, "%s", "\xe2\x80\xae");
	assert_string_equal(err.where, "\\u{202e}");
}

static void test_set_when_too_long_expect_cut_between_characters(void **state)
{
	struct zs_err err;
	char text[4000];

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[3996] = 0;
	(void)zs_err_set(&err, ZS_E_DNS, "%s", text);
	assert_int_equal(strlen(err.text), 1023);
	zs_err_where(&err, "%s", text);
	assert_int_equal(strlen(err.where), 126);
	memset(text, 'x', 3999);
	text[3999] = 0;
	assert_int_equal(zs_err_prefix(&err, "%s", text), -ZS_E_DNS);
	assert_int_equal(strlen(err.text), 1023);
}

static void test_set_when_argument_is_own_text_expect_kept(void **state)
{
	struct zs_err err;

	(void)state;
	(void)zs_err_set(&err, ZS_E_DNS, "inner");
	(void)zs_err_set(&err, ZS_E_BUSY, "outer: %s", err.text);
	assert_string_equal(err.text, "outer: inner");
	assert_int_equal(zs_err_prefix(&err, "ctx %d", 7), -ZS_E_BUSY);
	assert_string_equal(err.text, "ctx 7: outer: inner");
}

static const struct {
	const char *label;
	int errnum;
	enum zs_code given, want;
} system_errors[] = {
	{ "memory", ENOMEM, ZS_OK, ZS_E_NOMEM },
	{ "access", EACCES, ZS_OK, ZS_E_PERMISSION },
	{ "owner", EPERM, ZS_OK, ZS_E_PERMISSION },
	{ "disk full", ENOSPC, ZS_OK, ZS_E_STORAGE },
	{ "missing", ENOENT, ZS_OK, ZS_E_STORAGE },
	{ "refused", ECONNREFUSED, ZS_OK, ZS_E_NETWORK },
	{ "locked", EWOULDBLOCK, ZS_OK, ZS_E_BUSY },
	{ "code given", ENOMEM, ZS_E_CONFIG, ZS_E_CONFIG },
};

static void test_sys_when_table_expect_code_text_and_errno(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(system_errors); i++) {
		struct zs_err err;
		char want[256];

		print_message("  %s\n", system_errors[i].label);
		errno = EXDEV;
		assert_int_equal(zs_err_sys(&err, system_errors[i].given,
					 system_errors[i].errnum, "open %s",
					 "f"),
			-(int)system_errors[i].want);
		assert_int_equal(errno, EXDEV);
		(void)snprintf(want, sizeof(want), "open f: %s",
			strerror(system_errors[i].errnum));
		assert_string_equal(err.text, want);
	}
}

static void test_sub_when_past_cap_expect_dropped_and_urn_cut(void **state)
{
	struct zs_err err = { .nsub = 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		zs_err_sub(&err, S("a.example"),
			S("urn:ietf:params:acme:error:caa"), S("no\n"));
	assert_int_equal(err.nsub, ZS_ERR_SUBPROBLEMS);
	assert_string_equal(err.sub[0].identifier, "a.example");
	assert_string_equal(err.sub[7].type, "caa");
	assert_string_equal(err.sub[0].detail, "no\\x0a");
}

static void print_row(struct zs_buf *dst, int code)
{
	const struct zs_code_info *info = zs_code_info(code);

	zs_buf_addf(dst, "| `%s` | %s | %s | %u | %s | %s |", info->name,
		zs_class_name(info->class), info->retry ? "yes" : "no",
		info->exit_code, info->meaning, info->hint);
}

static void read_doc(struct zs_buf *dst)
{
	const char *dir = getenv("srcdir");
	char path[4096];
	FILE *file;
	int c;

	(void)snprintf(path, sizeof(path), "%s/docs/errors.md",
		dir ? dir : ".");
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	while ((c = getc(file)) != EOF)
		zs_buf_add_byte(dst, (uint8_t)c);
	(void)fclose(file);
	assert_false(dst->failed);
}

/* Both ways: the rows of the document are those of the table, in order. */
static void test_doc_expect_same_rows_as_table(void **state)
{
	struct zs_buf doc = ZS_BUF(1 << 20);
	struct zs_slice rest;
	int code = 0;

	(void)state;
	read_doc(&doc);
	rest = zs_buf_slice(&doc);
	while (rest.n) {
		struct zs_slice line = zs_slice_cut(&rest, '\n');
		struct zs_buf want = ZS_BUF(4096);

		if (!zs_slice_starts(line, "| `"))
			continue;
		assert_true(code < ZS_E__COUNT);
		print_row(&want, code++);
		if (!zs_slice_eq(line, zs_buf_slice(&want)))
			fail_msg("docs/errors.md should have: %s",
				zs_buf_str(&want));
		zs_buf_done(&want);
	}
	assert_int_equal(code, ZS_E__COUNT);
	zs_buf_done(&doc);
}

/* Every exit code of the table is in the document's second list. */
static void test_doc_expect_every_exit_code(void **state)
{
	struct zs_buf doc = ZS_BUF(1 << 20);

	(void)state;
	read_doc(&doc);
	for (int i = 0; i < ZS_E__COUNT; i++) {
		char row[32];

		(void)snprintf(row, sizeof(row), "\n| %u | ",
			zs_code_info(i)->exit_code);
		if (!strstr(zs_buf_str(&doc), row))
			fail_msg("no row for exit code %u",
				zs_code_info(i)->exit_code);
	}
	zs_buf_done(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_info_when_unknown_expect_row_of_bug),
		cmocka_unit_test(test_table_expect_complete_and_names_unique),
		cmocka_unit_test(test_table_expect_stable_names_and_exit_codes),
		cmocka_unit_test(test_class_name_when_out_of_range_expect_bug),
		cmocka_unit_test(test_set_when_used_before_expect_rest_cleared),
		cmocka_unit_test(test_all_when_err_is_null_expect_code_only),
		cmocka_unit_test(test_set_when_hostile_text_expect_clean_with_lf),
		cmocka_unit_test(test_set_when_too_long_expect_cut_between_characters),
		cmocka_unit_test(test_set_when_argument_is_own_text_expect_kept),
		cmocka_unit_test(test_sys_when_table_expect_code_text_and_errno),
		cmocka_unit_test(test_sub_when_past_cap_expect_dropped_and_urn_cut),
		cmocka_unit_test(test_doc_expect_same_rows_as_table),
		cmocka_unit_test(test_doc_expect_every_exit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
