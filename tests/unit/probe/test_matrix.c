/* SPDX-License-Identifier: Apache-2.0 */
/* States of rows, policies over them, and the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe/matrix.h"
#include "probe/zone.h"

static void test_row_state(void **state)
{
	static const struct { enum zs_look looks[3]; bool older; enum zs_server_state state; } rows[] = {
		{ { ZS_LOOK_PRESENT, ZS_LOOK_PRESENT, ZS_LOOK_PRESENT }, false, ZS_SERVER_PRESENT },
		{ { ZS_LOOK_PRESENT, ZS_LOOK_PRESENT, ZS_LOOK_PRESENT }, true, ZS_SERVER_PRESENT },
		{ { ZS_LOOK_ABSENT, ZS_LOOK_ABSENT, ZS_LOOK_ABSENT }, false, ZS_SERVER_ABSENT },
		{ { ZS_LOOK_ABSENT, ZS_LOOK_ABSENT, ZS_LOOK_ABSENT }, true, ZS_SERVER_STALE },
		{ { ZS_LOOK_PRESENT, ZS_LOOK_ABSENT, ZS_LOOK_PRESENT }, false, ZS_SERVER_STALE },
		{ { ZS_LOOK_ABSENT, ZS_LOOK_PART, ZS_LOOK_ABSENT }, false, ZS_SERVER_STALE },
		{ { ZS_LOOK_PRESENT, ZS_LOOK_NONE, ZS_LOOK_PRESENT }, false, ZS_SERVER_WAIT },
		{ { ZS_LOOK_PRESENT, ZS_LOOK_LAME, ZS_LOOK_ABSENT }, false, ZS_SERVER_LAME },
		{ { ZS_LOOK_REFUSED, ZS_LOOK_LAME, ZS_LOOK_ABSENT }, false, ZS_SERVER_REFUSED },
		{ { ZS_LOOK_REFUSED, ZS_LOOK_NO_ANSWER, ZS_LOOK_ABSENT }, false, ZS_SERVER_NO_ANSWER },
		{ { ZS_LOOK_NO_ROUTE, ZS_LOOK_NO_ANSWER, ZS_LOOK_ABSENT }, false, ZS_SERVER_NO_ROUTE },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++)
		if (zs_row_state(rows[i].looks, 3, rows[i].older) != rows[i].state)
			fail_msg("row %zu", i);
}

/* One letter for each address: P done, p once of two, A absent, S stale, N silent,
 * R no route, X lame and excused, L lame. Two addresses make a name server. */
static void fill(struct zs_row *rows, const char *letters)
{
	for (size_t i = 0; letters[i]; i++) {
		struct zs_row *r = &rows[i];

		memset(r, 0, sizeof(*r));
		r->ns = (uint8_t)(i / 2);
		r->looks = 2;
		r->wanted = 1;
		snprintf(r->server, sizeof(r->server), "ns%zu.test", i / 2);
		snprintf(r->address, sizeof(r->address), "192.0.2.%zu", i);
		switch (letters[i]) {
		case 'P': r->state = ZS_SERVER_PRESENT, r->seen = 2, r->records = 1; break;
		case 'p': r->state = ZS_SERVER_PRESENT, r->seen = 1, r->records = 1; break;
		case 'A': r->state = ZS_SERVER_ABSENT; break;
		case 'S': r->state = ZS_SERVER_STALE, r->serial = 4; break;
		case 'N': r->state = ZS_SERVER_NO_ANSWER; break;
		case 'R': r->state = ZS_SERVER_NO_ROUTE; break;
		case 'X': r->state = ZS_SERVER_LAME, r->excused = true; break;
		default: r->state = ZS_SERVER_LAME;
		}
	}
}

