/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: runs a program at each change, as a plugin of somebody else may want to, and says how that ended. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zoneseal/provider.h>

#define BAD_NAME "execs"
#define BAD_FLAGS (ZSP_FLAG_BATCH | ZSP_FLAG_EXECS)
#define BAD_APPLY run_true
static int32_t run_true(void *instance, const struct zsp_str *zone, const struct zsp_list *changes);
#include "bad.h"

enum { NOT_RUN = 99 };

BAD_APPLY_HEAD(run_true)
{
	char text[80];
	int status = -1;
	pid_t pid = fork();

	BAD_UNUSED;
	if (!pid) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(NOT_RUN);
	}
	if (pid > 0 && waitpid(pid, &status, 0) != pid)
		status = -1;
	if (!status)
		return ZSP_OK;
	int n = snprintf(text, sizeof(text), "/bin/true did not run: process %ld, status %d", (long)pid, status);
	return bad_host->fail(bad_host, ZSP_CONFIG, 0, text, (size_t)n);
}
