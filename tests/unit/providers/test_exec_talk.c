/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that the provider exec speaks with a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "providers/exec/talk.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct zsp_change changes[] = {
	{ ZSP_ADD, 60, ZSP_STR("_acme-challenge.a.test"), ZSP_STR("va\"l"), ZSP_STR("a.test"), ZSP_STR("tok"), ZSP_STR("tok.thumb") },
	{ ZSP_REMOVE, 0, ZSP_STR("_acme-challenge.b.test"), ZSP_STR("w"), { NULL, 0 }, { NULL, 0 }, { NULL, 0 } },
};

/* ---- requests ---- */

static void test_request_of_apply(void **state)
{
	const struct zsp_list list = ZSP_LIST(changes);
	struct zsp_text text = ZSP_TEXT(4096);
	struct zsp_json_out out;

	(void)state;
	talk_apply(&out, &text, zsp_strz("test"), &list);
	talk_end(&out, zsp_strz("s3cret"), 5000);
	assert_string_equal(zsp_text_str(&text).p,
		"{\"version\":1,\"action\":\"apply\",\"zone\":\"test\",\"changes\":["
		"{\"index\":0,\"op\":\"add\",\"name\":\"_acme-challenge.a.test\",\"value\":\"va\\\"l\",\"ttl\":60,"
		"\"identifier\":\"a.test\",\"token\":\"tok\",\"key_authorization\":\"tok.thumb\"},"
		"{\"index\":1,\"op\":\"remove\",\"name\":\"_acme-challenge.b.test\",\"value\":\"w\"}],"
		"\"secret\":\"s3cret\",\"deadline_ms\":5000}\n");
	zsp_text_done(&text);
}

static void test_request_of_check_and_live(void **state)
{
	static const struct zsp_str names[] = { ZSP_STR("_acme-challenge.test") };
	const struct zsp_zone zones[] = { { ZSP_STR("test"), ZSP_LIST(names) } };
	const struct zsp_list list = ZSP_LIST(zones);
	struct zsp_text text = ZSP_TEXT(4096);
	struct zsp_json_out out;

	(void)state;
	talk_check(&out, &text, &list);
	talk_end(&out, (struct zsp_str){ NULL, 0 }, 1);
	assert_string_equal(zsp_text_str(&text).p, "{\"version\":1,\"action\":\"check\",\"zones\":[{\"index\":0,\"zone\":\"test\","
						   "\"names\":[\"_acme-challenge.test\"]}],\"deadline_ms\":1}\n");
	zsp_text_clear(&text);
	talk_live(&out, &text, zsp_strz("test"), zsp_strz("t-1"));
	talk_end(&out, (struct zsp_str){ NULL, 0 }, 1);
	assert_string_equal(zsp_text_str(&text).p,
		"{\"version\":1,\"action\":\"live\",\"zone\":\"test\",\"ticket\":\"t-1\",\"deadline_ms\":1}\n");
	zsp_text_done(&text);
}

/* ---- replies ---- */

static void test_reply_with_results(void **state)
{
	struct talk_reply reply;

	(void)state;
	assert_true(talk_read(zsp_strz("{\"version\":1,\"ticket\":\"T\",\"new\":[],\"results\":["
				       "{\"index\":1,\"status\":\"error\",\"class\":\"rate_limited\",\"text\":\"slow\",\"retry_after\":30},"
				       "{\"index\":0,\"status\":\"ok\"}]}\n"),
		2, &reply));
	assert_int_equal(reply.items[0].error_class, ZSP_OK);
	assert_int_equal(reply.items[1].error_class, ZSP_RATE_LIMITED);
	assert_int_equal(reply.items[1].retry_after_ms, 30000);
	assert_string_equal(reply.items[1].text.p, "slow");
	assert_string_equal(reply.ticket.p, "T");
	assert_int_equal(reply.live, -1);
	talk_done(&reply);
}

