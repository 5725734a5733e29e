/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check every URL from a CA passes before anything uses it: https,
 * printable ASCII, no user part, at most 2 KiB, origin in the CA's pinned set.
 * Does not resolve, decode or change a URL: ACME compares them as they are.
 */
#ifndef ZS_ACME_URL_H
#define ZS_ACME_URL_H

#include "base/err.h"
#include "base/slice.h"

/* "https://host[:port]" each; borrowed. */
struct zs_origins {
	const struct zs_slice *items;
	size_t n;
};

/* What was read, for errors and checks: the URL it came from and the pinned set. */
struct zs_acme_from {
	const char *url;
	struct zs_origins origins;
};

/* False when url is not an https URL of the shape above; *why (may be NULL) says
 * what is wrong.  The origin set is not looked at. */
bool zs_url_ok(struct zs_slice url, const char **why);
/* The part "https://host[:port]" of a good URL. */
bool zs_url_origin(struct zs_slice url, struct zs_slice *ret);
/* Same host (any case) and port (443 when not given). */
bool zs_url_same_origin(struct zs_slice a, struct zs_slice b);
bool zs_url_in(struct zs_slice url, struct zs_origins origins);
/* All of it; 0 or -ZS_E_CA_PROTOCOL.  what says which URL ("order: finalize"). */
int zs_url_check(struct zs_slice url, const struct zs_acme_from *from,
		 const char *what, struct zs_err *err);

/* Replay-Nonce: 1..ZS_MAX_NONCE octets of base64url (RFC 8555 6.5.1). */
bool zs_nonce_ok(struct zs_slice nonce);
/* Token of a challenge: 22..ZS_MAX_TOKEN octets of base64url (RFC 8555 8.3). */
bool zs_token_ok(struct zs_slice token);

#endif
