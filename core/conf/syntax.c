/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syntax of single values.  Nothing is resolved, opened or asked here.
 */
#include "conf/syntax.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "base/name.h"
#include "wrap/idn.h"

enum { MAX_SCOPE = 15 }; /* IF_NAMESIZE without its NUL */

/* ---- URLs ---- */

struct url {
	struct zs_slice scheme, authority, rest; /* rest begins with / ? or # */
};

static bool split_url(struct zs_slice text, struct url *ret)
{
	struct zs_slice rest = text;
	size_t n = 0;

	ret->scheme = zs_slice_cut(&rest, ':');
	if (!zs_slice_starts(rest, "//"))
		return false;
	rest = zs_slice_of(rest.p + 2, rest.n - 2);
	while (n < rest.n && !strchr("/?#", rest.p[n]))
		n++;
	ret->authority = zs_slice_of(rest.p, n);
	ret->rest = zs_slice_of(rest.p + n, rest.n - n);
	return true;
}

static bool port_ok(struct zs_slice text)
{
	uint64_t port;

	return zs_slice_u64(text, UINT16_MAX, &port) && port;
}

static bool ip_ok(int family, struct zs_slice text)
{
	char buf[INET6_ADDRSTRLEN];
	uint8_t ip[sizeof(struct in6_addr)];

	return zs_slice_copy(text, buf, sizeof(buf)) && inet_pton(family, buf, ip) == 1;
}

/* "[host]" or "[host]:port"; false when it is neither. */
static bool split_brackets(struct zs_slice text, struct zs_slice *host)
{
	struct zs_slice rest = zs_slice_of(text.p + 1, text.n - 1);

	if (!memchr(rest.p, ']', rest.n))
		return false;
	*host = zs_slice_cut(&rest, ']');
	return !rest.n || (rest.p[0] == ':' && port_ok(zs_slice_of(rest.p + 1, rest.n - 1)));
}

static const char *check_authority(struct zs_slice authority)
{
	struct zs_slice rest = authority, host;
	struct zs_name name;
	const char *why;

	if (memchr(authority.p, '@', authority.n))
		return "user and password do not belong in the configuration";
	if (authority.n && authority.p[0] == '[')
		return split_brackets(authority, &host) && ip_ok(AF_INET6, host) ? NULL : "no [IPv6 address]:port";
	host = zs_slice_cut(&rest, ':');
	if (host.n < authority.n && !port_ok(rest))
		return "no port in 1..65535";
	if (!host.n)
		return "no host in the URL";
	return zs_name_parse(host, ZS_NAME_OWNER, &name, &why) && !name.wildcard ? NULL : "no valid host in the URL";
}

static const char *check_url(struct zs_slice text, struct url *ret)
{
	if (text.n > ZS_MAX_URL)
		return "a URL longer than 2048 octets";
	if (!zs_slice_is_graph(text))
		return "not a URL (a blank or a character that is not ASCII)";
	for (size_t i = 0; i < text.n; i++)
		if (strchr("\"<>\\^`{|}", text.p[i]))
			return "not a URL (a character that must be escaped)";
	if (!split_url(text, ret))
		return "not a URL";
	return check_authority(ret->authority);
}

const char *zs_conf_check_https(struct zs_slice text)
{
	struct url url;
	const char *why = check_url(text, &url);

	if (why)
		return why;
	if (!zs_slice_eq_nocase(url.scheme, "https"))
		return "not an https:// URL";
	return memchr(text.p, '#', text.n) ? "a URL with a fragment (#)" : NULL;
}

const char *zs_conf_check_origin(struct zs_slice text, struct zs_slice *origin)
{
	struct url url;
	const char *why = check_url(text, &url);

	if (why)
		return why;
	if (!zs_slice_eq_nocase(url.scheme, "https") || (url.rest.n && !zs_slice_eq_str(url.rest, "/")))
		return "not https://HOST or https://HOST:PORT";
	*origin = zs_slice_of(text.p, text.n - url.rest.n);
	return NULL;
}

const char *zs_conf_check_proxy(struct zs_slice text)
{
	static const char *const schemes[] = { "http", "https", "socks5", "socks5h" };
	struct url url;
	const char *why = check_url(text, &url);

	if (why)
		return why;
	if (url.rest.n && !zs_slice_eq_str(url.rest, "/"))
		return "a proxy with a path";
	for (size_t i = 0; i < ZS_COUNT(schemes); i++)
		if (zs_slice_eq_nocase(url.scheme, schemes[i]))
			return NULL;
	return "not an http://, https://, socks5:// or socks5h:// URL";
}

/* ---- addresses ---- */

static bool v6_ok(struct zs_slice text)
{
	struct zs_slice rest = text, host = zs_slice_cut(&rest, '%');

	if (host.n < text.n && (!rest.n || rest.n > MAX_SCOPE || !zs_slice_is_graph(rest)))
		return false;
	return ip_ok(AF_INET6, host);
}

static bool address_ok(struct zs_slice text)
{
	struct zs_slice rest = text, host;

	if (text.n && text.p[0] == '[')
		return split_brackets(text, &host) && v6_ok(host);
	host = zs_slice_cut(&rest, ':');
	if (ip_ok(AF_INET, host))
		return host.n == text.n || port_ok(rest);
	return v6_ok(text);
}

const char *zs_conf_check_address(struct zs_slice address)
{
	return address_ok(address) ? NULL : "not an address such as 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353";
}

/* ---- the rest ---- */

static bool local_ok(struct zs_slice local)
{
	if (!local.n || local.n > 64 || !zs_slice_is_graph(local))
		return false;
	for (size_t i = 0; i < local.n; i++)
		if (strchr("\"(),:;<>@[\\]?%&", local.p[i]))
			return false;
	return true;
}

const char *zs_conf_check_email(struct zs_slice email, struct zs_buf *ret)
{
	static const char scheme[] = "mailto:";
	struct zs_slice rest = email, local;
	struct zs_name domain;

	if (rest.n >= strlen(scheme) && zs_slice_eq_nocase(zs_slice_of(rest.p, strlen(scheme)), scheme))
		rest = zs_slice_of(rest.p + strlen(scheme), rest.n - strlen(scheme));
	local = zs_slice_cut(&rest, '@');
	if (!local_ok(local) || !zs_idn_parse(rest, ZS_NAME_HOST, &domain, NULL) || domain.wildcard)
		return "not an e-mail address such as admin@example.com";
	zs_buf_add_str(ret, scheme);
	zs_buf_add_slice(ret, local);
	zs_buf_addf(ret, "@%s", domain.text);
	return ret->failed ? "out of memory" : NULL;
}

const char *zs_conf_check_text(struct zs_slice text)
{
	uint32_t point;
	size_t n;

	if (text.n > ZS_CONF_MAX_TEXT)
		return "longer than 1024 octets";
	for (; text.n; text = zs_slice_of(text.p + n, text.n - n)) {
		n = zs_utf8_next(text, &point);
		if (!n || zs_utf8_is_unsafe(point))
			return "not printable text on one line";
	}
	return NULL;
}

const char *zs_conf_check_path(struct zs_slice path)
{
	if (!path.n || path.p[0] != '/')
		return "not an absolute path (it must begin with /)";
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] < 0x20 || path.p[i] == 0x7f)
			return "a control character in a path";
	return path.n < PATH_MAX ? NULL : "a path that is too long";
}

const char *zs_conf_check_variable(struct zs_slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '_' && !(i && c >= '0' && c <= '9'))
			return "not the name of an environment variable";
	}
	return name.n && name.n < 128 ? NULL : "not the name of an environment variable";
}
