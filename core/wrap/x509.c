/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap/x509.h over OpenSSL: only PEM, X.509 and PKCS#10 are parsed, in the
 * engine.  Nothing here makes or holds a private key.
 */
#include "wrap/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { SKEW_SECONDS = 3600 };

/* ---- chain ---- */

struct chain {
	X509 *certs[ZS_MAX_CERTS];
	size_t n;
};

static void chain_done(struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		X509_free(chain->certs[i]);
	ERR_clear_error();
}

static int chain_read(struct zs_slice pem, struct chain *chain, struct zs_err *err)
{
	if (pem.n > ZS_MAX_PEM)
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "the certificate chain is larger than %d octets", ZS_MAX_PEM);
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (!bio)
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for a certificate");
	while (chain->n < ZS_MAX_CERTS) {
		X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!cert)
			break;
		chain->certs[chain->n++] = cert;
	}
	bool more = chain->n == ZS_MAX_CERTS && !BIO_eof(bio);
	bool clean = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE || chain->n == ZS_MAX_CERTS;
	BIO_free(bio);
	if (!chain->n || !clean)
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "the CA's answer is not a chain of PEM certificates");
	if (more)
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "the certificate chain is longer than %d", ZS_MAX_CERTS);
	return 0;
}

static int check_key(X509 *leaf, struct zs_slice spki, struct zs_err *err)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	bool same = n > 0 && zs_slice_eq(zs_slice_of(der, (size_t)n), spki);

	OPENSSL_free(der);
	if (!same)
		ZS_FAIL(err, ZS_E_CA_CERT, "the certificate is for another public key than that of our request");
	return 0;
}

static bool wanted_has(const struct zs_x509_wanted *wanted, const struct zs_name *name)
{
	for (size_t i = 0; i < wanted->nnames; i++)
		if (zs_name_eq(&wanted->names[i], name))
			return true;
	return false;
}

static bool names_have(const struct zs_name *names, size_t n, const struct zs_name *name)
{
	const struct zs_x509_wanted set = { .names = names, .nnames = n };

	return wanted_has(&set, name);
}

/* DNS names of a SAN; -1 when one is not a host name of ours, or there are too many. */
static int san_names(const GENERAL_NAMES *san, struct zs_name *names, size_t max, struct zs_err *err)
{
	size_t n = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *gn = sk_GENERAL_NAME_value(san, i);
		const char *why = "not a DNS name";
		struct zs_name name;

		if (gn->type != GEN_DNS ||
		    !zs_name_parse(zs_slice_of(ASN1_STRING_get0_data(gn->d.dNSName), (size_t)ASN1_STRING_length(gn->d.dNSName)),
				   ZS_NAME_HOST, &name, &why)) {
			zs_err_set(err, ZS_E_CA_CERT, "subjectAltName entry %d: %s", i + 1, why);
			return -1;
		}
		if (names_have(names, n, &name))
			continue;
		if (n == max) {
			zs_err_set(err, ZS_E_CA_CERT, "subjectAltName has more than %zu names", max);
			return -1;
		}
		names[n++] = name;
	}
	return (int)n;
}

static int check_names(X509 *leaf, const struct zs_x509_wanted *wanted, struct zs_err *err)
{
	struct zs_name names[ZS_MAX_IDENTIFIERS];
	char text[ZS_MAX_NAME + 3];
	GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

	if (!san)
		ZS_FAIL(err, ZS_E_CA_CERT, "the certificate has no subjectAltName");
	int n = san_names(san, names, ZS_MAX_IDENTIFIERS, err);
	GENERAL_NAMES_free(san);
	if (n < 0)
		return -ZS_E_CA_CERT;
	for (size_t i = 0; i < wanted->nnames; i++) {
		if (!names_have(names, (size_t)n, &wanted->names[i])) {
			zs_name_print(&wanted->names[i], text);
			ZS_FAIL(err, ZS_E_CA_CERT, "the certificate lacks the name %s", text);
		}
	}
	for (int i = 0; i < n; i++) {
		if (!wanted_has(wanted, &names[i])) {
			zs_name_print(&names[i], text);
			ZS_FAIL(err, ZS_E_CA_CERT, "the certificate has a name nobody asked for: %s", text);
		}
	}
	return 0;
}

static bool asn1_time(const ASN1_TIME *t, int64_t *ret)
{
	int days, seconds;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	bool ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, t);

	ASN1_TIME_free(epoch);
	if (ok)
		*ret = (int64_t)days * 86400 + seconds;
	return ok;
}

static int check_dates(X509 *leaf, int64_t now, struct zs_x509_facts *facts, struct zs_err *err)
{
	char text[ZS_TIME_TEXT];

	if (!asn1_time(X509_get0_notBefore(leaf), &facts->not_before) ||
	    !asn1_time(X509_get0_notAfter(leaf), &facts->not_after) || facts->not_after <= facts->not_before)
		ZS_FAIL(err, ZS_E_CA_CERT, "the certificate's dates make no sense");
	if (facts->not_before > now + SKEW_SECONDS) {
		zs_time_print(facts->not_before, text);
		ZS_FAIL(err, ZS_E_CA_CERT, "the certificate is not valid before %s: is this machine's clock right?", text);
	}
	if (facts->not_after <= now) {
		zs_time_print(facts->not_after, text);
		ZS_FAIL(err, ZS_E_CA_CERT, "the certificate ended at %s: is this machine's clock right?", text);
	}
	return 0;
}

