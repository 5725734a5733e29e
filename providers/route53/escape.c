/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See escape.h.
 */
#include <string.h>

#include <zoneseal/name.h>

#include "escape.h"

enum { STRING = 255, MAX_VALUE = 4096 };

/* ---- octal ------------------------------------------------------------------------------------ */

static int32_t octal_digit(char c)
{
	return c >= '0' && c <= '7' ? c - '0' : -1;
}

/* Three octal digits at p, or -1. */
static int32_t octal(const char *p, const char *end)
{
	int32_t number = 0;

	if (end - p < 3)
		return -1;
	for (int i = 0; i < 3; i++) {
		int32_t digit = octal_digit(p[i]);

		if (digit < 0)
			return -1;
		number = number * 8 + digit;
	}
	return number < 256 ? number : -1;
}

static void add_octal(struct zsp_text *dst, char c)
{
	zsp_text_addf(dst, "\\%03o", (unsigned)(unsigned char)c);
}

/* ---- names ------------------------------------------------------------------------------------- */

static int32_t is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

int32_t escape_name_is_plain(struct zsp_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!is_plain(name.p[i]))
			return 0;
	return name.n > 0;
}

/* What has no place in a name of ours, such as an escaped dot or NUL, makes it none. */
int32_t escape_name_read(struct zsp_str from, char dst[NAME_ROOM])
{
	char plain[NAME_ROOM];
	size_t n = 0;
	const char *end = from.p + from.n;

	for (const char *p = from.p; p < end && n < sizeof(plain); p++) {
		int32_t c = *p == '\\' ? octal(p + 1, end) : (unsigned char)*p;

		if (c <= ' ' || c >= 0x7f || (*p == '\\' && c == '.'))
			return 0;
		if (*p == '\\')
			p += 3;
		plain[n++] = (char)c;
	}
	return n < sizeof(plain) && zsp_name_read((struct zsp_str){ plain, n }, dst, NAME_ROOM);
}

void escape_name_add(struct zsp_text *dst, struct zsp_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (is_plain(name.p[i]))
			zsp_text_add(dst, name.p + i, 1);
		else
			add_octal(dst, name.p[i]);
	}
}

/* The last label of what is left, which gets shorter. */
static struct zsp_str last_label(struct zsp_str *name)
{
	size_t at = name->n;
	struct zsp_str label;

	while (at && name->p[at - 1] != '.')
		at--;
	label = (struct zsp_str){ name->p + at, name->n - at };
	name->n = at ? at - 1 : 0;
	return label;
}

/* The dot behind each label counts: "a." is behind "a-b.", as "-" is before ".". */
static int label_order(struct zsp_str a, struct zsp_str b)
{
	for (size_t i = 0; i < a.n || i < b.n; i++) {
		int x = i < a.n ? (unsigned char)a.p[i] : '.', y = i < b.n ? (unsigned char)b.p[i] : '.';

		if (x != y)
			return x - y;
	}
	return 0;
}

int escape_name_order(struct zsp_str a, struct zsp_str b)
{
	while (a.n && b.n) {
		int c = label_order(last_label(&a), last_label(&b));

		if (c)
			return c;
	}
	return (a.n > 0) - (b.n > 0);
}

/* ---- values ------------------------------------------------------------------------------------- */

static void add_value_octet(struct zsp_text *dst, char c)
{
	if (c == '"' || c == '\\') {
		zsp_text_addz(dst, "\\");
		zsp_text_add(dst, &c, 1);
	} else if (c < ' ' || c > '~') {
		add_octal(dst, c);
	} else {
		zsp_text_add(dst, &c, 1);
	}
}

void escape_value_add(struct zsp_text *dst, struct zsp_str value)
{
	zsp_text_addz(dst, "\"");
	for (size_t i = 0; i < value.n; i++) {
		if (i && i % STRING == 0)
			zsp_text_addz(dst, "\" \"");
		add_value_octet(dst, value.p[i]);
	}
	zsp_text_addz(dst, "\"");
}

/* One string from behind its first quote; p is moved behind its last one.  1 or 0. */
static int32_t read_string(const char **p, const char *end, struct zsp_text *dst)
{
	while (*p < end && **p != '"') {
		char c = *(*p)++;
		int32_t code = c == '\\' ? octal(*p, end) : -1;

		if (code >= 0) {
			c = (char)code;
			*p += 3;
		} else if (c == '\\') {
			if (*p == end)
				return 0;
			c = *(*p)++;
		}
		zsp_text_add(dst, &c, 1);
	}
	return *p < end && *(*p)++ == '"';
}

static int32_t unquote(struct zsp_str stored, struct zsp_text *dst)
{
	const char *p = stored.p, *end = stored.p + stored.n;

	while (p < end) {
		char c = *p++;

		if (c != ' ' && c != '\t' && (c != '"' || !read_string(&p, end, dst)))
			return 0;
	}
	return !dst->failed;
}

int32_t escape_value_is(struct zsp_str stored, struct zsp_str value)
{
	struct zsp_text plain = ZSP_TEXT(MAX_VALUE);
	int32_t same = unquote(stored, &plain) && zsp_str_equal(zsp_text_str(&plain), value);
	zsp_text_done(&plain);
	return same;
}

/* ---- XML ------------------------------------------------------------------------------------------ */

void escape_xml_add(struct zsp_text *dst, struct zsp_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '&')
			zsp_text_addz(dst, "&amp;");
		else if (c == '<')
			zsp_text_addz(dst, "&lt;");
		else if (c == '>')
			zsp_text_addz(dst, "&gt;");
		else
			zsp_text_add(dst, &c, 1);
	}
}
