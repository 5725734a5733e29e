/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations: a reader never sees a key and a certificate that do not belong
 * together, a kill at any moment leaves the old or the new one, and rubbish of
 * a killed run goes away.
 */
#include "vault/generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drive.h"

static int write_number(int dir, unsigned n)
{
	char cert[64], key[64];
	struct zs_generation g = { .chain = zs_slice_str("chain\n"), .meta = zs_slice_str("format=1\n"), .gid = -1 };
	uint32_t number;

	(void)snprintf(cert, sizeof(cert), "cert %08u\n", n);
	(void)snprintf(key, sizeof(key), "key %08u\n", n);
	g.cert = zs_slice_str(cert);
	g.privkey = zs_slice_str(key);
	if (zs_generation_write(dir, &g, &number, NULL) != 0)
		return -1;
	zs_generation_prune(dir);
	return (int)number;
}

static bool read_at(int dir, const char *name, char *dst, size_t size)
{
	int fd = openat(dir, name, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, dst, size - 1) : -1;

	if (fd >= 0)
		(void)close(fd);
	if (n >= 0)
		dst[n] = '\0';
	return n > 0;
}

/* Both files through one opened directory, as a careful server does; and combined.pem
 * with one look-up. */
static bool consistent(const char *dir)
{
	char path[4096], cert[64], key[64], combined[256], full[256];
	unsigned a = 0, b = 1;
	int fd;
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/current", dir);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return false;
	ok = read_at(fd, "cert.pem", cert, sizeof(cert)) && read_at(fd, "privkey.pem", key, sizeof(key)) &&
	     read_at(fd, "fullchain.pem", full, sizeof(full)) && sscanf(cert, "cert %u\n", &a) == 1 &&
	     sscanf(key, "key %u\n", &b) == 1 && a == b && strncmp(full, cert, strlen(cert)) == 0;
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/current/combined.pem", dir);
	return ok && read_at(AT_FDCWD, path, combined, sizeof(combined)) && sscanf(combined, "key %u\ncert %u\n", &a, &b) == 2 &&
	       a == b;
}

static void test_write_when_reader_loops_expect_no_mismatch(void **state)
{
	char *dir = drive_tmp();
	int fd = open(dir, O_RDONLY | O_DIRECTORY), status;
	unsigned long rounds = 0, bad = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(write_number(fd, 0), 1);
	pid = fork();
	if (pid == 0) {
		for (unsigned n = 1; n < 300; n++)
			if (write_number(fd, n) < 0)
				_exit(1);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		/* Pruning keeps three, so an opened directory outlives two switches; a reader
		 * that sleeps longer than that opens it again. */
		bad += !consistent(dir) && !consistent(dir);
		rounds++;
	}
	assert_int_equal(status, 0);
	assert_true(rounds > 50);
	assert_int_equal(bad, 0);
	(void)close(fd);
	drive_remove(dir);
	free(dir);
}

static void test_write_when_killed_anywhere_expect_old_or_new(void **state)
{
	char *dir = drive_tmp();
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	uint32_t current, before = 1;

	(void)state;
	assert_int_equal(write_number(fd, 0), 1);
	for (unsigned i = 0; i < 150; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (unsigned n = 0;; n++)
				(void)write_number(fd, n);
		}
		(void)usleep(200 * (i % 40));
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		assert_int_equal(zs_generation_current(fd, &current, NULL), ZS_FOUND);
		assert_true(current >= before);
		assert_true(consistent(dir));
		before = current;
	}
	/* The next write sweeps what is left and goes on counting. */
	assert_true(write_number(fd, 7) > (int)current);
	assert_true(consistent(dir));
	{
		int gen = openat(fd, "gen", O_RDONLY | O_DIRECTORY);
		struct stat st;
		char name[32];

		for (unsigned n = 0; n < current + 3; n++) {
			(void)snprintf(name, sizeof(name), ".new-%u", n);
			assert_int_not_equal(fstatat(gen, name, &st, 0), 0);
		}
		(void)close(gen);
	}
	(void)close(fd);
	drive_remove(dir);
	free(dir);
}

static void test_current_when_link_is_nonsense_expect_corrupt(void **state)
{
	static const char *const targets[] = { "/etc", "gen/../..", "gen/0", "gen/01", "gen/9", "gen/", "gen/1/..", "x" };
	char *dir = drive_tmp();
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	uint32_t n;

	(void)state;
	assert_int_equal(zs_generation_current(fd, &n, NULL), ZS_ABSENT);
	assert_int_equal(write_number(fd, 0), 1);
	for (size_t i = 0; i < ZS_COUNT(targets); i++) {
		assert_int_equal(unlinkat(fd, "current", 0), 0);
		assert_int_equal(symlinkat(targets[i], fd, "current"), 0);
		assert_int_equal(zs_generation_current(fd, &n, NULL), ZS_CORRUPT);
		assert_int_equal(n, 0);
		zs_generation_prune(fd);		/* removes nothing without knowing */
	}
	assert_int_equal(unlinkat(fd, "current", 0), 0);
	assert_int_equal(mkdirat(fd, "current", 0700), 0);
	assert_int_equal(zs_generation_current(fd, &n, NULL), ZS_CORRUPT);
	assert_int_equal(unlinkat(fd, "current", AT_REMOVEDIR), 0);
	assert_int_equal(write_number(fd, 1), 2);
	(void)close(fd);
	drive_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_when_reader_loops_expect_no_mismatch),
		cmocka_unit_test(test_write_when_killed_anywhere_expect_old_or_new),
		cmocka_unit_test(test_current_when_link_is_nonsense_expect_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
