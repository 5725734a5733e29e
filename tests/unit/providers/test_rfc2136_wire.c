/* SPDX-License-Identifier: Apache-2.0 */
/* Names and records of the DNS wire format: bounds above all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "providers/rfc2136/wire.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

struct name_row { const char *text, *printed; };

static const struct name_row names[] = {
	{ "example.test", "example.test" },
	{ "Example.TEST.", "example.test" },
	{ "_acme-challenge.a", "_acme-challenge.a" },
	{ "", "." },
	{ ".", "." },
	{ L63, L63 },
	{ L63 "." L63 "." L63 ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi",
	  L63 "." L63 "." L63 ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi" },
	{ L63 "." L63 "." L63 ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij", NULL },
	{ L63 "x", NULL },
	{ "a..b", NULL },
	{ ".a", NULL },
	{ "..", NULL },
	{ "a b", NULL },
	{ "a\\.b", NULL },
	{ "a\nb", NULL },
	{ "\xc3\xa4", NULL },
};

static void test_name_parse_and_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct wire_name name;
		char text[WIRE_NAME_TEXT];
		bool good = wire_name_parse(names[i].text, strlen(names[i].text), &name);

		if (good != (names[i].printed != NULL))
			fail_msg("%s", names[i].text);
		if (!good)
			continue;
		wire_name_print(&name, text);
		assert_string_equal(text, names[i].printed);
	}
}

static void test_name_is_in(void **state)
{
	struct wire_name zone, name, other, root;

	(void)state;
	assert_true(wire_name_parse("example.test", 12, &zone));
	assert_true(wire_name_parse("a.b.example.test", 16, &name));
	assert_true(wire_name_parse("badexample.test", 15, &other));
	assert_true(wire_name_parse("", 0, &root));
	assert_true(wire_name_is_in(&name, &zone));
	assert_true(wire_name_is_in(&zone, &zone));
	assert_true(wire_name_is_in(&zone, &root));
	assert_false(wire_name_is_in(&zone, &name));
	assert_false(wire_name_is_in(&other, &zone));
}

static bool read_name(const uint8_t *p, size_t n, size_t at, struct wire_name *ret, size_t *ret_at)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct wire_reader r = { copy, n, at, false };

	assert_non_null(copy);
	memcpy(copy, p, n);
	wire_get_name(&r, ret);
	*ret_at = r.at;
	free(copy);
	return !r.failed;
}

static void test_compressed_names(void **state)
{
	/* 12: a. 15: b.a. 19: c.b.a. 23: itself 25: forward 27: back to 25
	 * 29: into the header 31: unknown label type 33: half a pointer */
	const uint8_t message[] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		1, 'A', 0,
		1, 'b', 0xc0, 12,
		1, 'c', 0xc0, 15,
		0xc0, 23,
		0xc0, 27, 0xc0, 25,
		0xc0, 2,
		0x40, 0,
		0xc0,
	};
	char text[WIRE_NAME_TEXT];
	struct wire_name name;
	size_t at;

	(void)state;
	assert_true(read_name(message, sizeof(message), 19, &name, &at));
	wire_name_print(&name, text);
	assert_string_equal(text, "c.b.a");
	assert_int_equal(at, 23);
	for (size_t i = 23; i <= sizeof(message); i += 2)
		if (i != 27)
			assert_false(read_name(message, sizeof(message), i, &name, &at));
	assert_false(read_name(message, sizeof(message), 27, &name, &at));
}

/* 200 labels of one octet, each followed by a pointer, add up to too long a name. */
static void test_long_chain_of_pointers_fails(void **state)
{
	uint8_t message[2000] = { 0 };
	struct wire_name name;
	size_t at = WIRE_HEADER, before = 0, after;

	(void)state;
	message[at++] = 0;
	before = WIRE_HEADER;
	for (int i = 0; i < 200; i++) {
		size_t here = at;

		message[at++] = 1;
		message[at++] = 'x';
		wire_poke16(message + at, (uint16_t)(0xc000 | before));
		at += 2;
		before = here;
	}
	assert_false(read_name(message, at, before, &name, &after));
	assert_true(read_name(message, at, before - 4 * 80, &name, &after));
}

static void test_every_truncation_of_record_fails(void **state)
{
	uint8_t message[256];
	struct wire w = { message, 0, sizeof(message), false };
	struct wire_record record = { .type = WIRE_TXT, .class = WIRE_IN, .ttl = 60 };
	struct wire_name name;

	(void)state;
	assert_true(wire_name_parse("a.example.test", 14, &name));
	wire_put_header(&w, 1, 0);
	wire_put_question(&w, &name, WIRE_TXT);
	wire_put_record(&w, &name, &record, "\003abc", 4, WIRE_ANCOUNT);
	assert_false(w.failed);
	for (size_t n = 0; n <= w.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct wire_reader r = { copy, n, 0, false };
		struct wire_header header;

		assert_non_null(copy);
		memcpy(copy, message, n);
		wire_get_header(&r, &header);
		wire_skip_questions(&r, header.count[0]);
		wire_get_record(&r, &record);
		/* Too short a message has no count, but a record is asked for all the same. */
		assert_int_equal(!r.failed, n == w.n);
		free(copy);
	}
	assert_int_equal(record.length, 4);
	assert_true(wire_name_eq(&record.owner, &name));
}

static void test_writer_stops_at_its_end(void **state)
{
	uint8_t message[20];
	struct wire w = { message, 0, sizeof(message), false };
	struct wire_name name;

	(void)state;
	assert_true(wire_name_parse("example.test", 12, &name));
	wire_put_header(&w, 1, 0);
	wire_put_question(&w, &name, WIRE_SOA);
	assert_true(w.failed);
	assert_true(w.n <= sizeof(message));
	assert_int_equal(wire_peek16(message + WIRE_QDCOUNT), 0);
}

static void test_random_octets_do_no_harm(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)(round % 97);
		uint8_t *p = malloc(n ? n : 1);
		struct wire_reader r = { p, n, 0, false };
		struct wire_header header;
		struct wire_record record;
		char text[WIRE_NAME_TEXT];

		assert_non_null(p);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245u + 12345u;
			p[i] = (uint8_t)(seed >> (i % 3 ? 16 : 28));
		}
		wire_get_header(&r, &header);
		wire_skip_questions(&r, header.count[0] & 3);
		for (int i = 0; i < 8 && !r.failed; i++) {
			wire_get_record(&r, &record);
			wire_name_print(&record.owner, text);
		}
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_parse_and_print),
		cmocka_unit_test(test_name_is_in),
		cmocka_unit_test(test_compressed_names),
		cmocka_unit_test(test_long_chain_of_pointers_fails),
		cmocka_unit_test(test_every_truncation_of_record_fails),
		cmocka_unit_test(test_writer_stops_at_its_end),
		cmocka_unit_test(test_random_octets_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
