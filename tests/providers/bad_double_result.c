/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a second result for a change, and one for a change that does not exist. */
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
	bad_host->result(bad_host, 0, ZSP_OK, "", 0);
	bad_host->result(bad_host, 0, ZSP_DENIED, "changed my mind", 15);
	bad_host->result(bad_host, 4000000000u, ZSP_OK, "", 0);
	return ZSP_OK;
}
