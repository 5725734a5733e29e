/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal provider new NAME [DIR]`: a copy of the template provider under the
 * name of the new one, with the simulation to test it against.  Never overwrites.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "front/command.h"
#include "front/places.h"
#include "front/report.h"

enum { NAME_MAX_OCTETS = 32,
	FILE_OCTETS = 256 * 1024 };

#define WORD "template"
#define UPPER "TEMPLATE"

/* What is made: from which directory and file, under which name, behind that of the provider where named. */
static const struct part {
	const char *dir, *from, *to;
	mode_t mode;
	bool named;
	bool rename; /* WORD in it becomes the name */
} parts[] = {
	{ "template", "template.c", ".c", 0644, true, true },
	{ "template", "template.md", ".md", 0644, true, true },
	{ "template", "Makefile.template", "Makefile", 0644, false, true },
	{ "conformance", "example_sim.py", "_sim.py", 0755, true, false },
};

/* Room for the longest name in each of its forms. */
struct names {
	char name[NAME_MAX_OCTETS + 1], id[NAME_MAX_OCTETS + 1], upper[NAME_MAX_OCTETS + 1];
};

/* The name of a plugin as provider.h has it. */
static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n && n <= NAME_MAX_OCTETS && name[0] >= 'a' && name[0] <= 'z' &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static void make_names(const char *name, struct names *ret)
{
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	for (size_t i = 0; i < sizeof(ret->id); i++) {
		char c = ret->name[i] == '-' ? '_' : ret->name[i];

		ret->id[i] = c;
		ret->upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
}

/* ---- renaming ---- */

/* In front of an underscore it is a part of a C identifier, which has no hyphen. */
static void rename_into(struct zs_slice text, const struct names *names, struct zs_buf *dst)
{
	const size_t n = strlen(WORD);

	while (text.n) {
		size_t step = 1;

		if (zs_slice_starts(text, WORD)) {
			step = n;
			zs_buf_add_str(dst, text.n > n && text.p[n] == '_' ? names->id : names->name);
		} else if (zs_slice_starts(text, UPPER)) {
			step = n;
			zs_buf_add_str(dst, names->upper);
		} else {
			zs_buf_add(dst, text.p, 1);
		}
		text = zs_slice_of(text.p + step, text.n - step);
	}
}

static int read_part(const struct part *part, const struct names *names, struct zs_buf *dst, struct zs_err *err)
{
	char dir[ZS_PLACE], path[ZS_PLACE + 64];
	struct zs_buf text = ZS_BUF(FILE_OCTETS);
	int fd, rc = zs_places_data(part->dir, dir, err);

	if (rc)
		return rc;
	/* uninstalled it is a link into the sources */
	snprintf(path, sizeof(path), "%s/%s", dir, part->from);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "cannot open %s", path);
	rc = zs_fs_read_fd(fd, &text, err);
	close(fd);
	if (!rc && part->rename)
		rename_into(zs_buf_slice(&text), names, dst);
	else if (!rc)
		zs_buf_add_slice(dst, zs_buf_slice(&text));
	if (!rc && dst->failed)
		rc = zs_err_set(err, ZS_E_NOMEM, "no memory for %s", path);
	zs_buf_done(&text);
	return rc;
}

/* ---- writing ---- */

struct target {
	struct names names;
	const char *dir;
	int fd;
	char files[ZS_COUNT(parts)][NAME_MAX_OCTETS + 16];
	struct zs_buf texts[ZS_COUNT(parts)];
};

/* An empty directory of the user's own will do as well as a new one. */
static int open_dir(struct target *t, struct zs_err *err)
{
	mode_t mask = umask(022); /* sources are no state of ours, which nobody else may read */
	int rc = mkdir(t->dir, 0755);

	(void)umask(mask);
	if (rc < 0 && errno != EEXIST)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "cannot make the directory %s", t->dir);
	t->fd = zs_fs_open_dir(AT_FDCWD, t->dir, err);
	return t->fd < 0 ? t->fd : 0;
}

static int refuse_overwrite(const struct target *t, struct zs_err *err)
{
	for (size_t i = 0; i < ZS_COUNT(parts); i++) {
		if (!zs_fs_exists(t->fd, t->files[i]))
			continue;
		zs_err_set(err, ZS_E_STORAGE, "%s/%s is there already, and nothing is overwritten", t->dir, t->files[i]);
		zs_err_hint(err, "choose another directory: `zoneseal provider new %s DIR`", t->names.name);
		return -ZS_E_STORAGE;
	}
	return 0;
}

static int write_all(struct target *t, struct zs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ZS_COUNT(parts) && !rc; i++) {
		rc = zs_fs_write_new(t->fd, t->files[i], zs_buf_slice(&t->texts[i]), parts[i].mode, (gid_t)-1, err);
		if (rc)
			zs_err_prefix(err, "%s/%s", t->dir, t->files[i]);
	}
	return rc;
}

static int make(struct target *t, struct zs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ZS_COUNT(parts) && !rc; i++) {
		snprintf(t->files[i], sizeof(t->files[i]), "%s%s", parts[i].named ? t->names.name : "", parts[i].to);
		rc = read_part(&parts[i], &t->names, &t->texts[i], err);
	}
	if (!rc)
		rc = open_dir(t, err);
	if (!rc)
		rc = refuse_overwrite(t, err);
	return rc ? rc : write_all(t, err);
}

/* ---- the command ---- */

static int report(const struct zs_cli *cli, const struct target *t)
{
	struct zs_document doc;

	if (cli->json) {
		zs_document_begin(&doc, cli);
		zs_jout_str(&doc.out, "name", t->names.name);
		zs_jout_str(&doc.out, "directory", t->dir);
		zs_jout_array(&doc.out, "files");
		for (size_t i = 0; i < ZS_COUNT(parts); i++)
			zs_jout_str(&doc.out, NULL, t->files[i]);
		zs_jout_end(&doc.out, ']');
		return zs_document_end(&doc, 0, NULL);
	}
	for (size_t i = 0; i < ZS_COUNT(parts); i++)
		zs_data(cli, "%s/%s\n", t->dir, t->files[i]);
	zs_say(cli, "This is a complete provider for a small JSON API, and a simulation of that API. Next:\n"
		    "  cd %s\n"
		    "  make check        builds %s.so and runs the conformance kit against %s_sim.py\n"
		    "Then change %s.c and %s_sim.py, side by side, to what your service wants.\n",
		t->dir, t->names.name, t->names.name, t->names.name, t->names.name);
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}

static int bad_name(const struct zs_cli *cli, const char *name)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_USAGE, "\"%s\" cannot be the name of a provider", name);
	zs_err_hint(&err, "1 to %d of a-z, 0-9 and hyphen, a letter first", NAME_MAX_OCTETS);
	return zs_report_failure(cli, &err);
}

int zs_cmd_provider_new(const struct zs_cli *cli)
{
	const char *name = cli->args.items[1];
	struct target target = { .fd = -1 };
	struct zs_err err;
	int exit_code;

	if (!is_name(name))
		return bad_name(cli, name);
	make_names(name, &target.names);
	target.dir = cli->args.n > 2 ? cli->args.items[2] : name;
	for (size_t i = 0; i < ZS_COUNT(parts); i++)
		zs_buf_init(&target.texts[i], 2 * FILE_OCTETS);
	exit_code = make(&target, &err) ? zs_report_failure(cli, &err) : report(cli, &target);
	for (size_t i = 0; i < ZS_COUNT(parts); i++)
		zs_buf_done(&target.texts[i]);
	if (target.fd >= 0)
		close(target.fd);
	return exit_code;
}
