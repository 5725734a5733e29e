/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file and its drop-in directory: who owns them, in what order they are
 * read, and every line of theirs.  Whoever can write them decides where keys
 * and credentials go, so they belong to root or us alone.
 */
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "conf/assign.h"
#include "conf/lists.h"
#include "wrap/ini.h"

enum {
	MAX_FILES = 1000, /* in the drop-in directory */
	MAX_TOTAL = 16 * ZS_MAX_CONFIG /* octets of all files */
};

#define SUFFIX ".conf"

struct reader {
	struct zs_conf *conf;
	struct zs_conf_problems problems;
	const char *file; /* kept in conf->files */
	struct zs_conf_item item; /* of the lines that come */
	bool usable; /* item is set */
	size_t total; /* octets so far */
};

/* ---- lines ---- */

static void on_bad(uint32_t line, const char *why, void *user)
{
	struct reader *reader = user;

	zs_conf_problem(&reader->problems, (struct zs_conf_where){ reader->file, line }, "%s", why);
}

static void on_section(const char *name, uint32_t line, void *user)
{
	struct reader *reader = user;

	reader->usable = zs_conf_open(reader->conf, zs_slice_str(name), (struct zs_conf_where){ reader->file, line },
		ZS_CONF_FROM_FILE, &reader->problems, &reader->item);
}

static void on_key(const char *key, const char *value, uint32_t line, void *user)
{
	struct reader *reader = user;
	const struct zs_conf_line one = {
		.key = key, .value = value, .where = { reader->file, line }, .source = ZS_CONF_FROM_FILE,
	};

	if (reader->usable)
		zs_conf_assign(reader->conf, reader->item, &one, &reader->problems);
}

/* ---- files ---- */

