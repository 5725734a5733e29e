/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of problem documents: code and treatment for each, what is shown of
 * hostile ones.
 */
#include "acme/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define P(type, detail) "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"" detail "\"}"

static const struct {
	const char *label;
	int status;
	const char *body;
	int64_t retry_at;
	enum zs_code code;
	enum zs_problem_kind kind;
	const char *text;	/* part of it */
} rows[] = {
	{ "account gone", 400, P("accountDoesNotExist", "Account x not found."), 0, ZS_E_CA_ACCOUNT, ZS_PROBLEM_ACCOUNT_GONE, "the CA says: Account x not found. (accountDoesNotExist, HTTP 400)" },
	{ "account gone, 401", 401, P("accountDoesNotExist", "x"), 0, ZS_E_CA_ACCOUNT, ZS_PROBLEM_ACCOUNT_GONE, "HTTP 401" },
	{ "deactivated, pebble", 403, P("unauthorized", "Account has been deactivated"), 0, ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, "deactivated" },
	{ "deactivated, RFC", 401, P("unauthorized", "account is deactivated"), 0, ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, "deactivated" },
	{ "terms of pebble", 403, P("agreementRequired", "did not agree"), 0, ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, "did not agree" },
	{ "binding", 403, P("externalAccountRequired", "EAB"), 0, ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, "EAB" },
	{ "bad nonce", 400, P("badNonce", "x"), 0, ZS_E_CA_PROTOCOL, ZS_PROBLEM_BAD_NONCE, "badNonce" },
	{ "bad CSR", 400, P("badCSR", "x"), 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "badCSR" },
	{ "CAA", 403, P("caa", "CAA record forbids"), 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "CAA record" },
	{ "profile", 400, P("invalidProfile", "x"), 0, ZS_E_CONFIG, ZS_PROBLEM_FINAL, "invalidProfile" },
	{ "not ready", 403, P("orderNotReady", "x"), 0, ZS_E_CA_REFUSED, ZS_PROBLEM_NOT_READY, "orderNotReady" },
	{ "limit", 429, P("rateLimited", "too many"), 500, ZS_E_RATE_LIMITED, ZS_PROBLEM_LIMITED, "too many" },
	{ "limit without header", 429, P("rateLimited", "retry after 2026-11-24 12:00:00 UTC: see"), 0, ZS_E_RATE_LIMITED, ZS_PROBLEM_LIMITED, "retry after" },
	{ "paused", 429, P("rateLimited", "Your account is temporarily paused, visit https://x/unpause"), 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "https://x/unpause" },
	{ "internal", 500, P("serverInternal", "x"), 0, ZS_E_NETWORK, ZS_PROBLEM_BUSY, "serverInternal" },
	{ "malformed 404", 404, P("malformed", "no such order"), 0, ZS_E_CA_REFUSED, ZS_PROBLEM_NOT_FOUND, "no such order" },
	{ "unknown type 400", 400, P("shinyNew", "x"), 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "shinyNew" },
	{ "unknown type 503", 503, P("shinyNew", "x"), 0, ZS_E_NETWORK, ZS_PROBLEM_BUSY, "shinyNew" },
	{ "foreign type", 400, "{\"type\":\"https://x.test/e\",\"detail\":\"d\"}", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "d (https://x.test/e" },
	{ "about:blank", 403, "{\"type\":\"about:blank\",\"title\":\"No\"}", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "the CA says: No (no type" },
	{ "no type", 400, "{\"detail\":\"hm\"}", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "hm (no type" },
	{ "load balancer", 503, "<html>busy</html>", 7, ZS_E_NETWORK, ZS_PROBLEM_BUSY, "HTTP 503: overloaded" },
	{ "429 as text", 429, "slow down", 0, ZS_E_RATE_LIMITED, ZS_PROBLEM_LIMITED, "HTTP 429: too many" },
	{ "empty 404", 404, "", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_NOT_FOUND, "HTTP 404: not found" },
	{ "empty 410", 410, "", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_NOT_FOUND, "HTTP 410: gone" },
	{ "redirect", 302, "", 0, ZS_E_CA_PROTOCOL, ZS_PROBLEM_FINAL, "a redirect, which is never followed" },
	{ "204", 204, "", 0, ZS_E_CA_PROTOCOL, ZS_PROBLEM_FINAL, "HTTP 204" },
	{ "99", 99, "", 0, ZS_E_CA_PROTOCOL, ZS_PROBLEM_FINAL, "HTTP 99" },
	{ "999", 999, "", 0, ZS_E_CA_PROTOCOL, ZS_PROBLEM_FINAL, "HTTP 999" },
	{ "negative", -5, "", 0, ZS_E_CA_PROTOCOL, ZS_PROBLEM_FINAL, "HTTP -5" },
	{ "request time-out", 408, "", 0, ZS_E_NETWORK, ZS_PROBLEM_BUSY, "HTTP 408" },
	{ "array", 400, "[]", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "HTTP 400" },
	{ "wrong types", 400, "{\"type\":7,\"detail\":[],\"subproblems\":{},\"instance\":1}", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "HTTP 400" },
	{ "damaged", 500, "{\"type\":\"", 0, ZS_E_NETWORK, ZS_PROBLEM_BUSY, "HTTP 500: internal" },
	{ "twins", 400, "{\"detail\":\"a\",\"detail\":\"b\"}", 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "HTTP 400" },
	{ "percent signs", 400, P("malformed", "%s%n%x"), 0, ZS_E_CA_REFUSED, ZS_PROBLEM_FINAL, "%s%n%x" },
	{ "instance", 403, "{\"type\":\"urn:ietf:params:acme:error:userActionRequired\",\"detail\":\"d\",\"instance\":\"https://ca/tos\"}", 0, ZS_E_CA_ACCOUNT, ZS_PROBLEM_FINAL, "; see https://ca/tos" },
};

