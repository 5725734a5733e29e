/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of time, of other writers, of processes that end, and of what only
 * many changes show.
 */
#include <stdio.h>
#include <string.h>

#include "front/kit_checks.h"
#include "front/kit_options.h"

enum {
	TTL = 60,
	PROVOKE_MS = 1500,
	SHORT_MS = 2500,		/* deadline of a call whose answer never comes */
	LONG_MS = 30 * 1000,
	ARRIVAL_MS = 5000,		/* until a request is at the simulation */
	EFFECT_MS = 60,			/* and has its effect */
	PAUSE_MS = 10,
	POSITIONS_MAX = 5,
	ROUNDS = 8,
	RETRIES = 5,
	LIVE_WAIT_MS = 60 * 1000,
	LIVE_PAUSE_MS = 50,
	STAGES = 5,			/* of leaks, with the one that only warms up */
	STAGE_MS = 1500,
	STAGE_LEAST = 5,
	STAGE_CYCLES = 80,
	STAGE_CYCLES_LIVE = 20,
	OCTETS_PER_CYCLE = 24,		/* of growth; less is the noise of libraries, and so is */
	OCTETS = 4096,			/* this much in all */
	MORE_MAX = 4			/* descriptors, threads */
};

/* ---- a service that does not answer ---- */

static bool begin_add(struct zs_kit *kit, struct zs_kit_batch *batch, struct zs_kit_change *change, uint32_t op, uint64_t timeout_ms)
{
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	struct zs_kit_host *host = zs_kit_host(kit, 0);

	if (!spot || !host)
		return false;
	*change = (struct zs_kit_change){ .op = op, .spot = spot, .value = 0, .ttl = TTL };
	*batch = (struct zs_kit_batch){ .host = host, .changes = change, .n = 1, .timeout_ms = timeout_ms };
	return zs_kit_begin(batch);
}

/* Waits until that many more requests have come than before; fine where the call ended first. */
static bool wait_requests(struct zs_kit *kit, const bool *done, unsigned before, unsigned more)
{
	uint64_t end = zs_kit_now(kit) + ARRIVAL_MS;
	unsigned now = 0;

	while (!*done && zs_kit_requests(kit, &now) && now - before < more && zs_kit_now(kit) < end)
		if (!zs_kit_sleep(kit, PAUSE_MS))
			return false;
	return !kit->fatal.code;
}

/* The call that is to be left without an answer, at its last request. */
static bool order_silence(struct zs_kit *kit, unsigned *ret_cost, unsigned *ret_before)
{
	return zs_kit_count(kit, ZS_CHANGE_ADD, ret_cost) && zs_kit_reset(kit) &&
	       zs_kit_order(kit, &kit->now.check->fault, *ret_cost - 1) && zs_kit_requests(kit, ret_before);
}

static bool works_again(struct zs_kit *kit)
{
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);

	return spot && zs_kit_reset(kit) && zs_kit_add(kit, spot, 0) && zs_kit_see(kit);
}

void zs_kit_check_deadline(struct zs_kit *kit)
{
	struct zs_kit_change change;
	struct zs_kit_batch batch;
	unsigned cost = 0, before = 0;
	char text[512];

	if (!order_silence(kit, &cost, &before) || !begin_add(kit, &batch, &change, ZS_CHANGE_ADD, SHORT_MS))
		return;
	zs_kit_end(&batch);
	if (change.err.code == ZS_E_PLUGIN)
		zs_kit_fail(kit, NULL, "with a deadline of 2.5 s: %s", zs_kit_err_text(&change.err, text));
	else
		(void)works_again(kit);
}

void zs_kit_check_cancel(struct zs_kit *kit)
{
	struct zs_kit_change change;
	struct zs_kit_batch batch;
	struct zs_msg_host_usage_is usage;
	unsigned cost = 0, before = 0;

	if (!order_silence(kit, &cost, &before) || !begin_add(kit, &batch, &change, ZS_CHANGE_ADD, LONG_MS) ||
	    !wait_requests(kit, &batch.call.done, before, cost))
		return;
	if (batch.call.done) {
		zs_kit_end(&batch);
		return;
	}
	zs_chan_cancel(batch.host->work, batch.call.id);
	change.spot->maybe |= 1u << change.value;
	/* served when the call is over, and by nobody else */
	if (zs_kit_usage(batch.host, &usage))
		(void)works_again(kit);
}

/* ---- kills ---- */

