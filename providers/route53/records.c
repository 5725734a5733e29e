/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See records.h.  The service lists a zone's record sets from a name and type on,
 * in a known order, up to 300 at once.  So one request settles the first name that
 * is asked for, and all others that the page reaches.
 */
#include <stdlib.h>
#include <string.h>

#include "records.h"

enum { PAGE = 300, MAX_PATH = 4096, MAX_SET = 64 * 1024, TOKEN = 1024, MAX_TTL = 0x7fffffff };

/* ---- sets ------------------------------------------------------------------------------------------- */

void record_set_init(struct record_set *set)
{
	*set = (struct record_set){ .state = SET_UNKNOWN, .values = ZSP_TEXT(MAX_SET) };
}

void record_set_clear(struct record_set *set)
{
	set->state = SET_UNKNOWN;
	set->n = set->ttl = 0;
	zsp_text_clear(&set->values);
}

void record_set_done(struct record_set *set)
{
	zsp_text_done(&set->values);
	record_set_init(set);
}

void record_set_add(struct record_set *set, struct zsp_str stored)
{
	zsp_text_add_str(&set->values, stored);
	zsp_text_add(&set->values, "", 1);
	set->n++;
}

struct zsp_str record_set_next(const struct record_set *set, struct zsp_str value)
{
	struct zsp_str all = zsp_text_str(&set->values);
	size_t at = value.p ? (size_t)(value.p - all.p) + value.n + 1 : 0;

	return at < all.n ? zsp_strz(all.p + at) : (struct zsp_str){ NULL, 0 };
}

int32_t record_set_equal(const struct record_set *a, const struct record_set *b)
{
	return a->state == b->state && a->ttl == b->ttl && zsp_str_equal(zsp_text_str(&a->values), zsp_text_str(&b->values));
}

/* ---- one page ---------------------------------------------------------------------------------------- */

struct item {
	char name[NAME_ROOM];
	int32_t has_name, is_txt, has_identifier, is_alias, is_odd;
	struct record_set set;
};

struct page {
	struct lookup *lookups;
	size_t nlookups;
	struct item item;
	uint32_t items;
	char bound[NAME_ROOM]; /* the last name whose place in the order is beyond doubt */
	int32_t is_truncated;
	struct zsp_text name, type, identifier; /* where the next page begins */
};

#define LIST "ListResourceRecordSetsResponse"
#define SET LIST "/ResourceRecordSets/ResourceRecordSet"

static void begin_item(struct item *item)
{
	item->has_name = item->is_txt = item->has_identifier = item->is_alias = item->is_odd = 0;
	record_set_clear(&item->set);
}

static void begin_page(void *user)
{
	struct page *page = user;

	for (size_t i = 0; i < page->nlookups; i++)
		if (!page->lookups[i].is_settled)
			record_set_clear(page->lookups[i].set);
	begin_item(&page->item);
	page->items = 0;
	page->bound[0] = 0;
	page->is_truncated = 0;
	zsp_text_clear(&page->name);
	zsp_text_clear(&page->type);
	zsp_text_clear(&page->identifier);
}

static int32_t state_of(const struct item *item)
{
	if (item->has_identifier)
		return SET_ROUTED;
	return item->is_alias ? SET_ALIAS : SET_SIMPLE;
}

static void keep(struct page *page, const struct item *item)
{
	for (size_t i = 0; i < page->nlookups; i++) {
		struct lookup *lookup = &page->lookups[i];

		if (lookup->is_settled || lookup->set->state != SET_UNKNOWN || !zsp_str_is(lookup->name, item->name))
			continue;
		lookup->set->ttl = item->set.ttl;
		lookup->set->n = item->set.n;
		zsp_text_add_str(&lookup->set->values, zsp_text_str(&item->set.values));
		lookup->set->state = state_of(item);
		if (item->is_odd || item->set.values.failed)
			lookup->set->values.failed = 1;
	}
}

