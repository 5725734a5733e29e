/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of files and directories, each in a fresh directory below TMPDIR.
 * What only root can set up (other owners) is skipped for everybody else.
 */
#include "base/fsutil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define S(text) zs_slice_str(text)
#define LEAVE ((gid_t)-1)

struct place {
	char path[256];
	int fd;
	struct zs_err err;
};

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *place = calloc(1, sizeof(*place));

	(void)snprintf(place->path, sizeof(place->path), "%s/zs-fs-XXXXXX",
		tmp ? tmp : "/tmp");
	if (!mkdtemp(place->path))
		return -1;
	place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return place->fd < 0 ? -1 : 0;
}

/* The tests make at most two levels. */
static bool remove_one(const char *name, void *user)
{
	struct place *place = user;

	if (unlinkat(place->fd, name, 0) < 0)
		(void)zs_fs_remove_tree(place->fd, name, NULL);
	return true;
}

static int teardown(void **state)
{
	struct place *place = *state;

	(void)umask(022);
	(void)zs_fs_list(place->fd, remove_one, place, NULL);
	(void)close(place->fd);
	(void)rmdir(place->path);
	free(place);
	return 0;
}

static void put(const struct place *place, const char *name, mode_t mode)
{
	assert_int_equal(zs_fs_write_new(place->fd, name, S("data"), mode,
				 LEAVE, NULL),
		0);
}

static mode_t mode_of(const struct place *place, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(place->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void assert_content(const struct place *place, const char *name,
	const char *want)
{
	struct zs_buf buf = ZS_BUF(1000);

	assert_int_equal(zs_fs_read(place->fd, name, &buf, NULL), 0);
	assert_string_equal(zs_buf_str(&buf), want);
	zs_buf_done(&buf);
}

static bool count_one(const char *name, void *user)
{
	(void)name;
	(*(unsigned *)user)++;
	return true;
}

static unsigned entries(const struct place *place)
{
	unsigned n = 0;

	assert_int_equal(zs_fs_list(place->fd, count_one, &n, NULL), 0);
	return n;
}

static void test_component_when_table_expect_row(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/", "a\nb",
		"a\x7f" };
	char name[NAME_MAX + 2];

	(void)state;
	assert_true(zs_fs_component_ok("a"));
	assert_true(zs_fs_component_ok("..."));
	assert_true(zs_fs_component_ok(".a"));
	assert_false(zs_fs_component_ok(NULL));
	for (size_t i = 0; i < ZS_COUNT(bad); i++)
		assert_false(zs_fs_component_ok(bad[i]));
	memset(name, 'x', sizeof(name));
	name[NAME_MAX + 1] = 0;
	assert_false(zs_fs_component_ok(name));
	name[NAME_MAX] = 0;
	assert_true(zs_fs_component_ok(name));
}

static void test_all_when_name_leaves_directory_expect_refusal(void **state)
{
	struct place *p = *state;

	assert_int_equal(zs_fs_make_dir(p->fd, "../x", 0700, &p->err),
		-ZS_E_BUG);
	assert_int_equal(zs_fs_write_new(p->fd, "a/b", S(""), 0600, LEAVE, NULL),
		-ZS_E_BUG);
	assert_int_equal(zs_fs_write_atomic(p->fd, "..", S(""), 0600, LEAVE,
				 NULL),
		-ZS_E_BUG);
	assert_int_equal(zs_fs_switch_link(p->fd, "/x", "a", NULL), -ZS_E_BUG);
	assert_int_equal(zs_fs_remove_tree(p->fd, ".", NULL), -ZS_E_BUG);
	assert_int_equal(zs_fs_lock(p->fd, "", NULL), -ZS_E_BUG);
}

static const struct {
	const char *label;
	mode_t mask, mode;
} modes[] = {
	{ "narrow umask", 0177, 0644 },
	{ "wide umask", 0, 0600 },
	{ "group readable", 077, 0640 },
	{ "read only", 0, 0400 },
};

static void test_write_when_any_umask_expect_exact_mode(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < ZS_COUNT(modes); i++) {
		print_message("  %s\n", modes[i].label);
		(void)umask(modes[i].mask);
		assert_int_equal(zs_fs_write_new(p->fd, "new", S("x"),
					 modes[i].mode, LEAVE, NULL),
			0);
		assert_int_equal(mode_of(p, "new"), modes[i].mode);
		assert_int_equal(zs_fs_write_atomic(p->fd, "new", S("y"),
					 modes[i].mode, getegid(),
					 NULL),
			0);
		assert_int_equal(mode_of(p, "new"), modes[i].mode);
		assert_content(p, "new", "y");
		assert_int_equal(unlinkat(p->fd, "new", 0), 0);
	}
	assert_int_equal(entries(p), 0);
}

