/* SPDX-License-Identifier: Apache-2.0 */
/* One question, one server that does something wrong: what comes out, and how soon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake.h"
#include "probe/transport.h"

/* Long enough that a random mix of case is never all lower. */
#define NAME "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.z.test"

static const struct fake_record zone[] = {
	{ "z.test", "SOA", "1" },
	{ NAME, "TXT", "one|two" },
	{ NULL, NULL, NULL },
};

struct fixture {
	struct zs_loop *loop;
	struct zs_transport *transport;
	struct fake *fake;
	struct zs_query *query;
	bool done;
	struct zs_answer answer;
	unsigned rcode, records;
	char text[64];
	uint64_t began, took;
	uint16_t ports[8];
};

static uint64_t now(struct fixture *f)
{
	struct zs_clock *clock = zs_loop_clock(f->loop);

	return clock->mono_ms(clock);
}

static void on_answer(const struct zs_answer *answer, void *user)
{
	struct fixture *f = user;

	f->query = NULL;
	f->answer = *answer;
	f->done = true;
	f->took = now(f) - f->began;
	if (!answer->reply)
		return;
	f->rcode = answer->reply->rcode;
	f->records = (unsigned)answer->reply->records.n;
	if (f->records && answer->reply->records.items[0].type == ZS_DNS_TXT)
		(void)zs_slice_copy(answer->reply->records.items[0].text, f->text, sizeof(f->text));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->loop = zs_loop_new(NULL);
	f->transport = zs_transport_new(f->loop);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fake_free(f->fake);
	zs_transport_free(f->transport);
	zs_loop_free(f->loop);
	free(f);
	return 0;
}

static void start(struct fixture *f, const char *addr, uint32_t first_ms, uint32_t budget_ms)
{
	struct zs_ask_one one = { .type = ZS_DNS_TXT, .first_ms = first_ms, .budget_ms = budget_ms, .fn = on_answer,
				  .user = f };

	assert_true(zs_name_parse(zs_slice_str(NAME), ZS_NAME_OWNER, &one.name, NULL));
	assert_true(zs_addr_parse(zs_slice_str(addr), &one.addr));
	f->done = false;
	f->began = now(f);
	f->query = zs_transport_ask(f->transport, &one);
	assert_non_null(f->query);
	assert_false(f->done);
}

static void ask(struct fixture *f, fake_fn *fn, uint32_t first_ms, uint32_t budget_ms)
{
	if (!f->fake)
		f->fake = fn ? fake_new(f->loop, NULL, 0, fn, f) : fake_zone(f->loop, NULL, 0, zone);
	assert_non_null(f->fake);
	start(f, fake_addr(f->fake), first_ms, budget_ms);
	assert_true(fake_run(f->loop, &f->done, 5000));
}

static void assert_good(struct fixture *f)
{
	assert_int_equal(f->answer.net, ZS_NET_ANSWER);
	assert_int_equal(f->rcode, ZS_DNS_NOERROR);
	assert_string_equal(f->text, "onetwo");
}

static void test_plain_answer(void **state)
{
	struct fixture *f = *state;

	ask(f, NULL, 0, 0);
	assert_good(f);
	assert_false(f->answer.plain || f->answer.folded || f->answer.tcp);
	assert_true(f->answer.rtt_us > 0 && f->took < 100);
	assert_int_equal(fake_count(f->fake), 1);
}

/* ---- forged and broken answers --------------------------------------------------------- */

static void liar(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;

	(void)user;
	for (unsigned i = 0; i < 5; i++) {
		fake_begin(&m, q, FAKE_AA, ZS_DNS_NXDOMAIN);
		if (i == 0)
			m.b[0] ^= 1;		/* id */
		else if (i == 1)
			m.b[13] ^= 1;		/* question: name */
		else if (i == 2)
			m.b[m.n - 3] ^= 1;	/* question: type */
		else if (i == 3)
			m.b[2] &= 0x7f;		/* no reply */
		else
			m.b[5] = 0;		/* no question, but more than a header */
		fake_send(fake, zs_slice_of(m.b, m.n));
	}
	fake_send(fake, zs_slice_of(m.b, 3));
	fake_answer(fake, q, zone);
}

static void test_wrong_id_question_and_short_are_ignored(void **state)
{
	struct fixture *f = *state;

	ask(f, liar, 0, 0);
	assert_good(f);
	assert_int_equal(f->answer.ignored, 6);
	assert_int_equal(zs_transport_ignored(f->transport), 6);
}

