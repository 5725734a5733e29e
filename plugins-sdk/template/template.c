/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS provider "template": TXT values through a small JSON API.  `zoneseal provider new`
 * made this file.  It is yours: change it, and put it under any licence you like.
 */
#include <stdlib.h>

#include <zoneseal/sdk.h>

static const struct zsp_option options[] = {
	{ ZSP_STR("api-url"), ZSP_OPTION_URL, 0, ZSP_STR("https://api.example.net/v1"), { NULL, 0 },
		ZSP_STR("Base URL of the API."), 0, 0 },
	{ ZSP_STR("api-token"), ZSP_OPTION_SECRET, 1, { NULL, 0 }, ZSP_STR("TEMPLATE_API_TOKEN"),
		ZSP_STR("Token of the API; it needs to read and write the records of the zones."), 0, 0 },
	ZSP_HTTP_OPTIONS,
};

struct instance {
	const struct zsp_host *host;
	struct zsp_http *http;
	struct zsp_http_response answer; /* the last one */
};

static int32_t add(void *instance, struct zsp_str zone, const struct zsp_change *change)
{
	struct instance *self = instance;
	struct zsp_text body = ZSP_TEXT(4096);
	struct zsp_json_out out;
	int32_t class;

	zsp_json_begin(&out, &body);
	zsp_json_object(&out, NULL);
	zsp_json_add_str(&out, "name", change->name);
	zsp_json_add_str(&out, "type", zsp_strz("TXT"));
	zsp_json_add_str(&out, "content", change->value);
	zsp_json_add_int(&out, "ttl", change->ttl ? change->ttl : 60);
	zsp_json_end(&out, '}');
	/* 409: the value is there */
	class = zsp_http_call(self->http, "POST", &body, 409, &self->answer, "/zones/%s/records", zone.p);
	zsp_text_done(&body);
	return class;
}

/* Looks page by page for the record with that value, and removes that record alone. */
static int32_t take_out(void *instance, struct zsp_str zone, const struct zsp_change *change)
{
	struct instance *self = instance;
	struct zsp_text id = ZSP_TEXT(8192);
	int64_t page = 1;
	int32_t class = ZSP_OK;

	while (class == ZSP_OK && page && !id.n) {
		struct zsp_json_doc *doc = NULL;

		class = zsp_http_call(self->http, "GET", NULL, 0, &self->answer, "/zones/%s/records?name=%s&page=%d",
			zone.p, change->name.p, (int)page);
		if (class == ZSP_OK)
			class = zsp_http_json(self->http, &self->answer, &doc);
		zsp_text_add_escaped(&id, zsp_json_text(zsp_json_find_txt(zsp_json_get(zsp_json_root(doc), "records"), "content", change->value), "id"));
		(void)zsp_json_int(zsp_json_get(zsp_json_root(doc), "next"), &page); /* null: 0, there is no more */
		zsp_json_free(doc);
	}
	if (class == ZSP_OK && id.n) /* 404: it is gone */
		class = zsp_http_call(self->http, "DELETE", NULL, 404, &self->answer, "/zones/%s/records/%s", zone.p, id.p);
	zsp_text_done(&id);
	return class;
}

static int32_t template_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	return zsp_each_change(((struct instance *)instance)->host, instance, zone, changes, add, take_out);
}

static int32_t template_check(void *instance, const struct zsp_list *zones)
{
	struct instance *self = instance;
	int32_t class = ZSP_OK;

	for (uint32_t i = 0; i < zones->n && class == ZSP_OK; i++) {
		const char *zone = ZSP_ITEM(struct zsp_zone, zones, i)->zone.p;

		class = zsp_http_call(self->http, "GET", NULL, 404, &self->answer, "/zones/%s/records?name=%s", zone, zone);
		if (class == ZSP_OK && self->answer.status == 404)
			zsp_resultf(self->host, i, ZSP_NOT_FOUND, "the account has no zone %s", zone);
	}
	return class;
}

static void template_close(void *instance)
{
	zsp_http_free(((struct instance *)instance)->http);
	free(instance);
}

static int32_t template_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	struct zsp_http_spec spec = { .base_url = zsp_value_text(values, "api-url") };
	struct instance *self = calloc(1, sizeof(*self));
	int32_t class;

	if (!self)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	self->host = host;
	zsp_http_spec_options(&spec, values); /* ca-file, proxy, http-timeout */
	self->http = zsp_http_new(host, &spec);
	class = zsp_http_always(self->http, "Authorization", "Bearer ", zsp_value_text(values, "api-token"));
	if (class == ZSP_OK)
		*ret_instance = self;
	else
		template_close(self);
	return class;
}

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_KEEPS_SIBLINGS),
	.name = ZSP_STR("template"),
	.summary = ZSP_STR("TXT records of the template service"),
	.options = ZSP_LIST(options),
	.max_changes = 50,
	.permissions = ZSP_STR("A token that may read and write the records of the zones, and nothing else."),
	.open = template_open,
	.apply = template_apply,
	.check = template_check,
	.close = template_close,
};
ZSP_PLUGIN(provider)
