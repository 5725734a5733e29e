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
UNIT_TESTS += tests/unit/providers/test_cloudflare_envelope
tests_unit_providers_test_cloudflare_envelope_SOURCES = tests/unit/providers/test_cloudflare_envelope.c \
	providers/cloudflare/envelope.c
tests_unit_providers_test_cloudflare_envelope_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_cloudflare_envelope_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_exec_words
tests_unit_providers_test_exec_words_SOURCES = tests/unit/providers/test_exec_words.c \
	providers/exec/past.c \
	providers/exec/words.c
tests_unit_providers_test_exec_words_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_exec_words_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_exec_talk
tests_unit_providers_test_exec_talk_SOURCES = tests/unit/providers/test_exec_talk.c \
	providers/exec/talk.c
tests_unit_providers_test_exec_talk_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_exec_talk_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_exec_run
tests_unit_providers_test_exec_run_SOURCES = tests/unit/providers/test_exec_run.c \
	providers/exec/run.c
tests_unit_providers_test_exec_run_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_exec_run_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_powerdns_answer
tests_unit_providers_test_powerdns_answer_SOURCES = tests/unit/providers/test_powerdns_answer.c \
	providers/powerdns/answer.c
tests_unit_providers_test_powerdns_answer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_powerdns_answer_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_powerdns_set
tests_unit_providers_test_powerdns_set_SOURCES = tests/unit/providers/test_powerdns_set.c \
	providers/powerdns/set.c
tests_unit_providers_test_powerdns_set_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_powerdns_set_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_acme_dns_storage
tests_unit_providers_test_acme_dns_storage_SOURCES = tests/unit/providers/test_acme_dns_storage.c \
	providers/acme-dns/storage.c
tests_unit_providers_test_acme_dns_storage_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_acme_dns_storage_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_route53_sigv4
tests_unit_providers_test_route53_sigv4_SOURCES = tests/unit/providers/test_route53_sigv4.c \
	providers/route53/sigv4.c
tests_unit_providers_test_route53_sigv4_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(OPENSSL_CRYPTO_CFLAGS)
tests_unit_providers_test_route53_sigv4_LDADD = plugins-sdk/libzoneseal-sdk.la $(OPENSSL_CRYPTO_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_route53_xml
tests_unit_providers_test_route53_xml_SOURCES = tests/unit/providers/test_route53_xml.c \
	providers/route53/error.c \
	providers/route53/xml.c
tests_unit_providers_test_route53_xml_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(EXPAT_CFLAGS)
tests_unit_providers_test_route53_xml_LDADD = plugins-sdk/libzoneseal-sdk.la $(EXPAT_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_route53_profile
tests_unit_providers_test_route53_profile_SOURCES = tests/unit/providers/test_route53_profile.c \
	providers/route53/ini.c \
	providers/route53/keys.c \
	providers/route53/profile.c
tests_unit_providers_test_route53_profile_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_route53_profile_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_route53_escape
tests_unit_providers_test_route53_escape_SOURCES = tests/unit/providers/test_route53_escape.c \
	providers/route53/escape.c
tests_unit_providers_test_route53_escape_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_unit_providers_test_route53_escape_LDADD = plugins-sdk/libzoneseal-sdk.la $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_route53_records
tests_unit_providers_test_route53_records_SOURCES = tests/unit/providers/test_route53_records.c \
	tests/unit/providers/route53_answers.c tests/unit/providers/route53_answers.h \
	providers/route53/batch.c \
	providers/route53/escape.c \
	providers/route53/records.c \
	providers/route53/slots.c \
	providers/route53/xml.c
tests_unit_providers_test_route53_records_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(EXPAT_CFLAGS)
tests_unit_providers_test_route53_records_LDADD = plugins-sdk/libzoneseal-sdk.la $(EXPAT_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/providers/test_route53_policy
tests_unit_providers_test_route53_policy_SOURCES = tests/unit/providers/test_route53_policy.c \
	tests/unit/providers/route53_answers.c tests/unit/providers/route53_answers.h \
	providers/route53/escape.c \
	providers/route53/options.c \
	providers/route53/partition.c \
	providers/route53/policy.c \
	providers/route53/xml.c \
	providers/route53/zones.c \
	providers/route53/zones_api.c
tests_unit_providers_test_route53_policy_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(EXPAT_CFLAGS)
tests_unit_providers_test_route53_policy_LDADD = plugins-sdk/libzoneseal-sdk.la $(EXPAT_LIBS) $(CMOCKA_LIBS)
