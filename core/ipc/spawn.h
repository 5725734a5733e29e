/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a child process (front only): fork and exec of a small executable in
 * libexecdir/zoneseal, a fresh address space, fd 3 = front, fd 4 = engine,
 * everything else closed, stdin on /dev/null, empty environment.
 */
#ifndef ZS_IPC_SPAWN_H
#define ZS_IPC_SPAWN_H

#include <sys/types.h>
#include "base/err.h"
#include "ipc/proto.h"

enum { ZS_SPAWN_ARGS = 132 };		/* a plugin, its two switches and --read for 64 options */

struct zs_spawn {
	enum zs_role role;
	int front_fd;			/* becomes fd 3; closed here, also on failure */
	int engine_fd;			/* becomes fd 4, -1 = a closed one; closed here, also on failure */
	int output_fd;			/* becomes stdout and stderr, -1 = /dev/null and our stderr */
	const char *const *args;	/* argv[1..], NULL-terminated, up to ZS_SPAWN_ARGS: paths only, never a secret */
};

struct zs_child { enum zs_role role; pid_t pid; int pidfd; };

/* Where the executables are: compiled-in, or beside /proc/self/exe when uninstalled. */
int zs_spawn_find(enum zs_role role, char dst[static 4096], struct zs_err *err);
/* Returns when exec succeeded or failed (reported through a close-on-exec pipe). The child
 * has a process group of its own and dies with this process. */
int zs_spawn_start(const struct zs_spawn *spawn, struct zs_child *ret, struct zs_err *err);
/* SIGTERM, and SIGKILL to its group after grace_ms; reaps. NULL-safe on pid 0. */
void zs_spawn_end(struct zs_child *child, unsigned grace_ms);
/* Text such as "exit status 3" or "killed by signal 11 (Segmentation fault)". */
void zs_spawn_reason(int wait_status, char dst[static 96]);

#endif
