/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can only be said once everything is read: references, what is required,
 * and what one section inherits from another.  May be called again after
 * further settings.
 */
#include "conf/conf.h"

#include <string.h>

#include "conf/lists.h"
#include "conf/nearest.h"
#include "conf/problems.h"
#include "conf/section.h"
#include "conf/shortcodes.h"
#include "conf/value.h"

struct finish {
	struct zs_conf *conf;
	struct zs_conf_problems problems;
	bool no_memory;
};

static void inherit_text(struct finish *finish, char **dst, const char *src)
{
	if (*dst || !src)
		return;
	*dst = strdup(src);
	if (!*dst)
		finish->no_memory = true;
}

static void inherit_list(struct finish *finish, zs_strings *dst, const zs_strings *src)
{
	if (!dst->n && src->n && !zs_conf_strings_copy(src, dst))
		finish->no_memory = true;
}

/* "FILE:LINE: [zone x]: text", at the line of the option where it was written. */
static struct zs_conf_where where_of(const struct finish *finish, struct zs_conf_item item, const char *key)
{
	return zs_conf_where_of(finish->conf, item, zs_conf_option(item.section, key));
}

/* ---- defaults ---- */

static void fill_defaults(struct finish *finish)
{
	struct zs_conf *conf = finish->conf;

	if (conf->cas.n == 1)
		inherit_text(finish, &conf->defaults.ca, conf->cas.items[0].name);
	if (conf->providers.n == 1)
		inherit_text(finish, &conf->defaults.provider, conf->providers.items[0].name);
	if (!conf->defaults.key_type || !conf->defaults.ttl || !conf->defaults.propagation.timeout_ms)
		finish->no_memory = true;
}

static void fill_certificates(struct finish *finish)
{
	struct zs_conf *conf = finish->conf;

	for (size_t i = 0; i < conf->certificates.n; i++) {
		inherit_text(finish, &conf->certificates.items[i].ca, conf->defaults.ca);
		inherit_text(finish, &conf->certificates.items[i].key_type, conf->defaults.key_type);
	}
}

static const struct zs_conf_view *view_of(const struct zs_conf *conf, const struct zs_conf_zone *zone)
{
	struct zs_conf_item item;

	return zone->view && zs_conf_item_find(conf, ZS_CONF_VIEW, zone->view, &item) ? item.at : NULL;
}

static void fill_propagation(const struct zs_conf *conf, struct zs_conf_item item)
{
	const struct zs_conf_propagation *all = &conf->defaults.propagation;
	struct zs_conf_zone *zone = item.at;
	struct zs_conf_propagation *own = &zone->propagation;

	if (own->policy == ZS_CONF_POLICY_UNSET) {
		own->policy = all->policy;
		own->percent = all->percent;
		own->sleep_ms = all->sleep_ms;
	}
	if (!zs_conf_is_given(item, zs_conf_option(ZS_CONF_ZONE, "looks")))
		own->looks = all->looks;
	if (!own->timeout_ms)
		own->timeout_ms = all->timeout_ms;
	if (!zone->ttl)
		zone->ttl = conf->defaults.ttl;
}

static void fill_zones(struct finish *finish)
{
	struct zs_conf *conf = finish->conf;

	for (size_t i = 0; i < conf->zones.n; i++) {
		struct zs_conf_zone *zone = &conf->zones.items[i];
		const struct zs_conf_view *view = view_of(conf, zone);

		inherit_text(finish, &zone->provider, conf->defaults.provider);
		if (view) {
			inherit_list(finish, &zone->resolvers, &view->resolvers);
			inherit_list(finish, &zone->servers, &view->servers);
		}
		inherit_list(finish, &zone->servers, &conf->defaults.servers);
		fill_propagation(conf, zs_conf_item(conf, ZS_CONF_ZONE, i));
	}
}

/* ---- CAs ---- */

