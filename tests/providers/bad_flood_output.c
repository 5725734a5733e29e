/* SPDX-License-Identifier: Apache-2.0 */
/* Prints megabytes on stdout and stderr, control bytes among them. */
#include <stdio.h>
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
	for (int i = 0; i < 40000; i++) {
		printf("\033[31mline %d on stdout\n", i);
		fprintf(stderr, "\033[31mline %d on stderr\n", i);
	}
	fflush(stdout);
	return ZSP_OK;
}
