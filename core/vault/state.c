/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories, locks and quarantine of the state tree.  Every name below comes
 * from a checked id or is built here; nothing that a peer sent is a path.  It
 * does not know what the files contain.  Runs in the vault.
 */
#include "vault/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/name.h"

/* No state directory, for one who only looks. */
enum { NO_ROOT = 1 };

enum { LOOKER_TRIES = 5, WAIT_TRIES = 3000, PAUSE_MS = 4, QUARANTINE_TRIES = 100, FIRST_FD = 10 };

static const char lock_name[] = "lock";
static const char quarantine_dir[] = "quarantine";

static void pause_ms(long ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	(void)nanosleep(&ts, NULL);
}

void zs_state_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

/* ---- directories ------------------------------------------------------------------ */

static int check_owned(int fd, const char *name, struct zs_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "directory %s", name);
	if (st.st_uid != geteuid())
		ZS_FAIL(err, ZS_E_PERMISSION, "directory %s belongs to user %u, not to %u", name, (unsigned)st.st_uid,
			(unsigned)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		ZS_FAIL(err, ZS_E_PERMISSION, "directory %s can be written by others (mode %04o)", name,
			(unsigned)(st.st_mode & 07777));
	return 0;
}

/* Descriptors 3 and 4 are looked for later as channels: the root must not be there. */
static int move_up(int fd, struct zs_err *err)
{
	int higher = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD), saved = errno;

	(void)close(fd);
	return higher >= 0 ? higher : zs_err_sys(err, ZS_E_STORAGE, saved, "state directory");
}

static int cannot_use(const char *path, struct zs_err *err)
{
	zs_err_where(err, "%s", path);
	zs_err_hint(err, "make it a directory of the user who runs zoneseal with mode 0700 (chown, chmod), or name another with "
		    "--state-dir DIR or state-dir = DIR in [defaults]");
	return -(int)err->code;
}

/* A reader makes nothing: what is not there reads as empty. */
static int open_root(struct zs_state *state, const char *path, bool create, struct zs_err *err)
{
	struct stat st;

	if (!create && stat(path, &st) != 0 && errno == ENOENT) {
		state->root = -1;
		(void)zs_slice_copy(zs_slice_str(path), state->path, sizeof(state->path));
		return NO_ROOT;
	}
	/* everything is there, or it is no ENOENT: nothing is made */
	state->root = zs_fs_make_path(path, 0700, err);
	if (state->root >= 0)
		state->root = move_up(state->root, err);
	return state->root < 0 ? zs_err_prefix(err, "state directory") : 0;
}

static int open_state(struct zs_state *state, const char *path, bool create, struct zs_err *err)
{
	char resolved[PATH_MAX];
	int rc;

	state->clock = zs_clock_system();
	rc = open_root(state, path, create, err);
	if (rc == NO_ROOT)
		return 0;
	if (rc != 0)
		return cannot_use(path, err);
	rc = check_owned(state->root, path, err);
	if (rc == 0 && realpath(path, resolved) == NULL)
		rc = zs_err_sys(err, ZS_E_STORAGE, errno, "%s", path);
	if (rc == 0 && !zs_slice_copy(zs_slice_str(resolved), state->path, sizeof(state->path)))
		rc = zs_err_set(err, ZS_E_STORAGE, "the path of the state directory is too long");
	if (rc != 0) {
		(void)cannot_use(path, err);
		zs_state_close(&state->root);
	}
	return rc;
}

int zs_state_open(struct zs_state *state, const char *path, struct zs_err *err)
{
	return open_state(state, path, true, err);
}

int zs_state_look(struct zs_state *state, const char *path, struct zs_err *err)
{
	return open_state(state, path, false, err);
}

void zs_state_done(struct zs_state *state)
{
	zs_state_close(&state->root);
}

int64_t zs_state_now(const struct zs_state *state)
{
	return state->clock->wall_ms(state->clock) / 1000;
}

int zs_state_dir(int dirfd, const char *name, bool create, struct zs_err *err)
{
	int fd, rc;

	if (dirfd < 0) {
		errno = ENOENT;
		return zs_err_sys(err, ZS_E_STORAGE, errno, "directory %s", name);
	}
	if (create && !zs_fs_exists(dirfd, name))
		return zs_fs_make_dir(dirfd, name, 0700, err);
	fd = zs_fs_open_dir(dirfd, name, err);
	if (fd < 0)
		return fd;
	rc = check_owned(fd, name, err);
	if (rc == 0)
		return fd;
	zs_state_close(&fd);
	return rc;
}

