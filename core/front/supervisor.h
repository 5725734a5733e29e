/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The children of front: spawned, wired, greeted, watched and reaped here.
 * Knows roles and instances, nothing of certificates.
 */
#ifndef ZS_FRONT_SUPERVISOR_H
#define ZS_FRONT_SUPERVISOR_H

#include "ipc/chan.h"
#include "ipc/spawn.h"

struct zs_super;

struct zs_process {
	struct zs_super *super;
	enum zs_role role;
	char instance[ZS_MAX_ID + 1];	/* of a host; "" else */
	struct zs_child child;
	struct zs_chan *chan;		/* fd 3; NULL once it died */
	bool greeted;			/* HELLO came and fits */
	struct zs_msg_hello facts;	/* its slices are not kept */
	char missing[256];		/* confinement it could not have */
	unsigned starts;
	bool ending;
	int status;			/* wait status of the last end */
	struct zs_timer *kill;
	int output;			/* pipe of a host's stdout and stderr, -1 = none */
	size_t output_seen;
};

struct zs_super_spec {
	struct zs_loop *loop;
	/* A request or note other than HELLO and LOG. */
	void (*message)(struct zs_process *process, struct zs_incoming *in, void *user);
	/* It ended unasked; err says how. It may be started again with zs_super_restart. */
	void (*died)(struct zs_process *process, const struct zs_err *err, void *user);
	/* The other end of its fd 4, where no engine runs that would get it; the callee takes the
	 * descriptor. NULL = it is closed. */
	void (*linked)(struct zs_process *process, int fd, void *user);
	void *user;
};

struct zs_super *zs_super_new(const struct zs_super_spec *spec);
/* Ends all children, politely, then not; NULL is fine. */
void zs_super_free(struct zs_super *super);

/* args: argv[1..], NULL-terminated, copied by exec; may be NULL. The engine first: later
 * processes are linked to it. NULL and err on failure. */
struct zs_process *zs_super_start(struct zs_super *super, enum zs_role role, const char *instance,
				  const char *const *args, struct zs_err *err);
enum { ZS_SUPER_RESTARTS = 3 };
/* Starts a dead process again, at most ZS_SUPER_RESTARTS times. */
int zs_super_restart(struct zs_process *process, const char *const *args, struct zs_err *err);
/* Ends the process and starts it anew with other arguments (a host whose plugin turned out to
 * need files or to exec); does not count as a restart. */
int zs_super_replace(struct zs_process *process, const char *const *args, struct zs_err *err);
void zs_super_kill(struct zs_process *process);		/* at once; died() follows */
/* Tells it to end in order; died() follows, at the latest when its time to do so is over. */
void zs_super_close(struct zs_process *process);
/* Drops a process that has ended; the pointer is gone then. */
void zs_super_forget(struct zs_process *process);

struct zs_process *zs_super_find(struct zs_super *super, enum zs_role role, const char *instance);
size_t zs_super_count(const struct zs_super *super);
struct zs_process *zs_super_at(const struct zs_super *super, size_t i);

#endif
