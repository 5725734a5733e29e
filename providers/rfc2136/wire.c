/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reading and writing of DNS messages.  Knows no meaning of what it
 * reads; every access is checked against the message.
 */
#include "wire.h"

#include <stdio.h>
#include <string.h>

uint16_t wire_peek16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

void wire_poke16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ---- writing --------------------------------------------------------------- */

void wire_put(struct wire *w, const void *p, size_t n)
{
	if (w->failed || n > w->max - w->n) {
		w->failed = true;
		return;
	}
	if (n)
		memcpy(w->p + w->n, p, n);
	w->n += n;
}

static void put_number(struct wire *w, uint64_t v, size_t octets)
{
	uint8_t b[8];

	for (size_t i = 0; i < octets; i++)
		b[i] = (uint8_t)(v >> 8 * (octets - 1 - i));
	wire_put(w, b, octets);
}

void wire_put16(struct wire *w, uint16_t v)
{
	put_number(w, v, 2);
}

void wire_put32(struct wire *w, uint32_t v)
{
	put_number(w, v, 4);
}

void wire_put48(struct wire *w, uint64_t v)
{
	put_number(w, v, 6);
}

void wire_put_name(struct wire *w, const struct wire_name *name)
{
	wire_put(w, name->p, name->n);
}

static void add_count(struct wire *w, size_t count_offset)
{
	uint8_t *count = w->p + count_offset;

	if (!w->failed)
		wire_poke16(count, (uint16_t)(wire_peek16(count) + 1));
}

void wire_put_header(struct wire *w, uint16_t id, uint16_t flags)
{
	static const uint8_t counts[8];

	wire_put16(w, id);
	wire_put16(w, flags);
	wire_put(w, counts, sizeof(counts));
}

void wire_put_question(struct wire *w, const struct wire_name *name, uint16_t type)
{
	wire_put_name(w, name);
	wire_put16(w, type);
	wire_put16(w, WIRE_IN);
	add_count(w, WIRE_QDCOUNT);
}

void wire_put_record(struct wire *w, const struct wire_name *owner,
		     const struct wire_record *fields, const void *rdata, size_t n,
		     size_t count_offset)
{
	if (n > UINT16_MAX)
		w->failed = true;
	wire_put_name(w, owner);
	wire_put16(w, fields->type);
	wire_put16(w, fields->class);
	wire_put32(w, fields->ttl);
	wire_put16(w, (uint16_t)n);
	wire_put(w, rdata, n);
	add_count(w, count_offset);
}

/* ---- reading --------------------------------------------------------------- */

static uint64_t get_number(struct wire_reader *r, size_t octets)
{
	uint64_t v = 0;

	if (r->failed || octets > r->n - r->at) {
		r->failed = true;
		return 0;
	}
	for (size_t i = 0; i < octets; i++)
		v = v << 8 | r->p[r->at++];
	return v;
}

uint16_t wire_get16(struct wire_reader *r)
{
	return (uint16_t)get_number(r, 2);
}

uint32_t wire_get32(struct wire_reader *r)
{
	return (uint32_t)get_number(r, 4);
}

uint64_t wire_get48(struct wire_reader *r)
{
	return get_number(r, 6);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* One label at r->at into ret; false at the root label or on failure. */
static bool get_label(struct wire_reader *r, struct wire_name *ret)
{
	size_t n = r->at < r->n ? r->p[r->at] : 64;

	if (n > 63 || n + 1 > r->n - r->at || ret->n + n + 1 > WIRE_NAME) {
		r->failed = true;
		return false;
	}
	ret->p[ret->n++] = (uint8_t)n;
	for (size_t i = 1; i <= n; i++)
		ret->p[ret->n++] = lower(r->p[r->at + i]);
	r->at += n + 1;
	return n > 0;
}

/* Moves r to the target of the pointer at r->at, which must lie before limit. */
static void jump(struct wire_reader *r, size_t *limit, size_t *after)
{
	uint16_t pointer = wire_get16(r);
	size_t target = pointer & 0x3fff;

	if (r->failed || target >= *limit || target < WIRE_HEADER) {
		r->failed = true;
		return;
	}
	if (!*after)
		*after = r->at;
	*limit = target;
	r->at = target;
}

void wire_get_name(struct wire_reader *r, struct wire_name *ret)
{
	size_t limit = r->at, after = 0;

	ret->n = 0;
	while (!r->failed) {
		if (r->at < r->n && r->p[r->at] >= 0xc0)
			jump(r, &limit, &after);
		else if (!get_label(r, ret))
			break;
	}
	if (r->failed)
		*ret = (struct wire_name){ .n = 1 };
	else if (after)
		r->at = after;
}

void wire_get_header(struct wire_reader *r, struct wire_header *ret)
{
	ret->id = wire_get16(r);
	ret->flags = wire_get16(r);
	for (size_t i = 0; i < 4; i++)
		ret->count[i] = wire_get16(r);
}

void wire_skip_questions(struct wire_reader *r, unsigned n)
{
	struct wire_name name;

	for (; n && !r->failed; n--) {
		wire_get_name(r, &name);
		wire_get32(r);
	}
}

void wire_get_record(struct wire_reader *r, struct wire_record *ret)
{
	ret->start = r->at;
	wire_get_name(r, &ret->owner);
	ret->type = wire_get16(r);
	ret->class = wire_get16(r);
	ret->ttl = wire_get32(r);
	ret->length = wire_get16(r);
	ret->rdata = r->at;
	if (r->failed || ret->length > r->n - r->at) {
		r->failed = true;
		ret->length = 0;
	} else {
		r->at += ret->length;
	}
}

/* ---- names ----------------------------------------------------------------- */

static bool is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '\\' && c != '"' && c != '(' && c != ')' && c != ';';
}

bool wire_name_parse(const char *text, size_t n, struct wire_name *ret)
{
	struct wire_name name = { .n = 1 };
	size_t label = 0;		/* offset of the length of the current label */

	if (n && text[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];
		size_t length = name.n - label - 1;

		if (name.n >= WIRE_NAME - 1 || (c == '.' && !length) ||
		    (c != '.' && (!is_plain(c) || length == 63)))
			return false;
		if (c == '.') {
			name.p[label] = (uint8_t)length;
			label = name.n++;
		} else {
			name.p[name.n++] = lower(c);
		}
	}
	name.p[label] = (uint8_t)(name.n - label - 1);
	if (n && !name.p[label])
		return false;
	if (n)
		name.p[name.n++] = 0;
	*ret = name;
	return true;
}

void wire_name_print(const struct wire_name *name, char dst[WIRE_NAME_TEXT])
{
	size_t at = 0;

	for (size_t i = 0; i < name->n && name->p[i];) {
		size_t n = name->p[i++];

		if (at)
			dst[at++] = '.';
		for (; n && i < name->n; n--, i++) {
			uint8_t c = name->p[i];

			if (is_plain(c) && c != '.')
				dst[at++] = (char)c;
			else
				at += (size_t)snprintf(dst + at, 5, "\\%03u", c);
		}
	}
	if (!at)
		dst[at++] = '.';
	dst[at] = 0;
}

bool wire_name_eq(const struct wire_name *a, const struct wire_name *b)
{
	return a->n == b->n && !memcmp(a->p, b->p, a->n);
}

bool wire_name_is_in(const struct wire_name *name, const struct wire_name *zone)
{
	for (size_t i = 0; i < name->n; i += name->p[i] + 1u) {
		if (name->n - i == zone->n)
			return !memcmp(name->p + i, zone->p, zone->n);
		if (!name->p[i])
			break;
	}
	return false;
}
