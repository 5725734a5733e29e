/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h.  The program is the user's own, but its reply is read as strictly as one from
 * outside: it may pass on what a server said.
 */
#include "talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_RETRY_S = 86400 };

/* ---- requests ---- */

static void begin(struct zsp_json_out *out, struct zsp_text *dst, const char *action)
{
	zsp_json_begin(out, dst);
	zsp_json_object(out, NULL);
	zsp_json_add_int(out, "version", TALK_VERSION);
	zsp_json_add_str(out, "action", zsp_strz(action));
}

static void add_known(struct zsp_json_out *out, const char *name, struct zsp_str s)
{
	if (s.n)
		zsp_json_add_str(out, name, s);
}

static void add_change(struct zsp_json_out *out, uint32_t i, const struct zsp_change *change)
{
	zsp_json_object(out, NULL);
	zsp_json_add_int(out, "index", i);
	zsp_json_add_str(out, "op", zsp_strz(change->op == ZSP_ADD ? "add" : "remove"));
	zsp_json_add_str(out, "name", change->name);
	zsp_json_add_str(out, "value", change->value);
	if (change->ttl)
		zsp_json_add_int(out, "ttl", change->ttl);
	add_known(out, "identifier", change->identifier);
	add_known(out, "token", change->token);
	add_known(out, "key_authorization", change->key_authorization);
	zsp_json_end(out, '}');
}

void talk_apply(struct zsp_json_out *out, struct zsp_text *dst, struct zsp_str zone, const struct zsp_list *changes)
{
	begin(out, dst, "apply");
	zsp_json_add_str(out, "zone", zone);
	zsp_json_array(out, "changes");
	for (uint32_t i = 0; i < changes->n; i++)
		add_change(out, i, ZSP_ITEM(struct zsp_change, changes, i));
	zsp_json_end(out, ']');
}

static void add_zone(struct zsp_json_out *out, uint32_t i, const struct zsp_zone *zone)
{
	zsp_json_object(out, NULL);
	zsp_json_add_int(out, "index", i);
	zsp_json_add_str(out, "zone", zone->zone);
	zsp_json_array(out, "names");
	for (uint32_t k = 0; k < zone->names.n; k++)
		zsp_json_add_str(out, NULL, *ZSP_ITEM(struct zsp_str, &zone->names, k));
	zsp_json_end(out, ']');
	zsp_json_end(out, '}');
}

void talk_check(struct zsp_json_out *out, struct zsp_text *dst, const struct zsp_list *zones)
{
	begin(out, dst, "check");
	zsp_json_array(out, "zones");
	for (uint32_t i = 0; i < zones->n; i++)
		add_zone(out, i, ZSP_ITEM(struct zsp_zone, zones, i));
	zsp_json_end(out, ']');
}

void talk_live(struct zsp_json_out *out, struct zsp_text *dst, struct zsp_str zone, struct zsp_str ticket)
{
	begin(out, dst, "live");
	zsp_json_add_str(out, "zone", zone);
	add_known(out, "ticket", ticket);
}

void talk_end(struct zsp_json_out *out, struct zsp_str secret, int64_t deadline_ms)
{
	add_known(out, "secret", secret);
	zsp_json_add_int(out, "deadline_ms", deadline_ms);
	zsp_json_end(out, '}');
	zsp_text_addz(out->text, "\n");
}

/* ---- replies ---- */

static const struct {
	const char *word;
	int32_t error_class;
} classes[] = {
	{ "auth", ZSP_AUTH },
	{ "denied", ZSP_DENIED },
	{ "not_found", ZSP_NOT_FOUND },
	{ "conflict", ZSP_CONFLICT },
	{ "rate_limited", ZSP_RATE_LIMITED },
	{ "transient", ZSP_TRANSIENT },
	{ "config", ZSP_CONFIG },
	{ "bug", ZSP_BUG },
};

static int32_t ZSP_FORMAT(2, 3) wrong(struct talk_reply *reply, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(reply->why, sizeof(reply->why), format, ap);
	va_end(ap);
	return 0;
}

/* A class of a later version counts as transient, as in the ABI. */
static int32_t class_of(struct zsp_str word)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (zsp_str_is(word, classes[i].word))
			return classes[i].error_class;
	return ZSP_TRANSIENT;
}

static int32_t read_retry(struct talk_reply *reply, struct zsp_json object, int64_t *ret_ms)
{
	struct zsp_json v = zsp_json_get(object, "retry_after");
	int64_t seconds = 0;

	if (v.node && !zsp_json_int(v, &seconds))
		return wrong(reply, "\"retry_after\" is not a whole number of seconds");
	*ret_ms = (seconds < MAX_RETRY_S ? seconds : MAX_RETRY_S) * 1000;
	return 1;
}

