/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/json.h over wrap/json, which reads, and base/jsonout, which builds.
 * What base/jsonout leaves to its callers is checked here: brackets that match,
 * names where they belong, one value at the top, UTF-8.
 */
#include <zoneseal/json.h>
#include <zoneseal/txt.h>

#include <string.h>

#include "base/jsonout.h"
#include "bridge.h"
#include "wrap/json.h"

enum { MAX_TEXT = 4 * 1024 * 1024, MAX_DEPTH = 31 };

#define MAX_NUMBER ((UINT64_C(1) << 53) - 1)

/* ---- reading ---- */

/* A zsp_json_doc is a zs_json_doc. */
static struct zs_json ours(struct zsp_json v)
{
	return (struct zs_json){ (const struct zs_json_doc *)(const void *)v.doc, v.node };
}

static struct zsp_json theirs(struct zs_json v)
{
	return (struct zsp_json){ (const struct zsp_json_doc *)(const void *)v.doc, v.node };
}

struct zsp_json_doc *zsp_json_parse(struct zsp_str text, const char **ret_error)
{
	static struct zs_err err;
	struct zs_json_doc *doc = zs_json_parse(slice_of(text), "answer", MAX_TEXT, &err);

	if (ret_error)
		*ret_error = doc ? NULL : err.text;
	return (struct zsp_json_doc *)(void *)doc;
}

void zsp_json_free(struct zsp_json_doc *doc)
{
	zs_json_free((struct zs_json_doc *)(void *)doc);
}

struct zsp_json zsp_json_root(const struct zsp_json_doc *doc)
{
	if (!doc)
		return (struct zsp_json){ NULL, NULL };
	return theirs(zs_json_root((const struct zs_json_doc *)(const void *)doc));
}

struct zsp_json zsp_json_get(struct zsp_json object, const char *name)
{
	return theirs(zs_json_get(ours(object), name));
}

struct zsp_json zsp_json_first(struct zsp_json v)
{
	return theirs(zs_json_first(ours(v)));
}

struct zsp_json zsp_json_next(struct zsp_json v)
{
	return theirs(zs_json_next(ours(v)));
}

struct zsp_str zsp_json_name(struct zsp_json v)
{
	return str_of(zs_json_key(ours(v)));
}

int32_t zsp_json_is_object(struct zsp_json v)
{
	return zs_json_is_object(ours(v));
}

int32_t zsp_json_is_array(struct zsp_json v)
{
	return zs_json_is_array(ours(v));
}

int32_t zsp_json_is_string(struct zsp_json v)
{
	return zs_json_is_string(ours(v));
}

int32_t zsp_json_str(struct zsp_json v, struct zsp_str *ret)
{
	struct zs_slice s = zs_slice_str("");
	bool is = zs_json_is_string(ours(v)) && !zs_json_as_str(ours(v), &s, NULL);

	*ret = str_of(s);
	return is;
}

int32_t zsp_json_int(struct zsp_json v, int64_t *ret)
{
	uint64_t number = 0;
	bool is = !zs_json_as_uint(ours(v), MAX_NUMBER, &number, NULL);

	*ret = is ? (int64_t)number : 0;
	return is;
}

int32_t zsp_json_bool(struct zsp_json v, int32_t *ret)
{
	bool b = false, is = !zs_json_as_bool(ours(v), &b, NULL);

	*ret = is && b;
	return is;
}

struct zsp_str zsp_json_text(struct zsp_json object, const char *name)
{
	struct zsp_str s;

	(void)zsp_json_str(zsp_json_get(object, name), &s);
	return s;
}

struct zsp_json zsp_json_find_txt(struct zsp_json array, const char *member, struct zsp_str value)
{
	struct zsp_json v = zsp_json_first(array), text;

	for (; v.node; v = zsp_json_next(v)) {
		text = zsp_json_get(v, member);
		if (zsp_json_is_string(text) && zsp_txt_is(zsp_json_text(v, member), value))
			break;
	}
	return v;
}

