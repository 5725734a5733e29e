/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: two calls in one zone must not run at once. */
#define TELLS_NAME "zone-lock"
#define TELLS_FLAGS (ZSP_FLAG_BATCH | ZSP_FLAG_NEEDS_ZONE_LOCK)
#include "tells.h"
