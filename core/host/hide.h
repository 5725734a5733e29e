/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of this process, so that no text of a plugin carries one out: log
 * lines (base/log.h does those) and error texts.
 */
#ifndef ZS_HOST_HIDE_H
#define ZS_HOST_HIDE_H

#include "base/buf.h"

enum { ZS_HIDE_MAX = 24 };

struct zs_hide {
	struct zs_buf items[ZS_HIDE_MAX];
	size_t n;
};

/* Remembers a secret and, of one with several words, the long ones; also tells the
 * log. Shorter than 6 octets is ignored. */
void zs_hide_add(struct zs_hide *hide, struct zs_slice secret);
/* Appends text with every secret replaced by "[redacted]"; returns how many there were. */
unsigned zs_hide_text(const struct zs_hide *hide, struct zs_slice text, struct zs_buf *dst);
void zs_hide_done(struct zs_hide *hide);

#endif
