/* SPDX-License-Identifier: Apache-2.0 */
/* Watching servers inside this program: what counts as present, pace, ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"
#include "probe/watch.h"

#define VALUE "AAAAbbbbCCCCddddEEEEffffGGGGhhhhIIIIjjjjKKK"
#define NAME "_acme-challenge.p.test"
#define ZONE { "p.test", "SOA", "5" }
#define END { NULL, NULL, NULL }

static const struct fake_record without[] = { ZONE, END };
static const struct fake_record with[] = { { "p.test", "SOA", "6" }, { NAME, "TXT", VALUE }, END };
static const struct fake_record foreign[] = { ZONE, { NAME, "TXT", "other" }, { NAME, "TXT", VALUE }, END };
static const struct fake_record split[] = { ZONE, { NAME, "TXT", "AAAAbbbb||CCCCddddEEEEffffGGGGhhhhIIIIjjjj|KKK" }, END };
static const struct fake_record wrong_case[] = { ZONE, { NAME, "TXT", "aaaabbbbCCCCddddEEEEffffGGGGhhhhIIIIjjjjKKK" }, END };
static const struct fake_record longer[] = { ZONE, { NAME, "TXT", VALUE "x" }, END };
static const struct fake_record wildcard[] = { ZONE, { "*.p.test", "TXT", "other" }, END };
static const struct fake_record half[] = { ZONE, { NAME, "TXT", VALUE }, { "_acme-challenge.q.p.test", "TXT", "no" }, END };
static const struct fake_record nothing[] = { END };

enum { MAX_ROWS = 4, MAX_REPORTS = 256 };

struct fixture {
	struct zs_loop *loop;
	struct zs_transport *transport;
	struct zs_settings settings;
	struct zs_zones zones;
	struct fake *fakes[MAX_ROWS];
	size_t nfakes;
	struct zs_watch *watch;
	bool done;
	struct zs_err err;
	struct zs_row rows[MAX_ROWS];
	unsigned reports;
	uint32_t at[MAX_REPORTS];
	uint64_t began, took;
};

static uint64_t now(struct fixture *f)
{
	struct zs_clock *clock = zs_loop_clock(f->loop);

	return clock->mono_ms(clock);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->loop = zs_loop_new(NULL);
	f->transport = zs_transport_new(f->loop);
	zs_zones_init(&f->zones, f->loop, f->transport, &f->settings);
	*state = f;
	return 0;
}

static void clear_servers(struct fixture *f)
{
	zs_zones_forget(&f->zones);
	while (f->nfakes)
		fake_free(f->fakes[--f->nfakes]);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	zs_watch_cancel(f->watch);
	clear_servers(f);
	zs_zones_done(&f->zones);
	zs_settings_done(&f->settings);
	zs_transport_free(f->transport);
	zs_loop_free(f->loop);
	free(f);
	return 0;
}

/* Servers for p.test; extra is an address without a server, or NULL. */
static void configure(struct fixture *f, const char *extra)
{
	struct zs_slice servers[MAX_ROWS + 1], resolver = zs_slice_str("127.0.0.1:9");
	struct zs_msg_probe_zone zone = { .servers = { servers, (uint32_t)f->nfakes } };
	struct zs_msg_probe_config config = { .resolvers = { &resolver, 1 }, .zones = { &zone, 1 } };

	assert_true(zs_name_parse(zs_slice_str("p.test"), ZS_NAME_OWNER, &zone.zone, NULL));
	for (size_t i = 0; i < f->nfakes; i++)
		servers[i] = zs_slice_str(fake_addr(f->fakes[i]));
	if (extra)
		servers[zone.servers.n++] = zs_slice_str(extra);
	assert_int_equal(zs_settings_load(&f->settings, &config, NULL), 0);
}

static void add(struct fixture *f, const struct fake_record *records)
{
	f->fakes[f->nfakes] = fake_zone(f->loop, NULL, 0, records);
	assert_non_null(f->fakes[f->nfakes++]);
}

static void on_progress(const struct zs_matrix *m, uint32_t elapsed_ms, void *user)
{
	struct fixture *f = user;

	for (size_t i = 0; i < m->nrows && i < MAX_ROWS; i++)
		f->rows[i] = m->rows[i];
	if (f->reports < MAX_REPORTS)
		f->at[f->reports] = elapsed_ms;
	f->reports++;
}

static void on_end(const struct zs_err *err, void *user)
{
	struct fixture *f = user;

	f->watch = NULL;
	f->done = true;
	f->took = now(f) - f->began;
	if (err)
		f->err = *err;
}

