/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosted zones: from a name to the id that requests want.
 */
#ifndef ROUTE53_ZONES_H
#define ROUTE53_ZONES_H

#include "api.h"
#include "escape.h"

enum { ZONE_ID_ROOM = 33, MAX_ZONE_IDS = 32, MAX_KNOWN_ZONES = 64 };

struct hosted_zone {
	char name[NAME_ROOM];
	char id[ZONE_ID_ROOM];
};

struct zones {
	struct api *api;
	const struct settings *settings;
	char ids[MAX_ZONE_IDS][ZONE_ID_ROOM]; /* of the option zone-id */
	uint32_t nids;
	struct hosted_zone known[MAX_KNOWN_ZONES]; /* found so far */
	uint32_t nknown;
};

/* The ids of the option zone-id into ids.  Their number, or -1 where one is none. */
int32_t zones_parse_ids(struct zsp_str text, char ids[MAX_ZONE_IDS][ZONE_ID_ROOM]);

/* ZSP_OK, or ZSP_CONFIG with host->fail said.  No network. */
int32_t zones_init(struct zones *zones, struct api *api, const struct settings *settings);
/* The id of a zone, valid until the next call.  ZSP_OK, or a class with host->fail said;
 * ZSP_NOT_FOUND after host->zone with the zone that the account has above it. */
int32_t zones_find(struct zones *zones, struct zsp_str zone, const char **ret_id);
/* Has zones looked for anew: one of them is gone. */
void zones_forget(struct zones *zones);
/* Says host->zone for the zone that a name is in, or for all of the account where it is
 * empty.  ZSP_OK, also where there is none, or a class. */
int32_t zones_show(struct zones *zones, struct zsp_str name);

#endif
