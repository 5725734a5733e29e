/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What checks are made of: changes that must succeed, faults, scripts.
 *
 * A script is words, each one step:
 *
 *     +a0   add value 0 at name a       fa16  another client adds value 16 at name a
 *     -a0   remove it                   Fa16  the same, with the name in capitals
 *     [     the changes up to ] are one call, as far as the plugin takes so many
 *     ?     the zone is as all of that says      !   the fault of the check is ordered
 *     *     values of strangers are fine         ~   wait until what was read is the present
 */
#include <stdio.h>
#include <string.h>

#include "front/kit_state.h"

enum {
	TTL = 60,
	POSITIONS_MAX = 6,
	CHANGES_MAX = 128,
	REPEATS = 2,
	STALE_MS = 600,
	LONG_WAIT_S = 3000		/* what `rate-long` says is an hour */
};

/* ---- changes ---- */

bool zs_kit_try(struct zs_kit_host *host, uint32_t op, struct zs_kit_spot *spot, unsigned value, struct zs_err *ret)
{
	struct zs_kit_change change = { .op = op, .spot = spot, .value = value, .ttl = op == ZS_CHANGE_ADD ? TTL : 0 };

	if (!host || !spot || !zs_kit_good(host->kit) || !zs_kit_apply(host, &change, 1))
		return false;
	*ret = change.err;
	return zs_kit_good(host->kit);
}

static bool judge_change(struct zs_kit *kit, const struct zs_kit_change *change)
{
	char text[512];

	return !change->err.code || zs_kit_fail(kit, NULL, "%s a value at %s fails: %s",
						change->op == ZS_CHANGE_ADD ? "adding" : "removing", change->spot->name.text,
						zs_kit_err_text(&change->err, text));
}

bool zs_kit_must(struct zs_kit_host *host, uint32_t op, struct zs_kit_spot *spot, unsigned value)
{
	struct zs_kit_change change = { .op = op, .spot = spot, .value = value };

	return zs_kit_try(host, op, spot, value, &change.err) && judge_change(host->kit, &change);
}

bool zs_kit_add(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned value)
{
	return zs_kit_must(zs_kit_host(kit, 0), ZS_CHANGE_ADD, spot, value);
}

bool zs_kit_remove(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned value)
{
	return zs_kit_must(zs_kit_host(kit, 0), ZS_CHANGE_REMOVE, spot, value);
}

/* ---- the end of a check ---- */

static uint32_t collect(struct zs_kit *kit, bool foreign, struct zs_kit_change changes[static CHANGES_MAX])
{
	uint32_t n = 0;

	for (size_t i = 0; i < kit->nspots; i++) {
		struct zs_kit_spot *spot = &kit->spots[i];
		uint32_t values = foreign ? spot->foreign : (spot->ours | spot->maybe) & ~spot->foreign;
		for (unsigned v = 0; v < ZS_KIT_VALUES && n < CHANGES_MAX; v++)
			if (values & 1u << v)
				changes[n++] = (struct zs_kit_change){ .op = ZS_CHANGE_REMOVE, .spot = spot, .value = v };
	}
	return n;
}

/* Changes of one zone in each call. */
static bool apply_by_zone(struct zs_kit_host *host, struct zs_kit_change *changes, uint32_t n)
{
	for (uint32_t first = 0, i = 1; i <= n; i++) {
		if (i < n && zs_name_eq(&changes[i].spot->zone, &changes[first].spot->zone))
			continue;
		if (!zs_kit_apply(host, changes + first, i - first))
			return false;
		first = i;
	}
	return true;
}

static bool take_away(struct zs_kit *kit, bool foreign)
{
	struct zs_kit_change changes[CHANGES_MAX];
	uint32_t n = collect(kit, foreign, changes);
	struct zs_kit_host *host = n ? zs_kit_host(kit, foreign ? 1 : 0) : NULL;

	if (!n)
		return true;
	if (!host || !apply_by_zone(host, changes, n))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!judge_change(kit, &changes[i]))
			return false;
	return true;
}

bool zs_kit_tidy(struct zs_kit *kit)
{
	if (kit->plugin.flags & ZS_PROVIDER_NO_REMOVE)
		return true;
	return take_away(kit, false) && (kit->spec.mode != ZS_KIT_LIVE || take_away(kit, true)) && zs_kit_see(kit);
}

/* ---- the simulation ---- */

static bool command(struct zs_kit *kit, const char *text, zs_kit_sim_line *line, void *user, int *ret)
{
	struct zs_err err;

	*ret = zs_kit_sim_ask(kit->sim, text, line, user, &err);
	return *ret >= 0 || zs_kit_broken(kit, &err);
}

bool zs_kit_reset(struct zs_kit *kit)
{
	int rc;

	for (size_t i = 0; i < kit->nspots; i++)
		kit->spots[i].ours = kit->spots[i].maybe = kit->spots[i].foreign = 0;
	return command(kit, "clear", NULL, NULL, &rc);
}

