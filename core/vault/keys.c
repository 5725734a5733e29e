/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes key files.  The text of a key lives only in buffers that are
 * overwritten, and in no message or log line.  Runs in the vault.
 */
#include "vault/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fsutil.h"

enum zs_found zs_keys_read(int dirfd, const char *name, struct zs_pkey **ret, struct zs_err *err)
{
	struct zs_buf pem = ZS_BUF_SECRET(ZS_MAX_KEY_PEM);
	enum zs_found found = ZS_UNREADABLE;
	struct stat st;
	int rc;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		found = errno == ENOENT ? ZS_ABSENT : ZS_UNREADABLE;
		(void)zs_err_sys(err, ZS_E_STORAGE, errno, "%s", name);
	} else if (!S_ISREG(st.st_mode) || st.st_size > ZS_MAX_KEY_PEM) {
		found = ZS_CORRUPT;
		(void)zs_err_set(err, ZS_E_STORAGE, "%s: not a plain file of at most %d octets", name, ZS_MAX_KEY_PEM);
	} else if (zs_fs_read(dirfd, name, &pem, err) == 0) {
		rc = zs_pkey_read_pem(zs_buf_slice(&pem), ret, err);
		found = rc == 0 ? ZS_FOUND : rc == -ZS_E_STORAGE ? ZS_CORRUPT : ZS_UNREADABLE;
		if (rc != 0)
			(void)zs_err_prefix(err, "%s", name);
	}
	zs_buf_done(&pem);
	return found;
}

int zs_keys_write_new(int dirfd, const char *name, const struct zs_pkey *key, struct zs_err *err)
{
	struct zs_buf pem = ZS_BUF_SECRET(ZS_MAX_KEY_PEM);
	int rc = zs_pkey_write_pem(key, &pem, err);

	if (rc == 0)
		rc = zs_fs_write_new(dirfd, name, zs_buf_slice(&pem), 0600, (gid_t)-1, err);
	if (rc == 0)
		rc = zs_fs_sync_dir(dirfd, err);
	zs_buf_done(&pem);
	return rc;
}
