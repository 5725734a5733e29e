# SPDX-License-Identifier: Apache-2.0
# The helper library of the plugin SDK, as plugins see it: the shared library.
sdk_test_host = tests/unit/sdk/host.c tests/unit/sdk/host.h
sdk_test_libs = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/sdk/test_text
tests_unit_sdk_test_text_SOURCES = tests/unit/sdk/test_text.c
tests_unit_sdk_test_text_LDADD = $(sdk_test_libs)
UNIT_TESTS += tests/unit/sdk/test_txt
tests_unit_sdk_test_txt_SOURCES = tests/unit/sdk/test_txt.c
tests_unit_sdk_test_txt_LDADD = $(sdk_test_libs)
UNIT_TESTS += tests/unit/sdk/test_name
tests_unit_sdk_test_name_SOURCES = tests/unit/sdk/test_name.c
tests_unit_sdk_test_name_LDADD = $(sdk_test_libs)
UNIT_TESTS += tests/unit/sdk/test_time
tests_unit_sdk_test_time_SOURCES = tests/unit/sdk/test_time.c
tests_unit_sdk_test_time_LDADD = $(sdk_test_libs)
UNIT_TESTS += tests/unit/sdk/test_json
tests_unit_sdk_test_json_SOURCES = tests/unit/sdk/test_json.c
tests_unit_sdk_test_json_LDADD = $(sdk_test_libs)
UNIT_TESTS += tests/unit/sdk/test_say
tests_unit_sdk_test_say_SOURCES = tests/unit/sdk/test_say.c $(sdk_test_host)
tests_unit_sdk_test_say_LDADD = $(sdk_test_libs)
UNIT_TESTS += tests/unit/sdk/test_file
tests_unit_sdk_test_file_SOURCES = tests/unit/sdk/test_file.c $(sdk_test_host)
tests_unit_sdk_test_file_LDADD = $(sdk_test_libs)

UNIT_TESTS += tests/unit/sdk/test_http
tests_unit_sdk_test_http_SOURCES = tests/unit/sdk/test_http.c tests/unit/sdk/server.c tests/unit/sdk/server.h $(sdk_test_host)
tests_unit_sdk_test_http_LDADD = $(sdk_test_libs)
UNIT_TESTS += tests/unit/sdk/test_http_tls
tests_unit_sdk_test_http_tls_SOURCES = tests/unit/sdk/test_http_tls.c $(sdk_test_host)
tests_unit_sdk_test_http_tls_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_sdk_test_http_tls_LDADD = $(sdk_test_libs) $(OPENSSL_SSL_LIBS) $(OPENSSL_CRYPTO_LIBS)

SCRIPT_TESTS += tests/unit/sdk/check-exports
EXTRA_DIST += tests/unit/sdk/check-exports
