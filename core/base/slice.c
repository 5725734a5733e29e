/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed ranges of bytes: comparing, cutting, copying, numbers and UTF-8.
 * Nothing here depends on the locale, and nothing accepts a number with signs,
 * blanks or leftovers.  Knows neither DNS names nor dates.
 */
#include "base/slice.h"

#include <stdlib.h>
#include <string.h>

struct zs_slice zs_slice_of(const void *p, size_t n)
{
	return (struct zs_slice){ p, n };
}

struct zs_slice zs_slice_str(const char *text)
{
	return text ? zs_slice_of(text, strlen(text)) : ZS_SLICE_NONE;
}

bool zs_slice_eq(struct zs_slice a, struct zs_slice b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

bool zs_slice_eq_str(struct zs_slice a, const char *text)
{
	return zs_slice_eq(a, zs_slice_str(text));
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool zs_slice_eq_nocase(struct zs_slice a, const char *text)
{
	struct zs_slice b = zs_slice_str(text);

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool zs_slice_starts(struct zs_slice s, const char *prefix)
{
	struct zs_slice want = zs_slice_str(prefix);

	if (s.n < want.n)
		return false;
	s.n = want.n;
	return zs_slice_eq(s, want);
}

bool zs_slice_ends(struct zs_slice s, const char *suffix)
{
	struct zs_slice want = zs_slice_str(suffix);

	if (s.n < want.n)
		return false;
	if (!want.n)
		return true;
	return zs_slice_eq(zs_slice_of(s.p + (s.n - want.n), want.n), want);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct zs_slice zs_slice_trim(struct zs_slice s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct zs_slice zs_slice_cut(struct zs_slice *rest, char sep)
{
	struct zs_slice s = *rest;
	const uint8_t *at = s.n ? memchr(s.p, (uint8_t)sep, s.n) : NULL;
	size_t n;

	if (!at) {
		*rest = ZS_SLICE_NONE;
		return s;
	}
	n = (size_t)(at - s.p);
	*rest = zs_slice_of(at + 1, s.n - n - 1);
	return zs_slice_of(s.p, n);
}

bool zs_slice_is_graph(struct zs_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return true;
}

static bool has_nul(struct zs_slice s)
{
	return s.n && memchr(s.p, 0, s.n);
}

char *zs_slice_dup(struct zs_slice s)
{
	char *text;

	if (has_nul(s) || s.n == SIZE_MAX)
		return NULL;
	text = malloc(s.n + 1);
	if (text)
		(void)zs_slice_copy(s, text, s.n + 1);
	return text;
}

bool zs_slice_copy(struct zs_slice s, char *dst, size_t size)
{
	if (!size)
		return false;
	dst[0] = 0;
	if (s.n >= size || has_nul(s))
		return false;
	if (s.n)
		memcpy(dst, s.p, s.n);
	dst[s.n] = 0;
	return true;
}

bool zs_slice_u64(struct zs_slice s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)s.p[i] - '0';

		if (s.p[i] < '0' || s.p[i] > '9' || digit > max ||
			v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static const struct {
	const char *suffix;
	uint64_t ms;
} units[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 3600 * 1000 },
	{ "d", 86400 * 1000 },
};

bool zs_slice_duration_ms(struct zs_slice s, uint64_t max_ms, uint64_t *ret_ms)
{
	struct zs_slice unit;
	uint64_t v;
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	if (!n)
		return false;
	unit = zs_slice_of(s.p + n, s.n - n);
	for (size_t i = 0; i < ZS_COUNT(units); i++) {
		if (!zs_slice_eq_str(unit, units[i].suffix))
			continue;
		if (!zs_slice_u64(zs_slice_of(s.p, n), max_ms / units[i].ms, &v))
			return false;
		*ret_ms = v * units[i].ms;
		return true;
	}
	return false;
}

/* One row per length: lead octets and the range of values it may encode. */
static const struct {
	uint8_t lead;
	uint8_t lead_mask;
	uint32_t min;
} utf8_forms[] = {
	{ 0x00, 0x80, 0 },
	{ 0xc0, 0xe0, 0x80 },
	{ 0xe0, 0xf0, 0x800 },
	{ 0xf0, 0xf8, 0x10000 },
};

static size_t utf8_form(uint8_t lead)
{
	size_t i = 0;

	while (i < ZS_COUNT(utf8_forms) &&
		(lead & utf8_forms[i].lead_mask) != utf8_forms[i].lead)
		i++;
	return i;
}

size_t zs_utf8_next(struct zs_slice s, uint32_t *ret_point)
{
	size_t form = s.n ? utf8_form(s.p[0]) : ZS_COUNT(utf8_forms);
	uint32_t point;

	if (form == ZS_COUNT(utf8_forms) || s.n <= form)
		return 0;
	point = s.p[0] & (uint8_t)~utf8_forms[form].lead_mask;
	for (size_t i = 1; i <= form; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s.p[i] & 0x3f);
	}
	if (point < utf8_forms[form].min || point > 0x10ffff ||
		(point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return form + 1;
}

static const struct {
	uint32_t first;
	uint32_t last;
} unsafe_ranges[] = {
	{ 0x0000, 0x001f }, /* C0 controls */
	{ 0x007f, 0x009f }, /* DEL, C1 controls */
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x180e, 0x180e }, /* Mongolian vowel separator */
	{ 0x200b, 0x200f }, /* zero width, left-to-right, right-to-left */
	{ 0x2028, 0x202e }, /* line and paragraph ends, embeddings */
	{ 0x2060, 0x206f }, /* word joiner, invisible signs, isolates */
	{ 0xfeff, 0xfeff }, /* zero width no-break space */
	{ 0xfff9, 0xfffb }, /* interlinear annotation */
	{ 0xe0000, 0xe007f }, /* tags */
};

bool zs_utf8_is_unsafe(uint32_t point)
{
	for (size_t i = 0; i < ZS_COUNT(unsafe_ranges); i++)
		if (point >= unsafe_ranges[i].first &&
			point <= unsafe_ranges[i].last)
			return true;
	return false;
}

bool zs_slice_eq_secret(struct zs_slice a, struct zs_slice b)
{
	volatile uint8_t diff = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		diff = (uint8_t)(diff | (a.p[i] ^ b.p[i]));
	return diff == 0;
}
