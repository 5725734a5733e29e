/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock behind a small vtable, so that tests own time; RFC 3339 and HTTP
 * dates; back-off with jitter, saturating.
 */
#ifndef ZS_BASE_CLOCK_H
#define ZS_BASE_CLOCK_H

#include "base/defs.h"
#include "base/slice.h"

struct zs_clock {
	int64_t (*wall_ms)(struct zs_clock *clock);	/* since 1970, UTC */
	uint64_t (*mono_ms)(struct zs_clock *clock);	/* never goes back; counts suspend */
	/* uniform in 0..2^32-1, for jitter only, never for secrets */
	uint32_t (*random)(struct zs_clock *clock);
};

/* The machine's clock; never NULL, static. */
struct zs_clock *zs_clock_system(void);
/* Uniform in lo..hi, both included. */
uint64_t zs_clock_jitter(struct zs_clock *clock, uint64_t lo, uint64_t hi);

enum { ZS_TIME_TEXT = 32 };
/* "2026-11-24T10:00:00Z"; years 1970..9999, else "invalid-time". */
void zs_time_print(int64_t unix_seconds, char dst[static ZS_TIME_TEXT]);
/* RFC 3339 with fraction and offset -> Unix seconds. */
bool zs_time_parse(struct zs_slice text, int64_t *ret_unix);
/* HTTP-date of RFC 9110 (IMF-fixdate, rfc850, asctime) -> Unix seconds. */
bool zs_time_parse_http(struct zs_slice text, int64_t *ret_unix);
/* Retry-After in both forms; now in Unix seconds; result is clamped to
 * now .. now + 24 h.  False when it is neither form. */
bool zs_time_retry_after(struct zs_slice text, int64_t now, int64_t *ret_unix);

/* base * factor_percent^attempt / 100^attempt, saturating at cap; attempt counts from 0. */
uint64_t zs_backoff_ms(uint64_t base_ms, unsigned factor_percent, unsigned attempt, uint64_t cap_ms);
/* Adds +-percent of jitter, never below 1. */
uint64_t zs_backoff_jitter_ms(struct zs_clock *clock, uint64_t ms, unsigned percent);

#endif
