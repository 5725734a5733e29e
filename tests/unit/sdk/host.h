/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host for the library's tests: keeps what it is told, and a test owns its
 * deadline.
 */
#ifndef ZS_TESTS_SDK_HOST_H
#define ZS_TESTS_SDK_HOST_H

#include <stdatomic.h>

#include <zoneseal/provider.h>

enum { FAKE_DEADLINE_MS = 60 * 1000 };

struct fake {
	struct zsp_host host;
	int64_t deadline_ms;		/* by zsp_time_monotonic() */
	atomic_uint *cancel_when;	/* cancelled when this is not 0; NULL = never */
	unsigned fails;
	int32_t error_class;
	int64_t retry_after_ms;
	char fail[2048];
	char log[16384];		/* lines */
	char result[2048];
	uint32_t result_index;
	int32_t result_class;
	char good[256];			/* numbers of the results that are ZSP_OK */
	char print[70000];
};

void fake_init(struct fake *fake);

#endif
