/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/text.h over base/buf: a zsp_text is a zs_buf with the types of the
 * border.  Knows nothing of encodings but %XX, hexadecimal and base64.
 */
#include <zoneseal/text.h>

#include <stdlib.h>
#include <string.h>

#include "base/b64url.h"
#include "bridge.h"

/* ---- the buffer ---- */

struct zs_buf zsp_lend(const struct zsp_text *text)
{
	return (struct zs_buf){
		.data = (uint8_t *)text->p,
		.len = text->n,
		.cap = text->room,
		.max = text->max,
		.failed = text->failed != 0,
		.secret = text->secret != 0,
	};
}

void zsp_give_back(struct zsp_text *text, const struct zs_buf *buf)
{
	/* who reserves room only sets the length */
	if (buf->data)
		buf->data[buf->len] = 0;
	text->p = (char *)buf->data;
	text->n = buf->len;
	text->room = buf->cap;
	text->failed = buf->failed;
}

void zsp_text_add(struct zsp_text *text, const void *p, size_t n)
{
	struct zs_buf buf = zsp_lend(text);

	/* nothing fits behind something that did not, or the text would have a hole */
	if (!buf.failed)
		zs_buf_add(&buf, p, n);
	zsp_give_back(text, &buf);
}

void zsp_text_add_str(struct zsp_text *text, struct zsp_str s)
{
	zsp_text_add(text, s.p, s.n);
}

void zsp_text_addz(struct zsp_text *text, const char *s)
{
	zsp_text_add_str(text, zsp_strz(s));
}

void zsp_text_addf(struct zsp_text *text, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	zsp_text_vaddf(text, format, ap);
	va_end(ap);
}

void zsp_text_vaddf(struct zsp_text *text, const char *format, va_list ap)
{
	struct zs_buf buf = zsp_lend(text);

	zs_buf_vaddf(&buf, format, ap);
	zsp_give_back(text, &buf);
}

static int is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void zsp_text_add_escaped(struct zsp_text *text, struct zsp_str s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		const char escape[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (is_unreserved(s.p[i]))
			zsp_text_add(text, s.p + i, 1);
		else
			zsp_text_add(text, escape, sizeof(escape));
	}
}

void zsp_text_add_hex(struct zsp_text *text, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *octets = p;

	for (size_t i = 0; i < n; i++) {
		const char pair[2] = { digits[octets[i] >> 4], digits[octets[i] & 15] };

		zsp_text_add(text, pair, sizeof(pair));
	}
}

void zsp_text_add_base64(struct zsp_text *text, const void *p, size_t n)
{
	struct zs_buf buf = zsp_lend(text);

	zs_b64_encode(&buf, zs_slice_of(p, n), false);
	zsp_give_back(text, &buf);
}

struct zsp_str zsp_text_str(const struct zsp_text *text)
{
	return (struct zsp_str){ text->p ? text->p : "", text->p ? text->n : 0 };
}

void zsp_text_clear(struct zsp_text *text)
{
	struct zs_buf buf = zsp_lend(text);

	zs_buf_clear(&buf);
	zsp_give_back(text, &buf);
}

void zsp_text_done(struct zsp_text *text)
{
	struct zs_buf buf = zsp_lend(text);

	zs_buf_done(&buf);
	zsp_give_back(text, &buf);
}

void zsp_wipe(void *p, size_t n)
{
	zs_wipe(p, n);
}

/* ---- strings ---- */

struct zsp_str zsp_strz(const char *s)
{
	return (struct zsp_str){ s ? s : "", s ? strlen(s) : 0 };
}

int32_t zsp_str_equal(struct zsp_str a, struct zsp_str b)
{
	return zs_slice_eq(slice_of(a), slice_of(b));
}

int32_t zsp_str_is(struct zsp_str s, const char *z)
{
	return zs_slice_eq_str(slice_of(s), z);
}

int32_t zsp_str_starts(struct zsp_str s, const char *z)
{
	return zs_slice_starts(slice_of(s), z);
}

int32_t zsp_str_ends(struct zsp_str s, const char *z)
{
	return zs_slice_ends(slice_of(s), z);
}

struct zsp_str zsp_str_cut(struct zsp_str *rest, char at)
{
	struct zs_slice s = slice_of(*rest);
	struct zs_slice before = zs_slice_cut(&s, at);

	*rest = str_of(s);
	return str_of(before);
}

struct zsp_str zsp_str_trim(struct zsp_str s)
{
	return str_of(zs_slice_trim(slice_of(s)));
}

int32_t zsp_str_lower(struct zsp_str s, char *dst, size_t size)
{
	if (s.n >= size)
		return 0;
	for (size_t i = 0; i < s.n; i++)
		dst[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + ('a' - 'A')) : s.p[i];
	dst[s.n] = 0;
	return 1;
}

int32_t zsp_str_number(struct zsp_str s, int64_t max, int64_t *ret_number)
{
	uint64_t number;

	if (max < 0 || !zs_slice_u64(slice_of(s), (uint64_t)max, &number))
		return 0;
	*ret_number = (int64_t)number;
	return 1;
}