static void test_write_new_when_taken_expect_eexist_and_old_data(void **state)
{
	struct place *p = *state;

	put(p, "a", 0600);
	errno = 0;
	assert_int_equal(zs_fs_write_new(p->fd, "a", S("new"), 0600, LEAVE,
				 &p->err),
		-ZS_E_STORAGE);
	assert_int_equal(errno, EEXIST);
	assert_content(p, "a", "data");
	assert_int_equal(symlinkat("nowhere", p->fd, "l"), 0);
	assert_int_equal(zs_fs_write_new(p->fd, "l", S("x"), 0600, LEAVE, NULL),
		-ZS_E_STORAGE);
	assert_false(zs_fs_exists(p->fd, "nowhere"));
}

static void test_write_atomic_when_name_is_link_expect_link_replaced(void **state)
{
	struct place *p = *state;

	put(p, "target", 0600);
	assert_int_equal(symlinkat("target", p->fd, "l"), 0);
	assert_int_equal(zs_fs_write_atomic(p->fd, "l", S("new"), 0600, LEAVE,
				 NULL),
		0);
	assert_content(p, "target", "data");
	assert_content(p, "l", "new");
}

static void test_write_atomic_when_it_fails_expect_no_temporary_left(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
	assert_int_equal(zs_fs_write_atomic(p->fd, "d", S("x"), 0600, LEAVE,
				 &p->err),
		-ZS_E_STORAGE);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(entries(p), 1);
}

static void test_write_atomic_when_temporary_left_behind_expect_next_name(void **state)
{
	struct place *p = *state;
	char name[64];

	(void)snprintf(name, sizeof(name), ZS_FS_TEMP_PREFIX "%ld.0",
		(long)getpid());
	put(p, name, 0600);
	assert_int_equal(zs_fs_write_atomic(p->fd, "a", S("x"), 0600, LEAVE,
				 NULL),
		0);
	assert_content(p, "a", "x");
	assert_content(p, name, "data");
}

static void test_read_when_exactly_max_expect_all_and_past_max_expect_same_buffer(void **state)
{
	struct place *p = *state;
	struct zs_buf exact = ZS_BUF(7), small = ZS_BUF_SECRET(6);

	put(p, "a", 0600);
	zs_buf_add_str(&exact, "old");
	zs_buf_add_str(&small, "old");
	assert_int_equal(zs_fs_read(p->fd, "a", &exact, NULL), 0);
	assert_string_equal(zs_buf_str(&exact), "olddata");
	assert_int_equal(zs_fs_read(p->fd, "a", &small, &p->err), -ZS_E_STORAGE);
	assert_non_null(strstr(p->err.text, "larger than 6"));
	assert_string_equal(zs_buf_str(&small), "old");
	assert_false(small.failed);
	zs_buf_done(&exact);
	zs_buf_done(&small);
}

