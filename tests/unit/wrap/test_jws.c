/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of keys, JWS objects, thumbprints and dns-01 values: published vectors,
 * and every signature checked again with OpenSSL's own verification, which
 * shares no code with the signing side.
 */
#include "wrap/jws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "base/b64url.h"
#include "wrap/digest.h"

/* RFC 7517 A.2, as PKCS#8: examples, known to everybody. */
static const char ec_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg870MB6gfuTJ4HtUn\n"
	"UvYMyJpr5eUZNP4Bk43bVdj3eAGhRANCAAQwoEJM0hwpRIOKLXXJKzfnbqINnwCJ\n"
	"OjtO7oo8Cq/sPuBLZekkVtmIi1Kzeb371R7oae8fD8ZbZllpW2zOCBcj\n"
	"-----END PRIVATE KEY-----\n";
static const char rsa_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDS/HtqCh5sZxBK\n"
	"64+Isldmm032ed2tCZtcSmzZqIAVtaEzvwuFbHhxtt8AC1VPzrPC7VErto8UXG6E\n"
	"NHUvq1Khz8EkQI95tYpFeMFkKIVXifeiSeOEyy2fri1n/Zb7kmwZjgdzmf3IFcCv\n"
	"CX3eWq3v9E3nDoJ/SHhDJDm/7rlgaNBHT8UNbZC/OpjfrxBAyJwC1pKrOzwolmCd\n"
	"hv1zt3TOB0BkfO7qoxC9EvmFqOufWf3UJs6lshIPTyo0vKt2S35sVNaEAji8xAWH\n"
	"pZ5m7R8ziUV3Y1xHCvdc+Swg0dpD4b/EGeIipvDQuzWMXjj5ywUK6v6QSBTxrBqk\n"
	"nMqeoMqDAgMBAAECggEAX4cTteJY/gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoV\n"
	"H+HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT\n"
	"0/YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy/nHNKroADIkJ46pRUohsXywbReAdYaM\n"
	"wFs9tv8d/cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2j\n"
	"x4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL+Us2lG\n"
	"VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8QKBgQDzeL7si8wZegxcKyS/\n"
	"vdMqvzrfsWI7tnbvO/yiPqltZRDIs9AFDG09WfAPbRH7rR5MOYPa6Ocy3k+ioyub\n"
	"xF+Y2FVYO2OMyYIyM6lJeJwUePtc65UhhDKpVaVYSHp03foZVliT3c3wFz29jjXH\n"
	"LwH1HPM4ZVDNe80S+fs7SdVt+wKBgQDd185H1y5ir7RL6aQUvOAi2AwR8XMHareF\n"
	"Z6Ey4bSgK6qdve+hsvK6aqNVlA7V0it3CBOcJ2ljMFw59bmvfvQAVeOJZ+380YSK\n"
	"i+ieLOEqmj1VVLvxPMWDGQh2t5xF7Oxn7WRh3+zWoNvG2QMSB8AhMAb0tScAO6fi\n"
	"8hxvrJ6XGQKBgBuLD15HOmGvcvKCVvfyC4+MbqabtJc4vx+1U5EvMY+UnV93KBNK\n"
	"IpmMMSItnpkwLntFDmuXaYBRsgSeHPLUNlReNNl0boCg0z/GpGIRaObQAO+0HvzZ\n"
	"rbmGXNwt5tyNuBthr0ebEg8VMgDds6vC35/RFJrOq2Nzm/GHoipE4gY9AoGBALPZ\n"
	"QB/X4IAbKBUfDmnNkfxNoMNvNq09pBjgIbyJZRExNXn6wOoblFLzHwXDKZ/Janlu\n"
	"r8852GOUkkBe6THQv2oCN5xvCG6dQVG9CVIq2kTalHy4XEG/3fRheA4e3u+Fm0bK\n"
	"G0aJ7o02DdcQmj+kzutY71q1/i9fLcV8OPeEP3IJAoGAGyM/p6JrXySiz1toFgKb\n"
	"WV+JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa+Bk0KWNG\n"
	"DjJHZDdDmFhW3AN7lI+puxk/mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKF\n"
	"YItdldUKGzO6Ia6zTKhAVRU=\n"
	"-----END PRIVATE KEY-----\n";

static const char token[] = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

static struct zs_pkey *read_key(const char *pem)
{
	struct zs_pkey *key = NULL;

