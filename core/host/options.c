/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns text into option values by the plugin's own table.  Front checks the
 * same rules earlier, to name file and line; here they are checked again, as a
 * plugin may rely on them.  Runs in the host process.
 */
#include "host/options.h"

#include <string.h>

#include "base/fsutil.h"
#include "base/name.h"
#include "base/url.h"
#include "host/describe.h"

/* Longest duration of an option: 10 years. */
#define MAX_DURATION_MS (UINT64_C(3653) * 86400000)

typedef const char *parse_fn(const struct zsp_option *o, struct zs_slice text, int64_t *number);

/* ---- kinds: each says what is wrong, NULL = nothing ------------------------- */

static const char *parse_text(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	(void)o;
	(void)number;
	while (text.n) {
		uint32_t point = 0;
		size_t n = zs_utf8_next(text, &point);

		if (!n || zs_utf8_is_unsafe(point))
			return "holds a character that is not printable";
		text = zs_slice_of(text.p + n, text.n - n);
	}
	return NULL;
}

static const char *parse_secret(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	(void)o;
	(void)number;
	return text.n ? NULL : "is empty";
}

static const char *parse_file(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	if (!zs_slice_starts(text, "/"))
		return "is not an absolute path";
	return parse_text(o, text, number);
}

static const char *check_range(const struct zsp_option *o, uint64_t v, int64_t *number)
{
	if (v > INT64_MAX)
		return "is too large";
	*number = (int64_t)v;
	if (!o->min && !o->max)
		return NULL;
	if (*number < o->min)
		return "is too small";
	return *number > o->max ? "is too large" : NULL;
}

static const char *parse_integer(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	uint64_t v;

	if (!zs_slice_u64(text, INT64_MAX, &v))
		return "is not a whole number";
	return check_range(o, v, number);
}

static const char *parse_duration(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	uint64_t v;

	if (!zs_slice_duration_ms(text, MAX_DURATION_MS, &v))
		return "is not a duration such as 500ms, 30s, 5m or 2h";
	return check_range(o, v, number);
}

static const char *parse_boolean(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	static const struct { const char *word; int64_t value; } words[] = {
		{ "yes", 1 }, { "true", 1 }, { "on", 1 }, { "1", 1 },
		{ "no", 0 }, { "false", 0 }, { "off", 0 }, { "0", 0 },
	};

	(void)o;
	for (size_t i = 0; i < ZS_COUNT(words); i++) {
		if (!zs_slice_eq_nocase(text, words[i].word))
			continue;
		*number = words[i].value;
		return NULL;
	}
	return "is neither yes nor no";
}

