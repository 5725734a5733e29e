/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds and signs flattened JWS objects with libcrypto.  The algorithm follows
 * from the key and cannot be asked for.  It does not decide what may be signed:
 * that is vault/sign.c.  Runs in the vault.
 */
#include "wrap/jws.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/b64url.h"
#include "base/jsonout.h"
#include "wrap/digest.h"

enum { MAX_HEADER = 8 * 1024, MAX_SIGNATURE = 1024, MAX_SIGN_INPUT = 2 * ZS_MAX_MESSAGE };

struct algorithm {
	const char *type;	/* word of pkey.h */
	const char *alg;
	const char *curve;	/* NULL = RSA */
	int width;		/* octets of a coordinate, of R and of S */
	const EVP_MD *(*digest)(void);
};

static const struct algorithm algorithms[] = {
	{ "ec256", "ES256", "P-256", 32, EVP_sha256 },
	{ "ec384", "ES384", "P-384", 48, EVP_sha384 },
	{ "rsa2048", "RS256", NULL, 0, EVP_sha256 },
	{ "rsa3072", "RS256", NULL, 0, EVP_sha256 },
	{ "rsa4096", "RS256", NULL, 0, EVP_sha256 },
};

static const struct algorithm *algorithm_of(const struct zs_pkey *key)
{
	for (size_t i = 0; i < ZS_COUNT(algorithms); i++)
		if (strcmp(algorithms[i].type, zs_pkey_type(key)) == 0)
			return &algorithms[i];
	return NULL;
}

/* ---- JWK ----------------------------------------------------------------------- */

/* Appends "name":"base64url(parameter)"; width 0 = minimal octets. */
static bool add_number(struct zs_json_out *out, const char *name, const struct zs_pkey *key, const char *param, int width)
{
	uint8_t octets[1024];
	struct zs_buf text = ZS_BUF(2048);
	BIGNUM *n = NULL;
	bool ok = EVP_PKEY_get_bn_param(zs_pkey_handle(key), param, &n) == 1;
	int len = ok && width == 0 ? BN_num_bytes(n) : width;

	ok = ok && len > 0 && len <= (int)sizeof(octets) && BN_bn2binpad(n, octets, len) == len;
	if (ok) {
		zs_b64url_encode(&text, zs_slice_of(octets, (size_t)len));
		ok = !text.failed;
		zs_jout_slice(out, name, zs_buf_slice(&text));
	}
	BN_free(n);
	zs_buf_done(&text);
	return ok;
}

static bool add_ec(struct zs_json_out *out, const struct zs_pkey *key, const struct algorithm *algorithm)
{
	zs_jout_str(out, "crv", algorithm->curve);
	zs_jout_str(out, "kty", "EC");
	return add_number(out, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, algorithm->width) &&
	       add_number(out, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, algorithm->width);
}

