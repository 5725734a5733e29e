/* SPDX-License-Identifier: Apache-2.0 */
/* An option that cannot be told from the file of a secret. */
#include <zoneseal/provider.h>

static const struct zsp_option bad_options[] = {
	{ .name = ZSP_STR("token"), .kind = ZSP_OPTION_SECRET, .help = ZSP_STR("A secret.") },
	{ .name = ZSP_STR("token-file"), .kind = ZSP_OPTION_TEXT, .help = ZSP_STR("Its file, or is it?") },
};
#define BAD_OPTIONS ZSP_LIST(bad_options)
#include "bad.h"
