# SPDX-License-Identifier: Apache-2.0
# tests/fuzz: what reads foreign octets, one target a file.  `make check` runs the seeds and
# some mutations; `make fuzz` runs libFuzzer.  FUZZ_TARGETS is what both know.
FUZZ_TARGETS =
check_LIBRARIES += tests/fuzz/libzs-fuzz.a
tests_fuzz_libzs_fuzz_a_SOURCES = tests/fuzz/driver.c

FUZZ_TARGETS += tests/fuzz/fuzz_acme
tests_fuzz_fuzz_acme_SOURCES = tests/fuzz/fuzz_acme.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_acme_LDADD = tests/fuzz/libzs-fuzz.a core/acme/libzs-acme.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_acme_dns
tests_fuzz_fuzz_acme_dns_SOURCES = tests/fuzz/fuzz_acme_dns.c tests/fuzz/fuzz.h providers/acme-dns/storage.c
tests_fuzz_fuzz_acme_dns_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_fuzz_fuzz_acme_dns_LDADD = tests/fuzz/libzs-fuzz.a plugins-sdk/libzoneseal-sdk.la
FUZZ_TARGETS += tests/fuzz/fuzz_base64
tests_fuzz_fuzz_base64_SOURCES = tests/fuzz/fuzz_base64.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_base64_LDADD = tests/fuzz/libzs-fuzz.a core/base/libzs-base.a
FUZZ_TARGETS += tests/fuzz/fuzz_cloudflare
tests_fuzz_fuzz_cloudflare_SOURCES = tests/fuzz/fuzz_cloudflare.c tests/fuzz/fuzz.h \
	providers/cloudflare/envelope.c
