/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate request (RFC 2986) as public CAs want it: no subject, all
 * names in subjectAltName.  It only writes; nothing here reads a request or a
 * certificate.  Runs in the vault.
 */
#include "wrap/csr.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static bool add_name(GENERAL_NAMES *names, const struct zs_name *name)
{
	char text[ZS_MAX_NAME + 3];
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_IA5STRING *ia5 = ASN1_IA5STRING_new();

	zs_name_print(name, text);
	if (general == NULL || ia5 == NULL || ASN1_STRING_set(ia5, text, (int)strlen(text)) != 1) {
		GENERAL_NAME_free(general);
		ASN1_IA5STRING_free(ia5);
		return false;
	}
	GENERAL_NAME_set0_value(general, GEN_DNS, ia5);
	if (sk_GENERAL_NAME_push(names, general) > 0)
		return true;
	GENERAL_NAME_free(general);
	return false;
}

static bool add_alt_names(X509_REQ *req, const struct zs_name *names, size_t n)
{
	GENERAL_NAMES *general = sk_GENERAL_NAME_new_null();
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	bool ok = general != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = add_name(general, &names[i]);
	ok = ok && X509V3_add1_i2d(&extensions, NID_subject_alt_name, general, 0, X509V3_ADD_DEFAULT) == 1 &&
	     X509_REQ_add_extensions(req, extensions) == 1;
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	sk_GENERAL_NAME_pop_free(general, GENERAL_NAME_free);
	return ok;
}

static const EVP_MD *digest_for(const struct zs_pkey *key)
{
	return strcmp(zs_pkey_type(key), "ec384") == 0 ? EVP_sha384() : EVP_sha256();
}

int zs_csr_build(const struct zs_pkey *key, const struct zs_name *names, size_t n, struct zs_buf *dst,
		 struct zs_err *err)
{
	X509_REQ *req = NULL;
	unsigned char *der = NULL;
	int len = 0;

	if (n == 0 || n > ZS_MAX_IDENTIFIERS)
		ZS_FAIL(err, ZS_E_CONFIG, "a certificate request needs 1 to %d names, not %zu", ZS_MAX_IDENTIFIERS, n);
	req = X509_REQ_new();
	if (req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	    X509_REQ_set_pubkey(req, zs_pkey_handle(key)) == 1 && add_alt_names(req, names, n) &&
	    X509_REQ_sign(req, zs_pkey_handle(key), digest_for(key)) > 0)
		len = i2d_X509_REQ(req, &der);
	X509_REQ_free(req);
	ERR_clear_error();
	if (len <= 0)
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot build the certificate request");
	zs_buf_add(dst, der, (size_t)len);
	OPENSSL_free(der);
	if (dst->failed)
		ZS_FAIL(err, ZS_E_NOMEM, "no room for the certificate request");
	return 0;
}
