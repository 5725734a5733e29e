/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TSIG against vectors that were computed with other software, and against
 * replies of which every octet, bit and length is wrong in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "providers/rfc2136/keyfile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { NOW = 1700000000 };

static const char secret[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
static const char plain[] =
	"123428000001000000010000076578616d706c65047465737400000600010f5f61636d652d6368616c6c656e67"
	"65076578616d706c65047465737400001000010000003c00020176";
static const char compressed[] =
	"123428000001000000010000076578616d706c65047465737400000600010f5f61636d652d6368616c6c656e67"
	"65c00c001000010000003c00020176";
static const char signed_sha256[] =
	"123428000001000000010001076578616d706c65047465737400000600010f5f61636d652d6368616c6c656e67"
	"65076578616d706c65047465737400001000010000003c00020176016b076578616d706c650000fa00ff000000"
	"00003d0b686d61632d7368613235360000006553f100012c002025e3eeb032a597e7b8971129110fe560db6772"
	"a2e10de6292943cc80728ff035123400000000";

struct vector { const char *message, *algorithm, *mac; };

static const struct vector vectors[] = {
	{ plain, "hmac-sha1", "6d9703f0bae0517a4d12a2a8331ac32114deb750" },
	{ plain, "hmac-sha224", "bf06701417b0528993ef4d96317714e09501eca0f0220ac526a2bb5e" },
	{ plain, "hmac-sha256",
	  "25e3eeb032a597e7b8971129110fe560db6772a2e10de6292943cc80728ff035" },
	{ plain, "hmac-sha384",
	  "bbba2e9a377c88a7584e7b3ad949c05da767ea0704ea28835a6267a00a6a8d4fc2d061358b7a51f24bbe50a"
	  "6a0026b2d" },
	{ plain, "hmac-sha512",
	  "59f30633c7b4d48dd9559106271f881b27fa27da4fb0aba9d3042d6bfba12e31f155c9f908f743f653554bf"
	  "412ec4a57f046366d116427d9d151d2cb9e3a3bdf" },
	{ compressed, "hmac-sha1", "ac75a3e502bbbf63378faf12814c3ca9ec3d2e97" },
	{ compressed, "HMAC-SHA256.",
	  "24fcf1029bbceb5aecbc3fac9f7f6d4a8904d866606f0aa995510a0ae25ebb0f" },
	{ compressed, "hmac-sha384",
	  "dbb7d382fef9916ded3e3ddc6e7f8e6aec8fafca98dd99bd0381360207e6a6422d60e65374f8030158133a8"
	  "e94902d2c" },
	{ compressed, "hmac-sha512",
	  "a486854b58fc9402fa39be1ba99ec094257b44510e9e8a9dbff99c5bd6e91e620fc301f8b44a69179ed930d"
	  "16e9e4aaeb6374f6920be58f13f32ce8a8c56307b" },
};

static size_t unhex(const char *text, uint8_t *dst)
{
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++) {
		const char pair[] = { text[2 * i], text[2 * i + 1], 0 };

		dst[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static struct tsig_key key(const char *algorithm)
{
	struct tsig_key k;

	memset(&k, 0, sizeof(k));
	assert_true(wire_name_parse("k.example.", 10, &k.name));
	k.algorithm = tsig_algorithm(algorithm, strlen(algorithm));
	assert_non_null(k.algorithm);
	assert_null(keyfile_secret(secret, sizeof(secret) - 1, &k));
	assert_int_equal(k.secret_len, 32);
	return k;
}

static void test_sign_gives_known_mac(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct tsig_key k = key(vectors[i].algorithm);
		uint8_t message[512], mac[64];
		struct wire w = { message, unhex(vectors[i].message, message), sizeof(message), false };
		struct tsig_mac got;

		assert_true(tsig_sign(&w, &k, NOW, &got));
		assert_int_equal(got.n, unhex(vectors[i].mac, mac));
		assert_memory_equal(got.p, mac, got.n);
		assert_int_equal(wire_peek16(message + WIRE_ARCOUNT), 1);
	}
}

static void test_sign_gives_known_message(void **state)
{
	struct tsig_key k = key("hmac-sha256");
	uint8_t message[512], wanted[512];
	struct wire w = { message, unhex(plain, message), sizeof(message), false };
	struct tsig_mac mac;

	(void)state;
	assert_true(tsig_sign(&w, &k, NOW, &mac));
	assert_int_equal(w.n, unhex(signed_sha256, wanted));
	assert_int_equal(w.n, 154);
	assert_memory_equal(message, wanted, w.n);
	/* A message with no room for the record is left as it is. */
	w = (struct wire){ message, unhex(plain, message), 100, false };
	assert_false(tsig_sign(&w, &k, NOW, &mac));
}

/* ---- replies ---- */

struct reply_spec {
	uint16_t rcode, error;
	uint64_t time, server_time;	/* server_time 0 = no other data */
	bool without_mac;
	const char *key_name;
};

/*
 * A server's answer, made here by the rules of RFC 8945 and not with the code
 * under test.
 */
static size_t make_reply(const struct reply_spec *spec, const struct tsig_key *k,
			 const struct tsig_mac *request, uint8_t dst[512])
{
	uint8_t input[1024], mac[64];
	struct wire in = { input, 0, sizeof(input), false };
	struct wire w = { dst, 0, 512, false };
	struct wire_name zone, owner, algorithm;
	const char *name = spec->key_name ? spec->key_name : "k.example";
	size_t mac_len = 0, start, at;

	assert_true(wire_name_parse("example.test", 12, &zone));
	assert_true(wire_name_parse(name, strlen(name), &owner));
	assert_true(wire_name_parse(k->algorithm->wire_name, strlen(k->algorithm->wire_name),
				    &algorithm));
	wire_put_header(&w, 0x1234, (uint16_t)(WIRE_QR | WIRE_UPDATE | spec->rcode));
	wire_put_question(&w, &zone, WIRE_SOA);
	start = w.n;
	wire_put16(&in, (uint16_t)request->n);
	wire_put(&in, request->p, request->n);
	wire_put(&in, dst, w.n);
	wire_put_name(&in, &owner);
	wire_put16(&in, WIRE_ANY);
	wire_put32(&in, 0);
	wire_put_name(&in, &algorithm);
	wire_put48(&in, spec->time);
	wire_put16(&in, 300);
	wire_put16(&in, spec->error);
	wire_put16(&in, spec->server_time ? 6 : 0);
	if (spec->server_time)
		wire_put48(&in, spec->server_time);
	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, k->algorithm->digest, NULL, k->secret,
				  k->secret_len, in.p, in.n, mac, sizeof(mac), &mac_len));
	if (spec->without_mac)
		mac_len = 0;
	wire_put_name(&w, &owner);
	wire_put16(&w, WIRE_TSIG);
	wire_put16(&w, WIRE_ANY);
	wire_put32(&w, 0);
	at = w.n;
	wire_put16(&w, 0);
	wire_put_name(&w, &algorithm);
	wire_put48(&w, spec->time);
	wire_put16(&w, 300);
	wire_put16(&w, (uint16_t)mac_len);
	wire_put(&w, mac, mac_len);
	wire_put16(&w, 0x1234);
	wire_put16(&w, spec->error);
	wire_put16(&w, spec->server_time ? 6 : 0);
	if (spec->server_time)
		wire_put48(&w, spec->server_time);
	wire_poke16(dst + at, (uint16_t)(w.n - at - 2));
	wire_poke16(dst + WIRE_ARCOUNT, 1);
	assert_false(w.failed);
	assert_true(start < w.n);
	return w.n;
}

