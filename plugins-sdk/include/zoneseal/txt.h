/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TXT values in presentation form (RFC 1035 5.1): "text" "more text".
 */
#ifndef ZONESEAL_TXT_H
#define ZONESEAL_TXT_H

#include <zoneseal/text.h>

/* Appends value in quotes, split into character-strings of at most 255 octets
 * (RFC 1035 3.3) with a blank between, `"` and `\` escaped by `\` and octets outside
 * 0x20..0x7e as \DDD.  An empty value is "". */
ZSP_SDK void zsp_txt_quote(struct zsp_text *dst, struct zsp_str value);
/* Appends what quoted text stands for, its strings joined.  Text without quotes is
 * taken as it stands, blanks at its ends left out.  1, or 0 when the quoting is broken
 * (dst may then have a part). */
ZSP_SDK int32_t zsp_txt_unquote(struct zsp_text *dst, struct zsp_str quoted);
/* 1 when quoted (or unquoted) text stands for exactly this value. */
ZSP_SDK int32_t zsp_txt_is(struct zsp_str quoted, struct zsp_str value);

#endif
