# SPDX-License-Identifier: Apache-2.0
# core/wrap: one archive for each library that is wrapped.

# The engine's HTTPS: libcurl, and OpenSSL for the roots it trusts.
noinst_LIBRARIES += core/wrap/libzs-http.a
core_wrap_libzs_http_a_SOURCES = \
	core/wrap/curl_policy.c core/wrap/curl_policy.h \
	core/wrap/http.h core/wrap/http_curl.c \
	core/wrap/roots.c core/wrap/roots.h
core_wrap_libzs_http_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(OPENSSL_CRYPTO_CFLAGS)

# Reading certificates and requests: the engine.
noinst_LIBRARIES += core/wrap/libzs-x509.a
core_wrap_libzs_x509_a_SOURCES = core/wrap/x509.c core/wrap/x509.h
core_wrap_libzs_x509_a_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS)

# Keys, requests and signatures: the vault only.
noinst_LIBRARIES += core/wrap/libzs-keys.a
core_wrap_libzs_keys_a_SOURCES = \
	core/wrap/csr.c core/wrap/csr.h \
	core/wrap/digest.c core/wrap/digest.h \
	core/wrap/jws.c core/wrap/jws.h \
	core/wrap/pkey.c core/wrap/pkey.h
core_wrap_libzs_keys_a_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS)

# Reading JSON: the engine.
noinst_LIBRARIES += core/wrap/libzs-json.a
core_wrap_libzs_json_a_SOURCES = core/wrap/json.c core/wrap/json.h
core_wrap_libzs_json_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)

# The system-call filter: every process.
noinst_LIBRARIES += core/wrap/libzs-seccomp.a
core_wrap_libzs_seccomp_a_SOURCES = core/wrap/seccomp.c core/wrap/seccomp.h
core_wrap_libzs_seccomp_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)

# The DNS codec: the probe.
noinst_LIBRARIES += core/wrap/libzs-dns.a
core_wrap_libzs_dns_a_SOURCES = core/wrap/dns.c core/wrap/dns.h
core_wrap_libzs_dns_a_CPPFLAGS = $(AM_CPPFLAGS) $(LDNS_CFLAGS)

# The configuration file and names as people write them: front.
noinst_LIBRARIES += core/wrap/libzs-ini.a core/wrap/libzs-idn.a
core_wrap_libzs_ini_a_SOURCES = core/wrap/ini.c core/wrap/ini.h
core_wrap_libzs_ini_a_CPPFLAGS = $(AM_CPPFLAGS) $(INI_CFLAGS)
core_wrap_libzs_idn_a_SOURCES = core/wrap/idn.c core/wrap/idn.h
core_wrap_libzs_idn_a_CPPFLAGS = $(AM_CPPFLAGS) $(IDN_CFLAGS)
