/* SPDX-License-Identifier: Apache-2.0 */
/* Has an option table whose items are too small. */
#include <zoneseal/provider.h>

static const struct zsp_option small[] = {
	{ ZSP_STR("token"), ZSP_OPTION_TEXT, 0, { NULL, 0 }, { NULL, 0 }, ZSP_STR("Small."), 0, 0 },
};
#define BAD_OPTIONS { small, 4000000000u, 8 }
#include "bad.h"
