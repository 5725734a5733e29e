# SPDX-License-Identifier: Apache-2.0
# The codecs of the providers, linked from their sources: a plugin exports nothing.
UNIT_TESTS += tests/unit/providers/test_rfc2136_tsig
tests_unit_providers_test_rfc2136_tsig_SOURCES = tests/unit/providers/test_rfc2136_tsig.c \
	providers/rfc2136/keyfile.c \
	providers/rfc2136/tsig.c \
	providers/rfc2136/wire.c
tests_unit_providers_test_rfc2136_tsig_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_providers_test_rfc2136_tsig_LDADD = $(OPENSSL_CRYPTO_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_rfc2136_wire
tests_unit_providers_test_rfc2136_wire_SOURCES = tests/unit/providers/test_rfc2136_wire.c \
	providers/rfc2136/wire.c
tests_unit_providers_test_rfc2136_wire_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_providers_test_rfc2136_wire_LDADD = $(OPENSSL_CRYPTO_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_rfc2136_keyfile
tests_unit_providers_test_rfc2136_keyfile_SOURCES = tests/unit/providers/test_rfc2136_keyfile.c \
	providers/rfc2136/keyfile.c \
	providers/rfc2136/tsig.c \
	providers/rfc2136/wire.c
tests_unit_providers_test_rfc2136_keyfile_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_providers_test_rfc2136_keyfile_LDADD = $(OPENSSL_CRYPTO_LIBS) $(CMOCKA_LIBS)
