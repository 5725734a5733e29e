/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories below an opened directory: exact modes whatever the
 * umask, no link followed, everything synced before a name points to it, and
 * no temporary file left after a failure.  Knows nothing of the state tree.
 */
#include "base/fsutil.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"

enum {
	TRIES = 100, /* for a free temporary name, for a lock */
	CHUNK = 4096,
	MAX_ENTRIES = 65536, /* in one directory */
	MAX_LINKS = 40, /* on the way to a path, as the kernel */
	TEMP_NAME = 64
};

/* close() that keeps errno, for the paths of failure. */
static void drop(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}

static void drop_name(int dirfd, const char *name)
{
	int saved = errno;

	(void)unlinkat(dirfd, name, 0);
	errno = saved;
}

bool zs_fs_component_ok(const char *name)
{
	struct zs_slice s = zs_slice_str(name);

	if (!s.n || s.n > NAME_MAX || zs_slice_eq_str(s, ".") ||
		zs_slice_eq_str(s, ".."))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '/' || s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

static int check_component(const char *name, struct zs_err *err)
{
	if (zs_fs_component_ok(name))
		return 0;
	errno = EINVAL;
	ZS_FAIL(err, ZS_E_BUG, "\"%s\" is not a plain file name",
		name ? name : "");
}

int zs_fs_open_dir(int dirfd, const char *path, struct zs_err *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return zs_err_sys(err, ZS_OK, errno, "open directory %s", path);
	return fd;
}

/* The mode of a directory we may keep things in. */
static int check_own_dir(int fd, const char *name, mode_t mode,
	struct zs_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return zs_err_sys(err, ZS_OK, errno, "directory %s", name);
	errno = EPERM;
	if (st.st_uid != geteuid())
		ZS_FAIL(err, ZS_E_PERMISSION,
			"directory %s belongs to user %u, not to %u", name,
			st.st_uid, geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH) & ~mode)
		ZS_FAIL(err, ZS_E_PERMISSION,
			"directory %s can be written by others (mode %04o)",
			name, st.st_mode & 07777);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return zs_err_sys(err, ZS_OK, errno, "chmod %s", name);
	return 0;
}

/* A fresh directory is born with the owner's bits only. */
static int make_missing(int dirfd, const char *name, mode_t mode,
	bool *ret_made, struct zs_err *err)
{
	*ret_made = mkdirat(dirfd, name, mode & S_IRWXU) == 0;
	if (*ret_made || errno == EEXIST)
		return 0;
	return zs_err_sys(err, ZS_OK, errno, "create directory %s", name);
}

int zs_fs_make_dir(int dirfd, const char *name, mode_t mode, struct zs_err *err)
{
	bool made;
	int fd, rc = check_component(name, err);

	if (!rc)
		rc = make_missing(dirfd, name, mode, &made, err);
	if (rc)
		return rc;
	fd = zs_fs_open_dir(dirfd, name, err);
	if (fd < 0)
		return fd;
	rc = check_own_dir(fd, name, mode, err);
	if (!rc && made)
		rc = zs_fs_sync_dir(dirfd, err);
	if (!rc)
		return fd;
	drop(fd);
	return rc;
}

/* Follows a link on the way only when root or we made it; -1 and ENOENT for what
 * is missing. */
static int open_step(int dirfd, const char *name, struct zs_err *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	struct stat st;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISLNK(st.st_mode) && (!st.st_uid || st.st_uid == geteuid()))
		flags &= ~O_NOFOLLOW;
	fd = openat(dirfd, name, flags);
	if (fd < 0 && errno != ENOENT)
		return zs_err_sys(err, ZS_OK, errno, "open directory %s", name);
	return fd;
}

/* One step of zs_fs_make_path(); last says that no link is allowed. */
static int path_step(int dirfd, const char *name, mode_t mode, bool last,
	struct zs_err *err)
{
	int fd;

	if (zs_slice_eq_str(zs_slice_str(name), ".."))
		return zs_fs_open_dir(dirfd, name, err);
	if (last && zs_fs_exists(dirfd, name))
		return zs_fs_open_dir(dirfd, name, err);
	fd = open_step(dirfd, name, err);
	/* open_step() leaves -1 and ENOENT for what is to be made. */
	if (fd == -1 && errno == ENOENT)
		fd = zs_fs_make_dir(dirfd, name, mode, err);
	return fd;
}

