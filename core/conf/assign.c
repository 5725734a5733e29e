/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections and keys by name: known or not, written once or twice, and what
 * was probably meant.  Values are value.c's.
 */
#include "conf/assign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/nearest.h"
#include "conf/syntax.h"
#include "conf/value.h"
#include "wrap/idn.h"

enum { MAX_PAIRS = 256, SHOWN = 80 };

#define SHOW(slice) (int)((slice).n < SHOWN ? (slice).n : SHOWN), (const char *)(slice).p

static void no_memory(struct zs_conf_problems *problems)
{
	zs_conf_problem_code(problems, ZS_E_NOMEM, "out of memory, or too many sections");
}

/* ---- sections ---- */

static void unknown_section(struct zs_conf_problems *problems, struct zs_conf_where where, struct zs_slice kind,
	struct zs_slice header)
{
	char word[SHOWN + 1];
	struct zs_nearest nearest;

	zs_nearest_init(&nearest, zs_slice_copy(kind, word, sizeof(word)) ? word : "");
	for (int i = 0; i < ZS_CONF_SECTION__COUNT; i++)
		zs_nearest_try(&nearest, zs_conf_section_info((enum zs_conf_section)i)->name);
	if (nearest.best)
		zs_conf_problem(problems, where, "unknown section [%.*s]; did you mean [%s%s]?", SHOW(header), nearest.best,
			strcmp(nearest.best, "defaults") ? " NAME" : "");
	else
		zs_conf_problem(problems, where,
			"unknown section [%.*s]; there are defaults, ca, provider, view, zone and certificate", SHOW(header));
}

/* The name in the form that is kept: a zone's in A-labels. */
static bool read_name(enum zs_conf_section section, struct zs_slice text, char dst[static ZS_MAX_NAME + 1],
	const char **why)
{
	struct zs_name zone;

	if (section != ZS_CONF_ZONE) {
		*why = "letters, digits, dot, underscore and hyphen, at most 64, no dot in front";
		return zs_id_ok(text) && zs_slice_copy(text, dst, ZS_MAX_NAME + 1);
	}
	if (!zs_idn_parse(text, ZS_NAME_OWNER, &zone, why))
		return false;
	*why = "a zone has no wildcard";
	return !zone.wildcard && zs_slice_copy(zs_slice_str(zone.text), dst, ZS_MAX_NAME + 1);
}

struct header {
	enum zs_conf_section section;
	char name[ZS_MAX_NAME + 1];
};

static bool read_header(struct zs_slice text, struct zs_conf_where where, struct zs_conf_problems *problems,
	struct header *ret)
{
	const struct zs_conf_section_info *info;
	struct zs_slice rest = text, kind;
	const char *why;
	size_t n = 0;

	while (n < text.n && text.p[n] != ' ' && text.p[n] != '\t')
		n++;
	kind = zs_slice_of(text.p, n);
	rest = zs_slice_trim(zs_slice_of(text.p + n, text.n - n));
	*ret->name = 0;
	if (!zs_conf_section_by_name(kind, &ret->section)) {
		unknown_section(problems, where, kind, text);
		return false;
	}
	info = zs_conf_section_info(ret->section);
	if (!info->argument && rest.n)
		zs_conf_problem(problems, where, "[%s] has no name: write [%s]", info->name, info->name);
	else if (info->argument && !rest.n)
		zs_conf_problem(problems, where, "[%s] needs a name: write [%s %s]", info->name, info->name, info->argument);
	else if (!info->argument || read_name(ret->section, rest, ret->name, &why))
		return true;
	else
		zs_conf_problem(problems, where, "\"%.*s\" is no name for a [%s]: %s", SHOW(rest), info->name, why);
	return false;
}

/* [defaults] may be in several files; each of its keys still only once. */
static bool is_repeated(struct zs_conf_item item, struct zs_conf_where where, struct zs_conf_problems *problems)
{
	struct zs_conf_where first = zs_conf_item_where(item);
	char title[ZS_CONF_TITLE], place[ZS_CONF_PLACE];

	if (item.section == ZS_CONF_DEFAULTS)
		return false;
	zs_conf_item_title(item, title);
	zs_conf_place(first, place);
	zs_conf_problem(problems, where, "section %s is already at %s", title, place);
	return true;
}

bool zs_conf_open(struct zs_conf *conf, struct zs_slice text, struct zs_conf_where where, enum zs_conf_source source,
	struct zs_conf_problems *problems, struct zs_conf_item *ret)
{
	struct header header;
	struct zs_conf_item item;

	if (!read_header(text, where, problems, &header))
		return false;
	if (source == ZS_CONF_FROM_COMMAND && zs_conf_item_find(conf, header.section, header.name, ret))
		return true;
	if (zs_conf_item_find_nocase(conf, header.section, header.name, &item)) {
		*ret = item;
		return !is_repeated(item, where, problems);
	}
	if (zs_conf_item_add(conf, header.section, header.name, where, ret))
		return true;
	no_memory(problems);
	return false;
}

/* ---- keys ---- */

static bool has_secret_file(enum zs_conf_section section, const char *key)
{
	char file[SHOWN + 8];
	const struct zs_conf_option *option;

	if (strlen(key) > SHOWN)
		return false;
	(void)snprintf(file, sizeof(file), "%s-file", key);
	option = zs_conf_option(section, file);
	return option && option->type == ZS_CONF_SECRET_FILE;
}

static const char *nearest_key(enum zs_conf_section section, const char *key)
{
	struct zs_nearest nearest;
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	zs_nearest_init(&nearest, key);
	for (size_t i = 0; i < n; i++)
		if (options[i].section == section)
			zs_nearest_try(&nearest, options[i].key);
	return nearest.best;
}

