/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h for tests of what stands on it: instead of the service a list of documents
 * answers, one for each request.
 */
#ifndef TESTS_UNIT_ROUTE53_ANSWERS_H
#define TESTS_UNIT_ROUTE53_ANSWERS_H

#include "providers/route53/api.h"

struct answers {
	const char *const *documents;
	size_t n;
	size_t asked;			/* requests so far; those past the end are ZSP_TRANSIENT */
	char paths[32][300];
	char bodies[32][4096];
};

extern struct answers answers;
/* From now on these. */
void answers_are(const char *const *documents, size_t n);

#endif
