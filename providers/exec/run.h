/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one program to its end: no shell, three pipes, a process group of its own,
 * a time limit.  When this returns, the program and what it started are gone.
 */
#ifndef EXEC_RUN_H
#define EXEC_RUN_H

#include <zoneseal/text.h>

struct run {
	const struct zsp_host *host;
	char *const *argv; /* argv[0] is the path */
	char *const *envp;
	const char *directory; /* working directory */
	struct zsp_str input; /* for standard input; p NULL = /dev/null */
	int64_t timeout_ms; /* ended earlier where the call's deadline comes first */
	int32_t strict_output; /* 1: more standard output than `out` takes is a failure */
	struct zsp_text *out, *err; /* what it wrote, up to their caps */
};

enum run_end { RUN_EXITED,
	RUN_KILLED,
	RUN_NO_START,
	RUN_TIMEOUT,
	RUN_CANCELLED,
	RUN_FLOOD,
	RUN_LEFT, /* it ended, and something out of reach goes on writing */
	RUN_BROKEN };

struct run_result {
	enum run_end end;
	int32_t number; /* exit status, signal or errno */
	uint64_t dropped; /* octets of output beyond the caps */
};

void run_program(const struct run *run, struct run_result *ret);
/* What happened, for people: "exit status 3". */
void run_explain(const struct run_result *result, struct zsp_text *dst);

/*
 * May this file be run?  A regular file that can be executed, that belongs to root or to
 * this user, and that nobody else can write to or replace.  Says host->fail where not.
 */
int32_t run_check_file(const struct zsp_host *host, const char *option, const char *path);

#endif
