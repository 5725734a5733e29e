/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces secrets in texts that leave the host process.  A secret file may
 * hold more than the secret (a key file, a profile), so its long words count
 * as secrets of their own, but for DNS names: those of a file of accounts are what
 * messages are about.  Encoded forms of a secret are not recognised.
 */
#include "host/hide.h"

#include <string.h>

#include "base/log.h"

enum { MIN_SECRET = 6, MIN_WORD = 16, MAX_WORDS = 8 };

static void add(struct zs_hide *hide, struct zs_slice secret)
{
	struct zs_buf *item = &hide->items[hide->n];

	if (secret.n < MIN_SECRET || hide->n == ZS_HIDE_MAX)
		return;
	zs_log_redact(secret);
	zs_buf_init_secret(item, secret.n);
	zs_buf_add_slice(item, secret);
	if (!item->failed)
		hide->n++;
}

static bool ends_word(uint8_t c)
{
	return c <= ' ' || strchr("\"';,{}", c) != NULL;
}

static bool in_names(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* Three labels or more, and no number at the end: "d420c923-bbd7.auth.example.org". */
static bool is_dns_name(struct zs_slice word)
{
	unsigned dots = 0;

	for (size_t i = 0; i < word.n; i++) {
		if (!in_names(word.p[i]))
			return false;
		dots += word.p[i] == '.';
	}
	return dots >= 2 && word.p[word.n - 1] >= 'a' && word.p[word.n - 1] <= 'z';
}

/* Whether the word begins such a name somewhere else in the secret. */
static bool begins_dns_name(struct zs_slice word, struct zs_slice secret)
{
	size_t end;

	for (size_t i = 0; i + word.n < secret.n; i++) {
		if ((i && !ends_word(secret.p[i - 1])) || secret.p[i + word.n] != '.' ||
		    memcmp(secret.p + i, word.p, word.n) != 0)
			continue;
		for (end = i; end < secret.n && !ends_word(secret.p[end]);)
			end++;
		if (is_dns_name(zs_slice_of(secret.p + i, end - i)))
			return true;
	}
	return false;
}

static bool is_public(struct zs_slice word, struct zs_slice secret)
{
	return is_dns_name(word) || begins_dns_name(word, secret);
}

static void add_words(struct zs_hide *hide, struct zs_slice secret)
{
	size_t start = 0;
	unsigned words = 0;

	for (size_t i = 0; i <= secret.n && words < MAX_WORDS; i++) {
		if (i < secret.n && !ends_word(secret.p[i]))
			continue;
		if (i - start >= MIN_WORD && i - start < secret.n &&
		    !is_public(zs_slice_of(secret.p + start, i - start), secret)) {
			add(hide, zs_slice_of(secret.p + start, i - start));
			words++;
		}
		start = i + 1;
	}
}

void zs_hide_add(struct zs_hide *hide, struct zs_slice secret)
{
	add(hide, secret);
	add_words(hide, secret);
}

static size_t secret_at(const struct zs_hide *hide, struct zs_slice s)
{
	size_t longest = 0;

	for (size_t i = 0; i < hide->n; i++) {
		const struct zs_buf *item = &hide->items[i];

		if (item->len > longest && item->len <= s.n && !memcmp(s.p, item->data, item->len))
			longest = item->len;
	}
	return longest;
}

unsigned zs_hide_text(const struct zs_hide *hide, struct zs_slice text, struct zs_buf *dst)
{
	size_t hidden_to = 0;
	unsigned found = 0;

	for (size_t i = 0; i < text.n; i++) {
		size_t n = secret_at(hide, zs_slice_of(text.p + i, text.n - i));

		if (n && i + n > hidden_to) {
			if (i >= hidden_to)
				zs_buf_add_str(dst, "[redacted]");
			hidden_to = i + n;
			found++;
		}
		if (i >= hidden_to)
			zs_buf_add_byte(dst, text.p[i]);
	}
	return found;
}

void zs_hide_done(struct zs_hide *hide)
{
	for (size_t i = 0; i < hide->n; i++)
		zs_buf_done(&hide->items[i]);
	hide->n = 0;
}
