/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See slots.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"

/* Others may have put back what they changed before it is read again, several times in a row. */
enum { STRIKES = 3, STRIKES_OF_RACES = 30 };

/* ---- making ---------------------------------------------------------------------------------------- */

static struct slot *find_slot(struct slots *slots, struct zsp_str name)
{
	for (size_t i = 0; i < slots->n; i++)
		if (zsp_str_equal(slots->items[i].name, name))
			return &slots->items[i];
	return NULL;
}

static void add_slot(struct slots *slots, struct zsp_str name)
{
	struct slot *slot = &slots->items[slots->n++];

	*slot = (struct slot){ .name = name, .is_pending = 1 };
	record_set_init(&slot->set);
	record_set_init(&slot->next);
	record_set_init(&slot->refused);
}

static int by_name(const void *a, const void *b)
{
	return escape_name_order(((const struct slot *)a)->name, ((const struct slot *)b)->name);
}

int32_t slots_init(struct slots *slots, const struct zsp_host *host, const struct zsp_list *changes, uint32_t ttl)
{
	*slots = (struct slots){ .nchanges = changes->n, .ttl = ttl };
	if (changes->n > MAX_CHANGES)
		return zsp_failf(host, ZSP_BUG, 0, "%u changes in one call, at most %d are taken", changes->n, MAX_CHANGES);
	slots->items = calloc(changes->n, sizeof(*slots->items));
	if (!slots->items)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	for (uint32_t i = 0; i < changes->n; i++) {
		slots->changes[i] = ZSP_ITEM(struct zsp_change, changes, i);
		if (!find_slot(slots, slots->changes[i]->name))
			add_slot(slots, slots->changes[i]->name);
	}
	qsort(slots->items, slots->n, sizeof(*slots->items), by_name);
	for (uint32_t i = 0; i < changes->n; i++) {
		struct slot *slot = find_slot(slots, slots->changes[i]->name);

		slots->slot_of[i] = (size_t)(slot - slots->items);
		slot->has_adds |= slots->changes[i]->op == ZSP_ADD;
	}
	return ZSP_OK;
}

void slots_done(struct slots *slots)
{
	for (size_t i = 0; i < slots->n; i++) {
		record_set_done(&slots->items[i].set);
		record_set_done(&slots->items[i].next);
		record_set_done(&slots->items[i].refused);
	}
	free(slots->items);
}

void slot_end(struct slot *slot, int32_t class, const char *text)
{
	slot->is_pending = 0;
	slot->class = class;
	(void)snprintf(slot->why, sizeof(slot->why), "%s", text);
}

/* ---- planning -------------------------------------------------------------------------------------- */

static int32_t is_removed(const struct slots *slots, size_t slot, struct zsp_str stored)
{
	for (uint32_t i = 0; i < slots->nchanges; i++)
		if (slots->slot_of[i] == slot && slots->changes[i]->op == ZSP_REMOVE &&
			escape_value_is(stored, slots->changes[i]->value))
			return 1;
	return 0;
}

static int32_t has_value(const struct record_set *set, struct zsp_str value)
{
	struct zsp_str v = record_set_next(set, (struct zsp_str){ NULL, 0 });

	while (v.p && !escape_value_is(v, value))
		v = record_set_next(set, v);
	return v.p != NULL;
}

static void add_value(struct record_set *set, struct zsp_str value)
{
	struct zsp_text quoted = ZSP_TEXT(4096);

	escape_value_add(&quoted, value);
	record_set_add(set, zsp_text_str(&quoted));
	if (quoted.failed)
		set->values.failed = 1;
	zsp_text_done(&quoted);
}

/* A set that is there keeps its TTL, which is somebody else's too. */
static void work_out(struct slots *slots, struct slot *slot)
{
	size_t number = (size_t)(slot - slots->items);
	const struct record_set *old = &slot->set;
	struct record_set *next = &slot->next;

	record_set_clear(next);
	next->state = SET_SIMPLE;
	next->ttl = old->n ? old->ttl : slots->ttl;
	for (struct zsp_str v = record_set_next(old, (struct zsp_str){ NULL, 0 }); v.p; v = record_set_next(old, v))
		if (!is_removed(slots, number, v))
			record_set_add(next, v);
	for (uint32_t i = 0; i < slots->nchanges; i++) {
		const struct zsp_change *change = slots->changes[i];

		if (slots->slot_of[i] != number || change->op != ZSP_ADD || has_value(next, change->value))
			continue;
		add_value(next, change->value);
		if (!old->n && change->ttl)
			next->ttl = change->ttl;
	}
}

