/* SPDX-License-Identifier: Apache-2.0 */
/* Never returns from apply, with every signal blocked and ignored. */
#include <signal.h>
#include <unistd.h>
#include <zoneseal/provider.h>

static const struct zsp_host *bad_host;
#define BAD_NO_HOST
#define BAD_APPLY broken_apply
static int32_t broken_apply(void *instance, const struct zsp_str *zone,
			    const struct zsp_list *changes);
#include "bad.h"

BAD_APPLY_HEAD(broken_apply)
{
	sigset_t all;

	BAD_UNUSED;
	for (int signo = 1; signo <= SIGRTMAX; signo++)
		signal(signo, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	while (bad_host)
		pause();
	return ZSP_OK;
}
