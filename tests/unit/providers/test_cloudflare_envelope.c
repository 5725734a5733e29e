/* SPDX-License-Identifier: Apache-2.0 */
/* What the answers of Cloudflare's API mean: envelope, error codes, quota, items. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "providers/cloudflare/envelope.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct zsp_http_response answer(int32_t status)
{
	struct zsp_http_response response = { .status = status };

	return response;
}

/* ---- the envelope ----------------------------------------------------------------------- */

static void test_envelope_of_a_list_has_result_and_counts(void **state)
{
	struct cf_envelope env;

	(void)state;
	assert_int_equal(cf_envelope_read(zsp_strz("{\"success\":true,\"errors\":[],\"messages\":[],"
						   "\"result\":[{\"id\":\"a1\"},{\"id\":\"b2\"}],"
						   "\"result_info\":{\"page\":1,\"per_page\":2,\"count\":2,"
						   "\"total_count\":5,\"total_pages\":3}}"), &env), 1);
	assert_int_equal(env.success, 1);
	assert_int_equal(env.total_pages, 3);
	assert_int_equal(env.total_count, 5);
	assert_int_equal(env.ncodes, 0);
	assert_true(zsp_json_is_array(env.result));
	cf_envelope_done(&env);
	assert_null(env.doc);
}

static const char *const no_envelopes[] = {
	"", "null", "[]", "\"success\"", "{}", "{\"success\":\"true\"}", "{\"success\":1}",
	"{\"result\":[]}", "<html><body>502</body></html>", "{\"success\":true", "{\"success\":true}x",
	"error code: 1015",
};

static void test_envelope_of_anything_else_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(no_envelopes); i++) {
		struct cf_envelope env;

		if (cf_envelope_read(zsp_strz(no_envelopes[i]), &env) || env.doc)
			fail_msg("row %zu: %s", i, no_envelopes[i]);
		cf_envelope_done(&env);
	}
}

static void test_envelope_with_a_chain_has_all_codes_and_messages(void **state)
{
	struct cf_envelope env;

	(void)state;
	assert_true(cf_envelope_read(zsp_strz("{\"success\":false,\"errors\":[{\"code\":6003,\"message\":"
					      "\"Invalid headers\",\"error_chain\":[{\"code\":6111,"
					      "\"message\":\"Invalid format\"}]},{\"code\":9}]}"), &env));
	assert_int_equal(env.ncodes, 3);
	assert_true(cf_envelope_has(&env, 6003));
	assert_true(cf_envelope_has(&env, 6111));
	assert_true(cf_envelope_has(&env, 9));
	assert_false(cf_envelope_has(&env, 0));
	assert_string_equal(zsp_text_str(&env.message).p, "6003 Invalid headers; 6111 Invalid format; 9 ");
	cf_envelope_done(&env);
}

static void test_envelope_with_more_errors_than_fit_is_cut(void **state)
{
	struct zsp_text body = ZSP_TEXT(65536);
	struct cf_envelope env;

	(void)state;
	zsp_text_addz(&body, "{\"success\":false,\"errors\":[{\"code\":1}");
	for (int i = 0; i < 30; i++)
		zsp_text_addf(&body, ",{\"code\":%d,\"message\":\"%02000d\"}", i + 2, i);
	zsp_text_addz(&body, "]}");
	assert_true(cf_envelope_read(zsp_text_str(&body), &env));
	assert_int_equal(env.ncodes, CF_CODES);
	assert_in_range(env.message.n, 4000, CF_MESSAGE);
	cf_envelope_done(&env);
	zsp_text_done(&body);
}

/* ---- what it means ------------------------------------------------------------------------ */

struct row {
	int32_t status;
	const char *body;
	int32_t error_class, of_record;
	const char *hint;	/* a part of it */
};

#define E(code, text) "{\"success\":false,\"errors\":[{\"code\":" #code ",\"message\":\"" text "\"}]," \
		      "\"messages\":[],\"result\":null}"
#define CHAIN(code, inner) "{\"success\":false,\"errors\":[{\"code\":" #code ",\"message\":\"m\"," \
			   "\"error_chain\":[{\"code\":" #inner ",\"message\":\"n\"}]}],\"result\":null}"
#define FINE "{\"success\":true,\"errors\":[],\"result\":{}}"
#define HTML "<html><h1>Attention Required!</h1></html>"

