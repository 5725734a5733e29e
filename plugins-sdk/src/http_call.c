/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/http.h: a request as most APIs want it, in one call, and an answer in JSON.
 */
#include "http_parts.h"

#include <stdarg.h>

#include <zoneseal/json.h>
#include <zoneseal/say.h>

enum { ALWAYS_MAX = 8,
	HEADER_MAX = 17 * 1024 };

int32_t zsp_http_always(struct zsp_http *http, const char *name, const char *before, struct zsp_str secret)
{
	struct zsp_http_header header = { zsp_strz(name), STR_NONE };
	struct zs_buf *value;

	if (!http)
		return ZSP_CONFIG; /* zsp_http_new has said why */
	value = zs_vec_push(&http->always, ALWAYS_MAX);
	if (!value)
		return zsp_failf(http->host, ZSP_BUG, 0, "header %s: memory ran out, or there are too many", name);
	/* name, NUL, value */
	zs_buf_init_secret(value, HEADER_MAX);
	zs_buf_add_str(value, name);
	zs_buf_add_byte(value, 0);
	zs_buf_add_str(value, before);
	zs_buf_add_slice(value, slice_of(secret));
	header.value = str_of(zsp_http_always_value(value));
	if (!value->failed && zsp_http_header_ok(&header) && zsp_http_redact(http, secret) == ZSP_OK)
		return ZSP_OK;
	zs_buf_done(value);
	http->always.n--;
	return zsp_failf(http->host, ZSP_CONFIG, 0, "the secret for header %s is too long, or has characters that no header can have", name);
}

struct zs_slice zsp_http_always_value(const struct zs_buf *header)
{
	struct zs_slice value = zs_buf_slice(header);

	(void)zs_slice_cut(&value, 0);
	return value;
}

int32_t zsp_http_call(struct zsp_http *http, const char *method, const struct zsp_text *body, int32_t fine,
	struct zsp_http_response *ret_response, const char *path, ...)
{
	struct zsp_text text = ZSP_TEXT_SECRET(ZSP_URL_MAX);
	struct zsp_http_request request = { .method = method };
	int32_t error_class;
	va_list ap;

	va_start(ap, path);
	zsp_text_vaddf(&text, path, ap);
	va_end(ap);
	request.path = zsp_text_str(&text);
	if (body)
		request.body = zsp_text_str(body);
	if (text.failed || (body && body->failed)) {
		*ret_response = (struct zsp_http_response){ .body = { "", 0 }, .head = http };
		error_class = zsp_failf(http->host, ZSP_BUG, 0, "%s: the path or the body of the request is too long, or memory ran out", method);
	} else {
		error_class = zsp_http_send(http, &request, ret_response);
		if (fine && ret_response->status == fine)
			error_class = ZSP_OK;
		if (error_class != ZSP_OK)
			zsp_http_fail(http, error_class, ret_response, method, ret_response->body);
	}
	zsp_text_done(&text);
	return error_class;
}

int32_t zsp_http_json(struct zsp_http *http, const struct zsp_http_response *response, struct zsp_json_doc **ret_doc)
{
	const char *why = "";

	*ret_doc = zsp_json_parse(response->body, &why);
	return *ret_doc ? ZSP_OK : zsp_http_fail(http, ZSP_TRANSIENT, response, "read the answer", zsp_strz(why));
}
