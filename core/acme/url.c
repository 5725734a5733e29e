/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs, nonces and tokens from a CA: the alphabet and shape checks that stand
 * in front of every use.  Pure; engine and vault both link it.
 */
#include "acme/url.h"

#include <string.h>

#include "base/b64url.h"

enum { MIN_TOKEN = 22, MAX_HOST = 253 };

#define SCHEME "https://"

/* An https URL in its parts; borrowed. */
struct parts {
	struct zs_slice host;	/* with brackets when it is an IPv6 literal */
	uint64_t port;
	struct zs_slice origin;
};

static bool is_host_octet(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_v6_octet(uint8_t c)
{
	return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
	       (c >= '0' && c <= '9') || c == ':' || c == '.';
}

/* Cuts the host off *rest. */
static bool take_host(struct zs_slice *rest, struct zs_slice *ret)
{
	size_t n = 0;

	if (rest->n && rest->p[0] == '[') {
		for (n = 1; n < rest->n && is_v6_octet(rest->p[n]);)
			n++;
		if (n < 3 || n == rest->n || rest->p[n] != ']')
			return false;
		n++;
	} else {
		while (n < rest->n && is_host_octet(rest->p[n]))
			n++;
	}
	if (!n || n > MAX_HOST || rest->p[0] == '.' || rest->p[0] == '-')
		return false;
	*ret = zs_slice_of(rest->p, n);
	*rest = zs_slice_of(rest->p + n, rest->n - n);
	return true;
}

static bool take_port(struct zs_slice *rest, uint64_t *ret)
{
	size_t n = 1;

	*ret = 443;
	if (!rest->n || rest->p[0] != ':')
		return true;
	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		n++;
	if (n < 2 || n > 6 ||
	    !zs_slice_u64(zs_slice_of(rest->p + 1, n - 1), 65535, ret) || !*ret)
		return false;
	*rest = zs_slice_of(rest->p + n, rest->n - n);
	return true;
}

/* NULL when good, else what is wrong. */
static const char *split(struct zs_slice url, struct parts *ret)
{
	struct zs_slice rest;

	if (!url.n)
		return "is empty";
	if (url.n > ZS_MAX_URL)
		return "longer than 2048 octets";
	if (!zs_slice_is_graph(url))
		return "has a blank, a control byte or a byte outside ASCII";
	if (memchr(url.p, '"', url.n) || memchr(url.p, '<', url.n) ||
	    memchr(url.p, '>', url.n) || memchr(url.p, '\\', url.n) ||
	    memchr(url.p, '`', url.n))
		return "has a character that no URL may have";
	if (url.n < sizeof(SCHEME) - 1 ||
	    !zs_slice_eq_nocase(zs_slice_of(url.p, sizeof(SCHEME) - 1), SCHEME))
		return "does not start with https://";
	rest = zs_slice_of(url.p + sizeof(SCHEME) - 1, url.n - (sizeof(SCHEME) - 1));
	if (!take_host(&rest, &ret->host))
		return "has no valid host";
	if (!take_port(&rest, &ret->port))
		return "has no valid port";
	if (rest.n && rest.p[0] == '@')
		return "has a user name";
	if (rest.n && !strchr("/?", rest.p[0]))
		return "has no valid host";
	if (memchr(url.p, '#', url.n))
		return "has a fragment";
	ret->origin = zs_slice_of(url.p, url.n - rest.n);
	return NULL;
}

bool zs_url_ok(struct zs_slice url, const char **why)
{
	struct parts parts;
	const char *wrong = split(url, &parts);

	if (why && wrong)
		*why = wrong;
	return !wrong;
}

bool zs_url_origin(struct zs_slice url, struct zs_slice *ret)
{
	struct parts parts;

	if (split(url, &parts))
		return false;
	*ret = parts.origin;
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool same_host(struct zs_slice a, struct zs_slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool zs_url_same_origin(struct zs_slice a, struct zs_slice b)
{
	struct parts pa, pb;

	return !split(a, &pa) && !split(b, &pb) && pa.port == pb.port &&
	       same_host(pa.host, pb.host);
}

bool zs_url_in(struct zs_slice url, struct zs_origins origins)
{
	for (size_t i = 0; i < origins.n; i++)
		if (zs_url_same_origin(url, origins.items[i]))
			return true;
	return false;
}

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
