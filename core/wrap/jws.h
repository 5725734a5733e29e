/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Signatures as ACME uses them (RFC 7515, RFC 8555 6.2): whole
 * flattened objects, made here from header fields and payload.  Also the JWK,
 * its thumbprint and the dns-01 value that follows from it.
 */
#ifndef ZS_WRAP_JWS_H
#define ZS_WRAP_JWS_H

#include "wrap/pkey.h"

enum { ZS_THUMBPRINT_TEXT = ZS_TXT_VALUE + 1 };

struct zs_jws {
	const struct zs_pkey *key;
	const char *kid;		/* account URL; NULL = the public key travels as jwk */
	struct zs_slice nonce;
	struct zs_slice url;
	struct zs_slice payload;	/* before encoding; empty = POST-as-GET */
};

/* Appends the canonical JSON of the public key (RFC 7638 3). */
int zs_jws_jwk(const struct zs_pkey *key, struct zs_buf *dst, struct zs_err *err);
/* base64url(SHA-256(jwk)) with NUL; jwk is the canonical JSON. */
int zs_jws_thumbprint(struct zs_slice jwk, char dst[static ZS_THUMBPRINT_TEXT], struct zs_err *err);
/* token "." thumbprint, with NUL (RFC 8555 8.1). */
int zs_jws_key_authorization(struct zs_slice token, const char *thumbprint, char dst[static ZS_MAX_KEY_AUTHORIZATION + 1],
			     struct zs_err *err);
/* dns-01: base64url(SHA-256(token "." thumbprint)) with NUL (RFC 8555 8.4). */
int zs_jws_txt_value(struct zs_slice token, const char *thumbprint, char dst[static ZS_THUMBPRINT_TEXT],
		     struct zs_err *err);
/* Appends {"protected":..,"payload":..,"signature":..}. */
int zs_jws_sign(const struct zs_jws *jws, struct zs_buf *dst, struct zs_err *err);

/* External account binding (RFC 8555 7.3.4): the inner object, HS256. */
struct zs_jws_binding {
	const struct zs_pkey *key;	/* account key that is bound */
	struct zs_slice kid;		/* as the CA gave it */
	struct zs_slice mac_key;	/* decoded */
	struct zs_slice url;		/* of newAccount */
};
int zs_jws_bind(const struct zs_jws_binding *binding, struct zs_buf *dst, struct zs_err *err);

#endif
