# SPDX-License-Identifier: Apache-2.0
# providers/cloudflare: zones at Cloudflare, over API v4.
providers_LTLIBRARIES += providers/cloudflare/cloudflare.la
providers_cloudflare_cloudflare_la_SOURCES = \
	providers/cloudflare/api.c providers/cloudflare/api.h \
	providers/cloudflare/apply.c \
	providers/cloudflare/check.c \
	providers/cloudflare/cloudflare.c providers/cloudflare/cloudflare.h \
	providers/cloudflare/envelope.c providers/cloudflare/envelope.h \
	providers/cloudflare/policy.c \
	providers/cloudflare/records.c \
	providers/cloudflare/zones.c
providers_cloudflare_cloudflare_la_LDFLAGS = $(MODULE_FLAGS)
providers_cloudflare_cloudflare_la_LIBADD = plugins-sdk/libzoneseal-sdk.la
nobase_dist_doc_DATA += providers/cloudflare/cloudflare.md
dist_conformance_SCRIPTS += providers/cloudflare/cloudflare_sim.py
EXTRA_DIST += providers/cloudflare/exchanges.json
