/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Cloudflare's API answers, as data: the envelope around every result, the
 * error codes and what they mean, the quota header, the items of lists.  No I/O.
 */
#ifndef CLOUDFLARE_ENVELOPE_H
#define CLOUDFLARE_ENVELOPE_H

#include <zoneseal/sdk.h>

enum {
	CF_ID = 32,		/* octets of an id at most */
	CF_NAME = 253,
	CF_MESSAGE = 8192,	/* of all errors of an answer */
	CF_CODES = 8		/* of one answer that are looked at */
};

/* Codes that callers act on. */
enum {
	CF_RECORD_GONE = 81044,
	CF_RECORD_EXISTS = 81057,
	CF_RECORD_IDENTICAL = 81058
};

/* {"success":..., "errors":[...], "result":..., "result_info":{...}} */
struct cf_envelope {
	struct zsp_json_doc *doc;	/* NULL where the body was none */
	struct zsp_json result;		/* lives as long as doc */
	int32_t success;
	int32_t ncodes;
	int64_t codes[CF_CODES];	/* of errors and their chains, in their order */
	int64_t total_pages;		/* of result_info; 0 = not said */
	int64_t total_count;
	struct zsp_text message;	/* "9109 Invalid access token", as the service wrote it */
};

/* What an answer means, and what to do about it. */
struct cf_verdict {
	int32_t error_class;	/* ZSP_OK or a class */
	int32_t of_record;	/* 1: it may be one record's fault, others may do */
	const char *hint;	/* static, "" where there is nothing to say */
};

/* 1 when the body is an envelope; ret is set either way.  End it with _done. */
int32_t cf_envelope_read(struct zsp_str body, struct cf_envelope *ret);
void cf_envelope_done(struct cf_envelope *env);
int32_t cf_envelope_has(const struct cf_envelope *env, int64_t code);

/* Decides on status, success and codes.  env->doc NULL: the body was no envelope. */
struct cf_verdict cf_judge(const struct zsp_http_response *response,
			   const struct cf_envelope *env);

/* Ratelimit: "default";r=50;t=30 -> the item with the least left.  1, or 0 when there
 * is none. */
int32_t cf_quota_read(struct zsp_str header, int64_t *ret_left, int64_t *ret_seconds);

/* 1 when it may stand in a path: 1 to 32 letters and digits. */
int32_t cf_id_ok(struct zsp_str id);

/* A zone or a record of a list, checked. */
struct cf_zone_item {
	char id[CF_ID + 1];
	char name[CF_NAME + 1];
	struct zsp_str status;	/* of the document, like type: "active", "pending", ... */
	struct zsp_str type;	/* "full", "partial", "secondary", ... */
};
struct cf_record {
	char id[CF_ID + 1];
	char name[CF_NAME + 1];
	struct zsp_str type;	/* of the document: "TXT", ... */
	struct zsp_str content;
};

/* 1, or 0 when it is no such item. */
int32_t cf_zone_read(struct zsp_json item, struct cf_zone_item *ret);
int32_t cf_record_read(struct zsp_json item, struct cf_record *ret);

#endif
