/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap/roots.h over OpenSSL.  A bundle stays as DER blocks; when a chain asks
 * for an issuer by its subject, only the blocks that hold that name's bytes are
 * parsed.  Runs in the engine; checks servers, never certificates we obtained.
 */
#include "wrap/roots.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64url.h"
#include "base/vec.h"

enum { ROOTS_MAX = 2048, BLOCK_MAX = 64 * 1024 };

struct block {
	uint32_t at, n;		/* within der */
	bool parsed;
};

struct zs_roots {
	X509_STORE *store;
	X509_LOOKUP_METHOD *method;
	bool owned;		/* by the store, which connections share */
	struct zs_buf der;
	ZS_VEC(struct block) blocks;
};

static int add_block(struct zs_roots *roots, struct zs_slice body, struct zs_err *err)
{
	size_t at = roots->der.len;

	if (!zs_b64_decode_any(&roots->der, body) || roots->der.len == at)
		ZS_FAIL(err, ZS_E_CONFIG, "the bundle of roots has a damaged certificate (number %zu)", roots->blocks.n + 1);
	struct block *block = zs_vec_push(&roots->blocks, ROOTS_MAX);
	if (!block)
		ZS_FAIL(err, ZS_E_CONFIG, "the bundle of roots has more than %d certificates", ROOTS_MAX);
	*block = (struct block){ .at = (uint32_t)at, .n = (uint32_t)(roots->der.len - at) };
	return 0;
}

static int split(struct zs_roots *roots, struct zs_slice pem, struct zs_err *err)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
	const uint8_t *p = pem.p, *stop = pem.p + pem.n;

	for (;;) {
		const uint8_t *from = memmem(p, (size_t)(stop - p), begin, sizeof(begin) - 1);
		if (!from)
			break;
		from += sizeof(begin) - 1;
		const uint8_t *to = memmem(from, (size_t)(stop - from), end, sizeof(end) - 1);
		if (!to)
			ZS_FAIL(err, ZS_E_CONFIG, "the bundle of roots ends in the middle of a certificate");
		int rc = add_block(roots, zs_slice_of(from, (size_t)(to - from)), err);
		if (rc)
			return rc;
		p = to + sizeof(end) - 1;
	}
	if (!roots->blocks.n)
		ZS_FAIL(err, ZS_E_CONFIG, "the bundle of roots holds no certificate (PEM is expected)");
	return 0;
}

/* Parses a block and puts it into the store; the store keeps the reference. */
static X509 *parse_block(struct zs_roots *roots, struct block *block)
{
	const unsigned char *p = roots->der.data + block->at;
	X509 *cert = d2i_X509(NULL, &p, (long)block->n);

	block->parsed = true;
	if (!cert)
		return NULL;
	if (!X509_STORE_add_cert(roots->store, cert)) {
		X509_free(cert);
		return NULL;
	}
	X509_free(cert);
	return cert;
}

static int by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name, X509_OBJECT *ret)
{
	struct zs_roots *roots = X509_LOOKUP_get_method_data(lookup);
	const unsigned char *der = NULL;
	size_t n = 0;
	int found = 0;

	if (type != X509_LU_X509 || !X509_NAME_get0_der(name, &der, &n))
		return 0;
	for (size_t i = 0; i < roots->blocks.n; i++) {
		struct block *block = &roots->blocks.items[i];
		if (block->parsed || !memmem(roots->der.data + block->at, block->n, der, n))
			continue;
		X509 *cert = parse_block(roots, block);
		if (!cert || X509_NAME_cmp(X509_get_subject_name(cert), name) || found)
			continue;
		/* OpenSSL takes one more reference from ret than it gives back: the store's holds */
		found = X509_OBJECT_set1_X509(ret, cert);
		X509_free(cert);
	}
	return found;
}

static void drop(struct zs_roots *roots)
{
	X509_LOOKUP_meth_free(roots->method);
	zs_buf_done(&roots->der);
	zs_vec_done(&roots->blocks);
	free(roots);
}

/* Connections hold the store, and through it all of this, beyond zs_roots_free. */
static void on_store_end(X509_LOOKUP *lookup)
{
	struct zs_roots *roots = X509_LOOKUP_get_method_data(lookup);

	if (roots)
		drop(roots);
}

static int use_bundle(struct zs_roots *roots, struct zs_slice bundle, struct zs_err *err)
{
	zs_buf_init(&roots->der, bundle.n);
	int rc = split(roots, bundle, err);
	if (rc)
		return rc;
	roots->method = X509_LOOKUP_meth_new("bundle");
	if (!roots->method || !X509_LOOKUP_meth_set_get_by_subject(roots->method, by_subject) ||
	    !X509_LOOKUP_meth_set_free(roots->method, on_store_end))
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for the roots");
	X509_LOOKUP *lookup = X509_STORE_add_lookup(roots->store, roots->method);
	if (!lookup || !X509_LOOKUP_set_method_data(lookup, roots))
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for the roots");
	roots->owned = true;
	return 0;
}

static int use_system(struct zs_roots *roots, struct zs_err *err)
{
	if (!X509_STORE_load_path(roots->store, X509_get_default_cert_dir()))
		ZS_FAIL(err, ZS_E_CONFIG, "cannot use the system's roots in %s (is ca-certificates installed?)",
			X509_get_default_cert_dir());
	return 0;
}

struct zs_roots *zs_roots_new(struct zs_slice bundle, struct zs_err *err)
{
	struct zs_roots *roots = calloc(1, sizeof(*roots));

	if (!roots || !(roots->store = X509_STORE_new())) {
		free(roots);
		zs_err_set(err, ZS_E_NOMEM, "no memory for the roots");
		return NULL;
	}
	X509_STORE_set_flags(roots->store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	if (bundle.n ? use_bundle(roots, bundle, err) : use_system(roots, err)) {
		zs_roots_free(roots);
		return NULL;
	}
	return roots;
}

void zs_roots_free(struct zs_roots *roots)
{
	bool owned;

	if (!roots)
		return;
	owned = roots->owned;
	X509_STORE_free(roots->store);
	if (!owned)
		drop(roots);
}

bool zs_roots_use(struct zs_roots *roots, void *ssl_ctx)
{
	if (!X509_STORE_up_ref(roots->store))
		return false;
	SSL_CTX_set_cert_store(ssl_ctx, roots->store);
	return true;
}