tests_fuzz_fuzz_cloudflare_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_fuzz_fuzz_cloudflare_LDADD = tests/fuzz/libzs-fuzz.a plugins-sdk/libzoneseal-sdk.la
FUZZ_TARGETS += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_conf_LDADD = tests/fuzz/libzs-fuzz.a core/conf/libzs-conf.a core/wrap/libzs-ini.a core/wrap/libzs-idn.a core/base/libzs-base.a $(INI_LIBS) $(IDN_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_dns
tests_fuzz_fuzz_dns_SOURCES = tests/fuzz/fuzz_dns.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_dns_LDADD = tests/fuzz/libzs-fuzz.a core/wrap/libzs-dns.a core/base/libzs-base.a $(LDNS_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_exec
tests_fuzz_fuzz_exec_SOURCES = tests/fuzz/fuzz_exec.c tests/fuzz/fuzz.h \
	providers/exec/talk.c providers/exec/words.c
tests_fuzz_fuzz_exec_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_fuzz_fuzz_exec_LDADD = tests/fuzz/libzs-fuzz.a plugins-sdk/libzoneseal-sdk.la
FUZZ_TARGETS += tests/fuzz/fuzz_ipc
tests_fuzz_fuzz_ipc_SOURCES = tests/fuzz/fuzz_ipc.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_ipc_LDADD = tests/fuzz/libzs-fuzz.a core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a $(SECCOMP_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_json
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_json_LDADD = tests/fuzz/libzs-fuzz.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_keyfile
tests_fuzz_fuzz_keyfile_SOURCES = tests/fuzz/fuzz_keyfile.c tests/fuzz/fuzz.h \
	providers/rfc2136/keyfile.c providers/rfc2136/tsig.c providers/rfc2136/wire.c
tests_fuzz_fuzz_keyfile_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(OPENSSL_CRYPTO_CFLAGS)
tests_fuzz_fuzz_keyfile_LDADD = tests/fuzz/libzs-fuzz.a $(OPENSSL_CRYPTO_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_name
tests_fuzz_fuzz_name_SOURCES = tests/fuzz/fuzz_name.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_name_LDADD = tests/fuzz/libzs-fuzz.a core/probe/libzs-probe.a core/wrap/libzs-idn.a core/wrap/libzs-dns.a core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a $(IDN_LIBS) $(LDNS_LIBS) $(SECCOMP_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_pem
tests_fuzz_fuzz_pem_SOURCES = tests/fuzz/fuzz_pem.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_pem_LDADD = tests/fuzz/libzs-fuzz.a core/vault/libzs-vault.a core/base/libzs-base.a
FUZZ_TARGETS += tests/fuzz/fuzz_powerdns
tests_fuzz_fuzz_powerdns_SOURCES = tests/fuzz/fuzz_powerdns.c tests/fuzz/fuzz.h \
	providers/powerdns/answer.c providers/powerdns/set.c
tests_fuzz_fuzz_powerdns_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_fuzz_fuzz_powerdns_LDADD = tests/fuzz/libzs-fuzz.a plugins-sdk/libzoneseal-sdk.la
FUZZ_TARGETS += tests/fuzz/fuzz_sdk
tests_fuzz_fuzz_sdk_SOURCES = tests/fuzz/fuzz_sdk.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_sdk_LDADD = tests/fuzz/libzs-fuzz.a plugins-sdk/libzoneseal-sdk.la
FUZZ_TARGETS += tests/fuzz/fuzz_route53
tests_fuzz_fuzz_route53_SOURCES = tests/fuzz/fuzz_route53.c tests/fuzz/fuzz.h \
	providers/route53/batch.c providers/route53/error.c providers/route53/escape.c providers/route53/records.c \
	providers/route53/slots.c providers/route53/xml.c providers/route53/zones_api.c
tests_fuzz_fuzz_route53_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(EXPAT_CFLAGS)
tests_fuzz_fuzz_route53_LDADD = tests/fuzz/libzs-fuzz.a plugins-sdk/libzoneseal-sdk.la $(EXPAT_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_route53_profile
tests_fuzz_fuzz_route53_profile_SOURCES = tests/fuzz/fuzz_route53_profile.c tests/fuzz/fuzz.h \
	providers/route53/ini.c providers/route53/keys.c providers/route53/profile.c
tests_fuzz_fuzz_route53_profile_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_fuzz_fuzz_route53_profile_LDADD = tests/fuzz/libzs-fuzz.a plugins-sdk/libzoneseal-sdk.la
FUZZ_TARGETS += tests/fuzz/fuzz_state
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz_state.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_state_LDADD = tests/fuzz/libzs-fuzz.a core/vault/libzs-vault.a core/wrap/libzs-keys.a core/base/libzs-base.a $(OPENSSL_CRYPTO_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_text
tests_fuzz_fuzz_text_SOURCES = tests/fuzz/fuzz_text.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_text_LDADD = tests/fuzz/libzs-fuzz.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_time
tests_fuzz_fuzz_time_SOURCES = tests/fuzz/fuzz_time.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_time_LDADD = tests/fuzz/libzs-fuzz.a core/base/libzs-base.a
FUZZ_TARGETS += tests/fuzz/fuzz_tsig
tests_fuzz_fuzz_tsig_SOURCES = tests/fuzz/fuzz_tsig.c tests/fuzz/fuzz.h \
	providers/rfc2136/tsig.c providers/rfc2136/update.c providers/rfc2136/wire.c
tests_fuzz_fuzz_tsig_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(OPENSSL_CRYPTO_CFLAGS)
tests_fuzz_fuzz_tsig_LDADD = tests/fuzz/libzs-fuzz.a $(OPENSSL_CRYPTO_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_x509
tests_fuzz_fuzz_x509_SOURCES = tests/fuzz/fuzz_x509.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_x509_LDADD = tests/fuzz/libzs-fuzz.a core/wrap/libzs-x509.a core/base/libzs-base.a $(OPENSSL_CRYPTO_LIBS)

UNIT_TESTS += $(FUZZ_TARGETS)

# Needs clang with its libFuzzer; FUZZ_SECONDS for each target.
FUZZ_SECONDS = 60
fuzz:
	'$(srcdir)/tests/fuzz/run' --seconds '$(FUZZ_SECONDS)' --build-dir '$(abs_top_builddir)/fuzz' $(FUZZ_TARGETS)

.PHONY: fuzz

# Directories in EXTRA_DIST are copied whole.
EXTRA_DIST += tests/fuzz/run tests/fuzz/corpus
