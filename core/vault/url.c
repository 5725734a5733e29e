/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough of RFC 3986 to compare origins and to recognise the account's
 * own URL.  What is signed is always the URL as it came: nothing is rewritten.
 * Runs in the vault.
 */
#include "vault/url.h"

#include <stdio.h>
#include <string.h>

static const char scheme[] = "https://";
enum { SCHEME = sizeof(scheme) - 1, DEFAULT_PORT = 443 };

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Scheme and characters; *ret_authority and *ret_rest split what follows. */
static bool split(struct zs_slice url, struct zs_slice *ret_authority, struct zs_slice *ret_rest)
{
	size_t n = SCHEME;

	if (url.n <= SCHEME || url.n > ZS_MAX_URL || !zs_slice_is_graph(url) ||
	    !zs_slice_eq_nocase(zs_slice_of(url.p, SCHEME), scheme))
		return false;
	for (size_t i = 0; i < url.n; i++)
		if (strchr("\"\\<>^`{|}#", url.p[i]) != NULL)
			return false;
	while (n < url.n && url.p[n] != '/' && url.p[n] != '?')
		n++;
	*ret_authority = zs_slice_of(url.p + SCHEME, n - SCHEME);
	*ret_rest = zs_slice_of(url.p + n, url.n - n);
	return true;
}

static bool host_ok(struct zs_slice host)
{
	bool v6 = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

	if (host.n == 0 || host.n > ZS_MAX_NAME)
		return false;
	for (size_t i = v6 ? 1 : 0; i < host.n - (v6 ? 1 : 0); i++) {
		uint8_t c = lower(host.p[i]);
		bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		if (v6 ? !hex && c != ':' && c != '.' : !hex && (c < 'g' || c > 'z') && c != '-' && c != '.' && c != '_')
			return false;
	}
	return true;
}

static bool split_port(struct zs_slice authority, struct zs_slice *ret_host, unsigned *ret_port)
{
	size_t n = authority.n;
	uint64_t port = DEFAULT_PORT;

	while (n > 0 && authority.p[n - 1] >= '0' && authority.p[n - 1] <= '9')
		n--;
	if (n > 0 && authority.p[n - 1] == ':') {
		if (!zs_slice_u64(zs_slice_of(authority.p + n, authority.n - n), UINT16_MAX, &port) || port == 0)
			return false;
		*ret_host = zs_slice_of(authority.p, n - 1);
	} else {
		*ret_host = authority;
	}
	*ret_port = (unsigned)port;
	return true;
}

bool zs_url_origin(struct zs_slice url, char dst[static ZS_MAX_ORIGIN])
{
	struct zs_slice authority, rest, host;
	unsigned port;
	size_t n = SCHEME;

	if (!split(url, &authority, &rest) || !split_port(authority, &host, &port) || !host_ok(host))
		return false;
	memcpy(dst, scheme, SCHEME);
	for (size_t i = 0; i < host.n; i++)
		dst[n++] = (char)lower(host.p[i]);
	dst[n] = '\0';
	if (port != DEFAULT_PORT)
		(void)snprintf(dst + n, ZS_MAX_ORIGIN - n, ":%u", port);
	return true;
}

bool zs_url_is_plain(struct zs_slice url)
{
	struct zs_slice authority, path;

	if (!split(url, &authority, &path) || path.n < 2)
		return false;
	for (size_t i = 0; i < path.n; i++)
		if (strchr("%?;", path.p[i]) != NULL)
			return false;
	(void)zs_slice_cut(&path, '/');
	while (path.n > 0) {
		bool more = memchr(path.p, '/', path.n) != NULL;
		struct zs_slice segment = zs_slice_cut(&path, '/');

		if ((segment.n == 0 && more) || zs_slice_eq_str(segment, ".") || zs_slice_eq_str(segment, ".."))
			return false;
	}
	return true;
}

static int hex_digit(uint8_t c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The path with escapes undone, in lower case, without query and trailing slashes. */
static void fold_path(struct zs_slice rest, struct zs_buf *dst)
{
	rest = zs_slice_cut(&rest, '?');
	for (size_t i = 0; i < rest.n; i++) {
		uint8_t c = rest.p[i];

		if (c == '%' && i + 2 < rest.n && hex_digit(rest.p[i + 1]) >= 0 && hex_digit(rest.p[i + 2]) >= 0) {
			c = (uint8_t)(hex_digit(rest.p[i + 1]) * 16 + hex_digit(rest.p[i + 2]));
			i += 2;
		}
		if (c == '/' && dst->len > 0 && dst->data[dst->len - 1] == '/')
			continue;
		zs_buf_add_byte(dst, lower(c));
	}
	while (dst->len > 0 && dst->data[dst->len - 1] == '/')
		dst->len--;
}

bool zs_url_same(struct zs_slice a, struct zs_slice b)
{
	char origin_a[ZS_MAX_ORIGIN], origin_b[ZS_MAX_ORIGIN];
	struct zs_buf path_a = ZS_BUF(ZS_MAX_URL), path_b = ZS_BUF(ZS_MAX_URL);
	struct zs_slice authority, rest_a, rest_b;
	bool same;

	/* What cannot be compared must not pass as different. */
	if (!zs_url_origin(a, origin_a) || !zs_url_origin(b, origin_b))
		return true;
	if (strcmp(origin_a, origin_b) != 0)
		return false;
	(void)split(a, &authority, &rest_a);
	(void)split(b, &authority, &rest_b);
	fold_path(rest_a, &path_a);
	fold_path(rest_b, &path_b);
	same = path_a.failed || path_b.failed || zs_slice_eq(zs_buf_slice(&path_a), zs_buf_slice(&path_b));
	zs_buf_done(&path_a);
	zs_buf_done(&path_b);
	return same;
}