	assert_int_equal(zs_pkey_read_pem(zs_slice_str(pem), &key, NULL), 0);
	return key;
}

static struct zs_pkey *make_key(const char *type)
{
	struct zs_pkey *key = NULL;

	assert_int_equal(zs_pkey_new(type, &key, NULL), 0);
	assert_string_equal(zs_pkey_type(key), type);
	return key;
}

/* ---- vectors ---------------------------------------------------------------------- */

static const struct {
	const char *label, *pem, *type, *thumbprint, *txt;
} vectors[] = {
	{ "P-256 of RFC 7517", ec_pem, "ec256", "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
	  "1fCS1lh6WLuBWbvkmdEhdymEvTR8MuI63XqlRVleM9Q" },
	{ "RSA of RFC 7638 3.1", rsa_pem, "rsa2048", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
	  "ZTRx1Ckl1-tM05o5zaizTTA0yUy5AGereMgSNWC6Ll8" },
};

static void test_thumbprint_when_published_key_expect_published_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(vectors); i++) {
		struct zs_pkey *key = read_key(vectors[i].pem);
		struct zs_buf jwk = ZS_BUF(4096);
		char thumbprint[ZS_THUMBPRINT_TEXT], txt[ZS_THUMBPRINT_TEXT];

		print_message("%s\n", vectors[i].label);
		assert_string_equal(zs_pkey_type(key), vectors[i].type);
		assert_int_equal(zs_jws_jwk(key, &jwk, NULL), 0);
		assert_int_equal(zs_jws_thumbprint(zs_buf_slice(&jwk), thumbprint, NULL), 0);
		assert_string_equal(thumbprint, vectors[i].thumbprint);
		assert_int_equal(zs_jws_txt_value(zs_slice_str(token), thumbprint, txt, NULL), 0);
		assert_string_equal(txt, vectors[i].txt);
		zs_buf_done(&jwk);
		zs_pkey_free(key);
	}
}

static void test_thumbprint_when_ed25519_jwk_expect_published_value(void **state)
{
	char thumbprint[ZS_THUMBPRINT_TEXT];

	(void)state;
	assert_int_equal(zs_jws_thumbprint(zs_slice_str("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":"
							"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"),
					   thumbprint, NULL), 0);
	assert_string_equal(thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void test_hmac_when_rfc4231_case_2_expect_published_value(void **state)
{
	static const uint8_t want[] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
					0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43 };
	uint8_t mac[ZS_SHA256];

	(void)state;
	assert_int_equal(zs_digest_hmac_sha256(zs_slice_str("Jefe"), zs_slice_str("what do ya want for nothing?"), mac, NULL), 0);
	assert_memory_equal(mac, want, sizeof(want));
	assert_int_not_equal(zs_digest_hmac_sha256(ZS_SLICE_NONE, zs_slice_str("x"), mac, NULL), 0);
}

/* ---- independent verification --------------------------------------------------------- */

struct parts {
	char *protected, *payload, *signature;
};

static char *cut(const char *text, const char *before, const char *after)
{
	const char *from = strstr(text, before), *to;

	assert_non_null(from);
	from += strlen(before);
	to = strstr(from, after);
	assert_non_null(to);
	return strndup(from, (size_t)(to - from));
}

static struct parts take_apart(const char *jws)
{
	struct parts p = {
		.protected = cut(jws, "{\"protected\":\"", "\",\"payload\":"),
		.payload = cut(jws, "\"payload\":\"", "\",\"signature\":"),
		.signature = cut(jws, "\"signature\":\"", "\"}"),
	};
	char *again;

	/* Three members, in this order, and nothing else. */
	assert_true(asprintf(&again, "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}", p.protected,
			     p.payload, p.signature) > 0);
	assert_string_equal(again, jws);
	free(again);
	return p;
}

static void free_parts(struct parts *p)
{
	free(p->protected);
	free(p->payload);
	free(p->signature);
}

static char *decode(const char *text)
{
	struct zs_buf out = ZS_BUF(65536);
	char *copy;

	if (*text != '\0')
		assert_true(zs_b64url_decode(&out, zs_slice_str(text)));
	copy = strdup(zs_buf_str(&out));
	zs_buf_done(&out);
	return copy;
}

/* The public key through its DER, as a peer would get it. */
static EVP_PKEY *public_half(const struct zs_pkey *key)
{
	struct zs_buf spki = ZS_BUF(4096);
	const unsigned char *p;
	EVP_PKEY *evp;

	assert_int_equal(zs_pkey_spki(key, &spki, NULL), 0);
	p = spki.data;
	evp = d2i_PUBKEY(NULL, &p, (long)spki.len);
	assert_non_null(evp);
	assert_ptr_equal(p, spki.data + spki.len);
	zs_buf_done(&spki);
	return evp;
}

static size_t raw_to_der(const uint8_t *raw, size_t n, unsigned char **der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int len;

	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw, (int)n / 2, NULL), BN_bin2bn(raw + n / 2, (int)n / 2, NULL)), 1);
	*der = NULL;
	len = i2d_ECDSA_SIG(sig, der);
	ECDSA_SIG_free(sig);
	assert_true(len > 0);
	return (size_t)len;
}

