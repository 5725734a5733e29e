/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the tokens good for these zones?  Nothing is asked of the service's own check of
 * tokens, which says whether a token is one, not what it may do, and which does not know
 * all kinds of them.  What is done instead changes nothing:
 *
 *  - look the zone up (Zone / Zone / Read),
 *  - list the records at the names, or at one of them (Zone / DNS / Read), which also
 *    shows a CNAME that DNS does not show,
 *  - remove a record that does not exist (Zone / DNS / Edit): who may do it hears that
 *    there is none.
 */
#include "cloudflare.h"

#include <string.h>

enum { MAX_LISTED = 20 };

struct look {
	struct cf *cf;
	struct zsp_str name;
	const char *in_the_way;		/* type of a record that excludes TXT */
};

/* ---- one name ---------------------------------------------------------------------------- */

static void on_record(void *user, struct zsp_json v)
{
	static const char *const excluding[] = { "CNAME", "NS" };
	struct look *look = user;
	struct cf_record record;

	if (!cf_record_read(v, &record) || !zsp_name_equal(zsp_strz(record.name), look->name))
		return;
	for (size_t i = 0; i < sizeof(excluding) / sizeof(excluding[0]); i++)
		if (zsp_str_is(record.type, excluding[i]))
			look->in_the_way = excluding[i];
}

static int32_t check_name(struct cf *cf, const struct cf_known_zone *zone, struct zsp_str name)
{
	struct look look = { cf, name, NULL };
	int32_t error_class = cf_records_at(cf, zone->id, name, on_record, &look);

	if (error_class != ZSP_OK || !look.in_the_way)
		return error_class;
	return cf_because(&cf->api, ZSP_CONFIG, "%.*s has a %s record in zone %s, so a TXT record cannot be "
			  "put there; a proxied or flattened CNAME does not show in DNS. Remove it, or "
			  "publish at its target", (int)name.n, name.p, look.in_the_way, zone->name);
}

/* All names, or one where they are many: each of them is a request. */
static int32_t check_names(struct cf *cf, const struct cf_known_zone *zone,
			   const struct zsp_zone *wanted, int32_t all)
{
	struct zsp_text own = ZSP_TEXT(CF_NAME + 32);
	uint32_t n = all ? wanted->names.n : 1;
	int32_t error_class = ZSP_OK;

	if (!wanted->names.n) {
		zsp_text_addf(&own, "_acme-challenge.%s", zone->name);
		error_class = check_name(cf, zone, zsp_text_str(&own));
		n = 0;
	}
	for (uint32_t i = 0; i < n && error_class == ZSP_OK; i++)
		error_class = check_name(cf, zone, *ZSP_ITEM(struct zsp_str, &wanted->names, i));
	zsp_text_done(&own);
	return error_class;
}

/* ---- one zone ----------------------------------------------------------------------------- */

/* A refusal that is not about rights proves nothing, neither way. */
static int32_t check_edit(struct cf *cf, const struct cf_known_zone *zone)
{
	int32_t error_class = cf_records_may_edit(cf, zone);

	if (error_class == ZSP_OK || (error_class != ZSP_NOT_FOUND && !cf->api.verdict.of_record))
		return error_class;
	zsp_logf(cf->host, ZSP_LOG_DEBUG, "%s: whether the token may edit records is not known: %s",
		 zone->name, cf_why(&cf->api));
	return ZSP_OK;
}

/* Without Zone / Zone / Read the id is taken as it is; a change shows soon enough. */
static int32_t check_zone_id(struct cf *cf, struct zsp_str zone)
{
	char name[CF_NAME + 1];
	int32_t error_class;

	if (!*cf->zone_id)
		return ZSP_OK;
	error_class = cf_zone_name(cf, name);
	if (error_class == ZSP_DENIED)
		return ZSP_OK;
	if (error_class != ZSP_OK)
		return error_class;
	if (!zsp_str_is(zone, name))
		return cf_because(&cf->api, ZSP_CONFIG, "option zone-id is of the zone %s, not of %.*s", name,
				  (int)zone.n, zone.p);
	cf_zone_id_is(cf, zone);
	return ZSP_OK;
}

static int32_t check_zone(struct cf *cf, const struct zsp_zone *wanted, int32_t all,
			  struct cf_known_zone *ret)
{
	int32_t error_class = cf_zone_find(cf, wanted->zone, ret);

	if (error_class == ZSP_OK)
		error_class = check_zone_id(cf, wanted->zone);
	if (error_class == ZSP_OK)
		error_class = check_names(cf, ret, wanted, all);
	if (error_class == ZSP_OK)
		error_class = check_edit(cf, ret);
	return error_class;
}

/* ---- remarks -------------------------------------------------------------------------------- */

static void remark(struct cf *cf, uint32_t index, const struct cf_known_zone *zone, uint32_t wanted,
		   int64_t reached)
{
	if (zone->is_partial)
		zsp_resultf(cf->host, index, ZSP_OK, "%s is a partial (CNAME) setup: the world asks other "
			    "name servers, so what is written at Cloudflare may not be seen", zone->name);
	else if (reached > wanted)
		zsp_resultf(cf->host, index, ZSP_OK, "the token reaches %lld zones, %u %s needed here: limit "
			    "it to the zones that need it", (long long)reached, wanted,
			    wanted == 1 ? "is" : "are");
}

static uint32_t count_names(const struct zsp_list *zones)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < zones->n; i++)
		n += ZSP_ITEM(struct zsp_zone, zones, i)->names.n;
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* A failure of one zone is told with it; what would fail for all ends the call.  So does
 * what has no words here: no answer came, and the library said why. */
static int32_t ends_check(const struct cf *cf, int32_t error_class)
{
	if (error_class != ZSP_OK && !cf->api.why.n)
		return 1;
	return error_class == ZSP_AUTH || error_class == ZSP_RATE_LIMITED ||
	       error_class == ZSP_TRANSIENT || error_class == ZSP_BUG;
}

int32_t cf_check(void *instance, const struct zsp_list *zones)
{
	struct cf *cf = instance;
	struct cf_known_zone zone;
	int32_t all = count_names(zones) <= MAX_LISTED, error_class;
	int64_t reached = -1;

	for (uint32_t i = 0; i < zones->n; i++) {
		error_class = check_zone(cf, ZSP_ITEM(struct zsp_zone, zones, i), all, &zone);
		if (error_class == ZSP_NOT_FOUND)
			cf_zone_forget(cf, ZSP_ITEM(struct zsp_zone, zones, i)->zone);
		if (ends_check(cf, error_class))
			return cf_fail(&cf->api, error_class);
		if (error_class != ZSP_OK) {
			zsp_resultf(cf->host, i, error_class, "%s", cf_why(&cf->api));
			continue;
		}
		if (reached < 0)
			reached = cf_zone_count(cf);
		remark(cf, i, &zone, zones->n, reached);
	}
	return ZSP_OK;
}
