# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += core/base/libzs-base.a
core_base_libzs_base_a_SOURCES = \
	core/base/b64url.c core/base/b64url.h \
	core/base/buf.c core/base/buf.h \
	core/base/clock.c core/base/clock.h \
	core/base/defs.h \
	core/base/err.c core/base/err.h \
	core/base/fsutil.c core/base/fsutil.h \
	core/base/jsonout.c core/base/jsonout.h \
	core/base/log.c core/base/log.h \
	core/base/name.c core/base/name.h \
	core/base/slice.c core/base/slice.h \
	core/base/url.c core/base/url.h \
	core/base/vec.c core/base/vec.h
