/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of certificate requests: what was built is read back with OpenSSL.
 */
#include "wrap/csr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

static struct zs_name name_of(const char *text)
{
	struct zs_name name;

	assert_true(zs_name_parse(zs_slice_str(text), ZS_NAME_HOST, &name, NULL));
	return name;
}

static X509_REQ *build(const struct zs_pkey *key, const struct zs_name *names, size_t n)
{
	struct zs_buf der = ZS_BUF(ZS_MAX_CSR);
	const unsigned char *p;
	X509_REQ *req;

	assert_int_equal(zs_csr_build(key, names, n, &der, NULL), 0);
	p = der.data;
	req = d2i_X509_REQ(NULL, &p, (long)der.len);
	assert_non_null(req);
	assert_ptr_equal(p, der.data + der.len);
	zs_buf_done(&der);
	return req;
}

static GENERAL_NAMES *alt_names(X509_REQ *req)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
	GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);

	assert_int_equal(sk_X509_EXTENSION_num(extensions), 1);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return names;
}

static void test_build_when_any_key_type_expect_all_names_and_valid_signature(void **state)
{
	static const char *const types[] = { "ec256", "ec384", "rsa2048" };
	static const char *const texts[] = { "example.test", "*.example.test", "a.b.example.test" };
	struct zs_name names[ZS_COUNT(texts)];

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(texts); i++)
		names[i] = name_of(texts[i]);
	for (size_t t = 0; t < ZS_COUNT(types); t++) {
		struct zs_pkey *key;
		X509_REQ *req;
		GENERAL_NAMES *found;

		assert_int_equal(zs_pkey_new(types[t], &key, NULL), 0);
		req = build(key, names, ZS_COUNT(names));
		found = alt_names(req);
		assert_int_equal(X509_REQ_verify(req, zs_pkey_handle(key)), 1);
		assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(req)), 0);
		assert_int_equal(sk_GENERAL_NAME_num(found), ZS_COUNT(texts));
		for (size_t i = 0; i < ZS_COUNT(texts); i++) {
			int kind;
			const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(found, (int)i), &kind);

			assert_int_equal(kind, GEN_DNS);
			assert_int_equal(ASN1_STRING_length(text), strlen(texts[i]));
			assert_memory_equal(ASN1_STRING_get0_data(text), texts[i], strlen(texts[i]));
		}
		sk_GENERAL_NAME_pop_free(found, GENERAL_NAME_free);
		X509_REQ_free(req);
		zs_pkey_free(key);
	}
}

static void test_build_when_hundred_long_names_expect_within_cap(void **state)
{
	struct zs_name names[ZS_MAX_IDENTIFIERS];
	char label[ZS_MAX_LABEL + 1], text[300];
	struct zs_buf der = ZS_BUF(ZS_MAX_CSR);
	struct zs_pkey *key;

	(void)state;
	memset(label, 'a', ZS_MAX_LABEL);
	label[ZS_MAX_LABEL] = '\0';
	for (unsigned i = 0; i < ZS_MAX_IDENTIFIERS; i++) {
		(void)snprintf(text, sizeof(text), "h%03u.%s.%s.%s.test", i, label, label, label);
		names[i] = name_of(text);
	}
	assert_int_equal(zs_pkey_new("ec256", &key, NULL), 0);
	assert_int_equal(zs_csr_build(key, names, ZS_MAX_IDENTIFIERS, &der, NULL), 0);
	assert_int_equal(zs_csr_build(key, names, 0, &der, NULL), -ZS_E_CONFIG);
	assert_int_equal(zs_csr_build(key, names, ZS_MAX_IDENTIFIERS + 1, &der, NULL), -ZS_E_CONFIG);
	zs_buf_done(&der);
	zs_pkey_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_when_any_key_type_expect_all_names_and_valid_signature),
		cmocka_unit_test(test_build_when_hundred_long_names_expect_within_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
