/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h.  Reads are repeated by the SDK; a change is sent once, since what is to be
 * written depends on what was read before it.
 */
#include "api.h"

#include <string.h>

enum { KEY = 1024,
	PATH = 2048,
	BODY = 4 * 1024 * 1024,
	DETAIL = 700 };

#define API_ROOT "/api/v1"

static void forget_answer(struct pdns_api *api)
{
	zsp_json_free(api->doc);
	api->doc = NULL;
}

/* An answer with a body that is no JSON comes from something between, or was cut. */
static int32_t classify(void *user, const struct zsp_http_response *response, int64_t *retry_after_ms)
{
	struct pdns_api *api = user;
	int32_t error_class = zsp_http_class(response);

	(void)retry_after_ms;
	forget_answer(api);
	if (response->body.n)
		api->doc = zsp_json_parse(response->body, NULL);
	return error_class == ZSP_OK && response->body.n && !api->doc ? ZSP_TRANSIENT : error_class;
}

/* ---- options ---- */

static int32_t key_ok(struct zsp_str key)
{
	if (!key.n || key.n > KEY)
		return 0;
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] <= 0x20 || key.p[i] >= 0x7f)
			return 0;
	return 1;
}

static int32_t read_key(struct pdns_api *api, const struct zsp_list *values)
{
	struct zsp_str key = zsp_value_text(values, "api-key");

	if (!key_ok(key))
		return zsp_failf(api->host, ZSP_CONFIG, 0, "option api-key: it must be one line of "
							   "printable characters without blanks, as the server's setting api-key");
	zsp_text_add_str(&api->key, key);
	if (api->key.failed || zsp_http_redact(api->http, zsp_text_str(&api->key)) != ZSP_OK)
		return zsp_failf(api->host, ZSP_BUG, 0, "option api-key: out of memory");
	return ZSP_OK;
}

static int32_t read_server_id(struct pdns_api *api, const struct zsp_list *values)
{
	struct zsp_str id = zsp_value_text(values, "server-id");

	if (id.n >= sizeof(api->server_id) || zsp_str_is(id, ".") || zsp_str_is(id, ".."))
		return zsp_failf(api->host, ZSP_CONFIG, 0, "option server-id: it is no id of a server; "
							   "that of PowerDNS itself is \"localhost\"");
	if (id.n)
		memcpy(api->server_id, id.p, id.n);
	api->server_id[id.n] = 0;
	return ZSP_OK;
}

static struct zsp_str without_slash(struct zsp_str url)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}

int32_t pdns_open(struct pdns_api *api, const struct zsp_host *host, const struct zsp_list *values)
{
	struct zsp_http_spec spec = { .base_url = zsp_value_text(values, "api-url"), .max_body = BODY };
	int32_t error_class;

	memset(api, 0, sizeof(*api));
	api->host = host;
	api->key = (struct zsp_text)ZSP_TEXT_SECRET(KEY);
	api->root = zsp_str_ends(without_slash(spec.base_url), API_ROOT) ? "" : API_ROOT;
	spec.plain = ZSP_PLAIN_LOOPBACK;
	spec.classify = classify;
	spec.user = api;
	zsp_http_spec_options(&spec, values);
	api->http = zsp_http_new(host, &spec);
	if (!api->http)
		return ZSP_CONFIG;
	error_class = read_key(api, values);
	return error_class == ZSP_OK ? read_server_id(api, values) : error_class;
}

void pdns_close(struct pdns_api *api)
{
	forget_answer(api);
	zsp_http_free(api->http);
	zsp_text_done(&api->key);
}

/* ---- one request ---- */

static int32_t send_request(struct pdns_api *api, const char *method, const struct zsp_text *path, struct zsp_str body)
{
	struct zsp_http_header header = { ZSP_STR("X-API-Key"), zsp_text_str(&api->key) };
	struct zsp_http_request request = {
		.method = method,
		.path = zsp_text_str(path),
		.headers = &header,
		.nheaders = 1,
		.once = body.p != NULL,
		.body = body,
	};

	forget_answer(api);
	memset(&api->response, 0, sizeof(api->response));
	api->said = path->failed || api->key.failed;
	if (api->said)
		return zsp_failf(api->host, ZSP_BUG, 0, "out of memory, or a path that is too long");
	return zsp_http_send(api->http, &request, &api->response);
}

