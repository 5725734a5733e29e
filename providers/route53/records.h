/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TXT record sets as they are stored, many names with few requests.
 */
#ifndef ROUTE53_RECORDS_H
#define ROUTE53_RECORDS_H

#include "api.h"
#include "escape.h"

enum {
	SET_UNKNOWN, /* to be read */
	SET_ABSENT,
	SET_SIMPLE, /* what we can work with */
	SET_ROUTED, /* weighted, by latency ...: several sets with identifiers */
	SET_ALIAS /* answers with another name's records */
};

/* Values of one name with its TTL.  They stand in values one after the other, each ended by
 * a NUL, exactly as the service has them. */
struct record_set {
	int32_t state;
	uint32_t ttl;
	uint32_t n;
	struct zsp_text values;
};

void record_set_init(struct record_set *set);
/* Empty and unknown again. */
void record_set_clear(struct record_set *set);
void record_set_done(struct record_set *set);
void record_set_add(struct record_set *set, struct zsp_str stored);
/* The value behind this one (p NULL = the first); p NULL when there is none. */
struct zsp_str record_set_next(const struct record_set *set, struct zsp_str value);
int32_t record_set_equal(const struct record_set *a, const struct record_set *b);

struct lookup {
	struct zsp_str name;
	struct record_set *set; /* read where it is SET_UNKNOWN */
	int32_t is_settled; /* this file's own */
};

/* Reads what is unknown.  The lookups are in the order of escape_name_order.  ZSP_OK, or a
 * class with host->fail said; what was read until then is good. */
int32_t records_read(struct api *api, const char *zone_id, struct lookup *lookups, size_t n);

#endif