static void start(struct fixture *f, uint32_t policy, uint32_t looks, unsigned ms)
{
	struct zs_msg_txt records[2] = { { .value = zs_slice_str(VALUE) }, { .value = zs_slice_str(VALUE) } };
	struct zs_msg_probe_watch request = { .policy = policy, .percent = 50, .looks = looks, .sleep_ms = 120,
					      .records = { records, 1 } };
	struct zs_watch_fns fns = { on_progress, on_end, f };

	zs_name_parse(zs_slice_str("p.test"), ZS_NAME_OWNER, &request.zone, NULL);
	zs_name_parse(zs_slice_str(NAME), ZS_NAME_OWNER, &records[0].name, NULL);
	zs_name_parse(zs_slice_str("_acme-challenge.q.p.test"), ZS_NAME_OWNER, &records[1].name, NULL);
	if (f->nfakes && f->fakes[0] && policy == 100) {	/* two names */
		request.policy = ZS_POLICY_ALL;
		request.records.n = 2;
	}
	zs_err_clear(&f->err);
	f->done = false;
	f->reports = 0;
	f->began = now(f);
	f->watch = zs_watch_start(&f->zones, &request, f->began + ms, &fns);
	assert_non_null(f->watch);
}

static void watch(struct fixture *f, uint32_t policy, uint32_t looks, unsigned ms)
{
	start(f, policy, looks, ms);
	assert_true(fake_run(f->loop, &f->done, ms + 500));
	assert_true(f->took <= ms + 60);
}

static void test_what_counts_as_present(void **state)
{
	static const struct { const char *label; const struct fake_record *records; enum zs_server_state state; } rows[] = {
		{ "present", with, ZS_SERVER_PRESENT },
		{ "beside a foreign value", foreign, ZS_SERVER_PRESENT },
		{ "split strings", split, ZS_SERVER_PRESENT },
		{ "absent", without, ZS_SERVER_ABSENT },
		{ "wrong case", wrong_case, ZS_SERVER_ABSENT },
		{ "longer", longer, ZS_SERVER_ABSENT },
		{ "wildcard TXT", wildcard, ZS_SERVER_ABSENT },
		{ "not served", nothing, ZS_SERVER_REFUSED },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		add(f, rows[i].records);
		configure(f, NULL);
		watch(f, ZS_POLICY_ALL, 0, 150);
		if (f->rows[0].state != rows[i].state)
			fail_msg("%s: %s", rows[i].label, zs_server_state_name(f->rows[0].state));
		assert_int_equal(f->err.code, rows[i].state == ZS_SERVER_PRESENT ? 0 : ZS_E_PROPAGATION);
		clear_servers(f);
	}
}

static void test_first_look_is_immediate(void **state)
{
	struct fixture *f = *state;

	add(f, with);
	add(f, with);
	configure(f, NULL);
	watch(f, ZS_POLICY_ALL, 0, 1000);
	assert_int_equal(f->err.code, 0);
	assert_true(f->took < 60);
	assert_int_equal(fake_count(f->fakes[1]), 1);
}

static void test_laggard_is_stale_with_serials(void **state)
{
	struct fixture *f = *state;

	add(f, with);
	add(f, without);
	configure(f, NULL);
	watch(f, ZS_POLICY_ALL, 0, 400);
	assert_int_equal(f->err.code, ZS_E_PROPAGATION);
	assert_int_equal(f->rows[0].state, ZS_SERVER_PRESENT);
	assert_int_equal(f->rows[1].state, ZS_SERVER_STALE);
	assert_int_equal(f->rows[0].serial, 6);
	assert_int_equal(f->rows[1].serial, 5);
	assert_non_null(strstr(f->err.text, "serial 5 (newest 6)"));
	for (unsigned i = 1; i + 1 < f->reports; i++)
		assert_true(f->at[i] - f->at[i - 1] >= 99);
}

static void test_record_arrives_later(void **state)
{
	struct fixture *f = *state;
	bool never = false;

	add(f, without);
	configure(f, NULL);
	start(f, ZS_POLICY_ALL, 0, 3000);
	fake_run(f->loop, &never, 150);
	assert_false(f->done);
	fake_set(f->fakes[0], with);
	assert_true(fake_run(f->loop, &f->done, 500));
	assert_int_equal(f->err.code, 0);
}

static void test_policies_with_one_silent_server(void **state)
{
	static const struct { uint32_t policy; int code; } rows[] = {
		{ ZS_POLICY_ALL, ZS_E_PROPAGATION }, { ZS_POLICY_NAMES, ZS_E_PROPAGATION }, { ZS_POLICY_QUORUM, 0 },
		{ ZS_POLICY_ANY, 0 },
	};
	struct fixture *f = *state;

	add(f, with);
	add(f, with);
	configure(f, NULL);
	fake_pause(f->fakes[1], true);
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		watch(f, rows[i].policy, 0, 300);
		assert_int_equal(f->err.code, rows[i].code);
	}
	fake_pause(f->fakes[0], true);
	watch(f, ZS_POLICY_ANY, 0, 300);
	assert_non_null(strstr(f->err.text, "no name server can be reached"));
}

