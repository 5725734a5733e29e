/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See zones_api.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zones_api.h"

/* 100 is the most that a page has. */
enum { PAGE = 100, MAX_PAGES = 200, MAX_PATH = 1024, TOKEN = 1024 };

/* ---- ids ------------------------------------------------------------------------------------------- */

static int32_t read_id(struct zsp_str text, const char *prefix, char dst[ZONE_ID_ROOM])
{
	text = zsp_str_trim(text);
	if (zsp_str_starts(text, prefix)) {
		text.p += strlen(prefix);
		text.n -= strlen(prefix);
	}
	for (size_t i = 0; i < text.n; i++)
		if (!(text.p[i] >= 'A' && text.p[i] <= 'Z') && !(text.p[i] >= '0' && text.p[i] <= '9'))
			return 0;
	if (!text.n || text.n >= ZONE_ID_ROOM)
		return 0;
	memcpy(dst, text.p, text.n);
	dst[text.n] = 0;
	return 1;
}

int32_t zones_id_read(struct zsp_str text, char dst[ZONE_ID_ROOM])
{
	return read_id(text, "/hostedzone/", dst);
}

/* ---- pages of zones ---------------------------------------------------------------------------------- */

struct page {
	struct listed_zone zones[PAGE];
	uint32_t n;
	struct listed_zone now; /* the one that is being read */
	int32_t has_name, has_id;
	int32_t is_truncated;
	struct zsp_text next_name, next_id;
};

#define LIST "ListHostedZonesByNameResponse"
#define LISTED LIST "/HostedZones/HostedZone"

static void begin_page(void *user)
{
	struct page *page = user;

	page->n = 0;
	page->has_name = page->has_id = page->is_truncated = page->now.is_private = 0;
	zsp_text_clear(&page->next_name);
	zsp_text_clear(&page->next_id);
}

/* A zone whose name or id we do not understand is none that we could work in. */
static void end_zone(struct page *page)
{
	if (page->has_name && page->has_id && page->n < PAGE)
		page->zones[page->n++] = page->now;
	page->has_name = page->has_id = page->now.is_private = 0;
}

static void on_page(void *user, const char *path, struct zsp_str text)
{
	struct page *page = user;
	struct zsp_str at = zsp_strz(path);

	if (zsp_str_is(at, LISTED))
		end_zone(page);
	else if (zsp_str_is(at, LISTED "/Name"))
		page->has_name = escape_name_read(zsp_str_trim(text), page->now.name);
	else if (zsp_str_is(at, LISTED "/Id"))
		page->has_id = zones_id_read(text, page->now.id);
	else if (zsp_str_is(at, LISTED "/Config/PrivateZone"))
		page->now.is_private = zsp_str_is(zsp_str_trim(text), "true");
	else if (zsp_str_is(at, LIST "/IsTruncated"))
		page->is_truncated = zsp_str_is(zsp_str_trim(text), "true");
	else if (zsp_str_is(at, LIST "/NextDNSName"))
		zsp_text_add_str(&page->next_name, zsp_str_trim(text));
	else if (zsp_str_is(at, LIST "/NextHostedZoneId"))
		zsp_text_add_str(&page->next_id, zsp_str_trim(text));
}

static int32_t get_page(struct api *api, struct zsp_str name, struct zsp_str id, struct page *page)
{
	struct zsp_text path = ZSP_TEXT(MAX_PATH * 4);
	struct api_call call = { .what = "list the hosted zones", .method = "GET",
				 .root = LIST, .begin = begin_page, .element = on_page, .user = page };
	int32_t class;

	zsp_text_addz(&path, "/hostedzonesbyname?");
	if (name.n) {
		zsp_text_addz(&path, "dnsname=");
		zsp_text_add_escaped(&path, name);
		zsp_text_addz(&path, "&");
	}
	if (id.n) {
		zsp_text_addz(&path, "hostedzoneid=");
		zsp_text_add_escaped(&path, id);
		zsp_text_addz(&path, "&");
	}
	zsp_text_addf(&path, "maxitems=%d", PAGE);
	call.path = zsp_text_str(&path);
	class = api_send(api, &call);
	zsp_text_done(&path);
	return class;
}

/* The place of the next page, remembered while that page is read. */
struct place {
	struct zsp_text name, id;
};