/* status, class, text, retry_after, zone: of one result, or of all at the top. */
static int32_t read_status(struct talk_reply *reply, struct zsp_json object, struct talk_result *ret)
{
	struct zsp_str status;

	if (!zsp_json_str(zsp_json_get(object, "status"), &status))
		return wrong(reply, "\"status\" is missing or no string");
	if (!zsp_str_is(status, "ok") && !zsp_str_is(status, "error"))
		return wrong(reply, "\"status\" is neither \"ok\" nor \"error\"");
	*ret = (struct talk_result){ .is_set = 1, .text = zsp_json_text(object, "text") };
	if (zsp_str_is(status, "ok"))
		return 1;
	ret->error_class = class_of(zsp_json_text(object, "class"));
	ret->zone = zsp_json_text(object, "zone");
	return read_retry(reply, object, &ret->retry_after_ms);
}

static int32_t read_one(struct talk_reply *reply, struct zsp_json object)
{
	int64_t i = 0;

	if (!zsp_json_is_object(object))
		return wrong(reply, "an element of \"results\" is no object");
	if (!zsp_json_int(zsp_json_get(object, "index"), &i) || i >= (int64_t)reply->n)
		return wrong(reply, "\"index\" of a result is missing or out of range");
	if (reply->items[i].is_set)
		return wrong(reply, "\"results\" has index %d twice", (int)i);
	return read_status(reply, object, &reply->items[i]);
}

static int32_t read_results(struct talk_reply *reply, struct zsp_json root)
{
	struct zsp_json results = zsp_json_get(root, "results");

	if (results.node && !zsp_json_is_array(results))
		return wrong(reply, "\"results\" is no array");
	for (struct zsp_json v = zsp_json_first(results); v.node; v = zsp_json_next(v))
		if (!read_one(reply, v))
			return 0;
	return 1;
}

/* What stands at the top is for those without a result of their own. */
static int32_t spread(struct talk_reply *reply, struct zsp_json root)
{
	if (zsp_json_get(root, "status").node && !read_status(reply, root, &reply->all))
		return 0;
	for (uint32_t i = 0; i < reply->n; i++) {
		if (reply->items[i].is_set)
			continue;
		if (!reply->all.is_set)
			return wrong(reply, "there is no result for index %u", (unsigned)i);
		reply->items[i] = reply->all;
	}
	return 1;
}

static int32_t read_rest(struct talk_reply *reply, struct zsp_json root)
{
	struct zsp_json live = zsp_json_get(root, "live"), ticket = zsp_json_get(root, "ticket");

	if (live.node && !zsp_json_bool(live, &reply->live))
		return wrong(reply, "\"live\" is neither true nor false");
	if (ticket.node && (!zsp_json_str(ticket, &reply->ticket) || !reply->ticket.n || reply->ticket.n > ZSP_MAX_TICKET))
		return wrong(reply, "\"ticket\" is not a string of 1 to %d octets", ZSP_MAX_TICKET);
	return 1;
}

static int32_t read_root(struct talk_reply *reply, struct zsp_json root)
{
	struct zsp_json version = zsp_json_get(root, "version");
	int64_t number = TALK_VERSION;

	if (!zsp_json_is_object(root))
		return wrong(reply, "it is no object");
	if (version.node && (!zsp_json_int(version, &number) || number != TALK_VERSION))
		return wrong(reply, "\"version\" is not %d", TALK_VERSION);
	return read_results(reply, root) && spread(reply, root) && read_rest(reply, root);
}

int32_t talk_read(struct zsp_str text, uint32_t n, struct talk_reply *ret)
{
	const char *why = NULL;

	*ret = (struct talk_reply){ .live = -1, .n = n <= TALK_MAX_ITEMS ? n : 0 };
	ret->items = calloc((size_t)ret->n + 1, sizeof(*ret->items));
	if (!ret->items || ret->n != n)
		return wrong(ret, "no memory for it");
	if (!zsp_str_trim(text).n)
		return wrong(ret, "there is none");
	ret->doc = zsp_json_parse(text, &why);
	if (!ret->doc)
		return wrong(ret, "it is no JSON: %s", why ? why : "");
	return read_root(ret, zsp_json_root(ret->doc));
}

void talk_done(struct talk_reply *reply)
{
	zsp_json_free(reply->doc);
	free(reply->items);
	*reply = (struct talk_reply){ .live = -1 };
}
