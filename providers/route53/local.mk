# SPDX-License-Identifier: Apache-2.0
# providers/route53: Amazon Route 53.
providers_LTLIBRARIES += providers/route53/route53.la
providers_route53_route53_la_SOURCES = \
	providers/route53/api.c providers/route53/api.h \
	providers/route53/apply.c providers/route53/apply.h \
	providers/route53/batch.c providers/route53/batch.h \
	providers/route53/check.c \
	providers/route53/credentials.c providers/route53/credentials.h \
	providers/route53/error.c providers/route53/error.h \
	providers/route53/escape.c providers/route53/escape.h \
	providers/route53/ini.c providers/route53/ini.h \
	providers/route53/keys.c providers/route53/keys.h \
	providers/route53/options.c providers/route53/options.h \
	providers/route53/partition.c providers/route53/partition.h \
	providers/route53/policy.c \
	providers/route53/profile.c providers/route53/profile.h \
	providers/route53/records.c providers/route53/records.h \
	providers/route53/route53.c \
	providers/route53/sigv4.c providers/route53/sigv4.h \
	providers/route53/slots.c providers/route53/slots.h \
	providers/route53/source_imds.c \
	providers/route53/source_options.c \
	providers/route53/source_profile.c \
	providers/route53/source_web_identity.c \
	providers/route53/xml.c providers/route53/xml.h \
	providers/route53/zones.c providers/route53/zones.h \
	providers/route53/zones_api.c providers/route53/zones_api.h
providers_route53_route53_la_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CRYPTO_CFLAGS) $(EXPAT_CFLAGS)
providers_route53_route53_la_LDFLAGS = $(MODULE_FLAGS)
providers_route53_route53_la_LIBADD = plugins-sdk/libzoneseal-sdk.la $(OPENSSL_CRYPTO_LIBS) $(EXPAT_LIBS)
dist_conformance_SCRIPTS += providers/route53/route53_sim.py
nobase_dist_doc_DATA += providers/route53/route53.md
