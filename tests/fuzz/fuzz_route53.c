/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of Route 53 as its plugin reads them: refusals, hosted zones, record sets.
 * Whatever comes, lists end, names are names and ids are ids.
 */
#include "fuzz.h"

#include <stdarg.h>

#include <zoneseal/name.h>

#include "providers/route53/error.h"
#include "providers/route53/slots.h"
#include "providers/route53/zones_api.h"

enum { ANSWERS = 8 };

/* The same answer to all requests, until there were enough. */
static struct { struct zsp_str body; unsigned asked; } service;

int32_t api_send(struct api *api, const struct api_call *call)
{
	(void)api;
	MUST(call->path.n > 0 && call->path.p[0] == '/');
	for (size_t i = 0; i < call->path.n; i++)
		MUST(call->path.p[i] > ' ' && call->path.p[i] < 0x7f);
	if (++service.asked > ANSWERS)
		return ZSP_TRANSIENT;
	call->begin(call->user);
	return xml_read(service.body, call->element, call->user) ? ZSP_TRANSIENT : ZSP_OK;
}

int32_t api_failf(struct api *api, int32_t error_class, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(api->why, sizeof(api->why), format, ap);
	va_end(ap);
	return error_class;
}

static int32_t see_zone(void *user, const struct listed_zone *zone)
{
	char id[ZONE_ID_ROOM], name[NAME_ROOM];

	(void)user;
	MUST(zones_id_read(zsp_strz(zone->id), id) && !strcmp(id, zone->id));
	MUST(zsp_name_read(zsp_strz(zone->name), name, sizeof(name)) && !strcmp(name, zone->name));
	return 1;
}

static void read_zones(struct api *api)
{
	struct delegation delegation;
	char name[NAME_ROOM];

	service.asked = 0;
	(void)zones_api_list(api, zsp_strz("example.org"), see_zone, NULL);
	(void)zones_api_delegation(api, "Z1", &delegation);
	if (zones_api_apex(api, "Z1", name) == ZSP_OK)
		MUST(*name);
}

/* All that stood there is in the new set, and ours besides. */
static void check_plan(const struct slot *slot)
{
	struct zsp_str v = { NULL, 0 };
	uint32_t n = 0;

	while ((v = record_set_next(&slot->set, v)).p)
		n++;
	MUST(n == slot->set.n && (slot->next.n == n || slot->next.n == n + 1));
}

static void read_sets(struct api *api)
{
	static const struct zsp_host host;
	struct zsp_change changes[2] = {
		{ .op = ZSP_ADD, .name = ZSP_STR("a.example.org"), .value = ZSP_STR("v") },
		{ .op = ZSP_ADD, .name = ZSP_STR("b.example.org"), .value = ZSP_STR("v") },
	};
	const struct zsp_list list = ZSP_LIST(changes);
	struct lookup lookups[2];
	struct slots slots;

	service.asked = 0;
	MUST(slots_init(&slots, &host, &list, 60) == ZSP_OK);
	for (size_t i = 0; i < slots.n; i++)
		lookups[i] = (struct lookup){ .name = slots.items[i].name, .set = &slots.items[i].set };
	if (records_read(api, "Z1", lookups, 2) == ZSP_OK) {
		for (size_t i = 0; i < slots.n; i++) {
			MUST(slots.items[i].set.state != SET_UNKNOWN);
			if (slots_plan(&slots, &slots.items[i]))
				check_plan(&slots.items[i]);
		}
	}
	slots_done(&slots);
}

static void read_refusal(struct zsp_str body)
{
	const struct zsp_http_response response = { .status = 400, .body = body };
	struct zsp_text text = ZSP_TEXT(ZSP_MAX_TEXT);
	struct api_error error;

	error_init(&error);
	(void)error_classify(&error, &response, 0);
	(void)batch_blames(zsp_text_str(&error.messages), zsp_strz("a.example.org"));
	error_explain(&error, &text);
	for (size_t i = 0; i < text.n; i++)
		MUST(text.p[i] >= ' ' && text.p[i] <= '~');
	MUST(!text.failed);
	zsp_text_done(&text);
	error_done(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct api api;
	char id[CHANGE_ID_ROOM];
	int32_t live;

	service.body = (struct zsp_str){ (const char *)data, n };
	read_refusal(service.body);
	read_zones(&api);
	read_sets(&api);
	service.asked = 0;
	if (batch_send(&api, "Z1", NULL, 0, id) == ZSP_OK)
		MUST(!*id || batch_is_id(zsp_strz(id)));
	(void)batch_is_live(&api, zsp_strz("C1"), &live);
	return 0;
}
