/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to every descriptor from 3 to 255. */
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
	BAD_UNUSED;
	for (int fd = 3; fd < 256; fd++)
		if (write(fd, "GET / HTTP/1.0\r\n\r\n", 18) < 0)
			continue;
	return ZSP_OK;
}
