/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes of one call by name: what is there, what shall be there, how it went.
 */
#ifndef ROUTE53_SLOTS_H
#define ROUTE53_SLOTS_H

#include "batch.h"

enum { MAX_CHANGES = 256, MAX_SET_VALUES = 400 };

struct slot {
	struct zsp_str name;
	struct record_set set; /* as read */
	struct record_set next; /* as wanted */
	struct record_set refused; /* what stood there when the service refused a swap of it */
	int32_t is_pending;
	int32_t was_refused;
	int32_t has_adds;
	int32_t is_swapped; /* a swap of ours succeeded */
	uint32_t strikes, patience; /* refusals that no change of the set explains, and how many are endured */
	int32_t class; /* once it is not pending */
	char why[ZSP_MAX_TEXT + 1];
};

struct slots {
	struct slot *items;
	size_t n;
	const struct zsp_change *changes[MAX_CHANGES];
	size_t slot_of[MAX_CHANGES]; /* of each change */
	uint32_t nchanges;
	uint32_t ttl; /* of new sets, where a change does not say one */
};

/* ZSP_OK, or ZSP_BUG with host->fail said; the slots are in the order of escape_name_order. */
int32_t slots_init(struct slots *slots, const struct zsp_host *host, const struct zsp_list *changes, uint32_t ttl);
void slots_done(struct slots *slots);

/* Ends a slot with this result; text is cut. */
void slot_end(struct slot *slot, int32_t class, const char *text);
/* Works out from slot->set what shall be there.  1 when that is something else; 0 when
 * nothing is to be done or nothing can be, which ends the slot. */
int32_t slots_plan(struct slots *slots, struct slot *slot);
/* The service refused a swap, with this text; the set is to be read again.  is_race: it looks
 * as if somebody had been faster. */
void slot_refused(struct slot *slot, const char *text, int32_t is_race);
/* Says the result of each change that failed; returns what apply returns.  Where all failed
 * it says host->fail too, unless is_said. */
int32_t slots_report(const struct slots *slots, const struct zsp_host *host, int64_t retry_after_ms, int32_t is_said);

#endif