int zs_state_unit(const struct zs_state *state, const char *kind, const char *name, bool create, struct zs_err *err)
{
	int parent, fd;

	if (!zs_id_ok(zs_slice_str(name)))
		ZS_FAIL(err, ZS_E_BUG, "not a name for a directory");
	parent = zs_state_dir(state->root, kind, create, err);
	if (parent < 0)
		return parent;
	fd = zs_state_dir(parent, name, create, err);
	zs_state_close(&parent);
	return fd;
}

int zs_state_share(int fd, int64_t gid, struct zs_err *err)
{
	struct stat st;
	mode_t mode = gid >= 0 ? 0750 : 0700;

	if (fstat(fd, &st) != 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "directory");
	if (gid >= 0 && st.st_gid != (gid_t)gid && fchown(fd, (uid_t)-1, (gid_t)gid) != 0)
		return zs_err_sys(err, ZS_E_PERMISSION, errno, "give a directory to group %lld (key-group)",
				  (long long)gid);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) != 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "set the mode of a directory");
	return 0;
}

static int set_passable(int fd, struct zs_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || ((st.st_mode & 0011) != 0011 && fchmod(fd, (st.st_mode & 07777) | 0011) != 0))
		return zs_err_sys(err, ZS_E_STORAGE, errno, "let a group pass to the certificates");
	return 0;
}

int zs_state_let_through(const struct zs_state *state, struct zs_err *err)
{
	int fd = zs_state_dir(state->root, "certificates", true, err);
	int rc;

	if (fd < 0)
		return fd;
	rc = set_passable(fd, err);
	zs_state_close(&fd);
	return rc != 0 ? rc : set_passable(state->root, err);
}

/* ---- locks ------------------------------------------------------------------------ */

static long holder_of(int dirfd)
{
	struct zs_buf text = ZS_BUF(64);
	uint64_t pid = 0;

	if (zs_fs_read(dirfd, lock_name, &text, NULL) != 0 ||
	    !zs_slice_u64(zs_slice_trim(zs_buf_slice(&text)), INT32_MAX, &pid))
		pid = 0;
	zs_buf_done(&text);
	return (long)pid;
}

static int fail_busy(int dirfd, struct zs_err *err)
{
	long pid = holder_of(dirfd);

	if (pid > 0)
		ZS_FAIL(err, ZS_E_BUSY, "another run is working on it (process %ld)", pid);
	ZS_FAIL(err, ZS_E_BUSY, "another run is working on it");
}

static void write_holder(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* For people only: the lock holds without it. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		zs_debug("", "cannot write the pid into a lock file");
}

static int lock_existing(int dirfd, struct zs_err *err)
{
	int fd = openat(dirfd, lock_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return ZS_STATE_NO_LOCK;
	if (fd < 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "open lock");
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	zs_state_close(&fd);
	ZS_FAIL(err, ZS_E_BUSY, "locked");
}

static int try_lock(int dirfd, bool create, unsigned tries, struct zs_err *err)
{
	int fd = -ZS_E_BUSY;

	for (unsigned i = 0; i < tries && fd == -ZS_E_BUSY; i++) {
		if (i > 0)
			pause_ms(PAUSE_MS);
		fd = create ? zs_fs_lock(dirfd, lock_name, err) : lock_existing(dirfd, err);
	}
	return fd == -ZS_E_BUSY ? fail_busy(dirfd, err) : fd;
}

int zs_state_lock(int dirfd, bool create, struct zs_err *err)
{
	int fd = try_lock(dirfd, create, LOOKER_TRIES, err);

	if (fd >= 0 && create)
		write_holder(fd);
	return fd;
}

int zs_state_lock_wait(int dirfd, struct zs_err *err)
{
	return try_lock(dirfd, true, WAIT_TRIES, err);
}

void zs_state_unlock(int *fd)
{
	if (*fd == ZS_STATE_NO_LOCK)
		*fd = -1;
	zs_state_close(fd);
}

static bool is_lock_only(const char *name, void *user)
{
	bool *alone = user;

	*alone = strcmp(name, lock_name) == 0;
	return *alone;
}

void zs_state_drop_unit(const struct zs_state *state, const char *kind, const char *name, int dirfd)
{
	bool alone = false;
	int parent;

	if (zs_fs_list(dirfd, is_lock_only, &alone, NULL) != 0 || !alone)
		return;
	parent = zs_state_dir(state->root, kind, false, NULL);
	/* Whoever makes a lock file in between has the directory: it is not empty then. */
	if (parent >= 0 && unlinkat(dirfd, lock_name, 0) == 0)
		(void)unlinkat(parent, name, AT_REMOVEDIR);
	zs_state_close(&parent);
}

bool zs_state_is_locked(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	zs_state_close(&fd);
	return locked;
}

/* ---- quarantine ------------------------------------------------------------------- */

static void stamp(const struct zs_state *state, const char *label, unsigned try, char dst[static NAME_MAX + 1])
{
	char text[ZS_TIME_TEXT], when[ZS_TIME_TEXT];
	size_t n = 0;

	zs_time_print(zs_state_now(state), text);
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '-' && *p != ':')
			when[n++] = *p;
	when[n] = '\0';
	if (try == 0)
		(void)snprintf(dst, NAME_MAX + 1, "%s-%s", when, label);
	else
		(void)snprintf(dst, NAME_MAX + 1, "%s-%s.%u", when, label, try);
}