static const struct row rows[] = {
	{ 200, FINE, ZSP_OK, 0, "" },
	{ 201, FINE, ZSP_OK, 0, "" },
	/* Status and success must agree. */
	{ 400, FINE, ZSP_CONFIG, 1, "" },
	{ 500, FINE, ZSP_TRANSIENT, 0, "" },
	{ 200, E(12345, "new"), ZSP_TRANSIENT, 0, "" },
	{ 200, "{\"success\":false,\"errors\":[]}", ZSP_TRANSIENT, 0, "" },
	{ 400, E(12345, "new"), ZSP_CONFIG, 1, "" },
	{ 404, E(12345, "new"), ZSP_NOT_FOUND, 0, "" },
	/* Bodies that are not the API's. */
	{ 200, HTML, ZSP_TRANSIENT, 0, "proxy" },
	{ 403, HTML, ZSP_DENIED, 0, "on the way" },
	{ 404, HTML, ZSP_NOT_FOUND, 0, "api-url" },
	{ 502, HTML, ZSP_TRANSIENT, 0, "" },
	{ 522, "", ZSP_TRANSIENT, 0, "" },
	{ 301, "", ZSP_CONFIG, 0, "api-url" },
	/* Rate. */
	{ 429, "error code: 1015", ZSP_RATE_LIMITED, 0, "" },
	{ 429, E(971, "Please wait"), ZSP_RATE_LIMITED, 0, "" },
	{ 400, E(971, "Please wait"), ZSP_RATE_LIMITED, 0, "" },
	/* Tokens. */
	{ 400, E(6003, "Invalid request headers"), ZSP_CONFIG, 0, "malformed" },
	{ 400, CHAIN(6003, 6103), ZSP_CONFIG, 0, "cut" },
	{ 400, CHAIN(6003, 6111), ZSP_CONFIG, 0, "cut" },
	{ 403, E(9103, "Unknown X-Auth-Key or X-Auth-Email"), ZSP_AUTH, 0, "API token" },
	{ 403, E(9109, "Invalid access token"), ZSP_AUTH, 0, "expired" },
	{ 403, E(9109, "Cannot use the access token from location: 192.0.2.1"), ZSP_AUTH, 0, "filter" },
	{ 403, E(9109, "Unauthorized to access requested resource"), ZSP_DENIED, 0, "" },
	{ 401, E(10000, "Authentication error"), ZSP_AUTH, 0, "expired" },
	{ 403, E(10000, "Authentication error"), ZSP_DENIED, 0, "not valid" },
	{ 403, E(0, "Actor requires permission to list zones"), ZSP_DENIED, 0, "" },
	{ 401, E(1000, "Invalid API Token"), ZSP_AUTH, 0, "wrong" },
	{ 400, E(10001, "Unable to authenticate request"), ZSP_AUTH, 0, "wrong" },
	{ 403, E(1038, "You cannot use this API for domains with a .tk"), ZSP_DENIED, 0, "top-level" },
	{ 403, E(1009, "x"), ZSP_DENIED, 0, "zone-id" },
	/* Zones. */
	{ 404, E(7000, "No route for that URI"), ZSP_NOT_FOUND, 0, "zone-id" },
	{ 404, E(7003, "Could not route"), ZSP_NOT_FOUND, 0, "zone-id" },
	{ 400, E(7003, "Could not route"), ZSP_NOT_FOUND, 0, "zone-id" },
	{ 404, E(1001, "Invalid zone identifier"), ZSP_NOT_FOUND, 0, "zone-id" },
	{ 400, E(81045, "quota"), ZSP_CONFIG, 0, "plan" },
	/* Records. */
	{ 400, E(81053, "An A, AAAA or CNAME record"), ZSP_CONFIG, 1, "CNAME" },
	{ 400, E(81054, "A CNAME record"), ZSP_CONFIG, 1, "CNAME" },
	{ 400, E(81056, "NS records"), ZSP_CONFIG, 1, "NS" },
	{ 400, E(81057, "exists"), ZSP_CONFLICT, 1, "already" },
	{ 400, E(81058, "identical"), ZSP_CONFLICT, 1, "already" },
	{ 404, E(81044, "Record does not exist."), ZSP_CONFLICT, 1, "removed" },
	{ 400, E(1004, "DNS Validation Error"), ZSP_BUG, 1, "" },
	{ 400, CHAIN(1004, 9021), ZSP_CONFIG, 0, "ttl" },
	{ 400, CHAIN(1004, 9020), ZSP_CONFIG, 0, "ttl" },
};

static void test_verdict_of_each_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct zsp_http_response response = answer(r->status);
		struct cf_envelope env;
		struct cf_verdict v;

		cf_envelope_read(zsp_strz(r->body), &env);
		v = cf_judge(&response, &env);
		cf_envelope_done(&env);
		if (v.error_class != r->error_class || v.of_record != r->of_record || !strstr(v.hint, r->hint))
			fail_msg("row %zu (HTTP %d, %s): class %d, of_record %d, hint \"%s\"", i,
				 (int)r->status, r->body, (int)v.error_class, (int)v.of_record, v.hint);
	}
}

/* ---- the quota -------------------------------------------------------------------------------- */

