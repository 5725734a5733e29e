/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test of credentials, zone by zone: is the zone there, may its record sets be
 * read, may they be changed?  The last is asked with a batch that must fail: to
 * delete a value that nobody has, and to create another one.  The service looks at
 * rights first and carries out all of a batch or nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"

enum { VALUE = 43, PROBE = 200, READ = 32, MAX_NAMED = 3 };

struct probe {
	struct instance *self;
	const char *zone_id;
	struct record_set old, new; /* of random values */
};

/* ---- the batch that fails ------------------------------------------------------------------------------- */

static void add_random(struct record_set *set)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char value[VALUE + 2] = "\"";

	for (size_t i = 1; i <= VALUE; i++)
		value[i] = letters[zsp_random(sizeof(letters) - 1)];
	value[VALUE + 1] = '"';
	record_set_add(set, (struct zsp_str){ value, sizeof(value) });
	set->ttl = 1;
	set->state = SET_SIMPLE;
}

static void probe_init(struct probe *probe, struct instance *self, const char *zone_id)
{
	*probe = (struct probe){ .self = self, .zone_id = zone_id };
	record_set_init(&probe->old);
	record_set_init(&probe->new);
	add_random(&probe->old);
	add_random(&probe->new);
}

static void probe_done(struct probe *probe)
{
	record_set_done(&probe->old);
	record_set_done(&probe->new);
}

/* ZSP_OK when these names may be changed. */
static int32_t may_change(const struct probe *probe, const struct zsp_str *names, size_t n)
{
	struct swap swaps[PROBE];
	char id[CHANGE_ID_ROOM];
	int32_t class;

	for (size_t i = 0; i < n; i++)
		swaps[i] = (struct swap){ names[i], &probe->old, &probe->new };
	class = batch_send(&probe->self->api, probe->zone_id, swaps, n, id);
	if (class == ZSP_OK)
		return api_failf(&probe->self->api, ZSP_BUG, "a change batch that must fail did not: delete TXT %s at %.*s",
			zsp_text_str(&probe->new.values).p, (int)names[0].n, names[0].p);
	return class == ZSP_CONFLICT ? ZSP_OK : class;
}

/* ---- one zone ------------------------------------------------------------------------------------------- */

static struct zsp_str name_at(const struct zsp_zone *zone, size_t i)
{
	return *ZSP_ITEM(struct zsp_str, &zone->names, (uint32_t)i);
}

static int by_name(const void *a, const void *b)
{
	return escape_name_order(((const struct lookup *)a)->name, ((const struct lookup *)b)->name);
}

static int32_t complain_of(const struct probe *probe, const struct lookup *lookup)
{
	return api_failf(&probe->self->api, ZSP_CONFIG, "%.*s: the TXT record set there %s, which is never touched",
		(int)lookup->name.n, lookup->name.p, lookup->set->state == SET_ALIAS ? "is an alias" : "has an identifier");
}

/* The first names are enough to show the right; what stands in the way of others shows later. */
static int32_t may_read(const struct probe *probe, const struct zsp_zone *zone)
{
	struct record_set sets[READ];
	struct lookup lookups[READ];
	size_t n = 0;
	int32_t class;

	do {
		record_set_init(&sets[n]);
		lookups[n] = (struct lookup){ .name = n < zone->names.n ? name_at(zone, n) : zone->zone, .set = &sets[n] };
	} while (++n < zone->names.n && n < READ);
	qsort(lookups, n, sizeof(lookups[0]), by_name);
	class = records_read(&probe->self->api, probe->zone_id, lookups, n);
	for (size_t i = 0; i < n; i++) {
		if (class == ZSP_OK && zone->names.n && (lookups[i].set->state == SET_ROUTED || lookups[i].set->state == SET_ALIAS))
			class = complain_of(probe, &lookups[i]);
		record_set_done(&sets[i]);
	}
	return class;
}

