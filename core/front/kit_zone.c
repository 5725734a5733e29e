/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and values of the kit, and what is seen of them: by the simulation's
 * records, or by DNS through the probe.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "front/kit_state.h"

enum {
	LOOK_MS = 30 * 1000,		/* until a live zone shows a change */
	SLACK_MS = 1000,		/* behind the lag that a simulation says */
	PAUSE_LIVE_MS = 250,
	PAUSE_MS = 20,
	READ_MS = 10 * 1000,
	COMMAND = 8 * 1024,
	SNAPSHOT = 4 * 1024 * 1024
};

/* ---- values ---- */

/* Tokens, and the values that come of them with this thumbprint (RFC 8555 8.1, 8.4); a test
 * computes them again. Number 2 begins with '-', number 3 with '_'. */
#define THUMBPRINT "4RYMi8_jbieAt0wzbaavEbF-5ZZRvnYdT9vVUXLqruI"
#define VALUE(token, value) { token, token "." THUMBPRINT, value }

static const struct {
	const char *token, *key_authorization, *value;
} values[ZS_KIT_VALUES] = {
	VALUE("WYXhdSx8psrlbV0e8thBKyiwdo5x0nHcLulVpE6ZRZo", "lDv2IuxoZbUkR82aWr857AxnTJGqpbYb_riO1wqoASk"),
	VALUE("AJA7NbM9yA2QWOU76m2TrMpZ4tvYHk3UejRkIsUXKfI", "mWX4ut2KPld1TBVkSobcuc6yLFY_74cDjHXfqpXvyZk"),
	VALUE("g84w13skpE2G0K2pXIWnQrerHGkewOg5c_VlTWG2d2Y", "-T1W10XIEfmwoHZxOtRftKRZaF7YpTI7OVnt7mI3Jqg"),
	VALUE("LwOBiJ2DnlQ39MmEB3ASAlaZqJz2MCoE7vcG9Sf1_xE", "_GeGdl7ZmVU22BW6ckB04cyTF2oDCSVIfuYbWelktP8"),
	VALUE("4Qh1RlWagIaBXz1V7uohwFO95SafdKgSn3lqWwafwPY", "XpFF6iHAkByxHb_TLMDU3F2FvARwkYTPDV3h0501AgQ"),
	VALUE("2nGNpShhyAYi4FsrzGlJXSpTe6x0Ny0aJtyXpL_8gFw", "u8C2AOXajjq7rPt-fI08iePvcpscQsaF5S54mj3vQN0"),
	VALUE("LGpaC53WGhKuph0VhsaxIx1Ct3Fg5NUtjq979v-xn08", "lg59Iuu8sm8TDTS_qC6ZxfGxQdZrUw5mrriZrWLQaSA"),
	VALUE("7i1LTJT8uZ2Ug5gW0OxD3uCkNUQyjCLMwehF2xhzQUo", "f-8frpWLAHpSTpbnahs9dUBhOvidmyaO9Rn33_YpveQ"),
	VALUE("ZLiFBQGRNxXrXlNRsNh4WYTN57awPy_Gqit9_HvSvqc", "Y9_H_MXrkzVqnzSfq2tv8-RjxYj2U17sJW2acYTy73M"),
	VALUE("EwA4wqlGOGmTt-_WliH9fi_40kMdXaVdXMQvXyoLtoE", "4hU3YZpoxIIYwqFc3KZO9jCMDcIg4MPbRpV1HSLcZpQ"),
	VALUE("ZvS1HuPFtXBDI-JNxksVBlcyVbuhQ3OuukgGr-nINbY", "dOdAsvk9aGaHChf9tejJ2FjYh243TLdq3NVkyQ4e7YM"),
	VALUE("OlcOXKl64OYdVnhINjdDJiZ87s0okmecKla-am83Mtk", "7VCNQnlpVRNPZJCD7hsAkm8zc9QIi63xhL7IyW-WnEg"),
	VALUE("S6zA_qvwEpJm4oLx0srJZJ1I0UnKzNiD6lqbCJiPMV8", "Mnx4gZcTrxJy_cvMc49eEbi6hXBMaRrO37qSCqSgaOg"),
	VALUE("m8j-olMtw8paHUGaafEkE9HzsHfhUEVvwPZxnE-Y60c", "cXCz1Gr9Y4anoWldD7YeMEc1U1sSCB3jZpsHDnurdQQ"),
	VALUE("h3laQwslW9ScMElxVYv4wx61SNKTIgVvCLjoeKEwYUo", "PnnCw1gJu1Ie036skPF9B38F1tBcWT5nIYhf2jNpRg0"),
	VALUE("E3EIYQ773pH5xP5xWf7glJxoJan1uWqIBNQaGoemT04", "W9szwGu8eDT5Rl9bgDYvEfoBaOhLDKl8i84vOAY4ZF4"),
	/* of others: two that a second process with the same plugin can write, and two that no client for
	 * this challenge writes */
	VALUE("GUkI86WvIS6bKQOf08EJi9E7FltRpnEq4KIrp5IC5oQ", "H31w-NIlEl9Xnq8gBWJtbYASmUoIzxtPJEjmUi0YWXo"),
	VALUE("9pnzOSHiJpPteAaruoN4jWEOF2d-mH9O6sNmvfEiNRg", "94H4mu6XpFnYAWyuXrq2xmMC23IzYkmZ4b80DvV219w"),
	{ "", "", "v=spf1 include:_spf.example.net -all" },
	{ "", "", "a \"quoted\" text; with \\ and %41, 'marks' and = at its end =" },
};

