/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TXT values at one name of a known zone, by the first of its authoritative
 * servers that answers (RD=0).  One look, for the conformance kit; whether all
 * servers agree is the watch's question.
 */
#ifndef ZS_PROBE_READ_H
#define ZS_PROBE_READ_H

#include "ipc/proto.h"
#include "probe/zonecut.h"

struct zs_read;

/* err is NULL on success; values point into the answer and end with the callback. */
typedef void zs_read_fn(const struct zs_msg_probe_values *values, const struct zs_err *err, void *user);

/* deadline_ms is of the loop's clock. Never calls back before it returns; NULL when
 * memory ran out. */
struct zs_read *zs_read_start(struct zs_zones *zones, const struct zs_msg_probe_read *request, uint64_t deadline_ms,
			      zs_read_fn *fn, void *user);
/* Ends it without callback; NULL is fine. */
void zs_read_cancel(struct zs_read *read);

#endif
