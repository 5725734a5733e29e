/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See apply.h.  A round reads what is not known, works out the swaps and sends them
 * in as few batches as they fit in.  A batch that is refused says which names are not
 * as they were believed; those are read again, the others sent again.
 */
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "slots.h"

enum { FIRST_PAUSE_MS = 25, MAX_PAUSE_MS = 1000, ROUND_MS = 200, MAX_DENIALS = 8, TOUCHES = 3 };

struct job {
	struct instance *self;
	const char *zone_id;
	struct slots slots;
	char ticket[ZSP_MAX_TICKET + 1]; /* ids of the changes, with commas between them */
	uint32_t accepted, denied; /* batches */
};

/* ---- one batch --------------------------------------------------------------------------------------- */

static void end_all(struct slot *const *list, size_t n, int32_t class, const char *text)
{
	for (size_t i = 0; i < n; i++)
		slot_end(list[i], class, text);
}

/* Where they do not fit the oldest ids go: those are the first to reach the servers. */
static void remember(struct job *job, const char *id)
{
	size_t n = strlen(id);
	struct zsp_str rest = zsp_strz(job->ticket);

	while (rest.n && rest.n + 1 + n > ZSP_MAX_TICKET)
		(void)zsp_str_cut(&rest, ',');
	if (rest.n)
		memmove(job->ticket, rest.p, rest.n);
	if (rest.n)
		job->ticket[rest.n++] = ',';
	memcpy(job->ticket + rest.n, id, n + 1);
}

/* A change without an id cannot be waited for; who repeats it gets another one. */
static int32_t send_batch(struct job *job, const struct swap *swaps, size_t n)
{
	struct api *api = &job->self->api;
	char id[CHANGE_ID_ROOM];
	int32_t class = batch_send(api, job->zone_id, swaps, n, id);

	if (class == ZSP_OK && !id[0])
		return api_failf(api, ZSP_TRANSIENT, "cannot change the record sets: the answer does not have the id of the change");
	if (class == ZSP_OK)
		remember(job, id);
	return class;
}

static void accept(struct job *job, struct slot *const *list, size_t n)
{
	job->accepted++;
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
	struct swap swaps[MAX_CHANGES] = { 0 };
	int32_t class;

	for (size_t i = 0; i < n; i++)
		swaps[i] = (struct swap){ list[i]->name, &list[i]->set, &list[i]->next };
	class = send_batch(job, swaps, n);
	if (class == ZSP_OK)
		accept(job, list, n);
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

/* Who loses a race waits a random time, so that not the same ones meet again.  A round that the
 * deadline would end in its middle is not begun: it could not tell any more what was in the way. */
static int32_t wait_a_little(struct job *job, int64_t *pause)
{
	const struct zsp_host *host = job->self->host;
	int32_t class = zsp_sleep(host, 1 + zsp_random(*pause));

	if (class == ZSP_OK && host->deadline_left_ms(host) < ROUND_MS)
		class = ZSP_TRANSIENT;
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

/* Nobody can tell when what was there is published, so nothing says that it is. */
static void fail_unchanged(struct job *job, int32_t class)
{
	struct api *api = &job->self->api;
	char why[ZSP_MAX_TEXT + 1];
	struct slot *slot;

	(void)snprintf(why, sizeof(why), "%s",
		class == ZSP_CONFLICT ? "other clients keep changing this record set; try again" : api->why);
	while ((slot = unchanged_add(job)) != NULL) {
		(void)api_failf(api, class,
			"the value is there, but nobody can tell whether it is published, as the change to wait for failed: %.800s",
			why);
		slot_end(slot, class, api->why);
	}
}

/*
 * Values that were there already have been published by a run that was killed, or by a
 * request whose answer was lost: they may still be on their way to the servers, and nobody
 * knows the change to ask for.  To put one set in its own place makes one.
 */
static void touch(struct job *job)
{
	struct slot *slot;
	int32_t class = ZSP_OK;

	/* A change of this call comes after those that it found made. */
	for (int i = 0; i < TOUCHES && !job->ticket[0] && (slot = unchanged_add(job)) != NULL; i++) {
		const struct swap swap = { slot->name, &slot->set, &slot->set };

		class = send_batch(job, &swap, 1);
		if (class != ZSP_CONFLICT)
			break;
		/* Somebody has just changed it; is our value still there? */
		record_set_clear(&slot->set);
		slot->is_pending = 1;
		do_rounds(job);
	}
	if (class != ZSP_OK && !job->ticket[0])
		fail_unchanged(job, class);
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
		if (job.ticket[0])
			(void)self->host->ticket(self->host, job.ticket, strlen(job.ticket));
		class = slots_report(&job.slots, self->host, self->api.retry_after_ms, self->api.is_said);
	}
	slots_done(&job.slots);
	if (class == ZSP_NOT_FOUND)
		zones_forget(&self->zones);
	return class;
}
