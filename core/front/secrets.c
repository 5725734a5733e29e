/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/secrets.h.
 */
#include "front/secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsutil.h"

const char *zs_env(const char *name)
{
	return getenv(name);
}

void zs_env_forget(const char *name)
{
	char *value = getenv(name);

	if (value)
		zs_wipe(value, strlen(value));
	unsetenv(name);
}

static int credential_path(const struct zs_secret_ref *ref, const char *what, char dst[static 4096], struct zs_err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (!dir || !zs_fs_component_ok(ref->text))
		ZS_FAIL(err, ZS_E_CONFIG, "%s: no systemd credential \"%s\" (is LoadCredential= set for this unit?)", what, ref->text);
	if (snprintf(dst, 4096, "%s/%s", dir, ref->text) >= 4096)
		ZS_FAIL(err, ZS_E_CONFIG, "%s: the path of credential \"%s\" is too long", what, ref->text);
	return 0;
}

int zs_secret_open(const struct zs_secret_ref *ref, const char *what, struct zs_err *err)
{
	char path[4096];
	int fd, rc;

	if (ref->kind == ZS_SECRET_CREDENTIAL) {
		if ((rc = credential_path(ref, what, path, err)))
			return rc;
	} else if (snprintf(path, sizeof(path), "%s", ref->text) >= (int)sizeof(path)) {
		ZS_FAIL(err, ZS_E_CONFIG, "%s: the path is too long", what);
	}
	fd = zs_fs_open_secret(path, err);
	return fd < 0 ? zs_err_prefix(err, "%s", what) : fd;
}

static int read_env(const struct zs_secret_ref *ref, const char *what, struct zs_buf *dst, struct zs_err *err)
{
	const char *value = getenv(ref->text);

	if (!value || !*value)
		ZS_FAIL(err, ZS_E_CONFIG, "%s: the environment variable %s is not set", what, ref->text);
	zs_buf_add_str(dst, value);
	zs_env_forget(ref->text);
	return 0;
}

int zs_secret_read(const struct zs_secret_ref *ref, const char *what, struct zs_buf *dst, struct zs_err *err)
{
	int rc;

	if (ref->kind == ZS_SECRET_ENV) {
		rc = read_env(ref, what, dst, err);
	} else {
		int fd = zs_secret_open(ref, what, err);
		if (fd < 0)
			return fd;
		rc = zs_fs_read_fd(fd, dst, err);
		close(fd);
	}
	while (!rc && dst->len && (dst->data[dst->len - 1] == '\n' || dst->data[dst->len - 1] == '\r'))
		dst->data[--dst->len] = 0;
	if (!rc && (dst->failed || !dst->len))
		ZS_FAIL(err, ZS_E_CONFIG, "%s: the secret is %s", what, dst->failed ? "too large" : "empty");
	return rc;
}