static bool add_rsa(struct zs_json_out *out, const struct zs_pkey *key)
{
	bool ok = add_number(out, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);

	zs_jout_str(out, "kty", "RSA");
	return ok && add_number(out, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
}

int zs_jws_jwk(const struct zs_pkey *key, struct zs_buf *dst, struct zs_err *err)
{
	const struct algorithm *algorithm = algorithm_of(key);
	struct zs_json_out out;
	bool ok;

	zs_jout_init(&out, dst, false);
	zs_jout_object(&out, NULL);
	ok = algorithm->curve != NULL ? add_ec(&out, key, algorithm) : add_rsa(&out, key);
	zs_jout_end(&out, '}');
	ERR_clear_error();
	if (!ok || dst->failed)
		ZS_FAIL(err, ZS_E_BUG, "cannot express the public key as a JWK");
	return 0;
}

/* base64url of a SHA-256 is 43 characters. */
static int digest_text(struct zs_slice data, char dst[static ZS_THUMBPRINT_TEXT], struct zs_err *err)
{
	uint8_t digest[ZS_SHA256];
	struct zs_buf text = ZS_BUF(ZS_THUMBPRINT_TEXT);
	int rc = zs_digest_sha256(data, digest, err);

	if (rc == 0) {
		zs_b64url_encode(&text, zs_slice_of(digest, sizeof(digest)));
		if (!zs_slice_copy(zs_buf_slice(&text), dst, ZS_THUMBPRINT_TEXT))
			rc = zs_err_set(err, ZS_E_NOMEM, "out of memory for a digest");
	}
	zs_buf_done(&text);
	return rc;
}

int zs_jws_thumbprint(struct zs_slice jwk, char dst[static ZS_THUMBPRINT_TEXT], struct zs_err *err)
{
	return digest_text(jwk, dst, err);
}

int zs_jws_key_authorization(struct zs_slice token, const char *thumbprint, char dst[static ZS_MAX_KEY_AUTHORIZATION + 1],
			     struct zs_err *err)
{
	if (token.n > ZS_MAX_TOKEN)
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "the challenge token is too long");
	(void)snprintf(dst, ZS_MAX_KEY_AUTHORIZATION + 1, "%.*s.%s", (int)token.n, (const char *)token.p, thumbprint);
	return 0;
}

int zs_jws_txt_value(struct zs_slice token, const char *thumbprint, char dst[static ZS_THUMBPRINT_TEXT],
		     struct zs_err *err)
{
	char text[ZS_MAX_KEY_AUTHORIZATION + 1];
	int rc = zs_jws_key_authorization(token, thumbprint, text, err);

	return rc != 0 ? rc : digest_text(zs_slice_str(text), dst, err);
}

/* ---- signatures ------------------------------------------------------------------ */

/* DER SEQUENCE{r,s} -> R||S of fixed width (RFC 7518 3.4). */
static bool raw_from_der(const uint8_t *der, size_t len, int width, struct zs_buf *dst)
{
	const unsigned char *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	uint8_t raw[2 * 66];
	bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, width) == width &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + width, width) == width;

	if (ok)
		zs_buf_add(dst, raw, 2 * (size_t)width);
	ECDSA_SIG_free(sig);
	return ok;
}

static int make_signature(const struct zs_pkey *key, struct zs_slice input, struct zs_buf *dst, struct zs_err *err)
{
	const struct algorithm *algorithm = algorithm_of(key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[MAX_SIGNATURE];
	size_t len = sizeof(sig);
	bool ok = ctx != NULL &&
		  EVP_DigestSignInit(ctx, NULL, algorithm->digest(), NULL, zs_pkey_handle(key)) == 1 &&
		  EVP_DigestSign(ctx, sig, &len, input.p, input.n) == 1;

	if (ok && algorithm->curve != NULL)
		ok = raw_from_der(sig, len, algorithm->width, dst);
	else if (ok)
		zs_buf_add(dst, sig, len);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!ok || dst->failed)
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot sign");
	return 0;
}

/* ---- objects ----------------------------------------------------------------------- */

/* "base64url(header).base64url(payload)"; *ret_dot is where the dot is. */
static void add_input(struct zs_buf *dst, struct zs_slice header, struct zs_slice payload, size_t *ret_dot)
{
	zs_b64url_encode(dst, header);
	*ret_dot = dst->len;
	zs_buf_add_byte(dst, '.');
	if (payload.n > 0)
		zs_b64url_encode(dst, payload);
}

static void add_object(struct zs_buf *dst, struct zs_slice input, size_t dot, struct zs_slice signature)
{
	struct zs_buf text = ZS_BUF(2 * MAX_SIGNATURE);
	struct zs_json_out out;

	zs_b64url_encode(&text, signature);
	zs_jout_init(&out, dst, false);
	zs_jout_object(&out, NULL);
	zs_jout_slice(&out, "protected", zs_slice_of(input.p, dot));
	zs_jout_slice(&out, "payload", zs_slice_of(input.p + dot + 1, input.n - dot - 1));
	zs_jout_slice(&out, "signature", zs_buf_slice(&text));
	zs_jout_end(&out, '}');
	if (text.failed)
		dst->failed = true;
	zs_buf_done(&text);
}

