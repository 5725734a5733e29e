/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: the service has one record for each TXT value, with an id of its own, so
 * nothing else at a name is ever touched.  What was created is compared with what was
 * wanted: with the id of another zone the service puts the names below that one.
 */
#include "cloudflare.h"

#include <stdlib.h>
#include <string.h>

enum { PER_PAGE = 100, MAX_PAGES = 20, MAX_KNOWN = 1024, RECORD_PATH = 640, BODY = 512 * 1024,
       CONTENT = 4 * CF_VALUE + 16 };

#define COMMENT "ACME challenge, written by zoneseal"

/* ---- what this process made ------------------------------------------------------------- */

static size_t index_of(const struct cf *cf, const struct zsp_change *change)
{
	size_t i = 0;

	for (; i < cf->nrecords; i++) {
		const struct cf_known_record *r = &cf->records[i];
		struct zsp_str value = { r->value, r->value_len };

		if (zsp_str_is(change->name, r->name) && zsp_str_equal(change->value, value))
			break;
	}
	return i;
}

const char *cf_record_known(const struct cf *cf, const struct zsp_change *change)
{
	size_t i = index_of(cf, change);

	return i < cf->nrecords ? cf->records[i].id : NULL;
}

void cf_record_forget(struct cf *cf, const struct zsp_change *change)
{
	size_t i = index_of(cf, change);

	if (i < cf->nrecords)
		cf->records[i] = cf->records[--cf->nrecords];
}

static void remember(struct cf *cf, const struct zsp_change *change, const char *id)
{
	struct cf_known_record *more, *r;

	cf_record_forget(cf, change);
	if (cf->nrecords == MAX_KNOWN || change->value.n > CF_VALUE || change->name.n > CF_NAME)
		return;
	more = realloc(cf->records, (cf->nrecords + 1) * sizeof(*more));
	if (!more)
		return;
	cf->records = more;
	r = &cf->records[cf->nrecords++];
	memset(r, 0, sizeof(*r));
	memcpy(r->id, id, sizeof(r->id));
	memcpy(r->name, change->name.p, change->name.n);
	memcpy(r->value, change->value.p, change->value.n);
	r->value_len = change->value.n;
}

/* ---- requests --------------------------------------------------------------------------- */

/* /zones/ID/dns_records and what follows; end it with zsp_text_done. */
static struct zsp_text path_of(const char *zone_id, const char *rest)
{
	struct zsp_text path = ZSP_TEXT(RECORD_PATH);

	zsp_text_addf(&path, "/zones/%s/dns_records%s", zone_id, rest);
	return path;
}

static struct cf_request request_of(const char *method, const char *what, struct zsp_str object,
				    const char *need)
{
	struct cf_request request = {
		.token = CF_TOKEN_DNS,
		.method = method,
		.what = what,
		.object = object,
		.need = need,
	};

	return request;
}

static int32_t send_and_end(struct cf *cf, struct cf_request *request, struct zsp_text *path,
			    struct zsp_text *body)
{
	int32_t error_class;

	request->path = zsp_text_str(path);
	if (body)
		request->body = zsp_text_str(body);
	if (path->failed || (body && body->failed))
		error_class = cf_because(&cf->api, ZSP_BUG, "out of memory");
	else
		error_class = cf_send(&cf->api, request);
	zsp_text_done(path);
	if (body)
		zsp_text_done(body);
	return error_class;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void add_query(struct zsp_text *path, const char *type, struct zsp_str name)
{
	zsp_text_addf(path, "?per_page=%d", PER_PAGE);
	if (type)
		zsp_text_addf(path, "&type=%s", type);
	if (name.n) {
		zsp_text_addz(path, "&name.exact=");
		zsp_text_add_escaped(path, name);
	}
}

int32_t cf_records_list(struct cf *cf, const char *zone_id, struct zsp_str name,
			struct cf_listing *listing, cf_item_fn *fn, void *user)
{
	struct zsp_text path = path_of(zone_id, "");
	struct cf_request request = request_of("GET", name.n ? "list the TXT records at" :
							       "list the TXT records of the zone",
					       name, CF_NEED_READ);
	int32_t error_class;

