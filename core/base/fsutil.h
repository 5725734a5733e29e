/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories.  Everything is relative to an opened directory, links
 * are never followed, files are born with their final mode, and what was
 * written is on the disk before a name points to it.
 */
#ifndef ZS_BASE_FSUTIL_H
#define ZS_BASE_FSUTIL_H

#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

/* Temporary names that a kill may leave behind begin like this; gc may remove them
 * while it holds the lock of the directory. */
#define ZS_FS_TEMP_PREFIX ".zs-tmp."

/* All failures keep errno (ENOENT, EEXIST ...). */

/* One path component: no slash, not "." or "..", 1..255 octets, no controls. */
bool zs_fs_component_ok(const char *name);
/* Opens a directory below dirfd (AT_FDCWD for a path), O_NOFOLLOW on the last
 * component; returns the fd or -code. */
int zs_fs_open_dir(int dirfd, const char *path, struct zs_err *err);
/* Creates (if missing) and opens one directory with exactly this mode; refuses one
 * that belongs to somebody else or that others can write. Returns the fd or -code. */
int zs_fs_make_dir(int dirfd, const char *name, mode_t mode, struct zs_err *err);
/* mkdir -p of an absolute or relative path, missing ones with mode; returns fd or -code. */
int zs_fs_make_path(const char *path, mode_t mode, struct zs_err *err);
/* Exclusive new file with final mode, written, synced; then rename() over name and
 * the directory synced. gid -1 = leave. */
int zs_fs_write_atomic(int dirfd, const char *name, struct zs_slice data, mode_t mode, gid_t gid, struct zs_err *err);
/* Exclusive creation (O_EXCL|O_NOFOLLOW), written and synced; the directory is not synced. */
int zs_fs_write_new(int dirfd, const char *name, struct zs_slice data, mode_t mode, gid_t gid, struct zs_err *err);
/* Appends a regular file to dst, up to dst->max; on failure dst is as before. ENOENT gives -ZS_E_STORAGE with errno kept. */
int zs_fs_read(int dirfd, const char *name, struct zs_buf *dst, struct zs_err *err);
/* Reads everything from an open descriptor (from offset 0 when it is a regular file). */
int zs_fs_read_fd(int fd, struct zs_buf *dst, struct zs_err *err);
bool zs_fs_exists(int dirfd, const char *name);	/* lstat */
int zs_fs_sync_dir(int dirfd, struct zs_err *err);
/* Atomic switch of a symbolic link to target (a relative path). */
int zs_fs_switch_link(int dirfd, const char *name, const char *target, struct zs_err *err);
/* Text of a symbolic link. */
int zs_fs_read_link(int dirfd, const char *name, char *dst, size_t size, struct zs_err *err);
/* Removes a directory of ours with its plain files and links (one level deep). */
int zs_fs_remove_tree(int dirfd, const char *name, struct zs_err *err);
/* Locks a file (created 0600) with flock, without waiting. Returns the fd, or
 * -ZS_E_BUSY when somebody holds it, or another -code. */
int zs_fs_lock(int dirfd, const char *name, struct zs_err *err);
/* Opens a secret file: regular, no link, owner self or root, no access for group
 * and others (a root-owned 0440 file in a 0500-or-tighter directory of ours, as
 * systemd makes for credentials, is accepted). Returns the fd or -code. */
int zs_fs_open_secret(const char *path, struct zs_err *err);
/* Names in a directory, sorted, without "." and ".."; calls back until false. */
int zs_fs_list(int dirfd, bool (*each)(const char *name, void *user), void *user, struct zs_err *err);
/* True for root and for self. In a user namespace that does not map the machine's root, files
 * of root seem to belong to the overflow user: that is taken for root where "/" itself does. */
bool zs_fs_owner_ok(uid_t owner, uid_t self);
/* Every directory on the way to path is owned by root or owner and not writable
 * by others unless sticky. */
int zs_fs_check_way(const char *path, uid_t owner, struct zs_err *err);

#endif
