/* SPDX-License-Identifier: Apache-2.0 */
/* Queries, matching of replies, and what hostile replies are turned into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wrap/dns.h"

static struct zs_name name_of(const char *text)
{
	struct zs_name name;

	assert_true(zs_name_parse(zs_slice_str(text), ZS_NAME_ANY, &name, NULL));
	return name;
}

struct msg { uint8_t b[2048]; size_t n; };

static void put(struct msg *m, const void *data, size_t n)
{
	memcpy(m->b + m->n, data, n);
	m->n += n;
}

static void put16(struct msg *m, unsigned v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(m, b, 2);
}

/* A reply to "a.test TXT" with the counts given; records follow. */
static void begin(struct msg *m, unsigned flags, unsigned answers, unsigned authority, unsigned additional)
{
	m->n = 0;
	put16(m, 0x1234);
	put16(m, flags);
	put16(m, 1);
	put16(m, answers);
	put16(m, authority);
	put16(m, additional);
	put(m, "\1a\4test\0\0\20\0\1", 12);
}

/* Owner is the question's name. */
static void record(struct msg *m, unsigned type, const void *rdata, size_t n)
{
	put(m, "\xc0\x0c", 2);
	put16(m, type);
	put16(m, 1);
	put(m, "\0\0\0\74", 4);
	put16(m, (unsigned)n);
	put(m, rdata, n);
}

static bool parses(const struct msg *m)
{
	struct zs_dns_reply reply;
	bool good = zs_dns_parse(zs_slice_of(m->b, m->n), &reply, NULL) == 0;

	if (good)
		zs_dns_reply_done(&reply);
	return good;
}

static void test_query_bytes(void **state)
{
	struct zs_name name = name_of("a.test");
	struct zs_dns_ask ask = { .name = &name, .type = ZS_DNS_TXT, .id = 0x1234 };
	uint8_t wire[ZS_DNS_MAX_QUERY];
	size_t n = zs_dns_build(&ask, wire);

	(void)state;
	assert_int_equal(n, 24);
	assert_memory_equal(wire, "\x12\x34\0\0\0\1\0\0\0\0\0\0\1a\4test\0\0\20\0\1", 24);
	ask.edns = ask.recurse = true;
	assert_int_equal(zs_dns_build(&ask, wire), 35);
	assert_memory_equal(wire + 24, "\0\0\51\x04\xd0\0\0\0\0\0\0", 11);
	assert_int_equal(wire[2], 1);
}

static void test_query_longest_name_fits(void **state)
{
	char text[ZS_MAX_NAME + 1];
	struct zs_name name;
	struct zs_dns_ask ask = { .name = &name, .type = ZS_DNS_TXT, .edns = true };
	uint8_t wire[ZS_DNS_MAX_QUERY];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[63] = text[127] = text[191] = '.';
	text[ZS_MAX_NAME] = 0;
	name = name_of(text);
	assert_int_equal(zs_dns_build(&ask, wire), ZS_DNS_MAX_QUERY);
}

static void test_match_wrong_replies_are_foreign(void **state)
{
	struct zs_name name = name_of("a.test");
	uint8_t mix[ZS_DNS_MIX];
	struct zs_dns_ask ask = { .name = &name, .type = ZS_DNS_TXT, .id = 0x1234, .mix = mix };
	uint8_t q[ZS_DNS_MAX_QUERY], r[64];
	struct zs_slice query, reply;

	(void)state;
	memset(mix, 0xff, sizeof(mix));
	query = zs_slice_of(q, zs_dns_build(&ask, q));
	assert_memory_equal(q + 12, "\1A\4TEST\0", 8);
	memcpy(r, q, query.n);
	r[2] |= 0x80;
	reply = zs_slice_of(r, query.n);
	assert_int_equal(zs_dns_match(query, reply), ZS_DNS_OURS);
	r[13] = 'a';
	assert_int_equal(zs_dns_match(query, reply), ZS_DNS_FOLDED);
	r[13] = 'b';
	assert_int_equal(zs_dns_match(query, reply), ZS_DNS_FOREIGN);
	r[13] = 'A';
	r[0] ^= 1;
	assert_int_equal(zs_dns_match(query, reply), ZS_DNS_FOREIGN);
	r[0] ^= 1;
	r[21] ^= 1;	/* type */
	assert_int_equal(zs_dns_match(query, reply), ZS_DNS_FOREIGN);
	r[21] ^= 1;
	r[2] ^= 0x08;	/* opcode */
	assert_int_equal(zs_dns_match(query, reply), ZS_DNS_FOREIGN);
	r[2] ^= 0x88;	/* no QR */
	assert_int_equal(zs_dns_match(query, reply), ZS_DNS_FOREIGN);
	r[2] |= 0x80;
	for (size_t n = 0; n < query.n; n++)
		assert_int_not_equal(zs_dns_match(query, zs_slice_of(r, n)), ZS_DNS_OURS);
	r[3] = ZS_DNS_FORMERR;
	r[5] = 0;
	assert_int_equal(zs_dns_match(query, zs_slice_of(r, 12)), ZS_DNS_BARE);
}