struct zsp_str pdns_reason(const struct pdns_api *api)
{
	return pdns_error_read(api->response.body, api->doc);
}

/* What to do about an answer of this status; 0 = none came. */
static const struct {
	int32_t status;
	const char *text;
} hints[] = {
	{ 0, "is webserver=yes set, and does webserver-allow-from have this machine?" },
	{ 401, "the option api-key must be what the server has as setting api-key" },
	{ 403, "does webserver-allow-from have this machine?" },
	{ 404, "is api=yes set, and api-url the address of PowerDNS's web server?" },
	{ 500, "the server's log has the reason" },
};

static const char *hint_for(int32_t status)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].status == status)
			return hints[i].text;
	return "";
}

int32_t pdns_fail(struct pdns_api *api, int32_t error_class, const char *what)
{
	struct zsp_text detail = ZSP_TEXT(DETAIL);
	struct zsp_str reason = pdns_reason(api);
	const char *hint = hint_for(api->response.status);

	if (api->said)
		return error_class;
	zsp_http_said(api->http, reason, &detail);
	if (*hint)
		zsp_text_addf(&detail, "%s%s", reason.n ? "; " : "", hint);
	zsp_http_fail(api->http, error_class, &api->response, what, zsp_text_str(&detail));
	zsp_text_done(&detail);
	return error_class;
}

/* An answer that came with a good status and is not what it should be. */
static int32_t nonsense(struct pdns_api *api, const char *what)
{
	return zsp_http_fail(api->http, ZSP_TRANSIENT, &api->response, what,
		(struct zsp_str)ZSP_STR("the answer is not one of PowerDNS's API; is something "
					"else at api-url?"));
}

/* ---- servers ---- */

static void start_path(const struct pdns_api *api, struct zsp_text *path)
{
	zsp_text_addf(path, "%s/servers", api->root);
}

static int32_t take_named(struct pdns_api *api)
{
	if (pdns_server_read(zsp_json_root(api->doc), &api->server))
		return ZSP_OK;
	return nonsense(api, "look up the server");
}

/* The only one, or the one that PowerDNS itself is. */
static int32_t take_listed(struct pdns_api *api)
{
	struct zsp_json list = zsp_json_root(api->doc);
	struct pdns_server server;
	uint32_t n = 0;

	if (!zsp_json_is_array(list))
		return nonsense(api, "list the servers");
	for (struct zsp_json s = zsp_json_first(list); s.node; s = zsp_json_next(s)) {
		if (!pdns_server_read(s, &server))
			continue;
		if (!n++ || !strcmp(server.id, "localhost"))
			api->server = server;
	}
	if (n == 1 || (n && !strcmp(api->server.id, "localhost")))
		return ZSP_OK;
	api->server.id[0] = 0;
	return zsp_failf(api->host, ZSP_CONFIG, 0, n ? "the API has several servers: give the option server-id" : "the API has no authoritative server; is that a recursor?");
}

int32_t pdns_find_server(struct pdns_api *api)
{
	struct zsp_text path = ZSP_TEXT(PATH);
	const char *what = *api->server_id ? "look up the server" : "list the servers";
	int32_t error_class;

	if (*api->server.id)
		return ZSP_OK;
	start_path(api, &path);
	if (*api->server_id) {
		zsp_text_addz(&path, "/");
		zsp_text_add_escaped(&path, zsp_strz(api->server_id));
	}
	error_class = send_request(api, "GET", &path, (struct zsp_str){ NULL, 0 });
	zsp_text_done(&path);
	/* Nothing there, or no such server: not a zone that is missing. */
	if (error_class == ZSP_NOT_FOUND)
		error_class = ZSP_CONFIG;
	if (error_class != ZSP_OK)
		return pdns_fail(api, error_class, what);
	return *api->server_id ? take_named(api) : take_listed(api);
}

