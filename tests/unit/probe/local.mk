# SPDX-License-Identifier: Apache-2.0
# Servers inside the test programs: fake.c.
probe_test_libs = \
	core/probe/libzs-probe.a \
	core/wrap/libzs-dns.a \
	core/ipc/libzs-ipc.a \
	core/wrap/libzs-seccomp.a \
	core/base/libzs-base.a \
	$(LDNS_LIBS) $(SECCOMP_LIBS) $(CMOCKA_LIBS)
probe_test_fake = tests/unit/probe/fake.c tests/unit/probe/fake.h

UNIT_TESTS += tests/unit/probe/test_transport
tests_unit_probe_test_transport_SOURCES = tests/unit/probe/test_transport.c $(probe_test_fake)
tests_unit_probe_test_transport_LDADD = $(probe_test_libs)
UNIT_TESTS += tests/unit/probe/test_walk
tests_unit_probe_test_walk_SOURCES = tests/unit/probe/test_walk.c $(probe_test_fake)
tests_unit_probe_test_walk_LDADD = $(probe_test_libs)
UNIT_TESTS += tests/unit/probe/test_matrix
tests_unit_probe_test_matrix_SOURCES = tests/unit/probe/test_matrix.c
tests_unit_probe_test_matrix_LDADD = $(probe_test_libs)
UNIT_TESTS += tests/unit/probe/test_watch
tests_unit_probe_test_watch_SOURCES = tests/unit/probe/test_watch.c $(probe_test_fake)
tests_unit_probe_test_watch_LDADD = $(probe_test_libs)
UNIT_TESTS += tests/unit/probe/test_serve
tests_unit_probe_test_serve_SOURCES = tests/unit/probe/test_serve.c $(probe_test_fake)
tests_unit_probe_test_serve_LDADD = $(probe_test_libs)