static void test_quota_is_the_tightest_item(void **state)
{
	static const struct { const char *header; int32_t found; int64_t left, seconds; } quotas[] = {
		{ "\"default\";r=50;t=30", 1, 50, 30 },
		{ "\"default\"; r=50 ; t=30", 1, 50, 30 },
		{ "\"default\";t=30;r=0", 1, 0, 30 },
		{ "\"a\";r=50;t=30, \"b\";r=7;t=300", 1, 7, 300 },
		{ "\"a\";r=7;t=300,\"b\";r=50;t=30", 1, 7, 300 },
		{ "\"a\";r=x;t=1,\"b\";r=9;t=2", 1, 9, 2 },
		{ "", 0, 0, 0 }, { "r=5", 0, 0, 0 }, { "\"a\";r=-1;t=2", 0, 0, 0 },
		{ "\"a\";r=99999999999;t=2", 0, 0, 0 }, { ";;;,,,", 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(quotas); i++) {
		int64_t left = 0, seconds = 0;

		if (cf_quota_read(zsp_strz(quotas[i].header), &left, &seconds) != quotas[i].found)
			fail_msg("row %zu: %s", i, quotas[i].header);
		assert_int_equal(left, quotas[i].left);
		assert_int_equal(seconds, quotas[i].seconds);
	}
}

/* ---- ids and items ------------------------------------------------------------------------------- */

static void test_id_has_letters_and_digits_only(void **state)
{
	static const char *const good[] = { "a", "023e105f4ecef8ad9ca31a8372d0c353", "ABCxyz019" };
	static const char *const bad[] = { "", "023e105f4ecef8ad9ca31a8372d0c3530", "a/b", "..", "a b", "a%2f",
					   "a?b", "\xc3\xa4", "a\n", "-" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!cf_id_ok(zsp_strz(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (cf_id_ok(zsp_strz(bad[i])))
			fail_msg("%s", bad[i]);
}

struct item_row { const char *json; int32_t zone, record; };

static const struct item_row items[] = {
	{ "{\"id\":\"a1\",\"name\":\"example.org\",\"status\":\"active\",\"type\":\"full\"}", 1, 1 },
	{ "{\"id\":\"a1\",\"name\":\"Example.ORG.\",\"status\":\"active\"}", 1, 0 },
	{ "{\"id\":\"a1\",\"name\":\"_acme-challenge.example.org\",\"type\":\"TXT\",\"content\":\"\\\"v\\\"\"}", 1, 1 },
	{ "{\"id\":\"../a\",\"name\":\"example.org\",\"type\":\"TXT\"}", 0, 0 },
	{ "{\"id\":7,\"name\":\"example.org\",\"type\":\"TXT\"}", 0, 0 },
	{ "{\"name\":\"example.org\",\"type\":\"TXT\"}", 0, 0 },
	{ "{\"id\":\"a1\",\"type\":\"TXT\"}", 0, 0 },
	{ "{\"id\":\"a1\",\"name\":\"a..b\",\"type\":\"TXT\"}", 0, 0 },
	{ "{\"id\":\"a1\",\"name\":\"\",\"type\":\"TXT\"}", 0, 0 },
	{ "[\"a1\"]", 0, 0 }, { "null", 0, 0 }, { "\"a1\"", 0, 0 },
};

static void test_item_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(items); i++) {
		struct zsp_json_doc *doc = zsp_json_parse(zsp_strz(items[i].json), NULL);
		struct cf_zone_item zone;
		struct cf_record record;

		assert_non_null(doc);
		if (cf_zone_read(zsp_json_root(doc), &zone) != items[i].zone ||
		    cf_record_read(zsp_json_root(doc), &record) != items[i].record)
			fail_msg("row %zu: %s", i, items[i].json);
		zsp_json_free(doc);
	}
}

static void test_record_has_its_members(void **state)
{
	struct zsp_json_doc *doc = zsp_json_parse(zsp_strz("{\"id\":\"a1\",\"name\":\"_Acme-Challenge.Example.org\","
							   "\"type\":\"TXT\",\"content\":\"\\\"v\\\"\",\"ttl\":1}"),
						  NULL);
	struct cf_record record;

	(void)state;
	assert_non_null(doc);
	assert_int_equal(cf_record_read(zsp_json_root(doc), &record), 1);
	assert_string_equal(record.id, "a1");
	assert_string_equal(record.name, "_acme-challenge.example.org");
	assert_true(zsp_str_is(record.type, "TXT"));
	assert_true(zsp_txt_is(record.content, zsp_strz("v")));
	zsp_json_free(doc);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope_of_a_list_has_result_and_counts),
		cmocka_unit_test(test_envelope_of_anything_else_is_none),
		cmocka_unit_test(test_envelope_with_a_chain_has_all_codes_and_messages),
		cmocka_unit_test(test_envelope_with_more_errors_than_fit_is_cut),
		cmocka_unit_test(test_verdict_of_each_error),
		cmocka_unit_test(test_quota_is_the_tightest_item),
		cmocka_unit_test(test_id_has_letters_and_digits_only),
		cmocka_unit_test(test_item_is_checked),
		cmocka_unit_test(test_record_has_its_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
