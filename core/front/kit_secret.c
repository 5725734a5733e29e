/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/kit_secret.h.  A secret file may hold more than the secret, so its long
 * words count as secrets of their own.
 */
#include "front/kit_secret.h"

#include <stdio.h>
#include <string.h>

enum {
	PATTERNS_MAX = 4096,
	PATTERN_OCTETS = 3 * ZS_MAX_SECRET + 16,
	SHORTEST = ZS_KIT_SECRET_SHORTEST,
	WORD = ZS_KIT_SECRET_PIECE,
	WORDS_MAX = 32,
	TAIL = 4096
};

/* What the host says when it had to replace one in a text of the plugin. */
static const char replaced[] = "held a secret, which was replaced", mask[] = "[redacted]";

void zs_kit_secrets_init(struct zs_kit_secrets *secrets)
{
	*secrets = (struct zs_kit_secrets){ .tail = ZS_BUF_SECRET(4 * TAIL) };
}

void zs_kit_secrets_done(struct zs_kit_secrets *secrets)
{
	for (size_t i = 0; i < secrets->patterns.n; i++)
		zs_buf_done(&secrets->patterns.items[i].octets);
	zs_vec_done(&secrets->patterns);
	zs_buf_done(&secrets->tail);
}

/* ---- forms ---- */

static void as_it_is(struct zs_slice s, struct zs_buf *dst)
{
	zs_buf_add_slice(dst, s);
}

static void backwards(struct zs_slice s, struct zs_buf *dst)
{
	for (size_t i = s.n; i-- > 0;)
		zs_buf_add_byte(dst, s.p[i]);
}

static void first_half(struct zs_slice s, struct zs_buf *dst)
{
	if (s.n >= WORD)
		zs_buf_add(dst, s.p, s.n / 2);
}

static void second_half(struct zs_slice s, struct zs_buf *dst)
{
	if (s.n >= WORD)
		zs_buf_add(dst, s.p + s.n / 2, s.n - s.n / 2);
}

static void hex(struct zs_slice s, struct zs_buf *dst, const char *format)
{
	for (size_t i = 0; i < s.n; i++)
		zs_buf_addf(dst, format[0] == 'X' ? "%02X" : "%02x", s.p[i]);
}

static void lower_hex(struct zs_slice s, struct zs_buf *dst)
{
	hex(s, dst, "x");
}

static void upper_hex(struct zs_slice s, struct zs_buf *dst)
{
	hex(s, dst, "X");
}

static void percent(struct zs_slice s, struct zs_buf *dst)
{
	for (size_t i = 0; i < s.n; i++)
		zs_buf_addf(dst, "%%%02X", s.p[i]);
}

/* As a form or a query has it: what is harmless stays. */
static void percent_where_needed(struct zs_slice s, struct zs_buf *dst)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < s.n; i++)
		zs_buf_addf(dst, s.p[i] && strchr(plain, s.p[i]) ? "%c" : "%%%02X", s.p[i]);
}

/* The characters that hold nothing but octets of s, which stands behind `before` octets of
 * something else: "user:" in an Authorization header. */
static void base64(struct zs_slice s, struct zs_buf *dst, unsigned before, const char *last_two)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t first = (before * 8 + 5) / 6, end = (before + s.n) * 8 / 6;

	for (size_t i = first; i < end; i++) {
		size_t bit = i * 6 - before * 8, octet = bit / 8;
		unsigned both = (unsigned)s.p[octet] << 8 | (octet + 1 < s.n ? s.p[octet + 1] : 0u);
		unsigned six = both >> (10 - bit % 8) & 63;

		zs_buf_add_byte(dst, (uint8_t)(six < 62 ? letters[six] : last_two[six - 62]));
	}
}

#define BASE64(name, before, last_two) \
	static void name(struct zs_slice s, struct zs_buf *dst) \
	{ \
		base64(s, dst, before, last_two); \
	}
