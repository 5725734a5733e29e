/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones: from a name to the id that every other request needs.  An id is asked for
 * once in a process.  Which zones there are depends on the token, so "none" may
 * also mean "none that this token may see".
 */
#include "cloudflare.h"

#include <stdlib.h>
#include <string.h>

enum { PER_PAGE = 50, MAX_PAGES = 40, MAX_KNOWN = 1024, HITS = 4, ZONE_PATH = 640 };

/* Active zones of exactly one name. */
struct hits {
	struct zsp_str name;
	int32_t n;
	struct cf_known_zone zone;		/* the first one */
	char ids[HITS][CF_ID + 1];
	char accounts[HITS][CF_ID + 1];
	char status[32];			/* of the first one that is not active */
};

static enum cf_token reader(const struct cf *cf)
{
	return cf->has_zone_token ? CF_TOKEN_ZONE : CF_TOKEN_DNS;
}

/* ---- asking ---------------------------------------------------------------------------- */

/* GET /zones with this query; name n 0 = all. */
static int32_t list(struct cf *cf, enum cf_token token, struct zsp_str name, const char *status,
		    cf_item_fn *fn, void *user)
{
	struct zsp_text path = ZSP_TEXT(ZONE_PATH);
	struct cf_request request = {
		.token = token,
		.method = "GET",
		.what = name.n ? "look up the zone" : "list zones",
		.object = name,
		.need = CF_NEED_ZONE,
	};
	int32_t error_class;

	zsp_text_addf(&path, "/zones?per_page=%d", PER_PAGE);
	if (name.n) {
		zsp_text_addz(&path, "&name=");
		zsp_text_add_escaped(&path, name);
	}
	if (status)
		zsp_text_addf(&path, "&status=%s", status);
	if (*cf->account_id)
		zsp_text_addf(&path, "&account.id=%s", cf->account_id);
	request.path = zsp_text_str(&path);
	error_class = path.failed ? cf_because(&cf->api, ZSP_BUG, "out of memory") :
				    cf_list_all(&cf->api, &request, MAX_PAGES, fn, user);
	zsp_text_done(&path);
	return error_class;
}

static void copy(struct zsp_str from, char *dst, size_t size)
{
	size_t n = from.n < size ? from.n : size - 1;

	memcpy(dst, from.p, n);
	dst[n] = 0;
}

static int32_t is_repeated(const struct hits *hits, const char *id)
{
	for (int32_t i = 0; i < hits->n && i < HITS; i++)
		if (!strcmp(hits->ids[i], id))
			return 1;
	return 0;
}

static void note_hit(struct hits *hits, const struct cf_zone_item *zone, struct zsp_str account)
{
	if (is_repeated(hits, zone->id))
		return;
	if (!hits->n) {
		memcpy(hits->zone.id, zone->id, sizeof(hits->zone.id));
		memcpy(hits->zone.name, zone->name, sizeof(hits->zone.name));
		hits->zone.is_partial = zsp_str_is(zone->type, "partial");
	}
	if (hits->n < HITS) {
		memcpy(hits->ids[hits->n], zone->id, sizeof(hits->ids[0]));
		if (cf_id_ok(account))
			copy(account, hits->accounts[hits->n], sizeof(hits->accounts[0]));
	}
	hits->n++;
}

/* The service is asked for one name, and what it answers is compared all the same. */
static void on_zone(void *user, struct zsp_json item)
{
	struct hits *hits = user;
	struct cf_zone_item zone;

	if (!cf_zone_read(item, &zone) || !zsp_name_equal(zsp_strz(zone.name), hits->name))
		return;
	if (zsp_str_is(zone.status, "active"))
		note_hit(hits, &zone, zsp_json_text(zsp_json_get(item, "account"), "id"));
	else if (!*hits->status)
		copy(zone.status, hits->status, sizeof(hits->status));
}

static int32_t ask(struct cf *cf, struct zsp_str name, const char *status, struct hits *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->name = name;
	return list(cf, reader(cf), name, status, on_zone, ret);
}

/* ---- answers that are none ---------------------------------------------------------------- */

static int32_t ambiguous(struct cf *cf, const struct hits *hits)
{
	struct zsp_text accounts = ZSP_TEXT(HITS * (CF_ID + 2));
	int32_t error_class;

	for (int32_t i = 0; i < hits->n && i < HITS; i++)
		if (*hits->accounts[i])
			zsp_text_addf(&accounts, "%s%s", accounts.n ? ", " : "", hits->accounts[i]);
	error_class = cf_because(&cf->api, ZSP_CONFIG, "%d active zones have the name %.*s (accounts: %s): "
				 "set option account-id or zone-id", hits->n, (int)hits->name.n,
				 hits->name.p, accounts.n ? accounts.p : "not said");
	zsp_text_done(&accounts);
	return error_class;
}

