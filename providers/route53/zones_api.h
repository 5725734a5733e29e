/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests about hosted zones, and how their answers are read.
 */
#ifndef ROUTE53_ZONES_API_H
#define ROUTE53_ZONES_API_H

#include "zones.h"

/* 1 when text is the id of a hosted zone, also with the prefix "/hostedzone/"; dst gets it
 * without. */
int32_t zones_id_read(struct zsp_str text, char dst[ZONE_ID_ROOM]);

struct listed_zone {
	char name[NAME_ROOM];
	char id[ZONE_ID_ROOM];
	int32_t is_private;
};

/* Sees a zone; 0 = enough. */
typedef int32_t zone_visit(void *user, const struct listed_zone *zone);
/* ListHostedZonesByName, all pages, from that name on (n 0 = from the first). */
int32_t zones_api_list(struct api *api, struct zsp_str from, zone_visit *visit, void *user);

struct delegation {
	char id[ZONE_ID_ROOM]; /* of a reusable delegation set, or "" */
	char servers[512]; /* comma-separated */
};

/* GetHostedZone. */
int32_t zones_api_delegation(struct api *api, const char *zone_id, struct delegation *ret);
/* Name of the first record set of a zone, which is its apex: needs no right that changes
 * do not need anyway. */
int32_t zones_api_apex(struct api *api, const char *zone_id, char name[NAME_ROOM]);

#endif