static void other_source(struct fake *fake, const struct fake_query *q, void *user)
{
	struct fixture *f = user;
	struct fake *other = fake_new(f->loop, NULL, 0, NULL, NULL);
	static struct fake_msg m;

	/* The answer leaves from another port; the right one follows only when asked again. */
	fake_begin(&m, q, FAKE_AA, ZS_DNS_NXDOMAIN);
	assert_non_null(other);
	if (q->nth == 1) {
		char text[32];
		struct zs_addr to;
		struct sockaddr_storage sa;
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		socklen_t len;

		snprintf(text, sizeof(text), "127.0.0.1:%u", q->port);
		assert_true(zs_addr_parse(zs_slice_str(text), &to));
		len = zs_addr_sockaddr(&to, &sa);
		assert_int_equal(sendto(fd, m.b, m.n, 0, (struct sockaddr *)&sa, len), (int)m.n);
		close(fd);
	} else {
		fake_answer(fake, q, zone);
	}
	fake_free(other);
}

static void test_answer_from_another_port_is_ignored(void **state)
{
	struct fixture *f = *state;

	ask(f, other_source, 50, 1000);
	assert_good(f);
	assert_true(f->took >= 50);
}

static void garbage(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;

	(void)user;
	/* Right header and question, then nonsense up to what UDP can carry. */
	fake_begin(&m, q, FAKE_AA, 0);
	m.b[7] = 9;
	memset(m.b + m.n, 0xa5, 65000 - m.n);
	fake_send(fake, zs_slice_of(m.b, 65000));
}

static void test_garbage_ends_at_the_deadline(void **state)
{
	struct fixture *f = *state;

	ask(f, garbage, 40, 200);
	assert_int_equal(f->answer.net, ZS_NET_GARBAGE);
	assert_true(f->took >= 200 && f->took < 400);
	assert_true(f->answer.ignored >= 1);
}

static void silent(struct fake *fake, const struct fake_query *q, void *user)
{
	struct fixture *f = user;

	(void)fake;
	f->ports[q->nth % 8] = q->port;
	assert_int_equal(q->edns, q->nth == 1);
	if (q->nth == 3)
		assert_false(q->mixed);
}

static void test_silence_three_tries_new_ports_then_deadline(void **state)
{
	struct fixture *f = *state;

	ask(f, silent, 50, 350);
	assert_int_equal(f->answer.net, ZS_NET_SILENT);
	assert_int_equal(fake_count(f->fake), 3);
	assert_true(f->took >= 350 && f->took < 500);
	assert_int_not_equal(f->ports[1], f->ports[2]);
	assert_int_not_equal(f->ports[2], f->ports[3]);
	assert_true(zs_transport_penalty(f->transport, &f->answer.addr) > 0);
}

static void test_port_refused_at_once(void **state)
{
	struct fixture *f = *state;
	char addr[ZS_ADDR_TEXT];

	f->fake = fake_zone(f->loop, NULL, 0, zone);
	snprintf(addr, sizeof(addr), "%s", fake_addr(f->fake));
	fake_free(f->fake);
	f->fake = NULL;
	start(f, addr, 0, 0);
	assert_true(fake_run(f->loop, &f->done, 1000));
	assert_int_equal(f->answer.net, ZS_NET_REFUSED);
	assert_true(f->took < 100);
}

/* ---- case and EDNS ---------------------------------------------------------------------------- */

static void drops_mixed(struct fake *fake, const struct fake_query *q, void *user)
{
	(void)user;
	if (!q->mixed)
		fake_answer(fake, q, zone);
}

static void test_mixed_case_dropped_lower_case_is_tried_and_marked(void **state)
{
	struct fixture *f = *state;

	ask(f, drops_mixed, 40, 1000);
	assert_good(f);
	assert_true(f->answer.folded);
	/* The next question begins in lower case. */
	ask(f, drops_mixed, 40, 1000);
	assert_good(f);
	assert_true(f->took < 40);
}

static void folds(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;
	static const struct fake_record txt = { NAME, "TXT", "one|two" };

	(void)user;
	fake_begin(&m, q, FAKE_AA, 0);
	for (size_t i = 12; i < m.n - 4; i++)
		if (m.b[i] >= 'A' && m.b[i] <= 'Z')
			m.b[i] = (uint8_t)(m.b[i] + 32);
	fake_add(&m, ZS_DNS_ANSWER, &txt);
	fake_send(fake, zs_slice_of(m.b, m.n));
}

static void test_case_not_kept_is_ignored_and_asked_again_at_once(void **state)
{
	struct fixture *f = *state;

	ask(f, folds, 400, 2000);
	assert_good(f);
	assert_true(f->answer.folded && f->took < 200);
	assert_int_equal(f->answer.ignored, 1);
	assert_int_equal(fake_count(f->fake), 2);
}

