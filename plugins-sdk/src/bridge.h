/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public types as those of core/base, so that the library has one buffer, one
 * JSON reader and one clock with the programs.  A lent buffer goes back before
 * anybody else sees the text.
 */
#ifndef ZONESEAL_SDK_BRIDGE_H
#define ZONESEAL_SDK_BRIDGE_H

#include <zoneseal/text.h>

#include "base/buf.h"

struct zs_buf zsp_lend(const struct zsp_text *text);
void zsp_give_back(struct zsp_text *text, const struct zs_buf *buf);

static inline struct zs_slice slice_of(struct zsp_str s)
{
	return (struct zs_slice){ (const uint8_t *)s.p, s.n };
}

static inline struct zsp_str str_of(struct zs_slice s)
{
	return (struct zsp_str){ (const char *)s.p, s.n };
}

#define STR_NONE ((struct zsp_str){ NULL, 0 })

#endif
