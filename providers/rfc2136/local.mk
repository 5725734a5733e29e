# SPDX-License-Identifier: Apache-2.0
# providers/rfc2136: dynamic updates with TSIG.
providers_LTLIBRARIES += providers/rfc2136/rfc2136.la
providers_rfc2136_rfc2136_la_SOURCES = \
	providers/rfc2136/keyfile.c providers/rfc2136/keyfile.h \
	providers/rfc2136/net.c providers/rfc2136/net.h \
	providers/rfc2136/policy.c providers/rfc2136/policy.h \
	providers/rfc2136/rfc2136.c \
	providers/rfc2136/tsig.c providers/rfc2136/tsig.h \
	providers/rfc2136/update.c providers/rfc2136/update.h \
	providers/rfc2136/wire.c providers/rfc2136/wire.h
providers_rfc2136_rfc2136_la_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS)
providers_rfc2136_rfc2136_la_LDFLAGS = $(MODULE_FLAGS)
providers_rfc2136_rfc2136_la_LIBADD = $(OPENSSL_CRYPTO_LIBS)
dist_conformance_SCRIPTS += providers/rfc2136/rfc2136_sim.py
nobase_dist_doc_DATA += providers/rfc2136/rfc2136.md
