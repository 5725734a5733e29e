/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement of a process, applied by itself before it reads its first frame:
 * uid, capabilities, no_new_privs, parent-death signal, limits, dumpable,
 * Landlock and the seccomp deny-list.  One table by role (sandbox.c).  What the
 * kernel lacks degrades and is reported, never silently.
 */
#ifndef ZS_IPC_SANDBOX_H
#define ZS_IPC_SANDBOX_H

#include "base/err.h"
#include "ipc/proto.h"

struct zs_confinement {
	uint32_t uid;
	uint32_t landlock;		/* ABI in force, 0 = none */
	bool seccomp, dumpable, no_new_privs;
	uint64_t capabilities;
	char missing[256];		/* what could not be had; "" = all */
};

struct zs_sandbox {
	enum zs_role role;
	const char *const *read_paths;	/* besides the role's own set; NULL-terminated or NULL */
	const char *const *write_paths;	/* vault: the state tree; host with may_exec: what programs may write */
	bool may_exec;			/* host whose plugin declares ZSP_EXECS, front never; it
					 * may also run what is in read_paths */
	bool no_network;		/* host whose plugin declares ZSP_NO_NETWORK */
	bool keep_chown;		/* vault with key-group */
};

/* Front calls it for itself too (dumpable, core limit). 0 or -code when a part that
 * must hold failed (uid change, no_new_privs). */
int zs_sandbox_apply(const struct zs_sandbox *sandbox, struct zs_confinement *ret, struct zs_err *err);
/* For ZS_ROLE_HOST: only what must come after the description (seccomp for exec). */
void zs_sandbox_describe(struct zs_confinement *ret);	/* reads the facts of this process again */

#endif
