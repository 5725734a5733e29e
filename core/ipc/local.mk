# SPDX-License-Identifier: Apache-2.0
# Messages, channels, the loop, and starting and confining processes. Who links it also
# links core/wrap/libzs-seccomp.a and $(SECCOMP_LIBS), then core/base/libzs-base.a.
noinst_LIBRARIES += core/ipc/libzs-ipc.a
core_ipc_libzs_ipc_a_SOURCES = \
	core/ipc/chan.c core/ipc/chan.h \
	core/ipc/child.c core/ipc/child.h \
	core/ipc/codec.c core/ipc/codec.h \
	core/ipc/frame.c core/ipc/frame.h \
	core/ipc/loop.c core/ipc/loop.h \
	core/ipc/proto.c core/ipc/proto.h \
	core/ipc/sandbox.c core/ipc/sandbox.h \
	core/ipc/spawn.c core/ipc/spawn.h
