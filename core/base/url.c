/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough of RFC 3986 to refuse what no CA needs, to compare origins and to
 * recognise a known URL.
 */
#include "base/url.h"

#include <string.h>

#include "base/buf.h"

enum { HTTPS_PORT = 443, MIN_V6 = 2 };

/* After "the URL ...". */
static const char *const faults[] = {
	[ZS_URL_FINE] = "is fine",
	[ZS_URL_EMPTY] = "is empty",
	[ZS_URL_LONG] = "longer than 2048 octets",
	[ZS_URL_OCTET] = "has a blank, a control byte or a byte outside ASCII",
	[ZS_URL_CHARACTER] = "has a character that no URL may have",
	[ZS_URL_SCHEME] = "does not start with https://",
	[ZS_URL_USER] = "has a user name",
	[ZS_URL_HOST] = "has no valid host",
	[ZS_URL_PORT] = "has no valid port",
	[ZS_URL_FRAGMENT] = "has a fragment",
};
_Static_assert(ZS_COUNT(faults) == ZS_URL_FAULT__COUNT, "one text per fault");

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool has_any(struct zs_slice s, const char *octets)
{
	for (; *octets; octets++)
		if (s.n && memchr(s.p, *octets, s.n))
			return true;
	return false;
}

/* ---- shape ---- */

static enum zs_url_fault check_octets(struct zs_slice url)
{
	if (!url.n)
		return ZS_URL_EMPTY;
	if (url.n > ZS_MAX_URL)
		return ZS_URL_LONG;
	if (!zs_slice_is_graph(url))
		return ZS_URL_OCTET;
	return has_any(url, "\"\\<>^`{|}") ? ZS_URL_CHARACTER : ZS_URL_FINE;
}

/* Leaves what is behind "://". */
static bool take_scheme(struct zs_slice *rest, struct zs_slice *ret)
{
	size_t n = 0;

	while (n < rest->n && (is_letter(rest->p[n]) || (n && is_digit(rest->p[n]))))
		n++;
	*ret = zs_slice_of(rest->p, n);
	*rest = zs_slice_of(rest->p + n, rest->n - n);
	if (!n || !zs_slice_starts(*rest, "://"))
		return false;
	*rest = zs_slice_of(rest->p + 3, rest->n - 3);
	return true;
}

static bool v6_ok(struct zs_slice inside)
{
	for (size_t i = 0; i < inside.n; i++) {
		uint8_t c = lower(inside.p[i]);

		if (!is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':' && c != '.')
			return false;
	}
	return inside.n >= MIN_V6;
}

static bool name_ok(struct zs_slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.' && c != '_')
			return false;
	}
	return name.n && name.p[0] != '.' && name.p[0] != '-';
}

/* Cuts the host off *authority: what is left is empty or begins with a colon. */
static bool take_host(struct zs_slice *authority, struct zs_slice *ret)
{
	bool v6 = authority->n && authority->p[0] == '[';
	const uint8_t *end = authority->n ? memchr(authority->p, v6 ? ']' : ':', authority->n) : NULL;
	size_t n = end ? (size_t)(end - authority->p) + v6 : authority->n;

	*ret = zs_slice_of(authority->p, n);
	*authority = zs_slice_of(authority->p + n, authority->n - n);
	if (n > ZS_MAX_NAME || (authority->n && authority->p[0] != ':'))
		return false;
	return v6 ? end && v6_ok(zs_slice_of(ret->p + 1, n - 2)) : name_ok(*ret);
}

static bool read_port(struct zs_slice text, uint16_t *ret)
{
	uint64_t port = 0;

	if (text.n && (text.n < 2 || text.n > sizeof(":65535") - 1 ||
		       !zs_slice_u64(zs_slice_of(text.p + 1, text.n - 1), UINT16_MAX, &port) || !port))
		return false;
	*ret = (uint16_t)port;
	return true;
}

enum zs_url_fault zs_url_split(struct zs_slice url, struct zs_url *ret)
{
	enum zs_url_fault fault = check_octets(url);
	struct zs_slice rest = url, authority;
	struct zs_url parts;
	size_t n = 0;

