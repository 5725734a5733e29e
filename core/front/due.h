/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a certificate is due: nothing stored or something damaged, other
 * names, another key type or CA than configured, or a third of its lifetime left
 * (half under ten days).
 */
#ifndef ZS_FRONT_DUE_H
#define ZS_FRONT_DUE_H

#include "front/run.h"

/* stored NULL = nothing is. reason says why, for people; "" when it is not due. */
bool zs_due(const struct zs_run_job *job, const struct zs_msg_certificate *stored, int64_t now, char reason[static ZS_DUE_REASON]);
/* When a certificate of this lifetime becomes due, Unix seconds. */
int64_t zs_due_at(int64_t not_before, int64_t not_after);

#endif