static bool only(struct zs_slice s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr(set, s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_port(struct zs_slice s)
{
	uint64_t port;

	return zs_slice_u64(s, 65535, &port) && port > 0;
}

static bool is_host(struct zs_slice s)
{
	return s.n <= ZS_MAX_NAME + 1 &&
	       only(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
}

static bool is_ipv6(struct zs_slice s)
{
	struct zs_slice zone = s;
	struct zs_slice address = zs_slice_cut(&zone, '%');

	return only(address, "0123456789abcdefABCDEF:.") &&
	       (address.n == s.n || (zone.n && is_host(zone)));
}

static size_t count(struct zs_slice s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == (uint8_t)c;
	return n;
}

static bool is_address(struct zs_slice s)
{
	struct zs_slice rest = s, host;

	if (zs_slice_starts(s, "[")) {
		rest = zs_slice_of(s.p + 1, s.n - 1);
		host = zs_slice_cut(&rest, ']');
		return is_ipv6(host) && host.n + 2 <= s.n &&
		       (!rest.n || (rest.p[0] == ':' &&
				    is_port(zs_slice_of(rest.p + 1, rest.n - 1))));
	}
	if (count(s, ':') > 1)
		return is_ipv6(s);
	host = zs_slice_cut(&rest, ':');
	return is_host(host) && (host.n == s.n || is_port(rest));
}

static const char *parse_address(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	(void)o;
	(void)number;
	return is_address(text) ? NULL : "is not host, host:port, address or [address]:port";
}

static const char *parse_addresses(const struct zsp_option *o, struct zs_slice text,
				   int64_t *number)
{
	struct zs_slice rest = text;

	if (!text.n)
		return "is empty";
	while (rest.n) {
		const char *fault = parse_address(o, zs_slice_trim(zs_slice_cut(&rest, ',')),
						  number);

		if (fault)
			return fault;
	}
	return NULL;
}

static const char *parse_name(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	struct zs_name name;
	const char *why = NULL;

	(void)o;
	(void)number;
	if (!zs_name_parse(text, ZS_NAME_OWNER, &name, &why))
		return why ? why : "is not a DNS name";
	return name.wildcard ? "is a wildcard" : NULL;
}

static const char *parse_url(const struct zsp_option *o, struct zs_slice text, int64_t *number)
{
	struct zs_url url;

	(void)o;
	(void)number;
	if (zs_url_split(text, &url) == ZS_URL_USER)
		return "is a URL with a user or a password; credentials have options of their own";
	if (zs_url_split(text, &url))
		return "is not an https:// or http:// URL (without blanks and fragment)";
	if (!zs_slice_eq_str(url.scheme, "https") && !zs_slice_eq_str(url.scheme, "http"))
		return "does not begin with https:// or http://";
	return memchr(url.rest.p, '?', url.rest.n) ? "is a URL with a query (?)" : NULL;
}

static parse_fn *const kinds[] = {
	[ZSP_OPTION_TEXT] = parse_text,
	[ZSP_OPTION_SECRET] = parse_secret,
	[ZSP_OPTION_FILE] = parse_file,
	[ZSP_OPTION_INTEGER] = parse_integer,
	[ZSP_OPTION_DURATION] = parse_duration,
	[ZSP_OPTION_BOOLEAN] = parse_boolean,
	[ZSP_OPTION_ADDRESS] = parse_address,
	[ZSP_OPTION_ADDRESSES] = parse_addresses,
	[ZSP_OPTION_NAME] = parse_name,
	[ZSP_OPTION_URL] = parse_url,
	[ZSP_OPTION_DIRECTORY] = parse_file,
};
_Static_assert(ZS_COUNT(kinds) == ZSP_OPTION_DIRECTORY + 1, "one parser for each kind");

int zs_option_parse(const struct zsp_option *option, struct zs_slice text,
		    struct zsp_value *ret, struct zs_err *err)
{
	struct zs_slice name = zs_slice_zsp(&option->name);
	int64_t number = 0;
	const char *fault = "has a kind that is unknown here";

	if (option->kind && option->kind < ZS_COUNT(kinds))
		fault = kinds[option->kind](option, text, &number);
	if (fault)
		ZS_FAIL(err, ZS_E_CONFIG, "option %.*s %s", (int)name.n,
			(const char *)name.p, fault);
	*ret = (struct zsp_value){
		.name = option->name,
		.text = { (const char *)text.p, text.n },
		.number = number,
	};
	return 0;
}

int zs_option_find(const struct zsp_provider *plugin, struct zs_slice name)
{
	const struct zsp_list *options = &plugin->options;

	for (uint32_t i = 0; i < options->n; i++)
		if (zs_slice_eq(name,
				zs_slice_zsp(&ZSP_ITEM(struct zsp_option, options, i)->name)))
			return (int)i;
	return -1;
}

/* ---- secrets ---------------------------------------------------------------- */

static void drop_line_end(struct zs_buf *buf)
{
	if (buf->len && buf->data[buf->len - 1] == '\n')
		buf->data[--buf->len] = 0;
	if (buf->len && buf->data[buf->len - 1] == '\r')
		buf->data[--buf->len] = 0;
}

static int unknown_option(const struct zsp_provider *plugin, struct zs_slice name,
			  struct zs_err *err)
{
	ZS_FAIL(err, ZS_E_CONFIG, "provider %.*s has no option %.*s", (int)plugin->name.n,
		plugin->name.p, (int)name.n, (const char *)name.p);
}

int zs_secret_store(struct zs_secrets *secrets, const struct zsp_provider *plugin,
		    struct zs_slice name, struct zs_slice value, int fd, struct zs_err *err)
{
	int i = zs_option_find(plugin, name), rc = 0;
	struct zs_buf *dst;

	if (i < 0)
		return unknown_option(plugin, name, err);
	if (ZSP_ITEM(struct zsp_option, &plugin->options, i)->kind != ZSP_OPTION_SECRET)
		ZS_FAIL(err, ZS_E_CONFIG, "option %.*s is no secret", (int)name.n,
			(const char *)name.p);
	dst = &secrets->values[i];
	zs_buf_done(dst);
	zs_buf_init_secret(dst, ZS_MAX_SECRET);
	if (fd >= 0)
		rc = zs_fs_read_fd(fd, dst, err);
	else
		zs_buf_add_slice(dst, value);
	if (!rc && dst->failed)
		rc = zs_err_set(err, ZS_E_CONFIG, "more than %d octets", ZS_MAX_SECRET);
	if (rc) {
		zs_buf_done(dst);
		return zs_err_prefix(err, "secret %.*s", (int)name.n, (const char *)name.p);
	}
	drop_line_end(dst);
	zs_hide_add(secrets->hide, zs_buf_slice(dst));
	return 0;
}

void zs_secrets_wipe(struct zs_secrets *secrets)
{
	for (size_t i = 0; i < ZS_COUNT(secrets->values); i++)
		zs_buf_done(&secrets->values[i]);
}

/* ---- values for open -------------------------------------------------------- */

/* Text of an option in the order of precedence; false = neither given nor default. */
static bool option_text(const struct zsp_option *o, const struct zs_buf *secret,
			const struct zs_slice *given, struct zs_slice *ret)
{
	if (o->kind == ZSP_OPTION_SECRET)
		*ret = secret->data ? zs_buf_slice(secret) : ZS_SLICE_NONE;
	else if (given)
		*ret = *given;
	else
		*ret = zs_slice_zsp(&o->fallback);
	return given || ret->n || secret->data;
}

/* A copy with a NUL behind it; names in their canonical form. Secrets stay where they
 * are: a zs_buf has the NUL already. */
static bool own_text(const struct zsp_option *o, struct zsp_value *v, struct zs_arena *arena)
{
	struct zs_name name;
	struct zs_slice text = zs_slice_zsp(&v->text);

	if (o->kind == ZSP_OPTION_SECRET)
		return true;
	if (o->kind == ZSP_OPTION_NAME && zs_name_parse(text, ZS_NAME_OWNER, &name, NULL))
		text = zs_slice_str(name.text);
	v->text.p = zs_arena_str(arena, text.p, text.n);
	v->text.n = text.n;
	return v->text.p != NULL;
}

static int build_value(const struct zsp_option *o, const struct zs_buf *secret,
		       const struct zs_slice *given, bool partial, struct zs_arena *arena,
		       struct zsp_value *ret, struct zs_err *err)
{
	struct zs_slice text;
	int rc;

	*ret = (struct zsp_value){ .name = o->name };
	if (!option_text(o, secret, given, &text)) {
		if (o->required && !partial)
			ZS_FAIL(err, ZS_E_CONFIG, "option %.*s is required: %.*s",
				(int)o->name.n, o->name.p, (int)o->help.n, o->help.p);
		return 0;
	}
	rc = zs_option_parse(o, text, ret, err);
	if (rc)
		return rc;
	ret->is_given = given || o->kind == ZSP_OPTION_SECRET;
	if (!own_text(o, ret, arena))
		ZS_FAIL(err, ZS_E_NOMEM, "option %.*s", (int)o->name.n, o->name.p);
	return 0;
}

/* Which pair gives which option. */
static int match_pairs(const struct zsp_provider *plugin, struct zs_given pairs,
		       const struct zs_slice *given[static ZSP_MAX_OPTIONS], struct zs_err *err)
{
	for (uint32_t k = 0; k < pairs.n; k++) {
		const struct zs_msg_pair *pair = &pairs.items[k];
		int i = zs_option_find(plugin, pair->name);

		if (i < 0)
			return unknown_option(plugin, pair->name, err);
		if (ZSP_ITEM(struct zsp_option, &plugin->options, i)->kind == ZSP_OPTION_SECRET)
			ZS_FAIL(err, ZS_E_BUG, "secret %.*s came as a plain option",
				(int)pair->name.n, (const char *)pair->name.p);
		if (given[i])
			ZS_FAIL(err, ZS_E_CONFIG, "option %.*s is given twice",
				(int)pair->name.n, (const char *)pair->name.p);
		given[i] = &pair->value;
	}
	return 0;
}

int zs_values_build(const struct zsp_provider *plugin, struct zs_given pairs, const struct zs_secrets *secrets,
		    struct zs_arena *arena, struct zsp_list *ret, struct zs_err *err)
{
	const struct zs_slice *given[ZSP_MAX_OPTIONS] = { NULL };
	uint32_t n = plugin->options.n;
	struct zsp_value *values = zs_arena_alloc(arena, (n + 1) * sizeof(*values));
	int rc = match_pairs(plugin, pairs, given, err);

	if (!rc && !values)
		rc = zs_err_set(err, ZS_E_NOMEM, "options");
	for (uint32_t i = 0; i < n && !rc; i++)
		rc = build_value(ZSP_ITEM(struct zsp_option, &plugin->options, i),
				 &secrets->values[i], given[i], pairs.partial, arena, &values[i], err);
	if (!rc)
		*ret = (struct zsp_list){ values, n, (uint32_t)sizeof(*values) };
	return rc;
}
