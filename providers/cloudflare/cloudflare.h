/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instance of the Cloudflare provider, and what its files offer to each other.
 */
#ifndef CLOUDFLARE_H
#define CLOUDFLARE_H

#include "api.h"

enum {
	CF_BATCH = 200,		/* changes in one batch on the Free plan, the narrowest one */
	CF_TWINS = 4,		/* records of one value: quoted, not quoted, split */
	CF_VALUE = 255
};

/* Zones whose ids are known, and records that this process made. */
struct cf_known_zone {
	char name[CF_NAME + 1];
	char id[CF_ID + 1];
	int32_t is_partial;	/* the zone's records are not what the world asks */
};
struct cf_known_record {
	char id[CF_ID + 1];
	char name[CF_NAME + 1];
	char value[CF_VALUE + 1];
	size_t value_len;
};

struct cf {
	const struct zsp_host *host;
	struct cf_api api;
	char account_id[CF_ID + 1];	/* "" = any */
	char zone_id[CF_ID + 1];	/* "" = look zones up */
	char zone_id_of[CF_NAME + 1];	/* the zone that it is known to be of; "" = not known */
	uint32_t ttl;
	int32_t ttl_given;
	int32_t has_zone_token;
	struct cf_known_zone *zones;
	size_t nzones;
	struct cf_known_record *records;
	size_t nrecords;
};

/* ---- zones.c ---- */

/* The id of a zone, from memory or looked up.  ZSP_NOT_FOUND: a parent that is there is
 * said with host->zone.  Reasons as with cf_send(). */
int32_t cf_zone_find(struct cf *cf, struct zsp_str zone, struct cf_known_zone *ret);
/* The service does not know the id any more.  1 when it was in memory. */
int32_t cf_zone_forget(struct cf *cf, struct zsp_str zone);
/* The name of the zone that option zone-id means. */
int32_t cf_zone_name(struct cf *cf, char ret_name[CF_NAME + 1]);
/* From now on zone-id counts as known to be of this zone. */
void cf_zone_id_is(struct cf *cf, struct zsp_str zone);
int32_t cf_zone_id_known(const struct cf *cf, struct zsp_str zone);
/* How many zones the token reaches; 0 where it may not say. */
int64_t cf_zone_count(struct cf *cf);
int32_t cf_zones(void *instance, const struct zsp_str *find);

/* ---- records.c ---- */

/* One wanted change while it is worked on. */
struct cf_item {
	const struct zsp_change *change;
	uint32_t index;			/* in the call */
	int32_t done;			/* 1: nothing is left to do, or a result was given */
	int32_t seen;			/* 1: a listed record has its name and value */
	int32_t nids;			/* of records to delete */
	char ids[CF_TWINS][CF_ID + 1];
};

/* The TXT records at a name, or of all the zone where n is 0. */
int32_t cf_records_list(struct cf *cf, const char *zone_id, struct zsp_str name,
			struct cf_listing *listing, cf_item_fn *fn, void *user);
/* All records at a name, of any type. */
int32_t cf_records_at(struct cf *cf, const char *zone_id, struct zsp_str name, cf_item_fn *fn,
		      void *user);
/* ZSP_OK where the record is there already, or gone already. */
int32_t cf_record_add(struct cf *cf, const char *zone_id, const struct zsp_change *change);
int32_t cf_record_delete(struct cf *cf, const char *zone_id, struct zsp_str name, const char *id);
/* Removes a record that does not exist: ZSP_OK for who may do so.  Changes nothing. */
int32_t cf_records_may_edit(struct cf *cf, const struct cf_known_zone *zone);
/* All of the items or none. */
int32_t cf_records_batch(struct cf *cf, const char *zone_id, struct cf_item *const *items,
			 size_t n);
/* The id of a record that this process made, or NULL. */
const char *cf_record_known(const struct cf *cf, const struct zsp_change *change);
void cf_record_forget(struct cf *cf, const struct zsp_change *change);

/* ---- apply.c, check.c, policy.c ---- */

int32_t cf_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes);
int32_t cf_check(void *instance, const struct zsp_list *zones);
int32_t cf_policy(const struct zsp_host *host, const struct zsp_list *values,
		  const struct zsp_list *zones);

#endif
