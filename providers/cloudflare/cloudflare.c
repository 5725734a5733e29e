/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugin for zones at Cloudflare (API v4): options, open and close.
 */
#include <stdlib.h>
#include <string.h>

#include "cloudflare.h"

#define GLOBAL_KEY_DIGITS 37

static const struct zsp_option options[] = {
	{ ZSP_STR("api-token"), ZSP_OPTION_SECRET, 1, { NULL, 0 }, ZSP_STR("CF_DNS_API_TOKEN"),
	  ZSP_STR("API token with Zone / DNS / Edit, and Zone / Zone / Read unless zone-token or zone-id "
		  "is set; not the Global API Key."), 0, 0 },
	{ ZSP_STR("zone-token"), ZSP_OPTION_SECRET, 0, { NULL, 0 }, ZSP_STR("CF_ZONE_API_TOKEN"),
	  ZSP_STR("A second API token with Zone / Zone / Read, to look zones up with."), 0, 0 },
	{ ZSP_STR("account-id"), ZSP_OPTION_TEXT, 0, { NULL, 0 }, { NULL, 0 },
	  ZSP_STR("Zones of this account only, where several have a zone of one name."), 0, 0 },
	{ ZSP_STR("zone-id"), ZSP_OPTION_TEXT, 0, { NULL, 0 }, { NULL, 0 },
	  ZSP_STR("Id of the one zone that this instance is for; no zone is looked up then."), 0, 0 },
	{ ZSP_STR("api-url"), ZSP_OPTION_URL, 0, ZSP_STR("https://api.cloudflare.com/client/v4"),
	  { NULL, 0 }, ZSP_STR("Base URL of the API; http:// only to this machine."), 0, 0 },
	{ ZSP_STR("ttl"), ZSP_OPTION_INTEGER, 0, ZSP_STR("60"), { NULL, 0 },
	  ZSP_STR("TTL of the records in seconds, 60 to 86400; 1 lets the service choose."), 1, 86400 },
	ZSP_HTTP_OPTIONS,
};

/* ---- options ---------------------------------------------------------------------------- */

static int32_t is_hex(struct zsp_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0123456789abcdef", s.p[i], 16))
			return 0;
	return 1;
}

/* The form of tokens may change, so nothing is asked of it but that it can be sent.  A
 * Global API Key is told by its own form: it belongs in other headers and may do all. */
static int32_t check_token(const struct zsp_host *host, const char *option, struct zsp_str token)
{
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] <= ' ' || token.p[i] > '~')
			return zsp_failf(host, ZSP_CONFIG, 0, "option %s: there is a blank, a line end or a "
					 "character that is not ASCII in it; it should hold the token and "
					 "nothing else", option);
	if (zsp_str_starts(token, "cfk_") || (token.n == GLOBAL_KEY_DIGITS && is_hex(token)))
		return zsp_failf(host, ZSP_CONFIG, 0, "option %s: this is a Global API Key, which may do "
				 "everything in the account and is not accepted; create an API token under "
				 "My Profile > API Tokens with " CF_NEED_ZONE " and " CF_NEED_EDIT, option);
	return ZSP_OK;
}

static int32_t read_token(struct cf *cf, const struct zsp_list *values, const char *option,
			  enum cf_token which)
{
	struct zsp_str token = zsp_value_text(values, option);
	int32_t error_class = check_token(cf->host, option, token);

	return error_class == ZSP_OK ? cf_api_token(&cf->api, which, token) : error_class;
}

static int32_t read_id(struct cf *cf, const struct zsp_list *values, const char *option,
		       char dst[CF_ID + 1])
{
	struct zsp_str id = zsp_value_text(values, option);

	if (!id.n)
		return ZSP_OK;
	if (!cf_id_ok(id))
		return zsp_failf(cf->host, ZSP_CONFIG, 0, "option %s: an id is up to %d letters and digits; "
				 "the dashboard shows it on the overview page of the zone", option, CF_ID);
	memcpy(dst, id.p, id.n);
	return ZSP_OK;
}

static int32_t read_ttl(struct cf *cf, const struct zsp_list *values)
{
	int64_t ttl = zsp_value_number(values, "ttl", 60);

	if (ttl != 1 && ttl < 60)
		return zsp_failf(cf->host, ZSP_CONFIG, 0, "option ttl: 1 is automatic, else 60 to 86400 "
				 "seconds");
	cf->ttl = (uint32_t)ttl;
	cf->ttl_given = (int32_t)zsp_value(values, "ttl")->is_given;
	return ZSP_OK;
}

static int32_t fill(struct cf *cf, const struct zsp_list *values)
{
	int32_t error_class = cf_api_open(&cf->api, cf->host, values);

	cf->has_zone_token = zsp_value_text(values, "zone-token").n > 0;
	if (error_class == ZSP_OK)
		error_class = read_token(cf, values, "api-token", CF_TOKEN_DNS);
	if (error_class == ZSP_OK && cf->has_zone_token)
		error_class = read_token(cf, values, "zone-token", CF_TOKEN_ZONE);
	if (error_class == ZSP_OK)
		error_class = read_id(cf, values, "account-id", cf->account_id);
	if (error_class == ZSP_OK)
		error_class = read_id(cf, values, "zone-id", cf->zone_id);
	return error_class == ZSP_OK ? read_ttl(cf, values) : error_class;
}

/* ---- open and close ------------------------------------------------------------------------ */

static void cloudflare_close(void *instance)
{
	struct cf *cf = instance;

	if (!cf)
		return;
	cf_api_close(&cf->api);
	free(cf->zones);
	free(cf->records);
	free(cf);
}

static int32_t cloudflare_open(const struct zsp_host *host, const struct zsp_list *values,
			       void **ret_instance)
{
	struct cf *cf = calloc(1, sizeof(*cf));
	int32_t error_class;

	if (!cf)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	cf->host = host;
	error_class = fill(cf, values);
	if (error_class == ZSP_OK)
		*ret_instance = cf;
	else
		cloudflare_close(cf);
	return error_class;
}

/* ---- the descriptor -------------------------------------------------------------------------- */

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_KEEPS_SIBLINGS | ZSP_FLAG_BATCH | ZSP_FLAG_LISTS_ZONES),
	.name = ZSP_STR("cloudflare"),
	.summary = ZSP_STR("Zones at Cloudflare, over API v4 with an API token"),
	.url = ZSP_STR("https://developers.cloudflare.com/api/resources/dns/subresources/records/"),
	.options = ZSP_LIST(options),
	.max_changes = CF_BATCH,
	.permissions = ZSP_STR("An API token with Zone / DNS / Edit for the zones to write, and with Zone / "
			       "Zone / Read for the same zones, so that they can be looked up by name. The "
			       "second right may be in a token of its own (zone-token), and is not needed "
			       "with zone-id. Tokens cannot be limited to names."),
	.open = cloudflare_open,
	.apply = cf_apply,
	.zones = cf_zones,
	.check = cf_check,
	.close = cloudflare_close,
	.policy = cf_policy,
};

ZSP_PLUGIN(provider)
