/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: of three changes the first and the last fail, each for its own reason. */
#include <zoneseal/sdk.h>

#define BAD_NAME "each"
#define BAD_APPLY each
static int32_t each(void *instance, const struct zsp_str *zone, const struct zsp_list *changes);
#include "bad.h"

BAD_APPLY_HEAD(each)
{
	static const int32_t classes[] = { ZSP_DENIED, ZSP_OK, ZSP_CONFIG };

	(void)instance;
	(void)zone;
	for (uint32_t i = 0; i < changes->n && i < 3; i++) {
		if (classes[i] != ZSP_OK)
			(void)zsp_failf(bad_host, classes[i], 0, "reason %u", (unsigned)i);
		zsp_resultf(bad_host, i, classes[i], NULL);
	}
	return ZSP_CONFIG;
}
