/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma-separated lists, for value.c.
 */
#ifndef ZS_CONF_LISTS_H
#define ZS_CONF_LISTS_H

#include "conf/conf.h"

/* *ret is replaced on success. */
bool zs_conf_list_addresses(struct zs_slice text, zs_strings *ret, struct zs_buf *why);
bool zs_conf_list_origins(struct zs_slice text, zs_strings *ret, struct zs_buf *why);
bool zs_conf_list_contacts(struct zs_slice text, zs_strings *ret, struct zs_buf *why);
bool zs_conf_list_names(struct zs_slice text, zs_names *ret, struct zs_buf *why);

/* Copy of text at the end; false when memory ran out. */
bool zs_conf_strings_add(zs_strings *strings, struct zs_slice text);
bool zs_conf_strings_copy(const zs_strings *src, zs_strings *dst);
void zs_conf_strings_print(const zs_strings *strings, struct zs_buf *dst);
void zs_conf_names_print(const zs_names *names, struct zs_buf *dst);
void zs_conf_strings_done(zs_strings *strings);

#endif
