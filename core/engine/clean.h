/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removal of records that runs which died left in DNS.
 */
#ifndef ZS_ENGINE_CLEAN_H
#define ZS_ENGINE_CLEAN_H

#include "engine/engine.h"

/* Answers the request with ENGINE_CLEANED, one result for each entry, once all are tried. */
void zs_clean_start(struct zs_engine *engine, uint32_t request, const struct zs_msg_engine_clean *clean);

#endif