/* ---- zones ---- */

static int32_t zones_path(struct pdns_api *api, struct zsp_text *path)
{
	int32_t error_class = pdns_find_server(api);

	start_path(api, path);
	zsp_text_addz(path, "/");
	zsp_text_add_escaped(path, zsp_strz(api->server.id));
	zsp_text_addz(path, "/zones");
	return error_class;
}

/* dnssec=false spares the server a look-up for each zone. */
static int32_t list(struct pdns_api *api, struct zsp_str name, const char *what)
{
	struct zsp_text path = ZSP_TEXT(PATH);
	int32_t error_class = zones_path(api, &path);

	zsp_text_addz(&path, "?dnssec=false");
	if (name.n) {
		zsp_text_addz(&path, "&zone=");
		zsp_text_add_escaped(&path, name);
		zsp_text_addz(&path, ".");
	}
	if (error_class == ZSP_OK) {
		error_class = send_request(api, "GET", &path, (struct zsp_str){ NULL, 0 });
		if (error_class != ZSP_OK)
			pdns_fail(api, error_class == ZSP_NOT_FOUND ? ZSP_CONFIG : error_class, what);
		else if (!zsp_json_is_array(zsp_json_root(api->doc)))
			error_class = nonsense(api, what);
	}
	zsp_text_done(&path);
	return error_class == ZSP_NOT_FOUND ? ZSP_CONFIG : error_class;
}

int32_t pdns_list_zones(struct pdns_api *api)
{
	return list(api, (struct zsp_str){ NULL, 0 }, "list the zones");
}

int32_t pdns_find_zone(struct pdns_api *api, struct zsp_str name, struct pdns_zone *ret)
{
	int32_t error_class = list(api, name, "look up the zone");

	if (error_class != ZSP_OK)
		return error_class;
	for (struct zsp_json z = zsp_json_first(zsp_json_root(api->doc)); z.node; z = zsp_json_next(z))
		if (pdns_zone_read(z, ret) && zsp_name_equal(zsp_strz(ret->name), name))
			return ZSP_OK;
	return ZSP_NOT_FOUND;
}

static int32_t zone_path(struct pdns_api *api, const struct pdns_zone *zone, struct zsp_text *path)
{
	int32_t error_class = zones_path(api, path);

	zsp_text_addz(path, "/");
	zsp_text_add_escaped(path, zsp_strz(zone->id));
	return error_class;
}

int32_t pdns_get_zone(struct pdns_api *api, const struct pdns_zone *zone, enum pdns_part part,
	struct zsp_str name, struct pdns_zone *ret_zone)
{
	struct zsp_text path = ZSP_TEXT(PATH);
	int32_t error_class = zone_path(api, zone, &path);

	if (part == PDNS_HEAD)
		zsp_text_addz(&path, "?rrsets=false");
	if (part == PDNS_NAME_SETS) {
		zsp_text_addz(&path, "?rrset_name=");
		zsp_text_add_escaped(&path, name);
		zsp_text_addz(&path, ".");
	}
	if (error_class == ZSP_OK) {
		error_class = send_request(api, "GET", &path, (struct zsp_str){ NULL, 0 });
		if (error_class != ZSP_OK)
			pdns_fail(api, error_class, "read the zone");
		else if (!pdns_zone_read(zsp_json_root(api->doc), ret_zone) || strcmp(ret_zone->name, zone->name) != 0)
			error_class = nonsense(api, "read the zone");
	}
	zsp_text_done(&path);
	return error_class;
}

int32_t pdns_patch(struct pdns_api *api, const struct pdns_zone *zone, struct zsp_str body)
{
	struct zsp_text path = ZSP_TEXT(PATH);
	int32_t error_class = zone_path(api, zone, &path);

	if (error_class == ZSP_OK)
		error_class = send_request(api, "PATCH", &path, body);
	zsp_text_done(&path);
	return error_class;
}
