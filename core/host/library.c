/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and checks libzoneseal-sdk, before the process is confined.  Mostly the linker
 * finds it by the plugin's run path, and this makes sure that it can be read then; where
 * it does not, load.c loads the one found here.
 */
#include "host/library.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsutil.h"

#define NAME ZS_LIBRARY ".0"

/* BUILD/core/host/zoneseal-host: the library is in BUILD/plugins-sdk/.libs. */
static bool find_built(char ret[static PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return false;
	path[n] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = 0;
	n = snprintf(ret, PATH_MAX, "%s/../../plugins-sdk/.libs/" NAME, path);
	return n > 0 && n < PATH_MAX && access(ret, F_OK) == 0;
}

static int check(int fd, const char *path, uid_t starter, struct zs_err *err)
{
	struct stat st;
	int rc = zs_fs_check_way(path, starter, err);

	if (rc)
		return rc;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		ZS_FAIL(err, ZS_E_PERMISSION, "%s is not a regular file", path);
	if (!zs_fs_owner_ok(st.st_uid, starter))
		ZS_FAIL(err, ZS_E_PERMISSION, "%s belongs to user %u; it must belong to root or to user %u", path, st.st_uid,
			starter);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		ZS_FAIL(err, ZS_E_PERMISSION, "%s can be written by others (mode %04o)", path, st.st_mode & 07777);
	return 0;
}

void zs_library_open(uid_t starter, struct zs_library *ret)
{
	char found[PATH_MAX];

	*ret = (struct zs_library){ .fd = -1 };
	zs_err_clear(&ret->err);
	if (!realpath(find_built(found) ? found : ZS_LIBDIR "/" NAME, ret->path)) {
		*ret->path = 0;
		return;
	}
	ret->fd = open(ret->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (ret->fd < 0 || check(ret->fd, ret->path, starter, &ret->err)) {
		zs_library_done(ret);
		*ret->path = 0;
		return;
	}
	(void)snprintf(ret->fd_path, sizeof(ret->fd_path), "/proc/self/fd/%d", ret->fd);
}

void zs_library_done(struct zs_library *library)
{
	if (library->fd >= 0)
		(void)close(library->fd);
	library->fd = -1;
}
