/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as people write them to names as DNS has them: IDNA2008 with the
 * non-transitional mapping of UTS 46.  Front only; nothing behind the border
 * sees a U-label.
 */
#ifndef ZS_WRAP_IDN_H
#define ZS_WRAP_IDN_H

#include "base/name.h"

/* zs_name_parse for text that may hold U-labels (UTF-8); "*." in front is kept.
 * A-labels must decode.  False leaves *ret alone and says why in *why (may be
 * NULL), a static text. */
bool zs_idn_parse(struct zs_slice text, enum zs_name_kind kind, struct zs_name *ret, const char **why);

#endif
