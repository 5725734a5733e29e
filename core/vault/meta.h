/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `meta` files of the state tree: lines "key=value", the first of them
 * "format=1".  Strict: keys are [a-z_], values printable, every line ends in
 * LF.  Keys that this version does not know are kept, so that a newer version's
 * file survives a step back.
 */
#ifndef ZS_VAULT_META_H
#define ZS_VAULT_META_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

/* What a look at something on disk gave. */
enum zs_found {
	ZS_FOUND,
	ZS_ABSENT,
	ZS_CORRUPT,	/* may be put into quarantine; err says what is wrong */
	ZS_UNREADABLE	/* the machine's fault, or a newer version's: leave it alone */
};

struct zs_meta_pair {
	const char *key, *value;
};

struct zs_meta {
	struct zs_arena arena;
	ZS_VEC(struct zs_meta_pair) pairs;	/* without format */
	bool failed;				/* sticky: memory, or a value that cannot be written */
};

enum { ZS_MAX_META = 64 * 1024 };

void zs_meta_init(struct zs_meta *meta);
void zs_meta_done(struct zs_meta *meta);

enum zs_found zs_meta_parse(struct zs_meta *meta, struct zs_slice text, struct zs_err *err);
/* Reads and parses a file; meta is initialised and must be empty. */
enum zs_found zs_meta_read(struct zs_meta *meta, int dirfd, const char *name, struct zs_err *err);
/* Appends the text of the file. */
int zs_meta_print(const struct zs_meta *meta, struct zs_buf *dst, struct zs_err *err);

/* NULL when absent; the first when there are several. */
const char *zs_meta_get(const struct zs_meta *meta, const char *key);
/* Digits only; fallback when absent or out of range. */
int64_t zs_meta_number(const struct zs_meta *meta, const char *key, int64_t fallback);
/* The next value of a key that repeats; *at starts at 0. NULL at the end. */
const char *zs_meta_next(const struct zs_meta *meta, const char *key, size_t *at);
void zs_meta_add(struct zs_meta *meta, const char *key, struct zs_slice value);
void zs_meta_add_number(struct zs_meta *meta, const char *key, int64_t value);
void zs_meta_remove(struct zs_meta *meta, const char *key);

#endif