static int check_links(const struct chain *chain, struct zs_err *err)
{
	for (size_t i = 0; i + 1 < chain->n; i++) {
		EVP_PKEY *key = X509_get0_pubkey(chain->certs[i + 1]);
		if (X509_check_issued(chain->certs[i + 1], chain->certs[i]) != X509_V_OK || !key ||
		    X509_verify(chain->certs[i], key) != 1)
			ZS_FAIL(err, ZS_E_CA_CERT, "certificate %zu of the chain is not issued by the next one", i + 1);
	}
	return 0;
}

static void name_text(const X509_NAME *name, char dst[static 256])
{
	struct zs_buf buf = ZS_BUF(255);
	unsigned char *utf8 = NULL;
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1), n = -1;

	if (at < 0)
		at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
	if (at >= 0)
		n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n > 0)
		zs_clean(&buf, zs_slice_of(utf8, (size_t)n), false);
	snprintf(dst, 256, "%s", zs_buf_str(&buf));
	OPENSSL_free(utf8);
	zs_buf_done(&buf);
}

static void serial_text(X509 *leaf, char dst[static 64])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
	int n = ASN1_STRING_length(serial);

	dst[0] = 0;
	for (int i = 0; i < n && i < 31; i++)
		snprintf(dst + 2 * i, 3, "%02x", ASN1_STRING_get0_data(serial)[i]);
}

int zs_x509_check(struct zs_slice pem, const struct zs_x509_wanted *wanted, struct zs_x509_facts *ret, struct zs_err *err)
{
	struct chain chain = { 0 };
	struct zs_x509_facts facts = { 0 };
	int rc = chain_read(pem, &chain, err);

	if (!rc)
		rc = check_key(chain.certs[0], wanted->spki, err);
	if (!rc)
		rc = check_names(chain.certs[0], wanted, err);
	if (!rc)
		rc = check_dates(chain.certs[0], wanted->now, &facts, err);
	if (!rc)
		rc = check_links(&chain, err);
	if (!rc) {
		name_text(X509_get_issuer_name(chain.certs[0]), facts.issuer);
		name_text(X509_get_issuer_name(chain.certs[chain.n - 1]), facts.top_issuer);
		serial_text(chain.certs[0], facts.serial);
		facts.certificates = chain.n;
		*ret = facts;
	}
	chain_done(&chain);
	return rc;
}

void zs_x509_top_issuer(struct zs_slice pem, char dst[static 256])
{
	struct chain chain = { 0 };

	dst[0] = 0;
	if (!chain_read(pem, &chain, NULL))
		name_text(X509_get_issuer_name(chain.certs[chain.n - 1]), dst);
	chain_done(&chain);
}

/* ---- requests ---- */

static X509_REQ *request_read(struct zs_slice data)
{
	const unsigned char *p = data.p;
	X509_REQ *req = NULL;

	if (data.n && data.p[0] == 0x30) {
		req = d2i_X509_REQ(NULL, &p, (long)data.n);
		if (req && p != data.p + data.n) {
			X509_REQ_free(req);
			req = NULL;
		}
		return req;
	}
	BIO *bio = BIO_new_mem_buf(data.p, (int)data.n);
	if (bio)
		req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return req;
}

static int request_names(X509_REQ *req, struct zs_x509_request *ret, struct zs_err *err)
{
	STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(req);
	GENERAL_NAMES *san = exts ? X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL) : NULL;
	int n = 0;

	if (san)
		n = san_names(san, ret->names, ZS_MAX_IDENTIFIERS, err);
	GENERAL_NAMES_free(san);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	if (n < 0)
		return -ZS_E_CONFIG;
	if (!n)
		ZS_FAIL(err, ZS_E_CONFIG, "the certificate signing request names no DNS name in its subjectAltName");
	ret->nnames = (size_t)n;
	return 0;
}

static int request_key(X509_REQ *req, struct zs_x509_request *ret, struct zs_err *err)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	unsigned char *der = NULL;
	int n;

	if (!key || X509_REQ_verify(req, key) != 1)
		ZS_FAIL(err, ZS_E_CONFIG, "the certificate signing request's own signature does not hold");
	bool ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC, rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	snprintf(ret->key_type, sizeof(ret->key_type), "%s%d", ec ? "ec" : rsa ? "rsa" : "other", EVP_PKEY_get_bits(key));
	if ((n = i2d_PUBKEY(key, &der)) > 0)
		zs_buf_add(&ret->spki, der, (size_t)n);
	OPENSSL_free(der);
	der = NULL;
	if ((n = i2d_X509_REQ(req, &der)) > 0)
		zs_buf_add(&ret->der, der, (size_t)n);
	OPENSSL_free(der);
	if (!ret->spki.len || !ret->der.len || ret->der.failed)
		ZS_FAIL(err, ZS_E_CONFIG, "the certificate signing request is larger than %d octets", ZS_MAX_CSR);
	return 0;
}

int zs_x509_read_request(struct zs_slice data, struct zs_x509_request *ret, struct zs_err *err)
{
	int rc = -ZS_E_CONFIG;

	memset(ret, 0, sizeof(*ret));
	zs_buf_init(&ret->der, ZS_MAX_CSR);
	zs_buf_init(&ret->spki, 4096);
	X509_REQ *req = request_read(data);
	if (!req)
		zs_err_set(err, ZS_E_CONFIG, "this is not a certificate signing request in PEM or DER");
	else if (!(rc = request_key(req, ret, err)))
		rc = request_names(req, ret, err);
	X509_REQ_free(req);
	ERR_clear_error();
	if (rc) {
		if (err)
			err->code = ZS_E_CONFIG;
		zs_x509_request_done(ret);
		return -ZS_E_CONFIG;
	}
	return 0;
}

void zs_x509_request_done(struct zs_x509_request *request)
{
	zs_buf_done(&request->der);
	zs_buf_done(&request->spki);
}
