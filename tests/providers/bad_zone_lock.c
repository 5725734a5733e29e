/* SPDX-License-Identifier: Apache-2.0 */
/* Wants a lock that no zoneseal has yet. */
#define BAD_FLAGS ZSP_FLAG_NEEDS_ZONE_LOCK
#include "bad.h"