/* The next component that is not "." or empty; false at the end. */
static bool next_component(struct zs_slice *rest, char name[static NAME_MAX + 1],
	bool *ret_fits)
{
	while (rest->n) {
		struct zs_slice part = zs_slice_cut(rest, '/');

		if (!part.n || zs_slice_eq_str(part, "."))
			continue;
		*ret_fits = zs_slice_copy(part, name, NAME_MAX + 1);
		return true;
	}
	return false;
}

/* True when nothing but slashes and dots is left to walk. */
static bool is_last(struct zs_slice rest)
{
	char name[NAME_MAX + 1];
	bool fits;

	return !next_component(&rest, name, &fits);
}

int zs_fs_make_path(const char *path, mode_t mode, struct zs_err *err)
{
	struct zs_slice rest = zs_slice_str(path);
	char name[NAME_MAX + 1];
	bool fits;
	int fd = zs_fs_open_dir(AT_FDCWD, *path == '/' ? "/" : ".", err);

	while (fd >= 0 && next_component(&rest, name, &fits)) {
		int next = -ZS_E_STORAGE;

		if (fits)
			next = path_step(fd, name, mode,
				is_last(rest), err);
		else
			next = zs_err_sys(err, ZS_OK, ENAMETOOLONG, "%s", path);
		drop(fd);
		fd = next;
	}
	if (fd < 0)
		(void)zs_err_prefix(err, "%s", path);
	return fd;
}

static int write_data(int fd, struct zs_slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		s = zs_slice_of(s.p + n, s.n - (size_t)n);
	}
	return 0;
}

/* Group before mode, mode before data: never wider than meant. */
static int fill_file(int fd, struct zs_slice data, mode_t mode, gid_t gid)
{
	if (gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid) < 0)
		return -1;
	if (fchmod(fd, mode) < 0 || write_data(fd, data) < 0)
		return -1;
	return fsync(fd);
}

/* Returns 0, or -1 with errno; EEXIST when the name is taken. */
static int create_file(int dirfd, const char *name, struct zs_slice data,
	mode_t mode, gid_t gid)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		mode & (S_IRUSR | S_IWUSR));

	if (fd < 0)
		return -1;
	if (fill_file(fd, data, mode, gid) < 0) {
		drop(fd);
		drop_name(dirfd, name);
		return -1;
	}
	if (close(fd) == 0)
		return 0;
	drop_name(dirfd, name);
	return -1;
}

static void temp_name(char dst[static TEMP_NAME], unsigned try)
{
	(void)snprintf(dst, TEMP_NAME, ZS_FS_TEMP_PREFIX "%ld.%u",
		(long)getpid(), try);
}

/* The end of both kinds of replacing: the name moves, the directory is synced. */
static int put_in_place(int dirfd, const char *temp, const char *name,
	struct zs_err *err)
{
	if (renameat(dirfd, temp, dirfd, name) < 0) {
		drop_name(dirfd, temp);
		return zs_err_sys(err, ZS_OK, errno, "replace %s", name);
	}
	return zs_fs_sync_dir(dirfd, err);
}

int zs_fs_write_atomic(int dirfd, const char *name, struct zs_slice data,
	mode_t mode, gid_t gid, struct zs_err *err)
{
	char temp[TEMP_NAME];
	int rc = check_component(name, err);

	if (rc)
		return rc;
	rc = -1;
	for (unsigned try = 0; try < TRIES; try++) {
		temp_name(temp, try);
		rc = create_file(dirfd, temp, data, mode, gid);
		if (rc == 0 || errno != EEXIST)
			break;
	}
	if (rc)
		return zs_err_sys(err, ZS_OK, errno, "write %s", name);
	return put_in_place(dirfd, temp, name, err);
}

int zs_fs_write_new(int dirfd, const char *name, struct zs_slice data,
	mode_t mode, gid_t gid, struct zs_err *err)
{
	int rc = check_component(name, err);

	if (rc)
		return rc;
	if (create_file(dirfd, name, data, mode, gid) < 0)
		return zs_err_sys(err, ZS_OK, errno, "create %s", name);
	return 0;
}