static bool kill_at(struct zs_kit *kit, uint32_t op, unsigned skip)
{
	struct zs_kit_change change;
	struct zs_kit_batch batch;
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	unsigned before = 0;

	if (!spot || !zs_kit_prepare(kit, op, spot) || !zs_kit_order(kit, &kit->now.check->fault, skip) || !zs_kit_requests(kit, &before) ||
	    !begin_add(kit, &batch, &change, op, LONG_MS) || !wait_requests(kit, &batch.call.done, before, skip + 1) ||
	    !zs_kit_sleep(kit, EFFECT_MS))
		return false;
	zs_kit_kill(batch.host);
	zs_kit_end(&batch);
	return zs_kit_must(zs_kit_host(kit, 0), op, change.spot, change.value) && zs_kit_see(kit);
}

static bool kill_in(struct zs_kit *kit, uint32_t op)
{
	unsigned cost = 0;

	if (!zs_kit_count(kit, op, &cost))
		return false;
	for (unsigned k = 0; k < cost && k < POSITIONS_MAX; k++)
		if (!kill_at(kit, op, k))
			return false;
	return true;
}

void zs_kit_check_killed(struct zs_kit *kit)
{
	if (kill_in(kit, ZS_CHANGE_ADD) && !(kit->plugin.flags & ZS_PROVIDER_NO_REMOVE))
		(void)kill_in(kit, ZS_CHANGE_REMOVE);
}

/* ---- two writers ---- */

struct writer { struct zs_kit_host *host; struct zs_kit_change change; struct zs_kit_batch batch; };

static bool begin_write(struct writer *w)
{
	w->batch = (struct zs_kit_batch){ .host = w->host, .changes = &w->change, .n = 1, .timeout_ms = ZS_KIT_APPLY_MS };
	return zs_kit_begin(&w->batch);
}

/* Both at once; one after the other where a run would hold a lock. */
static bool write_both(struct zs_kit *kit, struct writer w[static 2])
{
	bool locked = kit->plugin.flags & ZS_PROVIDER_NEEDS_ZONE_LOCK;
	bool first = begin_write(&w[0]), second = false;

	if (first && locked)
		zs_kit_end(&w[0].batch);
	if (first)
		second = begin_write(&w[1]);
	if (first && !locked)
		zs_kit_end(&w[0].batch);
	if (second)
		zs_kit_end(&w[1].batch);
	return first && second && !kit->fatal.code;
}

/* What is worth it is tried again, as the engine does with a removal. */
static bool settle(struct zs_kit *kit, struct writer *w)
{
	char text[512];

	for (unsigned i = 0; i < RETRIES && w->change.err.code && zs_code_info((int)w->change.err.code)->retry &&
			     w->change.err.code != ZS_E_PLUGIN; i++)
		if (!zs_kit_try(w->host, w->change.op, w->change.spot, w->change.value, &w->change.err))
			return false;
	return !w->change.err.code || zs_kit_fail(kit, NULL, "%s a value beside the other writer fails: %s",
						  w->change.op == ZS_CHANGE_ADD ? "adding" : "removing",
						  zs_kit_err_text(&w->change.err, text));
}

static bool write_round(struct zs_kit *kit, struct writer w[static 2], uint32_t op, unsigned round)
{
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);

	if (!spot)
		return false;
	for (unsigned i = 0; i < 2; i++)
		w[i].change = (struct zs_kit_change){ .op = op, .spot = spot, .value = (2 * round + i) % ZS_KIT_OURS, .ttl = TTL };
	return write_both(kit, w) && settle(kit, &w[0]) && settle(kit, &w[1]) && zs_kit_see(kit);
}

void zs_kit_check_two_writers(struct zs_kit *kit)
{
	struct writer w[2] = { { .host = zs_kit_host(kit, 0) }, { .host = zs_kit_host(kit, 1) } };
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);

	if (!spot || !w[0].host || !w[1].host || !zs_kit_foreign(kit, spot, ZS_KIT_FOREIGN, true))
		return;
	for (unsigned round = 0; round < ROUNDS; round++)
		if (!write_round(kit, w, ZS_CHANGE_ADD, round) || !write_round(kit, w, ZS_CHANGE_REMOVE, round))
			return;
}

/* ---- live ---- */

static bool add_with_ticket(struct zs_kit *kit, struct zs_kit_batch *batch, struct zs_kit_change *change)
{
	char text[512];

	if (!begin_add(kit, batch, change, ZS_CHANGE_ADD, ZS_KIT_APPLY_MS))
		return false;
	zs_kit_end(batch);
	return !change->err.code || zs_kit_fail(kit, NULL, "adding a value fails: %s", zs_kit_err_text(&change->err, text));
}

