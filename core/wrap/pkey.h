/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys: made, read and written as PKCS#8 PEM, and their public half as
 * DER.  Only the vault holds one.  Signing is jws.h and csr.h.
 */
#ifndef ZS_WRAP_PKEY_H
#define ZS_WRAP_PKEY_H

#include "base/buf.h"
#include "base/err.h"

struct zs_pkey;
struct evp_pkey_st;		/* OpenSSL's EVP_PKEY, for jws.c and csr.c */

enum { ZS_MAX_KEY_PEM = 16 * 1024, ZS_MAX_SPKI = 2 * 1024 };

/* Prepares libcrypto without reading its configuration file; call it before the
 * process confines itself.  0 or -ZS_E_BUG. */
int zs_pkey_setup(struct zs_err *err);

/* The canonical word for a key type: "ec256" when the text is empty, NULL when it
 * is none of ec256, ec384, rsa2048, rsa3072, rsa4096. Static. */
const char *zs_pkey_type_word(struct zs_slice type);
/* All the words, for messages. */
#define ZS_PKEY_TYPES "ec256, ec384, rsa2048, rsa3072, rsa4096"

/* A new key; free it with zs_pkey_free(). -ZS_E_CONFIG for an unknown type. */
int zs_pkey_new(const char *type, struct zs_pkey **ret, struct zs_err *err);
/* Reads PKCS#8 (or SEC 1, PKCS#1) PEM without a password. -ZS_E_STORAGE when it is
 * not a private key of one of our types. */
int zs_pkey_read_pem(struct zs_slice pem, struct zs_pkey **ret, struct zs_err *err);
/* Appends PKCS#8 PEM; dst should be a secret buffer. */
int zs_pkey_write_pem(const struct zs_pkey *key, struct zs_buf *dst, struct zs_err *err);
void zs_pkey_free(struct zs_pkey *key);		/* NULL is fine */

const char *zs_pkey_type(const struct zs_pkey *key);	/* "ec256" ...; static */
/* Appends the DER SubjectPublicKeyInfo. */
int zs_pkey_spki(const struct zs_pkey *key, struct zs_buf *dst, struct zs_err *err);
/* Borrowed. */
struct evp_pkey_st *zs_pkey_handle(const struct zs_pkey *key);

#endif
