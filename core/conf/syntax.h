/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of single values: URLs, addresses, e-mail.  Each check returns NULL
 * or what is wrong in a few words.
 */
#ifndef ZS_CONF_SYNTAX_H
#define ZS_CONF_SYNTAX_H

#include "base/buf.h"

enum { ZS_CONF_MAX_TEXT = 1024 };

/* https://host[:port][/...], printable ASCII, no user, no fragment. */
const char *zs_conf_check_https(struct zs_slice url);
/* https://host[:port]; *origin gets it without a final slash. */
const char *zs_conf_check_origin(struct zs_slice url, struct zs_slice *origin);
/* http, https, socks5 or socks5h://host[:port][/]. */
const char *zs_conf_check_proxy(struct zs_slice url);
/* IPv4, IPv4:port, IPv6, [IPv6]:port, IPv6%scope. */
const char *zs_conf_check_address(struct zs_slice address);
/* LOCAL@DOMAIN, with or without mailto: before it, becomes "mailto:LOCAL@DOMAIN". */
const char *zs_conf_check_email(struct zs_slice email, struct zs_buf *ret);
/* Absolute, no control bytes, not longer than a path may be. */
const char *zs_conf_check_path(struct zs_slice path);
/* Printable UTF-8, at most ZS_CONF_MAX_TEXT octets. */
const char *zs_conf_check_text(struct zs_slice text);
/* Name of an environment variable. */
const char *zs_conf_check_variable(struct zs_slice name);

#endif