static void verify(const struct zs_pkey *key, const struct parts *p)
{
	const char *type = zs_pkey_type(key);
	size_t width = strcmp(type, "ec256") == 0 ? 64 : strcmp(type, "ec384") == 0 ? 96 : 0;
	const EVP_MD *md = width == 96 ? EVP_sha384() : EVP_sha256();
	EVP_PKEY *evp = public_half(key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct zs_buf sig = ZS_BUF(2048);
	unsigned char *der = NULL;
	size_t len;
	char *input;

	assert_true(zs_b64url_decode(&sig, zs_slice_str(p->signature)));
	assert_int_equal(sig.len, width > 0 ? width : (size_t)EVP_PKEY_get_size(evp));
	len = width > 0 ? raw_to_der(sig.data, sig.len, &der) : sig.len;
	assert_true(asprintf(&input, "%s.%s", p->protected, p->payload) > 0);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, md, NULL, evp), 1);
	assert_int_equal(EVP_DigestVerify(ctx, der != NULL ? der : sig.data, len, (unsigned char *)input, strlen(input)), 1);
	free(input);
	OPENSSL_free(der);
	zs_buf_done(&sig);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(evp);
}

static const char *const types[] = { "ec256", "ec384", "rsa2048", "rsa3072", "rsa4096" };
static const char *const algs[] = { "ES256", "ES384", "RS256", "RS256", "RS256" };

static void check_jws(const struct zs_pkey *key, const char *alg, const char *kid)
{
	struct zs_jws jws = { .key = key, .kid = kid, .nonce = zs_slice_str("nonce-_1"),
			      .url = zs_slice_str("https://ca.example/new-order?a=1"), .payload = zs_slice_str("{\"a\":1}") };
	struct zs_buf out = ZS_BUF(65536), jwk = ZS_BUF(4096);
	struct parts p;
	char *header, *want, *payload;

	assert_int_equal(zs_jws_sign(&jws, &out, NULL), 0);
	p = take_apart(zs_buf_str(&out));
	header = decode(p.protected);
	payload = decode(p.payload);
	assert_int_equal(zs_jws_jwk(key, &jwk, NULL), 0);
	if (kid != NULL)
		assert_true(asprintf(&want, "{\"alg\":\"%s\",\"kid\":\"%s\",\"nonce\":\"nonce-_1\",\"url\":\"https://ca.example/new-order?a=1\"}",
				     alg, kid) > 0);
	else
		assert_true(asprintf(&want, "{\"alg\":\"%s\",\"jwk\":%s,\"nonce\":\"nonce-_1\",\"url\":\"https://ca.example/new-order?a=1\"}",
				     alg, zs_buf_str(&jwk)) > 0);
	assert_string_equal(header, want);
	assert_string_equal(payload, "{\"a\":1}");
	verify(key, &p);
	free(header);
	free(payload);
	free(want);
	free_parts(&p);
	zs_buf_done(&out);
	zs_buf_done(&jwk);
}

static void test_sign_when_any_key_type_expect_verifiable_object(void **state)
{
	(void)state;
	for (size_t i = 0; i < ZS_COUNT(types); i++) {
		struct zs_pkey *key = make_key(types[i]);

		check_jws(key, algs[i], NULL);
		check_jws(key, algs[i], "https://ca.example/acct/1");
		zs_pkey_free(key);
	}
}

