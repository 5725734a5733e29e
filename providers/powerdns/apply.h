/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply: changes of single values through an API that has whole record sets.
 */
#ifndef POWERDNS_APPLY_H
#define POWERDNS_APPLY_H

#include "api.h"
#include "set.h"

enum { PDNS_CHANGES = 100 }; /* of one call */

/* An instance of the provider. */
struct pdns {
	struct pdns_api api;
	struct pdns_zone zone; /* found last; name "" = none */
	uint32_t ttl;
	int32_t ttl_given;
	int32_t large; /* 1: some zone does not fit into an answer; read names singly */
	struct zsp_text why; /* what pdns_need_zone found wrong with a zone */
};

/* As zsp_provider.apply. */
int32_t pdns_apply(struct pdns *self, const struct zsp_str *zone, const struct zsp_list *changes);

/* The zone by its name, in self->zone.  ZSP_OK, or a class: either with self->why, about this
 * zone, and host->zone where there is a better one; or with host->fail said, about all. */
int32_t pdns_need_zone(struct pdns *self, struct zsp_str name);

#endif