struct zs_slice zs_kit_value(unsigned value)
{
	return zs_slice_str(values[value].value);
}

void zs_kit_value_context(unsigned value, struct zs_slice *ret_token, struct zs_slice *ret_key_authorization)
{
	*ret_token = zs_slice_str(values[value].token);
	*ret_key_authorization = zs_slice_str(values[value].key_authorization);
}

/* ---- spots ---- */

void zs_kit_forget_spots(struct zs_kit *kit)
{
	kit->nspots = 0;
	for (size_t i = 0; i < kit->hosts.n; i++)
		kit->hosts.items[i]->granted = 0;
}

static struct zs_kit_spot *add_spot(struct zs_kit *kit, const struct zs_name *zone, const struct zs_name *name)
{
	struct zs_kit_spot *spot = kit->nspots < ZS_KIT_SPOTS ? &kit->spots[kit->nspots] : NULL;

	if (!spot) {
		zs_kit_skip(kit, "more than %d names in one check", ZS_KIT_SPOTS);
		return NULL;
	}
	kit->nspots++;
	*spot = (struct zs_kit_spot){ .zone = *zone, .name = *name, .identifier = *name };
	if (zs_slice_starts(zs_slice_str(name->text), "_acme-challenge."))
		(void)zs_name_parent(name, &spot->identifier);
	return spot;
}

static struct zs_kit_spot *find_spot(struct zs_kit *kit, const struct zs_name *zone, const struct zs_name *name)
{
	for (size_t i = 0; i < kit->nspots; i++)
		if (zs_name_eq(&kit->spots[i].name, name) && (!zone || zs_name_eq(&kit->spots[i].zone, zone)))
			return &kit->spots[i];
	return NULL;
}

struct zs_kit_spot *zs_kit_spot_at(struct zs_kit *kit, const char *zone_text, const char *text)
{
	struct zs_name zone, name;
	const char *why = "it is not in the zone";

	if (!zs_name_parse(zs_slice_str(zone_text), ZS_NAME_OWNER, &zone, &why) ||
	    !zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &name, &why) || !zs_name_is_in(&name, &zone)) {
		zs_kit_skip(kit, "the name %s cannot be made: %s", text, why);
		return NULL;
	}
	struct zs_kit_spot *spot = find_spot(kit, &zone, &name);
	return spot ? spot : add_spot(kit, &zone, &name);
}

struct zs_kit_spot *zs_kit_spot(struct zs_kit *kit, unsigned i)
{
	char text[600];

	if (kit->nfixed && i >= kit->nfixed) {
		zs_kit_skip(kit, "it takes %u names, and the simulation has %zu", i + 1, kit->nfixed);
		return NULL;
	}
	if (kit->nfixed)
		return zs_kit_spot_at(kit, kit->spec.zone.text, kit->fixed[i].text);
	snprintf(text, sizeof(text), "_acme-challenge.w%u.%s.%s", i, kit->session, kit->spec.zone.text);
	return zs_kit_spot_at(kit, kit->spec.zone.text, text);
}