static bool wait_live(struct zs_kit *kit, const struct zs_kit_batch *of)
{
	uint64_t end = zs_kit_now(kit) + kit->limits[ZS_KIT_LIMIT_LAG] + (kit->sim ? ARRIVAL_MS : LIVE_WAIT_MS);
	struct zs_kit_host *host = zs_kit_host(kit, 0);
	struct zs_err err;
	char text[512];

	while (host) {
		int live = zs_kit_live(host, of, &err);
		if (live < 0)
			return zs_kit_fail(kit, NULL, "live fails: %s", zs_kit_err_text(&err, text));
		if (live > 0)
			return true;
		if (zs_kit_now(kit) >= end || kit->signo)
			return zs_kit_fail(kit, NULL, "live says 0 all the time");
		if (!zs_kit_sleep(kit, LIVE_PAUSE_MS))
			return false;
	}
	return false;
}

void zs_kit_check_live(struct zs_kit *kit)
{
	struct zs_kit_change change;
	struct zs_kit_batch batch;

	(void)(add_with_ticket(kit, &batch, &change) && wait_live(kit, &batch) && zs_kit_see(kit));
}

void zs_kit_check_live_later(struct zs_kit *kit)
{
	struct zs_kit_change change;
	struct zs_kit_batch batch;

	(void)(add_with_ticket(kit, &batch, &change) && zs_kit_close(batch.host) && wait_live(kit, &batch));
}

void zs_kit_check_live_odd(struct zs_kit *kit)
{
	struct zs_kit_change change;
	struct zs_kit_batch batch;
	struct zs_err err;

	if (!add_with_ticket(kit, &batch, &change))
		return;
	for (size_t n = 0; n <= sizeof(batch.ticket); n += n ? sizeof(batch.ticket) - 1 : 1) {
		memset(batch.ticket, n % 2 ? 0xff : '"', sizeof(batch.ticket));
		batch.ticket_len = n;
		if (zs_kit_live(batch.host, &batch, &err) < 0 && batch.host->ended) {
			zs_kit_fail(kit, NULL, "a ticket of %zu octets: %s", n, err.text);
			return;
		}
	}
}

/* ---- leaks ---- */

/* What is in use after so many changes. */
struct stage { unsigned cycles; struct zs_msg_host_usage_is usage; };

/* Where nothing can be removed, two values push each other out. */
static bool change_once(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned cycle)
{
	if (kit->plugin.flags & ZS_PROVIDER_NO_REMOVE)
		return zs_kit_add(kit, spot, cycle % 2);
	return zs_kit_add(kit, spot, cycle % ZS_KIT_OURS) && zs_kit_remove(kit, spot, cycle % ZS_KIT_OURS);
}

/* Goes on until that many cycles; a plugin that keeps to a rate has not the time for so many. */
static bool cycle(struct zs_kit *kit, struct zs_kit_spot *spot, struct stage *stage, unsigned from, unsigned to)
{
	uint64_t end = zs_kit_now(kit) + STAGE_MS;

	for (stage->cycles = from; stage->cycles < to; stage->cycles++) {
		if (stage->cycles >= from + STAGE_LEAST && zs_kit_now(kit) >= end)
			break;
		if (kit->signo || !change_once(kit, spot, stage->cycles))
			return false;
	}
	return zs_kit_usage(zs_kit_host(kit, 0), &stage->usage);
}

static bool grows(const struct stage *a, const struct stage *b)
{
	uint64_t noise = (uint64_t)(b->cycles - a->cycles) * OCTETS_PER_CYCLE;

	return b->usage.heap > a->usage.heap + (noise > OCTETS ? noise : OCTETS);
}

/*
 * A leak goes on at its rate; what looks like one comes to an end.  glibc keeps up to seven freed
 * pieces of each size (tcache) and counts them as in use, and which sizes come depends on how the
 * answers arrive in pieces, so a plugin that frees everything grows for some dozens of changes.
 * Therefore the first stage is no measure at all, and growth counts when each later stage has it.
 */
static bool goes_on(const struct stage s[static STAGES])
{
	bool all = s[0].usage.heap != 0;

	for (size_t i = 1; i < STAGES && all; i++)
		all = grows(&s[i - 1], &s[i]);
	return all;
}

