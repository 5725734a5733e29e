/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See zones.h.  The service lists zones by name and begins at the one asked for,
 * whether there is one of that name or not.  Several zones may have one name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zoneseal/name.h>

#include "zones.h"
#include "zones_api.h"

enum { MAX_CANDIDATES = 16, MAX_LABELS = 16 };

struct candidates {
	struct zsp_str name;
	char ids[MAX_CANDIDATES][ZONE_ID_ROOM];
	uint32_t n;
	uint32_t others; /* private where public ones are wanted, or the other way round */
	int32_t is_private; /* wanted */
};

/* ---- the option zone-id ---------------------------------------------------------------------------- */

int32_t zones_parse_ids(struct zsp_str text, char ids[MAX_ZONE_IDS][ZONE_ID_ROOM])
{
	int32_t n = 0;

	while (text.n) {
		struct zsp_str id = zsp_str_trim(zsp_str_cut(&text, ','));

		if (n == MAX_ZONE_IDS || !zones_id_read(id, ids[n++]))
			return -1;
	}
	return n;
}

int32_t zones_init(struct zones *zones, struct api *api, const struct settings *settings)
{
	struct zsp_str text = settings_text(settings, OPT_ZONE_ID);
	int32_t n;

	*zones = (struct zones){ .api = api, .settings = settings };
	n = zones_parse_ids(text, zones->ids);
	if (n < 0)
		return zsp_failf(api->host, ZSP_CONFIG, 0,
			"option zone-id: not an id such as Z1D633PJN98FT9, or more than %d of them", MAX_ZONE_IDS);
	zones->nids = (uint32_t)n;
	return ZSP_OK;
}

/* ---- what is known --------------------------------------------------------------------------------- */

static const char *recall(const struct zones *zones, struct zsp_str name)
{
	for (uint32_t i = 0; i < zones->nknown; i++)
		if (zsp_str_is(name, zones->known[i].name))
			return zones->known[i].id;
	return NULL;
}

/* When the table is full the oldest half goes. */
static const char *remember(struct zones *zones, struct zsp_str name, const char *id)
{
	struct hosted_zone *new;

	if (zones->nknown == MAX_KNOWN_ZONES) {
		zones->nknown = MAX_KNOWN_ZONES / 2;
		memmove(zones->known, zones->known + MAX_KNOWN_ZONES / 2, sizeof(zones->known) / 2);
	}
	new = &zones->known[zones->nknown++];
	(void)snprintf(new->name, sizeof(new->name), "%.*s", (int)name.n, name.p);
	(void)snprintf(new->id, sizeof(new->id), "%s", id);
	return new->id;
}

void zones_forget(struct zones *zones)
{
	zones->nknown = 0;
}

/* The zones of the option zone-id, by asking each for its first record set. */
static int32_t learn_ids(struct zones *zones)
{
	while (zones->nknown < zones->nids) {
		char name[NAME_ROOM];
		const char *id = zones->ids[zones->nknown];
		int32_t class = zones_api_apex(zones->api, id, name);

		if (class == ZSP_NOT_FOUND)
			return api_failf(zones->api, ZSP_CONFIG, "option zone-id: the account has no hosted zone %s", id);
		if (class != ZSP_OK)
			return class;
		(void)remember(zones, zsp_strz(name), id);
	}
	return ZSP_OK;
}

/* ---- looking --------------------------------------------------------------------------------------- */

static int32_t take_candidate(void *user, const struct listed_zone *zone)
{
	struct candidates *c = user;

	if (!zsp_str_is(c->name, zone->name))
		return 0;
	if (zone->is_private != c->is_private) {
		c->others++;
		return 1;
	}
	for (uint32_t i = 0; i < c->n; i++)
		if (zsp_str_is(zsp_strz(c->ids[i]), zone->id))
			return 1;
	if (c->n < MAX_CANDIDATES)
		memcpy(c->ids[c->n++], zone->id, ZONE_ID_ROOM);
	return 1;
}

static int32_t find_candidates(struct zones *zones, struct zsp_str name, struct candidates *ret)
{
	*ret = (struct candidates){ .name = name,
		.is_private = settings_number(zones->settings, OPT_PRIVATE_ZONE) != 0 };
	return zones_api_list(zones->api, name, take_candidate, ret);
}

/* Keeps those that have the delegation set of the option. */
static int32_t filter(struct zones *zones, struct candidates *c)
{
	struct zsp_str wanted = settings_text(zones->settings, OPT_DELEGATION_SET_ID);
	uint32_t kept = 0;

	for (uint32_t i = 0; wanted.n && i < c->n; i++) {
		struct delegation delegation;
		int32_t class = zones_api_delegation(zones->api, c->ids[i], &delegation);

		if (class != ZSP_OK)
			return class;
		if (zsp_str_is(wanted, delegation.id))
			memmove(c->ids[kept++], c->ids[i], ZONE_ID_ROOM);
	}
	if (wanted.n && c->n && !kept)
		return api_failf(zones->api, ZSP_CONFIG, "option delegation-set-id: none of the %u hosted zones %.*s has it", c->n,
			(int)c->name.n, c->name.p);
	c->n = wanted.n ? kept : c->n;
	return ZSP_OK;
}

static void add_servers(const struct api *api, const char *servers, struct zsp_text *dst)
{
	zsp_text_addz(dst, " at ");
	zsp_http_said(api->http, zsp_strz(servers), dst);
}