BASE64(base64_at_0, 0, "+/")
BASE64(base64_at_1, 1, "+/")
BASE64(base64_at_2, 2, "+/")
BASE64(base64url_at_0, 0, "-_")
BASE64(base64url_at_1, 1, "-_")
BASE64(base64url_at_2, 2, "-_")

static const struct {
	const char *words;
	void (*make)(struct zs_slice s, struct zs_buf *dst);
} forms[] = {
	{ "as it is", as_it_is }, { "backwards", backwards }, { "in hexadecimal", lower_hex }, { "in hexadecimal", upper_hex },
	{ "percent-encoded", percent }, { "percent-encoded", percent_where_needed }, { "in base64", base64_at_0 },
	{ "in base64", base64_at_1 }, { "in base64", base64_at_2 }, { "in base64url", base64url_at_0 },
	{ "in base64url", base64url_at_1 }, { "in base64url", base64url_at_2 }, { "by its first half", first_half },
	{ "by its second half", second_half },
};

/* ---- secrets ---- */

static bool is_in(struct zs_slice text, struct zs_slice part)
{
	return part.n && text.n >= part.n && memmem(text.p, text.n, part.p, part.n);
}

/* Whether any WORD octets of one are in the other. */
static bool share(struct zs_slice text, struct zs_slice secret)
{
	bool shared = false;

	for (size_t i = 0; i + WORD <= text.n && !shared; i++)
		shared = is_in(secret, zs_slice_of(text.p + i, WORD));
	return shared;
}

static bool add_pattern(struct zs_kit_secrets *secrets, const char *option, struct zs_slice s, size_t form)
{
	struct zs_kit_pattern *pattern;
	struct zs_buf octets = ZS_BUF_SECRET(PATTERN_OCTETS);

	forms[form].make(s, &octets);
	if (octets.failed || octets.len < SHORTEST) {
		bool fine = !octets.failed;
		zs_buf_done(&octets);
		return fine;
	}
	pattern = zs_vec_push(&secrets->patterns, PATTERNS_MAX);
	if (!pattern) {
		zs_buf_done(&octets);
		return false;
	}
	pattern->octets = octets;
	pattern->form = forms[form].words;
	snprintf(pattern->option, sizeof(pattern->option), "%s", option);
	return true;
}

static bool add_forms(struct zs_kit_secrets *secrets, const char *option, struct zs_slice s)
{
	bool fine = true;

	for (size_t i = 0; i < ZS_COUNT(forms) && fine; i++)
		fine = add_pattern(secrets, option, s, i);
	return fine;
}