struct reply_row {
	const char *label;
	struct reply_spec spec;
	enum tsig_verdict verdict;
	uint64_t server_time;
};

static const struct reply_row replies[] = {
	{ "good", { 0, 0, NOW, 0, false, NULL }, TSIG_GOOD, 0 },
	{ "refused but signed", { 5, 0, NOW, 0, false, NULL }, TSIG_GOOD, 0 },
	{ "key name in upper case", { 0, 0, NOW, 0, false, "K.EXAMPLE" }, TSIG_GOOD, 0 },
	{ "at the edge of the fudge", { 0, 0, NOW + 300, 0, false, NULL }, TSIG_GOOD, 0 },
	{ "too new", { 0, 0, NOW + 301, 0, false, NULL }, TSIG_WRONG_TIME, 0 },
	{ "too old", { 0, 0, NOW - 301, 0, false, NULL }, TSIG_WRONG_TIME, 0 },
	{ "BADSIG", { 9, TSIG_BADSIG, NOW, 0, true, NULL }, TSIG_SERVER_ERROR, 0 },
	{ "BADKEY", { 9, TSIG_BADKEY, NOW, 0, true, NULL }, TSIG_SERVER_ERROR, 0 },
	{ "BADTIME", { 9, TSIG_BADTIME, NOW, NOW + 4000, false, NULL }, TSIG_GOOD, NOW + 4000 },
	{ "BADTRUNC", { 9, TSIG_BADTRUNC, NOW, 0, true, NULL }, TSIG_SERVER_ERROR, 0 },
	{ "other key", { 0, 0, NOW, 0, false, "x.example" }, TSIG_OTHER_KEY, 0 },
	{ "no MAC and no error", { 0, 0, NOW, 0, true, NULL }, TSIG_WRONG_MAC, 0 },
};

static struct tsig_mac request_mac(const struct tsig_key *k)
{
	uint8_t message[512];
	struct wire w = { message, unhex(plain, message), sizeof(message), false };
	struct tsig_mac mac;

	assert_true(tsig_sign(&w, k, NOW, &mac));
	return mac;
}

