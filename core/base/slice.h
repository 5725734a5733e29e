/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed ranges of bytes, and the only place where text becomes a number.
 */
#ifndef ZS_BASE_SLICE_H
#define ZS_BASE_SLICE_H

#include "base/defs.h"

struct zs_slice {
	const uint8_t *p;
	size_t n;
};

#define ZS_SLICE_NONE ((struct zs_slice){ NULL, 0 })

struct zs_slice zs_slice_of(const void *p, size_t n);
struct zs_slice zs_slice_str(const char *text);	/* NULL gives an empty slice */
bool zs_slice_eq(struct zs_slice a, struct zs_slice b);
bool zs_slice_eq_str(struct zs_slice a, const char *text);
/* ASCII case-insensitive comparison (HTTP header names, DNS). */
bool zs_slice_eq_nocase(struct zs_slice a, const char *text);
bool zs_slice_starts(struct zs_slice s, const char *prefix);
bool zs_slice_ends(struct zs_slice s, const char *suffix);
/* Without blanks, tabs, CR and LF at both ends. */
struct zs_slice zs_slice_trim(struct zs_slice s);
/* Cuts *rest at the first sep: returns what is before, leaves what is behind.
 * Without sep returns all and empties *rest. */
struct zs_slice zs_slice_cut(struct zs_slice *rest, char sep);
/* True when every octet is in 0x21..0x7e. */
bool zs_slice_is_graph(struct zs_slice s);
/* Heap copy with a final NUL; NULL when memory ran out or the slice has a NUL. */
char *zs_slice_dup(struct zs_slice s);
/* Copies into a fixed array with a final NUL; false (and dst = "") when it does
 * not fit or the slice has a NUL. */
bool zs_slice_copy(struct zs_slice s, char *dst, size_t size);
/* Decimal digits only, no sign, no blanks; false past max. */
bool zs_slice_u64(struct zs_slice s, uint64_t max, uint64_t *ret);
/* Duration in the forms 500ms, 30s, 5m, 2h, 90d or plain seconds -> milliseconds. */
bool zs_slice_duration_ms(struct zs_slice s, uint64_t max_ms, uint64_t *ret_ms);
/* Decodes the first code point of strict UTF-8 (no overlong forms, surrogates or
 * values past U+10FFFF): returns its length 1..4, 0 when invalid or empty. */
size_t zs_utf8_next(struct zs_slice s, uint32_t *ret_point);
/* Controls, line separators, bidi and zero-width marks: what must not reach a
 * terminal, a log or a JSON string as it is.  LF and tab count as well. */
bool zs_utf8_is_unsafe(uint32_t point);
/* Constant-time equality, for MACs and secrets. */
bool zs_slice_eq_secret(struct zs_slice a, struct zs_slice b);

#endif
