/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of Cloudflare's API as the cloudflare plugin reads them.  The first octet
 * chooses the status, the rest is the body; a line in front of it is the quota header.
 */
#include "fuzz.h"

#include "providers/cloudflare/envelope.h"

static const int32_t statuses[] = { 200, 200, 200, 400, 401, 403, 404, 409, 429, 500, 503, 302, 0 };

static void look_at_id(const char *id)
{
	MUST(cf_id_ok(zsp_strz(id)));
}

static void look_at_name(const char *name)
{
	char again[CF_NAME + 1];

	MUST(strlen(name) <= CF_NAME);
	MUST(zsp_name_read(zsp_strz(name), again, sizeof(again)) && !strcmp(name, again));
}

static void look_at_item(struct zsp_json item)
{
	struct cf_zone_item zone;
	struct cf_record record;
	struct zsp_text value = ZSP_TEXT(65536);

	if (cf_zone_read(item, &zone)) {
		look_at_id(zone.id);
		look_at_name(zone.name);
	}
	if (cf_record_read(item, &record)) {
		look_at_id(record.id);
		look_at_name(record.name);
		if (zsp_txt_unquote(&value, record.content) && !value.failed)
			MUST(zsp_txt_is(record.content, zsp_text_str(&value)));
	}
	zsp_text_done(&value);
}

static void look_at_envelope(struct zsp_str body, int32_t status)
{
	struct zsp_http_response response = { .status = status };
	struct cf_envelope env;
	struct cf_verdict verdict;

	MUST(cf_envelope_read(body, &env) == (env.doc != NULL));
	MUST(env.ncodes >= 0 && env.ncodes <= CF_CODES);
	MUST(env.message.n <= CF_MESSAGE && strlen(zsp_text_str(&env.message).p) == env.message.n);
	verdict = cf_judge(&response, &env);
	MUST(verdict.hint && verdict.error_class >= ZSP_OK && verdict.error_class <= ZSP_BUG);
	MUST(verdict.error_class != ZSP_OK || (env.doc && env.success && status / 100 == 2));
	look_at_item(env.result);
	for (struct zsp_json v = zsp_json_first(env.result); v.node; v = zsp_json_next(v))
		look_at_item(v);
	cf_envelope_done(&env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zsp_str rest, header;
	int64_t left = -1, seconds = -1;

	if (!n)
		return 0;
	rest = (struct zsp_str){ (const char *)data + 1, n - 1 };
	header = memchr(rest.p, '\n', rest.n) ? zsp_str_cut(&rest, '\n') : (struct zsp_str){ "", 0 };
	if (cf_quota_read(header, &left, &seconds))
		MUST(left >= 0 && seconds >= 0);
	look_at_envelope(rest, statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))]);
	return 0;
}
