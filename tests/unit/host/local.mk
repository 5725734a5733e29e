# SPDX-License-Identifier: Apache-2.0
host_test_libs = core/host/libzs-host.a core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a \
	core/base/libzs-base.a $(SECCOMP_LIBS) $(DL_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/host/test_describe
tests_unit_host_test_describe_SOURCES = tests/unit/host/test_describe.c
tests_unit_host_test_describe_LDADD = $(host_test_libs)
UNIT_TESTS += tests/unit/host/test_guard
tests_unit_host_test_guard_SOURCES = tests/unit/host/test_guard.c
tests_unit_host_test_guard_LDADD = $(host_test_libs)
UNIT_TESTS += tests/unit/host/test_hide
tests_unit_host_test_hide_SOURCES = tests/unit/host/test_hide.c
tests_unit_host_test_hide_LDADD = $(host_test_libs)
UNIT_TESTS += tests/unit/host/test_load
tests_unit_host_test_load_SOURCES = tests/unit/host/test_load.c
tests_unit_host_test_load_LDADD = $(host_test_libs)
