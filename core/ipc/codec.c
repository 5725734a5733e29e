/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs to bytes and back, driven by the field tables of proto.c.  All
 * integers little-endian: u32 and u64 as they are, a bool is one octet 0 or 1,
 * a string its u32 length and octets, a name an octet for "is a wildcard" and a
 * string, a list its u32 count and items.  Knows nothing of frames or
 * sockets; runs in every process and takes bytes from hostile ones.
 */
#include "ipc/codec.h"

#include <string.h>

#include "base/log.h"

/* Every list in a message has this layout (ZS_LIST). */
struct any_list {
	void *items;
	uint32_t n;
};

/* The strings of zs_err and of its subproblems, in wire order. */
struct text_field {
	size_t offset, size;
	bool lines;		/* may hold LF */
};
#define TEXT(type, member, lf) \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), (lf) }
static const struct text_field err_texts[] = {
	TEXT(zs_err, subject, false),
	TEXT(zs_err, where, false),
	TEXT(zs_err, problem, false),
	TEXT(zs_err, text, true),
	TEXT(zs_err, hint, true),
};
static const struct text_field sub_texts[] = {
	TEXT(zs_subproblem, identifier, false),
	TEXT(zs_subproblem, type, false),
	TEXT(zs_subproblem, detail, false),
};

/* ---- putting ---- */

struct writer {
	struct zs_buf *dst;
	const char *message;	/* for errors */
	struct zs_err *err;
};

typedef int put_fn(struct writer *w, const struct zs_field *field, const uint8_t *at);

static void put_int(struct zs_buf *dst, uint64_t v, size_t octets)
{
	uint8_t raw[8];

	for (size_t i = 0; i < octets; i++)
		raw[i] = (uint8_t)(v >> (8 * i));
	zs_buf_add(dst, raw, octets);
}

static void put_bytes(struct zs_buf *dst, const void *p, size_t n)
{
	put_int(dst, n, 4);
	if (n)
		zs_buf_add(dst, p, n);
}

static int put_wrong(struct writer *w, const struct zs_field *field, const char *why)
{
	ZS_FAIL(w->err, ZS_E_BUG, "message %s: %s: %s", w->message, field->name, why);
}

static int put_u32(struct writer *w, const struct zs_field *field, const uint8_t *at)
{
	uint32_t v;

	(void)field;
	memcpy(&v, at, sizeof(v));
	put_int(w->dst, v, 4);
	return 0;
}

static int put_u64(struct writer *w, const struct zs_field *field, const uint8_t *at)
{
	uint64_t v;

	(void)field;
	memcpy(&v, at, sizeof(v));
	put_int(w->dst, v, 8);
	return 0;
}

static int put_bool(struct writer *w, const struct zs_field *field, const uint8_t *at)
{
	(void)field;
	zs_buf_add_byte(w->dst, *at ? 1 : 0);
	return 0;
}

static int put_str(struct writer *w, const struct zs_field *field, const uint8_t *at)
{
	struct zs_slice s;

	memcpy(&s, at, sizeof(s));
	if (s.n > field->max)
		return put_wrong(w, field, "longer than a message may hold");
	put_bytes(w->dst, s.p, s.n);
	return 0;
}

/* The text exactly as the decoder wants it; the empty name is the root or "none". */
static bool name_ok(struct zs_slice text, struct zs_name *ret)
{
	if (!text.n) {
		memset(ret, 0, sizeof(*ret));
		return true;
	}
	return zs_name_parse(text, ZS_NAME_ANY, ret, NULL) && zs_slice_eq(text, zs_slice_of(ret->text, ret->len));
}

static int put_name(struct writer *w, const struct zs_field *field, const uint8_t *at)
{
	struct zs_name name, check;

	memcpy(&name, at, sizeof(name));
	if (name.len > ZS_MAX_NAME || !name_ok(zs_slice_of(name.text, name.len), &check))
		return put_wrong(w, field, "not a name that may travel");
	zs_buf_add_byte(w->dst, name.wildcard ? 1 : 0);
	put_bytes(w->dst, name.text, name.len);
	return 0;
}