static void test_read_when_big_expect_all(void **state)
{
	struct place *p = *state;
	struct zs_buf data = ZS_BUF(100000), back = ZS_BUF(100000);

	for (unsigned i = 0; i < 100000; i++)
		zs_buf_add_byte(&data, (uint8_t)(i % 251));
	assert_int_equal(zs_fs_write_new(p->fd, "a", zs_buf_slice(&data), 0600,
				 LEAVE, NULL),
		0);
	assert_int_equal(zs_fs_read(p->fd, "a", &back, NULL), 0);
	assert_true(zs_slice_eq(zs_buf_slice(&data), zs_buf_slice(&back)));
	zs_buf_done(&data);
	zs_buf_done(&back);
}

static void test_read_when_no_regular_file_expect_refusal(void **state)
{
	struct place *p = *state;
	struct zs_buf buf = ZS_BUF(100);

	put(p, "a", 0600);
	assert_int_equal(symlinkat("a", p->fd, "link"), 0);
	assert_int_equal(mkfifoat(p->fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(p->fd, "dir", 0700), 0);
	assert_int_equal(zs_fs_read(p->fd, "link", &buf, NULL), -ZS_E_STORAGE);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(zs_fs_read(p->fd, "fifo", &buf, NULL), -ZS_E_STORAGE);
	assert_int_equal(zs_fs_read(p->fd, "dir", &buf, NULL), -ZS_E_STORAGE);
	assert_int_equal(zs_fs_read(p->fd, "none", &buf, &p->err),
		-ZS_E_STORAGE);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(buf.len, 0);
	zs_buf_done(&buf);
}

static void test_read_fd_when_pipe_or_moved_expect_everything(void **state)
{
	struct place *p = *state;
	struct zs_buf buf = ZS_BUF(100);
	int ends[2], fd;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "pipe", 4), 4);
	(void)close(ends[1]);
	assert_int_equal(zs_fs_read_fd(ends[0], &buf, NULL), 0);
	(void)close(ends[0]);
	put(p, "a", 0600);
	fd = openat(p->fd, "a", O_RDONLY);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	assert_int_equal(zs_fs_read_fd(fd, &buf, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
	(void)close(fd);
	assert_string_equal(zs_buf_str(&buf), "pipedata");
	assert_true(zs_fs_read_fd(-1, &buf, NULL) < 0);
	zs_buf_done(&buf);
}

static void test_make_dir_when_fresh_or_other_mode_expect_exact_mode(void **state)
{
	struct place *p = *state;
	int fd;

	(void)umask(077);
	fd = zs_fs_make_dir(p->fd, "d", 0750, NULL);
	assert_true(fd >= 0);
	assert_int_equal(mode_of(p, "d"), 0750);
	(void)close(fd);
	fd = zs_fs_make_dir(p->fd, "d", 0700, NULL);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(mode_of(p, "d"), 0700);
	(void)close(fd);
}

static void test_make_dir_when_unsafe_expect_refusal(void **state)
{
	struct place *p = *state;

	put(p, "file", 0600);
	assert_int_equal(mkdirat(p->fd, "open", 0700), 0);
	assert_int_equal(fchmodat(p->fd, "open", 0770, 0), 0);
	assert_int_equal(symlinkat("open", p->fd, "link"), 0);
	assert_int_equal(zs_fs_make_dir(p->fd, "open", 0700, &p->err),
		-ZS_E_PERMISSION);
	assert_int_equal(zs_fs_make_dir(p->fd, "file", 0700, NULL),
		-ZS_E_STORAGE);
	assert_int_equal(zs_fs_make_dir(p->fd, "link", 0700, NULL),
		-ZS_E_STORAGE);
	assert_int_equal(zs_fs_open_dir(p->fd, "link", NULL), -ZS_E_STORAGE);
	assert_int_equal(mode_of(p, "open"), 0770);
}

static void test_make_dir_when_owned_by_other_expect_refusal(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
	assert_int_equal(fchownat(p->fd, "d", 12345, (gid_t)-1, 0), 0);
	assert_int_equal(zs_fs_make_dir(p->fd, "d", 0700, &p->err),
		-ZS_E_PERMISSION);
	assert_int_equal(zs_fs_remove_tree(p->fd, "d", &p->err),
		-ZS_E_PERMISSION);
	assert_int_equal(fchownat(p->fd, "d", 0, (gid_t)-1, 0), 0);
}

static void test_make_path_when_partly_there_expect_rest_made(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];
	int fd;

	assert_int_equal(mkdirat(p->fd, "real", 0755), 0);
	assert_int_equal(symlinkat("real", p->fd, "link"), 0);
	(void)snprintf(path, sizeof(path), "%s//link/./new/", p->path);
	fd = zs_fs_make_path(path, 0710, &p->err);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(mode_of(p, "real/new"), 0710);
	assert_int_equal(mode_of(p, "real"), 0755);
	(void)snprintf(path, sizeof(path), "%s/link/", p->path);
	assert_int_equal(zs_fs_make_path(path, 0700, &p->err), -ZS_E_STORAGE);
	put(p, "file", 0600);
	(void)snprintf(path, sizeof(path), "%s/file/x", p->path);
	assert_int_equal(zs_fs_make_path(path, 0700, &p->err), -ZS_E_STORAGE);
	memset(path, 'x', 300);
	path[300] = 0;
	assert_int_equal(zs_fs_make_path(path, 0700, &p->err), -ZS_E_STORAGE);
	fd = zs_fs_make_path("/", 0700, NULL);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(unlinkat(p->fd, "real/new", AT_REMOVEDIR), 0);
}

