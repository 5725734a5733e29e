/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two kernel timers around each call of the plugin.  The first raises a signal
 * whose handler says why and kills the process group; the second sends SIGKILL
 * a moment later, in case the plugin blocks or takes over the first.  A signal
 * handler and an exit handler need state of their own: it is here, and nothing
 * else in this directory has any.  Runs in the host process.
 */
#include "host/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 2000, HARD_MS = 250, EXIT_IN_CALL = 70 };

static struct {
	const char *path;
	const char *volatile what;	/* call in progress, NULL = none */
	bool group;
	timer_t soft, hard;
	pid_t pid;
} watch;

/* Async-signal-safe; stderr is a pipe to front, and a full one must not hold us. */
static void say(const char *what, const char *how)
{
	char line[512];
	const char *parts[] = { "zoneseal-host: ", watch.path, ": ", what, how, "\n" };
	size_t n = 0;
	ssize_t ignored;

	for (size_t i = 0; i < ZS_COUNT(parts); i++) {
		size_t len = strlen(parts[i]);

		if (len > sizeof(line) - n)
			len = sizeof(line) - n;
		memcpy(line + n, parts[i], len);
		n += len;
	}
	ignored = write(STDERR_FILENO, line, n);
	(void)ignored;
}

static void on_late(int signo)
{
	const char *what = watch.what;

	(void)signo;
	if (!what)
		return;
	say(what, " did not return within 2 s of its deadline; killed");
	if (watch.group && getpgrp() == watch.pid)
		kill(0, SIGKILL);
	kill(watch.pid, SIGKILL);
	_exit(EXIT_IN_CALL);
}

/* The plugin called exit(): status 0 must not look like an orderly end. */
static void on_exit_in_call(void)
{
	if (!watch.what)
		return;
	say(watch.what, " called exit()");
	_exit(EXIT_IN_CALL);
}

static int make_timer(int signo, timer_t *ret)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signo };

	return timer_create(CLOCK_BOOTTIME, &event, ret);
}

int zs_watch_init(const char *path, bool group, struct zs_err *err)
{
	struct sigaction act = { .sa_handler = on_late };

	watch.path = path;
	watch.group = group;
	watch.pid = getpid();
	if (sigaction(SIGRTMAX, &act, NULL) || make_timer(SIGRTMAX, &watch.soft) ||
	    make_timer(SIGKILL, &watch.hard))
		return zs_err_sys(err, ZS_E_BUG, errno, "timer of the plugin host");
	if (atexit(on_exit_in_call))
		ZS_FAIL(err, ZS_E_NOMEM, "exit handler of the plugin host");
	return 0;
}

static void arm(timer_t timer, uint64_t ms)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000 },
	};

	timer_settime(timer, 0, &when, NULL);
}

void zs_watch_start(const char *what, uint64_t left_ms)
{
	watch.what = what;
	arm(watch.soft, left_ms + GRACE_MS);
	arm(watch.hard, left_ms + GRACE_MS + HARD_MS);
}

void zs_watch_stop(void)
{
	arm(watch.soft, 0);
	arm(watch.hard, 0);
	watch.what = NULL;
}
