/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file or the command line says, put into the configuration.
 */
#ifndef ZS_CONF_ASSIGN_H
#define ZS_CONF_ASSIGN_H

#include "conf/problems.h"
#include "conf/section.h"

/* A file may not repeat itself; the command line goes over what files said. */
enum zs_conf_source { ZS_CONF_FROM_FILE, ZS_CONF_FROM_COMMAND };

/* "zone example.com": finds or makes the section. False when it is of no use; why was added. */
bool zs_conf_open(struct zs_conf *conf, struct zs_slice header, struct zs_conf_where where, enum zs_conf_source source,
		  struct zs_conf_problems *problems, struct zs_conf_item *ret);

struct zs_conf_line {
	const char *key, *value;
	struct zs_conf_where where;
	enum zs_conf_source source;
};
void zs_conf_assign(struct zs_conf *conf, struct zs_conf_item item, const struct zs_conf_line *line,
		    struct zs_conf_problems *problems);

#endif