bool zs_kit_order(struct zs_kit *kit, const struct zs_kit_fault *fault, unsigned skip)
{
	char text[120];
	int rc;

	if (!zs_kit_good(kit))
		return false;
	snprintf(text, sizeof(text), "fault %s %u %u %u", fault->kind, fault->n, fault->argument, skip);
	return command(kit, text, NULL, NULL, &rc) &&
	       (rc == 1 || zs_kit_skip(kit, "the simulation does not know the fault %s", fault->kind));
}

static int on_count(const char *word, struct zs_slice number, struct zs_slice none, void *user, struct zs_err *err)
{
	uint64_t n;

	(void)none;
	(void)err;
	if (strcmp(word, "count") != 0 || !zs_slice_u64(number, UINT32_MAX, &n))
		return -ZS_E_USAGE;
	*(int64_t *)user = (int64_t)n;
	return 0;
}

bool zs_kit_requests(struct zs_kit *kit, unsigned *ret)
{
	int64_t n = -1;
	int rc;

	if (!command(kit, "requests", on_count, &n, &rc))
		return false;
	*ret = n < 0 ? 0 : (unsigned)n;
	return n >= 0;
}

/* A change in a host that has made one before, so that what it looks up once is not counted. */
static bool count_both(struct zs_kit *kit)
{
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	unsigned before = 0, between = 0, after = 0;

	if (!spot || !zs_kit_reset(kit) || !zs_kit_add(kit, spot, 1) || !zs_kit_remove(kit, spot, 1) ||
	    !zs_kit_requests(kit, &before) || !zs_kit_add(kit, spot, 0) || !zs_kit_requests(kit, &between) ||
	    !zs_kit_remove(kit, spot, 0) || !zs_kit_requests(kit, &after))
		return false;
	kit->cost[0] = between - before;
	kit->cost[1] = after - between;
	return kit->cost[0] || zs_kit_fail(kit, "adding a value asks the service for it", "no request came");
}

bool zs_kit_count(struct zs_kit *kit, uint32_t op, unsigned *ret)
{
	if (!zs_kit_good(kit) || (!kit->cost[0] && !count_both(kit)))
		return false;
	*ret = kit->cost[op == ZS_CHANGE_ADD ? 0 : 1];
	return true;
}

/* ---- scripts ---- */

struct script {
	struct zs_kit *kit;
	bool together;
	struct zs_kit_change changes[CHANGES_MAX];
	uint32_t n;
};

static bool send_together(struct script *s)
{
	struct zs_kit_host *host = s->n ? zs_kit_host(s->kit, 0) : NULL;

	s->together = false;
	if (!host || !zs_kit_apply(host, s->changes, s->n))
		return false;
	for (uint32_t i = 0; i < s->n; i++)
		if (!judge_change(s->kit, &s->changes[i]))
			return false;
	s->n = 0;
	return true;
}

static bool step_change(struct script *s, const char *word)
{
	struct zs_kit_spot *spot = zs_kit_spot(s->kit, (unsigned)(word[1] - 'a'));
	uint32_t op = word[0] == '+' ? ZS_CHANGE_ADD : ZS_CHANGE_REMOVE;
	uint64_t value = 0;

	if (!spot || !zs_slice_u64(zs_slice_str(word + 2), ZS_KIT_VALUES - 1, &value))
		return false;
	if (word[0] == 'f' || word[0] == 'F') {
		spot->capitals = word[0] == 'F';
		return zs_kit_foreign(s->kit, spot, (unsigned)value, true);
	}
	if (!s->together)
		return zs_kit_must(zs_kit_host(s->kit, 0), op, spot, (unsigned)value);
	if (s->n < CHANGES_MAX)
		s->changes[s->n++] = (struct zs_kit_change){ .op = op, .spot = spot, .value = (unsigned)value, .ttl = TTL };
	return true;
}

static bool step_other(struct script *s, char letter)
{
	struct zs_kit *kit = s->kit;

	switch (letter) {
	case '[':
		s->together = true;
		return true;
	case ']':
		return send_together(s);
	case '?':
		return zs_kit_see(kit);
	case '!':
		return zs_kit_order(kit, &kit->now.check->fault, 0);
	case '~':
		return zs_kit_sleep(kit, STALE_MS);
	default:
		for (size_t i = 0; i < kit->nspots; i++)
			kit->spots[i].strangers = true;
		return true;
	}
}

void zs_kit_script(struct zs_kit *kit)
{
	struct script s = { .kit = kit };
	struct zs_slice rest = zs_slice_str(kit->now.check->script);
	char word[8];

	while (rest.n && zs_kit_good(kit)) {
		if (!zs_slice_copy(zs_slice_cut(&rest, ' '), word, sizeof(word)) || !*word)
			continue;
		if (!(word[1] ? step_change(&s, word) : step_other(&s, word[0])))
			return;
	}
}

