# SPDX-License-Identifier: Apache-2.0
# Links with libzs-ini.a, libzs-idn.a, $(INI_LIBS) and $(IDN_LIBS).
noinst_LIBRARIES += core/conf/libzs-conf.a
core_conf_libzs_conf_a_SOURCES = \
	core/conf/assign.c core/conf/assign.h \
	core/conf/conf.c core/conf/conf.h \
	core/conf/finish.c \
	core/conf/lists.c core/conf/lists.h \
	core/conf/nearest.c core/conf/nearest.h \
	core/conf/options.c core/conf/options.h \
	core/conf/places.c \
	core/conf/print.c \
	core/conf/problems.c core/conf/problems.h \
	core/conf/read.c \
	core/conf/section.c core/conf/section.h \
	core/conf/shortcodes.c core/conf/shortcodes.h \
	core/conf/syntax.c core/conf/syntax.h \
	core/conf/value.c core/conf/value.h