static void test_sign_when_empty_payload_expect_post_as_get(void **state)
{
	struct zs_pkey *key = read_key(ec_pem);
	struct zs_jws jws = { .key = key, .kid = "https://ca.example/a", .nonce = zs_slice_str("n"), .url = zs_slice_str("https://ca.example/o") };
	struct zs_buf out = ZS_BUF(65536);
	struct parts p;

	(void)state;
	assert_int_equal(zs_jws_sign(&jws, &out, NULL), 0);
	p = take_apart(zs_buf_str(&out));
	assert_string_equal(p.payload, "");
	verify(key, &p);
	free_parts(&p);
	zs_buf_done(&out);
	zs_pkey_free(key);
}

static void test_sign_when_buffer_too_small_expect_failure(void **state)
{
	struct zs_pkey *key = read_key(ec_pem);
	struct zs_jws jws = { .key = key, .nonce = zs_slice_str("n"), .url = zs_slice_str("https://ca.example/o") };
	struct zs_buf out = ZS_BUF(100);

	(void)state;
	assert_int_not_equal(zs_jws_sign(&jws, &out, NULL), 0);
	zs_buf_done(&out);
	zs_pkey_free(key);
}

/* One signature in 128 has an R or S that begins with a zero octet. */
static void test_sign_when_many_signatures_expect_fixed_width(void **state)
{
	static const struct { const char *type; size_t n; } rounds[] = { { "ec256", 3000 }, { "ec384", 1500 } };

	(void)state;
	for (size_t r = 0; r < ZS_COUNT(rounds); r++) {
		struct zs_pkey *key = make_key(rounds[r].type);
		size_t short_ones = 0;

		for (size_t i = 0; i < rounds[r].n; i++) {
			struct zs_jws jws = { .key = key, .kid = "https://ca.example/a", .nonce = zs_slice_str("n"), .url = zs_slice_str("https://ca.example/o") };
			struct zs_buf out = ZS_BUF(4096), sig = ZS_BUF(256);
			struct parts p;

			assert_int_equal(zs_jws_sign(&jws, &out, NULL), 0);
			p = take_apart(zs_buf_str(&out));
			assert_true(zs_b64url_decode(&sig, zs_slice_str(p.signature)));
			if (sig.data[0] == 0 || sig.data[sig.len / 2] == 0) {
				short_ones++;
				verify(key, &p);
			}
			free_parts(&p);
			zs_buf_done(&out);
			zs_buf_done(&sig);
		}
		assert_true(short_ones > 0);
		zs_pkey_free(key);
	}
}

/* One key in 128 has a coordinate that begins with a zero octet. */
static void test_jwk_when_many_keys_expect_fixed_width(void **state)
{
	(void)state;
	for (size_t i = 0; i < 600; i++) {
		struct zs_pkey *key = make_key("ec256");
		struct zs_buf jwk = ZS_BUF(1024);

		assert_int_equal(zs_jws_jwk(key, &jwk, NULL), 0);
		assert_int_equal(jwk.len, strlen("{'crv':'P-256','kty':'EC','x':'','y':''}") + 2 * 43);
		zs_buf_done(&jwk);
		zs_pkey_free(key);
	}
}

static void test_bind_when_checked_with_hmac_expect_match(void **state)
{
	static const uint8_t mac_key[32] = { 1, 2, 3 };
	struct zs_pkey *key = read_key(ec_pem);
	struct zs_jws_binding binding = { .key = key, .kid = zs_slice_str("kid \"1\""), .mac_key = zs_slice_of(mac_key, sizeof(mac_key)),
					  .url = zs_slice_str("https://ca.example/new-account") };
	struct zs_buf out = ZS_BUF(65536), jwk = ZS_BUF(4096), sig = ZS_BUF(64);
	unsigned char want[EVP_MAX_MD_SIZE];
	struct parts p;
	char *header, *payload, *input;

	(void)state;
	assert_int_equal(zs_jws_bind(&binding, &out, NULL), 0);
	p = take_apart(zs_buf_str(&out));
	header = decode(p.protected);
	payload = decode(p.payload);
	assert_string_equal(header, "{\"alg\":\"HS256\",\"kid\":\"kid \\\"1\\\"\",\"url\":\"https://ca.example/new-account\"}");
	assert_int_equal(zs_jws_jwk(key, &jwk, NULL), 0);
	assert_string_equal(payload, zs_buf_str(&jwk));
	assert_true(asprintf(&input, "%s.%s", p.protected, p.payload) > 0);
	assert_non_null(HMAC(EVP_sha256(), mac_key, sizeof(mac_key), (unsigned char *)input, strlen(input), want, NULL));
	assert_true(zs_b64url_decode(&sig, zs_slice_str(p.signature)));
	assert_int_equal(sig.len, 32);
	assert_memory_equal(sig.data, want, 32);
	free(header);
	free(payload);
	free(input);
	free_parts(&p);
	zs_buf_done(&out);
	zs_buf_done(&jwk);
	zs_buf_done(&sig);
	zs_pkey_free(key);
}

