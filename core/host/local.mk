# SPDX-License-Identifier: Apache-2.0
# core/host: the process around one provider plugin.  Links no library but libdl.
noinst_LIBRARIES += core/host/libzs-host.a
core_host_libzs_host_a_SOURCES = \
	core/host/calls.c core/host/calls.h \
	core/host/describe.c core/host/describe.h \
	core/host/guard.c core/host/guard.h \
	core/host/hide.c core/host/hide.h \
	core/host/lend.c core/host/lend.h \
	core/host/library.c core/host/library.h \
	core/host/load.c core/host/load.h \
	core/host/options.c core/host/options.h \
	core/host/services.c core/host/services.h \
	core/host/usage.c core/host/usage.h \
	core/host/watch.c core/host/watch.h

pkglibexec_PROGRAMS += core/host/zoneseal-host
core_host_zoneseal_host_SOURCES = core/host/main.c
core_host_zoneseal_host_LDADD = \
	core/host/libzs-host.a \
	core/ipc/libzs-ipc.a \
	core/wrap/libzs-seccomp.a \
	core/base/libzs-base.a \
	$(SECCOMP_LIBS) $(DL_LIBS)
