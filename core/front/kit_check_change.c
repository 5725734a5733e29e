/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of what apply does, as far as a script does not say it: many names,
 * odd names, zones, results of one call that differ.
 */
#include <stdio.h>
#include <string.h>

#include "front/kit_checks.h"

enum { BATCH_NAMES = 64, LABEL = 63, LONGEST = 253, PARTS = 4, POSITIONS_MAX = 8, TTL = 60, SNAPSHOT = 4 * 1024 * 1024 };

static bool judge_all(struct zs_kit *kit, const struct zs_kit_change *changes, uint32_t n)
{
	char text[512];

	for (uint32_t i = 0; i < n; i++)
		if (changes[i].err.code)
			return zs_kit_fail(kit, NULL, "%s a value at %s, change %u of %u, fails: %s",
					   changes[i].op == ZS_CHANGE_ADD ? "adding" : "removing", changes[i].spot->name.text, i + 1,
					   n, zs_kit_err_text(&changes[i].err, text));
	return true;
}

/* ---- many names ---- */

static bool change_batch(struct zs_kit *kit, uint32_t op)
{
	struct zs_kit_change changes[BATCH_NAMES];
	struct zs_kit_host *host = zs_kit_host(kit, 0);

	for (unsigned i = 0; i < BATCH_NAMES; i++) {
		changes[i] = (struct zs_kit_change){ .op = op, .spot = zs_kit_spot(kit, i), .value = i % ZS_KIT_OURS, .ttl = TTL };
		if (!changes[i].spot)
			return false;
	}
	return host && zs_kit_apply(host, changes, BATCH_NAMES) && judge_all(kit, changes, BATCH_NAMES) && zs_kit_see(kit);
}

void zs_kit_check_batch(struct zs_kit *kit)
{
	if (change_batch(kit, ZS_CHANGE_ADD))
		(void)change_batch(kit, ZS_CHANGE_REMOVE);
}

/* ---- odd names ---- */

static bool add_and_remove(struct zs_kit *kit, struct zs_kit_spot *spot)
{
	return spot && zs_kit_add(kit, spot, 0) && zs_kit_see(kit) && zs_kit_remove(kit, spot, 0) && zs_kit_see(kit);
}

/* "_acme-challenge.k12345xxx.xxx...ZONE" of exactly 253 octets. */
static bool make_long(const struct zs_kit *kit, char dst[static LONGEST + 1])
{
	int used = snprintf(dst, LONGEST + 1, "_acme-challenge.%s", kit->session);
	size_t zone = kit->spec.zone.len, at = (size_t)used, label = strlen(kit->session);

	if (at + 2 + zone > LONGEST)
		return false;
	while (at < LONGEST - 1 - zone) {
		size_t left = LONGEST - 1 - zone - at;
		/* no dot at the end, and none in front of the zone's own */
		if (label == LABEL || (label == LABEL - 1 && left == 2)) {
			dst[at++] = '.';
			label = 0;
		} else {
			dst[at++] = 'x';
			label++;
		}
	}
	snprintf(dst + at, LONGEST + 1 - at, ".%s", kit->spec.zone.text);
	return true;
}

void zs_kit_check_long_name(struct zs_kit *kit)
{
	char name[LONGEST + 1];

	if (!make_long(kit, name))
		zs_kit_skip(kit, "the zone's name is too long for it");
	else
		(void)add_and_remove(kit, zs_kit_spot_at(kit, kit->spec.zone.text, name));
}

void zs_kit_check_idn(struct zs_kit *kit)
{
	char name[600];

	snprintf(name, sizeof(name), "_acme-challenge.xn--bcher-kva.xn--fiqs8s.%s.%s", kit->session, kit->spec.zone.text);
	(void)add_and_remove(kit, zs_kit_spot_at(kit, kit->spec.zone.text, name));
}

void zs_kit_check_plain_name(struct zs_kit *kit)
{
	char name[600];
	struct zs_kit_spot *apex;
	bool derived = kit->limits[ZS_KIT_LIMIT_DERIVED];

	snprintf(name, sizeof(name), "plain.%s.%s", kit->session, kit->spec.zone.text);
	if (!derived && !add_and_remove(kit, zs_kit_spot_at(kit, kit->spec.zone.text, name)))
		return;
	snprintf(name, sizeof(name), "_acme-challenge.%s", kit->spec.zone.text);
	apex = zs_kit_spot_at(kit, kit->spec.zone.text, name);
	if (!apex)
		return;
	/* somebody may be about to get a certificate for the zone's own name */
	apex->strangers = true;
	if (add_and_remove(kit, apex) && derived)
		zs_kit_skip(kit, "the other side puts _acme-challenge before a domain by itself (limit derived), so there is no "
				 "other name; that of the zone itself works");
}

