/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/http.h: the client object, and what it tells about itself and its
 * answers.
 */
#include "http_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "wrap/roots.h"

#include <zoneseal/file.h>
#include <zoneseal/say.h>

enum {
	ROOTS_MAX = 4 * 1024 * 1024,
	BODY_MAX = 4 * 1024 * 1024,
	DEFAULT_BODY = 1024 * 1024,
	DEFAULT_TIMEOUT_MS = 30 * 1000,
	DEFAULT_CONNECT_MS = 10 * 1000,
	DEFAULT_ATTEMPTS = 5
};

void zsp_http_spec_options(struct zsp_http_spec *spec, const struct zsp_list *values)
{
	spec->ca_file = zsp_value_text(values, "ca-file");
	spec->proxy = zsp_value_text(values, "proxy");
	spec->timeout_ms = zsp_value_number(values, "http-timeout", spec->timeout_ms);
	if (zsp_value_number(values, "allow-http", 0))
		spec->plain = ZSP_PLAIN_ALWAYS;
}

static void take_defaults(struct zsp_http *http, const struct zsp_http_spec *spec)
{
	struct zsp_http_spec *mine = &http->spec;

	*mine = *spec;
	mine->base_url = mine->ca_file = mine->proxy = STR_NONE;
	if (mine->timeout_ms <= 0)
		mine->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (mine->connect_ms <= 0)
		mine->connect_ms = DEFAULT_CONNECT_MS;
	if (!mine->attempts)
		mine->attempts = DEFAULT_ATTEMPTS;
	if (!mine->max_body)
		mine->max_body = DEFAULT_BODY;
	if (mine->max_body > BODY_MAX)
		mine->max_body = BODY_MAX;
	zs_buf_init_secret(&http->url, ZSP_URL_MAX);
	zs_buf_init_secret(&http->head, ZSP_HEADERS_MAX);
	zs_buf_init_secret(&http->body, mine->max_body);
}

static bool load_roots(struct zsp_http *http, struct zsp_str ca_file)
{
	struct zsp_text pem = ZSP_TEXT(ROOTS_MAX);
	struct zs_err err;
	char *path = ca_file.n ? zs_slice_dup(slice_of(ca_file)) : NULL;
	bool good = !ca_file.n || (path && zsp_file_read(http->host, path, &pem) == ZSP_OK);

	zs_err_clear(&err);
	if (good && ca_file.n && !pem.n) {
		(void)zs_err_set(&err, ZS_E_CONFIG, "it is empty");
		good = false;
	} else if (good) {
		http->roots = zs_roots_new(slice_of(zsp_text_str(&pem)), &err);
		good = http->roots != NULL;
	}
	if (err.code)
		zsp_failf(http->host, ZSP_CONFIG, 0, "cannot use the roots%s%s: %s", path ? " of ca-file " : "",
			  path ? path : "", err.text);
	zsp_text_done(&pem);
	free(path);
	return good;
}

struct zsp_http *zsp_http_new(const struct zsp_host *host, const struct zsp_http_spec *spec)
{
	struct zsp_http *http = calloc(1, sizeof(*http));

	if (!http) {
		zsp_failf(host, ZSP_BUG, 0, "memory ran out");
		return NULL;
	}
	http->host = host;
	take_defaults(http, spec);
	if (!zsp_http_check_spec(http, spec) || (!http->is_plain && !load_roots(http, spec->ca_file))) {
		zsp_http_free(http);
		return NULL;
	}
	if (!zsp_http_curl_begin(http)) {
		zsp_failf(host, ZSP_BUG, 0, "cannot start libcurl");
		zsp_http_free(http);
		return NULL;
	}
	return http;
}

void zsp_http_free(struct zsp_http *http)
{
	if (!http)
		return;
	zsp_http_curl_end(http);
	zs_roots_free(http->roots);
	zsp_http_forget(http);
	zs_buf_done(&http->url);
	zs_buf_done(&http->head);
	zs_buf_done(&http->body);
	for (size_t i = 0; i < http->always.n; i++)
		zs_buf_done(&http->always.items[i]);
	zs_vec_done(&http->always);
	free(http->origin);
	free(http->authority);
	free(http->base_path);
	free(http->proxy);
	free(http);
}

struct zsp_str zsp_http_host(const struct zsp_http *http)
{
	return zsp_strz(http->authority);
}

struct zsp_str zsp_http_base_path(const struct zsp_http *http)
{
	return zsp_strz(http->base_path);
}

/* ---- answers ---- */

/* The first field of that name. */
struct zsp_str zsp_http_answer(const struct zsp_http_response *response, const char *name)
{
	const struct zsp_http *http = response->head;
	struct zs_slice rest = http ? zs_buf_slice(&http->head) : ZS_SLICE_NONE;

	while (rest.n) {
		struct zs_slice value = zs_slice_cut(&rest, 0);
		struct zs_slice found = zs_slice_cut(&value, ':');

		if (zs_slice_eq_nocase(found, name))
			return str_of(zs_slice_trim(value));
	}
	return (struct zsp_str){ "", 0 };
}

static const struct { int32_t status, error_class; } classes[] = {
	{ 401, ZSP_AUTH },
	{ 403, ZSP_DENIED },
	{ 404, ZSP_NOT_FOUND },
	{ 408, ZSP_TRANSIENT },
	{ 409, ZSP_CONFLICT },
	{ 412, ZSP_CONFLICT },
	{ 425, ZSP_TRANSIENT },
	{ 429, ZSP_RATE_LIMITED },
};

int32_t zsp_http_class(const struct zsp_http_response *response)
{
	int32_t status = response->status;

	for (size_t i = 0; i < ZS_COUNT(classes); i++)
		if (classes[i].status == status)
			return classes[i].error_class;
	if (!status)
		return ZSP_TRANSIENT;
	if (status >= 200 && status <= 299)
		return ZSP_OK;
	if (status == 503 && zsp_http_answer(response, "retry-after").n)
		return ZSP_RATE_LIMITED;
	return status >= 500 && status <= 599 ? ZSP_TRANSIENT : ZSP_CONFIG;
}
