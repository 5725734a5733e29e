/* SPDX-License-Identifier: Apache-2.0 */
/* Has two options of one name. */
#include <zoneseal/provider.h>

static const struct zsp_option twice[] = {
	{ ZSP_STR("token"), ZSP_OPTION_SECRET, 0, { NULL, 0 }, { NULL, 0 }, ZSP_STR("One."), 0, 0 },
	{ ZSP_STR("token"), ZSP_OPTION_TEXT, 0, { NULL, 0 }, { NULL, 0 }, ZSP_STR("Two."), 0, 0 },
};
#define BAD_OPTIONS ZSP_LIST(twice)
#include "bad.h"
