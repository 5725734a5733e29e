# SPDX-License-Identifier: Apache-2.0
# providers/memory: the smallest plugin; an example, not installed.
check_LTLIBRARIES += providers/memory/memory.la
providers_memory_memory_la_SOURCES = providers/memory/memory.c
providers_memory_memory_la_LDFLAGS = $(TEST_MODULE_FLAGS)