static void end_item(struct page *page)
{
	struct item *item = &page->item;

	page->items++;
	if (item->has_name && escape_name_is_plain(zsp_strz(item->name)))
		memcpy(page->bound, item->name, sizeof(page->bound));
	if (item->has_name && item->is_txt)
		keep(page, item);
	begin_item(item);
}

static void on_ttl(struct item *item, struct zsp_str text)
{
	int64_t ttl = 0;

	if (!zsp_str_number(zsp_str_trim(text), MAX_TTL, &ttl))
		item->is_odd = 1;
	item->set.ttl = (uint32_t)ttl;
}

static void on_value(struct item *item, struct zsp_str text)
{
	if (memchr(text.p, 0, text.n))
		item->is_odd = 1;
	record_set_add(&item->set, text);
}

static void on_item(struct item *item, struct zsp_str at, struct zsp_str text)
{
	if (zsp_str_is(at, SET "/Name"))
		item->has_name = escape_name_read(zsp_str_trim(text), item->name);
	else if (zsp_str_is(at, SET "/Type"))
		item->is_txt = zsp_str_is(zsp_str_trim(text), "TXT");
	else if (zsp_str_is(at, SET "/SetIdentifier"))
		item->has_identifier = 1;
	else if (zsp_str_is(at, SET "/AliasTarget"))
		item->is_alias = 1;
	else if (zsp_str_is(at, SET "/ResourceRecords/ResourceRecord/Value"))
		on_value(item, text);
	else if (zsp_str_is(at, SET "/TTL"))
		on_ttl(item, text);
}

static void on_page(void *user, const char *path, struct zsp_str text)
{
	struct page *page = user;
	struct zsp_str at = zsp_strz(path);

	if (zsp_str_is(at, SET))
		end_item(page);
	else if (zsp_str_starts(at, SET "/"))
		on_item(&page->item, at, text);
	else if (zsp_str_is(at, LIST "/IsTruncated"))
		page->is_truncated = zsp_str_is(zsp_str_trim(text), "true");
	else if (zsp_str_is(at, LIST "/NextRecordName"))
		zsp_text_add_str(&page->name, zsp_str_trim(text));
	else if (zsp_str_is(at, LIST "/NextRecordType"))
		zsp_text_add_str(&page->type, zsp_str_trim(text));
	else if (zsp_str_is(at, LIST "/NextRecordIdentifier"))
		zsp_text_add_str(&page->identifier, zsp_str_trim(text));
}

/* ---- where to read ------------------------------------------------------------------------------------- */

struct place {
	struct zsp_text name, type, identifier;
};

static void set_text(struct zsp_text *dst, struct zsp_str text)
{
	zsp_text_clear(dst);
	zsp_text_add_str(dst, text);
}

static void go_to(struct place *place, struct zsp_str name)
{
	set_text(&place->name, name);
	set_text(&place->type, zsp_strz("TXT"));
	zsp_text_clear(&place->identifier);
}

/* 1 when the page points to another place. */
static int32_t move_on(struct place *place, const struct page *page)
{
	if (!page->name.n || (zsp_str_equal(zsp_text_str(&place->name), zsp_text_str(&page->name)) &&
			      zsp_str_equal(zsp_text_str(&place->type), zsp_text_str(&page->type)) &&
			      zsp_str_equal(zsp_text_str(&place->identifier), zsp_text_str(&page->identifier))))
		return 0;
	set_text(&place->name, zsp_text_str(&page->name));
	set_text(&place->type, zsp_text_str(&page->type));
	set_text(&place->identifier, zsp_text_str(&page->identifier));
	return !place->name.failed && !place->type.failed && !place->identifier.failed;
}

static void add_parameter(struct zsp_text *path, const char *name, const struct zsp_text *value)
{
	if (!value->n)
		return;
	zsp_text_addf(path, "&%s=", name);
	zsp_text_add_escaped(path, zsp_text_str(value));
}

