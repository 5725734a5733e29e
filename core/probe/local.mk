# SPDX-License-Identifier: Apache-2.0
# The probe: DNS only. Its parts are an archive, so that tests link them too.
noinst_LIBRARIES += core/probe/libzs-probe.a
core_probe_libzs_probe_a_SOURCES = \
	core/probe/addr.c core/probe/addr.h \
	core/probe/group.c core/probe/group.h \
	core/probe/matrix.c core/probe/matrix.h \
	core/probe/read.c core/probe/read.h \
	core/probe/resolver.c core/probe/resolver.h \
	core/probe/serve.c core/probe/serve.h \
	core/probe/tcp.c core/probe/tcp.h \
	core/probe/transport.c core/probe/transport.h \
	core/probe/walk.c core/probe/walk.h \
	core/probe/watch.c core/probe/watch.h \
	core/probe/zone.c core/probe/zone.h \
	core/probe/zonecut.c core/probe/zonecut.h

pkglibexec_PROGRAMS += core/probe/zoneseal-probe
core_probe_zoneseal_probe_SOURCES = core/probe/main.c
core_probe_zoneseal_probe_LDADD = \
	core/probe/libzs-probe.a \
	core/wrap/libzs-dns.a \
	core/ipc/libzs-ipc.a \
	core/wrap/libzs-seccomp.a \
	core/base/libzs-base.a \
	$(LDNS_LIBS) $(SECCOMP_LIBS)
