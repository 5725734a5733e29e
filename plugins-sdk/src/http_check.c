/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be sent: a base URL of the right scheme, requests that stay below it,
 * headers that are headers.  Zone identifiers come from answers, so a path with dot
 * segments or a control character is refused here and not sent as somebody meant it.
 */
#include "http_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"

#include <zoneseal/say.h>

enum { HTTPS_PORT = 443, HTTP_PORT = 80 };

static char *lower_dup(struct zs_slice s)
{
	char *copy = zs_slice_dup(s);

	if (copy)
		(void)zsp_str_lower(str_of(s), copy, s.n + 1);
	return copy;
}

/* ---- the base URL ---- */

static bool is_loopback_name(struct zs_slice host)
{
	char name[64];
	struct in_addr address;

	if (zs_slice_eq_nocase(host, "localhost") || zs_slice_eq_str(host, "[::1]"))
		return true;
	return zs_slice_copy(host, name, sizeof(name)) && inet_pton(AF_INET, name, &address) == 1 &&
	       ntohl(address.s_addr) >> 24 == 127;
}

static int refuse(const struct zsp_http *http, const char *why)
{
	zsp_failf(http->host, ZSP_CONFIG, 0, "the URL of the API %s", why);
	return 0;
}

static int check_scheme(struct zsp_http *http, const struct zsp_http_spec *spec, const struct zs_url *url)
{
	http->is_plain = zs_slice_eq_nocase(url->scheme, "http");
	if (!http->is_plain && !zs_slice_eq_nocase(url->scheme, "https"))
		return refuse(http, "must begin with https://");
	if (!http->is_plain || spec->plain == ZSP_PLAIN_ALWAYS)
		return 1;
	if (spec->plain == ZSP_PLAIN_LOOPBACK && is_loopback_name(url->host))
		return 1;
	return refuse(http, spec->plain == ZSP_PLAIN_LOOPBACK ?
			    "begins with http://, which does only for this machine (127.0.0.1, ::1, localhost); "
			    "use https://, or set allow-http = yes where the provider has that option" :
			    "must begin with https://");
}

static bool keep_authority(struct zsp_http *http, const struct zs_url *url)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_URL);
	size_t at;

	zs_buf_add_str(&text, http->is_plain ? "http://" : "https://");
	at = text.len;
	zs_buf_add_slice(&text, url->host);
	/* as in a Host header: clients leave the scheme's own port out, and it is signed */
	if (url->port && url->port != (http->is_plain ? HTTP_PORT : HTTPS_PORT))
		zs_buf_addf(&text, ":%u", url->port);
	if (!text.failed) {
		http->origin = lower_dup(zs_buf_slice(&text));
		http->authority = lower_dup(zs_slice_of(text.data + at, text.len - at));
	}
	zs_buf_done(&text);
	return http->origin && http->authority;
}

static bool has_dots(struct zs_slice path)
{
	while (path.n) {
		struct zs_slice segment = zs_slice_cut(&path, '/');

		if (zs_slice_eq_str(segment, ".") || zs_slice_eq_str(segment, ".."))
			return true;
	}
	return false;
}

static int keep_path(struct zsp_http *http, struct zs_slice path)
{
	if (path.n && memchr(path.p, '?', path.n))
		return refuse(http, "has a query");
	if (has_dots(path))
		return refuse(http, "has a segment \".\" or \"..\"");
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	http->base_path = path.n ? zs_slice_dup(path) : calloc(1, 1);
	return http->base_path ? 1 : refuse(http, "does not fit into memory");
}

static int keep_proxy(struct zsp_http *http, const struct zsp_http_spec *spec)
{
	struct zs_url url;

	/* this machine is not reached by way of another */
	if (!spec->proxy.n || spec->no_proxy || (http->is_plain && spec->plain != ZSP_PLAIN_ALWAYS))
		return 1;
	if (zs_url_split(slice_of(spec->proxy), &url) ||
	    !(zs_slice_eq_nocase(url.scheme, "http") || zs_slice_eq_nocase(url.scheme, "https"))) {
		zsp_failf(http->host, ZSP_CONFIG, 0, "proxy must be an URL http://HOST:PORT");
		return 0;
	}
	http->proxy = zs_slice_dup(slice_of(spec->proxy));
	return http->proxy ? 1 : refuse(http, "does not fit into memory");
}

int zsp_http_check_spec(struct zsp_http *http, const struct zsp_http_spec *spec)
{
	struct zs_url url;
	enum zs_url_fault fault = zs_url_split(slice_of(spec->base_url), &url);

	if (fault == ZS_URL_SCHEME)
		return refuse(http, "must begin with https://");
	if (fault)
		return refuse(http, zs_url_fault_text(fault));
	if (!check_scheme(http, spec, &url) || !keep_path(http, url.rest))
		return 0;
	if (!keep_authority(http, &url))
		return refuse(http, "does not fit into memory");
	return keep_proxy(http, spec);
}

/* ---- a request ---- */

static bool is_token(struct zsp_str s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!alnum && (!c || !strchr(others, c)))
			return false;
	}
	return s.n > 0;
}

bool zsp_http_header_ok(const struct zsp_http_header *header)
{
	for (size_t i = 0; i < header->value.n; i++) {
		unsigned char c = (unsigned char)header->value.p[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return is_token(header->name);
}

static const char *path_fault(struct zs_slice path)
{
	struct zs_slice query = path, before = zs_slice_cut(&query, '?');

	if (!path.n || path.p[0] != '/')
		return "does not begin with /";
	if (!zs_slice_is_graph(path))
		return "has an octet that must be escaped";
	for (const char *c = "\"\\<>^`{|}#"; *c; c++)
		if (memchr(path.p, *c, path.n))
			return "has a character that must be escaped";
	return has_dots(before) ? "has a segment \".\" or \"..\"" : NULL;
}

static bool is_method(const char *method)
{
	static const char *const known[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

	for (size_t i = 0; i < ZS_COUNT(known); i++)
		if (method && !strcmp(method, known[i]))
			return true;
	return false;
}

static int32_t refuse_request(struct zsp_http *http, const char *what, const char *why)
{
	zsp_http_reason(http, "the request was not sent: its %s %s", what, why);
	return ZSP_BUG;
}

int32_t zsp_http_check_request(struct zsp_http *http, const struct zsp_http_request *request)
{
	const char *fault = path_fault(slice_of(request->path));

	zs_buf_clear(&http->url);
	zs_buf_add_str(&http->url, http->origin);
	zs_buf_add_str(&http->url, http->base_path);
	if (!is_method(request->method))
		return refuse_request(http, "method", "is unknown");
	if (fault)
		return refuse_request(http, "path", fault);
	zs_buf_add_slice(&http->url, slice_of(request->path));
	if (http->url.failed)
		return refuse_request(http, "path", "is too long");
	if (request->body.n > ZSP_REQUEST_MAX)
		return refuse_request(http, "body", "is larger than 4 MiB");
	for (uint32_t i = 0; i < request->nheaders; i++)
		if (!zsp_http_header_ok(&request->headers[i]))
			return refuse_request(http, "header", "has a name or value that HTTP does not allow");
	return ZSP_OK;
}
