/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys over EVP_PKEY.  The table of key types is here; everything else
 * that differs by type asks zs_pkey_type().  It signs nothing, opens no file
 * and parses no certificate.  Runs in the vault.
 */
#include "wrap/pkey.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

struct key_type {
	const char *word;
	const char *curve;	/* name for generation; NULL = RSA */
	const char *group;	/* name that OpenSSL reports */
	unsigned bits;		/* RSA */
};

static const struct key_type types[] = {
	{ "ec256", "P-256", "prime256v1", 0 },
	{ "ec384", "P-384", "secp384r1", 0 },
	{ "rsa2048", NULL, NULL, 2048 },
	{ "rsa3072", NULL, NULL, 3072 },
	{ "rsa4096", NULL, NULL, 4096 },
};

struct zs_pkey {
	EVP_PKEY *evp;
	const struct key_type *type;
};

int zs_pkey_setup(struct zs_err *err)
{
	uint8_t probe[1];

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) != 1 ||
	    RAND_bytes(probe, sizeof(probe)) != 1)
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot be initialised");
	return 0;
}

const char *zs_pkey_type_word(struct zs_slice type)
{
	if (type.n == 0)
		return types[0].word;
	for (size_t i = 0; i < ZS_COUNT(types); i++)
		if (zs_slice_eq_str(type, types[i].word))
			return types[i].word;
	return NULL;
}

static const struct key_type *type_by_word(const char *word)
{
	for (size_t i = 0; i < ZS_COUNT(types); i++)
		if (strcmp(types[i].word, word) == 0)
			return &types[i];
	return NULL;
}

static const struct key_type *type_of(const EVP_PKEY *evp)
{
	char group[64] = "";
	bool rsa = EVP_PKEY_get_base_id(evp) == EVP_PKEY_RSA;

	if (!rsa && (EVP_PKEY_get_base_id(evp) != EVP_PKEY_EC ||
		     EVP_PKEY_get_group_name(evp, group, sizeof(group), NULL) != 1))
		return NULL;
	for (size_t i = 0; i < ZS_COUNT(types); i++) {
		if (rsa && types[i].bits == (unsigned)EVP_PKEY_get_bits(evp))
			return &types[i];
		if (!rsa && types[i].group != NULL && strcmp(types[i].group, group) == 0)
			return &types[i];
	}
	return NULL;
}

/* Takes evp, also on failure. */
static int wrap_key(EVP_PKEY *evp, const struct key_type *type, struct zs_pkey **ret, struct zs_err *err)
{
	struct zs_pkey *key = calloc(1, sizeof(*key));

	if (key == NULL) {
		EVP_PKEY_free(evp);
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a key");
	}
	key->evp = evp;
	key->type = type;
	*ret = key;
	return 0;
}

int zs_pkey_new(const char *type, struct zs_pkey **ret, struct zs_err *err)
{
	const struct key_type *row = type_by_word(type);
	EVP_PKEY *evp;

	if (row == NULL)
		ZS_FAIL(err, ZS_E_CONFIG, "unknown key type; known are " ZS_PKEY_TYPES);
	evp = row->curve != NULL ? EVP_EC_gen(row->curve) : EVP_RSA_gen(row->bits);
	if (evp == NULL) {
		ERR_clear_error();
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot make a key of type %s", row->word);
	}
	return wrap_key(evp, row, ret, err);
}

/* Encrypted keys are refused, and nothing is ever asked on a terminal. */
static int no_password(char *buf, int size, int rwflag, void *user)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)user;
	return -1;
}

int zs_pkey_read_pem(struct zs_slice pem, struct zs_pkey **ret, struct zs_err *err)
{
	const struct key_type *type = NULL;
	EVP_PKEY *evp = NULL;
	BIO *bio;

	if (pem.n == 0 || pem.n > ZS_MAX_KEY_PEM)
		ZS_FAIL(err, ZS_E_STORAGE, "not a private key: %zu octets", pem.n);
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (bio == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a key");
	evp = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (evp == NULL)
		ZS_FAIL(err, ZS_E_STORAGE, "not a readable private key in PEM form");
	type = type_of(evp);
	if (type == NULL) {
		EVP_PKEY_free(evp);
		ZS_FAIL(err, ZS_E_STORAGE, "a private key of a kind that is not supported; known are " ZS_PKEY_TYPES);
	}
	return wrap_key(evp, type, ret, err);
}

int zs_pkey_write_pem(const struct zs_pkey *key, struct zs_buf *dst, struct zs_err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());	/* overwritten when freed */
	char *text = NULL;
	long len;
	bool ok;

	if (bio == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a key");
	ok = PEM_write_bio_PKCS8PrivateKey(bio, key->evp, NULL, NULL, 0, NULL, NULL) == 1;
	len = ok ? BIO_get_mem_data(bio, &text) : 0;
	if (ok && len > 0)
		zs_buf_add(dst, text, (size_t)len);
	BIO_free(bio);
	ERR_clear_error();
	if (!ok || len <= 0)
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot encode the key");
	if (dst->failed)
		ZS_FAIL(err, ZS_E_NOMEM, "no room for the key");
	return 0;
}

void zs_pkey_free(struct zs_pkey *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->evp);
	free(key);
}

const char *zs_pkey_type(const struct zs_pkey *key)
{
	return key->type->word;
}

int zs_pkey_spki(const struct zs_pkey *key, struct zs_buf *dst, struct zs_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->evp, &der);

	if (len <= 0) {
		ERR_clear_error();
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot encode the public key");
	}
	zs_buf_add(dst, der, (size_t)len);
	OPENSSL_free(der);
	if (dst->failed)
		ZS_FAIL(err, ZS_E_NOMEM, "no room for the public key");
	return 0;
}

struct evp_pkey_st *zs_pkey_handle(const struct zs_pkey *key)
{
	return key->evp;
}