static void test_switch_link_when_there_expect_new_target(void **state)
{
	struct place *p = *state;
	char target[64] = "old";

	assert_int_equal(zs_fs_switch_link(p->fd, "current", "v1", NULL), 0);
	assert_int_equal(zs_fs_switch_link(p->fd, "current", "../v2", NULL), 0);
	assert_int_equal(zs_fs_read_link(p->fd, "current", target,
				 sizeof(target), NULL),
		0);
	assert_string_equal(target, "../v2");
	assert_int_equal(entries(p), 1);
	assert_int_equal(zs_fs_read_link(p->fd, "current", target, 5, NULL),
		-ZS_E_STORAGE);
	assert_int_equal(zs_fs_read_link(p->fd, "none", target, 5, NULL),
		-ZS_E_STORAGE);
	assert_string_equal(target, "../v2");
	assert_int_equal(zs_fs_switch_link(p->fd, "l", "/etc/passwd", NULL),
		-ZS_E_BUG);
	assert_int_equal(zs_fs_switch_link(p->fd, "l", "", NULL), -ZS_E_BUG);
	assert_int_equal(zs_fs_switch_link(p->fd, "l", "a\nb", NULL), -ZS_E_BUG);
	assert_false(zs_fs_exists(p->fd, "l"));
}

static void test_exists_when_dangling_link_expect_true(void **state)
{
	struct place *p = *state;

	assert_int_equal(symlinkat("nowhere", p->fd, "l"), 0);
	assert_true(zs_fs_exists(p->fd, "l"));
	assert_false(zs_fs_exists(p->fd, "m"));
}

static void test_remove_tree_when_links_expect_targets_kept(void **state)
{
	struct place *p = *state;

	put(p, "outside", 0600);
	assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
	assert_int_equal(symlinkat("../outside", p->fd, "d/l"), 0);
	assert_int_equal(linkat(p->fd, "outside", p->fd, "d/hard", 0), 0);
	assert_int_equal(zs_fs_remove_tree(p->fd, "d", &p->err), 0);
	assert_false(zs_fs_exists(p->fd, "d"));
	assert_content(p, "outside", "data");
	assert_int_equal(symlinkat(".", p->fd, "d"), 0);
	assert_int_equal(zs_fs_remove_tree(p->fd, "d", NULL), -ZS_E_STORAGE);
	assert_int_equal(zs_fs_remove_tree(p->fd, "none", NULL), -ZS_E_STORAGE);
	assert_int_equal(errno, ENOENT);
	assert_content(p, "outside", "data");
}

