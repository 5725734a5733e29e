/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TXT values as master files and most services write them (RFC 1035 5.1).  The
 * reader yields octet by octet, so that comparing needs no memory.
 */
#include <zoneseal/txt.h>

#include <string.h>

enum { STRING_MAX = 255, OCTET_END = -1, OCTET_BROKEN = -2 };

/* ---- writing ---- */

static void add_octet(struct zsp_text *dst, unsigned char c)
{
	if (c == '"' || c == '\\')
		zsp_text_addf(dst, "\\%c", c);
	else if (c < 0x20 || c > 0x7e)
		zsp_text_addf(dst, "\\%03u", (unsigned)c);
	else
		zsp_text_add(dst, &c, 1);
}

void zsp_txt_quote(struct zsp_text *dst, struct zsp_str value)
{
	zsp_text_addz(dst, "\"");
	for (size_t i = 0; i < value.n; i++) {
		if (i && i % STRING_MAX == 0)
			zsp_text_addz(dst, "\" \"");
		add_octet(dst, (unsigned char)value.p[i]);
	}
	zsp_text_addz(dst, "\"");
}

/* ---- reading ---- */

struct reader {
	struct zsp_str rest;
	int quoted;		/* the text has quotes at all */
	int inside;		/* of a string */
};

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static unsigned char take(struct reader *r)
{
	r->rest.n--;
	return (unsigned char)*r->rest.p++;
}

static void begin(struct reader *r, struct zsp_str text)
{
	r->rest = zsp_str_trim(text);
	r->quoted = r->rest.n && r->rest.p[0] == '"';
	r->inside = 0;
}

/* Behind a backslash: \DDD or the octet itself. */
static int escaped(struct reader *r)
{
	int64_t number;

	if (!r->rest.n)
		return OCTET_BROKEN;
	if (*r->rest.p < '0' || *r->rest.p > '9')
		return take(r);
	if (r->rest.n < 3 || !zsp_str_number((struct zsp_str){ r->rest.p, 3 }, 255, &number))
		return OCTET_BROKEN;
	r->rest.p += 3;
	r->rest.n -= 3;
	return (int)number;
}

/* Into the next string; 0 where there is none. */
static int enter(struct reader *r, int *ret_broken)
{
	while (r->rest.n && is_blank(*r->rest.p))
		take(r);
	*ret_broken = r->rest.n && *r->rest.p != '"';
	if (!r->rest.n || *ret_broken)
		return 0;
	take(r);
	r->inside = 1;
	return 1;
}

/* The next octet of the value, OCTET_END or OCTET_BROKEN. */
static int next(struct reader *r)
{
	int broken = 0;

	if (!r->quoted)
		return r->rest.n ? take(r) : OCTET_END;
	for (;;) {
		unsigned char c;

		if (!r->inside && !enter(r, &broken))
			return broken ? OCTET_BROKEN : OCTET_END;
		if (!r->rest.n)
			return OCTET_BROKEN;
		c = take(r);
		if (c == '\\')
			return escaped(r);
		if (c != '"')
			return c;
		r->inside = 0;
	}
}

int32_t zsp_txt_unquote(struct zsp_text *dst, struct zsp_str quoted)
{
	struct reader r;
	int c;

	begin(&r, quoted);
	while ((c = next(&r)) >= 0)
		zsp_text_add(dst, &(const unsigned char){ (unsigned char)c }, 1);
	return c == OCTET_END;
}

int32_t zsp_txt_is(struct zsp_str quoted, struct zsp_str value)
{
	struct reader r;
	size_t n = 0;
	int c;

	begin(&r, quoted);
	while ((c = next(&r)) >= 0) {
		if (n == value.n || (unsigned char)value.p[n] != c)
			return 0;
		n++;
	}
	return c == OCTET_END && n == value.n;
}