static void judge_growth(struct zs_kit *kit, const struct stage s[static STAGES])
{
	const struct stage *first = &s[0], *middle = &s[STAGES / 2], *last = &s[STAGES - 1];

	if (last->usage.descriptors > first->usage.descriptors + MORE_MAX)
		zs_kit_fail(kit, NULL, "%u descriptors were open after %u changes, %u after %u", first->usage.descriptors,
			    first->cycles, last->usage.descriptors, last->cycles);
	else if (last->usage.threads > first->usage.threads + MORE_MAX)
		zs_kit_fail(kit, NULL, "%u threads ran after %u changes, %u after %u", first->usage.threads, first->cycles,
			    last->usage.threads, last->cycles);
	else if (goes_on(s))
		zs_kit_fail(kit, NULL, "%llu octets of memory were in use after %u changes, %llu after %u, %llu after %u",
			    (unsigned long long)first->usage.heap, first->cycles, (unsigned long long)middle->usage.heap, middle->cycles,
			    (unsigned long long)last->usage.heap, last->cycles);
}

void zs_kit_check_leaks(struct zs_kit *kit)
{
	unsigned step = kit->spec.mode == ZS_KIT_LIVE ? STAGE_CYCLES_LIVE : STAGE_CYCLES, from = 0;
	struct stage stages[STAGES] = { { .cycles = 0 } };
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);

	for (size_t i = 0; i < STAGES; i++) {
		if (!spot || !cycle(kit, spot, &stages[i], from, from + step))
			return;
		from = stages[i].cycles;
		/* Sanitizers have their own heap: of it nothing is known, and descriptors show soon. */
		if (!stages[i].usage.heap)
			step = STAGE_LEAST;
	}
	judge_growth(kit, stages);
}

/* ---- what is said ---- */

/* A change under a fault that goes on; it need not take the time that it is given elsewhere. */
static void meet(struct zs_kit *kit, const struct zs_kit_fault *fault)
{
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	struct zs_kit_host *host = zs_kit_host(kit, 0);
	struct zs_kit_change change = { .op = ZS_CHANGE_ADD, .spot = spot, .value = 0, .ttl = TTL };
	struct zs_kit_batch batch = { .host = host, .changes = &change, .n = 1, .timeout_ms = PROVOKE_MS };

	if (spot && host && zs_kit_reset(kit) && zs_kit_order(kit, fault, 0) && zs_kit_begin(&batch))
		zs_kit_end(&batch);
}

/* Makes the plugin talk: what it says when all is well and when it is not. Whatever goes wrong
 * here is what other checks are about. */
static void provoke(struct zs_kit *kit)
{
	static const struct zs_kit_fault faults[] = { { "auth", 20, 0 }, { "denied", 20, 0 }, { "error", 20, 0 }, { "garbage", 20, 0 } };
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	struct zs_kit_host *host = kit->provoked ? NULL : zs_kit_host(kit, 0);
	struct zs_err err;

	kit->provoked = true;
	if (!spot || !host)
		return;
	struct zs_kit_zone zone = { .zone = spot->zone, .name = spot->name };
	(void)(zs_kit_test(host, &zone, 1) && zs_kit_try(host, ZS_CHANGE_ADD, spot, 0, &err) &&
	       zs_kit_try(host, ZS_CHANGE_REMOVE, spot, 0, &err));
	for (size_t i = 0; kit->sim && i < ZS_COUNT(faults) && !kit->fatal.code; i++) {
		kit->now.state = ZS_KIT_PASSED;
		meet(kit, &faults[i]);
	}
	kit->now.state = ZS_KIT_PASSED;
	if (kit->sim && !kit->fatal.code && zs_kit_reset(kit) && zs_kit_order(kit, &faults[0], 0))
		(void)zs_kit_test(host, &zone, 1);
	if (kit->sim && !kit->fatal.code)
		(void)zs_kit_reset(kit);
	for (size_t i = 0; i < kit->hosts.n; i++)
		zs_kit_kill(kit->hosts.items[i]);
	kit->now.state = ZS_KIT_PASSED;
}

void zs_kit_check_secrets(struct zs_kit *kit)
{
	provoke(kit);
	if (!zs_kit_has_secret(kit) && !kit->canaries && !*kit->secrets.found)
		zs_kit_skip(kit, "no secret option is set");
	else if (*kit->secrets.found)
		zs_kit_fail(kit, NULL, "%s", kit->secrets.found);
}

void zs_kit_check_silent(struct zs_kit *kit)
{
	provoke(kit);
	if (*kit->printed)
		zs_kit_fail(kit, NULL, "it wrote: %s", kit->printed);
}
