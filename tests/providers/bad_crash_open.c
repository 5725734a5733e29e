/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes when an instance is opened. */
#include <signal.h>
#include <zoneseal/provider.h>

#define BAD_OPEN crash_open
static const struct zsp_host *bad_host;
#define BAD_NO_HOST

static int32_t crash_open(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	(void)values;
	bad_host = host;
	*ret = NULL;
	raise(SIGSEGV);
	return ZSP_OK;
}

#include "bad.h"
