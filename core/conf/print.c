/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The effective configuration in the file's own form.  What it prints reads
 * back as the same; a plugin's option that looks like a secret is only named,
 * for until the plugin is asked nobody knows, and terminals are watched.
 */
#include "conf/conf.h"

#include <string.h>

#include "conf/section.h"
#include "conf/value.h"

/* Words of keys, between hyphens or underscores, that go with secrets ... */
static const char *const secret_words[] = {
	"secret", "token", "password", "passwd", "pass", "apikey", "key", "hmac", "credentials",
};
/* ... and last words that say the value is only about one. */
static const char *const about_words[] = {
	"file", "credential", "env", "name", "id", "type", "algorithm", "path", "ttl",
};

static bool next_word(const char **rest, struct zs_slice *ret)
{
	size_t n = strcspn(*rest, "-_.");

	*ret = zs_slice_of(*rest, n);
	*rest += n;
	*rest += **rest != 0;
	return n != 0;
}

static bool is_one_of(struct zs_slice word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (zs_slice_eq_nocase(word, words[i]))
			return true;
	return false;
}

static bool looks_secret(const char *key)
{
	struct zs_slice word, last = ZS_SLICE_NONE;
	bool secret = false;

	while (*key)
		if (next_word(&key, &word)) {
			secret |= is_one_of(word, secret_words, ZS_COUNT(secret_words));
			last = word;
		}
	return secret && !is_one_of(last, about_words, ZS_COUNT(about_words));
}

static void print_pairs(const struct zs_conf_provider *provider, struct zs_buf *dst)
{
	for (size_t i = 0; i < provider->options.n; i++) {
		const struct zs_conf_pair *pair = &provider->options.items[i];

		if (looks_secret(pair->key))
			zs_buf_addf(dst, "# %s = (not shown: it may be a secret)\n", pair->key);
		else
			zs_buf_addf(dst, "%s = %s\n", pair->key, pair->value);
	}
}

/* 0 is a number like others where it was written or is the default. */
static bool is_shown(struct zs_conf_item item, const struct zs_conf_option *option)
{
	if (zs_conf_is_moot(item, option))
		return false;
	if (zs_conf_value_has(option, item.at))
		return true;
	return option->type == ZS_CONF_INTEGER && (option->fallback || zs_conf_is_given(item, option));
}

static void print_item(struct zs_conf_item item, struct zs_buf *dst)
{
	char title[ZS_CONF_TITLE];
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	zs_conf_item_title(item, title);
	zs_buf_addf(dst, "%s%s\n", dst->len ? "\n" : "", title);
	for (size_t i = 0; i < n; i++) {
		if (options[i].section != item.section || !is_shown(item, &options[i]))
			continue;
		zs_buf_addf(dst, "%s = ", options[i].key);
		zs_conf_value_print(&options[i], item.at, dst);
		zs_buf_add_byte(dst, '\n');
	}
	if (item.section == ZS_CONF_PROVIDER)
		print_pairs(item.at, dst);
}

void zs_conf_print(const struct zs_conf *conf, struct zs_buf *dst)
{
	for (int i = 0; i < ZS_CONF_SECTION__COUNT; i++)
		for (size_t j = 0; j < zs_conf_count(conf, (enum zs_conf_section)i); j++)
			print_item(zs_conf_item(conf, (enum zs_conf_section)i, j), dst);
}