/* ---- a change that meets a fault ---- */

/* A later request may be one that the change does not hang on; whether it is made is seen then. */
static bool is_outcome(int32_t wanted, unsigned skip, const struct zs_err *err)
{
	if (wanted == ZS_KIT_EITHER)
		return err->code != ZS_E_PLUGIN;
	return (int32_t)err->code == wanted || (skip && !err->code);
}

static bool judge_outcome(struct zs_kit *kit, uint32_t op, unsigned skip, const struct zs_err *err)
{
	int32_t wanted = kit->now.check->outcome;
	int64_t now = zs_clock_system()->wall_ms(zs_clock_system()) / 1000;
	char text[512];

	if (!is_outcome(wanted, skip, err))
		return zs_kit_fail(kit, NULL, "with the fault at request %u the %s ends with %s", skip + 1,
				   op == ZS_CHANGE_ADD ? "addition" : "removal", err->code ? zs_kit_err_text(err, text) : "success");
	if (wanted == ZS_E_PROVIDER_RATE && err->code && err->retry_at < now + LONG_WAIT_S)
		return zs_kit_fail(kit, NULL, "the result does not say when to come back (retry_after_ms)");
	return true;
}

/* What failed can be repeated, and then it is done once. */
static bool repeat(struct zs_kit *kit, uint32_t op, struct zs_kit_spot *spot)
{
	struct zs_kit_change change = { .op = op, .spot = spot };

	for (unsigned i = 0; i < REPEATS; i++) {
		if (!zs_kit_try(zs_kit_host(kit, 0), op, spot, 0, &change.err))
			return false;
		if (!change.err.code)
			break;
	}
	return judge_change(kit, &change) && zs_kit_see(kit);
}

/* A plugin may remember what it is told once and what only it can change: that the service has
 * asked for an hour's patience, or which of the few values at a name are its own. */
static bool forget(struct zs_kit *kit)
{
	struct zs_kit_host *host = zs_kit_host(kit, 0);

	return host && zs_kit_close(host);
}

bool zs_kit_prepare(struct zs_kit *kit, uint32_t op, struct zs_kit_spot *spot)
{
	/* where values are few a repeated request may push one out */
	bool few = kit->plugin.max_values != 0;

	return zs_kit_reset(kit) && (!few || forget(kit)) && (few || zs_kit_foreign(kit, spot, ZS_KIT_FOREIGN, true)) &&
	       (op == ZS_CHANGE_ADD || zs_kit_add(kit, spot, 0));
}

static bool meet_once(struct zs_kit *kit, uint32_t op, unsigned skip)
{
	const struct zs_kit_check *check = kit->now.check;
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	struct zs_err err;

	if (!spot || !zs_kit_prepare(kit, op, spot) || !zs_kit_order(kit, &check->fault, skip) ||
	    !zs_kit_try(zs_kit_host(kit, 0), op, spot, 0, &err) || !judge_outcome(kit, op, skip, &err) || !zs_kit_see(kit))
		return false;
	if (!err.code)
		return true;
	/* one that strikes for ever is over when the service begins anew */
	if (check->fault.n > 1 && (!forget(kit) || !zs_kit_prepare(kit, op, spot)))
		return false;
	return repeat(kit, op, spot);
}

static bool meet_in(struct zs_kit *kit, uint32_t op)
{
	/* what a service says of a look, and what of the removal behind it, are two things to be honest about */
	uint32_t positions = kit->now.check->positions | (op == ZS_CHANGE_REMOVE ? ZS_KIT_AT_EACH : 0);
	unsigned cost = 0, last = 0;

	if (!zs_kit_count(kit, op, &cost))
		return false;
	last = cost ? cost - 1 : 0;
	for (unsigned k = 0; k < cost && k < POSITIONS_MAX; k++) {
		bool wanted = positions & ZS_KIT_AT_EACH || (positions & ZS_KIT_AT_FIRST && k == 0);
		if (wanted && !meet_once(kit, op, k))
			return false;
	}
	bool met = positions & ZS_KIT_AT_EACH ? last < POSITIONS_MAX : positions & ZS_KIT_AT_FIRST && last == 0;
	if (!cost || !(positions & ZS_KIT_AT_LAST) || met)
		return true;
	return meet_once(kit, op, last);
}

void zs_kit_meet(struct zs_kit *kit)
{
	uint32_t positions = kit->now.check->positions;

	if (positions & ZS_KIT_IN_ADD && !meet_in(kit, ZS_CHANGE_ADD))
		return;
	if (positions & ZS_KIT_IN_REMOVE && !(kit->plugin.flags & ZS_PROVIDER_NO_REMOVE))
		(void)meet_in(kit, ZS_CHANGE_REMOVE);
}
