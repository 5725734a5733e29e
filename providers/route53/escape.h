/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names, TXT values and XML text as this service writes them.  Its escapes are
 * octal (\052 is "*"), where zone files have decimal ones.
 */
#ifndef ROUTE53_ESCAPE_H
#define ROUTE53_ESCAPE_H

#include <zoneseal/text.h>

enum { NAME_ROOM = 256 }; /* for a DNS name with its NUL */

/* A name of an answer ("\052.Example.COM.") made ours ("*.example.com").  1, or 0 when it
 * is none. */
int32_t escape_name_read(struct zsp_str from, char dst[NAME_ROOM]);
/* 1 when all of a name are letters, digits, "-", "_" and ".": nothing to escape, and
 * where it sorts is beyond doubt. */
int32_t escape_name_is_plain(struct zsp_str name);
/* Appends a name as conditions of a policy want it: everything but a-z, 0-9, "-", "_" and
 * "." as \ooo. */
void escape_name_add(struct zsp_text *dst, struct zsp_str name);
/* Order of names in lists: by labels from the right, each followed by a dot. */
int escape_name_order(struct zsp_str a, struct zsp_str b);

/* Appends a TXT value in quotes, in strings of at most 255 octets. */
void escape_value_add(struct zsp_text *dst, struct zsp_str value);
/* 1 when stored text ("\"a\" \"b\"") stands for exactly this value. */
int32_t escape_value_is(struct zsp_str stored, struct zsp_str value);

/* Appends text for the inside of an XML element. */
void escape_xml_add(struct zsp_text *dst, struct zsp_str text);

#endif
