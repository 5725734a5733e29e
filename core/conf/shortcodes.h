/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of well-known CAs, for help texts; zs_conf_shortcode() of conf.h
 * looks one up.
 */
#ifndef ZS_CONF_SHORTCODES_H
#define ZS_CONF_SHORTCODES_H

#include "base/defs.h"

struct zs_conf_shortcode {
	const char *name;
	const char *alias_of;	/* NULL = this is the first name */
	const char *directory;
};

/* Static. */
const struct zs_conf_shortcode *zs_conf_shortcodes(size_t *n);

#endif
