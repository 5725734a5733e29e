/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable byte buffer with a cap and a sticky failure: append as often as you
 * like, check once.  A secret buffer is overwritten when it grows and when it
 * ends, and must never be formatted.  The bytes are followed by a NUL that
 * does not count, so text needs no extra step.
 */
#ifndef ZS_BASE_BUF_H
#define ZS_BASE_BUF_H

#include <stdarg.h>
#include "base/defs.h"
#include "base/slice.h"

struct zs_buf {
	uint8_t *data;		/* NULL until the first append */
	size_t len;
	size_t cap;		/* allocated, without the NUL */
	size_t max;		/* never grows past this many octets */
	bool failed;		/* an append did not fit or memory ran out */
	bool secret;
};

/* Static initialiser; a zs_buf of all zeroes has max 0 and fails on append. */
#define ZS_BUF(maximum) { .max = (maximum) }
#define ZS_BUF_SECRET(maximum) { .max = (maximum), .secret = true }

void zs_buf_init(struct zs_buf *buf, size_t max);
void zs_buf_init_secret(struct zs_buf *buf, size_t max);
/* Frees the storage (zeroed first when secret); the buffer may be used again. */
void zs_buf_done(struct zs_buf *buf);
/* Length 0 and no failure; keeps the storage (zeroed when secret). */
void zs_buf_clear(struct zs_buf *buf);

void zs_buf_add(struct zs_buf *buf, const void *data, size_t len);
void zs_buf_add_slice(struct zs_buf *buf, struct zs_slice s);
void zs_buf_add_str(struct zs_buf *buf, const char *text);
void zs_buf_add_byte(struct zs_buf *buf, uint8_t byte);
void zs_buf_add_u16be(struct zs_buf *buf, uint16_t v);
void zs_buf_add_u32be(struct zs_buf *buf, uint32_t v);
void zs_buf_addf(struct zs_buf *buf, const char *fmt, ...) ZS_PRINTF(2, 3);
void zs_buf_vaddf(struct zs_buf *buf, const char *fmt, va_list ap) ZS_PRINTF(2, 0);
/* Makes room for len octets and returns where to write them, NULL on failure;
 * the caller then adds what it wrote to buf->len. */
uint8_t *zs_buf_reserve(struct zs_buf *buf, size_t len);
/* Removes len octets from the front. */
void zs_buf_consume(struct zs_buf *buf, size_t len);

/* Borrowed view of the contents, valid until the next append. */
struct zs_slice zs_buf_slice(const struct zs_buf *buf);
/* Contents as a C string; "" when empty.  Never NULL. */
const char *zs_buf_str(const struct zs_buf *buf);

/* Overwrites memory in a way the compiler keeps. */
void zs_wipe(void *p, size_t len);

#endif
