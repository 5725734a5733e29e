/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set.h.  What others have at the name is written back octet for octet, disabled
 * records too; comments stay because they are not mentioned.
 */
#include "set.h"

#include <string.h>

enum { QUOTED = 4 * 255 + 8,
	MAX_TTL = 0x7fffffff };

/* ---- reading ---- */

static int32_t read_record(struct zsp_json record, struct zsp_str *ret_content, int32_t *ret_disabled)
{
	struct zsp_json disabled = zsp_json_get(record, "disabled");

	*ret_disabled = 0;
	return zsp_json_str(zsp_json_get(record, "content"), ret_content) &&
		(!disabled.node || zsp_json_bool(disabled, ret_disabled));
}

static int32_t records_ok(struct zsp_json records)
{
	if (!zsp_json_is_array(records))
		return 0;
	for (struct zsp_json r = zsp_json_first(records); r.node; r = zsp_json_next(r)) {
		struct zsp_str content;
		int32_t disabled;

		if (!read_record(r, &content, &disabled))
			return 0;
	}
	return 1;
}

static int32_t take_txt(struct zsp_json rrset, struct zsp_json records, struct pdns_set *ret)
{
	if (ret->records.node || !records_ok(records) ||
		!zsp_json_int(zsp_json_get(rrset, "ttl"), &ret->ttl) || ret->ttl > MAX_TTL)
		return 0;
	ret->records = records;
	return 1;
}

/* One rrset of that name.  An empty one stands for comments only. */
static int32_t take(struct zsp_json rrset, struct pdns_set *ret)
{
	struct zsp_json records = zsp_json_get(rrset, "records");
	struct zsp_str type = zsp_json_text(rrset, "type");

	if (!zsp_json_first(records).node)
		return zsp_json_is_array(records);
	if (zsp_str_is(type, "TXT"))
		return take_txt(rrset, records, ret);
	if (zsp_str_is(type, "CNAME"))
		ret->alias = zsp_json_text(zsp_json_first(records), "content");
	return 1;
}

int32_t pdns_set_find(struct zsp_json zone, struct zsp_str name, struct pdns_set *ret)
{
	struct zsp_json rrsets = zsp_json_get(zone, "rrsets");

	memset(ret, 0, sizeof(*ret));
	ret->ttl = -1;
	if (!zsp_json_is_array(rrsets))
		return 0;
	for (struct zsp_json r = zsp_json_first(rrsets); r.node; r = zsp_json_next(r)) {
		struct zsp_str owner;

		if (!zsp_json_str(zsp_json_get(r, "name"), &owner))
			return 0;
		if (zsp_name_equal(owner, name) && !take(r, ret))
			return 0;
	}
	return 1;
}

/* ---- comparing ---- */

int32_t pdns_set_satisfies(const struct pdns_set *set, const struct zsp_change *change)
{
	int32_t there = 0, in_force = 0;

	for (struct zsp_json r = zsp_json_first(set->records); r.node; r = zsp_json_next(r)) {
		struct zsp_str content;
		int32_t disabled;

		if (!read_record(r, &content, &disabled) || !zsp_txt_is(content, change->value))
			continue;
		there = 1;
		in_force |= !disabled;
	}
	return change->op == ZSP_ADD ? in_force : !there;
}

/* ---- writing ---- */

static void put_head(struct zsp_json_out *out, const struct pdns_todo *todo, const char *changetype)
{
	char name[256];

	/* Absolute names end with a dot in this API. */
	memcpy(name, todo->name.p, todo->name.n);
	name[todo->name.n] = '.';
	zsp_json_object(out, NULL);
	zsp_json_add_str(out, "name", (struct zsp_str){ name, todo->name.n + 1 });
	zsp_json_add_str(out, "type", (struct zsp_str)ZSP_STR("TXT"));
	zsp_json_add_str(out, "changetype", zsp_strz(changetype));
}

static void put_record(struct zsp_json_out *out, struct zsp_str content, int32_t disabled)
{
	zsp_json_object(out, NULL);
	zsp_json_add_str(out, "content", content);
	zsp_json_add_bool(out, "disabled", disabled);
	zsp_json_end(out, '}');
}

static void put_value(struct zsp_json_out *out, struct zsp_str value)
{
	struct zsp_text quoted = ZSP_TEXT(QUOTED);

	zsp_txt_quote(&quoted, value);
	put_record(out, zsp_text_str(&quoted), 0);
	zsp_text_done(&quoted);
}

static void put_ttl(struct zsp_json_out *out, const struct pdns_todo *todo)
{
	zsp_json_add_int(out, "ttl", todo->set->ttl >= 0 ? todo->set->ttl : (int64_t)todo->ttl);
}

/* Whether a change speaks about this record: to remove it, or to put it there anew. */
static int32_t is_mentioned(const struct pdns_todo *todo, struct zsp_str content)
{
	for (uint32_t i = 0; i < todo->n; i++)
		if (zsp_txt_is(content, todo->changes[i]->value))
			return 1;
	return 0;
}

static uint32_t count_added(const struct pdns_todo *todo)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < todo->n; i++)
		n += todo->changes[i]->op == ZSP_ADD;
	return n;
}

static uint32_t count_kept(const struct pdns_todo *todo)
{
	uint32_t n = 0;

	for (struct zsp_json r = zsp_json_first(todo->set->records); r.node; r = zsp_json_next(r))
		n += !is_mentioned(todo, zsp_json_text(r, "content"));
	return n;
}

void pdns_put_whole(struct zsp_json_out *out, const struct pdns_todo *todo)
{
	int32_t any = count_added(todo) || count_kept(todo);

	put_head(out, todo, any ? "REPLACE" : "DELETE");
	if (any) {
		put_ttl(out, todo);
		zsp_json_array(out, "records");
		for (struct zsp_json r = zsp_json_first(todo->set->records); r.node; r = zsp_json_next(r)) {
			struct zsp_str content;
			int32_t disabled;

			if (read_record(r, &content, &disabled) && !is_mentioned(todo, content))
				put_record(out, content, disabled);
		}
		for (uint32_t i = 0; i < todo->n; i++)
			if (todo->changes[i]->op == ZSP_ADD)
				put_value(out, todo->changes[i]->value);
		zsp_json_end(out, ']');
	}
	zsp_json_end(out, '}');
}

/* The content of the record that is to go, as the server wrote it: it compares octets. */
static struct zsp_str content_of(const struct pdns_todo *todo)
{
	for (struct zsp_json r = zsp_json_first(todo->set->records); r.node; r = zsp_json_next(r))
		if (zsp_txt_is(zsp_json_text(r, "content"), todo->changes[0]->value))
			return zsp_json_text(r, "content");
	return (struct zsp_str){ NULL, 0 };
}

void pdns_put_single(struct zsp_json_out *out, const struct pdns_todo *todo)
{
	int32_t adds = todo->changes[0]->op == ZSP_ADD;

	put_head(out, todo, adds ? "EXTEND" : "PRUNE");
	if (adds)
		put_ttl(out, todo);
	zsp_json_array(out, "records");
	if (adds)
		put_value(out, todo->changes[0]->value);
	else
		put_record(out, content_of(todo), 0);
	zsp_json_end(out, ']');
	zsp_json_end(out, '}');
}
