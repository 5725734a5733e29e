/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS names (RFC 9499 "domain name"), validated once at the border: lower-case
 * A-labels without a final dot, a leading "*" label kept as a flag.  Nothing
 * behind the border handles names as bare text.
 */
#ifndef ZS_BASE_NAME_H
#define ZS_BASE_NAME_H

#include "base/defs.h"
#include "base/slice.h"

struct zs_name {
	char text[ZS_MAX_NAME + 1];	/* without "*." */
	uint8_t len;
	bool wildcard;
};

enum zs_name_kind {
	ZS_NAME_HOST,	/* letters, digits, hyphen: identifiers in an order */
	ZS_NAME_OWNER,	/* underscore too: owner names such as _acme-challenge */
	ZS_NAME_ANY	/* any printable ASCII but dot, blank, backslash, quote: names read from DNS */
};

/* Parses, lower-cases, drops one final dot.  *why (may be NULL) says what is
 * wrong in a few words ("label longer than 63 octets"). The root is refused,
 * except for ZS_NAME_ANY where "." gives len 0. "*." is accepted as first label
 * (ZS_NAME_HOST and ZS_NAME_OWNER). */
bool zs_name_parse(struct zs_slice text, enum zs_name_kind kind, struct zs_name *ret, const char **why);
/* As the user wrote it: with "*." where it is a wildcard. */
void zs_name_print(const struct zs_name *name, char dst[static ZS_MAX_NAME + 3]);
/* Everything below but eq, cmp and print works on the base name: the "*" label
 * does not count, and a name that comes out is no wildcard. */
bool zs_name_eq(const struct zs_name *a, const struct zs_name *b);
/* Canonical order: label by label from the right, then wildcard after base. */
int zs_name_cmp(const struct zs_name *a, const struct zs_name *b);
/* True when name equals zone or lies below it, on label borders. */
bool zs_name_is_in(const struct zs_name *name, const struct zs_name *zone);
unsigned zs_name_labels(const struct zs_name *name);	/* 0 for the root */
/* Drops the leftmost label; false at the root. */
bool zs_name_parent(const struct zs_name *name, struct zs_name *ret);
/* The last n labels of name; false when it has fewer. */
bool zs_name_tail(const struct zs_name *name, unsigned n, struct zs_name *ret);
/* "_acme-challenge." + base name (RFC 8555 8.4); false when it gets too long. */
bool zs_name_challenge(const struct zs_name *identifier, struct zs_name *ret);
/* Uncompressed lower-case wire form (RFC 1035 3.1), <= 255 octets; returns its length. */
size_t zs_name_wire(const struct zs_name *name, uint8_t dst[static 255]);

/* Name of a configured thing: [A-Za-z0-9._-]{1,64}, not starting with a dot. */
bool zs_id_ok(struct zs_slice id);

#endif
