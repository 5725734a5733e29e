/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See apply.h.  A round reads what is not known, works out the swaps and sends them
 * in as few batches as they fit in.  A batch that is refused says which names are not
 * as they were believed; those are read again, the others sent again.
 */
#include <string.h>

#include "apply.h"
#include "slots.h"

enum { FIRST_PAUSE_MS = 25, MAX_PAUSE_MS = 1000, MAX_DENIALS = 8, TOUCHES = 3 };

struct job {
	struct instance *self;
	const char *zone_id;
	struct slots slots;
	char change_id[CHANGE_ID_ROOM]; /* of the last swap */
	uint32_t accepted, denied; /* batches */
};

/* ---- one batch --------------------------------------------------------------------------------------- */

static void end_all(struct slot *const *list, size_t n, int32_t class, const char *text)
{
	for (size_t i = 0; i < n; i++)
		slot_end(list[i], class, text);
}

static void accept(struct job *job, struct slot *const *list, size_t n, const char *id)
{
	job->accepted++;
	if (id[0])
		memcpy(job->change_id, id, CHANGE_ID_ROOM);
	for (size_t i = 0; i < n; i++)
		list[i]->is_swapped = 1;
	end_all(list, n, ZSP_OK, "");
}

/* Number of names that the messages of the refusal speak of. */
static size_t blame(struct job *job, struct slot *const *list, size_t n)
{
	const struct api *api = &job->self->api;
	struct zsp_str messages = zsp_text_str(&api->error.messages);
	int32_t is_race = batch_is_race(messages);
	size_t blamed = 0;

	for (size_t i = 0; i < n; i++) {
		if (n > 1 && !batch_blames(messages, list[i]->name))
			continue;
		slot_refused(list[i], api->why, is_race);
		blamed++;
	}
	return blamed;
}

/* Where every batch so far was denied the right is missing, and not for one name. */
static int32_t is_worth_halving(struct job *job)
{
	return ++job->denied < MAX_DENIALS || job->accepted;
}

static int32_t try_batch(struct job *job, struct slot *const *list, size_t n)
{
	struct instance *self = job->self;
	struct swap swaps[MAX_CHANGES];
	char id[CHANGE_ID_ROOM];
	int32_t class;

	for (size_t i = 0; i < n; i++)
		swaps[i] = (struct swap){ list[i]->name, &list[i]->set, &list[i]->next };
	class = batch_send(&self->api, job->zone_id, swaps, n, id);
	if (class == ZSP_OK)
		accept(job, list, n, id);
	return class;
}

/*
 * All in one batch where nobody objects to a part of it; else in halves, so that one
 * bad name does not stop the others.
 */
static void send_swaps(struct job *job, struct slot *const *list, size_t n)
{
	int32_t class = try_batch(job, list, n), halve = 0;

	if (class == ZSP_OK)
		return;
	if (class == ZSP_CONFLICT)
		halve = blame(job, list, n) == 0;
	else
		halve = class == ZSP_DENIED && n > 1 && is_worth_halving(job);
	if (halve) {
		send_swaps(job, list, n / 2);
		send_swaps(job, list + n / 2, n - n / 2);
	} else if (class != ZSP_CONFLICT) {
		end_all(list, n, class, job->self->api.why);
	}
}

/* ---- one round --------------------------------------------------------------------------------------- */

static int32_t read_sets(struct job *job)
{
	struct lookup lookups[MAX_CHANGES];
	size_t n = 0;

	for (size_t i = 0; i < job->slots.n; i++) {
		struct slot *slot = &job->slots.items[i];

		if (slot->is_pending)
			lookups[n++] = (struct lookup){ .name = slot->name, .set = &slot->set };
	}
	return records_read(&job->self->api, job->zone_id, lookups, n);
}

static size_t collect_pending(struct job *job, struct slot *list[MAX_CHANGES])
{
	size_t n = 0;

	for (size_t i = 0; i < job->slots.n; i++)
		if (job->slots.items[i].is_pending)
			list[n++] = &job->slots.items[i];
	return n;
}

