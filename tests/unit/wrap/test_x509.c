/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap/x509.h against chains and requests made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "wrap/x509.h"

enum { NOW = 1800000000, DAY = 86400 };

static EVP_PKEY *ca_key, *leaf_key, *other_key;

static int set_up(void **state)
{
	(void)state;
	ca_key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-256");
	other_key = EVP_EC_gen("P-256");
	return !ca_key || !leaf_key || !other_key;
}

static int tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(leaf_key);
	EVP_PKEY_free(other_key);
	return 0;
}

struct recipe {
	const char *san;	/* "DNS:a,DNS:b"; NULL = none */
	int64_t from, to;
	EVP_PKEY *subject_key, *signer;
};

static void set_name(X509_NAME *name, const char *cn)
{
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
}

static X509 *make(const struct recipe *r, const char *cn, const char *issuer)
{
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 0xabcd);
	set_name(X509_get_subject_name(cert), cn);
	set_name(X509_get_issuer_name(cert), issuer);
	ASN1_TIME_set(X509_getm_notBefore(cert), r->from);
	ASN1_TIME_set(X509_getm_notAfter(cert), r->to);
	X509_set_pubkey(cert, r->subject_key);
	if (r->san) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, r->san);
		assert_non_null(ext);
		X509_add_ext(cert, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(cert, r->signer, EVP_sha256()) > 0);
	return cert;
}

static void add_pem(struct zs_buf *dst, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	PEM_write_bio_X509(bio, cert);
	long n = BIO_get_mem_data(bio, &text);
	zs_buf_add(dst, text, (size_t)n);
	BIO_free(bio);
	X509_free(cert);
}

/* A leaf by the recipe and its issuer. */
static void make_chain(struct zs_buf *dst, const struct recipe *leaf)
{
	const struct recipe ca = { .from = NOW - DAY, .to = NOW + 3650 * DAY, .subject_key = ca_key, .signer = ca_key };

	zs_buf_init(dst, 1024 * 1024);
	add_pem(dst, make(leaf, "leaf", "Test CA\x1b[31m"));
	add_pem(dst, make(&ca, "Test CA\x1b[31m", "Test Root"));
}

static size_t wanted_names(struct zs_name *names, const char *const *texts)
{
	size_t n = 0;

	for (; texts[n]; n++)
		assert_true(zs_name_parse(zs_slice_str(texts[n]), ZS_NAME_HOST, &names[n], NULL));
	return n;
}

static int check(struct zs_slice pem, const char *const *texts, EVP_PKEY *key, struct zs_x509_facts *facts, struct zs_err *err)
{
	struct zs_name names[4];
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	const struct zs_x509_wanted wanted = {
		.spki = zs_slice_of(der, (size_t)n), .names = names, .nnames = wanted_names(names, texts), .now = NOW,
	};
	int rc = zs_x509_check(pem, &wanted, facts, err);

	OPENSSL_free(der);
	return rc;
}

static const char *const both[] = { "a.example.test", "*.a.example.test", NULL };

static void test_check_good_chain_gives_facts(void **state)
{
	const struct recipe good = { "DNS:*.a.example.test,DNS:A.example.test", NOW - DAY, NOW + 90 * DAY, leaf_key, ca_key };
	struct zs_x509_facts facts;
	struct zs_err err;
	struct zs_buf pem;

	(void)state;
	make_chain(&pem, &good);
	assert_int_equal(check(zs_buf_slice(&pem), both, leaf_key, &facts, &err), 0);
	assert_int_equal(facts.not_before, NOW - DAY);
	assert_int_equal(facts.not_after, NOW + 90 * DAY);
	assert_string_equal(facts.serial, "abcd");
	assert_string_equal(facts.top_issuer, "Test Root");
	assert_null(strchr(facts.issuer, 0x1b));
	assert_int_equal(facts.certificates, 2);
	char top[256];
	zs_x509_top_issuer(zs_buf_slice(&pem), top);
	assert_string_equal(top, "Test Root");
	zs_buf_done(&pem);
}