static void test_txt_strings_are_joined(void **state)
{
	struct msg m;
	struct zs_dns_reply reply;

	(void)state;
	begin(&m, 0x8400, 3, 0, 0);
	record(&m, ZS_DNS_TXT, "\3abc\0\2de", 8);
	record(&m, ZS_DNS_TXT, "\0", 1);
	record(&m, ZS_DNS_TXT, "\4a\0\"b", 5);
	assert_int_equal(zs_dns_parse(zs_slice_of(m.b, m.n), &reply, NULL), 0);
	assert_int_equal(reply.records.n, 3);
	assert_true(zs_slice_eq_str(reply.records.items[0].text, "abcde"));
	assert_int_equal(reply.records.items[1].text.n, 0);
	assert_true(zs_slice_eq(reply.records.items[2].text, zs_slice_of("a\0\"b", 4)));
	assert_true(reply.authoritative);
	assert_int_equal(reply.records.items[0].ttl, 60);
	assert_string_equal(reply.records.items[2].owner->text, "a.test");
	zs_dns_reply_done(&reply);
}

static void test_all_types_are_read(void **state)
{
	struct msg m;
	struct zs_dns_reply reply;
	const struct zs_dns_record *r;

	(void)state;
	begin(&m, 0x8403, 2, 2, 2);
	record(&m, ZS_DNS_CNAME, "\1B\xc0\x0e", 4);
	record(&m, ZS_DNS_DNAME, "\1x\0", 3);
	record(&m, ZS_DNS_NS, "\2ns\xc0\x0e", 5);
	record(&m, ZS_DNS_SOA, "\0\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x2c", 22);
	record(&m, ZS_DNS_A, "\300\0\2\1", 4);
	record(&m, ZS_DNS_AAAA, "\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	assert_int_equal(zs_dns_parse(zs_slice_of(m.b, m.n), &reply, NULL), 0);
	assert_int_equal(reply.records.n, 6);
	assert_int_equal(reply.rcode, ZS_DNS_NXDOMAIN);
	r = reply.records.items;
	assert_string_equal(r[0].target->text, "b.test");
	assert_string_equal(r[1].target->text, "x");
	assert_string_equal(r[2].target->text, "ns.test");
	assert_int_equal(r[2].section, ZS_DNS_AUTHORITY);
	assert_int_equal(r[3].serial, 9);
	assert_int_equal(r[3].minimum, 300);
	assert_memory_equal(r[4].address, "\300\0\2\1", 4);
	assert_int_equal(r[5].section, ZS_DNS_ADDITIONAL);
	zs_dns_reply_done(&reply);
}

static void test_odd_names_are_escaped_and_equal_nothing(void **state)
{
	struct msg m;
	struct zs_dns_reply reply;
	struct zs_name name;

	(void)state;
	begin(&m, 0x8400, 1, 0, 0);
	record(&m, ZS_DNS_CNAME, "\4a.b\n\4Test\0", 11);
	assert_int_equal(zs_dns_parse(zs_slice_of(m.b, m.n), &reply, NULL), 0);
	assert_string_equal(reply.records.items[0].target->text, "a\\046b\\010.test");
	assert_false(zs_name_parse(zs_slice_str(reply.records.items[0].target->text), ZS_NAME_ANY, &name, NULL));
	zs_dns_reply_done(&reply);
}

static void test_extended_rcode(void **state)
{
	struct msg m;
	struct zs_dns_reply reply;

	(void)state;
	begin(&m, 0x8000, 0, 0, 1);
	put(&m, "\0\0\51\x04\xd0\1\0\0\0\0\0", 11);
	assert_int_equal(zs_dns_parse(zs_slice_of(m.b, m.n), &reply, NULL), 0);
	assert_int_equal(reply.rcode, ZS_DNS_BADVERS);
	assert_true(reply.edns);
	zs_dns_reply_done(&reply);
}

static void test_malformed_is_refused(void **state)
{
	static const struct { const char *label; unsigned type; const char *rdata; size_t n; } rows[] = {
		{ "A too short", ZS_DNS_A, "\1\2\3", 3 },
		{ "A too long", ZS_DNS_A, "\1\2\3\4\5", 5 },
		{ "A empty", ZS_DNS_A, "", 0 },
		{ "AAAA short", ZS_DNS_AAAA, "\1\2\3\4", 4 },
		{ "CNAME empty", ZS_DNS_CNAME, "", 0 },
		{ "CNAME forward pointer", ZS_DNS_CNAME, "\xc0\xff", 2 },
		{ "CNAME pointer to itself", ZS_DNS_CNAME, "\xc0\x24", 2 },
		{ "CNAME with rest", ZS_DNS_CNAME, "\1a\0x", 4 },
		{ "CNAME label of 64", ZS_DNS_CNAME, "\x40" "aaa\0", 5 },
		{ "SOA cut", ZS_DNS_SOA, "\0\0\1\2", 4 },
		{ "TXT string too long", ZS_DNS_TXT, "\5abc", 4 },
		{ "TXT empty", ZS_DNS_TXT, "", 0 },
		{ "pointer into the header", ZS_DNS_NS, "\xc0\4", 2 },
	};
	struct msg m;

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		begin(&m, 0x8400, 1, 0, 0);
		record(&m, rows[i].type, rows[i].rdata, rows[i].n);
		if (parses(&m))
			fail_msg("%s", rows[i].label);
	}
	begin(&m, 0x8400, 2, 0, 0);	/* a record less than promised */
	record(&m, ZS_DNS_TXT, "\1a", 2);
	assert_false(parses(&m));
	begin(&m, 0x8400, 0xffff, 0xffff, 0xffff);
	assert_false(parses(&m));
}