static int write_header(const struct zs_jws *jws, struct zs_buf *dst, struct zs_err *err)
{
	struct zs_buf jwk = ZS_BUF(MAX_HEADER);
	struct zs_json_out out;
	int rc = 0;

	zs_jout_init(&out, dst, false);
	zs_jout_object(&out, NULL);
	zs_jout_str(&out, "alg", algorithm_of(jws->key)->alg);
	if (jws->kid == NULL) {
		rc = zs_jws_jwk(jws->key, &jwk, err);
		zs_jout_raw(&out, "jwk", zs_buf_slice(&jwk));
	} else {
		zs_jout_str(&out, "kid", jws->kid);
	}
	zs_jout_slice(&out, "nonce", jws->nonce);
	zs_jout_slice(&out, "url", jws->url);
	zs_jout_end(&out, '}');
	zs_buf_done(&jwk);
	return rc;
}

int zs_jws_sign(const struct zs_jws *jws, struct zs_buf *dst, struct zs_err *err)
{
	struct zs_buf header = ZS_BUF(MAX_HEADER), input = ZS_BUF(MAX_SIGN_INPUT), sig = ZS_BUF(MAX_SIGNATURE);
	size_t dot = 0;
	int rc = write_header(jws, &header, err);

	if (rc != 0)
		goto out;
	add_input(&input, zs_buf_slice(&header), jws->payload, &dot);
	if (header.failed || input.failed) {
		rc = zs_err_set(err, ZS_E_NOMEM, "no room for the signed request");
		goto out;
	}
	rc = make_signature(jws->key, zs_buf_slice(&input), &sig, err);
	if (rc != 0)
		goto out;
	add_object(dst, zs_buf_slice(&input), dot, zs_buf_slice(&sig));
	if (dst->failed)
		rc = zs_err_set(err, ZS_E_NOMEM, "no room for the signed request");
out:
	zs_buf_done(&header);
	zs_buf_done(&input);
	zs_buf_done(&sig);
	return rc;
}

static void write_binding_header(const struct zs_jws_binding *binding, struct zs_buf *dst)
{
	struct zs_json_out out;

	zs_jout_init(&out, dst, false);
	zs_jout_object(&out, NULL);
	zs_jout_str(&out, "alg", "HS256");
	zs_jout_slice(&out, "kid", binding->kid);
	zs_jout_slice(&out, "url", binding->url);
	zs_jout_end(&out, '}');
}

int zs_jws_bind(const struct zs_jws_binding *binding, struct zs_buf *dst, struct zs_err *err)
{
	struct zs_buf header = ZS_BUF(MAX_HEADER), jwk = ZS_BUF(MAX_HEADER), input = ZS_BUF(MAX_SIGN_INPUT);
	uint8_t mac[ZS_SHA256];
	size_t dot = 0;
	int rc = zs_jws_jwk(binding->key, &jwk, err);

	if (rc != 0)
		goto out;
	write_binding_header(binding, &header);
	add_input(&input, zs_buf_slice(&header), zs_buf_slice(&jwk), &dot);
	if (header.failed || input.failed) {
		rc = zs_err_set(err, ZS_E_NOMEM, "no room for the account binding");
		goto out;
	}
	rc = zs_digest_hmac_sha256(binding->mac_key, zs_buf_slice(&input), mac, err);
	if (rc != 0)
		goto out;
	add_object(dst, zs_buf_slice(&input), dot, zs_slice_of(mac, sizeof(mac)));
	if (dst->failed)
		rc = zs_err_set(err, ZS_E_NOMEM, "no room for the account binding");
out:
	zs_buf_done(&header);
	zs_buf_done(&jwk);
	zs_buf_done(&input);
	return rc;
}
