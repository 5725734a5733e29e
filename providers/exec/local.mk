# SPDX-License-Identifier: Apache-2.0
# providers/exec: has programs of the user make the changes.
providers_LTLIBRARIES += providers/exec/exec.la
providers_exec_exec_la_SOURCES = \
	providers/exec/call.c \
	providers/exec/exec.c providers/exec/exec.h \
	providers/exec/hooks.c \
	providers/exec/json.c \
	providers/exec/past.c providers/exec/past.h \
	providers/exec/run.c providers/exec/run.h \
	providers/exec/talk.c providers/exec/talk.h \
	providers/exec/words.c providers/exec/words.h
providers_exec_exec_la_LDFLAGS = $(MODULE_FLAGS)
providers_exec_exec_la_LIBADD = plugins-sdk/libzoneseal-sdk.la
nobase_dist_doc_DATA += providers/exec/exec.md
dist_conformance_SCRIPTS += providers/exec/exec_sim.py
