/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/file.h: one regular file into a text.
 */
#include <zoneseal/file.h>
#include <zoneseal/say.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "bridge.h"

static int32_t refuse(const struct zsp_host *host, const char *path, const char *why)
{
	return zsp_failf(host, ZSP_CONFIG, 0, "cannot read %s: %s", path, why);
}

/* Nobody else writes into the text meanwhile, so the file's octets end where it does. */
static int32_t read_all(const struct zsp_host *host, const char *path, int fd, struct zsp_text *dst)
{
	struct zs_buf buf = zsp_lend(dst);
	struct zs_err err;
	int rc;

	zs_err_clear(&err);
	rc = zs_fs_read_fd(fd, &buf, &err);
	zsp_give_back(dst, &buf);
	return rc ? refuse(host, path, err.text) : ZSP_OK;
}

int32_t zsp_file_read(const struct zsp_host *host, const char *path, struct zsp_text *dst)
{
	/* not to hang in a pipe, nor to get a terminal */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int32_t rc;

	if (fd < 0)
		return refuse(host, path, strerror(errno));
	if (fstat(fd, &st) < 0)
		rc = refuse(host, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = refuse(host, path, "not a regular file");
	else
		rc = read_all(host, path, fd, dst);
	(void)close(fd);
	return rc;
}
