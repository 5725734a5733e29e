/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth of typed arrays, and the arena.  Both stop at a maximum that the
 * caller names.  Neither wipes what it frees: secrets belong into a zs_buf.
 */
#include "base/vec.h"

#include <stdalign.h>
#include <string.h>

enum { FIRST_CAP = 8,
	BLOCK = 4096 - 64 };

static size_t next_cap(size_t cap, size_t max)
{
	if (cap < FIRST_CAP)
		cap = FIRST_CAP;
	else
		cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	return cap < max ? cap : max;
}

bool zs_vec_grow(void **items, size_t n, size_t *cap, size_t item_size,
	size_t max)
{
	char *data;

	/* The real type of *items is another pointer: copied, not aliased. */
	memcpy(&data, (void *)items, sizeof(data));
	if (n >= max || !item_size)
		return false;
	if (n >= *cap) {
		size_t more = next_cap(*cap, max);

		if (more <= n || more > SIZE_MAX / item_size)
			return false;
		data = realloc(data, more * item_size);
		if (!data)
			return false;
		memcpy((void *)items, &data, sizeof(data));
		*cap = more;
	}
	memset(data + n * item_size, 0, item_size);
	return true;
}

void zs_vec_erase(void *items, size_t n, size_t i, size_t item_size)
{
	char *at = (char *)items + i * item_size;

	if (i + 1 < n)
		memmove(at, at + item_size, (n - i - 1) * item_size);
}

struct zs_arena_block {
	struct zs_arena_block *next;
	size_t size;
	alignas(max_align_t) uint8_t data[];
};

void zs_arena_init(struct zs_arena *arena, size_t max)
{
	*arena = (struct zs_arena){ .max = max };
}

static bool add_block(struct zs_arena *arena, size_t need)
{
	size_t size = need > BLOCK ? need : BLOCK;
	struct zs_arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return false;
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return false;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->used = 0;
	return true;
}

void *zs_arena_alloc(struct zs_arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	size_t need = size ? size : 1;
	void *p;

	if (need > SIZE_MAX - align)
		return NULL;
	need = (need + align - 1) / align * align;
	if (size > arena->max || arena->total > arena->max - size)
		return NULL;
	if ((!arena->blocks || need > arena->blocks->size - arena->used) &&
		!add_block(arena, need))
		return NULL;
	p = arena->blocks->data + arena->used;
	arena->used += need;
	arena->total += need;
	return p;
}

char *zs_arena_str(struct zs_arena *arena, const void *text, size_t n)
{
	char *copy = n < SIZE_MAX ? zs_arena_alloc(arena, n + 1) : NULL;

	if (copy && n)
		memcpy(copy, text, n);
	return copy;
}

void zs_arena_done(struct zs_arena *arena)
{
	struct zs_arena_block *block;

	if (!arena)
		return;
	while ((block = arena->blocks)) {
		arena->blocks = block->next;
		free(block);
	}
	arena->used = arena->total = 0;
}
