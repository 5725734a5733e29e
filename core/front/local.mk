# SPDX-License-Identifier: Apache-2.0
# core/front: the command line.  All but main.c is an archive, for the tests.
noinst_LIBRARIES += core/front/libzs-front.a
core_front_libzs_front_a_SOURCES = \
	core/front/ask.c core/front/ask.h \
	core/front/cli.c core/front/cli.h \
	core/front/cmd_check.c \
	core/front/cmd_gc.c \
	core/front/cmd_help.c \
	core/front/cmd_issue.c \
	core/front/cmd_provider.c \
	core/front/cmd_status.c \
	core/front/cmd_version.c \
	core/front/command.c core/front/command.h \
	core/front/config.c core/front/config.h \
	core/front/due.c core/front/due.h \
	core/front/instance.c core/front/instance.h \
	core/front/journal_view.c core/front/journal_view.h \
	core/front/overlay.c core/front/overlay.h \
	core/front/plugins.c core/front/plugins.h \
	core/front/progress.c core/front/progress.h \
	core/front/report.c core/front/report.h \
	core/front/report_run.c \
	core/front/run.c core/front/run.h core/front/run_state.h \
	core/front/run_jobs.c \
	core/front/run_left.c \
	core/front/run_list.c \
	core/front/run_routes.c \
	core/front/run_walk.c \
	core/front/secrets.c core/front/secrets.h \
	core/front/supervisor.c core/front/supervisor.h \
	core/front/user.c core/front/user.h \
	core/front/version.h

# What the front links, besides its own archive.
FRONT_LIBS = \
	core/conf/libzs-conf.a \
	core/wrap/libzs-ini.a core/wrap/libzs-idn.a \
	core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a \
	$(INI_LIBS) $(IDN_LIBS) $(SECCOMP_LIBS)

bin_PROGRAMS += zoneseal
zoneseal_SOURCES = core/front/main.c
zoneseal_LDADD = core/front/libzs-front.a $(FRONT_LIBS)
