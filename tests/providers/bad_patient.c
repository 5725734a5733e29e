/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: waits in apply until it is cancelled, as a plugin should. */
#include <poll.h>
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
	while (!bad_host->cancelled(bad_host))
		poll(NULL, 0, 10);
	return bad_host->fail(bad_host, ZSP_TRANSIENT, 0, "gave up in time", 15);
}
