/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check every URL from a CA passes before anything uses it: an https URL of
 * the shape of base/url.h whose origin is in the CA's pinned set.  And those of
 * nonces and tokens.
 */
#ifndef ZS_ACME_URL_H
#define ZS_ACME_URL_H

#include "base/err.h"
#include "base/url.h"

/* What was read, for errors and checks: the URL it came from and the pinned set. */
struct zs_acme_from {
	const char *url;
	struct zs_origins origins;
};

/* 0 or -ZS_E_CA_PROTOCOL.  what says which URL ("order: finalize"). */
int zs_url_check(struct zs_slice url, const struct zs_acme_from *from,
		 const char *what, struct zs_err *err);

/* Replay-Nonce: 1..ZS_MAX_NONCE octets of base64url (RFC 8555 6.5.1). */
bool zs_nonce_ok(struct zs_slice nonce);
/* Token of a challenge: 22..ZS_MAX_TOKEN octets of base64url (RFC 8555 8.3). */
bool zs_token_ok(struct zs_slice token);

#endif