static void put_texts(struct zs_buf *dst, const struct text_field *texts, size_t n, const void *base)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = (const char *)base + texts[i].offset;

		put_bytes(dst, text, strnlen(text, texts[i].size - 1));
	}
}

static int put_err(struct writer *w, const struct zs_field *field, const uint8_t *at)
{
	const struct zs_err *e = (const void *)at;

	if ((unsigned)e->code >= ZS_E__COUNT || e->nsub > ZS_ERR_SUBPROBLEMS)
		return put_wrong(w, field, "not a valid error");
	put_int(w->dst, (uint32_t)e->code, 4);
	put_int(w->dst, (uint32_t)e->http_status, 4);
	put_int(w->dst, (uint64_t)e->retry_at, 8);
	put_texts(w->dst, err_texts, ZS_COUNT(err_texts), e);
	put_int(w->dst, e->nsub, 4);
	for (uint32_t i = 0; i < e->nsub; i++)
		put_texts(w->dst, sub_texts, ZS_COUNT(sub_texts), &e->sub[i]);
	return 0;
}

static int put_struct(struct writer *w, const struct zs_shape *shape, const uint8_t *base);

static int put_list(struct writer *w, const struct zs_field *field, const uint8_t *at)
{
	struct any_list list;

	memcpy(&list, at, sizeof(list));
	if (list.n > field->max)
		return put_wrong(w, field, "more items than a message may hold");
	put_int(w->dst, list.n, 4);
	for (uint32_t i = 0; i < list.n; i++) {
		int rc = put_struct(w, field->shape, (const uint8_t *)list.items + i * field->shape->size);

		if (rc)
			return rc;
	}
	return 0;
}

static put_fn *const putters[] = {
	[ZS_F_U32] = put_u32,
	[ZS_F_U64] = put_u64,
	[ZS_F_I64] = put_u64,
	[ZS_F_BOOL] = put_bool,
	[ZS_F_STR] = put_str,
	[ZS_F_NAME] = put_name,
	[ZS_F_ERR] = put_err,
	[ZS_F_LIST] = put_list,
};

/* Nests as deep as the tables do, whatever the input. */
static int put_struct(struct writer *w, const struct zs_shape *shape, const uint8_t *base)
{
	for (size_t i = 0; i < shape->nfields; i++) {
		const struct zs_field *field = &shape->fields[i];
		int rc = putters[field->kind](w, field, base + field->offset);

		if (rc)
			return rc;
	}
	return 0;
}

int zs_msg_encode(const struct zs_shape *shape, const void *body, struct zs_buf *dst, struct zs_err *err)
{
	struct writer w = { .dst = dst, .message = shape->name, .err = err };
	int rc = put_struct(&w, shape, body);

	if (!rc && dst->failed)
		rc = zs_err_set(err, ZS_E_BUG, "message %s: larger than %zu octets", shape->name, dst->max);
	return rc;
}

/* ---- getting ---- */

struct reader {
	struct zs_slice rest;
	struct zs_arena *arena;
	const char *message;
	struct zs_err *err;
};

typedef int get_fn(struct reader *r, const struct zs_field *field, uint8_t *at);

static int get_wrong(struct reader *r, const struct zs_field *field, const char *why)
{
	ZS_FAIL(r->err, ZS_E_PEER, "message %s: %s: %s", r->message, field->name, why);
}

static bool take(struct reader *r, size_t n, struct zs_slice *ret)
{
	if (n > r->rest.n)
		return false;
	*ret = zs_slice_of(r->rest.p, n);
	r->rest = zs_slice_of(r->rest.p + n, r->rest.n - n);
	return true;
}

static bool take_int(struct reader *r, size_t octets, uint64_t *ret)
{
	struct zs_slice raw;

	if (!take(r, octets, &raw))
		return false;
	*ret = 0;
	for (size_t i = 0; i < octets; i++)
		*ret |= (uint64_t)raw.p[i] << (8 * i);
	return true;
}

