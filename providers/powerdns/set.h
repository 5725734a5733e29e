/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TXT record set of one name: found in an answer, compared with what is wanted,
 * and written down as a change of it.  No I/O.
 */
#ifndef POWERDNS_SET_H
#define POWERDNS_SET_H

#include <zoneseal/sdk.h>

/* As it was read; lives as long as the document. */
struct pdns_set {
	struct zsp_json records; /* of the TXT set; node NULL where there is none */
	int64_t ttl; /* of the set; -1 where there is none */
	struct zsp_str alias; /* target of a CNAME at the name; n 0 = none */
};

/* Finds the name in a zone with "rrsets".  1, or 0 when the answer cannot be relied on: not
 * such a zone, or the set is not of the form that it could be written back in. */
int32_t pdns_set_find(struct zsp_json zone, struct zsp_str name, struct pdns_set *ret);

/* Whether a change is as good as done: an added value is there and not disabled, a removed
 * one is not there at all. */
int32_t pdns_set_satisfies(const struct pdns_set *set, const struct zsp_change *change);

/* The changes of one name that are still to be made. */
struct pdns_todo {
	struct zsp_str name;
	uint32_t ttl; /* of a new set, in seconds */
	const struct pdns_set *set;
	const struct zsp_change *const *changes;
	uint32_t n;
};

/* Adds one element of "rrsets" for PATCH: the whole set as it shall be. */
void pdns_put_whole(struct zsp_json_out *out, const struct pdns_todo *todo);
/* The first change alone, for a server that adds and removes single records. */
void pdns_put_single(struct zsp_json_out *out, const struct pdns_todo *todo);

#endif
