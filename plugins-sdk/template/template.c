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
	struct zsp_text authorization; /* "Bearer TOKEN" */
	struct zsp_http_response answer;
};

/* One request.  A status that is `fine` means that what was wanted is so already. */
static int32_t call(struct instance *self, const char *method, struct zsp_text *path, struct zsp_text *body, int32_t fine)
{
	const struct zsp_http_header header = { ZSP_STR("Authorization"), zsp_text_str(&self->authorization) };
	struct zsp_http_request request = { .method = method, .path = zsp_text_str(path), .headers = &header, .nheaders = 1 };
	int32_t class;

	if (body)
		request.body = zsp_text_str(body);
	class = zsp_http_send(self->http, &request, &self->answer);
	if (class != ZSP_OK && self->answer.status != fine)
		zsp_http_fail(self->http, class, &self->answer, method, self->answer.body);
	zsp_text_clear(path);
	return self->answer.status == fine ? ZSP_OK : class;
}

static int32_t add(struct instance *self, const char *zone, const struct zsp_change *change)
{
	struct zsp_text path = ZSP_TEXT(1024), body = ZSP_TEXT(4096);
	struct zsp_json_out out;
	int32_t class;

	zsp_text_addf(&path, "/zones/%s/records", zone);
	zsp_json_begin(&out, &body);
	zsp_json_object(&out, NULL);
	zsp_json_add_str(&out, "name", change->name);
	zsp_json_add_str(&out, "type", zsp_strz("TXT"));
	zsp_json_add_str(&out, "content", change->value);
	zsp_json_add_int(&out, "ttl", change->ttl ? change->ttl : 60);
	zsp_json_end(&out, '}');
	class = call(self, "POST", &path, &body, 409); /* 409: the value is there */
	zsp_text_done(&path);
	zsp_text_done(&body);
	return class;
}

/* Takes the id of the record with that value from one page of a list; *page becomes the next one, 0 = none. */
static int32_t read_page(struct instance *self, struct zsp_str value, struct zsp_text *id, int64_t *page)
{
	const char *why = "";
	struct zsp_json_doc *doc = zsp_json_parse(self->answer.body, &why);
	struct zsp_json record = zsp_json_first(zsp_json_get(zsp_json_root(doc), "records"));

	if (!doc)
		return zsp_http_fail(self->http, ZSP_TRANSIENT, &self->answer, "read the answer", zsp_strz(why));
	for (; record.node && !id->n; record = zsp_json_next(record))
		if (zsp_txt_is(zsp_json_text(record, "content"), value))
			zsp_text_add_str(id, zsp_json_text(record, "id"));
	(void)zsp_json_int(zsp_json_get(zsp_json_root(doc), "next"), page);
	zsp_json_free(doc);
	return ZSP_OK;
}

static int32_t take_out(struct instance *self, const char *zone, const struct zsp_change *change)
{
	struct zsp_text path = ZSP_TEXT(1024), id = ZSP_TEXT(256);
	int64_t page = 1;
	int32_t class = ZSP_OK;

	while (class == ZSP_OK && page && !id.n) {
		zsp_text_addf(&path, "/zones/%s/records?name=%s&page=%d", zone, change->name.p, (int)page);
		class = call(self, "GET", &path, NULL, 200);
		if (class == ZSP_OK)
			class = read_page(self, change->value, &id, &page);
	}
	if (class == ZSP_OK && id.n) {
		zsp_text_addf(&path, "/zones/%s/records/", zone);
		zsp_text_add_escaped(&path, zsp_text_str(&id));
		class = call(self, "DELETE", &path, NULL, 404); /* 404: it is gone */
	}
	zsp_text_done(&path);
	zsp_text_done(&id);
	return class;
}

static int32_t template_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct instance *self = instance;
	int32_t failed = ZSP_OK;

	for (uint32_t i = 0; i < changes->n; i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
		int32_t class = change->op == ZSP_ADD ? add(self, zone->p, change) : take_out(self, zone->p, change);

		if (class == ZSP_OK)
			zsp_resultf(self->host, i, ZSP_OK, NULL);
		else
			failed = class; /* and what call() said */
	}
	return failed;
}

static int32_t template_check(void *instance, const struct zsp_list *zones)
{
	struct instance *self = instance;
	struct zsp_text path = ZSP_TEXT(1024);
	int32_t class = ZSP_OK;

	for (uint32_t i = 0; i < zones->n && class == ZSP_OK; i++) {
		const char *zone = ZSP_ITEM(struct zsp_zone, zones, i)->zone.p;

		zsp_text_addf(&path, "/zones/%s/records?name=_acme-challenge.%s", zone, zone);
		class = call(self, "GET", &path, NULL, 404);
		if (class == ZSP_OK && self->answer.status == 404)
			zsp_resultf(self->host, i, ZSP_NOT_FOUND, "the account has no zone %s", zone);
	}
	zsp_text_done(&path);
	return class;
}

static void template_close(void *instance)
{
	struct instance *self = instance;

	zsp_http_free(self->http);
	zsp_text_done(&self->authorization);
	free(self);
}

static int32_t template_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	struct zsp_http_spec spec = { .base_url = zsp_value_text(values, "api-url") };
	struct zsp_str token = zsp_value_text(values, "api-token");
	struct instance *self = calloc(1, sizeof(*self));

	if (!self)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	*self = (struct instance){ .host = host, .authorization = ZSP_TEXT_SECRET(20000) };
	zsp_text_addz(&self->authorization, "Bearer ");
	zsp_text_add_str(&self->authorization, token);
	zsp_http_spec_options(&spec, values); /* ca-file, proxy, http-timeout */
	self->http = zsp_http_new(host, &spec);
	if (!self->http || zsp_http_redact(self->http, token) != ZSP_OK) {
		template_close(self);
		return ZSP_CONFIG;
	}
	*ret_instance = self;
	return ZSP_OK;
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

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	return &provider;
}