/* A zone that is there but not active: its records are served to nobody. */
static int32_t not_active(struct cf *cf, const struct hits *hits)
{
	struct zsp_text status = ZSP_TEXT(sizeof(hits->status) * 2);
	int32_t error_class;

	zsp_http_said(cf->api.http, zsp_strz(hits->status), &status);
	error_class = cf_because(&cf->api, ZSP_NOT_FOUND, "the zone %.*s is not active but \"%s\": "
				 "Cloudflare serves it once the registrar names Cloudflare's name servers",
				 (int)hits->name.n, hits->name.p, zsp_text_str(&status).p);
	zsp_text_done(&status);
	return error_class;
}

static int32_t is_worth_asking(struct zsp_str name)
{
	return name.n && memchr(name.p, '.', name.n) != NULL;
}

/* Nobody knows the name: perhaps a parent, in which the name is no zone of its own. */
static int32_t missing(struct cf *cf, struct zsp_str zone)
{
	struct hits hits;
	int32_t error_class;

	for (struct zsp_str p = zsp_name_parent(zone); is_worth_asking(p); p = zsp_name_parent(p)) {
		error_class = ask(cf, p, "active", &hits);
		if (error_class != ZSP_OK)
			return error_class;
		if (!hits.n)
			continue;
		cf->host->zone(cf->host, hits.zone.name, strlen(hits.zone.name));
		return cf_because(&cf->api, ZSP_NOT_FOUND, "the account has no zone %.*s, but %s above it",
				  (int)zone.n, zone.p, hits.zone.name);
	}
	return cf_because(&cf->api, ZSP_NOT_FOUND, "no active zone %.*s that the token%s may see%s%s: is it "
			  "at Cloudflare, and does the token include it with " CF_NEED_ZONE "?",
			  (int)zone.n, zone.p, cf->has_zone_token ? " of zone-token" : "",
			  *cf->account_id ? " in account " : "", cf->account_id);
}

static int32_t look_up(struct cf *cf, struct zsp_str zone, struct cf_known_zone *ret)
{
	struct hits hits;
	int32_t error_class = ask(cf, zone, "active", &hits);

	if (error_class != ZSP_OK)
		return error_class;
	if (hits.n > 1)
		return ambiguous(cf, &hits);
	if (hits.n == 1) {
		*ret = hits.zone;
		return ZSP_OK;
	}
	error_class = ask(cf, zone, NULL, &hits);
	if (error_class != ZSP_OK)
		return error_class;
	return *hits.status ? not_active(cf, &hits) : missing(cf, zone);
}

/* ---- memory --------------------------------------------------------------------------------- */

static struct cf_known_zone *known(const struct cf *cf, struct zsp_str zone)
{
	for (size_t i = 0; i < cf->nzones; i++)
		if (zsp_str_is(zone, cf->zones[i].name))
			return &cf->zones[i];
	return NULL;
}

/* Where there is no room, the zone is looked up again another time. */
static void remember(struct cf *cf, const struct cf_known_zone *zone)
{
	struct cf_known_zone *more;

	if (cf->nzones == MAX_KNOWN)
		return;
	more = realloc(cf->zones, (cf->nzones + 1) * sizeof(*more));
	if (!more)
		return;
	cf->zones = more;
	cf->zones[cf->nzones++] = *zone;
}

int32_t cf_zone_forget(struct cf *cf, struct zsp_str zone)
{
	struct cf_known_zone *entry = known(cf, zone);

	if (!entry)
		return 0;
	*entry = cf->zones[--cf->nzones];
	return 1;
}

int32_t cf_zone_find(struct cf *cf, struct zsp_str zone, struct cf_known_zone *ret)
{
	const struct cf_known_zone *entry = known(cf, zone);
	int32_t error_class;

	if (*cf->zone_id) {
		memset(ret, 0, sizeof(*ret));
		copy(zone, ret->name, sizeof(ret->name));
		memcpy(ret->id, cf->zone_id, sizeof(ret->id));
		return ZSP_OK;
	}
	if (entry) {
		*ret = *entry;
		return ZSP_OK;
	}
	error_class = look_up(cf, zone, ret);
	if (error_class == ZSP_OK)
		remember(cf, ret);
	return error_class;
}

