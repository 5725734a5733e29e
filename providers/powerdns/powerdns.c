/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugin for the HTTP API of the PowerDNS authoritative server: its options,
 * its zones and the test of both.  Changes are made in apply.c.
 */
#include <stdlib.h>
#include <string.h>

#include "apply.h"

static const struct zsp_option options[] = {
	{ ZSP_STR("api-url"), ZSP_OPTION_URL, 1, { NULL, 0 }, ZSP_STR("PDNS_API_URL"),
		ZSP_STR("Address of PowerDNS's web server, http://host:8081; http:// to other machines needs "
			"allow-http."),
		0, 0 },
	{ ZSP_STR("api-key"), ZSP_OPTION_SECRET, 1, { NULL, 0 }, ZSP_STR("PDNS_API_KEY"),
		ZSP_STR("The key that the server has as setting api-key."), 0, 0 },
	{ ZSP_STR("server-id"), ZSP_OPTION_TEXT, 0, { NULL, 0 }, ZSP_STR("PDNS_SERVER_NAME"),
		ZSP_STR("Id of the server behind the API; without it the only one, or localhost."), 0, 0 },
	{ ZSP_STR("ttl"), ZSP_OPTION_INTEGER, 0, ZSP_STR("60"), ZSP_STR("PDNS_TTL"),
		ZSP_STR("TTL of the records in seconds where the name has no TXT record yet."), 0, 86400 },
	ZSP_HTTP_OPTIONS,
	ZSP_HTTP_OPTION_ALLOW_HTTP,
};

static void powerdns_close(void *instance)
{
	struct pdns *self = instance;

	if (!self)
		return;
	pdns_close(&self->api);
	zsp_text_done(&self->why);
	free(self);
}

static int32_t powerdns_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	const struct zsp_value *ttl = zsp_value(values, "ttl");
	struct pdns *self = calloc(1, sizeof(*self));
	int32_t error_class;

	if (!self)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	self->why = (struct zsp_text)ZSP_TEXT(ZSP_MAX_TEXT);
	self->ttl = (uint32_t)zsp_value_number(values, "ttl", 60);
	self->ttl_given = ttl && ttl->is_given;
	error_class = pdns_open(&self->api, host, values);
	if (error_class == ZSP_OK)
		*ret_instance = self;
	else
		powerdns_close(self);
	return error_class;
}

static int32_t powerdns_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	return pdns_apply(instance, zone, changes);
}

/* ---- zones ---- */

static int32_t list_zones(struct pdns *self)
{
	const struct zsp_host *host = self->api.host;
	int32_t error_class = pdns_list_zones(&self->api);
	struct pdns_zone zone;

	if (error_class != ZSP_OK)
		return error_class;
	for (struct zsp_json z = zsp_json_first(zsp_json_root(self->api.doc)); z.node; z = zsp_json_next(z)) {
		if (!pdns_zone_read(z, &zone))
			continue;
		if (host->zone(host, zone.name, strlen(zone.name)) != 0) {
			zsp_logf(host, ZSP_LOG_WARN, "the server has more than %d zones; the rest is not shown",
				ZSP_MAX_ZONES);
			break;
		}
	}
	return ZSP_OK;
}

/* The deepest zone with the name in it. */
static int32_t powerdns_zones(void *instance, const struct zsp_str *find)
{
	struct pdns *self = instance;
	const struct zsp_host *host = self->api.host;
	struct pdns_zone zone;

	if (!find->n)
		return list_zones(self);
	for (struct zsp_str name = *find; name.n; name = zsp_name_parent(name)) {
		int32_t error_class = pdns_find_zone(&self->api, name, &zone);

		if (error_class == ZSP_OK)
			host->zone(host, zone.name, strlen(zone.name));
		if (error_class != ZSP_NOT_FOUND)
			return error_class;
	}
	return ZSP_OK;
}

/* ---- check ---- */

static void say_alias(struct pdns *self, uint32_t index, struct zsp_str name, struct zsp_str target)
{
	struct zsp_text shown = ZSP_TEXT(ZSP_MAX_TEXT);

	zsp_http_said(self->api.http, target, &shown);
	zsp_resultf(self->api.host, index, ZSP_CONFIG, "on this server %s is an alias (CNAME) for %s, which excludes "
						       "TXT records",
		name.p, zsp_text_str(&shown).p);
	zsp_text_done(&shown);
}

