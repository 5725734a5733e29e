/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64 and base64url.  Decoding checks everything first and appends all or
 * nothing; left-over bits that are not zero are refused in every form, since
 * they mean a damaged or truncated text.  Knows nothing about PEM headers.
 */
#include "base/b64url.h"

enum { PEM_LINE = 64 };

struct form {
	const char *alphabet;
	bool pad;
	bool lines;
};

#define COMMON \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char std_alphabet[] = COMMON "+/";
static const char url_alphabet[] = COMMON "-_";

static size_t encoded_size(size_t n, struct form form)
{
	static const size_t tail[] = { 0, 2, 3 };
	size_t size = n / 3 * 4;

	size += form.pad && n % 3 ? 4 : tail[n % 3];
	if (form.lines)
		size += (size + PEM_LINE - 1) / PEM_LINE;
	return size;
}

static void encode_group(struct zs_buf *dst, const uint8_t *p, size_t n,
	struct form form)
{
	uint32_t v = (uint32_t)p[0] << 16;
	char quad[4];

	if (n > 1)
		v |= (uint32_t)p[1] << 8;
	if (n > 2)
		v |= p[2];
	for (unsigned i = 0; i < 4; i++)
		quad[i] = form.alphabet[v >> (18 - 6 * i) & 63];
	for (size_t i = n + 1; i < 4; i++)
		quad[i] = '=';
	zs_buf_add(dst, quad, form.pad ? 4 : n + 1);
}

static void encode(struct zs_buf *dst, struct zs_slice data, struct form form)
{
	size_t column = 0;

	/* Room for all of it first, so that failure leaves no half text. */
	if (data.n > SIZE_MAX / 2 ||
		!zs_buf_reserve(dst, encoded_size(data.n, form))) {
		dst->failed = true;
		return;
	}
	for (size_t i = 0; i < data.n; i += 3) {
		encode_group(dst, data.p + i,
			data.n - i < 3 ? data.n - i : 3, form);
		column += 4;
		if (form.lines && column % PEM_LINE == 0)
			zs_buf_add_byte(dst, '\n');
	}
	if (form.lines && column % PEM_LINE)
		zs_buf_add_byte(dst, '\n');
}

void zs_b64url_encode(struct zs_buf *dst, struct zs_slice data)
{
	encode(dst, data, (struct form){ url_alphabet, false, false });
}

void zs_b64_encode(struct zs_buf *dst, struct zs_slice data, bool lines)
{
	encode(dst, data, (struct form){ std_alphabet, true, lines });
}

/* Value of a character, -1 outside the alphabet. */
static int sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	return c == '_' || c == '/' ? 63 : -1;
}

static bool is_url_char(uint8_t c)
{
	return c != '+' && c != '/' && sextet(c) >= 0;
}

static bool all_url_chars(struct zs_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_url_char(text.p[i]))
			return false;
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct shape {
	size_t chars; /* of the alphabet */
	size_t pads;
	uint8_t last; /* last character of the alphabet */
};

/* Counts; false for a bad character or one behind the padding. */
static bool measure(struct zs_slice text, struct shape *ret)
{
	struct shape shape = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		if (is_blank(text.p[i]))
			continue;
		if (text.p[i] == '=') {
			shape.pads++;
			continue;
		}
		if (sextet(text.p[i]) < 0 || shape.pads)
			return false;
		shape.chars++;
		shape.last = text.p[i];
	}
	*ret = shape;
	return true;
}

static bool shape_ok(struct shape shape)
{
	static const int leftover[] = { 0, 0, 0x0f, 0x03 };
	size_t part = shape.chars % 4;

	if (part == 1)
		return false;
	if (shape.pads && (part == 0 || shape.pads != 4 - part))
		return false;
	return !part || !(sextet(shape.last) & leftover[part]);
}

static bool decode(struct zs_buf *dst, struct zs_slice text, size_t chars)
{
	uint8_t *out = zs_buf_reserve(dst, chars / 4 * 3 + chars % 4 * 3 / 4);
	uint32_t acc = 0;
	unsigned bits = 0;

	if (!out)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (sextet(text.p[i]) < 0)
			continue;
		acc = (acc << 6 | (uint32_t)sextet(text.p[i])) & 0xffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		*out++ = (uint8_t)(acc >> bits & 0xff);
		dst->len++;
	}
	return true;
}

bool zs_b64url_decode(struct zs_buf *dst, struct zs_slice text)
{
	struct shape shape;

	return all_url_chars(text) && measure(text, &shape) &&
		shape_ok(shape) && decode(dst, text, shape.chars);
}

bool zs_b64_decode_any(struct zs_buf *dst, struct zs_slice text)
{
	struct shape shape;

	return measure(text, &shape) && shape_ok(shape) &&
		decode(dst, text, shape.chars);
}

bool zs_b64url_ok(struct zs_slice text)
{
	return text.n && all_url_chars(text);
}

bool zs_b64url_key_authorization_ok(struct zs_slice token, struct zs_slice text)
{
	struct zs_slice rest = text;

	return token.n <= ZS_MAX_TOKEN && zs_b64url_ok(token) && zs_slice_eq(zs_slice_cut(&rest, '.'), token) &&
	       rest.n == ZS_TXT_VALUE && zs_b64url_ok(rest);
}
