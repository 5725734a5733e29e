/* SPDX-License-Identifier: Apache-2.0 */
/* Logs a hundred thousand lines. */
#include <zoneseal/provider.h>

static const struct zsp_host *bad_host;
#define BAD_NO_HOST
#define BAD_APPLY broken_apply
static int32_t broken_apply(void *instance, const struct zsp_str *zone,
			    const struct zsp_list *changes);
#include "bad.h"

BAD_APPLY_HEAD(broken_apply)
{
	static const char line[] = "the same line again and again and again and again";

	BAD_UNUSED;
	for (int i = 0; i < 100000; i++)
		bad_host->log(bad_host, ZSP_LOG_ERROR, line, sizeof(line) - 1);
	return ZSP_OK;
}
