# SPDX-License-Identifier: Apache-2.0
# providers/acme-dns: accounts of an acme-dns server.
providers_LTLIBRARIES += providers/acme-dns/acme-dns.la
providers_acme_dns_acme_dns_la_SOURCES = \
	providers/acme-dns/acme-dns.c \
	providers/acme-dns/storage.c providers/acme-dns/storage.h
providers_acme_dns_acme_dns_la_LDFLAGS = $(MODULE_FLAGS)
providers_acme_dns_acme_dns_la_LIBADD = plugins-sdk/libzoneseal-sdk.la
dist_conformance_SCRIPTS += providers/acme-dns/acme-dns_sim.py
nobase_dist_doc_DATA += providers/acme-dns/acme-dns.md
