/* SPDX-License-Identifier: Apache-2.0 */
/* Has a default that its own option refuses. */
#include <zoneseal/provider.h>

static const struct zsp_option wrong[] = {
	{ ZSP_STR("ttl"), ZSP_OPTION_INTEGER, 0, ZSP_STR("many"), { NULL, 0 }, ZSP_STR("A number."),
	  0, 0 },
};
#define BAD_OPTIONS ZSP_LIST(wrong)
#include "bad.h"