static void test_reply_with_status_for_all(void **state)
{
	struct talk_reply reply;

	(void)state;
	assert_true(talk_read(zsp_strz("{\"status\":\"ok\",\"results\":[{\"index\":1,\"status\":\"error\",\"class\":\"not_found\","
				       "\"zone\":\"b.test\"}]}"),
		3, &reply));
	assert_int_equal(reply.items[0].error_class, ZSP_OK);
	assert_int_equal(reply.items[1].error_class, ZSP_NOT_FOUND);
	assert_string_equal(reply.items[1].zone.p, "b.test");
	assert_int_equal(reply.items[2].error_class, ZSP_OK);
	talk_done(&reply);
	assert_true(talk_read(zsp_strz("{\"status\":\"error\",\"retry_after\":99999999}"), 1, &reply));
	assert_int_equal(reply.items[0].error_class, ZSP_TRANSIENT);
	assert_int_equal(reply.items[0].retry_after_ms, 86400000);
	talk_done(&reply);
	assert_true(talk_read(zsp_strz("{\"status\":\"error\",\"class\":\"of the future\"}"), 0, &reply));
	assert_int_equal(reply.all.error_class, ZSP_TRANSIENT);
	talk_done(&reply);
}

static void test_reply_about_live(void **state)
{
	struct talk_reply reply;

	(void)state;
	assert_true(talk_read(zsp_strz("{\"live\":true}"), 0, &reply));
	assert_int_equal(reply.live, 1);
	talk_done(&reply);
	assert_true(talk_read(zsp_strz("{\"live\":false}"), 0, &reply));
	assert_int_equal(reply.live, 0);
	talk_done(&reply);
}

static void test_reply_that_cannot_be_used(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "none" },
		{ " \n", "none" },
		{ "done", "no JSON" },
		{ "[]", "no object" },
		{ "{}", "index 0" },
		{ "{\"version\":2,\"status\":\"ok\"}", "version" },
		{ "{\"version\":\"1\",\"status\":\"ok\"}", "version" },
		{ "{\"status\":true}", "status" },
		{ "{\"status\":\"fine\"}", "status" },
		{ "{\"results\":{}}", "no array" },
		{ "{\"results\":[1]}", "no object" },
		{ "{\"results\":[{\"status\":\"ok\"}]}", "index" },
		{ "{\"results\":[{\"index\":2,\"status\":\"ok\"}]}", "index" },
		{ "{\"results\":[{\"index\":-1,\"status\":\"ok\"}]}", "index" },
		{ "{\"results\":[{\"index\":0}]}", "status" },
		{ "{\"results\":[{\"index\":0,\"status\":\"ok\"},{\"index\":0,\"status\":\"ok\"}]}", "twice" },
		{ "{\"results\":[{\"index\":0,\"status\":\"ok\"}]}", "index 1" },
		{ "{\"status\":\"error\",\"retry_after\":\"soon\"}", "retry_after" },
		{ "{\"status\":\"ok\",\"live\":1}", "live" },
		{ "{\"status\":\"ok\",\"ticket\":\"\"}", "ticket" },
		{ "{\"status\":\"ok\",\"ticket\":7}", "ticket" },
		{ "{\"status\":\"ok\"} {\"status\":\"ok\"}", "no JSON" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct talk_reply reply;

		if (talk_read(zsp_strz(bad[i].text), 2, &reply))
			fail_msg("%s was taken", bad[i].text);
		if (!strstr(reply.why, bad[i].why))
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, reply.why, bad[i].why);
		talk_done(&reply);
	}
}

static void test_ticket_of_largest_size(void **state)
{
	char text[600];
	struct talk_reply reply;

	(void)state;
	for (int n = ZSP_MAX_TICKET; n <= ZSP_MAX_TICKET + 1; n++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "{\"status\":\"ok\",\"ticket\":\"");
		memset(text + at, 'x', (size_t)n);
		snprintf(text + at + n, sizeof(text) - at - (size_t)n, "\"}");
		assert_int_equal(talk_read(zsp_strz(text), 1, &reply), n == ZSP_MAX_TICKET);
		talk_done(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_of_apply),
		cmocka_unit_test(test_request_of_check_and_live),
		cmocka_unit_test(test_reply_with_results),
		cmocka_unit_test(test_reply_with_status_for_all),
		cmocka_unit_test(test_reply_about_live),
		cmocka_unit_test(test_reply_that_cannot_be_used),
		cmocka_unit_test(test_ticket_of_largest_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