static void test_remove_tree_when_directory_inside_expect_refusal(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
	assert_int_equal(mkdirat(p->fd, "d/e", 0700), 0);
	assert_true(zs_fs_remove_tree(p->fd, "d", &p->err) < 0);
	assert_true(zs_fs_exists(p->fd, "d/e"));
	assert_int_equal(unlinkat(p->fd, "d/e", AT_REMOVEDIR), 0);
}

static void test_lock_when_held_expect_busy_until_closed(void **state)
{
	struct place *p = *state;
	int fd = zs_fs_lock(p->fd, "lock", NULL);

	assert_true(fd >= 0);
	assert_int_equal(mode_of(p, "lock"), 0600);
	assert_int_equal(zs_fs_lock(p->fd, "lock", &p->err), -ZS_E_BUSY);
	assert_int_equal(p->err.code, ZS_E_BUSY);
	(void)close(fd);
	fd = zs_fs_lock(p->fd, "lock", NULL);
	assert_true(fd >= 0);
	/* A new file at the name is another lock. */
	assert_int_equal(unlinkat(p->fd, "lock", 0), 0);
	(void)close(fd);
	fd = zs_fs_lock(p->fd, "lock", NULL);
	assert_true(fd >= 0);
	assert_true(zs_fs_exists(p->fd, "lock"));
	(void)close(fd);
}

static void test_lock_when_link_or_directory_expect_refusal(void **state)
{
	struct place *p = *state;

	assert_int_equal(symlinkat("target", p->fd, "l"), 0);
	assert_int_equal(mkdirat(p->fd, "d", 0700), 0);
	assert_int_equal(mkfifoat(p->fd, "f", 0600), 0);
	assert_int_equal(zs_fs_lock(p->fd, "l", NULL), -ZS_E_STORAGE);
	assert_int_equal(zs_fs_lock(p->fd, "d", NULL), -ZS_E_STORAGE);
	assert_int_equal(zs_fs_lock(p->fd, "f", NULL), -ZS_E_PERMISSION);
	assert_false(zs_fs_exists(p->fd, "target"));
}

static const struct {
	const char *label;
	mode_t mode;
	int want; /* 0 = opens */
} secrets[] = {
	{ "owner only", 0600, 0 },
	{ "read only", 0400, 0 },
	{ "group reads", 0640, -ZS_E_PERMISSION },
	{ "all read", 0644, -ZS_E_PERMISSION },
	{ "others execute", 0601, -ZS_E_PERMISSION },
	{ "0440 in an ordinary directory", 0440, -ZS_E_PERMISSION },
};

static void test_open_secret_when_modes_expect_row(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/s", p->path);
	put(p, "s", 0600);
	for (size_t i = 0; i < ZS_COUNT(secrets); i++) {
		int fd;

		print_message("  %s\n", secrets[i].label);
		assert_int_equal(fchmodat(p->fd, "s", secrets[i].mode, 0), 0);
		fd = zs_fs_open_secret(path, &p->err);
		assert_true(secrets[i].want ? fd == secrets[i].want : fd >= 0);
		if (fd >= 0)
			(void)close(fd);
		else
			assert_non_null(strstr(zs_err_advice(&p->err), "chmod"));
	}
}

