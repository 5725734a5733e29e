/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problem documents (RFC 7807, RFC 8555 6.7) as struct zs_err: type, detail,
 * subproblems, and the class that decides about retries.  A type that is not
 * known, and a body that is no problem document, fall back on the HTTP status.
 */
#ifndef ZS_ACME_PROBLEM_H
#define ZS_ACME_PROBLEM_H

#include "base/err.h"
#include "base/slice.h"
#include "wrap/json.h"

struct zs_problem_source {
	const char *url;	/* becomes err->where */
	int status;		/* HTTP; 0 = the problem was found inside an object */
	int64_t retry_at;	/* Unix seconds; 0 = not said */
};

/* Fills err from the body of an HTTP error; always sets a code.  Never fails. */
void zs_problem_read(struct zs_slice body, const struct zs_problem_source *source,
		     struct zs_err *err);
/* The same for the `error` member of an order or a challenge. */
void zs_problem_object(struct zs_json problem, const struct zs_problem_source *source,
		       struct zs_err *err);

/* How a failed request may be treated. */
enum zs_problem_kind {
	ZS_PROBLEM_FINAL,		/* repeating does not help */
	ZS_PROBLEM_BUSY,		/* 5xx, serverInternal: soon again */
	ZS_PROBLEM_LIMITED,		/* rateLimited, 429 */
	ZS_PROBLEM_BAD_NONCE,
	ZS_PROBLEM_ACCOUNT_GONE,	/* the CA does not know the account */
	ZS_PROBLEM_NOT_READY,		/* orderNotReady */
	ZS_PROBLEM_NOT_FOUND		/* 404, 410 */
};
enum zs_problem_kind zs_problem_kind(const struct zs_err *err);

#endif