/* ---- building ---- */

/*
 * comma holds two bits for each depth: below, as base/jsonout has them, whether
 * something stands there already (at depth 0 too); above, whether it is an object.
 */
struct state {
	struct zs_buf buf;
	struct zs_json_out out;
};

static uint64_t bit(uint32_t depth)
{
	return UINT64_C(1) << depth;
}

static bool in_object(const struct zsp_json_out *out)
{
	return (uint64_t)out->comma >> 32 & bit(out->depth);
}

static bool has_value(const struct zsp_json_out *out)
{
	return (uint64_t)out->comma & bit(out->depth);
}

/* Whether a value of this name may stand here. */
static bool fits(const struct zsp_json_out *out, const char *name)
{
	if (!out->depth)
		return !name && !has_value(out);
	return in_object(out) == (name != NULL);
}

static void take(struct zsp_json_out *out, struct state *state, bool good)
{
	state->buf = zsp_lend(out->text);
	if (!good)
		state->buf.failed = true;
	state->out = (struct zs_json_out){
		.dst = &state->buf, .depth = out->depth, .comma = (uint64_t)out->comma & UINT32_MAX,
	};
}

static void give(struct zsp_json_out *out, const struct state *state)
{
	uint64_t objects = (uint64_t)out->comma >> 32 << 32;

	out->depth = state->out.depth;
	out->comma = (int64_t)(objects | (state->out.comma & UINT32_MAX) | (out->depth ? 0 : 1));
	zsp_give_back(out->text, &state->buf);
}

void zsp_json_begin(struct zsp_json_out *out, struct zsp_text *text)
{
	*out = (struct zsp_json_out){ .text = text };
}

static void set_object(struct zsp_json_out *out, bool object)
{
	uint64_t all = (uint64_t)out->comma, mine = bit(out->depth) << 32;

	out->comma = (int64_t)(object ? all | mine : all & ~mine);
}

static void open_level(struct zsp_json_out *out, const char *name, bool object)
{
	struct state state;

	take(out, &state, fits(out, name) && out->depth < MAX_DEPTH);
	if (!state.buf.failed)
		(object ? zs_jout_object : zs_jout_array)(&state.out, name);
	give(out, &state);
	if (!state.buf.failed)
		set_object(out, object);
}

void zsp_json_object(struct zsp_json_out *out, const char *name)
{
	open_level(out, name, true);
}

void zsp_json_array(struct zsp_json_out *out, const char *name)
{
	open_level(out, name, false);
}

void zsp_json_end(struct zsp_json_out *out, char bracket)
{
	struct state state;

	take(out, &state, out->depth && bracket == (in_object(out) ? '}' : ']'));
	if (!state.buf.failed)
		zs_jout_end(&state.out, bracket);
	give(out, &state);
}

/* Another value than the caller's would go to the service. */
static bool is_utf8(struct zsp_str s)
{
	struct zs_slice rest = slice_of(s);
	uint32_t point;
	size_t n;

	while (rest.n) {
		n = zs_utf8_next(rest, &point);
		if (!n)
			return false;
		rest = zs_slice_of(rest.p + n, rest.n - n);
	}
	return true;
}

void zsp_json_add_str(struct zsp_json_out *out, const char *name, struct zsp_str s)
{
	struct state state;

	take(out, &state, fits(out, name) && is_utf8(s));
	if (!state.buf.failed)
		zs_jout_slice(&state.out, name, slice_of(s));
	give(out, &state);
}

void zsp_json_add_int(struct zsp_json_out *out, const char *name, int64_t number)
{
	struct state state;

	take(out, &state, fits(out, name));
	if (!state.buf.failed)
		zs_jout_int(&state.out, name, number);
	give(out, &state);
}

void zsp_json_add_bool(struct zsp_json_out *out, const char *name, int32_t b)
{
	struct state state;

	take(out, &state, fits(out, name));
	if (!state.buf.failed)
		zs_jout_bool(&state.out, name, b != 0);
	give(out, &state);
}
