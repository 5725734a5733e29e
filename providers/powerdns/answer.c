/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h.  Members that decide where a request goes are checked here; those that
 * are only shown are left to whoever shows them.
 */
#include "answer.h"

#include <string.h>

enum { MAX_PART = 1000000 };

/* Printable ASCII without blanks.  It becomes one segment of a path, escaped; "." and ".."
 * would mean something there all the same. */
static int32_t copy_id(struct zsp_str from, char dst[PDNS_ID])
{
	if (!from.n || from.n >= PDNS_ID || zsp_str_is(from, ".") || zsp_str_is(from, ".."))
		return 0;
	for (size_t i = 0; i < from.n; i++)
		if (from.p[i] <= 0x20 || from.p[i] >= 0x7f)
			return 0;
	memcpy(dst, from.p, from.n);
	dst[from.n] = 0;
	return 1;
}

/* A word of letters, digits and a few marks; longer ones and others are cut there. */
static void copy_word(struct zsp_str from, char dst[PDNS_KIND])
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+";
	size_t n = 0;

	while (n < from.n && n + 1 < PDNS_KIND && strchr(fine, from.p[n]) && from.p[n]) {
		dst[n] = from.p[n];
		n++;
	}
	dst[n] = 0;
}

/* ---- versions ---- */

/* The number at the beginning; *s is what stands behind it.  -1 where there is none. */
static int64_t cut_number(struct zsp_str *s)
{
	int64_t number = 0;
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9' && number < MAX_PART)
		number = number * 10 + (s->p[n++] - '0');
	if (!n)
		return -1;
	s->p += n;
	s->n -= n;
	return number;
}

/* "5.0.2-beta1" counts as 5.0.2; a version of another form is an unknown one. */
static int32_t read_version(struct zsp_str s, int64_t part[3])
{
	for (int i = 0; i < 3; i++) {
		part[i] = cut_number(&s);
		if (part[i] < 0 || part[i] >= MAX_PART || (i < 2 && (!s.n || *s.p != '.')))
			return 0;
		if (i < 2) {
			s.p++;
			s.n--;
		}
	}
	return 1;
}

static int64_t as_number(int64_t major, int64_t minor, int64_t patch)
{
	return (major * MAX_PART + minor) * MAX_PART + patch;
}

int32_t pdns_version_extends(struct zsp_str version)
{
	int64_t part[3], number;

	if (!read_version(version, part))
		return 0;
	number = as_number(part[0], part[1], part[2]);
	return number >= as_number(5, 0, 2) ||
		(number >= as_number(4, 9, 12) && number < as_number(4, 10, 0));
}

/* ---- items ---- */

int32_t pdns_server_read(struct zsp_json item, struct pdns_server *ret)
{
	struct zsp_str type = zsp_json_text(item, "daemon_type");

	memset(ret, 0, sizeof(*ret));
	if (!copy_id(zsp_json_text(item, "id"), ret->id))
		return 0;
	/* A recursor has the same API, and zones of another meaning. */
	if (type.n && !zsp_str_is(type, "authoritative"))
		return 0;
	copy_word(zsp_json_text(item, "version"), ret->version);
	ret->extends = pdns_version_extends(zsp_json_text(item, "version"));
	return 1;
}

static int32_t serial_counts(struct zsp_json item)
{
	struct zsp_str how;

	if (!zsp_json_str(zsp_json_get(item, "soa_edit_api"), &how))
		return -1;
	if (!how.n || zsp_str_is(how, "OFF"))
		return 0;
	return zsp_str_is(how, "DEFAULT") || zsp_str_is(how, "INCREASE") ? 1 : -1;
}

int32_t pdns_zone_read(struct zsp_json item, struct pdns_zone *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!copy_id(zsp_json_text(item, "id"), ret->id) ||
		!zsp_name_read(zsp_json_text(item, "name"), ret->name, sizeof(ret->name)))
		return 0;
	copy_word(zsp_json_text(item, "kind"), ret->kind);
	if (!zsp_json_int(zsp_json_get(item, "serial"), &ret->serial))
		ret->serial = -1;
	ret->counts = serial_counts(item);
	return 1;
}

int32_t pdns_zone_is_copy(const struct pdns_zone *zone)
{
	static const char *const copies[] = { "slave", "secondary", "consumer" };
	char kind[PDNS_KIND];

	if (!zsp_str_lower(zsp_strz(zone->kind), kind, sizeof(kind)))
		return 0;
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		if (!strcmp(kind, copies[i]))
			return 1;
	return 0;
}

/* ---- errors ---- */

struct zsp_str pdns_error_read(struct zsp_str body, struct zsp_json_doc *doc)
{
	struct zsp_str text = zsp_json_text(zsp_json_root(doc), "error");

	/* "Not Found", "Internal Server Error": some answers are bare text. */
	if (!doc && body.n && *body.p != '<')
		text = zsp_str_trim(body);
	return text;
}
