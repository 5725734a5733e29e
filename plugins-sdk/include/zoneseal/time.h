/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as text.  Milliseconds since 1970-01-01 UTC everywhere.
 */
#ifndef ZONESEAL_TIME_H
#define ZONESEAL_TIME_H

#include <zoneseal/sdk_base.h>

enum { ZSP_TIME_TEXT = 32 };	/* room for every form, with the NUL */

/* 2026-01-31T12:00:00Z (RFC 3339), and 20260131T120000Z (ISO 8601 basic). */
ZSP_SDK void zsp_time_rfc3339(int64_t ms, char dst[ZSP_TIME_TEXT]);
ZSP_SDK void zsp_time_basic(int64_t ms, char dst[ZSP_TIME_TEXT]);
/* RFC 3339 with any fraction and offset.  1, or 0 when it is none. */
ZSP_SDK int32_t zsp_time_parse(struct zsp_str text, int64_t *ret_ms);
/* The date of an HTTP header (RFC 9110 5.6.7).  1, or 0 when it is none. */
ZSP_SDK int32_t zsp_time_parse_http(struct zsp_str text, int64_t *ret_ms);
/* Monotonic milliseconds, for measuring. */
ZSP_SDK int64_t zsp_time_monotonic(void);

#endif