int zs_fs_read(int dirfd, const char *name, struct zs_buf *dst,
	struct zs_err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc;

	if (fd < 0)
		return zs_err_sys(err, errno == EACCES ? ZS_OK : ZS_E_STORAGE,
			errno, "open %s", name);
	if (fstat(fd, &st) < 0) {
		rc = zs_err_sys(err, ZS_OK, errno, "open %s", name);
	} else if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		rc = zs_err_set(err, ZS_E_STORAGE, "%s is no regular file",
			name);
	} else {
		rc = zs_fs_read_fd(fd, dst, err);
		if (rc)
			(void)zs_err_prefix(err, "%s", name);
	}
	drop(fd);
	return rc;
}

/* Regular files by position, since the descriptor may be shared. */
static ssize_t read_some(int fd, const off_t *at, void *dst, size_t size)
{
	ssize_t n;

	do
		n = at ? pread(fd, dst, size, *at) : read(fd, dst, size);
	while (n < 0 && errno == EINTR);
	return n;
}

/* At the cap one octet more tells "just fits" from "too large". */
static ssize_t read_chunk(int fd, const off_t *at, struct zs_buf *dst)
{
	size_t room = dst->max > dst->len ? dst->max - dst->len : 0;
	uint8_t probe, *to;
	ssize_t n;

	if (!room) {
		n = read_some(fd, at, &probe, 1);
		zs_wipe(&probe, 1);
		if (n > 0)
			errno = EFBIG;
		return n > 0 ? -1 : n;
	}
	room = room < CHUNK ? room : CHUNK;
	to = zs_buf_reserve(dst, room);
	if (!to) {
		errno = ENOMEM;
		return -1;
	}
	n = read_some(fd, at, to, room);
	if (n > 0)
		dst->len += (size_t)n;
	return n;
}

/* Back to the length before, with what came since wiped when secret. */
static void cut_back(struct zs_buf *dst, size_t len)
{
	if (!dst->data)
		return;
	if (dst->secret)
		zs_wipe(dst->data + len, dst->cap - len);
	dst->len = len;
	dst->data[len] = 0;
}

int zs_fs_read_fd(int fd, struct zs_buf *dst, struct zs_err *err)
{
	size_t before = dst->len;
	struct stat st;
	off_t at = 0;
	bool regular;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return zs_err_sys(err, ZS_OK, errno, "read");
	regular = S_ISREG(st.st_mode);
	while ((n = read_chunk(fd, regular ? &at : NULL, dst)) > 0)
		at += n;
	if (n == 0)
		return 0;
	cut_back(dst, before);
	if (errno == EFBIG)
		ZS_FAIL(err, ZS_E_STORAGE, "larger than %zu octets", dst->max);
	return zs_err_sys(err, errno == ENOMEM ? ZS_E_NOMEM : ZS_E_STORAGE,
		errno, "read");
}

