/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of the files ~/.aws/credentials and ~/.aws/config: sections, keys and
 * values, comments in lines of their own, indented lines below a key.
 */
#ifndef ROUTE53_INI_H
#define ROUTE53_INI_H

#include <zoneseal/text.h>

/* Where something stands. */
struct ini_line {
	struct zsp_str section; /* as it stands between the brackets, trimmed */
	struct zsp_str key; /* n 0: the section begins here */
	struct zsp_str value; /* trimmed; everything behind the first "=" */
	uint32_t number; /* of the line, from 1 */
};

/* Sees each section and each key; NULL = go on, else a fault of this line (static). */
typedef const char *ini_see(void *user, const struct ini_line *line);

/* NULL, or what is wrong (static) in line *ret_line. */
const char *ini_read(struct zsp_str text, ini_see *see, void *user, uint32_t *ret_line);

#endif