static void test_check_wrong_certificate_is_refused(void **state)
{
	const struct { const char *label; struct recipe leaf; EVP_PKEY *ours; const char *words; } rows[] = {
		{ "another key", { "DNS:a.example.test,DNS:*.a.example.test", NOW - DAY, NOW + DAY, other_key, ca_key }, leaf_key, "public key" },
		{ "a name lacks", { "DNS:a.example.test", NOW - DAY, NOW + DAY, leaf_key, ca_key }, leaf_key, "lacks the name *.a" },
		{ "a name too many", { "DNS:a.example.test,DNS:*.a.example.test,DNS:evil.test", NOW - DAY, NOW + DAY, leaf_key, ca_key },
		  leaf_key, "evil.test" },
		{ "an address", { "DNS:a.example.test,IP:192.0.2.1", NOW - DAY, NOW + DAY, leaf_key, ca_key }, leaf_key, "not a DNS name" },
		{ "no names", { NULL, NOW - DAY, NOW + DAY, leaf_key, ca_key }, leaf_key, "no subjectAltName" },
		{ "ended", { "DNS:a.example.test,DNS:*.a.example.test", NOW - 2 * DAY, NOW - DAY, leaf_key, ca_key }, leaf_key, "ended" },
		{ "not yet", { "DNS:a.example.test,DNS:*.a.example.test", NOW + DAY, NOW + 2 * DAY, leaf_key, ca_key }, leaf_key, "not valid before" },
		{ "turned dates", { "DNS:a.example.test,DNS:*.a.example.test", NOW + DAY, NOW - DAY, leaf_key, ca_key }, leaf_key, "no sense" },
		{ "other signer", { "DNS:a.example.test,DNS:*.a.example.test", NOW - DAY, NOW + DAY, leaf_key, other_key }, leaf_key, "not issued by" },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_x509_facts facts;
		struct zs_err err;
		struct zs_buf pem;
		make_chain(&pem, &rows[i].leaf);
		if (check(zs_buf_slice(&pem), both, rows[i].ours, &facts, &err) != -ZS_E_CA_CERT || !strstr(err.text, rows[i].words))
			fail_msg("%s: %s", rows[i].label, err.text);
		zs_buf_done(&pem);
	}
}

static void test_check_damaged_chain_is_a_protocol_error(void **state)
{
	const struct recipe good = { "DNS:a.example.test,DNS:*.a.example.test", NOW - DAY, NOW + DAY, leaf_key, ca_key };
	struct zs_x509_facts facts;
	struct zs_err err;
	struct zs_buf pem, many = ZS_BUF(1024 * 1024);

	(void)state;
	make_chain(&pem, &good);
	assert_int_equal(check(zs_slice_str(""), both, leaf_key, &facts, &err), -ZS_E_CA_PROTOCOL);
	assert_int_equal(check(zs_slice_str("<html>busy</html>"), both, leaf_key, &facts, &err), -ZS_E_CA_PROTOCOL);
	assert_int_equal(check(zs_slice_of(pem.data, pem.len - 100), both, leaf_key, &facts, &err), -ZS_E_CA_PROTOCOL);
	for (int i = 0; i < ZS_MAX_CERTS + 1; i++)
		zs_buf_add_slice(&many, zs_buf_slice(&pem));
	assert_int_equal(check(zs_buf_slice(&many), both, leaf_key, &facts, &err), -ZS_E_CA_PROTOCOL);
	for (size_t n = 0; n < pem.len; n += 7)
		(void)check(zs_slice_of(pem.data, n), both, leaf_key, &facts, &err);
	zs_buf_done(&pem);
	zs_buf_done(&many);
}

static void make_request(struct zs_buf *der, const char *san, EVP_PKEY *signer)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *p = NULL;

	X509_REQ_set_pubkey(req, leaf_key);
	if (san) {
		STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
		sk_X509_EXTENSION_push(exts, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san));
		X509_REQ_add_extensions(req, exts);
		sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	}
	X509_REQ_sign(req, signer, EVP_sha256());
	int n = i2d_X509_REQ(req, &p);
	zs_buf_init(der, 64 * 1024);
	zs_buf_add(der, p, (size_t)n);
	OPENSSL_free(p);
	X509_REQ_free(req);
}

static void test_request_names_and_key_are_read(void **state)
{
	struct zs_x509_request request;
	struct zs_err err;
	struct zs_buf der;

	(void)state;
	make_request(&der, "DNS:a.example.test,DNS:*.a.example.test", leaf_key);
	assert_int_equal(zs_x509_read_request(zs_buf_slice(&der), &request, &err), 0);
	assert_int_equal(request.nnames, 2);
	assert_string_equal(request.key_type, "ec256");
	assert_true(zs_slice_eq(zs_buf_slice(&request.der), zs_buf_slice(&der)));
	zs_x509_request_done(&request);
	zs_buf_done(&der);
}

static void test_request_bad_is_refused(void **state)
{
	struct zs_x509_request request;
	struct zs_err err;
	struct zs_buf der;

	(void)state;
	make_request(&der, NULL, leaf_key);
	assert_int_equal(zs_x509_read_request(zs_buf_slice(&der), &request, &err), -ZS_E_CONFIG);
	zs_buf_done(&der);
	make_request(&der, "DNS:a.example.test", other_key);
	assert_int_equal(zs_x509_read_request(zs_buf_slice(&der), &request, &err), -ZS_E_CONFIG);
	for (size_t n = 0; n < der.len; n++)
		assert_int_equal(zs_x509_read_request(zs_slice_of(der.data, n), &request, &err), -ZS_E_CONFIG);
	zs_buf_done(&der);
	assert_int_equal(zs_x509_read_request(zs_slice_str("hello"), &request, &err), -ZS_E_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_good_chain_gives_facts),
		cmocka_unit_test(test_check_wrong_certificate_is_refused),
		cmocka_unit_test(test_check_damaged_chain_is_a_protocol_error),
		cmocka_unit_test(test_request_names_and_key_are_read),
		cmocka_unit_test(test_request_bad_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