/* ---- keys ------------------------------------------------------------------------------- */

static void test_pem_when_written_and_read_expect_same_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct zs_pkey *key = make_key(types[i]), *again;
		struct zs_buf pem = ZS_BUF_SECRET(ZS_MAX_KEY_PEM), a = ZS_BUF(4096), b = ZS_BUF(4096);

		assert_int_equal(zs_pkey_write_pem(key, &pem, NULL), 0);
		assert_true(zs_slice_starts(zs_buf_slice(&pem), "-----BEGIN PRIVATE KEY-----\n"));
		again = read_key(zs_buf_str(&pem));
		assert_string_equal(zs_pkey_type(again), types[i]);
		assert_int_equal(zs_pkey_spki(key, &a, NULL), 0);
		assert_int_equal(zs_pkey_spki(again, &b, NULL), 0);
		assert_true(zs_slice_eq(zs_buf_slice(&a), zs_buf_slice(&b)));
		zs_buf_done(&pem);
		zs_buf_done(&a);
		zs_buf_done(&b);
		zs_pkey_free(key);
		zs_pkey_free(again);
	}
}

static void test_read_when_no_key_expect_storage_error(void **state)
{
	static const char *const wrong[] = {
		"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		/* Ed25519 and P-521 are not for public CAs; encrypted keys need a password. */
		"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQEFDTBK\n-----END ENCRYPTED PRIVATE KEY-----\n",
	};
	char truncated[sizeof(ec_pem)];

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(wrong); i++) {
		struct zs_pkey *key = NULL;

		assert_int_equal(zs_pkey_read_pem(zs_slice_str(wrong[i]), &key, NULL), -ZS_E_STORAGE);
		assert_null(key);
	}
	for (size_t n = 0; n < sizeof(ec_pem) - 30; n++) {
		struct zs_pkey *key = NULL;

		memcpy(truncated, ec_pem, n);
		assert_int_equal(zs_pkey_read_pem(zs_slice_of(truncated, n), &key, NULL), -ZS_E_STORAGE);
	}
}

static void test_type_word_when_asked_expect_table(void **state)
{
	struct zs_pkey *key = NULL;

	(void)state;
	assert_string_equal(zs_pkey_type_word(ZS_SLICE_NONE), "ec256");
	assert_string_equal(zs_pkey_type_word(zs_slice_str("rsa4096")), "rsa4096");
	assert_null(zs_pkey_type_word(zs_slice_str("rsa1024")));
	assert_null(zs_pkey_type_word(zs_slice_str("EC256")));
	assert_int_equal(zs_pkey_new("rsa1024", &key, NULL), -ZS_E_CONFIG);
	zs_pkey_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thumbprint_when_published_key_expect_published_value),
		cmocka_unit_test(test_thumbprint_when_ed25519_jwk_expect_published_value),
		cmocka_unit_test(test_hmac_when_rfc4231_case_2_expect_published_value),
		cmocka_unit_test(test_sign_when_any_key_type_expect_verifiable_object),
		cmocka_unit_test(test_sign_when_empty_payload_expect_post_as_get),
		cmocka_unit_test(test_sign_when_buffer_too_small_expect_failure),
		cmocka_unit_test(test_sign_when_many_signatures_expect_fixed_width),
		cmocka_unit_test(test_jwk_when_many_keys_expect_fixed_width),
		cmocka_unit_test(test_bind_when_checked_with_hmac_expect_match),
		cmocka_unit_test(test_pem_when_written_and_read_expect_same_key),
		cmocka_unit_test(test_read_when_no_key_expect_storage_error),
		cmocka_unit_test(test_type_word_when_asked_expect_table),
	};

	if (zs_pkey_setup(NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