/* A shortcode that is named but has no section of its own. */
static void add_implicit(struct finish *finish, const char *name, struct zs_conf_where where)
{
	struct zs_conf_item item;

	if (!name || !zs_conf_shortcode(name) || zs_conf_item_find(finish->conf, ZS_CONF_CA, name, &item))
		return;
	if (!zs_conf_item_add(finish->conf, ZS_CONF_CA, name, where, &item))
		finish->no_memory = true;
}

static void add_implicit_cas(struct finish *finish)
{
	struct zs_conf *conf = finish->conf;
	struct zs_conf_item item = zs_conf_item(conf, ZS_CONF_DEFAULTS, 0);

	add_implicit(finish, conf->defaults.ca, where_of(finish, item, "ca"));
	for (size_t i = 0; i < conf->certificates.n; i++) {
		item = zs_conf_item(conf, ZS_CONF_CERTIFICATE, i);
		add_implicit(finish, conf->certificates.items[i].ca, where_of(finish, item, "ca"));
	}
}

static void fill_cas(struct finish *finish)
{
	struct zs_conf *conf = finish->conf;

	for (size_t i = 0; i < conf->cas.n; i++) {
		inherit_text(finish, &conf->cas.items[i].directory, zs_conf_shortcode(conf->cas.items[i].name));
		inherit_list(finish, &conf->cas.items[i].contacts, &conf->defaults.contacts);
	}
}

static void check_ca(struct finish *finish, struct zs_conf_item item)
{
	const struct zs_conf_ca *ca = item.at;

	if (ca->eab_kid && ca->eab_key.kind == ZS_SECRET_NONE)
		zs_conf_problem(&finish->problems, where_of(finish, item, "eab-kid"),
			"[ca %s] has eab-kid but no key: add eab-hmac-key-file, eab-hmac-key-credential or eab-hmac-key-env",
			ca->name);
	if (!ca->eab_kid && ca->eab_key.kind != ZS_SECRET_NONE)
		zs_conf_problem(&finish->problems, ca->where, "[ca %s] has a key for external account binding but no eab-kid",
			ca->name);
}

/* ---- references: an option of type NAME is called like the section it names ---- */

static void try_names(const struct zs_conf *conf, enum zs_conf_section section, struct zs_nearest *nearest)
{
	size_t n;
	const struct zs_conf_shortcode *shortcodes = zs_conf_shortcodes(&n);

	for (size_t i = 0; i < zs_conf_count(conf, section); i++)
		zs_nearest_try(nearest, zs_conf_item_name(zs_conf_item(conf, section, i)));
	for (size_t i = 0; section == ZS_CONF_CA && i < n; i++)
		zs_nearest_try(nearest, shortcodes[i].name);
}

static void no_target(struct finish *finish, struct zs_conf_item item, const struct zs_conf_option *option,
	enum zs_conf_section target, const char *name)
{
	struct zs_conf_where where = zs_conf_where_of(finish->conf, item, option);
	struct zs_nearest nearest;
	char title[ZS_CONF_TITLE];

	zs_nearest_init(&nearest, name);
	try_names(finish->conf, target, &nearest);
	zs_conf_item_title(item, title);
	if (nearest.best)
		zs_conf_problem(&finish->problems, where, "%s names %s \"%s\", but there is none; did you mean \"%s\"?", title,
			option->key, name, nearest.best);
	else
		zs_conf_problem(&finish->problems, where, "%s names %s \"%s\", but there is no [%s %s]%s", title, option->key,
			name, option->key, name, target == ZS_CONF_CA ? " and no such shortcode" : "");
}

/* Only what was written: what was inherited is reported where it stands. */
static void check_reference(struct finish *finish, struct zs_conf_item item, const struct zs_conf_option *option)
{
	const char *name = *(char *const *)(const void *)((const char *)item.at + option->offset);
	enum zs_conf_section target;
	struct zs_conf_item found;

	if (!name || !zs_conf_is_given(item, option) || !zs_conf_section_by_name(zs_slice_str(option->key), &target) ||
		zs_conf_item_find(finish->conf, target, name, &found))
		return;
	no_target(finish, item, option, target, name);
}

/* ---- what is required ---- */

