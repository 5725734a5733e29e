/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict JSON reader, with every getter on every value.
 */
#include "fuzz.h"

#include "wrap/json.h"

enum { VISITS = 4096 };

static void get_all(struct zs_json v)
{
	struct zs_err err;
	struct zs_slice text;
	struct zs_json inner;
	uint64_t number;
	bool flag;

	(void)zs_json_str(v, "s", ZS_JSON_OPTIONAL, &text, &err);
	(void)zs_json_bool(v, "b", ZS_JSON_REQUIRED, &flag, &err);
	if (!zs_json_uint(v, "u", ZS_JSON_OPTIONAL, 1000, &number, &err))
		MUST(number <= 1000);
	(void)zs_json_object(v, "o", ZS_JSON_REQUIRED, &inner, &err);
	(void)zs_json_array(v, "a", ZS_JSON_OPTIONAL, &inner, &err);
	(void)zs_json_as_object(v, &err);
	if (!zs_json_as_str(v, &text, &err))
		MUST(!text.n || !memchr(text.p, 0, text.n));
}

/* Depth first without recursion; the depth is capped by the reader. */
static void visit(struct zs_json root)
{
	struct zs_json stack[ZS_JSON_DEPTH + 2];
	size_t depth = 0, visits = 0;

	stack[depth++] = root;
	while (depth && visits++ < VISITS) {
		struct zs_json v = stack[--depth], child;

		if (!zs_json_is(v))
			continue;
		get_all(v);
		(void)zs_json_key(v);
		MUST(depth + 2 <= ZS_COUNT(stack));
		if (depth)
			stack[depth++] = zs_json_next(v);
		else if (zs_json_is(zs_json_next(v)))
			stack[depth++] = zs_json_next(v);
		child = zs_json_first(v);
		if (zs_json_is(child)) {
			MUST(zs_json_count(v) > 0 && depth < ZS_COUNT(stack));
			stack[depth++] = child;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_err err = { .code = ZS_OK };
	struct zs_json_doc *doc = zs_json_parse(zs_slice_of(data, n), "input", 0, &err);

	MUST(doc || err.code == ZS_E_CA_PROTOCOL);
	if (doc)
		visit(zs_json_root(doc));
	zs_json_free(doc);
	return 0;
}