void zs_kit_check_ttl(struct zs_kit *kit)
{
	static const uint32_t ttls[] = { 0, 1, 60, 86400, INT32_MAX };
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);

	for (size_t i = 0; i < ZS_COUNT(ttls) && spot && zs_kit_good(kit); i++) {
		struct zs_kit_change change = { .op = ZS_CHANGE_ADD, .spot = spot, .value = 0, .ttl = ttls[i] };
		struct zs_kit_host *host = zs_kit_host(kit, 0);
		char text[512];

		if (!host || !zs_kit_apply(host, &change, 1))
			return;
		if (change.err.code)
			zs_kit_fail(kit, NULL, "with a time to live of %u s: %s", ttls[i], zs_kit_err_text(&change.err, text));
		else
			(void)(zs_kit_see(kit) && zs_kit_remove(kit, spot, 0));
	}
}

void zs_kit_check_later_process(struct zs_kit *kit)
{
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	struct zs_kit_host *host = zs_kit_host(kit, 0);

	if (spot && host && zs_kit_add(kit, spot, 0) && zs_kit_close(host) && zs_kit_remove(kit, spot, 0))
		(void)zs_kit_see(kit);
}

/* ---- zones ---- */

void zs_kit_check_zone_unknown(struct zs_kit *kit)
{
	char zone[60], name[100], text[512];
	struct zs_err err;

	snprintf(zone, sizeof(zone), "unknown.%s.invalid", kit->session);
	snprintf(name, sizeof(name), "_acme-challenge.%s", zone);
	struct zs_kit_spot *spot = zs_kit_spot_at(kit, zone, name);
	if (!spot || !zs_kit_try(zs_kit_host(kit, 0), ZS_CHANGE_ADD, spot, 0, &err))
		return;
	spot->ours = spot->maybe = 0;
	/* where no reason is told it must fail all the same, and not by the plugin's own fault */
	bool told = kit->limits[ZS_KIT_LIMIT_REASONS];
	if (told ? err.code != ZS_E_PROVIDER_ZONE : !err.code || err.code == ZS_E_PLUGIN)
		zs_kit_fail(kit, NULL, "adding a value in %s ends with %s", zone,
			    err.code ? zs_kit_err_text(&err, text) : "success");
	else if (zs_kit_see(kit) && !told)
		zs_kit_skip(kit, "the other side does not say why something failed (limit reasons); it does fail");
}

static bool change_account(struct zs_kit *kit, const char *verb, const char *zone)
{
	char command[600];
	struct zs_err err;
	int rc;

	snprintf(command, sizeof(command), "zone %s %s", verb, zone);
	rc = zs_kit_sim_ask(kit->sim, command, NULL, NULL, &err);
	if (rc < 0)
		return zs_kit_broken(kit, &err);
	return rc > 0 || zs_kit_skip(kit, "the simulation has one zone only");
}

static bool make_child(struct zs_kit *kit, char zone[static 400], char name[static 500])
{
	snprintf(zone, 400, "child-%s.%s", kit->session, kit->spec.zone.text);
	snprintf(name, 500, "_acme-challenge.www.%s", zone);
	return change_account(kit, "add", zone);
}

void zs_kit_check_zone_child(struct zs_kit *kit)
{
	char zone[400], name[500];

	if (make_child(kit, zone, name))
		(void)add_and_remove(kit, zs_kit_spot_at(kit, zone, name));
}

void zs_kit_check_zone_parent(struct zs_kit *kit)
{
	char zone[400], name[500], text[512];
	struct zs_err err;

	if (!make_child(kit, zone, name))
		return;
	struct zs_kit_spot *spot = zs_kit_spot_at(kit, kit->spec.zone.text, name);
	if (!spot || !zs_kit_try(zs_kit_host(kit, 0), ZS_CHANGE_ADD, spot, 0, &err))
		return;
	if (err.code)
		spot->maybe = 0;
	if (err.code && err.code != ZS_E_PROVIDER_ZONE)
		zs_kit_fail(kit, NULL, "it ends with %s", zs_kit_err_text(&err, text));
	else if (err.code && !strstr(err.hint, zone))
		zs_kit_fail(kit, NULL, "ZSP_NOT_FOUND does not name the zone %s (host->zone)", zone);
	else
		(void)zs_kit_see(kit);
}