/* ---- looking ---- */

static void forget_seen(struct zs_kit *kit)
{
	for (size_t i = 0; i < kit->nspots; i++)
		kit->spots[i].seen = kit->spots[i].twice = kit->spots[i].unknown = 0;
}

static void note_value(struct zs_kit_spot *spot, struct zs_slice value)
{
	for (unsigned i = 0; i < ZS_KIT_VALUES; i++) {
		if (!zs_slice_eq(value, zs_kit_value(i)))
			continue;
		spot->twice |= spot->seen & 1u << i;
		spot->seen |= 1u << i;
		return;
	}
	spot->unknown++;
}

static int on_record(const char *word, struct zs_slice name_text, struct zs_slice value, void *user, struct zs_err *err)
{
	struct zs_kit *kit = user;
	struct zs_name name;

	(void)err;
	if (strcmp(word, "record") != 0 || !zs_name_parse(name_text, ZS_NAME_ANY, &name, NULL))
		return -ZS_E_USAGE;
	/* one name may be asked about in two zones: the simulation tells of all zones together */
	for (size_t i = 0; i < kit->nspots; i++)
		if (zs_name_eq(&kit->spots[i].name, &name))
			note_value(&kit->spots[i], value);
	return 0;
}

static bool look_at_simulation(struct zs_kit *kit)
{
	struct zs_err err;

	return zs_kit_sim_ask(kit->sim, "records", on_record, kit, &err) >= 0 || zs_kit_broken(kit, &err);
}

struct reading {
	struct zs_kit *kit;
	struct zs_kit_spot *spot;
	struct zs_err err;
	bool done;
};

static void on_values(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct reading *reading = user;
	const struct zs_msg_probe_values *values_seen = in ? in->body : NULL;

	(void)chan;
	(void)final;
	for (uint32_t i = 0; values_seen && i < values_seen->values.n; i++)
		note_value(reading->spot, values_seen->values.items[i]);
	reading->err = *err;
	reading->done = true;
	zs_loop_stop(reading->kit->loop, 0);
}

static bool look_at_dns(struct zs_kit *kit)
{
	for (size_t i = 0; i < kit->nspots; i++) {
		struct reading reading = { .kit = kit, .spot = &kit->spots[i] };
		const struct zs_msg_probe_read msg = { .zone = kit->spots[i].zone, .name = kit->spots[i].name };
		int rc = kit->probe->chan ? zs_chan_call(kit->probe->chan, ZS_MSG_PROBE_READ, &msg, -1, READ_MS, on_values, &reading, NULL)
					  : -ZS_E_PEER;
		if (rc)
			zs_err_set(&reading.err, ZS_E_PEER, "the probe is gone");
		else if (!zs_kit_wait(kit, &reading.done))
			return false;
		if (reading.err.code)
			kit->look_err = reading.err;
	}
	return true;
}

bool zs_kit_look(struct zs_kit *kit)
{
	forget_seen(kit);
	zs_err_clear(&kit->look_err);
	if (kit->spec.mode == ZS_KIT_BLIND)
		return true;
	return kit->sim ? look_at_simulation(kit) : look_at_dns(kit);
}

/* ---- comparing ---- */

/* What is wrong at a spot, in words; false = nothing. */
static bool describe(const struct zs_kit *kit, const struct zs_kit_spot *spot, char dst[static 400])
{
	static const char *const words[] = {
		"of another client is gone",
		"is missing, though it was reported as added",
		"is there, though it was reported as removed or never added",
		"is there twice",
	};
	/* where values cannot be removed, the same one twice is no harm */
	bool few = kit->plugin.flags & ZS_PROVIDER_NO_REMOVE;
	uint32_t must = spot->ours | spot->foreign, may = must | spot->maybe;
	const uint32_t wrong[] = { spot->foreign & ~spot->seen, spot->ours & ~spot->seen, spot->seen & ~may, few ? 0 : spot->twice };

	for (size_t kind = 0; kind < ZS_COUNT(wrong); kind++) {
		for (unsigned v = 0; v < ZS_KIT_VALUES; v++) {
			if (!(wrong[kind] & 1u << v) || (kind >= 2 && spot->strangers && v >= ZS_KIT_OURS))
				continue;
			snprintf(dst, 400, "at %.150s the value %s %s", spot->name.text, values[v].value, words[kind]);
			return true;
		}
	}
	if (!spot->unknown || spot->strangers)
		return false;
	snprintf(dst, 400, "at %.150s are %u values that nobody put there", spot->name.text, spot->unknown);
	return true;
}

