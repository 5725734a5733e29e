/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data of a message as a plugin gets it: in the memory of the call, each text
 * with a NUL behind it.
 */
#ifndef ZS_HOST_LEND_H
#define ZS_HOST_LEND_H

#include <zoneseal/provider.h>

#include "base/vec.h"
#include "ipc/proto.h"

/* p NULL when memory ran out; an empty text has p all the same. */
struct zsp_str zs_lend(struct zs_arena *arena, struct zs_slice s);
/* n zones with their names, of struct zsp_zone; items NULL when memory ran out. */
struct zsp_list zs_lend_zones(struct zs_arena *arena, const struct zs_msg_zone_names *zones, uint32_t n);
/* All changes of an apply; NULL when memory ran out. */
struct zsp_change *zs_lend_changes(struct zs_arena *arena, const struct zs_msg_host_apply *apply);

#endif