static void test_read_each_row_expect_code_and_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_problem_source source = { "https://ca/x", rows[i].status, rows[i].retry_at };
		struct zs_err err;

		zs_problem_read(zs_slice_str(rows[i].body), &source, &err);
		if (err.code != rows[i].code || zs_problem_kind(&err) != rows[i].kind)
			fail_msg("%s: code %d, kind %d", rows[i].label, (int)err.code, (int)zs_problem_kind(&err));
		if (!strstr(err.text, rows[i].text))
			fail_msg("%s: %s", rows[i].label, err.text);
		assert_int_equal(err.http_status, rows[i].status);
		assert_string_equal(err.where, "https://ca/x");
		if (rows[i].retry_at)
			assert_int_equal(err.retry_at, rows[i].retry_at);
	}
}

static void test_read_when_time_in_text_expect_retry_at(void **state)
{
	struct zs_problem_source source = { "https://ca/x", 429, 0 };
	struct zs_err err;

	(void)state;
	zs_problem_read(zs_slice_str(P("rateLimited", "retry after 2026-11-24 12:00:00 UTC")), &source, &err);
	assert_int_equal(err.retry_at, 1795521600);
	zs_problem_read(zs_slice_str(P("rateLimited", "retry after 2026-11")), &source, &err);
	assert_int_equal(err.retry_at, 0);
}

static void test_read_when_subproblems_expect_capped_and_clean(void **state)
{
	static const char one[] = "{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"x\\u001b[31m\\u202e\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.test\"}}";
	char body[8192];
	size_t used = (size_t)snprintf(body, sizeof(body), "{\"type\":\"urn:ietf:params:acme:error:compound\",\"detail\":\"\\u0007bell\\nline\",\"subproblems\":[7");
	struct zs_problem_source source = { "https://ca/x", 403, 0 };
	struct zs_err err;

	(void)state;
	for (int i = 0; i < 30; i++)
		used += (size_t)snprintf(body + used, sizeof(body) - used, ",%s", one);
	(void)snprintf(body + used, sizeof(body) - used, "]}");
	zs_problem_read(zs_slice_str(body), &source, &err);
	assert_string_equal(err.problem, "compound");
	assert_int_equal(err.nsub, ZS_ERR_SUBPROBLEMS);
	assert_string_equal(err.sub[0].identifier, "a.test");
	assert_string_equal(err.sub[0].type, "caa");
	assert_null(strchr(err.sub[0].detail, 0x1b));
	assert_null(strstr(err.sub[0].detail, "\xe2\x80\xae"));
	assert_null(strchr(err.text, 7));
}

static void test_read_when_huge_expect_cut(void **state)
{
	size_t n = 100000;
	char *body = malloc(n + 64);
	struct zs_problem_source source = { "https://ca/x", 400, 0 };
	struct zs_err err;

	(void)state;
	assert_non_null(body);
	(void)snprintf(body, 64, "{\"detail\":\"");
	memset(body + 11, 'x', n);
	memcpy(body + 11 + n, "\"}", 3);
	zs_problem_read(zs_slice_str(body), &source, &err);
	assert_int_equal(err.code, ZS_E_CA_REFUSED);
	assert_true(strlen(err.text) < 1024);
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_each_row_expect_code_and_kind),
		cmocka_unit_test(test_read_when_time_in_text_expect_retry_at),
		cmocka_unit_test(test_read_when_subproblems_expect_capped_and_clean),
		cmocka_unit_test(test_read_when_huge_expect_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