/* "key.example.net": names of keys and hosts are no secrets. */
static bool is_name(struct zs_slice word)
{
	bool dot = false;

	for (size_t i = 0; i < word.n; i++) {
		dot = dot || word.p[i] == '.';
		if (!word.p[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", word.p[i]))
			return false;
	}
	return dot;
}

static bool separates(uint8_t c)
{
	return c <= ' ' || strchr("\"';:,{}", c) != NULL;
}

/* "key=value" is two words, the padding of base64 belongs to one. */
static bool ends_word(struct zs_slice s, size_t i)
{
	if (i >= s.n || separates(s.p[i]))
		return true;
	return s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] != '=' && !separates(s.p[i + 1]);
}

static bool is_one_word(struct zs_slice s)
{
	size_t i = 0;

	while (i < s.n && !ends_word(s, i))
		i++;
	return i == s.n;
}

/* Of a text, as of a file with a key in it, pieces are anybody's words; of one word they are not,
 * but where it holds an address that everybody may know. */
static bool add_secret(struct zs_kit_secrets *secrets, const char *option, struct zs_slice s, struct zs_slice other)
{
	size_t first = secrets->patterns.n;
	bool fine = add_forms(secrets, option, s);

	if (fine && secrets->patterns.n > first)
		secrets->patterns.items[first].pieces = s.n > WORD && is_one_word(s) && !is_name(s) && !share(other, s);
	return fine;
}

static void note_option(struct zs_kit_secrets *secrets, const char *option)
{
	size_t used = strlen(secrets->options);

	if (!strstr(secrets->options, option))
		snprintf(secrets->options + used, sizeof(secrets->options) - used, "%s%s", used ? ", " : "", option);
}

bool zs_kit_secret_add(struct zs_kit_secrets *secrets, const char *option, struct zs_slice content, struct zs_slice other)
{
	struct zs_slice whole = zs_slice_trim(content);
	bool fine = whole.n < SHORTEST || add_secret(secrets, option, whole, other);
	size_t start = 0;

	note_option(secrets, option);
	for (size_t i = 0, words = 0; i <= whole.n && words < WORDS_MAX && fine; i++) {
		struct zs_slice word = zs_slice_of(whole.p + start, i - start);
		if (!ends_word(whole, i))
			continue;
		start = i + 1;
		if (word.n < WORD || word.n == whole.n || is_in(other, word) || is_name(word))
			continue;
		fine = add_secret(secrets, option, word, other);
		words++;
	}
	return fine;
}

/* ---- search ---- */

/* Whole ones first: what is said of them says more. */
static const struct zs_kit_pattern *find(const struct zs_kit_secrets *secrets, struct zs_slice text, bool pieces)
{
	for (size_t i = 0; i < secrets->patterns.n; i++) {
		const struct zs_kit_pattern *pattern = &secrets->patterns.items[i];
		struct zs_slice octets = zs_buf_slice(&pattern->octets);
		if (pieces ? pattern->pieces && share(text, octets) : is_in(text, octets))
			return pattern;
	}
	return NULL;
}

/* A text is masked before the kit has it, and the host says so when the call is over: a log line comes
 * before that, the text of a result behind it. */
static void look_for_mask(struct zs_kit_secrets *secrets, struct zs_slice text, const char *where)
{
	if (is_in(text, zs_slice_str(mask)))
		snprintf(secrets->masked, sizeof(secrets->masked), "%.60s: %.*s", where, text.n < 160 ? (int)text.n : 160,
			 (const char *)text.p);
	if (is_in(text, zs_slice_str(replaced)) && !*secrets->found) {
		bool several = strstr(secrets->options, ", ") != NULL;
		snprintf(secrets->found, sizeof(secrets->found), "%s %s, as it is, in a text that zoneseal has masked",
			 several ? "one of the secrets" : "the secret", secrets->options);
		secrets->wants_masked = true;
	}
	if (!secrets->wants_masked || !*secrets->masked)
		return;
	size_t used = strlen(secrets->found);
	snprintf(secrets->found + used, sizeof(secrets->found) - used, "; %s", secrets->masked);
	secrets->wants_masked = false;
}

void zs_kit_secret_search(struct zs_kit_secrets *secrets, struct zs_slice text, const char *where)
{
	const struct zs_kit_pattern *pattern = NULL;
	bool pieces = false;

	if (!*secrets->found) {
		pattern = find(secrets, text, false);
		pieces = !pattern;
		if (pieces)
			pattern = find(secrets, text, true);
	}
	if (pattern)
		snprintf(secrets->found, sizeof(secrets->found), "the secret %s, %s, in %s", pattern->option,
			 pieces ? "by a piece of it" : pattern->form, where);
	else
		look_for_mask(secrets, text, where);
}

void zs_kit_secret_stream(struct zs_kit_secrets *secrets, struct zs_slice text, const char *where)
{
	if (text.n > TAIL)
		text.n = TAIL;
	zs_buf_add_slice(&secrets->tail, text);
	zs_kit_secret_search(secrets, zs_buf_slice(&secrets->tail), where);
	if (secrets->tail.len > TAIL)
		zs_buf_consume(&secrets->tail, secrets->tail.len - TAIL);
}