static bool is_as_expected(const struct zs_kit *kit, char dst[static 400])
{
	for (size_t i = 0; i < kit->nspots; i++)
		if (describe(kit, &kit->spots[i], dst))
			return false;
	return true;
}

static uint64_t patience_ms(const struct zs_kit *kit)
{
	uint64_t lag_ms = kit->limits[ZS_KIT_LIMIT_LAG], slow_ms = lag_ms ? lag_ms + SLACK_MS : 0;

	return kit->sim || slow_ms > LOOK_MS ? slow_ms : LOOK_MS;
}

bool zs_kit_see(struct zs_kit *kit)
{
	uint64_t end = zs_kit_now(kit) + patience_ms(kit);
	char what[400] = "";

	if (!zs_kit_good(kit) || kit->spec.mode == ZS_KIT_BLIND)
		return zs_kit_good(kit);
	while (zs_kit_look(kit)) {
		/* name servers that do not answer now may do so later; a plugin is not to blame for them */
		bool blind = kit->look_err.code != 0;
		if (!blind && is_as_expected(kit, what))
			return true;
		if (zs_kit_now(kit) >= end || kit->signo)
			return blind ? zs_kit_broken(kit, &kit->look_err) : zs_kit_fail(kit, NULL, "%s", what);
		if (!zs_kit_sleep(kit, kit->sim ? PAUSE_MS : PAUSE_LIVE_MS))
			return false;
	}
	return false;
}

/* ---- everything at once ---- */

struct snapshot { ZS_VEC(char *) lines; };

static int on_snapshot(const char *word, struct zs_slice name, struct zs_slice value, void *user, struct zs_err *err)
{
	struct snapshot *snapshot = user;
	struct zs_buf line = ZS_BUF(COMMAND);
	char **slot;

	if (strcmp(word, "record") != 0)
		return -ZS_E_USAGE;
	zs_kit_sim_quote(&line, name);
	zs_kit_sim_quote(&line, value);
	slot = zs_vec_push(&snapshot->lines, SNAPSHOT);
	if (slot)
		*slot = line.failed ? NULL : strdup(zs_buf_str(&line));
	zs_buf_done(&line);
	return slot && *slot ? 0 : zs_err_set(err, ZS_E_NOMEM, "no memory for the records of the simulation");
}

static int by_text(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
}

/* Records have no order. */
bool zs_kit_snapshot(struct zs_kit *kit, struct zs_buf *dst)
{
	struct snapshot snapshot = { .lines = { 0 } };
	struct zs_err err;
	bool fine = true;

	zs_buf_clear(dst);
	if (!kit->sim)
		return true;
	if (zs_kit_sim_ask(kit->sim, "records", on_snapshot, &snapshot, &err) < 0)
		fine = zs_kit_broken(kit, &err);
	if (snapshot.lines.n)
		qsort(snapshot.lines.items, snapshot.lines.n, sizeof(char *), by_text);
	for (size_t i = 0; i < snapshot.lines.n; i++) {
		zs_buf_addf(dst, "%s\n", snapshot.lines.items[i] ? snapshot.lines.items[i] : "");
		free(snapshot.lines.items[i]);
	}
	zs_vec_done(&snapshot.lines);
	return fine;
}

/* ---- other clients ---- */