/* ---- results that differ ---- */

static bool fill_parts(struct zs_kit *kit, uint32_t op, struct zs_kit_change changes[static PARTS])
{
	for (unsigned i = 0; i < PARTS; i++) {
		changes[i] = (struct zs_kit_change){ .op = op, .spot = zs_kit_spot(kit, i), .value = i, .ttl = TTL };
		if (!changes[i].spot)
			return false;
	}
	return true;
}

static bool send_parts(struct zs_kit *kit, uint32_t op, struct zs_kit_change changes[static PARTS])
{
	struct zs_kit_host *host = zs_kit_host(kit, 0);

	return host && fill_parts(kit, op, changes) && zs_kit_apply(host, changes, PARTS);
}

/* Requests of one call with all changes, in a host that has done this before. */
static bool count_parts(struct zs_kit *kit, unsigned *ret)
{
	struct zs_kit_change changes[PARTS];
	unsigned before = 0, after = 0;

	for (int i = 0; i < 2; i++) {
		if (!zs_kit_requests(kit, &before) || !send_parts(kit, ZS_CHANGE_ADD, changes) || !judge_all(kit, changes, PARTS) ||
		    !zs_kit_requests(kit, &after) || !send_parts(kit, ZS_CHANGE_REMOVE, changes) || !judge_all(kit, changes, PARTS))
			return false;
	}
	*ret = after - before;
	return true;
}

static bool refuse_one(struct zs_kit *kit, unsigned skip)
{
	struct zs_kit_change changes[PARTS], rest[PARTS];
	struct zs_kit_host *host = zs_kit_host(kit, 0);
	uint32_t n = 0;

	if (!host || !zs_kit_reset(kit) || !zs_kit_order(kit, &kit->now.check->fault, skip) ||
	    !send_parts(kit, ZS_CHANGE_ADD, changes) || !zs_kit_see(kit))
		return false;
	for (unsigned i = 0; i < PARTS; i++)
		if (changes[i].err.code)
			rest[n++] = changes[i];
	return (!n || (zs_kit_apply(host, rest, n) && judge_all(kit, rest, n) && zs_kit_see(kit))) &&
	       send_parts(kit, ZS_CHANGE_REMOVE, changes) && judge_all(kit, changes, PARTS) && zs_kit_see(kit);
}

void zs_kit_check_partial(struct zs_kit *kit)
{
	unsigned cost = 0;

	if (!count_parts(kit, &cost))
		return;
	for (unsigned k = 0; k < cost && k < POSITIONS_MAX; k++)
		if (!refuse_one(kit, k))
			return;
}

/* ---- the end ---- */

static bool use_zone(struct zs_kit *kit)
{
	struct zs_kit_spot *spots[PARTS];

	for (unsigned i = 0; i < PARTS; i++) {
		spots[i] = zs_kit_spot(kit, i);
		if (!spots[i] || (i % 2 && !zs_kit_foreign(kit, spots[i], ZS_KIT_FOREIGN, true)))
			return false;
	}
	for (unsigned i = 0; i < PARTS; i++)
		if (!zs_kit_add(kit, spots[i], i) || !zs_kit_add(kit, spots[i], i + PARTS))
			return false;
	for (unsigned i = 0; i < PARTS; i++)
		if (!zs_kit_remove(kit, spots[i], i + PARTS) || !zs_kit_remove(kit, spots[i], i))
			return false;
	if (!zs_kit_see(kit))
		return false;
	for (unsigned i = 1; i < PARTS; i += 2)
		if (!zs_kit_foreign(kit, spots[i], ZS_KIT_FOREIGN, false))
			return false;
	return zs_kit_see(kit);
}

void zs_kit_check_nothing_left(struct zs_kit *kit)
{
	struct zs_buf before = ZS_BUF(SNAPSHOT), after = ZS_BUF(SNAPSHOT);

	if (zs_kit_snapshot(kit, &before) && use_zone(kit) && zs_kit_snapshot(kit, &after) &&
	    !zs_slice_eq(zs_buf_slice(&before), zs_buf_slice(&after)))
		zs_kit_fail(kit, NULL, "there are other records than before");
	zs_buf_done(&before);
	zs_buf_done(&after);
}