/* Only one of them is the one that the parent delegates to; a person can tell by its servers. */
static int32_t ambiguous(struct zones *zones, const struct candidates *c)
{
	struct zsp_text list = ZSP_TEXT(ZSP_MAX_TEXT);

	for (uint32_t i = 0; i < c->n; i++) {
		struct delegation delegation;

		zsp_text_addf(&list, "%s%s", i ? "; " : "", c->ids[i]);
		if (zones_api_delegation(zones->api, c->ids[i], &delegation) == ZSP_OK && delegation.servers[0])
			add_servers(zones->api, delegation.servers, &list);
	}
	(void)api_failf(zones->api, ZSP_CONFIG,
		"the account has %u %s hosted zones %.*s: set zone-id to the one whose name servers the parent zone has, or "
		"delegation-set-id: %.600s",
		c->n, c->is_private ? "private" : "public", (int)c->name.n, c->name.p,
		zsp_text_str(&list).p);
	zsp_text_done(&list);
	return ZSP_CONFIG;
}

/* The deepest name from this one upwards that is a zone of the account.  ZSP_OK with n 0 of
 * *ret where there is none. */
static int32_t find_above(struct zones *zones, struct zsp_str name, struct zsp_str *ret)
{
	struct candidates c;
	int32_t class;

	*ret = (struct zsp_str){ "", 0 };
	for (int i = 0; name.n && i < MAX_LABELS; i++, name = zsp_name_parent(name)) {
		class = find_candidates(zones, name, &c);
		if (class != ZSP_OK || c.n) {
			*ret = c.n ? name : *ret;
			return class;
		}
	}
	return ZSP_OK;
}

static int32_t not_found(struct zones *zones, struct zsp_str zone, const struct candidates *c)
{
	const struct zsp_host *host = zones->api->host;
	const char *kind = c->is_private ? "private" : "public";
	struct zsp_str above = { "", 0 };

	if (find_above(zones, zsp_name_parent(zone), &above) == ZSP_OK && above.n)
		(void)host->zone(host, above.p, above.n);
	if (c->others)
		return api_failf(zones->api, ZSP_NOT_FOUND, "the account has %.*s as a %s hosted zone only (option private-zone)",
			(int)zone.n, zone.p, c->is_private ? "public" : "private");
	if (above.n)
		return api_failf(zones->api, ZSP_NOT_FOUND, "the account has no %s hosted zone %.*s, but %.*s", kind, (int)zone.n,
			zone.p, (int)above.n, above.p);
	return api_failf(zones->api, ZSP_NOT_FOUND,
		"the account has no %s hosted zone %.*s, and none above it: are these the credentials of its account?",
		kind, (int)zone.n, zone.p);
}

static int32_t find_listed(struct zones *zones, struct zsp_str zone, const char **ret_id)
{
	struct candidates c;
	int32_t class = find_candidates(zones, zone, &c);

	if (class == ZSP_OK)
		class = filter(zones, &c);
	if (class != ZSP_OK)
		return class;
	if (!c.n)
		return not_found(zones, zone, &c);
	if (c.n > 1)
		return ambiguous(zones, &c);
	*ret_id = remember(zones, zone, c.ids[0]);
	return ZSP_OK;
}

static int32_t find_configured(struct zones *zones, struct zsp_str zone, const char **ret_id)
{
	const struct zsp_host *host = zones->api->host;
	int32_t class = learn_ids(zones);

	if (class != ZSP_OK)
		return class;
	*ret_id = recall(zones, zone);
	if (*ret_id)
		return ZSP_OK;
	for (uint32_t i = 0; i < zones->nknown; i++)
		if (zsp_name_in(zone, zsp_strz(zones->known[i].name)))
			(void)host->zone(host, zones->known[i].name, strlen(zones->known[i].name));
	return api_failf(zones->api, ZSP_NOT_FOUND,
		"no hosted zone of the option zone-id is %.*s; the first one, %s, is %s", (int)zone.n, zone.p,
		zones->known[0].id, zones->known[0].name);
}

int32_t zones_find(struct zones *zones, struct zsp_str zone, const char **ret_id)
{
	if (zones->nids)
		return find_configured(zones, zone, ret_id);
	*ret_id = recall(zones, zone);
	return *ret_id ? ZSP_OK : find_listed(zones, zone, ret_id);
}

/* ---- showing --------------------------------------------------------------------------------------- */

struct shown {
	struct zones *zones;
	char last[NAME_ROOM];
	int32_t is_private;
};

/* Zones of one name stand side by side. */
static int32_t show(void *user, const struct listed_zone *zone)
{
	struct shown *s = user;
	const struct zsp_host *host = s->zones->api->host;

	if (zone->is_private != s->is_private || zsp_str_is(zsp_strz(s->last), zone->name))
		return 1;
	memcpy(s->last, zone->name, sizeof(s->last));
	return host->zone(host, zone->name, strlen(zone->name)) == 0;
}

static int32_t show_configured(struct zones *zones, struct zsp_str name)
{
	const struct zsp_host *host = zones->api->host;
	const char *best = NULL;
	int32_t class = learn_ids(zones);

	for (uint32_t i = 0; class == ZSP_OK && i < zones->nknown; i++) {
		const char *known = zones->known[i].name;

		if (!name.n)
			(void)host->zone(host, known, strlen(known));
		else if (zsp_name_in(name, zsp_strz(known)) && (!best || strlen(known) > strlen(best)))
			best = known;
	}
	if (best)
		(void)host->zone(host, best, strlen(best));
	return class;
}

int32_t zones_show(struct zones *zones, struct zsp_str name)
{
	struct shown all = { .zones = zones, .is_private = settings_number(zones->settings, OPT_PRIVATE_ZONE) != 0 };
	struct zsp_str found;
	int32_t class;

	if (zones->nids)
		return show_configured(zones, name);
	if (!name.n)
		return zones_api_list(zones->api, name, show, &all);
	class = find_above(zones, name, &found);
	if (class == ZSP_OK && found.n)
		(void)zones->api->host->zone(zones->api->host, found.p, found.n);
	return class;
}
