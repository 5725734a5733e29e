/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values by type: from text into the member of a section's struct and back.
 */
#ifndef ZS_CONF_VALUE_H
#define ZS_CONF_VALUE_H

#include "conf/conf.h"

/* Parses text into the option's member of the section at item; what was there
 * ends. False leaves it alone and appends to why what is wrong. */
bool zs_conf_value_set(const struct zs_conf_option *option, void *item, struct zs_slice text, struct zs_buf *why);
/* Appends the value in the file's own form. */
void zs_conf_value_print(const struct zs_conf_option *option, const void *item, struct zs_buf *dst);
/* There is something to print. Numbers that are 0 count as absent. */
bool zs_conf_value_has(const struct zs_conf_option *option, const void *item);
/* Ends the value and makes it absent. */
void zs_conf_value_clear(const struct zs_conf_option *option, void *item);

#endif
