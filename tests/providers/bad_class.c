/* SPDX-License-Identifier: Apache-2.0 */
/* Fails with error classes that do not exist. */
#include <zoneseal/provider.h>

static const struct zsp_host *bad_host;
#define BAD_NO_HOST
#define BAD_APPLY broken_apply
static int32_t broken_apply(void *instance, const struct zsp_str *zone,
			    const struct zsp_list *changes);
#include "bad.h"

BAD_APPLY_HEAD(broken_apply)
{
	BAD_UNUSED;
	bad_host->result(bad_host, 0, -7, "strange", 7);
	return bad_host->fail(bad_host, 9999, INT64_MAX, "stranger", 8);
}
