/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorizations and their challenges (RFC 8555 7.1.4, 8).  Only dns-01 is
 * kept; challenges of other and unknown types are skipped.
 */
#ifndef ZS_ACME_AUTHZ_H
#define ZS_ACME_AUTHZ_H

#include "acme/url.h"
#include "base/name.h"
#include "base/vec.h"

enum zs_authz_status { ZS_AUTHZ_PENDING, ZS_AUTHZ_VALID, ZS_AUTHZ_INVALID, ZS_AUTHZ_DEACTIVATED, ZS_AUTHZ_EXPIRED, ZS_AUTHZ_REVOKED, ZS_AUTHZ__COUNT };
enum zs_challenge_status { ZS_CHALLENGE_PENDING, ZS_CHALLENGE_PROCESSING, ZS_CHALLENGE_VALID, ZS_CHALLENGE_INVALID, ZS_CHALLENGE__COUNT };

struct zs_challenge {
	enum zs_challenge_status status;
	const char *url;
	const char *token;			/* checked; NULL in the answer to an accept without one */
	bool has_error;
	struct zs_err error;
};

struct zs_authz {
	enum zs_authz_status status;
	struct zs_name identifier;		/* base name; wildcard as the CA says */
	int64_t expires;
	bool has_dns01;
	struct zs_challenge dns01;
	/* the first error of any challenge, for explanations */
	bool has_error;
	struct zs_err error;
	char offered[128];			/* types offered, for the message when dns-01 is missing */
};

int zs_authz_parse(struct zs_slice body, const struct zs_acme_from *from,
		   struct zs_arena *arena, struct zs_authz *ret,
		   struct zs_err *err);
/* A challenge object on its own: the reply to an accept. */
int zs_challenge_parse(struct zs_slice body, const struct zs_acme_from *from,
		       struct zs_arena *arena, struct zs_challenge *ret,
		       struct zs_err *err);
const char *zs_authz_status_name(enum zs_authz_status status);
const char *zs_challenge_status_name(enum zs_challenge_status status);

#endif