/* Whether a TXT record can stand at the name: *ret_fine 0 with the result given. */
static int32_t check_name(struct pdns *self, uint32_t index, struct zsp_str name, int32_t *ret_fine)
{
	const struct zsp_host *host = self->api.host;
	struct pdns_zone head;
	struct pdns_set set;
	int32_t error_class = pdns_get_zone(&self->api, &self->zone, PDNS_NAME_SETS, name, &head);

	*ret_fine = 0;
	if (error_class != ZSP_OK)
		return error_class;
	if (!pdns_set_find(zsp_json_root(self->api.doc), name, &set))
		zsp_resultf(host, index, ZSP_TRANSIENT, "the answer about %s is not of the form that PowerDNS gives",
			name.p);
	else if (set.alias.n)
		say_alias(self, index, name, set.alias);
	else
		*ret_fine = 1;
	return ZSP_OK;
}

static int32_t check_names(struct pdns *self, uint32_t index, const struct zsp_zone *zone, const char *remark)
{
	int32_t error_class = ZSP_OK, fine = 1;

	for (uint32_t i = 0; i < zone->names.n && fine && error_class == ZSP_OK; i++)
		error_class = check_name(self, index, *ZSP_ITEM(struct zsp_str, &zone->names, i), &fine);
	if (fine && error_class == ZSP_OK && remark)
		zsp_resultf(self->api.host, index, ZSP_OK, "%s", remark);
	return error_class;
}

/* What is worth saying about a zone that can be changed. */
static const char *remark_on(const struct pdns_zone *head)
{
	/* Secondaries of a native zone read the same database. */
	if (head->counts || zsp_str_is(zsp_strz(head->kind), "Native"))
		return NULL;
	return "its serial stays when the API changes it (SOA-EDIT-API is not set), so secondaries do not hear of "
	       "changes";
}

/* Gives a result about the zone, or returns a class that is about all of them. */
static int32_t check_zone(struct pdns *self, uint32_t index, const struct zsp_zone *zone)
{
	const struct zsp_host *host = self->api.host;
	int32_t error_class = pdns_need_zone(self, zone->zone);
	struct pdns_zone head;

	if (error_class != ZSP_OK && self->why.n) {
		zsp_resultf(host, index, error_class, "%s", zsp_text_str(&self->why).p);
		return ZSP_OK;
	}
	if (error_class == ZSP_OK)
		error_class = pdns_get_zone(&self->api, &self->zone, PDNS_HEAD, (struct zsp_str){ NULL, 0 }, &head);
	if (error_class != ZSP_OK)
		return error_class;
	return check_names(self, index, zone, remark_on(&head));
}

static int32_t powerdns_check(void *instance, const struct zsp_list *zones)
{
	struct pdns *self = instance;
	int32_t error_class = pdns_find_server(&self->api);

	for (uint32_t i = 0; i < zones->n && error_class == ZSP_OK; i++)
		error_class = check_zone(self, i, ZSP_ITEM(struct zsp_zone, zones, i));
	return error_class;
}

/* ---- the descriptor ---- */

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_BATCH | ZSP_FLAG_LISTS_ZONES | ZSP_FLAG_NEEDS_ZONE_LOCK),
	.name = ZSP_STR("powerdns"),
	.summary = ZSP_STR("HTTP API of the PowerDNS authoritative server"),
	.url = ZSP_STR("https://doc.powerdns.com/authoritative/http-api/"),
	.options = ZSP_LIST(options),
	.max_changes = PDNS_CHANGES,
	.permissions = ZSP_STR("The server's API key (settings api=yes and api-key). PowerDNS has no narrower right: "
			       "the key may change every zone and every record of the server. Let webserver-allow-from "
			       "have as few machines as possible, or give challenges a zone on a server of their own."),
	.open = powerdns_open,
	.apply = powerdns_apply,
	.zones = powerdns_zones,
	.check = powerdns_check,
	.close = powerdns_close,
};

ZSP_PLUGIN(provider)