bool zs_fs_exists(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int zs_fs_sync_dir(int dirfd, struct zs_err *err)
{
	int fd = dirfd;
	int rc;

	if (dirfd == AT_FDCWD) {
		fd = zs_fs_open_dir(AT_FDCWD, ".", err);
		if (fd < 0)
			return fd;
	}
	rc = fsync(fd);
	if (fd != dirfd)
		drop(fd);
	/* EINVAL: a file system that does not sync directories. */
	if (rc < 0 && errno != EINVAL)
		return zs_err_sys(err, ZS_OK, errno, "sync directory");
	return 0;
}

static bool target_ok(const char *target)
{
	struct zs_slice s = zs_slice_str(target);

	if (!s.n || s.n >= PATH_MAX || s.p[0] == '/')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

int zs_fs_switch_link(int dirfd, const char *name, const char *target,
	struct zs_err *err)
{
	char temp[TEMP_NAME];
	int rc = check_component(name, err);

	if (rc)
		return rc;
	if (!target_ok(target)) {
		errno = EINVAL;
		ZS_FAIL(err, ZS_E_BUG, "\"%s\" is no target for the link %s",
			target ? target : "", name);
	}
	rc = -1;
	for (unsigned try = 0; try < TRIES; try++) {
		temp_name(temp, try);
		rc = symlinkat(target, dirfd, temp);
		if (rc == 0 || errno != EEXIST)
			break;
	}
	if (rc < 0)
		return zs_err_sys(err, ZS_OK, errno, "create link %s", name);
	return put_in_place(dirfd, temp, name, err);
}

int zs_fs_read_link(int dirfd, const char *name, char *dst, size_t size,
	struct zs_err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n < 0)
		return zs_err_sys(err, ZS_OK, errno, "read link %s", name);
	if ((size_t)n >= size || (size_t)n == sizeof(target)) {
		errno = ENAMETOOLONG;
		ZS_FAIL(err, ZS_E_STORAGE, "the target of link %s is too long",
			name);
	}
	memcpy(dst, target, (size_t)n);
	dst[n] = 0;
	return 0;
}

struct removal {
	int dirfd;
	int rc;
	struct zs_err *err;
};

static bool remove_entry(const char *name, void *user)
{
	struct removal *removal = user;

	if (unlinkat(removal->dirfd, name, 0) == 0)
		return true;
	removal->rc = zs_err_sys(removal->err, ZS_OK, errno, "remove %s", name);
	return false;
}

static int empty_dir(int fd, const char *name, struct zs_err *err)
{
	struct removal removal = { .dirfd = fd, .err = err };
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return zs_err_sys(err, ZS_OK, errno, "directory %s", name);
	if (st.st_uid != geteuid()) {
		errno = EPERM;
		ZS_FAIL(err, ZS_E_PERMISSION,
			"directory %s belongs to user %u, not to %u", name,
			st.st_uid, geteuid());
	}
	rc = zs_fs_list(fd, remove_entry, &removal, err);
	return rc ? rc : removal.rc;
}

int zs_fs_remove_tree(int dirfd, const char *name, struct zs_err *err)
{
	int fd, rc = check_component(name, err);

	if (rc)
		return rc;
	fd = zs_fs_open_dir(dirfd, name, err);
	if (fd < 0)
		return fd;
	rc = empty_dir(fd, name, err);
	drop(fd);
	if (rc)
		return rc;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		return zs_err_sys(err, ZS_OK, errno, "remove %s", name);
	return zs_fs_sync_dir(dirfd, err);
}

static bool same_file(int fd, int dirfd, const char *name)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 &&
		fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int open_lock(int dirfd, const char *name, struct zs_err *err)
{
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		S_IRUSR | S_IWUSR);
	struct stat st;

	if (fd < 0)
		return zs_err_sys(err, ZS_OK, errno, "open lock %s", name);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		((st.st_mode & 07777) == (S_IRUSR | S_IWUSR) ||
			fchmod(fd, S_IRUSR | S_IWUSR) == 0))
		return fd;
	drop(fd);
	errno = EPERM;
	ZS_FAIL(err, ZS_E_PERMISSION, "lock %s is no file of ours", name);
}

int zs_fs_lock(int dirfd, const char *name, struct zs_err *err)
{
	int rc = check_component(name, err);

	if (rc)
		return rc;
	for (unsigned try = 0; try < TRIES; try++) {
		int fd = open_lock(dirfd, name, err);

		if (fd < 0)
			return fd;
		rc = flock(fd, LOCK_EX | LOCK_NB);
		/* Whoever held it may have removed the file meanwhile. */
		if (rc == 0 && same_file(fd, dirfd, name))
			return fd;
		drop(fd);
		if (rc < 0 && errno == EWOULDBLOCK)
			ZS_FAIL(err, ZS_E_BUSY, "%s is locked by another run",
				name);
		if (rc < 0 && errno != EINTR)
			return zs_err_sys(err, ZS_OK, errno, "lock %s", name);
	}
	ZS_FAIL(err, ZS_E_BUSY, "%s is removed again and again", name);
}

/* systemd: root's 0440 file in a directory that only we can read. */
static bool is_credential(const struct stat *file, int dirfd)
{
	struct stat dir;

	return file->st_uid == 0 && (file->st_mode & 07777) == 0440 &&
		fstat(dirfd, &dir) == 0 && dir.st_uid == geteuid() &&
		!(dir.st_mode & 07777 & ~(mode_t)0500);
}