static void test_verify_judges_reply(void **state)
{
	static const char *const algorithms[] = { "hmac-md5", "hmac-sha1", "hmac-sha224",
						  "hmac-sha256", "hmac-sha384", "hmac-sha512" };

	(void)state;
	for (size_t a = 0; a < COUNT(algorithms); a++) {
		struct tsig_key k = key(algorithms[a]);
		struct tsig_mac mac = request_mac(&k);

		for (size_t i = 0; i < COUNT(replies); i++) {
			uint8_t reply[512];
			size_t n = make_reply(&replies[i].spec, &k, &mac, reply);
			struct tsig_result got;

			tsig_verify(reply, n, &k, &mac, NOW, &got);
			if (got.verdict != replies[i].verdict ||
			    got.error != replies[i].spec.error ||
			    got.server_time != replies[i].server_time)
				fail_msg("%s, %s: verdict %d error %u", algorithms[a],
					 replies[i].label, got.verdict, got.error);
		}
	}
}

static void test_verify_wants_the_request(void **state)
{
	struct tsig_key k = key("hmac-sha256"), other = key("hmac-sha512");
	struct tsig_mac mac = request_mac(&k);
	struct tsig_result got;
	uint8_t reply[512];
	size_t n = make_reply(&replies[0].spec, &k, &mac, reply);

	(void)state;
	mac.p[0] ^= 1;
	tsig_verify(reply, n, &k, &mac, NOW, &got);
	assert_int_equal(got.verdict, TSIG_WRONG_MAC);
	mac.p[0] ^= 1;
	tsig_verify(reply, n, &other, &mac, NOW, &got);
	assert_int_equal(got.verdict, TSIG_OTHER_KEY);
	k.secret[0] ^= 1;
	tsig_verify(reply, n, &k, &mac, NOW, &got);
	assert_int_equal(got.verdict, TSIG_WRONG_MAC);
	/* Not signed at all. */
	wire_poke16(reply + WIRE_ARCOUNT, 0);
	tsig_verify(reply, 30, &k, &mac, NOW, &got);
	assert_int_equal(got.verdict, TSIG_UNSIGNED);
}

/* A copy of the exact size, so that ASan sees one octet too far. */
static enum tsig_verdict verify_copy(const uint8_t *reply, size_t n, const struct tsig_key *k,
				     const struct tsig_mac *mac)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct tsig_result got;

	assert_non_null(copy);
	memcpy(copy, reply, n);
	tsig_verify(copy, n, k, mac, NOW, &got);
	free(copy);
	return got.verdict;
}

static void test_verify_of_truncated_reply_fails(void **state)
{
	struct tsig_key k = key("hmac-sha256");
	struct tsig_mac mac = request_mac(&k);
	uint8_t reply[512];
	size_t n = make_reply(&replies[8].spec, &k, &mac, reply);

	(void)state;
	assert_int_equal(verify_copy(reply, n, &k, &mac), TSIG_GOOD);
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(verify_copy(reply, i, &k, &mac), TSIG_GOOD);
	assert_int_not_equal(verify_copy(reply, n + 1, &k, &mac), TSIG_GOOD);
}

/* Only the id (the original id counts) and the case of letters may differ. */
static bool may_flip(size_t i, const uint8_t *reply, int bit)
{
	uint8_t c = (uint8_t)(reply[i] | 0x20);

	return i < 2 || (bit == 5 && c >= 'a' && c <= 'z');
}

static void test_verify_of_flipped_bit_fails(void **state)
{
	struct tsig_key k = key("hmac-sha256");
	struct tsig_mac mac = request_mac(&k);
	uint8_t reply[512];
	size_t n = make_reply(&replies[8].spec, &k, &mac, reply);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			enum tsig_verdict verdict;

			reply[i] ^= (uint8_t)(1 << bit);
			verdict = verify_copy(reply, n, &k, &mac);
			reply[i] ^= (uint8_t)(1 << bit);
			if (verdict == TSIG_GOOD && !may_flip(i, reply, bit))
				fail_msg("octet %zu bit %d", i, bit);
		}
	}
}

static void test_verify_of_two_records_fails(void **state)
{
	struct tsig_key k = key("hmac-sha256");
	struct tsig_mac mac = request_mac(&k);
	uint8_t reply[1024], twice[1024];
	size_t n = make_reply(&replies[0].spec, &k, &mac, reply);

	(void)state;
	memcpy(twice, reply, n);
	memcpy(twice + n, reply + 30, n - 30);
	wire_poke16(twice + WIRE_ARCOUNT, 2);
	assert_int_equal(verify_copy(twice, n + n - 30, &k, &mac), TSIG_MALFORMED);
	/* In another section. */
	wire_poke16(reply + WIRE_ARCOUNT, 0);
	wire_poke16(reply + WIRE_ANCOUNT, 1);
	assert_int_equal(verify_copy(reply, n, &k, &mac), TSIG_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign_gives_known_mac),
		cmocka_unit_test(test_sign_gives_known_message),
		cmocka_unit_test(test_verify_judges_reply),
		cmocka_unit_test(test_verify_wants_the_request),
		cmocka_unit_test(test_verify_of_truncated_reply_fails),
		cmocka_unit_test(test_verify_of_flipped_bit_fails),
		cmocka_unit_test(test_verify_of_two_records_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
