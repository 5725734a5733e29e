/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of base64url and base64: vectors, strictness, round trips.
 */
#include "base/b64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SUM "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
#define SUM_BAD "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX="
#define S(text) zs_slice_str(text)

static const struct {
	const char *plain, *url, *padded;
} vectors[] = {
	{ "", "", "" },
	{ "f", "Zg", "Zg==" },
	{ "fo", "Zm8", "Zm8=" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xff\xef\xfe", "_-_-", "/+/+" },
};

static void test_encode_when_vectors_expect_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(vectors); i++) {
		struct zs_buf buf = ZS_BUF(100);

		zs_b64url_encode(&buf, S(vectors[i].plain));
		assert_string_equal(zs_buf_str(&buf), vectors[i].url);
		zs_buf_clear(&buf);
		zs_b64_encode(&buf, S(vectors[i].plain), false);
		assert_string_equal(zs_buf_str(&buf), vectors[i].padded);
		zs_buf_clear(&buf);
		assert_true(zs_b64_decode_any(&buf, S(vectors[i].padded)));
		assert_string_equal(zs_buf_str(&buf), vectors[i].plain);
		zs_buf_done(&buf);
	}
}

static void test_encode_when_lines_expect_64_a_line(void **state)
{
	struct zs_buf buf = ZS_BUF(1000);
	uint8_t data[97] = { 0 };

	(void)state;
	zs_b64_encode(&buf, zs_slice_of(data, 48), true);
	assert_int_equal(buf.len, 65);
	assert_int_equal(buf.data[64], '\n');
	zs_buf_clear(&buf);
	zs_b64_encode(&buf, zs_slice_of(data, 97), true);
	assert_int_equal(buf.len, 132 + 3);
	assert_int_equal(buf.data[129], '\n');
	assert_int_equal(buf.data[134], '\n');
	zs_buf_clear(&buf);
	zs_b64_encode(&buf, ZS_SLICE_NONE, true);
	assert_int_equal(buf.len, 0);
	zs_buf_done(&buf);
}

static void test_encode_when_no_room_expect_nothing_appended(void **state)
{
	struct zs_buf buf = ZS_BUF(4);

	(void)state;
	zs_b64url_encode(&buf, S("four"));
	assert_true(buf.failed);
	assert_int_equal(buf.len, 0);
	zs_buf_done(&buf);
}

static const struct {
	const char *label, *text;
	bool any; /* the lenient form takes it */
} bad[] = {
	{ "padding", "Zg==", true },
	{ "standard alphabet", "/+/+", true },
	{ "blank", "Zm 9v", true },
	{ "line end", "Zm9v\n", true },
	{ "one character", "Z", false },
	{ "five characters", "Zm9vY", false },
	{ "bits left over, one octet", "Zh", false },
	{ "bits left over, two octets", "Zm9", false },
	{ "foreign character", "Zm9*", false },
	{ "padding inside", "Zg==Zg==", false },
	{ "padding too short", "Zg=", false },
	{ "padding too long", "Zm8==", false },
	{ "padding without need", "Zm9v=", false },
	{ "only padding", "====", false },
	{ "beyond ASCII", "Zm9\xc3", false },
};

static void test_decode_when_bad_expect_refusal_and_same_buffer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(bad); i++) {
		struct zs_buf buf = ZS_BUF(100);

		print_message("  %s\n", bad[i].label);
		zs_buf_add_str(&buf, "old");
		assert_false(zs_b64url_decode(&buf, S(bad[i].text)));
		assert_string_equal(zs_buf_str(&buf), "old");
		assert_int_equal(zs_b64_decode_any(&buf, S(bad[i].text)),
			bad[i].any);
		if (!bad[i].any)
			assert_string_equal(zs_buf_str(&buf), "old");
		assert_false(buf.failed);
		zs_buf_done(&buf);
	}
}

static void test_decode_when_no_room_expect_false(void **state)
{
	struct zs_buf buf = ZS_BUF(2);

	(void)state;
	assert_false(zs_b64url_decode(&buf, S("Zm9v")));
	assert_int_equal(buf.len, 0);
	zs_buf_done(&buf);
}