/* The same refusal of the same set again and again is no race. */
static int32_t is_hopeless(struct slot *slot)
{
	if (!slot->was_refused)
		return 0;
	slot->was_refused = 0;
	slot->strikes = record_set_equal(&slot->set, &slot->refused) ? slot->strikes + 1 : 0;
	return slot->strikes >= slot->patience;
}

static const char *unworkable(const struct slot *slot)
{
	if (slot->set.state == SET_ROUTED)
		return "the TXT record sets there have identifiers (weighted, by latency ...), which are never touched; delegate "
		       "the name with a CNAME, or remove them";
	if (slot->set.state == SET_ALIAS)
		return "the TXT record set there is an alias; put the challenge where it points to, or remove it";
	return slot->set.values.failed ? "the TXT record set there is too large, or not as one is written" : NULL;
}

static void end_with(struct slot *slot, int32_t class, const char *text)
{
	char line[ZSP_MAX_TEXT + 1];

	(void)snprintf(line, sizeof(line), "%.*s: %.700s", (int)slot->name.n, slot->name.p, text);
	slot_end(slot, class, line);
}

int32_t slots_plan(struct slots *slots, struct slot *slot)
{
	const struct swap swap = { slot->name, &slot->set, &slot->next };
	const char *fault = unworkable(slot);

	if (fault) {
		end_with(slot, ZSP_CONFIG, fault);
		return 0;
	}
	work_out(slots, slot);
	if (record_set_equal(&slot->set, &slot->next) || (!slot->set.n && !slot->next.n))
		slot_end(slot, ZSP_OK, "");
	else if (slot->next.values.failed || slot->next.n > MAX_SET_VALUES || swap_elements(&swap) > BATCH_ELEMENTS ||
		swap_characters(&swap) > BATCH_CHARACTERS)
		end_with(slot, ZSP_CONFIG, "the TXT record set there has too many values to be changed; remove old ones");
	else if (is_hopeless(slot))
		end_with(slot, ZSP_CONFIG, slot->why);
	return slot->is_pending;
}

void slot_refused(struct slot *slot, const char *text, int32_t is_race)
{
	struct record_set old = slot->refused;

	/* What is known becomes what was refused, and is to be read anew. */
	slot->refused = slot->set;
	slot->set = old;
	record_set_clear(&slot->set);
	slot->was_refused = 1;
	slot->patience = is_race ? STRIKES_OF_RACES : STRIKES;
	(void)snprintf(slot->why, sizeof(slot->why), "%s", text);
}

/* ---- reporting ------------------------------------------------------------------------------------- */

static const struct slot *first_failure(const struct slots *slots, size_t *ret_failures)
{
	const struct slot *first = NULL;

	*ret_failures = 0;
	for (size_t i = 0; i < slots->n; i++) {
		const struct slot *slot = &slots->items[i];

		if (slot->class == ZSP_OK)
			continue;
		first = first ? first : slot;
		++*ret_failures;
	}
	return first;
}

int32_t slots_report(const struct slots *slots, const struct zsp_host *host, int64_t retry_after_ms, int32_t is_said)
{
	size_t failures;
	const struct slot *first = first_failure(slots, &failures);

	for (uint32_t i = 0; first && i < slots->nchanges; i++) {
		const struct slot *slot = &slots->items[slots->slot_of[i]];

		if (slot->class != ZSP_OK)
			(void)zsp_resultf(host, i, slot->class, "%s", slot->why);
	}
	if (failures < slots->n || !first)
		return ZSP_OK;
	return is_said ? first->class : zsp_failf(host, first->class, retry_after_ms, "%s", first->why);
}
