/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest HTTP that a test provider can live on: one request on one connection. */
#ifndef TESTS_PROVIDERS_KIT_HTTP_H
#define TESTS_PROVIDERS_KIT_HTTP_H

#include <zoneseal/provider.h>

enum { KIT_BODY = 64 * 1024 };

struct kit_reply {
	int status;			/* 0 = no answer, or one that is none */
	int retry_after;		/* seconds, 0 = not said */
	char body[KIT_BODY];		/* with a NUL behind it */
	size_t n;
};

/* How long to wait, and whether anybody cares. */
struct kit_patience {
	const struct zsp_host *host;
	int deaf;			/* defect: blocks for ever */
	int impatient_ms;		/* defect: own limit, 0 = none */
};

/* base is http://127.0.0.1:PORT; body NULL = GET. */
void kit_http(const struct kit_patience *p, const char *base, const char *token, const char *path, const char *body,
	      struct kit_reply *reply);

#endif
