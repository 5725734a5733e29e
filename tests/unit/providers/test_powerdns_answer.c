/* SPDX-License-Identifier: Apache-2.0 */
/* Servers, zones, versions and errors as PowerDNS's API has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "providers/powerdns/answer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_version_tells_whether_single_records_can_be_changed(void **state)
{
	static const struct {
		const char *version;
		int32_t extends;
	} rows[] = {
		{ "4.7.3", 0 },
		{ "4.9.11", 0 },
		{ "4.9.12", 1 },
		{ "4.9.13", 1 },
		{ "4.10.0", 0 },
		{ "5.0.0", 0 },
		{ "5.0.1", 0 },
		{ "5.0.2", 1 },
		{ "5.0.2-alpha1", 1 },
		{ "5.1.0", 1 },
		{ "6.0.0", 1 },
		{ "0.0.20260101.1.master", 0 },
		{ "", 0 },
		{ "5", 0 },
		{ "5.0", 0 },
		{ "5.0.", 0 },
		{ "five", 0 },
		{ "5.0.x", 0 },
		{ "-5.0.2", 0 },
		{ "5..2", 0 },
		{ "99999999999999999999.0.0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (pdns_version_extends(zsp_strz(rows[i].version)) != rows[i].extends)
			fail_msg("version %s", rows[i].version);
}

/* Reads one item with one of the readers. */
static int32_t read_server(const char *text, struct pdns_server *ret)
{
	struct zsp_json_doc *doc = zsp_json_parse(zsp_strz(text), NULL);
	int32_t good = pdns_server_read(zsp_json_root(doc), ret);

	zsp_json_free(doc);
	return good;
}

static int32_t read_zone(const char *text, struct pdns_zone *ret)
{
	struct zsp_json_doc *doc = zsp_json_parse(zsp_strz(text), NULL);
	int32_t good = pdns_zone_read(zsp_json_root(doc), ret);

	zsp_json_free(doc);
	return good;
}

static void test_server_is_read(void **state)
{
	struct pdns_server server;

	(void)state;
	assert_true(read_server("{\"id\":\"localhost\",\"daemon_type\":\"authoritative\",\"version\":\"4.7.3\"}",
		&server));
	assert_string_equal(server.id, "localhost");
	assert_string_equal(server.version, "4.7.3");
	assert_int_equal(server.extends, 0);
	assert_true(read_server("{\"id\":\"a/b\",\"version\":\"5.1.0\"}", &server));
	assert_int_equal(server.extends, 1);
	/* only what is harmless in a message is kept */
	assert_true(read_server("{\"id\":\"x\",\"version\":\"5.1.0\\nevil\"}", &server));
	assert_string_equal(server.version, "5.1.0");
}

static void test_server_of_another_kind_or_without_id_is_none(void **state)
{
	static const char *const rows[] = {
		"{\"id\":\"localhost\",\"daemon_type\":\"recursor\",\"version\":\"5.1.0\"}",
		"{\"version\":\"5.1.0\"}",
		"{\"id\":\"\"}",
		"{\"id\":\".\"}",
		"{\"id\":\"..\"}",
		"{\"id\":\"a b\"}",
		"{\"id\":\"a\\u0001\"}",
		"{\"id\":7}",
		"[]",
		"\"localhost\"",
		"nonsense",
	};
	struct pdns_server server;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (read_server(rows[i], &server))
			fail_msg("%s", rows[i]);
}

static void test_zone_is_read(void **state)
{
	struct pdns_zone zone;

	(void)state;
	assert_true(read_zone("{\"id\":\"Example.ORG.\",\"name\":\"Example.ORG.\",\"kind\":\"Native\","
			      "\"serial\":2026112401,\"soa_edit_api\":\"DEFAULT\"}",
		&zone));
	assert_string_equal(zone.name, "example.org");
	assert_string_equal(zone.id, "Example.ORG.");
	assert_string_equal(zone.kind, "Native");
	assert_true(zone.serial == 2026112401);
	assert_int_equal(zone.counts, 1);
	assert_false(pdns_zone_is_copy(&zone));
}

static void test_zone_says_how_its_serial_moves(void **state)
{
	static const struct {
		const char *member;
		int32_t counts;
	} rows[] = {
		{ ",\"soa_edit_api\":\"DEFAULT\"", 1 },
		{ ",\"soa_edit_api\":\"INCREASE\"", 1 },
		{ ",\"soa_edit_api\":\"\"", 0 },
		{ ",\"soa_edit_api\":\"OFF\"", 0 },
		{ ",\"soa_edit_api\":\"EPOCH\"", -1 },
		{ ",\"soa_edit_api\":7", -1 },
		{ "", -1 },
	};
	struct pdns_zone zone;
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "{\"id\":\"a.\",\"name\":\"a.\"%s}", rows[i].member);
		assert_true(read_zone(text, &zone));
		assert_int_equal(zone.counts, rows[i].counts);
		assert_true(zone.serial == -1);
	}
}

static void test_copies_are_told_from_zones_that_can_be_changed(void **state)
{
	static const struct {
		const char *kind;
		int32_t copy;
	} rows[] = {
		{ "Native", 0 },
		{ "Master", 0 },
		{ "Primary", 0 },
		{ "Producer", 0 },
		{ "", 0 },
		{ "Slave", 1 },
		{ "SLAVE", 1 },
		{ "Secondary", 1 },
		{ "Consumer", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pdns_zone zone = { .name = "a" };

		snprintf(zone.kind, sizeof(zone.kind), "%s", rows[i].kind);
		assert_int_equal(pdns_zone_is_copy(&zone), rows[i].copy);
	}
}

static void test_zone_without_a_name_or_a_usable_id_is_none(void **state)
{
	static const char *const rows[] = {
		"{\"id\":\"a.\"}",
		"{\"name\":\"a.\"}",
		"{\"id\":\"a b\",\"name\":\"a.\"}",
		"{\"id\":\"a.\",\"name\":\"a..b.\"}",
		"{\"id\":\"a.\",\"name\":\"\"}",
		"{\"id\":\"..\",\"name\":\"a.\"}",
		"[]",
		"null",
		"nonsense",
	};
	struct pdns_zone zone;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (read_zone(rows[i], &zone))
			fail_msg("%s", rows[i]);
}

static void test_reason_of_an_error(void **state)
{
	static const struct {
		const char *body, *reason;
	} rows[] = {
		{ "{\"error\": \"RRset a. IN TXT: Name is out of zone\"}", "RRset a. IN TXT: Name is out of zone" },
		{ "Internal Server Error", "Internal Server Error" },
		{ "Not Found\n", "Not Found" },
		{ "<html>502</html>", "" },
		{ "", "" },
		{ "{\"error\":7}", "" },
		{ "{}", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zsp_str body = zsp_strz(rows[i].body);
		struct zsp_json_doc *doc = zsp_json_parse(body, NULL);
		struct zsp_str reason = pdns_error_read(body, doc);

		assert_true(zsp_str_is(reason, rows[i].reason));
		zsp_json_free(doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_tells_whether_single_records_can_be_changed),
		cmocka_unit_test(test_server_is_read),
		cmocka_unit_test(test_server_of_another_kind_or_without_id_is_none),
		cmocka_unit_test(test_zone_is_read),
		cmocka_unit_test(test_zone_says_how_its_serial_moves),
		cmocka_unit_test(test_copies_are_told_from_zones_that_can_be_changed),
		cmocka_unit_test(test_zone_without_a_name_or_a_usable_id_is_none),
		cmocka_unit_test(test_reason_of_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
