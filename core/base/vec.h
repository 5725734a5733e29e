/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed growable arrays and an arena.  ZS_VEC(struct zs_name) is a struct with
 * items, n and cap; a failed push leaves it as it was and says so.
 */
#ifndef ZS_BASE_VEC_H
#define ZS_BASE_VEC_H

#include <stdlib.h>
#include "base/defs.h"

#define ZS_VEC(type) struct { type *items; size_t n; size_t cap; }

/* Room for one more item; false when memory ran out or max is reached. */
bool zs_vec_grow(void **items, size_t n, size_t *cap, size_t item_size, size_t max);

/* Pointer to a new zeroed item at the end, or NULL. */
#define zs_vec_push(vec, max) \
	(zs_vec_grow((void **)&(vec)->items, (vec)->n, &(vec)->cap, \
		     sizeof(*(vec)->items), (max)) \
		 ? &(vec)->items[(vec)->n++] : NULL)
#define zs_vec_done(vec) \
	do { free((vec)->items); (vec)->items = NULL; (vec)->n = (vec)->cap = 0; } while (0)
/* Takes item i out, keeping the order. */
#define zs_vec_remove(vec, i) \
	do { zs_vec_erase((vec)->items, (vec)->n, (i), sizeof(*(vec)->items)); (vec)->n--; } while (0)
void zs_vec_erase(void *items, size_t n, size_t i, size_t item_size);

/* Memory that ends all at once.  Zeroed; aligned for any type. */
struct zs_arena {
	struct zs_arena_block *blocks;
	size_t used;		/* in the newest block */
	size_t total;
	size_t max;
};
void zs_arena_init(struct zs_arena *arena, size_t max);
void *zs_arena_alloc(struct zs_arena *arena, size_t size);	/* NULL past max */
char *zs_arena_str(struct zs_arena *arena, const void *text, size_t n);	/* copy + NUL */
void zs_arena_done(struct zs_arena *arena);

#endif