static void test_open_secret_when_no_regular_file_expect_config_error(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];

	put(p, "s", 0600);
	assert_int_equal(symlinkat("s", p->fd, "l"), 0);
	assert_int_equal(mkfifoat(p->fd, "f", 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/l", p->path);
	assert_int_equal(zs_fs_open_secret(path, NULL), -ZS_E_CONFIG);
	(void)snprintf(path, sizeof(path), "%s/f", p->path);
	assert_int_equal(zs_fs_open_secret(path, NULL), -ZS_E_CONFIG);
	(void)snprintf(path, sizeof(path), "%s/none", p->path);
	assert_int_equal(zs_fs_open_secret(path, NULL), -ZS_E_CONFIG);
	assert_int_equal(errno, ENOENT);
	(void)snprintf(path, sizeof(path), "%s/none/x", p->path);
	assert_int_equal(zs_fs_open_secret(path, NULL), -ZS_E_CONFIG);
	assert_int_equal(zs_fs_open_secret("", NULL), -ZS_E_CONFIG);
}

static void test_open_secret_when_systemd_credential_expect_opened(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];
	int fd;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdirat(p->fd, "cred", 0700), 0);
	put(p, "token", 0440);
	assert_int_equal(renameat(p->fd, "token", p->fd, "cred/token"), 0);
	(void)snprintf(path, sizeof(path), "%s/cred/token", p->path);
	assert_int_equal(zs_fs_open_secret(path, NULL), -ZS_E_PERMISSION);
	assert_int_equal(fchmodat(p->fd, "cred", 0500, 0), 0);
	fd = zs_fs_open_secret(path, NULL);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(fchownat(p->fd, "cred/token", 12345, (gid_t)-1, 0), 0);
	assert_int_equal(zs_fs_open_secret(path, NULL), -ZS_E_PERMISSION);
}

struct names {
	char joined[256];
	unsigned stop_after;
	unsigned n;
};

static bool join(const char *name, void *user)
{
	struct names *names = user;
	size_t at = strlen(names->joined);

	(void)snprintf(names->joined + at, sizeof(names->joined) - at, "%s,",
		name);
	return ++names->n != names->stop_after;
}

static void test_list_expect_sorted_and_stop_when_false(void **state)
{
	struct place *p = *state;
	struct names all = { .n = 0 }, two = { .stop_after = 2 };

	put(p, "b", 0600);
	put(p, "c", 0600);
	put(p, ".a", 0600);
	assert_int_equal(zs_fs_list(p->fd, join, &all, NULL), 0);
	assert_string_equal(all.joined, ".a,b,c,");
	assert_int_equal(zs_fs_list(p->fd, join, &two, NULL), 0);
	assert_string_equal(two.joined, ".a,b,");
	assert_true(zs_fs_list(-1, join, &two, NULL) < 0);
}

static void test_sync_dir_when_bad_descriptor_expect_error(void **state)
{
	struct place *p = *state;

	assert_int_equal(zs_fs_sync_dir(p->fd, NULL), 0);
	assert_int_equal(zs_fs_sync_dir(AT_FDCWD, NULL), 0);
	assert_true(zs_fs_sync_dir(-1, NULL) < 0);
}

static int way(const struct place *p, const char *below, struct zs_err *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", p->path, below);
	return zs_fs_check_way(path, geteuid(), err);
}

static void test_check_way_when_open_directory_expect_refusal(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "d", 0755), 0);
	assert_int_equal(way(p, "d/x", &p->err), 0);
	assert_int_equal(fchmodat(p->fd, "d", 0775, 0), 0);
	assert_int_equal(way(p, "d/x", &p->err), -ZS_E_PERMISSION);
	assert_int_equal(way(p, "d", &p->err), 0);
	assert_int_equal(way(p, "d/", &p->err), 0);
	assert_int_equal(fchmodat(p->fd, "d", 01777, 0), 0);
	assert_int_equal(way(p, "d/x", &p->err), 0);
	assert_int_equal(way(p, "none/x", &p->err), -ZS_E_STORAGE);
}

static void test_check_way_when_link_expect_target_checked_too(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "open", 0700), 0);
	assert_int_equal(mkdirat(p->fd, "open/sub", 0755), 0);
	assert_int_equal(symlinkat("open/sub", p->fd, "l"), 0);
	assert_int_equal(way(p, "l/x", &p->err), 0);
	assert_int_equal(fchmodat(p->fd, "open", 0777, 0), 0);
	assert_int_equal(way(p, "l/x", &p->err), -ZS_E_PERMISSION);
	assert_int_equal(unlinkat(p->fd, "open/sub", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("loop", p->fd, "loop"), 0);
	assert_int_equal(way(p, "loop/x", &p->err), -ZS_E_STORAGE);
	assert_int_equal(symlinkat("/", p->fd, "root"), 0);
	assert_int_equal(way(p, "root/x", &p->err), 0);
}

