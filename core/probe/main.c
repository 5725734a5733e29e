/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe: the process that speaks DNS, and nothing else.
 */
#include <stdio.h>

#include "ipc/child.h"
#include "probe/serve.h"

int main(void)
{
	/* Lives as long as the process: the loop ends inside zs_child_run(). */
	static struct zs_probe *probe;
	struct zs_child_main child = {
		.sandbox = { .role = ZS_ROLE_PROBE },
		.front = zs_probe_handle,
		.engine = zs_probe_handle,
		.engine_closed = zs_probe_closed,
		.user = &probe,
	};
	int status = zs_child_start(&child);

	if (status)
		return status;
	probe = zs_probe_new(child.loop);
	if (!probe) {
		fputs("zoneseal-probe: out of memory\n", stderr);
		return 1;
	}
	return zs_child_run(&child);
}
