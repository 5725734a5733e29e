/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs that the vault signs for: shape, origin, and whether one is the
 * account's own.
 */
#ifndef ZS_VAULT_URL_H
#define ZS_VAULT_URL_H

#include "base/buf.h"
#include "base/err.h"

enum { ZS_MAX_ORIGIN = 8 + ZS_MAX_NAME + 6 + 1 };

/* https, printable ASCII without quote and backslash, <= ZS_MAX_URL, a host, no user
 * info, no fragment. Writes the normal form of the origin: lower case, no port 443. */
bool zs_url_origin(struct zs_slice url, char dst[static ZS_MAX_ORIGIN]);
/* True when the URL may be the target of a deactivation: no escapes, query,
 * parameters, dot or empty segments, so that it can be compared at all. */
bool zs_url_is_plain(struct zs_slice url);
/* True when both name one resource, after undoing what does not matter: case, default
 * port, escapes, query, trailing slashes. Errs on the side of true. */
bool zs_url_same(struct zs_slice a, struct zs_slice b);

#endif
