/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte buffer: growth within a cap, sticky failure, wiping of secrets.
 * It does not know text encodings or numbers other than big-endian ones, and
 * it never aborts: whoever appends asks for `failed` once at the end.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void zs_wipe(void *p, size_t len)
{
	if (p && len)
		explicit_bzero(p, len);
}

void zs_buf_init(struct zs_buf *buf, size_t max)
{
	*buf = (struct zs_buf)ZS_BUF(max);
}

void zs_buf_init_secret(struct zs_buf *buf, size_t max)
{
	*buf = (struct zs_buf)ZS_BUF_SECRET(max);
}

static void wipe_storage(struct zs_buf *buf)
{
	if (buf->secret && buf->data)
		zs_wipe(buf->data, buf->cap + 1);
}

void zs_buf_done(struct zs_buf *buf)
{
	if (!buf)
		return;
	wipe_storage(buf);
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->cap = 0;
	buf->failed = false;
}

void zs_buf_clear(struct zs_buf *buf)
{
	wipe_storage(buf);
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = 0;
}

/* Doubles, so that many small appends cost little; never past the cap. */
static size_t next_cap(const struct zs_buf *buf, size_t need)
{
	size_t cap = buf->cap < FIRST_CAP ? FIRST_CAP : buf->cap;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	return cap < buf->max ? cap : buf->max;
}

/* realloc() may leave a copy behind, so a secret moves by hand. */
static uint8_t *move_secret(struct zs_buf *buf, size_t cap)
{
	uint8_t *data = malloc(cap + 1);

	if (!data)
		return NULL;
	if (buf->data) {
		memcpy(data, buf->data, buf->len);
		wipe_storage(buf);
		free(buf->data);
	}
	return data;
}

static bool grow(struct zs_buf *buf, size_t need)
{
	size_t cap = next_cap(buf, need);
	uint8_t *data;

	if (cap == SIZE_MAX)
		return false;
	data = buf->secret ? move_secret(buf, cap)
			   : realloc(buf->data, cap + 1);
	if (!data)
		return false;
	buf->data = data;
	buf->cap = cap;
	return true;
}

uint8_t *zs_buf_reserve(struct zs_buf *buf, size_t len)
{
	if (buf->failed)
		return NULL;
	if (buf->len > buf->max || len > buf->max - buf->len ||
		((!buf->data || len > buf->cap - buf->len) &&
			!grow(buf, buf->len + len))) {
		buf->failed = true;
		return NULL;
	}
	buf->data[buf->len + len] = 0;
	return buf->data + buf->len;
}

void zs_buf_add(struct zs_buf *buf, const void *data, size_t len)
{
	uint8_t *room;

	if (!len)
		return;
	room = zs_buf_reserve(buf, len);
	if (!room)
		return;
	memcpy(room, data, len);
	buf->len += len;
}

void zs_buf_add_slice(struct zs_buf *buf, struct zs_slice s)
{
	zs_buf_add(buf, s.p, s.n);
}

void zs_buf_add_str(struct zs_buf *buf, const char *text)
{
	zs_buf_add_slice(buf, zs_slice_str(text));
}

void zs_buf_add_byte(struct zs_buf *buf, uint8_t byte)
{
	zs_buf_add(buf, &byte, 1);
}

void zs_buf_add_u16be(struct zs_buf *buf, uint16_t v)
{
	const uint8_t wire[] = { (uint8_t)(v >> 8), (uint8_t)(v & 0xff) };

	zs_buf_add(buf, wire, sizeof(wire));
}

void zs_buf_add_u32be(struct zs_buf *buf, uint32_t v)
{
	const uint8_t wire[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16 & 0xff),
		(uint8_t)(v >> 8 & 0xff), (uint8_t)(v & 0xff) };

	zs_buf_add(buf, wire, sizeof(wire));
}

void zs_buf_addf(struct zs_buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	zs_buf_vaddf(buf, fmt, ap);
	va_end(ap);
}

void zs_buf_vaddf(struct zs_buf *buf, const char *fmt, va_list ap)
{
	va_list again;
	uint8_t *room = NULL;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n >= 0)
		room = zs_buf_reserve(buf, (size_t)n);
	if (!room) {
		buf->failed = true;
		return;
	}
	/* The octet behind the room is there for the final NUL. */
	(void)vsnprintf((char *)room, (size_t)n + 1, fmt, ap);
	buf->len += (size_t)n;
}

void zs_buf_consume(struct zs_buf *buf, size_t len)
{
	size_t left;

	if (!buf->data)
		return;
	left = len < buf->len ? buf->len - len : 0;
	if (left)
		memmove(buf->data, buf->data + len, left);
	if (buf->secret)
		zs_wipe(buf->data + left, buf->len - left);
	buf->len = left;
	buf->data[left] = 0;
}

struct zs_slice zs_buf_slice(const struct zs_buf *buf)
{
	return zs_slice_of(buf->data, buf->len);
}

const char *zs_buf_str(const struct zs_buf *buf)
{
	if (!buf->data)
		return "";
	/* Whoever used zs_buf_reserve() set only the length. */
	buf->data[buf->len] = 0;
	return (const char *)buf->data;
}
