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
	core/front/cmd_provider_check.c \
	core/front/cmd_provider_new.c \
	core/front/cmd_provider_policy.c \
	core/front/cmd_status.c \
	core/front/cmd_version.c \
	core/front/command.c core/front/command.h \
	core/front/config.c core/front/config.h \
	core/front/due.c core/front/due.h \
	core/front/instance.c core/front/instance.h \
	core/front/journal_view.c core/front/journal_view.h \
	core/front/kit.c core/front/kit.h core/front/kit_state.h \
	core/front/kit_check_change.c \
	core/front/kit_check_life.c \
	core/front/kit_check_load.c \
	core/front/kit_checks.c core/front/kit_checks.h \
	core/front/kit_host.c \
	core/front/kit_options.c core/front/kit_options.h \
	core/front/kit_secret.c core/front/kit_secret.h \
	core/front/kit_sim.c core/front/kit_sim.h \
	core/front/kit_step.c \
	core/front/kit_zone.c \
	core/front/overlay.c core/front/overlay.h \
	core/front/places.c core/front/places.h \
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