	add_query(&path, "TXT", name);
	request.path = zsp_text_str(&path);
	if (name.n)
		error_class = cf_list_all(&cf->api, &request, MAX_PAGES, fn, user);
	else
		error_class = cf_list(&cf->api, &request, listing, fn, user);
	zsp_text_done(&path);
	return error_class;
}

int32_t cf_records_at(struct cf *cf, const char *zone_id, struct zsp_str name, cf_item_fn *fn,
		      void *user)
{
	struct zsp_text path = path_of(zone_id, "");
	struct cf_request request = request_of("GET", "list the records at", name, CF_NEED_READ);
	int32_t error_class;

	add_query(&path, NULL, name);
	request.path = zsp_text_str(&path);
	error_class = cf_list_all(&cf->api, &request, MAX_PAGES, fn, user);
	zsp_text_done(&path);
	return error_class;
}

/* ---- one record ------------------------------------------------------------------------------- */

static int64_t ttl_of(const struct cf *cf, const struct zsp_change *change)
{
	uint32_t ttl = change->ttl && !cf->ttl_given ? change->ttl : cf->ttl;

	if (ttl == 1)
		return 1;
	return ttl < 60 ? 60 : ttl > 86400 ? 86400 : ttl;
}

static void put_record(const struct cf *cf, struct zsp_json_out *out,
		       const struct zsp_change *change)
{
	struct zsp_text content = ZSP_TEXT(CONTENT);

	zsp_txt_quote(&content, change->value);
	if (content.failed)
		out->text->failed = 1;
	zsp_json_object(out, NULL);
	zsp_json_add_str(out, "type", zsp_strz("TXT"));
	zsp_json_add_str(out, "name", change->name);
	zsp_json_add_str(out, "content", zsp_text_str(&content));
	zsp_json_add_int(out, "ttl", ttl_of(cf, change));
	zsp_json_add_str(out, "comment", zsp_strz(COMMENT));
	zsp_json_end(out, '}');
	zsp_text_done(&content);
}

/* The service takes a name outside of the zone for one relative to it. */
static int32_t misplaced(struct cf *cf, const char *zone_id, const struct zsp_change *change,
			 const struct cf_record *made)
{
	char name[CF_NAME + 1];

	memcpy(name, made->name, sizeof(name));
	cf_record_delete(cf, zone_id, zsp_strz(name), made->id);
	return cf_because(&cf->api, ZSP_CONFIG, "zone id %s is of another zone: it made %s of %.*s, which "
			  "was removed again; correct option zone-id", zone_id, name,
			  (int)change->name.n, change->name.p);
}

/* What came of a change that the service took. */
static int32_t compare(struct cf *cf, const char *zone_id, const struct zsp_change *change,
		       struct zsp_json result)
{
	struct cf_record made;