static int check_secret(int fd, int dirfd, const char *path, struct zs_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return zs_err_sys(err, ZS_OK, errno, "secret file %s", path);
	errno = EPERM;
	if (!S_ISREG(st.st_mode))
		ZS_FAIL(err, ZS_E_CONFIG, "secret file %s is no regular file",
			path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		ZS_FAIL(err, ZS_E_PERMISSION,
			"secret file %s belongs to user %u", path, st.st_uid);
	if (!(st.st_mode & (S_IRWXG | S_IRWXO)) || is_credential(&st, dirfd))
		return 0;
	(void)zs_err_set(err, ZS_E_PERMISSION,
		"secret file %s can be accessed by others (mode %04o)",
		path, st.st_mode & 07777);
	zs_err_hint(err, "chmod 600 %s", path);
	return -ZS_E_PERMISSION;
}

/* Opens the directory that path lies in; *ret_base is the last component. */
static int open_parent(const char *path, const char **ret_base)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) + 1 : 0;

	*ret_base = path + n;
	if (!zs_slice_copy(n ? zs_slice_of(path, n) : zs_slice_str("."), dir,
		    sizeof(dir))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_base(int dirfd, const char *base)
{
	return openat(dirfd, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int zs_fs_open_secret(const char *path, struct zs_err *err)
{
	const char *base;
	int dirfd = open_parent(path, &base);
	int fd = dirfd < 0 ? -1 : open_base(dirfd, base);
	int rc;

	if (fd < 0) {
		enum zs_code code = errno == EACCES ? ZS_E_PERMISSION
						    : ZS_E_CONFIG;

		drop(dirfd);
		if (errno == ELOOP)
			ZS_FAIL(err, ZS_E_CONFIG, "secret file %s is a symbolic link; name the file itself", path);
		return zs_err_sys(err, code, errno, "secret file %s", path);
	}
	rc = check_secret(fd, dirfd, path, err);
	drop(dirfd);
	if (!rc)
		return fd;
	drop(fd);
	return rc;
}

struct listing {
	ZS_VEC(char *)
	names;
	struct zs_arena text;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_entry(struct listing *list, const char *name)
{
	char **slot;
	char *copy;

	if (zs_slice_eq_str(zs_slice_str(name), ".") ||
		zs_slice_eq_str(zs_slice_str(name), ".."))
		return true;
	copy = zs_arena_str(&list->text, name, strlen(name));
	slot = copy ? zs_vec_push(&list->names, MAX_ENTRIES) : NULL;
	if (slot)
		*slot = copy;
	return slot;
}

static int read_entries(DIR *dir, struct listing *list, struct zs_err *err)
{
	struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (add_entry(list, entry->d_name))
			continue;
		if (list->names.n < MAX_ENTRIES)
			ZS_FAIL(err, ZS_E_NOMEM, "read directory: no memory");
		ZS_FAIL(err, ZS_E_STORAGE, "too many names in the directory");
	}
	if (errno)
		return zs_err_sys(err, ZS_OK, errno, "read directory");
	return 0;
}

/* Opened anew, so that the caller's descriptor keeps its position. */
static int collect(int dirfd, struct listing *list, struct zs_err *err)
{
	int rc, fd = zs_fs_open_dir(dirfd, ".", err);
	DIR *dir;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		rc = zs_err_sys(err, ZS_OK, errno, "read directory");
		drop(fd);
		return rc;
	}
	rc = read_entries(dir, list, err);
	(void)closedir(dir);
	return rc;
}

int zs_fs_list(int dirfd, bool (*each)(const char *name, void *user),
	void *user, struct zs_err *err)
{
	struct listing list = { .names = { NULL, 0, 0 } };
	int rc;

	zs_arena_init(&list.text, (size_t)MAX_ENTRIES * (NAME_MAX + 1));
	rc = collect(dirfd, &list, err);
	if (!rc && list.names.n)
		qsort(list.names.items, list.names.n, sizeof(char *), by_name);
	for (size_t i = 0; !rc && i < list.names.n; i++)
		if (!each(list.names.items[i], user))
			break;
	zs_vec_done(&list.names);
	zs_arena_done(&list.text);
	return rc;
}

/* A walk that resolves links by itself, to see every directory it passes. */
struct way {
	char rest[2 * PATH_MAX];
	const char *path; /* for messages */
	uid_t owner;
	unsigned links;
	int fd;
};

/* The third number of uid_map is 2^32-1 where every user is mapped. */
static bool all_users_mapped(void)
{
	struct zs_buf map = ZS_BUF(4096);
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	bool all = true;

	if (fd >= 0 && !zs_fs_read_fd(fd, &map, NULL)) {
		struct zs_slice rest = zs_slice_trim(zs_buf_slice(&map));
		all = zs_slice_ends(rest, " 4294967295");
	}
	drop(fd);
	zs_buf_done(&map);
	return all;
}

static bool is_overflow_user(uid_t uid)
{
	struct zs_buf text = ZS_BUF(32);
	int fd = open("/proc/sys/kernel/overflowuid", O_RDONLY | O_CLOEXEC);
	uint64_t overflow = 65534;

	if (fd >= 0 && !zs_fs_read_fd(fd, &text, NULL))
		(void)zs_slice_u64(zs_slice_trim(zs_buf_slice(&text)), UINT32_MAX, &overflow);
	drop(fd);
	zs_buf_done(&text);
	return uid == overflow;
}

bool zs_fs_owner_ok(uid_t owner, uid_t self)
{
	struct stat root;

	if (owner == 0 || owner == self)
		return true;
	return is_overflow_user(owner) && !all_users_mapped() &&
	       stat("/", &root) == 0 && root.st_uid == owner;
}

static int check_way_dir(const struct way *way, const char *name,
	struct zs_err *err)
{
	struct stat st;

	if (fstat(way->fd, &st) < 0)
		return zs_err_sys(err, ZS_OK, errno, "directory %s", name);
	errno = EPERM;
	if (!zs_fs_owner_ok(st.st_uid, way->owner))
		ZS_FAIL(err, ZS_E_PERMISSION,
			"%s: directory %s belongs to user %u", way->path, name,
			st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		ZS_FAIL(err, ZS_E_PERMISSION,
			"%s: directory %s can be written by others (mode %04o)",
			way->path, name, st.st_mode & 07777);
	return 0;
}

static int enter(struct way *way, const char *name, struct zs_err *err)
{
	int fd = openat(way->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return zs_err_sys(err, ZS_OK, errno, "%s: directory %s",
			way->path, name);
	drop(way->fd);
	way->fd = fd;
	return check_way_dir(way, name, err);
}

/* Puts text in front of what is left to walk; an absolute one starts over. */
static int push_way(struct way *way, const char *text, struct zs_err *err)
{
	char joined[sizeof(way->rest)];
	int n = snprintf(joined, sizeof(joined), "%s/%s", text, way->rest);

	if (n < 0 || (size_t)n >= sizeof(joined))
		return zs_err_sys(err, ZS_OK, ENAMETOOLONG, "%s", way->path);
	memcpy(way->rest, joined, (size_t)n + 1);
	return *text == '/' ? enter(way, "/", err) : 0;
}

static int way_step(struct way *way, const char *name, struct zs_err *err)
{
	char target[PATH_MAX];
	struct stat st;
	int rc;

	if (fstatat(way->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return zs_err_sys(err, ZS_OK, errno, "%s: %s", way->path, name);
	if (!S_ISLNK(st.st_mode))
		return enter(way, name, err);
	if (++way->links > MAX_LINKS)
		return zs_err_sys(err, ZS_OK, ELOOP, "%s", way->path);
	rc = zs_fs_read_link(way->fd, name, target, sizeof(target), err);
	return rc ? rc : push_way(way, target, err);
}

static int walk(struct way *way, struct zs_err *err)
{
	char name[NAME_MAX + 1];
	int rc = 0;

	while (!rc) {
		struct zs_slice rest = zs_slice_str(way->rest);
		bool fits;

		/* The last component is not on the way, it is the goal. */
		if (!next_component(&rest, name, &fits) ||
			is_last(rest))
			return 0;
		if (!fits)
			return zs_err_sys(err, ZS_OK, ENAMETOOLONG, "%s",
				way->path);
		memmove(way->rest, rest.p, rest.n);
		way->rest[rest.n] = 0;
		rc = way_step(way, name, err);
	}
	return rc;
}

/* A relative path starts at "/" too: the directories above count as well. */
static int start_way(struct way *way, struct zs_err *err)
{
	char cwd[PATH_MAX];

	if (*way->path == '/')
		return push_way(way, "/", err);
	if (!getcwd(cwd, sizeof(cwd)))
		return zs_err_sys(err, ZS_OK, errno, "working directory");
	return push_way(way, cwd, err);
}

int zs_fs_check_way(const char *path, uid_t owner, struct zs_err *err)
{
	struct way way = { .path = path, .owner = owner, .fd = AT_FDCWD };
	int rc;

	if (!zs_slice_copy(zs_slice_str(path), way.rest, PATH_MAX))
		return zs_err_sys(err, ZS_OK, ENAMETOOLONG, "%s", path);
	rc = start_way(&way, err);
	if (!rc)
		rc = walk(&way, err);
	drop(way.fd);
	return rc;
}
