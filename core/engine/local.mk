# SPDX-License-Identifier: Apache-2.0
# core/engine: the process that talks to the CA.

noinst_LIBRARIES += core/engine/libzs-engine.a
core_engine_libzs_engine_a_SOURCES = \
	core/engine/clean.c core/engine/clean.h \
	core/engine/engine.h \
	core/engine/jobs.c core/engine/jobs.h \
	core/engine/peers.c \
	core/engine/publish.c core/engine/publish.h \
	core/engine/session.c core/engine/session.h \
	core/engine/watch.c core/engine/watch.h

pkglibexec_PROGRAMS += core/engine/zoneseal-engine
core_engine_zoneseal_engine_SOURCES = core/engine/main.c
core_engine_zoneseal_engine_LDADD = \
	core/engine/libzs-engine.a core/acme/libzs-acme.a \
	core/wrap/libzs-json.a core/wrap/libzs-http.a core/wrap/libzs-x509.a \
	core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a \
	$(CURL_LIBS) $(CJSON_LIBS) $(OPENSSL_SSL_LIBS) $(OPENSSL_CRYPTO_LIBS) $(SECCOMP_LIBS)