static void test_check_way_when_odd_paths_expect_no_crash(void **state)
{
	char path[2 * PATH_MAX];

	(void)state;
	assert_int_equal(zs_fs_check_way("/", 0, NULL), 0);
	assert_int_equal(zs_fs_check_way("/x", 0, NULL), 0);
	(void)zs_fs_check_way("x", geteuid(), NULL);
	(void)zs_fs_check_way("", geteuid(), NULL);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	assert_int_equal(zs_fs_check_way(path, 0, NULL), -ZS_E_STORAGE);
	memcpy(path, "/", 1);
	path[300] = '/';
	path[302] = 0;
	assert_int_equal(zs_fs_check_way(path, 0, NULL), -ZS_E_STORAGE);
}

static void test_check_way_when_owned_by_other_expect_refusal(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdirat(p->fd, "d", 0755), 0);
	assert_int_equal(fchownat(p->fd, "d", 12345, (gid_t)-1, 0), 0);
	assert_int_equal(way(p, "d/x", &p->err), -ZS_E_PERMISSION);
	assert_int_equal(fchownat(p->fd, "d", 0, (gid_t)-1, 0), 0);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_component_when_table_expect_row),
		IN_PLACE(test_all_when_name_leaves_directory_expect_refusal),
		IN_PLACE(test_write_when_any_umask_expect_exact_mode),
		IN_PLACE(test_write_new_when_taken_expect_eexist_and_old_data),
		IN_PLACE(test_write_atomic_when_name_is_link_expect_link_replaced),
		IN_PLACE(test_write_atomic_when_it_fails_expect_no_temporary_left),
		IN_PLACE(test_write_atomic_when_temporary_left_behind_expect_next_name),
		IN_PLACE(test_read_when_exactly_max_expect_all_and_past_max_expect_same_buffer),
		IN_PLACE(test_read_when_big_expect_all),
		IN_PLACE(test_read_when_no_regular_file_expect_refusal),
		IN_PLACE(test_read_fd_when_pipe_or_moved_expect_everything),
		IN_PLACE(test_make_dir_when_fresh_or_other_mode_expect_exact_mode),
		IN_PLACE(test_make_dir_when_unsafe_expect_refusal),
		IN_PLACE(test_make_dir_when_owned_by_other_expect_refusal),
		IN_PLACE(test_make_path_when_partly_there_expect_rest_made),
		IN_PLACE(test_switch_link_when_there_expect_new_target),
		IN_PLACE(test_exists_when_dangling_link_expect_true),
		IN_PLACE(test_remove_tree_when_links_expect_targets_kept),
		IN_PLACE(test_remove_tree_when_directory_inside_expect_refusal),
		IN_PLACE(test_lock_when_held_expect_busy_until_closed),
		IN_PLACE(test_lock_when_link_or_directory_expect_refusal),
		IN_PLACE(test_open_secret_when_modes_expect_row),
		IN_PLACE(test_open_secret_when_no_regular_file_expect_config_error),
		IN_PLACE(test_open_secret_when_systemd_credential_expect_opened),
		IN_PLACE(test_list_expect_sorted_and_stop_when_false),
		IN_PLACE(test_sync_dir_when_bad_descriptor_expect_error),
		IN_PLACE(test_check_way_when_open_directory_expect_refusal),
		IN_PLACE(test_check_way_when_link_expect_target_checked_too),
		IN_PLACE(test_check_way_when_odd_paths_expect_no_crash),
		IN_PLACE(test_check_way_when_owned_by_other_expect_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