/* Every cut and every flipped byte of a rich reply: no crash, whatever the verdict. */
static void test_mutations_do_no_harm(void **state)
{
	struct msg m, copy;

	(void)state;
	begin(&m, 0x8400, 2, 2, 2);
	record(&m, ZS_DNS_CNAME, "\1B\xc0\x0e", 4);
	record(&m, ZS_DNS_TXT, "\3abc\2de", 7);
	record(&m, ZS_DNS_NS, "\2ns\xc0\x0e", 5);
	record(&m, ZS_DNS_SOA, "\0\0\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x2c", 22);
	record(&m, ZS_DNS_A, "\300\0\2\1", 4);
	put(&m, "\0\0\51\x04\xd0\0\0\0\0\0\4\0\3\0\0", 15);
	assert_true(parses(&m));
	for (size_t n = 0; n < m.n; n++) {
		copy = m;
		copy.n = n;
		assert_false(parses(&copy));
	}
	for (size_t i = 0; i < m.n; i++) {
		for (unsigned v = 0; v < 256; v++) {
			copy = m;
			copy.b[i] = (uint8_t)v;
			(void)parses(&copy);
		}
	}
}

static void test_random_bytes_do_no_harm(void **state)
{
	struct msg m;
	uint32_t x = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		begin(&m, 0x8400, 1, 1, 1);
		while (m.n < 160) {
			x = x * 1664525U + 1013904223U;
			m.b[m.n++] = (uint8_t)(x >> 24);
		}
		(void)parses(&m);
	}
}

static void test_rcode_names(void **state)
{
	(void)state;
	assert_string_equal(zs_dns_rcode_name(ZS_DNS_REFUSED), "REFUSED");
	assert_string_equal(zs_dns_rcode_name(23), "RCODE 23");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query_bytes),
		cmocka_unit_test(test_query_longest_name_fits),
		cmocka_unit_test(test_match_wrong_replies_are_foreign),
		cmocka_unit_test(test_txt_strings_are_joined),
		cmocka_unit_test(test_all_types_are_read),
		cmocka_unit_test(test_odd_names_are_escaped_and_equal_nothing),
		cmocka_unit_test(test_extended_rcode),
		cmocka_unit_test(test_malformed_is_refused),
		cmocka_unit_test(test_mutations_do_no_harm),
		cmocka_unit_test(test_random_bytes_do_no_harm),
		cmocka_unit_test(test_rcode_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
