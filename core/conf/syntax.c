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
#include "base/url.h"
#include "wrap/idn.h"

enum { MAX_SCOPE = 15 }; /* IF_NAMESIZE without its NUL */

/* ---- parts ---- */

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

/* ---- URLs ---- */

static const char *const url_faults[] = {
	[ZS_URL_FINE] = NULL,
	[ZS_URL_EMPTY] = "not a URL",
	[ZS_URL_LONG] = "a URL longer than 2048 octets",
	[ZS_URL_OCTET] = "not a URL (a blank or a character that is not ASCII)",
	[ZS_URL_CHARACTER] = "not a URL (a character that must be escaped)",
	[ZS_URL_SCHEME] = "not a URL",
	[ZS_URL_USER] = "user and password do not belong in the configuration",
	[ZS_URL_HOST] = "no host in the URL, or no valid one",
	[ZS_URL_PORT] = "no port in 1..65535",
	[ZS_URL_FRAGMENT] = "a URL with a fragment (#)",
};
_Static_assert(ZS_COUNT(url_faults) == ZS_URL_FAULT__COUNT, "one text per fault");

/* A host that people wrote is looked at more closely. */
static bool host_ok(struct zs_slice host)
{
	struct zs_name name;

	if (host.p[0] == '[')
		return ip_ok(AF_INET6, zs_slice_of(host.p + 1, host.n - 2));
	return zs_name_parse(host, ZS_NAME_OWNER, &name, NULL) && !name.wildcard;
}

static const char *check_url(struct zs_slice text, struct zs_url *ret)
{
	const char *why = url_faults[zs_url_split(text, ret)];

	if (why)
		return why;
	return host_ok(ret->host) ? NULL : url_faults[ZS_URL_HOST];
}

const char *zs_conf_check_https(struct zs_slice text)
{
	struct zs_url url;
	const char *why = check_url(text, &url);

	if (why)
		return why;
	return zs_url_ok(text, NULL) ? NULL : "not an https:// URL";
}

const char *zs_conf_check_origin(struct zs_slice text, struct zs_slice *origin)
{
	struct zs_url url;
	const char *why = check_url(text, &url);

	if (why)
		return why;
	if ((url.rest.n && !zs_slice_eq_str(url.rest, "/")) || !zs_url_origin(text, origin))
		return "not https://HOST or https://HOST:PORT";
	return NULL;
}

const char *zs_conf_check_proxy(struct zs_slice text)
{
	static const char *const schemes[] = { "http", "https", "socks5", "socks5h" };
	struct zs_url url;
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