static int check_owner(const char *path, const struct stat *st, struct zs_err *err)
{
	if (!zs_fs_owner_ok(st->st_uid, geteuid()))
		ZS_FAIL(err, ZS_E_PERMISSION, "%s belongs to user %u; the configuration must belong to root or to the user who "
					      "runs zoneseal", path, (unsigned)st->st_uid);
	if (!(st->st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	zs_err_set(err, ZS_E_PERMISSION, "%s can be written by others (mode %04o)", path, (unsigned)(st->st_mode & 07777));
	zs_err_hint(err, "chmod go-w %s", path);
	return -ZS_E_PERMISSION;
}

static int check_file(const char *path, int fd, struct zs_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return zs_err_sys(err, ZS_OK, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		ZS_FAIL(err, ZS_E_CONFIG, "%s is no regular file", path);
	if (st.st_size > ZS_MAX_CONFIG)
		ZS_FAIL(err, ZS_E_CONFIG, "%s is longer than 1 MiB", path);
	return check_owner(path, &st, err);
}

/* O_NONBLOCK: a FIFO must not hang us before it is refused. Links are followed;
 * the file behind them counts. */
static int open_file(int dirfd, const char *name, const char *path, struct zs_err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc, saved;

	if (fd < 0 && errno == ENOENT)
		ZS_FAIL(err, ZS_E_CONFIG, "there is no configuration file %s", path);
	if (fd < 0)
		return zs_err_sys(err, errno == EACCES ? ZS_E_PERMISSION : ZS_E_CONFIG, errno, "cannot open %s", path);
	rc = check_file(path, fd, err);
	if (!rc)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return rc;
}

static int parse(struct reader *reader, struct zs_slice text, struct zs_err *err)
{
	const struct zs_ini_events events = { .section = on_section, .key = on_key, .bad = on_bad, .user = reader };
	int rc;

	reader->usable = false;
	reader->total += text.n;
	if (reader->total > MAX_TOTAL)
		ZS_FAIL(err, ZS_E_CONFIG, "%s: more than 16 MiB of configuration", reader->file);
	rc = zs_ini_parse(text, &events, err);
	return rc ? zs_err_prefix(err, "%s", reader->file) : 0;
}

/* Errors of the text are collected; what comes back is about the file as such. */
static int read_file(struct reader *reader, int dirfd, const char *name, const char *path, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_CONFIG);
	int fd = open_file(dirfd, name, path, err);
	int rc;

	if (fd < 0)
		return fd;
	if (zs_conf_strings_add(&reader->conf->files, zs_slice_str(path))) {
		reader->file = reader->conf->files.items[reader->conf->files.n - 1];
		rc = zs_fs_read_fd(fd, &text, err);
		rc = rc ? zs_err_prefix(err, "%s", path) : parse(reader, zs_buf_slice(&text), err);
	} else {
		rc = zs_err_set(err, ZS_E_NOMEM, "out of memory, or too many files");
	}
	(void)close(fd);
	zs_buf_done(&text);
	return rc;
}

/* ---- the drop-in directory ---- */

struct drop_ins {
	struct reader *reader;
	const char *dir;
	int fd;
	unsigned n;
};

static void read_drop_in(struct drop_ins *drop_ins, const char *name)
{
	struct zs_buf path = ZS_BUF(8192);
	struct zs_err err = { .code = ZS_OK };

	zs_buf_addf(&path, "%s/%s", drop_ins->dir, name);
	if (read_file(drop_ins->reader, drop_ins->fd, name, zs_buf_str(&path), &err) < 0)
		zs_conf_problem_code(&drop_ins->reader->problems, err.code, err.text);
	zs_buf_done(&path);
}

static bool each_drop_in(const char *name, void *user)
{
	struct drop_ins *drop_ins = user;
	struct zs_slice s = zs_slice_str(name);

	if (*name == '.' || !zs_slice_ends(s, SUFFIX))
		return true;
	if (drop_ins->n++ < MAX_FILES) {
		read_drop_in(drop_ins, name);
		return true;
	}
	zs_conf_problem(&drop_ins->reader->problems, (struct zs_conf_where){ drop_ins->dir, 0 }, "more than %d files",
		MAX_FILES);
	return false;
}

static int read_dir(struct reader *reader, const char *dir, struct zs_err *err)
{
	struct drop_ins drop_ins = { .reader = reader, .dir = dir };
	struct stat st;
	int rc;

	drop_ins.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (drop_ins.fd < 0)
		return errno == ENOENT ? 0 : zs_err_sys(err, ZS_OK, errno, "cannot open %s", dir);
	rc = fstat(drop_ins.fd, &st) < 0 ? zs_err_sys(err, ZS_OK, errno, "%s", dir) : check_owner(dir, &st, err);
	if (!rc)
		rc = zs_fs_list(drop_ins.fd, each_drop_in, &drop_ins, err);
	(void)close(drop_ins.fd);
	return rc;
}

/* Hint and all, when the file as such is what is wrong and nothing came before. */
static int end(struct reader *reader, int rc, const struct zs_err *file, struct zs_err *err)
{
	struct zs_err whole = *file;

	if (rc && reader->problems.n)
		zs_conf_problem_code(&reader->problems, file->code, file->text);
	if (!rc || reader->problems.n)
		return zs_conf_problems_end(&reader->problems, err);
	(void)zs_conf_problems_end(&reader->problems, NULL);
	if (err)
		*err = whole;
	return rc;
}

int zs_conf_read(struct zs_conf *conf, const char *path, struct zs_err *err)
{
	struct reader reader = { .conf = conf };
	struct zs_buf dir = ZS_BUF(8192);
	struct zs_err file = { .code = ZS_OK };
	int rc, saved;

	zs_conf_problems_init(&reader.problems);
	rc = read_file(&reader, AT_FDCWD, path, path, &file);
	saved = errno;
	if (!rc) {
		zs_buf_addf(&dir, "%s.d", path);
		rc = dir.failed ? zs_err_set(&file, ZS_E_CONFIG, "%s: the path is too long", path)
				: read_dir(&reader, zs_buf_str(&dir), &file);
		saved = 0;
	}
	zs_buf_done(&dir);
	rc = end(&reader, rc, &file, err);
	errno = saved;
	return rc;
}
