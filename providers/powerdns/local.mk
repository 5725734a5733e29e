# SPDX-License-Identifier: Apache-2.0
# providers/powerdns: the HTTP API of the PowerDNS authoritative server.
providers_LTLIBRARIES += providers/powerdns/powerdns.la
providers_powerdns_powerdns_la_SOURCES = \
	providers/powerdns/answer.c providers/powerdns/answer.h \
	providers/powerdns/api.c providers/powerdns/api.h \
	providers/powerdns/apply.c providers/powerdns/apply.h \
	providers/powerdns/powerdns.c \
	providers/powerdns/set.c providers/powerdns/set.h
providers_powerdns_powerdns_la_LDFLAGS = $(MODULE_FLAGS)
providers_powerdns_powerdns_la_LIBADD = plugins-sdk/libzoneseal-sdk.la
dist_conformance_SCRIPTS += providers/powerdns/powerdns_sim.py
nobase_dist_doc_DATA += providers/powerdns/powerdns.md