/* A kernel whose Landlock cannot rename between directories says EXDEV: then the
 * broken thing stays beside its place under a name that nothing reads. */
static bool move_aside(int dirfd, const char *name, int to, const char *target)
{
	char beside[NAME_MAX + 1];

	if (renameat2(dirfd, name, to, target, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EXDEV && errno != EACCES)
		return false;
	return snprintf(beside, sizeof(beside), ".broken-%s", target) < (int)sizeof(beside) &&
	       renameat2(dirfd, name, dirfd, beside, RENAME_NOREPLACE) == 0;
}

int zs_state_quarantine(const struct zs_state *state, int dirfd, const char *name, const char *label,
			const struct zs_err *why, struct zs_err *err)
{
	char target[NAME_MAX + 1];
	int to = zs_state_dir(state->root, quarantine_dir, true, err);
	bool moved = false;

	if (to < 0)
		return to;
	for (unsigned try = 0; !moved && try < QUARANTINE_TRIES; try++) {
		stamp(state, label, try, target);
		moved = move_aside(dirfd, name, to, target);
		if (!moved && errno != EEXIST)
			break;
	}
	if (!moved) {
		int rc = zs_err_sys(err, ZS_E_STORAGE, errno, "cannot move the broken %s to quarantine", label);

		zs_state_close(&to);
		return rc;
	}
	(void)zs_fs_sync_dir(to, NULL);
	(void)zs_fs_sync_dir(dirfd, NULL);
	zs_state_close(&to);
	zs_warn("", "%s is broken (%s): moved to %s/%s/%s", label, why != NULL ? why->text : "unreadable", state->path,
		quarantine_dir, target);
	return 0;
}

int zs_state_quarantine_copy(const struct zs_state *state, struct zs_slice data, const char *label,
			     struct zs_err *err)
{
	char target[NAME_MAX + 1];
	int rc = -ZS_E_STORAGE, to = zs_state_dir(state->root, quarantine_dir, true, err);

	if (to < 0)
		return to;
	for (unsigned try = 0; try < QUARANTINE_TRIES; try++) {
		stamp(state, label, try, target);
		errno = 0;
		rc = zs_fs_write_new(to, target, data, 0600, (gid_t)-1, err);
		if (rc == 0 || errno != EEXIST)
			break;
	}
	if (rc == 0) {
		(void)zs_fs_sync_dir(to, NULL);
		zs_warn("", "%s is damaged: what can be read is used, a copy is in %s/%s/%s", label, state->path,
			quarantine_dir, target);
	}
	zs_state_close(&to);
	return rc;
}

/* ---- what a kill leaves ------------------------------------------------------------ */

static bool sweep_one(const char *name, void *user)
{
	int dirfd = *(int *)user;
	struct zs_slice s = zs_slice_str(name);

	if (zs_slice_starts(s, ".new-"))
		(void)zs_fs_remove_tree(dirfd, name, NULL);
	else if (zs_slice_starts(s, ZS_FS_TEMP_PREFIX))
		(void)unlinkat(dirfd, name, 0);
	return true;
}

void zs_state_sweep(int dirfd)
{
	(void)zs_fs_list(dirfd, sweep_one, &dirfd, NULL);
}
