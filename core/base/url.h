/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs: shape, origin, and whether two name one resource.  Does not resolve,
 * decode or change a URL: ACME compares and signs them as they came.
 */
#ifndef ZS_BASE_URL_H
#define ZS_BASE_URL_H

#include "base/slice.h"

enum zs_url_fault {
	ZS_URL_FINE,
	ZS_URL_EMPTY,
	ZS_URL_LONG,		/* over ZS_MAX_URL */
	ZS_URL_OCTET,		/* a blank, a control byte or a byte outside ASCII */
	ZS_URL_CHARACTER,	/* one of "<>\^`{|} */
	ZS_URL_SCHEME,
	ZS_URL_USER,
	ZS_URL_HOST,
	ZS_URL_PORT,
	ZS_URL_FRAGMENT,
	ZS_URL_FAULT__COUNT
};

/* SCHEME://HOST[:PORT][REST]; borrowed. */
struct zs_url {
	struct zs_slice scheme;
	struct zs_slice host;		/* with brackets when it is an IPv6 literal */
	uint16_t port;			/* 0 = not given */
	struct zs_slice origin;		/* all but rest */
	struct zs_slice rest;		/* empty, or begins with / or ? */
};

/* "https://host[:port]" each; borrowed. */
struct zs_origins {
	const struct zs_slice *items;
	size_t n;
};

/* Any scheme.  Printable ASCII, at most ZS_MAX_URL octets, a host of letters, digits
 * and "-._" or an IPv6 literal, a port in 1..65535, no user, no fragment.  *ret is
 * set when it is fine. */
enum zs_url_fault zs_url_split(struct zs_slice url, struct zs_url *ret);
/* What goes behind "the URL": "has no valid host". Never NULL. */
const char *zs_url_fault_text(enum zs_url_fault fault);
/* False when url is not an https URL of that shape; *why (may be NULL) says what is
 * wrong ("has no valid host"). */
bool zs_url_ok(struct zs_slice url, const char **why);
/* The part "https://host[:port]" of a good URL. */
bool zs_url_origin(struct zs_slice url, struct zs_slice *ret);
/* Both good, same host (any case) and port (443 when not given). */
bool zs_url_same_origin(struct zs_slice a, struct zs_slice b);
/* True when the URL's origin is in the set. */
bool zs_url_in(struct zs_slice url, struct zs_origins origins);
/* True when the URL has no escapes, query, parameters, dot or empty segments, so that
 * it can be compared at all. */
bool zs_url_is_plain(struct zs_slice url);
/* True when both name one resource, after undoing what does not matter: case, default
 * port, escapes, query, trailing slashes.  Errs on the side of true: what cannot be
 * compared is the same. */
bool zs_url_same(struct zs_slice a, struct zs_slice b);

#endif