static bool by_simulation(struct zs_kit *kit, const char *verb, const struct zs_kit_spot *spot, unsigned value)
{
	struct zs_buf command = ZS_BUF(COMMAND);
	char name[ZS_MAX_NAME + 1];
	struct zs_err err;
	int rc;

	snprintf(name, sizeof(name), "%s", spot->name.text);
	for (char *c = name; spot->capitals && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	zs_buf_add_str(&command, verb);
	zs_kit_sim_quote(&command, zs_slice_str(name));
	zs_kit_sim_quote(&command, zs_kit_value(value));
	rc = zs_kit_sim_ask(kit->sim, zs_buf_str(&command), NULL, NULL, &err);
	zs_buf_done(&command);
	if (rc == 0)
		rc = zs_err_set(&err, ZS_E_PROVIDER, "the simulation cannot %s a value", verb);
	return rc > 0 || zs_kit_broken(kit, &err);
}

/* In a live zone another process with the same plugin is the other client. */
static bool by_second_host(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned value, bool add)
{
	struct zs_kit_host *host = zs_kit_host(kit, 1);
	struct zs_kit_spot before = *spot;
	bool fine = host && zs_kit_must(host, add ? ZS_CHANGE_ADD : ZS_CHANGE_REMOVE, spot, value);

	spot->ours = before.ours;
	spot->maybe = before.maybe;
	return fine;
}

bool zs_kit_foreign(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned value, bool add)
{
	bool fine = zs_kit_good(kit) && spot;

	if (fine && kit->spec.mode != ZS_KIT_BLIND)
		fine = kit->sim ? by_simulation(kit, add ? "add" : "remove", spot, value) : by_second_host(kit, spot, value, add);
	if (fine)
		spot->foreign = add ? spot->foreign | 1u << value : spot->foreign & ~(1u << value);
	return fine;
}

/* ---- the probe ---- */

static bool set_zone(const struct zs_conf_zone *zone, struct zs_msg_probe_zone *dst, struct zs_arena *arena)
{
	dst->zone = zone->zone;
	dst->servers.items = zs_arena_alloc(arena, (zone->servers.n + 1) * sizeof(struct zs_slice));
	dst->resolvers.items = zs_arena_alloc(arena, (zone->resolvers.n + 1) * sizeof(struct zs_slice));
	if (!dst->servers.items || !dst->resolvers.items)
		return false;
	for (size_t i = 0; i < zone->servers.n; i++)
		dst->servers.items[dst->servers.n++] = zs_slice_str(zone->servers.items[i]);
	for (size_t i = 0; i < zone->resolvers.n; i++)
		dst->resolvers.items[dst->resolvers.n++] = zs_slice_str(zone->resolvers.items[i]);
	return true;
}

static void on_configured(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct reading *reading = user;

	(void)chan;
	(void)in;
	(void)final;
	reading->err = *err;
	reading->done = true;
	zs_loop_stop(reading->kit->loop, 0);
}

/* The zone is seen as a run would see it: by the servers and resolvers of the configuration. */
static bool configure_probe(struct zs_kit *kit, struct zs_arena *arena, struct zs_err *err)
{
	const struct zs_conf *conf = kit->spec.conf;
	struct reading reading = { .kit = kit };
	struct zs_msg_probe_config msg = {
		.resolvers = { zs_arena_alloc(arena, (conf->defaults.resolvers.n + 1) * sizeof(struct zs_slice)), 0 },
		.zones = { zs_arena_alloc(arena, (conf->zones.n + 1) * sizeof(struct zs_msg_probe_zone)), 0 },
	};
	bool fine = msg.resolvers.items && msg.zones.items;

	for (size_t i = 0; fine && i < conf->defaults.resolvers.n; i++)
		msg.resolvers.items[msg.resolvers.n++] = zs_slice_str(conf->defaults.resolvers.items[i]);
	for (size_t i = 0; fine && i < conf->zones.n; i++)
		fine = set_zone(&conf->zones.items[i], &msg.zones.items[msg.zones.n++], arena);
	if (!fine || zs_chan_call(kit->probe->chan, ZS_MSG_PROBE_CONFIG, &msg, -1, READ_MS, on_configured, &reading, NULL))
		zs_err_set(&reading.err, fine ? ZS_E_PEER : ZS_E_NOMEM, "cannot configure the probe");
	else
		(void)zs_kit_wait(kit, &reading.done);
	*err = reading.err;
	return !err->code;
}

bool zs_kit_starts_probe(struct zs_kit *kit, struct zs_err *err)
{
	struct zs_arena arena;
	bool fine;

	kit->probe = zs_super_start(kit->super, ZS_ROLE_PROBE, "", NULL, err);
	if (!kit->probe)
		return false;
	zs_arena_init(&arena, ZS_MAX_MESSAGE);
	fine = configure_probe(kit, &arena, err);
	zs_arena_done(&arena);
	return fine;
}
