# SPDX-License-Identifier: Apache-2.0
UNIT_TESTS += tests/unit/wrap/test_csr tests/unit/wrap/test_jws
tests_unit_wrap_test_csr_SOURCES = tests/unit/wrap/test_csr.c
tests_unit_wrap_test_csr_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_wrap_test_csr_LDADD = core/wrap/libzs-keys.a core/base/libzs-base.a $(OPENSSL_CRYPTO_LIBS) $(CMOCKA_LIBS)
tests_unit_wrap_test_jws_SOURCES = tests/unit/wrap/test_jws.c
tests_unit_wrap_test_jws_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_wrap_test_jws_LDADD = core/wrap/libzs-keys.a core/base/libzs-base.a $(OPENSSL_CRYPTO_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/wrap/test_dns
tests_unit_wrap_test_dns_SOURCES = tests/unit/wrap/test_dns.c
tests_unit_wrap_test_dns_LDADD = core/wrap/libzs-dns.a core/base/libzs-base.a $(LDNS_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/wrap/test_x509
tests_unit_wrap_test_x509_SOURCES = tests/unit/wrap/test_x509.c
tests_unit_wrap_test_x509_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_wrap_test_x509_LDADD = core/wrap/libzs-x509.a core/base/libzs-base.a $(OPENSSL_CRYPTO_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/wrap/test_json
tests_unit_wrap_test_json_SOURCES = tests/unit/wrap/test_json.c
tests_unit_wrap_test_json_LDADD = core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/wrap/test_ini tests/unit/wrap/test_idn
tests_unit_wrap_test_ini_SOURCES = tests/unit/wrap/test_ini.c
tests_unit_wrap_test_ini_LDADD = core/wrap/libzs-ini.a core/base/libzs-base.a $(INI_LIBS) $(CMOCKA_LIBS)
tests_unit_wrap_test_idn_SOURCES = tests/unit/wrap/test_idn.c
tests_unit_wrap_test_idn_LDADD = core/wrap/libzs-idn.a core/base/libzs-base.a $(IDN_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/wrap/test_http
tests_unit_wrap_test_http_SOURCES = tests/unit/wrap/test_http.c
tests_unit_wrap_test_http_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_wrap_test_http_LDADD = core/wrap/libzs-http.a core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a \
	$(CURL_LIBS) $(OPENSSL_SSL_LIBS) $(OPENSSL_CRYPTO_LIBS) $(SECCOMP_LIBS) $(CMOCKA_LIBS)