static void no_edns(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;
	unsigned rcode = *(const unsigned *)((struct fixture *)user)->text;

	if (!q->edns) {
		fake_answer(fake, q, zone);
		return;
	}
	fake_begin(&m, q, 0, rcode & 15);
	if (rcode == ZS_DNS_BADVERS) {
		m.b[11] = 1;
		memcpy(m.b + m.n, "\0\0\51\x04\xd0\1\0\0\0\0\0", 11);
		m.n += 11;
	} else if (rcode == ZS_DNS_NOTIMP) {
		m.b[5] = 0;	/* without the question */
		m.n = 12;
	}
	fake_send(fake, zs_slice_of(m.b, m.n));
}

static void test_edns_refused_falls_back_at_once(void **state)
{
	static const unsigned rcodes[] = { ZS_DNS_FORMERR, ZS_DNS_NOTIMP, ZS_DNS_BADVERS };
	struct fixture *f = *state;

	for (size_t i = 0; i < ZS_COUNT(rcodes); i++) {
		memcpy(f->text, &rcodes[i], sizeof(rcodes[i]));
		ask(f, no_edns, 400, 2000);
		assert_good(f);
		assert_true(f->answer.plain && f->took < 200);
		/* Remembered. */
		memcpy(f->text, &rcodes[i], sizeof(rcodes[i]));
		ask(f, no_edns, 400, 2000);
		assert_int_equal(fake_count(f->fake), 3);
		fake_free(f->fake);
		f->fake = NULL;
	}
}

static void drops_edns(struct fake *fake, const struct fake_query *q, void *user)
{
	(void)user;
	if (!q->edns)
		fake_answer(fake, q, zone);
}

static void test_edns_dropped_second_try_is_plain(void **state)
{
	struct fixture *f = *state;

	ask(f, drops_edns, 50, 1000);
	assert_good(f);
	assert_true(f->answer.plain);
	assert_int_equal(fake_count(f->fake), 2);
}

/* ---- TCP ---------------------------------------------------------------------------------------- */

static void truncates(struct fake *fake, const struct fake_query *q)
{
	static struct fake_msg m;

	fake_begin(&m, q, FAKE_AA | FAKE_TC, 0);
	fake_send(fake, zs_slice_of(m.b, m.n));
}

static void truncates_udp(struct fake *fake, const struct fake_query *q, void *user)
{
	(void)user;
	if (q->tcp)
		fake_answer(fake, q, zone);
	else
		truncates(fake, q);
}

static void test_truncated_goes_to_tcp(void **state)
{
	struct fixture *f = *state;

	ask(f, truncates_udp, 0, 0);
	assert_good(f);
	assert_true(f->answer.tcp && f->took < 200);
}

static void large(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;
	static const struct fake_record txt = { NAME, "TXT", "0123456789012345678901234567890123456789012" };

	(void)user;
	if (!q->tcp) {
		truncates(fake, q);
		return;
	}
	fake_begin(&m, q, FAKE_AA, 0);
	while (m.n < 65535 - 100)
		fake_add(&m, ZS_DNS_ANSWER, &txt);
	fake_send(fake, zs_slice_of(m.b, m.n));
}

static void test_64_kib_over_tcp(void **state)
{
	struct fixture *f = *state;

	ask(f, large, 0, 0);
	assert_int_equal(f->answer.net, ZS_NET_ANSWER);
	assert_true(f->records > 400);
}

enum tcp_fault { ZERO_LENGTH, DRIP, WRONG_ID, GARBAGE };

static enum tcp_fault fault;

static void bad_tcp(struct fake *fake, const struct fake_query *q, void *user)
{
	static struct fake_msg m;

	(void)user;
	if (!q->tcp) {
		truncates(fake, q);
		return;
	}
	fake_begin(&m, q, FAKE_AA, 0);
	switch (fault) {
	case ZERO_LENGTH:
		fake_send_raw(fake, zs_slice_of("\0\0", 2));
		break;
	case DRIP:
		fake_send_raw(fake, zs_slice_of("\1\0abc", 5));
		break;
	case WRONG_ID:
		m.b[0] ^= 1;
		fake_send(fake, zs_slice_of(m.b, m.n));
		break;
	case GARBAGE:
		m.b[7] = 3;
		fake_send(fake, zs_slice_of(m.b, m.n));
		break;
	}
}

