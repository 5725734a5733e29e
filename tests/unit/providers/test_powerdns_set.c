/* SPDX-License-Identifier: Apache-2.0 */
/* Record sets of PowerDNS's API: found, compared, and written down as changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "providers/powerdns/set.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME "_acme-challenge.example.org"
/* One TXT set with two values in force, one of several strings, and one disabled. */
#define SETS \
	"{\"rrsets\":[" \
	"{\"name\":\"example.org.\",\"type\":\"TXT\",\"ttl\":5,\"records\":[{\"content\":\"\\\"apex\\\"\"}]}," \
	"{\"name\":\"_Acme-Challenge.Example.org.\",\"type\":\"TXT\",\"ttl\":300,\"comments\":[{\"content\":\"c\"}]," \
	"\"records\":[{\"content\":\"\\\"foreign\\\"\",\"disabled\":false}," \
	"{\"content\":\"\\\"a\\\\\\\"b\\\" \\\"second\\\\233\\\"\",\"disabled\":false}," \
	"{\"content\":\"\\\"asleep\\\"\",\"disabled\":true}]}," \
	"{\"name\":\"_acme-challenge.example.org.\",\"type\":\"CAA\",\"ttl\":1,\"records\":[{\"content\":\"0 issue x\"}]}]}"

struct found {
	struct zsp_json_doc *doc;
	struct pdns_set set;
};

static int32_t find(const char *text, struct found *ret)
{
	ret->doc = zsp_json_parse(zsp_strz(text), NULL);
	return pdns_set_find(zsp_json_root(ret->doc), zsp_strz(NAME), &ret->set);
}

static struct zsp_change change(uint32_t op, const char *value)
{
	return (struct zsp_change){ .op = op, .name = ZSP_STR(NAME), .value = zsp_strz(value) };
}

static void test_set_is_found_by_name_in_any_case(void **state)
{
	struct found f;
	uint32_t n = 0;

	(void)state;
	assert_true(find(SETS, &f));
	for (struct zsp_json r = zsp_json_first(f.set.records); r.node; r = zsp_json_next(r))
		n++;
	assert_int_equal(n, 3);
	assert_true(f.set.ttl == 300);
	assert_int_equal(f.set.alias.n, 0);
	zsp_json_free(f.doc);
}

static void test_name_without_a_set_has_none(void **state)
{
	static const char *const rows[] = {
		"{\"rrsets\":[]}",
		"{\"rrsets\":[{\"name\":\"other.org.\",\"type\":\"TXT\",\"ttl\":5,\"records\":[{\"content\":\"x\"}]}]}",
		/* comments only, as a server shows them */
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":0,\"records\":[]}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct found f;

		assert_true(find(rows[i], &f));
		assert_null(f.set.records.node);
		assert_true(f.set.ttl == -1);
		zsp_json_free(f.doc);
	}
}

static void test_alias_is_seen(void **state)
{
	struct found f;

	(void)state;
	assert_true(find("{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"CNAME\",\"ttl\":5,\"records\":["
			 "{\"content\":\"x.example.net.\",\"disabled\":false}]}]}",
		&f));
	assert_true(zsp_str_is(f.set.alias, "x.example.net."));
	zsp_json_free(f.doc);
}

/* What cannot be written back as it was must not be written over. */
static void test_answer_that_cannot_be_relied_on_is_refused(void **state)
{
	static const char *const rows[] = {
		"nonsense",
		"[]",
		"{}",
		"{\"rrsets\":{}}",
		"{\"rrsets\":[7]}",
		"{\"rrsets\":[{\"type\":\"TXT\"}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"records\":[{\"content\":\"x\"}]}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":-1,\"records\":[{\"content\":\"x\"}]}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":4294967296,\"records\":[{\"content\":\"x\"}]}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5,\"records\":{\"content\":\"x\"}}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5,\"records\":[{\"content\":7}]}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5,\"records\":[{}]}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5,\"records\":[{\"content\":\"x\",\"disabled\":1}]}]}",
		"{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5,\"records\":[{\"content\":\"x\"}]},"
		"{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5,\"records\":[{\"content\":\"y\"}]}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct found f;

		if (find(rows[i], &f))
			fail_msg("row %zu: %s", i, rows[i]);
		zsp_json_free(f.doc);
	}
}

static void test_changes_are_compared_with_what_is_there(void **state)
{
	static const struct {
		uint32_t op;
		const char *value;
		int32_t satisfied;
	} rows[] = {
		{ ZSP_ADD, "foreign", 1 },
		{ ZSP_ADD, "a\"bsecond\351", 1 },
		{ ZSP_ADD, "new", 0 },
		{ ZSP_ADD, "asleep", 0 },
		{ ZSP_ADD, "apex", 0 },
		{ ZSP_ADD, "Foreign", 0 },
		{ ZSP_REMOVE, "foreign", 0 },
		{ ZSP_REMOVE, "asleep", 0 },
		{ ZSP_REMOVE, "new", 1 },
	};
	struct found f;

	(void)state;
	assert_true(find(SETS, &f));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zsp_change c = change(rows[i].op, rows[i].value);

		if (pdns_set_satisfies(&f.set, &c) != rows[i].satisfied)
			fail_msg("row %zu: %s", i, rows[i].value);
	}
	zsp_json_free(f.doc);
}

