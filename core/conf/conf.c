/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as a whole: beginning, end, look-ups, and single settings
 * from the command line.  Reads no file (read.c does).
 */
#include "conf/conf.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "conf/assign.h"
#include "conf/lists.h"

void zs_conf_init(struct zs_conf *conf)
{
	struct zs_conf_item item;

	memset(conf, 0, sizeof(*conf));
	/* Without memory a default is missing, which zs_conf_finish reports. */
	(void)zs_conf_item_add(conf, ZS_CONF_DEFAULTS, "", (struct zs_conf_where){ NULL, 0 }, &item);
}

void zs_conf_done(struct zs_conf *conf)
{
	for (int i = 0; i < ZS_CONF_SECTION__COUNT; i++)
		for (size_t j = 0; j < zs_conf_count(conf, (enum zs_conf_section)i); j++)
			zs_conf_item_done(zs_conf_item(conf, (enum zs_conf_section)i, j));
	zs_vec_done(&conf->cas);
	zs_vec_done(&conf->providers);
	zs_vec_done(&conf->views);
	zs_vec_done(&conf->zones);
	zs_vec_done(&conf->certificates);
	zs_vec_done(&conf->marks);
	zs_conf_strings_done(&conf->files);
	zs_conf_strings_done(&conf->places);
}

/* ---- look-ups ---- */

static void *find(const struct zs_conf *conf, enum zs_conf_section section, const char *name)
{
	struct zs_conf_item item;

	return name && zs_conf_item_find(conf, section, name, &item) ? item.at : NULL;
}

struct zs_conf_ca *zs_conf_ca(const struct zs_conf *conf, const char *name)
{
	return find(conf, ZS_CONF_CA, name);
}

struct zs_conf_provider *zs_conf_provider(const struct zs_conf *conf, const char *name)
{
	return find(conf, ZS_CONF_PROVIDER, name);
}

struct zs_conf_certificate *zs_conf_certificate(const struct zs_conf *conf, const char *name)
{
	return find(conf, ZS_CONF_CERTIFICATE, name);
}

const struct zs_conf_zone *zs_conf_zone_for(const struct zs_conf *conf, const struct zs_name *name)
{
	const struct zs_conf_zone *best = NULL;

	for (size_t i = 0; i < conf->zones.n; i++) {
		const struct zs_conf_zone *zone = &conf->zones.items[i];

		if (zs_name_is_in(name, &zone->zone) && (!best || zone->zone.len > best->zone.len))
			best = zone;
	}
	return best;
}

/* ---- single settings ---- */

/* Each place is kept once, as long as the configuration. */
static const char *keep_place(struct zs_conf *conf, const char *where)
{
	for (size_t i = 0; i < conf->places.n; i++)
		if (!strcmp(conf->places.items[i], where))
			return conf->places.items[i];
	if (!zs_conf_strings_add(&conf->places, zs_slice_str(where)))
		return NULL;
	return conf->places.items[conf->places.n - 1];
}

static bool is_path(const struct zs_conf_option *option, const char *value)
{
	if (!option)
		return false;
	return option->type == ZS_CONF_PATH || option->type == ZS_CONF_SECRET_FILE ||
		(option->type == ZS_CONF_PLUGIN && strchr(value, '/'));
}

/* As typed in a shell: relative to where we are. */
static int add_value(struct zs_buf *dst, const struct zs_conf_option *option, const char *value, struct zs_err *err)
{
	char here[PATH_MAX];

	if (is_path(option, value) && *value && *value != '/') {
		if (!getcwd(here, sizeof(here)))
			return zs_err_sys(err, ZS_OK, errno, "current directory");
		zs_buf_addf(dst, "%s/", here);
	}
	zs_buf_add_str(dst, value);
	return dst->failed ? zs_err_set(err, ZS_E_CONFIG, "the value is too long") : 0;
}

static void set(struct zs_conf *conf, const char *header, const struct zs_conf_line *line,
	struct zs_conf_problems *problems)
{
	struct zs_conf_item item;

	if (zs_conf_open(conf, zs_slice_trim(zs_slice_str(header)), line->where, line->source, problems, &item))
		zs_conf_assign(conf, item, line, problems);
}

int zs_conf_set(struct zs_conf *conf, const char *section, const char *section_id, const char *key, const char *value,
	const char *where, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_CONFIG), header = ZS_BUF(4096);
	struct zs_conf_line line = { .key = key, .source = ZS_CONF_FROM_COMMAND };
	struct zs_conf_problems problems;
	enum zs_conf_section kind;
	int rc;

	line.where.file = keep_place(conf, where);
	if (!line.where.file)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory");
	rc = add_value(&text, zs_conf_section_by_name(zs_slice_str(section), &kind) ? zs_conf_option(kind, key) : NULL,
		value, err);
	if (!rc) {
		line.value = zs_buf_str(&text);
		zs_buf_addf(&header, "%s %s", section, section_id ? section_id : "");
		zs_conf_problems_init(&problems);
		set(conf, zs_buf_str(&header), &line, &problems);
		rc = zs_conf_problems_end(&problems, err);
	}
	zs_buf_done(&header);
	zs_buf_done(&text);
	return rc;
}