static void test_bad_tcp_never_outlives_the_deadline(void **state)
{
	static const struct { enum tcp_fault fault; enum zs_net net; const char *label; } rows[] = {
		{ ZERO_LENGTH, ZS_NET_NO_TCP, "zero length" },
		{ DRIP, ZS_NET_NO_TCP, "drip" },
		{ WRONG_ID, ZS_NET_GARBAGE, "wrong id" },
		{ GARBAGE, ZS_NET_GARBAGE, "garbage" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		fault = rows[i].fault;
		ask(f, bad_tcp, 100, 300);
		if (f->answer.net != rows[i].net || f->took > 450)
			fail_msg("%s: outcome %d after %u ms", rows[i].label, f->answer.net, (unsigned)f->took);
	}
}

/* ---- many ------------------------------------------------------------------------------------------ */

static void test_five_hundred_questions_at_once(void **state)
{
	enum { N = 500 };
	struct fixture *f = *state;
	struct zs_ask_one one = { .type = ZS_DNS_TXT, .fn = on_answer, .user = f };
	bool never = false;

	f->fake = fake_zone(f->loop, NULL, 0, zone);
	assert_true(zs_addr_parse(zs_slice_str(fake_addr(f->fake)), &one.addr));
	assert_true(zs_name_parse(zs_slice_str(NAME), ZS_NAME_OWNER, &one.name, NULL));
	for (int i = 0; i < N; i++)
		assert_non_null(zs_transport_ask(f->transport, &one));
	fake_run(f->loop, &never, 300);
	assert_good(f);
	assert_true(fake_count(f->fake) >= N);
}

static void test_cancel_in_every_phase(void **state)
{
	struct fixture *f = *state;
	bool never = false;

	f->fake = fake_new(f->loop, NULL, 0, bad_tcp, f);
	fault = DRIP;
	for (unsigned ms = 0; ms < 40; ms += 4) {
		start(f, fake_addr(f->fake), 10, 1000);
		fake_run(f->loop, &never, ms);
		zs_transport_cancel(f->query);
	}
	assert_false(f->done);
	/* And one is left for the transport to drop. */
	start(f, fake_addr(f->fake), 10, 1000);
}

static void test_addresses(void **state)
{
	static const struct { const char *text, *printed; bool near; } rows[] = {
		{ "192.0.2.1", "192.0.2.1", false }, { "192.0.2.1:53", "192.0.2.1", false },
		{ "10.1.2.3:5353", "10.1.2.3:5353", true }, { "2001:DB8::1", "2001:db8::1", false },
		{ "[2001:db8::1]:5353", "[2001:db8::1]:5353", false }, { "[::1]", "::1", true },
		{ "fd00::1", "fd00::1", true }, { "172.32.0.1", "172.32.0.1", false }, { "172.31.0.1", "172.31.0.1", true },
		{ "", NULL, false }, { "1.2.3", NULL, false }, { "1.2.3.4:0", NULL, false }, { "1.2.3.4:65536", NULL, false },
		{ "[::1]53", NULL, false }, { "[::1", NULL, false }, { "[", NULL, false }, { "[]", NULL, false },
		{ "[::1]]", NULL, false }, { "[[::1]]", NULL, false }, { "[::1]:", NULL, false }, { "[2001:db8::1:53", NULL, false },
		{ "[::1%", NULL, false }, { "ns1.example", NULL, false }, { "1.2.3.4 ", NULL, false },
		{ "1.2.3.4:", NULL, false },
	};
	struct zs_addr addr;
	char text[ZS_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		bool good = zs_addr_parse(zs_slice_str(rows[i].text), &addr);

		if (good != (rows[i].printed != NULL))
			fail_msg("\"%s\"", rows[i].text);
		if (!good)
			continue;
		zs_addr_print(&addr, text);
		assert_string_equal(text, rows[i].printed);
		assert_int_equal(zs_addr_is_near(&addr), rows[i].near);
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_plain_answer),
		ROW(test_wrong_id_question_and_short_are_ignored),
		ROW(test_answer_from_another_port_is_ignored),
		ROW(test_garbage_ends_at_the_deadline),
		ROW(test_silence_three_tries_new_ports_then_deadline),
		ROW(test_port_refused_at_once),
		ROW(test_mixed_case_dropped_lower_case_is_tried_and_marked),
		ROW(test_case_not_kept_is_ignored_and_asked_again_at_once),
		ROW(test_edns_refused_falls_back_at_once),
		ROW(test_edns_dropped_second_try_is_plain),
		ROW(test_truncated_goes_to_tcp),
		ROW(test_64_kib_over_tcp),
		ROW(test_bad_tcp_never_outlives_the_deadline),
		ROW(test_five_hundred_questions_at_once),
		ROW(test_cancel_in_every_phase),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