/* Number of slots from the beginning of the list that one batch takes; at least one. */
static size_t fitting(struct slot *const *list, size_t n)
{
	uint32_t elements = 0;
	size_t characters = 0, fits = 0;

	while (fits < n) {
		const struct swap swap = { list[fits]->name, &list[fits]->set, &list[fits]->next };

		elements += swap_elements(&swap);
		characters += swap_characters(&swap);
		if (fits && (elements > BATCH_ELEMENTS || characters > BATCH_CHARACTERS))
			break;
		fits++;
	}
	return fits;
}

static void do_round(struct job *job)
{
	struct slot *list[MAX_CHANGES];
	size_t n;
	int32_t class = read_sets(job);

	for (size_t i = 0; class == ZSP_OK && i < job->slots.n; i++)
		if (job->slots.items[i].is_pending)
			(void)slots_plan(&job->slots, &job->slots.items[i]);
	n = collect_pending(job, list);
	if (class != ZSP_OK)
		end_all(list, n, class, job->self->api.why);
	for (size_t at = 0, fits; class == ZSP_OK && at < n; at += fits) {
		fits = fitting(list + at, n - at);
		send_swaps(job, list + at, fits);
	}
}

/* Who loses a race waits a random time, so that not the same ones meet again. */
static int32_t wait_a_little(struct job *job, int64_t *pause)
{
	int32_t class = zsp_sleep(job->self->host, 1 + zsp_random(*pause));

	*pause = *pause * 2 < MAX_PAUSE_MS ? *pause * 2 : MAX_PAUSE_MS;
	return class;
}

static void do_rounds(struct job *job)
{
	struct slot *list[MAX_CHANGES];
	int64_t pause = FIRST_PAUSE_MS;
	size_t left;

	do {
		do_round(job);
	} while (collect_pending(job, list) && wait_a_little(job, &pause) == ZSP_OK);
	left = collect_pending(job, list);
	end_all(list, left, ZSP_CONFLICT, "other clients keep changing this record set, and no time is left");
}

/* ---- something to wait for ------------------------------------------------------------------------------ */

static struct slot *unchanged_add(struct job *job)
{
	for (size_t i = 0; i < job->slots.n; i++) {
		struct slot *slot = &job->slots.items[i];

		if (slot->class == ZSP_OK && slot->has_adds && !slot->is_swapped && slot->set.state == SET_SIMPLE)
			return slot;
	}
	return NULL;
}

/*
 * Values that were there already have been published by a run that was killed, or by a
 * request whose answer was lost: they may still be on their way to the servers, and nobody
 * knows the change to ask for.  To put one set in its own place makes one.
 */
static void touch(struct job *job)
{
	struct slot *slot;

	for (int i = 0; i < TOUCHES && !job->change_id[0] && (slot = unchanged_add(job)) != NULL; i++) {
		const struct swap swap = { slot->name, &slot->set, &slot->set };

		if (batch_send(&job->self->api, job->zone_id, &swap, 1, job->change_id) != ZSP_CONFLICT)
			return;
		/* Somebody has just changed it; is our value still there? */
		record_set_clear(&slot->set);
		slot->is_pending = 1;
		do_rounds(job);
	}
}

int32_t route53_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct instance *self = instance;
	struct job job = { .self = self };
	int32_t class = zones_find(&self->zones, *zone, &job.zone_id);

	if (class == ZSP_OK)
		class = slots_init(&job.slots, self->host, changes, (uint32_t)settings_number(&self->settings, OPT_TTL));
	if (class == ZSP_OK) {
		do_rounds(&job);
		touch(&job);
		if (job.change_id[0])
			(void)self->host->ticket(self->host, job.change_id, strlen(job.change_id));
		class = slots_report(&job.slots, self->host, self->api.retry_after_ms, self->api.is_said);
	}
	slots_done(&job.slots);
	if (class == ZSP_NOT_FOUND)
		zones_forget(&self->zones);
	return class;
}