static void test_policies(void **state)
{
	static const struct { const char *rows; bool all, names, half, any; } table[] = {
		{ "PPPP", true, true, true, true },
		{ "PPPp", false, true, true, true },
		{ "PAPA", false, true, true, true },
		{ "PPAA", false, false, true, true },
		{ "PAAA", false, false, false, true },
		{ "PNPN", false, true, true, true },
		{ "PRPR", true, true, true, true },
		{ "PRRR", true, true, true, true },
		{ "RRRR", false, false, false, false },
		{ "PPXX", true, true, true, true },
		{ "XXXX", false, false, false, false },
		{ "PPLL", false, false, true, true },
		{ "PSRR", false, true, true, true },
		{ "AAAA", false, false, false, false },
		{ "pppp", false, false, false, false },
		{ "P", true, true, true, true },
		{ "", false, false, false, false },
	};
	struct zs_row rows[4];
	struct zs_matrix m = { .rows = rows, .percent = 50 };

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(table); i++) {
		const struct { uint32_t policy; bool wanted; } policies[] = {
			{ ZS_POLICY_ALL, table[i].all }, { ZS_POLICY_NAMES, table[i].names },
			{ ZS_POLICY_QUORUM, table[i].half }, { ZS_POLICY_ANY, table[i].any },
			{ ZS_POLICY_PROVIDER, false }, { ZS_POLICY_SLEEP, false }, { 99, false },
		};

		fill(rows, table[i].rows);
		m.nrows = strlen(table[i].rows);
		for (size_t k = 0; k < ZS_COUNT(policies); k++) {
			m.policy = policies[k].policy;
			if (zs_matrix_holds(&m) != policies[k].wanted)
				fail_msg("\"%s\" policy %u", table[i].rows, m.policy);
		}
	}
}

static void test_names_of_fixed_servers_are_their_addresses(void **state)
{
	struct zs_row rows[4];
	struct zs_matrix m = { .rows = rows, .nrows = 2, .policy = ZS_POLICY_NAMES };

	(void)state;
	fill(rows, "PA");
	assert_true(zs_matrix_holds(&m));
	rows[0].ns = rows[1].ns = ZS_NS_NONE;
	assert_false(zs_matrix_holds(&m));
}

static void test_quorum_borders(void **state)
{
	static const struct { unsigned percent; bool holds; } table[] = {
		{ 0, true }, { 25, true }, { 50, true }, { 51, false }, { 75, false }, { 100, false }, { 1000, false },
	};
	struct zs_row rows[4];
	struct zs_matrix m = { .rows = rows, .nrows = 4, .policy = ZS_POLICY_QUORUM };

	(void)state;
	fill(rows, "PPAN");
	for (size_t i = 0; i < ZS_COUNT(table); i++) {
		m.percent = table[i].percent;
		if (zs_matrix_holds(&m) != table[i].holds)
			fail_msg("%u percent", table[i].percent);
	}
}

static void test_serials_wrap(void **state)
{
	(void)state;
	assert_true(zs_serial_is_older(1, 2));
	assert_false(zs_serial_is_older(2, 1));
	assert_false(zs_serial_is_older(2, 2));
	assert_true(zs_serial_is_older(0xffffffff, 5));
}

static void test_text_has_one_line_for_each_address_worst_first(void **state)
{
	struct zs_row rows[4];
	struct zs_matrix m = { .rows = rows, .nrows = 4, .policy = ZS_POLICY_ALL, .negative_ttl = 300 };
	struct zs_err err;

	(void)state;
	assert_true(zs_name_parse(zs_slice_str("z.test"), ZS_NAME_OWNER, &m.zone, NULL));
	fill(rows, "PSNR");
	rows[0].serial = 7;
	rows[0].rtt_us = 1250;
	zs_matrix_err(&m, 61500, &err);
	assert_int_equal(err.code, ZS_E_PROPAGATION);
	assert_string_equal(err.text, "not enough name servers serve the record in zone z.test after 61.5 s (policy all):\n"
			    "  ns0.test 192.0.2.1: stale, 0 of 1 values, serial 4 (newest 7)\n"
			    "  ns1.test 192.0.2.2: no-answer\n"
			    "  ns0.test 192.0.2.0: present 2/2, serial 7, 1.2 ms\n"
			    "  ns1.test 192.0.2.3: no-route");
	assert_non_null(strstr(err.hint, "for 300 s"));
}

static void test_text_of_a_hundred_rows_fits(void **state)
{
	struct zs_row rows[100];
	struct zs_matrix m = { .rows = rows, .nrows = 100, .policy = ZS_POLICY_ALL };
	struct zs_err err;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		fill(&rows[i], "N");
	zs_matrix_err(&m, 1, &err);
	assert_non_null(strstr(err.text, "no name server can be reached"));
	assert_non_null(strstr(err.text, " more"));
	fill(rows, "R");
	m.nrows = 1;
	assert_true(zs_matrix_is_hopeless(&m));
	zs_matrix_err(&m, 1, &err);
	assert_non_null(strstr(err.text, "no route"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_state),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_names_of_fixed_servers_are_their_addresses),
		cmocka_unit_test(test_quorum_borders),
		cmocka_unit_test(test_serials_wrap),
		cmocka_unit_test(test_text_has_one_line_for_each_address_worst_first),
		cmocka_unit_test(test_text_of_a_hundred_rows_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