	if (fault)
		return fault;
	if (!take_scheme(&rest, &parts.scheme))
		return ZS_URL_SCHEME;
	while (n < rest.n && !strchr("/?#", rest.p[n]))
		n++;
	authority = zs_slice_of(rest.p, n);
	parts.rest = zs_slice_of(rest.p + n, rest.n - n);
	parts.origin = zs_slice_of(url.p, url.n - parts.rest.n);
	if (has_any(authority, "@"))
		return ZS_URL_USER;
	if (!take_host(&authority, &parts.host))
		return ZS_URL_HOST;
	if (!read_port(authority, &parts.port))
		return ZS_URL_PORT;
	if (has_any(parts.rest, "#"))
		return ZS_URL_FRAGMENT;
	*ret = parts;
	return ZS_URL_FINE;
}

const char *zs_url_fault_text(enum zs_url_fault fault)
{
	return (size_t)fault < ZS_COUNT(faults) ? faults[fault] : "is wrong";
}

static enum zs_url_fault split_https(struct zs_slice url, struct zs_url *ret)
{
	static const char https[] = "https://";
	size_t n = sizeof(https) - 1;

	if (!check_octets(url) && (url.n < n || !zs_slice_eq_nocase(zs_slice_of(url.p, n), https)))
		return ZS_URL_SCHEME;
	return zs_url_split(url, ret);
}

bool zs_url_ok(struct zs_slice url, const char **why)
{
	struct zs_url parts;
	enum zs_url_fault fault = split_https(url, &parts);

	if (fault && why)
		*why = faults[fault];
	return !fault;
}

/* ---- origins ---- */

bool zs_url_origin(struct zs_slice url, struct zs_slice *ret)
{
	struct zs_url parts;

	if (split_https(url, &parts))
		return false;
	*ret = parts.origin;
	return true;
}

static unsigned port_of(const struct zs_url *parts)
{
	return parts->port ? parts->port : HTTPS_PORT;
}

static bool same_origin(const struct zs_url *a, const struct zs_url *b)
{
	if (a->host.n != b->host.n || port_of(a) != port_of(b))
		return false;
	for (size_t i = 0; i < a->host.n; i++)
		if (lower(a->host.p[i]) != lower(b->host.p[i]))
			return false;
	return true;
}

bool zs_url_same_origin(struct zs_slice a, struct zs_slice b)
{
	struct zs_url left, right;

	return !split_https(a, &left) && !split_https(b, &right) && same_origin(&left, &right);
}

bool zs_url_in(struct zs_slice url, struct zs_origins origins)
{
	for (size_t i = 0; i < origins.n; i++)
		if (zs_url_same_origin(url, origins.items[i]))
			return true;
	return false;
}

/* ---- comparison ---- */

bool zs_url_is_plain(struct zs_slice url)
{
	struct zs_url parts;
	struct zs_slice path;

	if (split_https(url, &parts) || parts.rest.n < 2 || has_any(parts.rest, "%?;"))
		return false;
	path = zs_slice_of(parts.rest.p + 1, parts.rest.n - 1);
	while (path.n) {
		bool more = has_any(path, "/");
		struct zs_slice segment = zs_slice_cut(&path, '/');

		if ((!segment.n && more) || zs_slice_eq_str(segment, ".") || zs_slice_eq_str(segment, ".."))
			return false;
	}
	return true;
}

static int hex_digit(uint8_t c)
{
	c = lower(c);
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
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
		if (c == '/' && dst->len && dst->data[dst->len - 1] == '/')
			continue;
		zs_buf_add_byte(dst, lower(c));
	}
	while (dst->len && dst->data[dst->len - 1] == '/')
		dst->len--;
}

bool zs_url_same(struct zs_slice a, struct zs_slice b)
{
	struct zs_buf path_a = ZS_BUF(ZS_MAX_URL), path_b = ZS_BUF(ZS_MAX_URL);
	struct zs_url left, right;
	bool same;

	if (split_https(a, &left) || split_https(b, &right))
		return true;
	if (!same_origin(&left, &right))
		return false;
	fold_path(left.rest, &path_a);
	fold_path(right.rest, &path_b);
	same = path_a.failed || path_b.failed || zs_slice_eq(zs_buf_slice(&path_a), zs_buf_slice(&path_b));
	zs_buf_done(&path_a);
	zs_buf_done(&path_b);
	return same;
}