typedef void put_fn(struct zsp_json_out *out, const struct pdns_todo *todo);

static void expect_body(put_fn *put, const char *sets, const struct zsp_change *changes, uint32_t n, const char *wanted)
{
	const struct zsp_change *list[4];
	struct zsp_text text = ZSP_TEXT(4096);
	struct zsp_json_out out;
	struct found f;

	assert_true(find(sets, &f));
	for (uint32_t i = 0; i < n; i++)
		list[i] = &changes[i];
	zsp_json_begin(&out, &text);
	put(&out, &(struct pdns_todo){ ZSP_STR(NAME), 60, &f.set, list, n });
	assert_false(text.failed);
	assert_string_equal(zsp_text_str(&text).p, wanted);
	zsp_text_done(&text);
	zsp_json_free(f.doc);
}

#define HEAD "{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"changetype\":"
#define OTHERS \
	"{\"content\":\"\\\"a\\\\\\\"b\\\" \\\"second\\\\233\\\"\",\"disabled\":false}," \
	"{\"content\":\"\\\"asleep\\\"\",\"disabled\":true}"

static void test_whole_set_keeps_what_others_have(void **state)
{
	const struct zsp_change both[] = { change(ZSP_ADD, "new"), change(ZSP_REMOVE, "foreign") };

	(void)state;
	expect_body(pdns_put_whole, SETS, both, 2, HEAD "\"REPLACE\",\"ttl\":300,\"records\":[" OTHERS ",{\"content\":\"\\\"new\\\"\",\"disabled\":false}]}");
}

static void test_value_that_is_disabled_is_put_in_force(void **state)
{
	const struct zsp_change wake = change(ZSP_ADD, "asleep");

	(void)state;
	expect_body(pdns_put_whole, SETS, &wake, 1, HEAD "\"REPLACE\",\"ttl\":300,\"records\":["
							 "{\"content\":\"\\\"foreign\\\"\",\"disabled\":false},"
							 "{\"content\":\"\\\"a\\\\\\\"b\\\" \\\"second\\\\233\\\"\",\"disabled\":false},"
							 "{\"content\":\"\\\"asleep\\\"\",\"disabled\":false}]}");
}

static void test_first_value_takes_the_wanted_ttl(void **state)
{
	const struct zsp_change add = change(ZSP_ADD, "new");

	(void)state;
	expect_body(pdns_put_whole, "{\"rrsets\":[]}", &add, 1, HEAD "\"REPLACE\",\"ttl\":60,\"records\":["
								     "{\"content\":\"\\\"new\\\"\",\"disabled\":false}]}");
}

static void test_last_value_takes_the_set_along(void **state)
{
	const struct zsp_change gone = change(ZSP_REMOVE, "x");

	(void)state;
	expect_body(pdns_put_whole, "{\"rrsets\":[{\"name\":\"" NAME ".\",\"type\":\"TXT\",\"ttl\":5,\"records\":["
				    "{\"content\":\"\\\"x\\\"\"}]}]}",
		&gone, 1, HEAD "\"DELETE\"}");
}

static void test_single_records_are_added_and_removed_alone(void **state)
{
	const struct zsp_change add = change(ZSP_ADD, "new"), gone = change(ZSP_REMOVE, "a\"bsecond\351");

	(void)state;
	expect_body(pdns_put_single, SETS, &add, 1, HEAD "\"EXTEND\",\"ttl\":300,\"records\":["
							 "{\"content\":\"\\\"new\\\"\",\"disabled\":false}]}");
	/* octet for octet as the server has it */
	expect_body(pdns_put_single, SETS, &gone, 1, HEAD "\"PRUNE\",\"records\":["
							  "{\"content\":\"\\\"a\\\\\\\"b\\\" \\\"second\\\\233\\\"\",\"disabled\":false}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_is_found_by_name_in_any_case),
		cmocka_unit_test(test_name_without_a_set_has_none),
		cmocka_unit_test(test_alias_is_seen),
		cmocka_unit_test(test_answer_that_cannot_be_relied_on_is_refused),
		cmocka_unit_test(test_changes_are_compared_with_what_is_there),
		cmocka_unit_test(test_whole_set_keeps_what_others_have),
		cmocka_unit_test(test_value_that_is_disabled_is_put_in_force),
		cmocka_unit_test(test_first_value_takes_the_wanted_ttl),
		cmocka_unit_test(test_last_value_takes_the_set_along),
		cmocka_unit_test(test_single_records_are_added_and_removed_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
