# SPDX-License-Identifier: Apache-2.0
UNIT_TESTS += tests/sim/sim
tests_sim_sim_SOURCES = tests/sim/sim.c tests/sim/ca.c tests/sim/ca.h tests/sim/rng.h
tests_sim_sim_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/sim
tests_sim_sim_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_sim_sim_LDADD = core/acme/libzs-acme.a core/wrap/libzs-json.a core/base/libzs-base.a $(CJSON_LIBS)
