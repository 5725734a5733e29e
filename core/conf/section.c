/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections as rows of one table, so that nothing else asks which kind it has
 * before it.  Their members are set by option, see value.c.
 */
#include "conf/section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/value.h"

#define ACCESS(list) \
	static size_t count_##list(const struct zs_conf *conf) \
	{ \
		return conf->list.n; \
	} \
	static void *at_##list(const struct zs_conf *conf, size_t i) \
	{ \
		return &conf->list.items[i]; \
	} \
	static void *push_##list(struct zs_conf *conf) \
	{ \
		return zs_vec_push(&conf->list, ZS_CONF_MAX_SECTIONS); \
	}

ACCESS(cas)
ACCESS(providers)
ACCESS(views)
ACCESS(zones)
ACCESS(certificates)

static size_t count_defaults(const struct zs_conf *conf)
{
	(void)conf;
	return 1;
}

/* Whoever has the configuration as const gets an item it does not write to. */
static void *at_defaults(const struct zs_conf *conf, size_t i)
{
	const void *defaults = &conf->defaults;
	void *at;

	(void)i;
	memcpy(&at, &defaults, sizeof(at));
	return at;
}

#define ROW(list, type) \
	count_##list, at_##list, push_##list, offsetof(struct type, given), offsetof(struct type, where)

static const struct kind {
	size_t (*count)(const struct zs_conf *conf);
	void *(*at)(const struct zs_conf *conf, size_t i);
	void *(*push)(struct zs_conf *conf);
	size_t given, where;
} kinds[] = {
	[ZS_CONF_DEFAULTS] = { count_defaults, at_defaults, NULL, offsetof(struct zs_conf_defaults, given), 0 },
	[ZS_CONF_CA] = { ROW(cas, zs_conf_ca) },
	[ZS_CONF_PROVIDER] = { ROW(providers, zs_conf_provider) },
	[ZS_CONF_VIEW] = { ROW(views, zs_conf_view) },
	[ZS_CONF_ZONE] = { ROW(zones, zs_conf_zone) },
	[ZS_CONF_CERTIFICATE] = { ROW(certificates, zs_conf_certificate) },
};
_Static_assert(ZS_COUNT(kinds) == ZS_CONF_SECTION__COUNT, "one row per section");
_Static_assert(!offsetof(struct zs_conf_ca, name) && !offsetof(struct zs_conf_provider, name) &&
	!offsetof(struct zs_conf_view, name) && !offsetof(struct zs_conf_certificate, name), "the name comes first");

size_t zs_conf_count(const struct zs_conf *conf, enum zs_conf_section section)
{
	return kinds[section].count(conf);
}

struct zs_conf_item zs_conf_item(const struct zs_conf *conf, enum zs_conf_section section, size_t index)
{
	return (struct zs_conf_item){
		.section = section, .index = (uint32_t)index, .at = kinds[section].at(conf, index),
	};
}

const char *zs_conf_item_name(struct zs_conf_item item)
{
	if (item.section == ZS_CONF_DEFAULTS)
		return "";
	if (item.section == ZS_CONF_ZONE)
		return ((const struct zs_conf_zone *)item.at)->zone.text;
	return *(char *const *)item.at;
}

static struct zs_conf_where *where_at(struct zs_conf_item item)
{
	return (struct zs_conf_where *)(void *)((char *)item.at + kinds[item.section].where);
}

struct zs_conf_where zs_conf_item_where(struct zs_conf_item item)
{
	if (item.section == ZS_CONF_DEFAULTS)
		return (struct zs_conf_where){ "default", 0 };
	return *where_at(item);
}

void zs_conf_item_title(struct zs_conf_item item, char dst[static ZS_CONF_TITLE])
{
	const char *name = zs_conf_item_name(item);

	(void)snprintf(dst, ZS_CONF_TITLE, "[%s%s%s]", zs_conf_section_info(item.section)->name, *name ? " " : "", name);
}

typedef int compare(const char *a, const char *b);

static bool find(const struct zs_conf *conf, enum zs_conf_section section, const char *name, compare *same,
	struct zs_conf_item *ret)
{
	for (size_t i = 0; i < zs_conf_count(conf, section); i++) {
		struct zs_conf_item item = zs_conf_item(conf, section, i);

		if (!same(zs_conf_item_name(item), name)) {
			*ret = item;
			return true;
		}
	}
	return false;
}

bool zs_conf_item_find(const struct zs_conf *conf, enum zs_conf_section section, const char *name,
	struct zs_conf_item *ret)
{
	return find(conf, section, name, strcmp, ret);
}

bool zs_conf_item_find_nocase(const struct zs_conf *conf, enum zs_conf_section section, const char *name,
	struct zs_conf_item *ret)
{
	return find(conf, section, name, strcasecmp, ret);
}

/* ---- making and ending ---- */

