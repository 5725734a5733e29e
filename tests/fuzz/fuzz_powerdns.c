/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of PowerDNS's API as the powerdns plugin reads them, and the change that it
 * builds from one: whatever a set holds is in it again.
 */
#include "fuzz.h"

#include "providers/powerdns/answer.h"
#include "providers/powerdns/set.h"

#define NAME "_acme-challenge.example.org"

static uint32_t count(struct zsp_json list)
{
	uint32_t n = 0;

	for (struct zsp_json v = zsp_json_first(list); v.node; v = zsp_json_next(v))
		n++;
	return n;
}

/* How many records of a body are of values that nobody asked about. */
static void compare(const struct pdns_set *set, const struct zsp_change *change, struct zsp_str body)
{
	struct zsp_json_doc *doc = zsp_json_parse(body, NULL);
	struct zsp_json records = zsp_json_get(zsp_json_root(doc), "records");
	uint32_t kept = 0, added = change->op == ZSP_ADD;

	MUST(doc);
	for (struct zsp_json r = zsp_json_first(set->records); r.node; r = zsp_json_next(r))
		kept += !zsp_txt_is(zsp_json_text(r, "content"), change->value);
	MUST(count(records) == kept + added);
	zsp_json_free(doc);
}

static void build(const struct pdns_set *set, uint32_t op)
{
	struct zsp_change change = { .op = op, .name = ZSP_STR(NAME), .value = ZSP_STR("v") };
	const struct zsp_change *list = &change;
	struct pdns_todo todo = { ZSP_STR(NAME), 60, set, &list, 1 };
	struct zsp_text text = ZSP_TEXT(1 << 20);
	struct zsp_json_out out;

	(void)pdns_set_satisfies(set, &change);
	zsp_json_begin(&out, &text);
	pdns_put_whole(&out, &todo);
	if (!text.failed)
		compare(set, &change, zsp_text_str(&text));
	zsp_text_clear(&text);
	zsp_json_begin(&out, &text);
	pdns_put_single(&out, &todo);
	zsp_text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zsp_str text = { (const char *)data, n };
	struct zsp_json_doc *doc = zsp_json_parse(text, NULL);
	struct zsp_json root = zsp_json_root(doc);
	struct pdns_server server;
	struct pdns_zone zone;
	struct pdns_set set;

	(void)pdns_version_extends(text);
	MUST(pdns_error_read(text, doc).n <= n);
	if (pdns_server_read(root, &server))
		MUST(*server.id && strlen(server.id) < PDNS_ID);
	if (pdns_zone_read(root, &zone))
		MUST(*zone.name && *zone.id && pdns_zone_is_copy(&zone) <= 1);
	if (pdns_set_find(root, (struct zsp_str)ZSP_STR(NAME), &set)) {
		build(&set, ZSP_ADD);
		build(&set, ZSP_REMOVE);
	}
	zsp_json_free(doc);
	return 0;
}
