# SPDX-License-Identifier: Apache-2.0
# tests/abi: the plugin border: layout, header, and the real host process with real plugins.
UNIT_TESTS += tests/abi/test_layout
tests_abi_test_layout_SOURCES = tests/abi/test_layout.c
tests_abi_test_layout_LDADD = $(CMOCKA_LIBS)

UNIT_TESTS += tests/abi/test_host_process
tests_abi_test_host_process_SOURCES = \
	tests/abi/host_driver.c tests/abi/host_driver.h \
	tests/abi/test_host_process.c
tests_abi_test_host_process_LDADD = core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a \
	core/base/libzs-base.a $(SECCOMP_LIBS) $(CMOCKA_LIBS)

SCRIPT_TESTS += tests/abi/check-header
EXTRA_DIST += tests/abi/check-header tests/abi/layout-1.0.txt tests/abi/1.0/zoneseal/provider.h tests/abi/test_header.c tests/abi/test_sdk_header.c

# Many changes through the real host, for tests with several writers.
check_PROGRAMS += tests/abi/rounds
tests_abi_rounds_SOURCES = tests/abi/host_driver.c tests/abi/host_driver.h tests/abi/rounds.c
tests_abi_rounds_LDADD = core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a $(SECCOMP_LIBS)