static bool set_name(struct zs_conf_item item, const char *name)
{
	if (item.section == ZS_CONF_ZONE)
		return zs_name_parse(zs_slice_str(name), ZS_NAME_OWNER, &((struct zs_conf_zone *)item.at)->zone, NULL);
	*(char **)item.at = strdup(name);
	return *(char **)item.at != NULL;
}

/* Absent values that are not all zeroes, and the table's defaults. */
static bool set_defaults(struct zs_conf_item item)
{
	struct zs_buf why = ZS_BUF(256);
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);
	bool good = true;

	for (size_t i = 0; i < n && good; i++) {
		if (options[i].section != item.section)
			continue;
		if (options[i].type == ZS_CONF_POLICY)
			zs_conf_value_clear(&options[i], item.at);
		if (options[i].fallback)
			good = zs_conf_value_set(&options[i], item.at, zs_slice_str(options[i].fallback), &why);
	}
	zs_buf_done(&why);
	return good;
}

bool zs_conf_item_add(struct zs_conf *conf, enum zs_conf_section section, const char *name,
	struct zs_conf_where where, struct zs_conf_item *ret)
{
	struct zs_conf_item item = { .section = section };

	if (section == ZS_CONF_DEFAULTS) {
		*ret = zs_conf_item(conf, section, 0);
		return set_defaults(*ret);
	}
	item.at = kinds[section].push(conf);
	if (!item.at)
		return false;
	item.index = (uint32_t)(zs_conf_count(conf, section) - 1);
	*where_at(item) = where;
	if (!set_name(item, name) || !set_defaults(item))
		return false;
	*ret = item;
	return true;
}

static void provider_done(struct zs_conf_provider *provider)
{
	for (size_t i = 0; i < provider->options.n; i++) {
		struct zs_conf_pair *pair = &provider->options.items[i];

		free(pair->key);
		if (pair->value)
			zs_wipe(pair->value, strlen(pair->value));
		free(pair->value);
	}
	zs_vec_done(&provider->options);
}

void zs_conf_item_done(struct zs_conf_item item)
{
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	for (size_t i = 0; i < n; i++)
		if (options[i].section == item.section)
			zs_conf_value_clear(&options[i], item.at);
	if (item.section == ZS_CONF_PROVIDER)
		provider_done(item.at);
	if (item.section != ZS_CONF_DEFAULTS && item.section != ZS_CONF_ZONE) {
		free(*(char **)item.at);
		*(char **)item.at = NULL;
	}
}

/* ---- what was written ---- */

bool zs_conf_is_moot(struct zs_conf_item item, const struct zs_conf_option *option)
{
	static const char *const with_csr[] = { "names", "key-type", "reuse-key", "key-group" };

	if (item.section != ZS_CONF_CERTIFICATE || !((const struct zs_conf_certificate *)item.at)->csr)
		return false;
	for (size_t i = 0; i < ZS_COUNT(with_csr); i++)
		if (!strcmp(option->key, with_csr[i]))
			return true;
	return false;
}

static zs_conf_given *given_at(struct zs_conf_item item)
{
	return (zs_conf_given *)(void *)((char *)item.at + kinds[item.section].given);
}

static zs_conf_given bit_of(const struct zs_conf_option *option)
{
	size_t n;

	return UINT64_C(1) << (option - zs_conf_options(&n));
}

bool zs_conf_is_given(struct zs_conf_item item, const struct zs_conf_option *option)
{
	return *given_at(item) & bit_of(option);
}

void zs_conf_set_given(struct zs_conf_item item, const struct zs_conf_option *option, bool given)
{
	if (given)
		*given_at(item) |= bit_of(option);
	else
		*given_at(item) &= ~bit_of(option);
}

static struct zs_conf_mark *find_mark(const struct zs_conf *conf, struct zs_conf_item item,
	const struct zs_conf_option *option)
{
	for (size_t i = 0; i < conf->marks.n; i++) {
		struct zs_conf_mark *mark = &conf->marks.items[i];

		if (mark->option == option && mark->section == item.section && mark->index == item.index)
			return mark;
	}
	return NULL;
}

bool zs_conf_mark(struct zs_conf *conf, struct zs_conf_item item, const struct zs_conf_option *option,
	struct zs_conf_where where)
{
	struct zs_conf_mark *mark = zs_conf_is_given(item, option) ? find_mark(conf, item, option) : NULL;

	if (!mark)
		mark = zs_vec_push(&conf->marks, ZS_CONF_SECTION__COUNT * ZS_CONF_MAX_SECTIONS * 16);
	if (!mark)
		return false;
	*mark = (struct zs_conf_mark){
		.section = item.section, .index = item.index, .option = option, .where = where,
	};
	zs_conf_set_given(item, option, true);
	return true;
}

struct zs_conf_where zs_conf_where_of(const struct zs_conf *conf, struct zs_conf_item item,
	const struct zs_conf_option *option)
{
	const struct zs_conf_mark *mark = zs_conf_is_given(item, option) ? find_mark(conf, item, option) : NULL;

	return mark ? mark->where : zs_conf_item_where(item);
}