/* Which of the names are denied, of the few that are worth asking for one by one. */
static int32_t name_denied(const struct probe *probe, const struct zsp_zone *zone)
{
	struct api *api = &probe->self->api;
	struct zsp_text denied = ZSP_TEXT(ZSP_MAX_TEXT);
	char why[ZSP_MAX_TEXT + 1];

	(void)snprintf(why, sizeof(why), "%s", api->why);
	for (size_t i = 0; zone->names.n > 1 && i < zone->names.n && i < MAX_NAMED; i++) {
		struct zsp_str name = name_at(zone, i);

		if (may_change(probe, &name, 1) == ZSP_DENIED)
			zsp_text_addf(&denied, "%s%.*s", denied.n ? ", " : "", (int)name.n, name.p);
	}
	if (denied.n)
		(void)api_failf(api, ZSP_DENIED, "%.700s (denied are: %.250s%s)", why, zsp_text_str(&denied).p,
			zone->names.n > MAX_NAMED ? " ..." : "");
	else
		(void)api_failf(api, ZSP_DENIED, "%s", why);
	zsp_text_done(&denied);
	return ZSP_DENIED;
}

static int32_t may_change_all(const struct probe *probe, const struct zsp_zone *zone)
{
	struct zsp_str names[PROBE];
	int32_t class = ZSP_OK;

	for (size_t at = 0, n; class == ZSP_OK && at < zone->names.n; at += n) {
		for (n = 0; n < PROBE && at + n < zone->names.n; n++)
			names[n] = name_at(zone, at + n);
		class = may_change(probe, names, n);
	}
	return class == ZSP_DENIED ? name_denied(probe, zone) : class;
}

/* A name that no certificate asks for. */
static int32_t is_too_wide(const struct probe *probe, const struct zsp_zone *zone)
{
	char text[64 + NAME_ROOM];
	struct zsp_str name;

	if (!settings_number(&probe->self->settings, OPT_CHECK_WIDTH) || !zone->names.n)
		return 0;
	(void)snprintf(text, sizeof(text), "_zoneseal-width-%08x.%.*s", (unsigned)zsp_random(INT64_C(1) << 32),
		(int)zone->zone.n, zone->zone.p);
	name = zsp_strz(text);
	return name.n < NAME_ROOM - 2 && may_change(probe, &name, 1) == ZSP_OK;
}

static int32_t check_zone(struct instance *self, const struct zsp_zone *zone, uint32_t index)
{
	const char *id;
	struct probe probe;
	int32_t class = zones_find(&self->zones, zone->zone, &id), wide = 0;

	if (class == ZSP_OK) {
		probe_init(&probe, self, id);
		class = may_read(&probe, zone);
		if (class == ZSP_OK)
			class = may_change_all(&probe, zone);
		if (class == ZSP_OK)
			wide = is_too_wide(&probe, zone);
		probe_done(&probe);
	}
	if (wide)
		return zsp_resultf(self->host, index, ZSP_OK,
			"these credentials may change other names of %.*s too; `zoneseal provider policy` prints a "
			"policy for the challenges alone",
			(int)zone->zone.n, zone->zone.p);
	return zsp_resultf(self->host, index, class, "%s", class == ZSP_OK ? "" : self->api.why);
}

/* What is wrong with the credentials is wrong for all zones. */
int32_t route53_check(void *instance, const struct zsp_list *zones)
{
	struct instance *self = instance;

	for (uint32_t i = 0; i < zones->n && !self->host->cancelled(self->host); i++) {
		int32_t class = check_zone(self, ZSP_ITEM(struct zsp_zone, zones, i), i);

		if (class != ZSP_OK && self->api.is_said)
			return class;
		if (class == ZSP_AUTH || class == ZSP_RATE_LIMITED || class == ZSP_TRANSIENT)
			return zsp_failf(self->host, class, self->api.retry_after_ms, "%s", self->api.why);
	}
	return self->host->cancelled(self->host) ? api_failf(&self->api, ZSP_TRANSIENT, "no time was left") : ZSP_OK;
}