static void check_required(struct finish *finish, struct zs_conf_item item, const struct zs_conf_option *option)
{
	char title[ZS_CONF_TITLE];

	if (!option->required || zs_conf_value_has(option, item.at) || zs_conf_is_moot(item, option))
		return;
	zs_conf_item_title(item, title);
	if (option->type == ZS_CONF_DIRECTORY)
		zs_conf_problem(&finish->problems, zs_conf_item_where(item),
			"%s has no directory, and its name is no shortcode: add \"directory = https://...\"", title);
	else
		zs_conf_problem(&finish->problems, zs_conf_item_where(item), "%s has no %s", title, option->key);
}

static void check_moot(struct finish *finish, struct zs_conf_item item, const struct zs_conf_option *option)
{
	if (zs_conf_is_given(item, option) && zs_conf_is_moot(item, option))
		zs_conf_problem(&finish->problems, zs_conf_where_of(finish->conf, item, option),
			"[certificate %s] has a csr, which brings names and key: remove %s", zs_conf_item_name(item),
			option->key);
}

static void check_options(struct finish *finish, struct zs_conf_item item)
{
	size_t n;
	const struct zs_conf_option *options = zs_conf_options(&n);

	for (size_t i = 0; i < n; i++) {
		if (options[i].section != item.section)
			continue;
		if (options[i].type == ZS_CONF_ID)
			check_reference(finish, item, &options[i]);
		check_required(finish, item, &options[i]);
		check_moot(finish, item, &options[i]);
	}
}

/* ---- certificates ---- */

static bool has_provider(const struct finish *finish, const struct zs_name *name)
{
	const struct zs_conf_zone *zone = zs_conf_zone_for(finish->conf, name);

	return finish->conf->defaults.provider || (zone && zone->provider);
}

static void check_provider(struct finish *finish, struct zs_conf_item item)
{
	const struct zs_conf_certificate *certificate = item.at;
	size_t i = 0;

	if (certificate->provider)
		return;
	if (!finish->conf->providers.n) {
		zs_conf_problem(&finish->problems, certificate->where,
			"[certificate %s]: there is no [provider NAME] to write its records", certificate->name);
		return;
	}
	while (i < certificate->identifiers.n && has_provider(finish, &certificate->identifiers.items[i]))
		i++;
	if (i < certificate->identifiers.n)
		zs_conf_problem(&finish->problems, where_of(finish, item, "names"),
			"[certificate %s]: there are several providers, and none for %s: add \"provider = NAME\" here, in a "
			"[zone] that covers it or in [defaults]",
			certificate->name, certificate->identifiers.items[i].text);
}

static void check_certificate(struct finish *finish, struct zs_conf_item item)
{
	const struct zs_conf_certificate *certificate = item.at;

	if (!certificate->ca)
		zs_conf_problem(&finish->problems, certificate->where,
			"[certificate %s] has no ca: add \"ca = NAME\" here or in [defaults], such as letsencrypt-staging or "
			"letsencrypt",
			certificate->name);
	check_provider(finish, item);
}

static void check(struct finish *finish, struct zs_conf_item item)
{
	check_options(finish, item);
	if (item.section == ZS_CONF_CA)
		check_ca(finish, item);
	if (item.section == ZS_CONF_CERTIFICATE)
		check_certificate(finish, item);
}

int zs_conf_finish(struct zs_conf *conf, struct zs_err *err)
{
	struct finish finish = { .conf = conf };

	zs_conf_problems_init(&finish.problems);
	fill_defaults(&finish);
	fill_certificates(&finish);
	add_implicit_cas(&finish);
	fill_cas(&finish);
	fill_zones(&finish);
	for (int i = 0; i < ZS_CONF_SECTION__COUNT; i++)
		for (size_t j = 0; j < zs_conf_count(conf, (enum zs_conf_section)i); j++)
			check(&finish, zs_conf_item(conf, (enum zs_conf_section)i, j));
	if (finish.no_memory)
		zs_conf_problem_code(&finish.problems, ZS_E_NOMEM, "out of memory");
	return zs_conf_problems_end(&finish.problems, err);
}