	if (!cf_record_read(result, &made))
		return ZSP_OK;
	if (!zsp_name_equal(zsp_strz(made.name), change->name))
		return misplaced(cf, zone_id, change, &made);
	if (zsp_txt_is(made.content, change->value))
		remember(cf, change, made.id);
	return ZSP_OK;
}

int32_t cf_record_add(struct cf *cf, const char *zone_id, const struct zsp_change *change)
{
	struct zsp_text path = path_of(zone_id, ""), body = ZSP_TEXT(BODY);
	struct cf_request request = request_of("POST", "add a TXT record at", change->name,
					       CF_NEED_EDIT);
	struct zsp_json_out out;
	int32_t error_class;

	zsp_json_begin(&out, &body);
	put_record(cf, &out, change);
	error_class = send_and_end(cf, &request, &path, &body);
	if (cf_envelope_has(&cf->api.answer, CF_RECORD_EXISTS) ||
	    cf_envelope_has(&cf->api.answer, CF_RECORD_IDENTICAL))
		return ZSP_OK;
	if (error_class != ZSP_OK)
		return error_class;
	return compare(cf, zone_id, change, cf->api.answer.result);
}

static int32_t remove_record(struct cf *cf, const char *zone_id, const char *what, struct zsp_str object,
		      const char *id)
{
	struct zsp_text path = path_of(zone_id, "/");
	struct cf_request request = request_of("DELETE", what, object, CF_NEED_EDIT);
	int32_t error_class;

	zsp_text_addz(&path, id);
	error_class = send_and_end(cf, &request, &path, NULL);
	return cf_envelope_has(&cf->api.answer, CF_RECORD_GONE) ? ZSP_OK : error_class;
}

int32_t cf_record_delete(struct cf *cf, const char *zone_id, struct zsp_str name, const char *id)
{
	return remove_record(cf, zone_id, "remove a TXT record at", name, id);
}

int32_t cf_records_may_edit(struct cf *cf, const struct cf_known_zone *zone)
{
	char id[CF_ID + 1] = { 0 };

	for (size_t i = 0; i < CF_ID; i++)
		id[i] = "0123456789abcdef"[zsp_random(16)];
	return remove_record(cf, zone->id, "edit the records of", zsp_strz(zone->name), id);
}

/* ---- several at once ---------------------------------------------------------------------------- */

static size_t count_adds(struct cf_item *const *items, size_t n)
{
	size_t adds = 0;

	for (size_t i = 0; i < n; i++)
		adds += items[i]->change->op == ZSP_ADD;
	return adds;
}

static void put_deletes(struct zsp_json_out *out, struct cf_item *const *items, size_t n)
{
	zsp_json_array(out, "deletes");
	for (size_t i = 0; i < n; i++) {
		for (int32_t k = 0; k < items[i]->nids; k++) {
			zsp_json_object(out, NULL);
			zsp_json_add_str(out, "id", zsp_strz(items[i]->ids[k]));
			zsp_json_end(out, '}');
		}
	}
	zsp_json_end(out, ']');
}

static void put_posts(const struct cf *cf, struct zsp_json_out *out, struct cf_item *const *items,
		      size_t n)
{
	zsp_json_array(out, "posts");
	for (size_t i = 0; i < n; i++)
		if (items[i]->change->op == ZSP_ADD)
			put_record(cf, out, items[i]->change);
	zsp_json_end(out, ']');
}

/* Keeps the ids of what was created. */
static void remember_posts(struct cf *cf, struct cf_item *const *items, size_t n)
{
	struct zsp_json posts = zsp_json_get(cf->api.answer.result, "posts");
	struct cf_record made;

	for (struct zsp_json v = zsp_json_first(posts); v.node; v = zsp_json_next(v)) {
		if (!cf_record_read(v, &made))
			continue;
		for (size_t i = 0; i < n; i++)
			if (items[i]->change->op == ZSP_ADD &&
			    zsp_name_equal(zsp_strz(made.name), items[i]->change->name) &&
			    zsp_txt_is(made.content, items[i]->change->value))
				remember(cf, items[i]->change, made.id);
	}
}

int32_t cf_records_batch(struct cf *cf, const char *zone_id, struct cf_item *const *items,
			 size_t n)
{
	struct zsp_text path = path_of(zone_id, "/batch"), body = ZSP_TEXT(BODY);
	struct cf_request request = request_of("POST", "change TXT records, the first at",
					       items[0]->change->name, CF_NEED_EDIT);
	size_t adds = count_adds(items, n);
	struct zsp_json_out out;
	int32_t error_class;

	zsp_json_begin(&out, &body);
	zsp_json_object(&out, NULL);
	if (adds < n)
		put_deletes(&out, items, n);
	if (adds)
		put_posts(cf, &out, items, n);
	zsp_json_end(&out, '}');
	error_class = send_and_end(cf, &request, &path, &body);
	if (error_class == ZSP_OK)
		remember_posts(cf, items, n);
	return error_class;
}
