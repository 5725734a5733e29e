/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The narrowest token that the service can make: two rights, or one where no zone is
 * looked up by its name, for certain zones.  It cannot be limited to names, so the way
 * to a narrower one is a zone of its own.
 */
#include "cloudflare.h"

/* Permission groups of the service, the same in all accounts. */
static const struct {
	const char *id, *name;
	int32_t finds;	/* 1: only to look zones up by name */
} groups[] = {
	{ "c8fed203ed3043cba015a93ad1616f1f", "Zone Read", 1 },
	{ "4755a26eedb94da69e1066d98aa820be", "DNS Write", 0 },
};

enum { BODY = 60000, NAME = 400 };

static void put_group(struct zsp_json_out *out, size_t i)
{
	zsp_json_object(out, NULL);
	zsp_json_add_str(out, "id", zsp_strz(groups[i].id));
	zsp_json_add_str(out, "name", zsp_strz(groups[i].name));
	zsp_json_end(out, '}');
}

/* The zone's id, or a word in capitals that says whose to put there. */
static void put_resource(struct zsp_json_out *out, struct zsp_str zone, struct zsp_str zone_id)
{
	struct zsp_text name = ZSP_TEXT(NAME);

	zsp_text_addz(&name, "com.cloudflare.api.account.zone.");
	if (zone_id.n)
		zsp_text_add_str(&name, zone_id);
	else
		zsp_text_addz(&name, "ID_OF_");
	for (size_t i = 0; !zone_id.n && i < zone.n; i++) {
		char c = zone.p[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		zsp_text_add(&name, &c, 1);
	}
	zsp_json_add_str(out, zsp_text_str(&name).p, zsp_strz("*"));
	zsp_text_done(&name);
}

static void put_body(struct zsp_json_out *out, const struct zsp_list *zones, struct zsp_str zone_id)
{
	zsp_json_object(out, NULL);
	zsp_json_add_str(out, "name", zsp_strz("zoneseal"));
	zsp_json_array(out, "policies");
	zsp_json_object(out, NULL);
	zsp_json_add_str(out, "effect", zsp_strz("allow"));
	zsp_json_object(out, "resources");
	for (uint32_t i = 0; i < zones->n && (!i || !zone_id.n); i++)
		put_resource(out, ZSP_ITEM(struct zsp_zone, zones, i)->zone, zone_id);
	zsp_json_end(out, '}');
	zsp_json_array(out, "permission_groups");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!groups[i].finds || !zone_id.n)
			put_group(out, i);
	zsp_json_end(out, ']');
	zsp_json_end(out, '}');
	zsp_json_end(out, ']');
	zsp_json_end(out, '}');
}

/* Whether there is a zone-token is not known here: secrets are none of the values. */
static void print_words(const struct zsp_host *host, const struct zsp_list *zones, struct zsp_str zone_id)
{
	zsp_printf(host, "In the dashboard: My Profile > API Tokens > Create Token > Custom token\n");
	if (zone_id.n)
		zsp_printf(host, "    Permissions     " CF_NEED_EDIT "\n");
	else
		zsp_printf(host, "    Permissions     " CF_NEED_ZONE "\n"
				 "                    " CF_NEED_EDIT "\n");
	for (uint32_t i = 0; i < zones->n; i++)
		zsp_printf(host, "    Zone Resources  Include / Specific zone / %s\n",
			   ZSP_ITEM(struct zsp_zone, zones, i)->zone.p);
	if (!zone_id.n)
		zsp_printf(host, "With option zone-token, " CF_NEED_ZONE " (Zone Read) belongs into that token and "
				 "not into this one.\n");
	zsp_printf(host, "A token cannot be limited to names. Where that is too much, delegate the challenge\n"
			 "names by CNAME to a zone that has nothing else, and let the token edit that one.\n"
			 "\nOver the API: POST /user/tokens, or POST /accounts/ACCOUNT_ID/tokens, with\n");
}

int32_t cf_policy(const struct zsp_host *host, const struct zsp_list *values,
		  const struct zsp_list *zones)
{
	struct zsp_str zone_id = zsp_value_text(values, "zone-id");
	struct zsp_text body = ZSP_TEXT(BODY);
	struct zsp_json_out out;
	int32_t error_class = ZSP_OK;

	print_words(host, zones, zone_id);
	zsp_json_begin(&out, &body);
	put_body(&out, zones, zone_id);
	if (body.failed || host->print(host, body.p, body.n) != 0)
		error_class = zsp_failf(host, ZSP_CONFIG, 0, "%u zones are too many for one policy",
					zones->n);
	zsp_printf(host, "\n");
	zsp_text_done(&body);
	return error_class;
}
