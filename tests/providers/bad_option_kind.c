/* SPDX-License-Identifier: Apache-2.0 */
/* Has an option of a kind that does not exist. */
#include <zoneseal/provider.h>

static const struct zsp_option strange[] = {
	{ ZSP_STR("token"), 77, 0, { NULL, 0 }, { NULL, 0 }, ZSP_STR("Strange."), 0, 0 },
};
#define BAD_OPTIONS ZSP_LIST(strange)
#include "bad.h"
