/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs, nonces and tokens from a CA: the alphabet and shape checks that stand
 * in front of every use.  Pure.
 */
#include "acme/url.h"

#include "base/b64url.h"

enum { MIN_TOKEN = 22 };

/* The URL itself is shown only as far as it is harmless and short. */
enum { SHOWN_URL = 200 };

int zs_url_check(struct zs_slice url, const struct zs_acme_from *from,
		 const char *what, struct zs_err *err)
{
	const char *why = NULL;
	int shown = (int)(url.n < SHOWN_URL ? url.n : SHOWN_URL);
	int r = 0;

	if (!zs_url_ok(url, &why))
		r = zs_err_set(err, ZS_E_CA_PROTOCOL, "%s: the URL \"%.*s\" %s",
			       what, shown, url.n ? (const char *)url.p : "", why);
	else if (!zs_url_in(url, from->origins))
		r = zs_err_set(err, ZS_E_CA_PROTOCOL,
			       "%s: the URL \"%.*s\" is on another host than the directory and is not in `origins` of the CA",
			       what, shown, (const char *)url.p);
	if (r)
		zs_err_where(err, "%s", from->url);
	return r;
}

bool zs_nonce_ok(struct zs_slice nonce)
{
	return nonce.n <= ZS_MAX_NONCE && zs_b64url_ok(nonce);
}

bool zs_token_ok(struct zs_slice token)
{
	return token.n >= MIN_TOKEN && token.n <= ZS_MAX_TOKEN &&
	       zs_b64url_ok(token);
}