/* 1 when the page points to another place. */
static int32_t move_on(struct place *place, const struct page *page)
{
	if (zsp_str_equal(zsp_text_str(&place->name), zsp_text_str(&page->next_name)) &&
		zsp_str_equal(zsp_text_str(&place->id), zsp_text_str(&page->next_id)))
		return 0;
	zsp_text_clear(&place->name);
	zsp_text_clear(&place->id);
	zsp_text_add_str(&place->name, zsp_text_str(&page->next_name));
	zsp_text_add_str(&place->id, zsp_text_str(&page->next_id));
	return !place->name.failed && !place->id.failed && place->name.n > 0;
}

static int32_t walk(struct api *api, struct place *place, struct page *page, zone_visit *visit, void *user)
{
	for (int i = 0; i < MAX_PAGES; i++) {
		int32_t class = get_page(api, zsp_text_str(&place->name), zsp_text_str(&place->id), page);

		if (class != ZSP_OK)
			return class;
		for (uint32_t k = 0; k < page->n; k++)
			if (!visit(user, &page->zones[k]))
				return ZSP_OK;
		if (!page->is_truncated)
			return ZSP_OK;
		if (!move_on(place, page))
			break;
	}
	return api_failf(api, ZSP_TRANSIENT, "cannot list the hosted zones: the pages of the list do not end");
}

int32_t zones_api_list(struct api *api, struct zsp_str from, zone_visit *visit, void *user)
{
	struct page *page = calloc(1, sizeof(*page));
	struct place place = { ZSP_TEXT(TOKEN), ZSP_TEXT(TOKEN) };
	int32_t class;

	if (!page)
		return api_failf(api, ZSP_BUG, "out of memory");
	page->next_name = page->next_id = (struct zsp_text)ZSP_TEXT(TOKEN);
	zsp_text_add_str(&place.name, from);
	class = walk(api, &place, page, visit, user);
	zsp_text_done(&page->next_name);
	zsp_text_done(&page->next_id);
	zsp_text_done(&place.name);
	zsp_text_done(&place.id);
	free(page);
	return class;
}

/* ---- one zone ---------------------------------------------------------------------------------------- */

#define DETAILS "GetHostedZoneResponse"

static void begin_delegation(void *user)
{
	*(struct delegation *)user = (struct delegation){ .id = "" };
}

static void on_delegation(void *user, const char *path, struct zsp_str text)
{
	struct delegation *d = user;
	struct zsp_str at = zsp_strz(path);
	size_t n = strlen(d->servers);
	char name[NAME_ROOM];

	if (zsp_str_is(at, DETAILS "/DelegationSet/Id"))
		(void)read_id(text, "/delegationset/", d->id);
	else if (zsp_str_is(at, DETAILS "/DelegationSet/NameServers/NameServer") &&
		escape_name_read(zsp_str_trim(text), name) && n + strlen(name) + 3 < sizeof(d->servers))
		(void)snprintf(d->servers + n, sizeof(d->servers) - n, "%s%s", n ? ", " : "", name);
}

int32_t zones_api_delegation(struct api *api, const char *zone_id, struct delegation *ret)
{
	char path[64];
	struct api_call call = { .what = "read a hosted zone", .method = "GET",
				 .root = DETAILS, .begin = begin_delegation, .element = on_delegation, .user = ret };

	(void)snprintf(path, sizeof(path), "/hostedzone/%s", zone_id);
	call.path = zsp_strz(path);
	return api_send(api, &call);
}

#define SETS "ListResourceRecordSetsResponse"

struct apex {
	char *name;
	int32_t found;
};

static void begin_apex(void *user)
{
	((struct apex *)user)->found = 0;
}

static void on_apex(void *user, const char *path, struct zsp_str text)
{
	struct apex *apex = user;

	if (!apex->found && zsp_str_is(zsp_strz(path), SETS "/ResourceRecordSets/ResourceRecordSet/Name"))
		apex->found = escape_name_read(zsp_str_trim(text), apex->name);
}

int32_t zones_api_apex(struct api *api, const char *zone_id, char name[NAME_ROOM])
{
	char path[64];
	struct apex apex = { .name = name };
	struct api_call call = { .what = "read a hosted zone", .method = "GET",
				 .root = SETS, .begin = begin_apex, .element = on_apex, .user = &apex };
	int32_t class;

	(void)snprintf(path, sizeof(path), "/hostedzone/%s/rrset?maxitems=1", zone_id);
	call.path = zsp_strz(path);
	class = api_send(api, &call);
	if (class == ZSP_OK && !apex.found)
		return api_failf(api, ZSP_TRANSIENT, "cannot read the hosted zone %s: it has no record set, not even its SOA", zone_id);
	return class;
}
