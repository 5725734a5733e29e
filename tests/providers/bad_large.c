/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: says that its descriptor is larger than the host knows it. */
#include <zoneseal/provider.h>

/* What it has more is behind the part that the host reads. */
#define BAD_SIZE ((uint32_t)sizeof(struct zsp_provider) + 64u)
#include "bad.h"
