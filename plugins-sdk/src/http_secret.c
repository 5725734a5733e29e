/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not be seen: each secret as it is and as it commonly travels, which is
 * escaped, in hexadecimal, and in base64 alone or in the middle of something
 * (Authorization: Basic).
 */
#include "http_parts.h"

#include <string.h>

#include "base/b64url.h"

enum {
	SHORTEST = 4,			/* shorter ones would blank out half of each message */
	SHORTEST_BASE64 = 6,
	FORMS = 4096,			/* six of each secret */
	LONGEST = 16 * 1024
};

static bool keep(struct zsp_http *http, struct zs_slice text, enum zsp_compare compare)
{
	struct zsp_secret *secret = zs_vec_push(&http->secrets, FORMS);

	if (!secret)
		return false;
	zs_buf_init_secret(&secret->text, text.n);
	zs_buf_add_slice(&secret->text, text);
	secret->compare = compare;
	return !secret->text.failed;
}

static bool keep_text(struct zsp_http *http, const struct zsp_text *text, enum zsp_compare compare)
{
	return !text->failed && keep(http, slice_of(zsp_text_str(text)), compare);
}

static bool keep_escaped(struct zsp_http *http, struct zsp_str secret)
{
	struct zsp_text text = ZSP_TEXT_SECRET(3 * LONGEST);
	bool good;

	zsp_text_add_escaped(&text, secret);
	good = keep_text(http, &text, COMPARE_NOCASE);
	zsp_text_clear(&text);
	zsp_text_add_hex(&text, secret.p, secret.n);
	good = keep_text(http, &text, COMPARE_NOCASE) && good;
	zsp_text_done(&text);
	return good;
}

/* Behind `before` other octets: the digits that depend on the secret alone. */
static bool keep_base64(struct zsp_http *http, struct zsp_str secret, size_t before)
{
	static const char zeros[2];
	struct zs_buf octets = ZS_BUF_SECRET(LONGEST + 2), text = ZS_BUF_SECRET(2 * LONGEST);
	size_t from = (8 * before + 5) / 6, to = 8 * (before + secret.n) / 6;
	bool good = true;

	zs_buf_add(&octets, zeros, before);
	zs_buf_add(&octets, secret.p, secret.n);
	zs_b64_encode(&text, zs_buf_slice(&octets), false);
	if (octets.failed || text.failed)
		good = false;
	else if (to - from >= SHORTEST_BASE64)
		good = keep(http, zs_slice_of(text.data + from, to - from), COMPARE_BASE64);
	zs_buf_done(&octets);
	zs_buf_done(&text);
	return good;
}

static bool is_known(const struct zsp_http *http, struct zs_slice secret)
{
	for (size_t i = 0; i < http->secrets.n; i++) {
		const struct zsp_secret *known = &http->secrets.items[i];

		if (known->compare == COMPARE_EXACT && zs_slice_eq(zs_buf_slice(&known->text), secret))
			return true;
	}
	return false;
}

int32_t zsp_http_redact(struct zsp_http *http, struct zsp_str secret)
{
	bool good;

	if (secret.n < SHORTEST || is_known(http, slice_of(secret)))
		return ZSP_OK;
	if (secret.n > LONGEST)
		return ZSP_BUG;
	good = keep(http, slice_of(secret), COMPARE_EXACT) && keep_escaped(http, secret);
	for (size_t before = 0; before < 3; before++)
		good = good && keep_base64(http, secret, before);
	return good ? ZSP_OK : ZSP_BUG;
}

void zsp_http_forget(struct zsp_http *http)
{
	for (size_t i = 0; i < http->secrets.n; i++)
		zs_buf_done(&http->secrets.items[i].text);
	zs_vec_done(&http->secrets);
}

/* ---- looking ---- */

static uint8_t fold_case(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Both alphabets of RFC 4648 are one. */
static uint8_t fold_base64(uint8_t c)
{
	return c == '-' ? '+' : c == '_' ? '/' : c;
}

static bool starts(struct zs_slice s, const struct zsp_secret *secret)
{
	if (s.n < secret->text.len)
		return false;
	if (secret->compare == COMPARE_EXACT)
		return !memcmp(s.p, secret->text.data, secret->text.len);
	for (size_t i = 0; i < secret->text.len; i++) {
		uint8_t a = s.p[i], b = secret->text.data[i];
		bool same = secret->compare == COMPARE_NOCASE ? fold_case(a) == fold_case(b) :
								fold_base64(a) == fold_base64(b);

		if (!same)
			return false;
	}
	return true;
}

static size_t longest_at(const struct zsp_http *http, struct zs_slice s)
{
	size_t longest = 0;

	for (size_t i = 0; i < http->secrets.n; i++) {
		const struct zsp_secret *secret = &http->secrets.items[i];

		if (secret->text.len > longest && starts(s, secret))
			longest = secret->text.len;
	}
	return longest;
}

void zsp_http_hide(const struct zsp_http *http, struct zs_slice text, struct zs_buf *dst)
{
	size_t hidden_to = 0;

	for (size_t i = 0; i < text.n; i++) {
		size_t n = longest_at(http, zs_slice_of(text.p + i, text.n - i));

		if (n && i + n > hidden_to) {
			if (i >= hidden_to)
				zs_buf_add_str(dst, "[redacted]");
			hidden_to = i + n;
		}
		if (i >= hidden_to)
			zs_buf_add_byte(dst, text.p[i]);
	}
}