void cf_zone_id_is(struct cf *cf, struct zsp_str zone)
{
	copy(zone, cf->zone_id_of, sizeof(cf->zone_id_of));
}

/* What was looked up by its name is always known. */
int32_t cf_zone_id_known(const struct cf *cf, struct zsp_str zone)
{
	return !*cf->zone_id || zsp_str_is(zone, cf->zone_id_of);
}

/* ---- one zone by its id ------------------------------------------------------------------------ */

int32_t cf_zone_name(struct cf *cf, char ret_name[CF_NAME + 1])
{
	struct zsp_text path = ZSP_TEXT(ZONE_PATH);
	struct cf_zone_item zone;
	struct cf_request request = {
		.token = reader(cf),
		.method = "GET",
		.what = "look up the zone with id",
		.object = zsp_strz(cf->zone_id),
		.need = CF_NEED_ZONE,
	};
	int32_t error_class;

	zsp_text_addf(&path, "/zones/%s", cf->zone_id);
	request.path = zsp_text_str(&path);
	error_class = cf_send(&cf->api, &request);
	zsp_text_done(&path);
	if (error_class != ZSP_OK)
		return error_class;
	if (!cf_zone_read(cf->api.answer.result, &zone))
		return cf_because(&cf->api, ZSP_TRANSIENT, "the answer for zone id %s names no zone",
				  cf->zone_id);
	memcpy(ret_name, zone.name, sizeof(zone.name));
	return ZSP_OK;
}

/* ---- how many ------------------------------------------------------------------------------------ */

int64_t cf_zone_count(struct cf *cf)
{
	struct cf_request request = {
		.token = CF_TOKEN_DNS,
		.method = "GET",
		.path = ZSP_STR("/zones?per_page=5"),
		.what = "count zones",
		.need = CF_NEED_ZONE,
	};

	return cf_send(&cf->api, &request) == ZSP_OK ? cf->api.answer.total_count : 0;
}

/* ---- zones of the provider ------------------------------------------------------------------------- */

struct listed {
	const struct zsp_host *host;
	struct zsp_text names;		/* those said already, each with a line end */
};

static int32_t is_new(struct listed *l, const char *name)
{
	struct zsp_str rest = zsp_text_str(&l->names);

	while (rest.n)
		if (zsp_str_is(zsp_str_cut(&rest, '\n'), name))
			return 0;
	zsp_text_addf(&l->names, "%s\n", name);
	return 1;
}

static void on_listed(void *user, struct zsp_json item)
{
	struct listed *l = user;
	struct cf_zone_item zone;

	if (cf_zone_read(item, &zone) && zsp_str_is(zone.status, "active") && is_new(l, zone.name))
		l->host->zone(l->host, zone.name, strlen(zone.name));
}

static int32_t list_zones(struct cf *cf)
{
	static const struct zsp_str all = { NULL, 0 };
	struct listed l = { cf->host, ZSP_TEXT(ZSP_MAX_ZONES * (CF_NAME + 1)) };
	int32_t error_class = list(cf, reader(cf), all, "active", on_listed, &l);

	zsp_text_done(&l.names);
	return error_class;
}

/* The deepest zone that has the name. */
static int32_t find_zone(struct cf *cf, struct zsp_str name)
{
	struct hits hits;
	int32_t error_class;

	for (; is_worth_asking(name); name = zsp_name_parent(name)) {
		error_class = ask(cf, name, "active", &hits);
		if (error_class != ZSP_OK)
			return error_class;
		if (!hits.n)
			continue;
		cf->host->zone(cf->host, hits.zone.name, strlen(hits.zone.name));
		return ZSP_OK;
	}
	return ZSP_OK;
}

/* With option zone-id there is one zone, whatever else the token may see. */
static int32_t only_zone(struct cf *cf, struct zsp_str find)
{
	char name[CF_NAME + 1];
	int32_t error_class = cf_zone_name(cf, name);

	if (error_class == ZSP_OK && (!find.n || zsp_name_in(find, zsp_strz(name))))
		cf->host->zone(cf->host, name, strlen(name));
	return error_class;
}

int32_t cf_zones(void *instance, const struct zsp_str *find)
{
	struct cf *cf = instance;
	int32_t error_class;

	if (*cf->zone_id)
		error_class = only_zone(cf, *find);
	else if (find->n)
		error_class = find_zone(cf, *find);
	else
		error_class = list_zones(cf);
	return error_class == ZSP_OK ? ZSP_OK : cf_fail(&cf->api, error_class);
}