/* Sections that do have the key: "[defaults], [zone]". */
static void other_homes(const char *key, struct zs_buf *dst)
{
	for (int i = 0; i < ZS_CONF_SECTION__COUNT; i++)
		if (zs_conf_option((enum zs_conf_section)i, key))
			zs_buf_addf(dst, "%s[%s]", dst->len ? ", " : "", zs_conf_section_info((enum zs_conf_section)i)->name);
}

static void unknown_key(struct zs_conf_item item, const struct zs_conf_line *line, struct zs_conf_problems *problems)
{
	const char *near = nearest_key(item.section, line->key);
	struct zs_buf homes = ZS_BUF(256);
	char title[ZS_CONF_TITLE];

	zs_conf_item_title(item, title);
	other_homes(line->key, &homes);
	if (has_secret_file(item.section, line->key))
		zs_conf_problem(problems, line->where,
			"%s is a secret and never stands in the configuration itself: write it to a file with mode 0600 and "
			"name that with %s-file, or use %s-credential or %s-env",
			line->key, line->key, line->key, line->key);
	else if (homes.len)
		zs_conf_problem(problems, line->where, "unknown key \"%.80s\" in %s; it belongs in %s", line->key, title,
			zs_buf_str(&homes));
	else if (near)
		zs_conf_problem(problems, line->where, "unknown key \"%.80s\" in %s; did you mean \"%s\"?", line->key, title, near);
	else
		zs_conf_problem(problems, line->where, "unknown key \"%.80s\" in %s", line->key, title);
	zs_buf_done(&homes);
}

/* The other places of the same secret are written: over by command, else refused. */
static bool meets_twin(struct zs_conf_item item, const struct zs_conf_option *option,
	const struct zs_conf_line *line, struct zs_conf_problems *problems)
{
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	for (size_t i = 0; option->secret && i < n; i++) {
		const struct zs_conf_option *twin = &options[i];

		if (twin == option || twin->section != option->section || twin->offset != option->offset ||
			!zs_conf_is_given(item, twin))
			continue;
		if (line->source == ZS_CONF_FROM_FILE) {
			zs_conf_problem(problems, line->where, "%s: there is %s already, and only one of them may be used",
				option->key, twin->key);
			return true;
		}
		zs_conf_set_given(item, twin, false);
	}
	return false;
}

static bool is_repeated_key(const struct zs_conf *conf, struct zs_conf_item item, const struct zs_conf_option *option,
	const struct zs_conf_line *line, struct zs_conf_problems *problems)
{
	char place[ZS_CONF_PLACE];

	if (line->source != ZS_CONF_FROM_FILE || !zs_conf_is_given(item, option))
		return false;
	zs_conf_place(zs_conf_where_of(conf, item, option), place);
	zs_conf_problem(problems, line->where, "key \"%s\" is already at %s", option->key, place);
	return true;
}

static void assign_option(struct zs_conf *conf, struct zs_conf_item item, const struct zs_conf_option *option,
	const struct zs_conf_line *line, struct zs_conf_problems *problems)
{
	struct zs_buf why = ZS_BUF(1024);

	if (is_repeated_key(conf, item, option, line, problems) || meets_twin(item, option, line, problems))
		return;
	if (!zs_conf_value_set(option, item.at, zs_slice_str(line->value), &why))
		zs_conf_problem(problems, line->where, "%s: %s", option->key, zs_buf_str(&why));
	else if (!zs_conf_mark(conf, item, option, line->where))
		no_memory(problems);
	zs_buf_done(&why);
}

/* ---- options of plugins ---- */

static struct zs_conf_pair *find_pair(struct zs_conf_provider *provider, const char *key)
{
	for (size_t i = 0; i < provider->options.n; i++)
		if (!strcmp(provider->options.items[i].key, key))
			return &provider->options.items[i];
	return NULL;
}

static struct zs_conf_pair *add_pair(struct zs_conf_provider *provider, const char *key)
{
	char *copy = strdup(key);
	struct zs_conf_pair *pair = copy ? zs_vec_push(&provider->options, MAX_PAIRS) : NULL;

	if (pair)
		pair->key = copy;
	else
		free(copy);
	return pair;
}

static void assign_pair(struct zs_conf_provider *provider, const struct zs_conf_line *line,
	struct zs_conf_problems *problems)
{
	struct zs_conf_pair *pair = find_pair(provider, line->key);
	struct zs_slice trimmed = zs_slice_trim(zs_slice_str(line->value));
	const char *why = zs_conf_check_text(trimmed);
	char *value;

	if (!zs_id_ok(zs_slice_str(line->key)))
		why = "no key (letters, digits, . _ -, at most 64)";
	else if (!trimmed.n)
		why = "has no value";
	if (why) {
		zs_conf_problem(problems, line->where, "%.80s: %s", line->key, why);
		return;
	}
	value = zs_slice_dup(trimmed);
	if (!pair && value)
		pair = add_pair(provider, line->key);
	if (!pair || !value) {
		free(value);
		no_memory(problems);
		return;
	}
	if (pair->value)
		zs_wipe(pair->value, strlen(pair->value));
	free(pair->value);
	pair->value = value;
	pair->where = line->where;
}

void zs_conf_assign(struct zs_conf *conf, struct zs_conf_item item, const struct zs_conf_line *line,
	struct zs_conf_problems *problems)
{
	const struct zs_conf_option *option = zs_conf_option(item.section, line->key);

	if (option)
		assign_option(conf, item, option, line, problems);
	else if (item.section == ZS_CONF_PROVIDER)
		assign_pair(item.at, line, problems);
	else
		unknown_key(item, line, problems);
}
