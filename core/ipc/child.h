/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every child's main does first: confine itself, open its channels, say
 * HELLO, send its log through fd 3.  And last: end when front is gone.
 */
#ifndef ZS_IPC_CHILD_H
#define ZS_IPC_CHILD_H

#include "ipc/chan.h"
#include "ipc/sandbox.h"

struct zs_child_main {
	struct zs_sandbox sandbox;
	const char *instance;		/* host: filled by HOST_OPEN later; else NULL */
	zs_chan_handler *front, *engine;	/* requests on fd 3 and fd 4 */
	zs_chan_closed *engine_closed;	/* NULL: nothing to do */
	void (*done)(void *user);	/* called before loop and channels end; NULL: nothing to do */
	void *user;
	struct zs_loop *loop;		/* set by zs_child_start */
	struct zs_chan *front_chan, *engine_chan;	/* set; engine_chan may be NULL */
	struct zs_confinement confinement;	/* set */
};

/* 0, or an exit status to leave main with (the reason was written to stderr). LOG_LEVEL is
 * handled inside. The engine role has no fd 4. Losing fd 3 ends the process. */
int zs_child_start(struct zs_child_main *child);
/* Runs the loop and cleans up; returns the exit status for main. */
int zs_child_run(struct zs_child_main *child);

#endif
