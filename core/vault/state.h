/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state tree: its directories, locks and quarantine.
 *
 *   accounts/<ca>/            account.key.pem meta lock
 *   certificates/<name>/      gen/<n>/ current -> gen/<n> pending/ lock
 *   journal/<run>.journal
 *   locks/<instance>/<zone>   while a change of the zone runs through the instance;
 *                             removed with the lock, empty
 *   quarantine/<time>-<what>
 */
#ifndef ZS_VAULT_STATE_H
#define ZS_VAULT_STATE_H

#include "base/clock.h"
#include "base/fsutil.h"
#include "vault/meta.h"

struct zs_state {
	int root;
	char path[4096];	/* absolute */
	struct zs_clock *clock;
};

/* Creates the state directory where missing and opens it; refuses one of somebody
 * else or one that others can write. Called before the process confines itself. */
int zs_state_open(struct zs_state *state, const char *path, struct zs_err *err);
/* The same without making anything; what is not there is 0 with root -1, and empty. */
int zs_state_look(struct zs_state *state, const char *path, struct zs_err *err);
void zs_state_done(struct zs_state *state);
int64_t zs_state_now(const struct zs_state *state);	/* Unix seconds */

/* Opens a directory of ours; with create a missing one is made, mode 0700. Returns
 * the fd or -code (errno is ENOENT where it is missing and not to be made). */
int zs_state_dir(int dirfd, const char *name, bool create, struct zs_err *err);
/* "accounts/<name>" or "certificates/<name>". */
int zs_state_unit(const struct zs_state *state, const char *kind, const char *name, bool create, struct zs_err *err);
/* Gives an opened directory to a group (gid -1: back to the owner alone). */
int zs_state_share(int fd, int64_t gid, struct zs_err *err);
/* Lets a group pass through root and certificates/ (mode 0711). */
int zs_state_let_through(const struct zs_state *state, struct zs_err *err);

/* Takes the lock file "lock" in a directory and writes our pid into it; waits a few
 * milliseconds for somebody who only looks. Without create a missing lock counts as
 * taken and ZS_STATE_NO_LOCK comes back. -ZS_E_BUSY names the holder. */
enum { ZS_STATE_NO_LOCK = 1 << 30 };
int zs_state_lock(int dirfd, bool create, struct zs_err *err);
void zs_state_unlock(int *fd);
/* The same for account directories, where the holder is soon done. */
int zs_state_lock_wait(int dirfd, struct zs_err *err);
/* Removes "<kind>/<name>" where nothing is in it but its lock, which we hold, so that
 * nobody else has begun there; dirfd is it, opened. Another run that has opened it by
 * then finds that it is gone (ENOENT) and makes a new one. */
void zs_state_drop_unit(const struct zs_state *state, const char *kind, const char *name, int dirfd);
/* True when another open file holds the lock on name. */
bool zs_state_is_locked(int dirfd, const char *name);

/* Moves what is broken to quarantine/<time>-<label>; says so in the log. */
int zs_state_quarantine(const struct zs_state *state, int dirfd, const char *name, const char *label,
			const struct zs_err *why, struct zs_err *err);
/* Keeps a copy there. */
int zs_state_quarantine_copy(const struct zs_state *state, struct zs_slice data, const char *label,
			     struct zs_err *err);
/* Removes what a killed run left in a directory whose lock we hold. */
void zs_state_sweep(int dirfd);

/* Closes *fd where open and sets it to -1. */
void zs_state_close(int *fd);

#endif