static int32_t get_page(struct api *api, const char *zone_id, const struct place *place, int items, struct page *page)
{
	struct zsp_text path = ZSP_TEXT(MAX_PATH);
	struct api_call call = { .what = "list the record sets", .method = "GET",
				 .root = LIST, .begin = begin_page, .element = on_page, .user = page };
	int32_t class;

	zsp_text_addf(&path, "/hostedzone/%s/rrset?maxitems=%d", zone_id, items);
	add_parameter(&path, "name", &place->name);
	add_parameter(&path, "type", &place->type);
	add_parameter(&path, "identifier", &place->identifier);
	call.path = zsp_text_str(&path);
	class = path.failed ? api_failf(api, ZSP_BUG, "a name is too long") : api_send(api, &call);
	zsp_text_done(&path);
	return class;
}

/* ---- what a page settles --------------------------------------------------------------------------------- */

static struct lookup *first_open(struct page *page)
{
	for (size_t i = 0; i < page->nlookups; i++)
		if (!page->lookups[i].is_settled)
			return &page->lookups[i];
	return NULL;
}

static size_t count_open(const struct page *page)
{
	size_t n = 0;

	for (size_t i = 0; i < page->nlookups; i++)
		n += !page->lookups[i].is_settled;
	return n;
}

/* A name that is not in a page is absent when the list has ended or is past it. */
static int32_t is_passed(const struct page *page, const struct lookup *lookup, const struct lookup *start)
{
	if (lookup == start)
		return page->items > 0 || !page->is_truncated;
	if (!escape_name_is_plain(lookup->name) || !escape_name_is_plain(start->name))
		return 0;
	return !page->is_truncated || (page->bound[0] && escape_name_order(lookup->name, zsp_strz(page->bound)) < 0);
}

/* Number of lookups that are settled now and were not. */
static size_t settle(struct page *page, const struct lookup *start)
{
	size_t n = 0;

	for (size_t i = 0; i < page->nlookups; i++) {
		struct lookup *lookup = &page->lookups[i];

		if (lookup->is_settled)
			continue;
		if (lookup->set->state == SET_UNKNOWN && is_passed(page, lookup, start))
			lookup->set->state = SET_ABSENT;
		lookup->is_settled = lookup->set->state != SET_UNKNOWN;
		n += lookup->is_settled != 0;
	}
	return n;
}

static int32_t walk(struct api *api, const char *zone_id, struct page *page, struct place *place)
{
	struct lookup *start = first_open(page);
	size_t limit = 2 * page->nlookups + 32;

	for (size_t i = 0; start && i < limit; i++) {
		int32_t class = get_page(api, zone_id, place, count_open(page) > 1 ? PAGE : 1, page);

		if (class != ZSP_OK)
			return class;
		if (settle(page, start)) {
			start = first_open(page);
			if (start)
				go_to(place, start->name);
		} else if (!move_on(place, page)) {
			break;
		}
	}
	return start ? api_failf(api, ZSP_TRANSIENT, "cannot list the record sets: the pages of the list do not end") : ZSP_OK;
}

static void page_init(struct page *page, struct lookup *lookups, size_t n)
{
	page->lookups = lookups;
	page->nlookups = n;
	record_set_init(&page->item.set);
	page->name = page->type = page->identifier = (struct zsp_text)ZSP_TEXT(TOKEN);
}

static void page_done(struct page *page)
{
	record_set_done(&page->item.set);
	zsp_text_done(&page->name);
	zsp_text_done(&page->type);
	zsp_text_done(&page->identifier);
}

int32_t records_read(struct api *api, const char *zone_id, struct lookup *lookups, size_t n)
{
	struct page page = { .items = 0 };
	struct place place = { ZSP_TEXT(TOKEN), ZSP_TEXT(TOKEN), ZSP_TEXT(TOKEN) };
	int32_t class = ZSP_OK;

	for (size_t i = 0; i < n; i++)
		lookups[i].is_settled = lookups[i].set->state != SET_UNKNOWN;
	page_init(&page, lookups, n);
	if (first_open(&page)) {
		go_to(&place, first_open(&page)->name);
		class = walk(api, zone_id, &page, &place);
	}
	page_done(&page);
	zsp_text_done(&place.name);
	zsp_text_done(&place.type);
	zsp_text_done(&place.identifier);
	return class;
}