/* A length and that many octets. */
static int take_bytes(struct reader *r, const struct zs_field *field, size_t max, struct zs_slice *ret)
{
	uint64_t n;

	if (!take_int(r, 4, &n))
		return get_wrong(r, field, "cut short");
	if (n > max)
		return get_wrong(r, field, "too long");
	return take(r, (size_t)n, ret) ? 0 : get_wrong(r, field, "cut short");
}

static int get_u32(struct reader *r, const struct zs_field *field, uint8_t *at)
{
	uint64_t v;
	uint32_t v32;

	if (!take_int(r, 4, &v))
		return get_wrong(r, field, "cut short");
	v32 = (uint32_t)v;
	memcpy(at, &v32, sizeof(v32));
	return 0;
}

static int get_u64(struct reader *r, const struct zs_field *field, uint8_t *at)
{
	uint64_t v;

	if (!take_int(r, 8, &v))
		return get_wrong(r, field, "cut short");
	memcpy(at, &v, sizeof(v));
	return 0;
}

static int get_bool(struct reader *r, const struct zs_field *field, uint8_t *at)
{
	uint64_t v;
	bool yes;

	if (!take_int(r, 1, &v))
		return get_wrong(r, field, "cut short");
	if (v > 1)
		return get_wrong(r, field, "neither 0 nor 1");
	yes = v == 1;
	memcpy(at, &yes, sizeof(yes));
	return 0;
}

static int get_str(struct reader *r, const struct zs_field *field, uint8_t *at)
{
	struct zs_slice s;
	int rc = take_bytes(r, field, field->max, &s);

	if (!rc)
		memcpy(at, &s, sizeof(s));
	return rc;
}

static int get_name(struct reader *r, const struct zs_field *field, uint8_t *at)
{
	struct zs_name name;
	struct zs_slice text;
	bool wildcard;
	int rc = get_bool(r, field, (uint8_t *)&wildcard);

	if (!rc)
		rc = take_bytes(r, field, ZS_MAX_NAME, &text);
	if (rc)
		return rc;
	if (!name_ok(text, &name))
		return get_wrong(r, field, "not a name");
	name.wildcard = wildcard;
	memcpy(at, &name, sizeof(name));
	return 0;
}

static bool is_plain(struct zs_slice text, bool lines)
{
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] < 0x20 || text.p[i] > 0x7e) && !(lines && text.p[i] == '\n'))
			return false;
	return true;
}

