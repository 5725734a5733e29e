/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections as such: whatever holds for [ca], [zone] and the others alike.
 */
#ifndef ZS_CONF_SECTION_H
#define ZS_CONF_SECTION_H

#include "conf/conf.h"

enum { ZS_CONF_MAX_SECTIONS = 8192 };	/* of one kind */

/* One section of a configuration; valid until the next one is added. */
struct zs_conf_item {
	enum zs_conf_section section;
	uint32_t index;
	void *at;
};

/* [defaults] is always there, once. */
size_t zs_conf_count(const struct zs_conf *conf, enum zs_conf_section section);
struct zs_conf_item zs_conf_item(const struct zs_conf *conf, enum zs_conf_section section, size_t index);
/* Exact name (a zone's in A-labels). */
bool zs_conf_item_find(const struct zs_conf *conf, enum zs_conf_section section, const char *name,
		       struct zs_conf_item *ret);
/* The same with case ignored. */
bool zs_conf_item_find_nocase(const struct zs_conf *conf, enum zs_conf_section section, const char *name,
			      struct zs_conf_item *ret);
/* A new one with its defaults. False when memory ran out or there are too many. */
bool zs_conf_item_add(struct zs_conf *conf, enum zs_conf_section section, const char *name,
		      struct zs_conf_where where, struct zs_conf_item *ret);
/* Everything in it ends; the section itself stays in its list. */
void zs_conf_item_done(struct zs_conf_item item);

/* "" for [defaults]. */
const char *zs_conf_item_name(struct zs_conf_item item);
struct zs_conf_where zs_conf_item_where(struct zs_conf_item item);

enum { ZS_CONF_TITLE = 320 };
/* "[zone example.com]" */
void zs_conf_item_title(struct zs_conf_item item, char dst[static ZS_CONF_TITLE]);

/* It has no meaning beside another one: names and key of a certificate with csr. */
bool zs_conf_is_moot(struct zs_conf_item item, const struct zs_conf_option *option);
/* Was it written? */
bool zs_conf_is_given(struct zs_conf_item item, const struct zs_conf_option *option);
void zs_conf_set_given(struct zs_conf_item item, const struct zs_conf_option *option, bool given);
/* Notes where an option was written; false when memory ran out. */
bool zs_conf_mark(struct zs_conf *conf, struct zs_conf_item item, const struct zs_conf_option *option,
		  struct zs_conf_where where);
/* Where it was written, else where the section begins. */
struct zs_conf_where zs_conf_where_of(const struct zs_conf *conf, struct zs_conf_item item,
				      const struct zs_conf_option *option);

#endif
