/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See batch.h.
 */
#include <stdio.h>
#include <string.h>

#include "batch.h"

enum { MAX_BODY = 1024 * 1024, MAX_PATH = 128 };

#define REQUEST "ChangeResourceRecordSetsRequest"
#define CHANGED "ChangeResourceRecordSetsResponse"

/* ---- writing --------------------------------------------------------------------------------------- */

uint32_t swap_elements(const struct swap *swap)
{
	return swap->old->n + swap->new->n;
}

/* The NULs between values are not sent. */
size_t swap_characters(const struct swap *swap)
{
	return swap->old->values.n - swap->old->n + swap->new->values.n - swap->new->n;
}

/* The order of the elements is fixed. */
static void write_change(struct zsp_text *dst, const char *action, struct zsp_str name, const struct record_set *set)
{
	zsp_text_addf(dst, "<Change><Action>%s</Action><ResourceRecordSet><Name>", action);
	escape_xml_add(dst, name);
	zsp_text_addf(dst, ".</Name><Type>TXT</Type><TTL>%u</TTL><ResourceRecords>", set->ttl);
	for (struct zsp_str v = record_set_next(set, (struct zsp_str){ NULL, 0 }); v.p; v = record_set_next(set, v)) {
		zsp_text_addz(dst, "<ResourceRecord><Value>");
		escape_xml_add(dst, v);
		zsp_text_addz(dst, "</Value></ResourceRecord>");
	}
	zsp_text_addz(dst, "</ResourceRecords></ResourceRecordSet></Change>");
}

void batch_write(struct zsp_text *dst, const struct swap *swaps, size_t n)
{
	zsp_text_addz(dst, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><" REQUEST " xmlns=\"" API_NAMESPACE
			   "\"><ChangeBatch><Changes>");
	for (size_t i = 0; i < n; i++) {
		if (swaps[i].old->n)
			write_change(dst, "DELETE", swaps[i].name, swaps[i].old);
		if (swaps[i].new->n)
			write_change(dst, "CREATE", swaps[i].name, swaps[i].new);
	}
	zsp_text_addz(dst, "</Changes></ChangeBatch></" REQUEST ">");
}

/* ---- the answer ------------------------------------------------------------------------------------ */

int32_t batch_is_id(struct zsp_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!(text.p[i] >= 'A' && text.p[i] <= 'Z') && !(text.p[i] >= '0' && text.p[i] <= '9'))
			return 0;
	return text.n && text.n < CHANGE_ID_ROOM;
}

static void begin_id(void *user)
{
	((char *)user)[0] = 0;
}

static void on_id(void *user, const char *path, struct zsp_str text)
{
	static const char prefix[] = "/change/";
	char *id = user;

	if (!zsp_str_is(zsp_strz(path), CHANGED "/ChangeInfo/Id"))
		return;
	text = zsp_str_trim(text);
	if (zsp_str_starts(text, prefix)) {
		text.p += sizeof(prefix) - 1;
		text.n -= sizeof(prefix) - 1;
	}
	if (batch_is_id(text)) {
		memcpy(id, text.p, text.n);
		id[text.n] = 0;
	}
}

int32_t batch_send(struct api *api, const char *zone_id, const struct swap *swaps, size_t n, char id[CHANGE_ID_ROOM])
{
	struct zsp_text body = ZSP_TEXT(MAX_BODY);
	char path[MAX_PATH];
	struct api_call call = { .what = "change the record sets", .method = "POST",
				 .root = CHANGED, .begin = begin_id, .element = on_id, .user = id };
	int32_t class;

	batch_write(&body, swaps, n);
	(void)snprintf(path, sizeof(path), "/hostedzone/%s/rrset/", zone_id);
	call.path = zsp_strz(path);
	call.body = zsp_text_str(&body);
	id[0] = 0;
	class = body.failed ? api_failf(api, ZSP_BUG, "a change batch is too large") : api_send(api, &call);
	zsp_text_done(&body);
	return class;
}

/* ---- refusals -------------------------------------------------------------------------------------- */

static int32_t is_of_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
		c == '\\';
}

/* Names stand in the messages with their final dot, or without it, between other characters. */
static int32_t is_whole(struct zsp_str text, size_t at, size_t n)
{
	size_t end = at + n;

	if (at && is_of_name(text.p[at - 1]))
		return 0;
	if (end < text.n && text.p[end] == '.')
		end++;
	return end >= text.n || !is_of_name(text.p[end]);
}

int32_t batch_blames(struct zsp_str messages, struct zsp_str name)
{
	for (size_t at = 0; name.n && at + name.n <= messages.n; at++)
		if (memcmp(messages.p + at, name.p, name.n) == 0 && is_whole(messages, at, name.n))
			return 1;
	return 0;
}

static int32_t has(struct zsp_str text, const char *part)
{
	size_t n = strlen(part);

	for (size_t at = 0; at + n <= text.n; at++)
		if (memcmp(text.p + at, part, n) == 0)
			return 1;
	return 0;
}

int32_t batch_is_race(struct zsp_str messages)
{
	return has(messages, "but it already exists") || has(messages, "but it was not found") ||
		has(messages, "but the values provided do not match");
}

/* ---- GetChange ------------------------------------------------------------------------------------- */

struct status {
	int32_t is_known, is_live;
};

static void begin_status(void *user)
{
	*(struct status *)user = (struct status){ 0, 0 };
}

static void on_status(void *user, const char *path, struct zsp_str text)
{
	struct status *status = user;

	if (!zsp_str_is(zsp_strz(path), "GetChangeResponse/ChangeInfo/Status"))
		return;
	status->is_known = 1;
	status->is_live = zsp_str_is(zsp_str_trim(text), "INSYNC");
}

int32_t batch_is_live(struct api *api, struct zsp_str id, int32_t *ret_live)
{
	char path[MAX_PATH];
	struct status status = { 0, 0 };
	struct api_call call = { .what = "ask for the state of a change", .method = "GET",
				 .root = "GetChangeResponse", .begin = begin_status, .element = on_status, .user = &status };
	int32_t class;

	(void)snprintf(path, sizeof(path), "/change/%.*s", (int)id.n, id.p);
	call.path = zsp_strz(path);
	class = api_send(api, &call);
	if (class == ZSP_OK && !status.is_known)
		return api_failf(api, ZSP_TRANSIENT, "cannot ask for the state of a change: the answer does not have it");
	if (class == ZSP_OK)
		*ret_live = status.is_live;
	return class;
}
