# SPDX-License-Identifier: Apache-2.0
IPC_TEST_LIBS = core/ipc/libzs-ipc.a core/wrap/libzs-seccomp.a core/base/libzs-base.a $(SECCOMP_LIBS) $(CMOCKA_LIBS)

UNIT_TESTS += tests/unit/ipc/test_codec
tests_unit_ipc_test_codec_SOURCES = tests/unit/ipc/test_codec.c
tests_unit_ipc_test_codec_LDADD = $(IPC_TEST_LIBS)

UNIT_TESTS += tests/unit/ipc/test_frame
tests_unit_ipc_test_frame_SOURCES = tests/unit/ipc/test_frame.c
tests_unit_ipc_test_frame_LDADD = $(IPC_TEST_LIBS)

UNIT_TESTS += tests/unit/ipc/test_chan
tests_unit_ipc_test_chan_SOURCES = tests/unit/ipc/test_chan.c
tests_unit_ipc_test_chan_LDADD = $(IPC_TEST_LIBS)

UNIT_TESTS += tests/unit/ipc/test_loop
tests_unit_ipc_test_loop_SOURCES = tests/unit/ipc/test_loop.c
tests_unit_ipc_test_loop_LDADD = $(IPC_TEST_LIBS)

UNIT_TESTS += tests/unit/ipc/test_spawn
tests_unit_ipc_test_spawn_SOURCES = tests/unit/ipc/test_spawn.c
tests_unit_ipc_test_spawn_LDADD = $(IPC_TEST_LIBS)

UNIT_TESTS += tests/unit/ipc/test_sandbox
tests_unit_ipc_test_sandbox_SOURCES = tests/unit/ipc/test_sandbox.c
tests_unit_ipc_test_sandbox_LDADD = $(IPC_TEST_LIBS) $(DL_LIBS)
