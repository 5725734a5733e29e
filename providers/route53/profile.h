/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One profile of the files of the AWS tools: pure.
 */
#ifndef ROUTE53_PROFILE_H
#define ROUTE53_PROFILE_H

#include "keys.h"

/* Where a file's profiles stand. */
enum {
	PROFILE_CREDENTIALS, /* [name] */
	PROFILE_CONFIG /* [profile name], and [default] */
};

struct profile {
	struct keys keys;
	int32_t found; /* its section is there */
	const char *unsupported; /* a key in it that we cannot follow, or NULL */
};

void profile_init(struct profile *profile);
void profile_done(struct profile *profile);
/* Adds what the text of a file has of the profile.  NULL, or what is wrong (static) in line
 * *ret_line. */
const char *profile_read(struct profile *profile, struct zsp_str text, int32_t kind, struct zsp_str name,
	uint32_t *ret_line);
/* What to do about an unsupported key (static). */
const char *profile_advice(const char *unsupported);

#endif