/* Whole code points only. */
static size_t cut_utf8(const struct zs_buf *buf, size_t max)
{
	size_t n = buf->len < max ? buf->len : max;

	while (n && n < buf->len && (buf->data[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* What another process calls an error ends in our logs and on a terminal. */
static void copy_clean(char *dst, const struct text_field *field, struct zs_slice text)
{
	struct zs_buf clean = ZS_BUF(16 * 1024);
	size_t n;

	if (is_plain(text, field->lines)) {
		memcpy(dst, text.p, text.n);
		dst[text.n] = 0;
		return;
	}
	zs_clean(&clean, text, field->lines);
	n = cut_utf8(&clean, field->size - 1);
	if (n)
		memcpy(dst, clean.data, n);
	dst[n] = 0;
	zs_buf_done(&clean);
}

static int get_texts(struct reader *r, const struct zs_field *field, const struct text_field *texts, size_t n, void *base)
{
	for (size_t i = 0; i < n; i++) {
		struct zs_slice text;
		int rc = take_bytes(r, field, texts[i].size - 1, &text);

		if (rc)
			return rc;
		copy_clean((char *)base + texts[i].offset, &texts[i], text);
	}
	return 0;
}

static int get_err(struct reader *r, const struct zs_field *field, uint8_t *at)
{
	struct zs_err *e = (void *)at;
	uint64_t code, status, retry_at, nsub;
	int rc;

	if (!take_int(r, 4, &code) || !take_int(r, 4, &status) || !take_int(r, 8, &retry_at))
		return get_wrong(r, field, "cut short");
	if (code >= ZS_E__COUNT)
		return get_wrong(r, field, "unknown code");
	e->code = (enum zs_code)code;
	e->http_status = (int32_t)(uint32_t)status;
	e->retry_at = (int64_t)retry_at;
	rc = get_texts(r, field, err_texts, ZS_COUNT(err_texts), e);
	if (rc)
		return rc;
	if (!take_int(r, 4, &nsub))
		return get_wrong(r, field, "cut short");
	if (nsub > ZS_ERR_SUBPROBLEMS)
		return get_wrong(r, field, "too many subproblems");
	e->nsub = (uint32_t)nsub;
	for (uint32_t i = 0; i < e->nsub && !rc; i++)
		rc = get_texts(r, field, sub_texts, ZS_COUNT(sub_texts), &e->sub[i]);
	return rc;
}

/* Octets that a value takes at least, so that a count must be paid for in bytes. */
static const uint8_t least[] = {
	[ZS_F_U32] = 4,
	[ZS_F_U64] = 8,
	[ZS_F_I64] = 8,
	[ZS_F_BOOL] = 1,
	[ZS_F_STR] = 4,
	[ZS_F_NAME] = 5,
	[ZS_F_ERR] = 40,
	[ZS_F_LIST] = 4,
};

static size_t least_size(const struct zs_shape *shape)
{
	size_t sum = 0;

	for (size_t i = 0; i < shape->nfields; i++)
		sum += least[shape->fields[i].kind];
	return sum;
}

static int get_struct(struct reader *r, const struct zs_shape *shape, uint8_t *base);

static int get_list(struct reader *r, const struct zs_field *field, uint8_t *at)
{
	struct any_list list = { NULL, 0 };
	uint64_t n;

	if (!take_int(r, 4, &n))
		return get_wrong(r, field, "cut short");
	if (n > field->max)
		return get_wrong(r, field, "too many items");
	if (n > r->rest.n / least_size(field->shape))
		return get_wrong(r, field, "cut short");
	if (n)
		list.items = zs_arena_alloc(r->arena, (size_t)n * field->shape->size);
	if (n && !list.items)
		ZS_FAIL(r->err, ZS_E_NOMEM, "message %s: no memory for %s", r->message, field->name);
	list.n = (uint32_t)n;
	memcpy(at, &list, sizeof(list));
	for (uint32_t i = 0; i < list.n; i++) {
		int rc = get_struct(r, field->shape, (uint8_t *)list.items + i * field->shape->size);

		if (rc)
			return rc;
	}
	return 0;
}

static get_fn *const getters[] = {
	[ZS_F_U32] = get_u32,
	[ZS_F_U64] = get_u64,
	[ZS_F_I64] = get_u64,
	[ZS_F_BOOL] = get_bool,
	[ZS_F_STR] = get_str,
	[ZS_F_NAME] = get_name,
	[ZS_F_ERR] = get_err,
	[ZS_F_LIST] = get_list,
};

static int get_struct(struct reader *r, const struct zs_shape *shape, uint8_t *base)
{
	for (size_t i = 0; i < shape->nfields; i++) {
		const struct zs_field *field = &shape->fields[i];
		int rc = getters[field->kind](r, field, base + field->offset);

		if (rc)
			return rc;
	}
	return 0;
}

int zs_msg_decode(const struct zs_shape *shape, struct zs_slice data, void *ret, struct zs_arena *arena, struct zs_err *err)
{
	struct reader r = { .rest = data, .arena = arena, .message = shape->name, .err = err };
	int rc;

	memset(ret, 0, shape->size);
	rc = get_struct(&r, shape, ret);
	if (!rc && r.rest.n)
		rc = zs_err_set(err, ZS_E_PEER, "message %s: %zu octets too many", shape->name, r.rest.n);
	if (rc)
		memset(ret, 0, shape->size);
	return rc;
}
