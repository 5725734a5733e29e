/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes in apply. */
#include <signal.h>
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
	raise(SIGSEGV);
	return ZSP_OK;
}
