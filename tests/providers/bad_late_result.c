/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a result from a thread of its own, after apply has returned. */
#include <pthread.h>
#include <unistd.h>
#include <zoneseal/provider.h>

static const struct zsp_host *bad_host;
#define BAD_NO_HOST
#define BAD_APPLY broken_apply
static int32_t broken_apply(void *instance, const struct zsp_str *zone,
			    const struct zsp_list *changes);
#include "bad.h"

static void *late(void *arg)
{
	usleep(50000);
	bad_host->result(bad_host, 0, ZSP_DENIED, "too late", 8);
	bad_host->log(bad_host, ZSP_LOG_ERROR, "from a thread", 13);
	bad_host->ticket(bad_host, "x", 1);
	return arg;
}

BAD_APPLY_HEAD(broken_apply)
{
	pthread_t thread;

	BAD_UNUSED;
	if (!pthread_create(&thread, NULL, late, NULL))
		pthread_detach(thread);
	return ZSP_OK;
}