static void test_ok_expect_alphabet_and_not_empty(void **state)
{
	(void)state;
	assert_true(zs_b64url_ok(S("aZ09-_")));
	assert_false(zs_b64url_ok(S("")));
	assert_false(zs_b64url_ok(S("a=")));
	assert_false(zs_b64url_ok(S("a+")));
	assert_false(zs_b64url_ok(S("a/")));
	assert_true(zs_b64url_key_authorization_ok(S("aZ09-_"), S("aZ09-_." SUM)));
	assert_false(zs_b64url_key_authorization_ok(S("aZ09-_"), S("aZ09-_" SUM)));
	assert_false(zs_b64url_key_authorization_ok(S("aZ09-"), S("aZ09-_." SUM)));
	assert_false(zs_b64url_key_authorization_ok(S("aZ09-_"), S("aZ09-." SUM)));
	assert_false(zs_b64url_key_authorization_ok(S(""), S("." SUM)));
	assert_false(zs_b64url_key_authorization_ok(S("a"), S("a." SUM "a")));
	assert_false(zs_b64url_key_authorization_ok(S("a"), S("a." SUM ".")));
	assert_false(zs_b64url_key_authorization_ok(S("a"), S("a.a")));
	assert_false(zs_b64url_key_authorization_ok(S("a"), S("a")));
	assert_false(zs_b64url_key_authorization_ok(S("a"), S("")));
	assert_false(zs_b64url_key_authorization_ok(S("a/"), S("a/." SUM)));
	assert_false(zs_b64url_key_authorization_ok(S("a"), S("a." SUM_BAD)));
}

static void check_round_trip(struct zs_slice data)
{
	struct zs_buf text = ZS_BUF(4096), back = ZS_BUF(4096);

	zs_b64url_encode(&text, data);
	assert_true(!data.n || zs_b64url_ok(zs_buf_slice(&text)));
	assert_true(zs_b64url_decode(&back, zs_buf_slice(&text)));
	assert_true(zs_slice_eq(data, zs_buf_slice(&back)));
	zs_buf_clear(&text);
	zs_buf_clear(&back);
	zs_b64_encode(&text, data, true);
	assert_true(zs_b64_decode_any(&back, zs_buf_slice(&text)));
	assert_true(zs_slice_eq(data, zs_buf_slice(&back)));
	zs_buf_done(&text);
	zs_buf_done(&back);
}

static void test_round_trip_when_random_expect_same(void **state)
{
	uint8_t data[300];

	(void)state;
	srandom(2);
	for (size_t n = 0; n <= sizeof(data); n++) {
		for (size_t i = 0; i < n; i++)
			data[i] = (uint8_t)(random() & 0xff);
		check_round_trip(zs_slice_of(data, n));
	}
}

/* What decodes strictly is the only spelling: it encodes to itself. */
static void test_decode_when_random_text_expect_canonical(void **state)
{
	static const char some[] = "AZaz09-_QgwEIMUYck=+";

	(void)state;
	srandom(3);
	for (int round = 0; round < 100000; round++) {
		struct zs_buf data = ZS_BUF(64), text = ZS_BUF(64);
		uint8_t raw[12];
		struct zs_slice s = zs_slice_of(raw, (size_t)random() % 12);

		for (size_t i = 0; i < s.n; i++)
			raw[i] = (uint8_t)some[(size_t)random() %
				(sizeof(some) - 1)];
		if (zs_b64url_decode(&data, s)) {
			zs_b64url_encode(&text, zs_buf_slice(&data));
			assert_true(zs_slice_eq(s, zs_buf_slice(&text)));
		}
		zs_buf_done(&data);
		zs_buf_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode_when_vectors_expect_text),
		cmocka_unit_test(test_encode_when_lines_expect_64_a_line),
		cmocka_unit_test(test_encode_when_no_room_expect_nothing_appended),
		cmocka_unit_test(test_decode_when_bad_expect_refusal_and_same_buffer),
		cmocka_unit_test(test_decode_when_no_room_expect_false),
		cmocka_unit_test(test_ok_expect_alphabet_and_not_empty),
		cmocka_unit_test(test_round_trip_when_random_expect_same),
		cmocka_unit_test(test_decode_when_random_text_expect_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