static void test_no_route_is_skipped_and_alone_an_error(void **state)
{
	struct fixture *f = *state;

	/* A port number on an address that IPv6 has no route to, or no IPv6 at all. */
	add(f, with);
	configure(f, "[2001:db8::1]:5353");
	watch(f, ZS_POLICY_ALL, 0, 1000);
	if (f->err.code)
		skip();		/* this machine has a default route */
	assert_int_equal(f->rows[1].state, ZS_SERVER_NO_ROUTE);
	clear_servers(f);
	configure(f, "[2001:db8::1]:5353");
	watch(f, ZS_POLICY_ALL, 0, 1000);
	assert_int_equal(f->err.code, ZS_E_PROPAGATION);
	assert_true(f->took < 200);
	assert_non_null(strstr(f->err.text, "no route"));
}

static void test_looks_are_apart(void **state)
{
	struct fixture *f = *state;

	add(f, with);
	configure(f, NULL);
	watch(f, ZS_POLICY_ALL, 3, 2000);
	assert_int_equal(f->err.code, 0);
	assert_true(f->took >= 2 * ZS_WATCH_GAP_MS && f->took < 700);
	assert_int_equal(f->rows[0].seen, 3);
	assert_int_equal(fake_count(f->fakes[0]), 3);
}

static void flap(struct fake *fake, const struct fake_query *q, void *user)
{
	(void)user;
	fake_answer(fake, q, q->nth == 2 ? without : with);
}

static void test_flapping_starts_the_count_again(void **state)
{
	struct fixture *f = *state;

	f->fakes[f->nfakes++] = fake_new(f->loop, NULL, 0, flap, NULL);
	configure(f, NULL);
	watch(f, ZS_POLICY_ALL, 2, 2000);
	assert_int_equal(f->err.code, 0);
	assert_true(f->took >= 2 * ZS_WATCH_GAP_MS);
	assert_true(fake_count(f->fakes[0]) >= 4);
}

static void test_lame_server_is_passed_over_in_time(void **state)
{
	struct fixture *f = *state;

	add(f, with);
	add(f, nothing);
	configure(f, NULL);
	watch(f, ZS_POLICY_ALL, 0, 6000);
	assert_int_equal(f->err.code, 0);
	assert_true(f->took >= 2000 && f->took < 5000);
	assert_true(f->rows[1].excused);
}

static void not_authoritative(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;
	static const struct fake_record txt = { NAME, "TXT", VALUE };

	(void)user;
	fake_begin(&m, q, 0, 0);
	fake_add(&m, ZS_DNS_ANSWER, &txt);
	fake_send(fake, zs_slice_of(m.b, m.n));
}

static void test_without_authority_is_lame(void **state)
{
	struct fixture *f = *state;

	f->fakes[f->nfakes++] = fake_new(f->loop, NULL, 0, not_authoritative, NULL);
	configure(f, NULL);
	watch(f, ZS_POLICY_ALL, 0, 150);
	assert_int_equal(f->rows[0].state, ZS_SERVER_LAME);
	assert_non_null(strstr(f->err.text, "not authoritative"));
}

static void test_one_of_two_names_is_not_enough(void **state)
{
	struct fixture *f = *state;

	add(f, half);
	configure(f, NULL);
	watch(f, 100, 0, 200);
	assert_int_equal(f->err.code, ZS_E_PROPAGATION);
	assert_int_equal(f->rows[0].state, ZS_SERVER_STALE);
	assert_int_equal(f->rows[0].records, 1);
	assert_int_equal(f->rows[0].wanted, 2);
	/* The name that is done is not asked for again. */
	assert_int_equal(fake_asked(f->fakes[0], NAME), 1);
	assert_true(fake_asked(f->fakes[0], "_acme-challenge.q.p.test") > 2);
}

static void test_sleep(void **state)
{
	struct fixture *f = *state;

	add(f, without);
	configure(f, NULL);
	watch(f, ZS_POLICY_SLEEP, 0, 1000);
	assert_int_equal(f->err.code, 0);
	assert_true(f->took >= 120 && f->took < 300);
	assert_int_equal(fake_count(f->fakes[0]), 0);
	watch(f, ZS_POLICY_SLEEP, 0, 50);
	assert_int_equal(f->err.code, ZS_E_PROPAGATION);
}

static void test_cancel_at_any_time(void **state)
{
	struct fixture *f = *state;
	bool never = false;

	add(f, without);
	add(f, without);
	configure(f, NULL);
	fake_pause(f->fakes[1], true);
	for (unsigned ms = 0; ms < 60; ms += 6) {
		start(f, ZS_POLICY_ALL, 0, 1000);
		fake_run(f->loop, &never, ms);
		zs_watch_cancel(f->watch);
		f->watch = NULL;
	}
	assert_false(f->done);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_what_counts_as_present),
		ROW(test_first_look_is_immediate),
		ROW(test_laggard_is_stale_with_serials),
		ROW(test_record_arrives_later),
		ROW(test_policies_with_one_silent_server),
		ROW(test_no_route_is_skipped_and_alone_an_error),
		ROW(test_looks_are_apart),
		ROW(test_flapping_starts_the_count_again),
		ROW(test_lame_server_is_passed_over_in_time),
		ROW(test_without_authority_is_lame),
		ROW(test_one_of_two_names_is_not_enough),
		ROW(test_sleep),
		ROW(test_cancel_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
