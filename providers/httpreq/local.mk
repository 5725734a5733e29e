# SPDX-License-Identifier: Apache-2.0
# providers/httpreq: an HTTP service with the two calls "present" and "cleanup".
providers_LTLIBRARIES += providers/httpreq/httpreq.la
providers_httpreq_httpreq_la_SOURCES = providers/httpreq/httpreq.c
providers_httpreq_httpreq_la_LDFLAGS = $(MODULE_FLAGS)
providers_httpreq_httpreq_la_LIBADD = plugins-sdk/libzoneseal-sdk.la
nobase_dist_doc_DATA += providers/httpreq/httpreq.md
dist_conformance_SCRIPTS += providers/httpreq/httpreq_sim.py
