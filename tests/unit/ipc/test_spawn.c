/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting children.  This program lays out a build tree of its own below a
 * temporary directory, copies itself there as the front and as its children, and
 * runs there again, so that what a child finds is what zoneseal's children find.
 */
#include "ipc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/child.h"
#include "ipc/frame.h"

static char dir[] = "/tmp/zs-spawn-XXXXXX";
extern char **environ;

/* ---- what the copies do as children ---- */

static const char *link_of(int fd, char text[static 256])
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, 255);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static unsigned descriptors_past(int first)
{
	unsigned n = 0;

	for (int fd = first; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Writes one line about this process to fd 3. */
static int child_report(void)
{
	char null[256], line[512];
	sigset_t mask;
	int death = 0, n;

	(void)sigprocmask(SIG_BLOCK, NULL, &mask);
	(void)prctl(PR_GET_PDEATHSIG, &death, 0L, 0L, 0L);
	n = snprintf(line, sizeof(line), "stdin=%s fd4=%d more=%u env=%d group=%d death=%d usr1=%d pipe=%d", link_of(0, null),
		     fcntl(4, F_GETFD) >= 0, descriptors_past(5), environ[0] != NULL, getpgrp() == getpid(), death,
		     sigismember(&mask, SIGUSR1), signal(SIGPIPE, SIG_DFL) == SIG_IGN);
	return write(3, line, (size_t)n) == n ? 0 : 9;
}

static int child_hang(void)
{
	char byte = 'h';

	(void)signal(SIGTERM, SIG_IGN);
	if (write(3, &byte, 1) != 1)
		return 9;
	for (;;)
		(void)pause();
}

static int child_crash(void)
{
	(void)signal(SIGSEGV, SIG_DFL);
	(void)raise(SIGSEGV);
	return 9;
}

/* By the name of the program: zoneseal-probe. */
static enum zs_role own_role(void)
{
	const char *dash = strrchr(program_invocation_short_name, '-');
	int role = ZS_ROLE_FRONT;

	while (dash && role < ZS_ROLE__COUNT && strcmp(dash + 1, zs_role_name((enum zs_role)role)))
		role++;
	return (enum zs_role)role;
}

/* The real start of a child: HELLO over fd 3, then work until front is gone. */
static int child_hello(void)
{
	struct zs_child_main child = { .sandbox = { .role = own_role() } };
	int rc = zs_child_start(&child);

	if (rc)
		return rc;
	zs_log_level(ZS_LOG_INFO);
	zs_info("job", "started");
	return zs_child_run(&child);
}

static const struct { const char *name; int (*run)(void); } acts[] = {
	{ "report", child_report },
	{ "hang", child_hang },
	{ "crash", child_crash },
	{ "hello", child_hello },
};

static int be_child(const char *act)
{
	for (size_t i = 0; i < ZS_COUNT(acts); i++)
		if (!strcmp(acts[i].name, act))
			return acts[i].run();
	return 8;
}

/* ---- tests, run by the copy that is the front ---- */

static int front_fd;

static struct zs_child start(enum zs_role role, const char *act, bool with_engine)
{
	const char *args[] = { "child", act, NULL };
	struct zs_spawn spawn = { .role = role, .engine_fd = -1, .output_fd = -1, .args = args };
	struct zs_child child;
	struct zs_err err;
	int fds[2], engine[2] = { -1, -1 };

	assert_int_equal(zs_frame_pair(fds, NULL), 0);
	if (with_engine)
		assert_int_equal(zs_frame_pair(engine, NULL), 0);
	spawn.front_fd = fds[1];
	spawn.engine_fd = engine[1];
	if (zs_spawn_start(&spawn, &child, &err))
		fail_msg("%s", err.text);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	if (with_engine)
		(void)close(engine[0]);
	front_fd = fds[0];
	return child;
}

static int wait_status(const struct zs_child *child)
{
	int status = 0;

	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	if (child->pidfd >= 0)
		(void)close(child->pidfd);
	(void)close(front_fd);
	return status;
}

static void check_report(bool with_engine)
{
	struct zs_child child = start(ZS_ROLE_PROBE, "report", with_engine);
	char line[512] = "", wanted[512];
	ssize_t n = read(front_fd, line, sizeof(line) - 1);

	assert_true(n > 0);
	(void)snprintf(wanted, sizeof(wanted), "stdin=/dev/null fd4=%d more=0 env=0 group=1 death=9 usr1=0 pipe=0", with_engine);
	assert_string_equal(line, wanted);
	assert_int_equal(wait_status(&child), 0);
}

static void test_child_gets_its_channels_and_nothing_else(void **state)
{
	sigset_t mask;

	(void)state;
	/* What must not reach the child. */
	assert_true(dup2(0, 200) == 200);
	assert_int_equal(setenv("LD_PRELOAD_OF_THE_DAY", "x", 1), 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &mask, NULL), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	check_report(true);
	check_report(false);
	(void)close(200);
}

/* A plugin may have 64 options that are files, and each is two arguments. */
static void test_child_with_most_arguments_starts(void **state)
{
	const char *args[ZS_SPAWN_ARGS + 2] = { "child", "report" };
	struct zs_spawn spawn = { .role = ZS_ROLE_HOST, .engine_fd = -1, .output_fd = -1, .args = args };
	struct zs_child child;
	int fds[2];

	(void)state;
	for (size_t i = 2; i < ZS_SPAWN_ARGS; i++)
		args[i] = "--read";
	assert_int_equal(zs_frame_pair(fds, NULL), 0);
	spawn.front_fd = fds[1];
	assert_int_equal(zs_spawn_start(&spawn, &child, NULL), 0);
	zs_spawn_end(&child, 20000);
	(void)close(fds[0]);
	args[ZS_SPAWN_ARGS] = "one more";
	assert_int_equal(zs_frame_pair(fds, NULL), 0);
	spawn.front_fd = fds[1];
	assert_int_equal(zs_spawn_start(&spawn, &child, NULL), -ZS_E_BUG);
	(void)close(fds[0]);
}

static void test_child_that_hangs_is_killed_after_its_grace(void **state)
{
	struct zs_child child = start(ZS_ROLE_HOST, "hang", false);
	struct zs_clock *clock = zs_clock_system();
	uint64_t begin;
	pid_t pid = child.pid;
	char byte;

	(void)state;
	assert_int_equal(read(front_fd, &byte, 1), 1);
	begin = clock->mono_ms(clock);
	zs_spawn_end(&child, 60);
	assert_in_range(clock->mono_ms(clock) - begin, 50, 5000);
	assert_int_equal(child.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	zs_spawn_end(&child, 60);
	zs_spawn_end(NULL, 60);
	(void)close(front_fd);
}

static void test_child_that_obeys_ends_at_once(void **state)
{
	struct zs_child child = start(ZS_ROLE_PROBE, "hello", false);
	struct zs_clock *clock = zs_clock_system();
	uint64_t begin = clock->mono_ms(clock);

	(void)state;
	zs_spawn_end(&child, 20000);
	assert_in_range(clock->mono_ms(clock) - begin, 0, 10000);
	(void)close(front_fd);
}

static void test_reason_is_told_in_words(void **state)
{
	struct zs_child child = start(ZS_ROLE_HOST, "crash", false);
	char text[96];

	(void)state;
	zs_spawn_reason(wait_status(&child), text);
	assert_string_equal(text, "killed by signal 11 (Segmentation fault)");
	zs_spawn_reason(3 << 8, text);
	assert_string_equal(text, "exit status 3");
}

/* ---- HELLO ---- */

struct hello {
	struct zs_loop *loop;
	enum zs_role role;
	unsigned hellos, logs, closed;
	bool dumpable, no_new_privs;
	uint64_t capabilities;
	char build[64], text[64];
};

static void on_message(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct hello *seen = user;

	(void)chan;
	if (in->type == ZS_MSG_HELLO) {
		const struct zs_msg_hello *hello = in->body;

		assert_int_equal(seen->logs, 0);
		assert_int_equal(hello->role, seen->role);
		if (seen->role == ZS_ROLE_VAULT)
			assert_int_equal(hello->uid, geteuid());
		seen->hellos++;
		seen->dumpable = hello->dumpable;
		seen->no_new_privs = hello->no_new_privs;
		seen->capabilities = hello->capabilities;
		assert_true(zs_slice_copy(hello->build, seen->build, sizeof(seen->build)));
	} else if (in->type == ZS_MSG_LOG) {
		seen->logs++;
		assert_true(zs_slice_copy(((const struct zs_msg_log *)in->body)->text, seen->text, sizeof(seen->text)));
		zs_loop_stop(seen->loop, 0);
	}
}

static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct hello *seen = user;

	(void)chan;
	(void)err;
	seen->closed++;
	zs_loop_stop(seen->loop, 0);
}

static void check_hello(enum zs_role role)
{
	struct zs_child child = start(role, "hello", role != ZS_ROLE_ENGINE);
	struct hello seen = { .loop = zs_loop_new(NULL), .role = role };
	struct zs_chan_spec spec = { .fd = front_fd, .self = ZS_ROLE_FRONT, .peer = role, .link = ZS_LINK_FRONT,
				     .handler = on_message, .closed = on_closed, .user = &seen };
	struct zs_chan *chan = zs_chan_new(seen.loop, &spec);
	int status = -1;

	assert_non_null(chan);
	assert_int_equal(zs_loop_run(seen.loop), 0);
	assert_int_equal(seen.closed, 0);
	assert_int_equal(seen.hellos, 1);
	assert_int_equal(seen.logs, 1);
	assert_string_equal(seen.text, "started");
	assert_true(seen.build[0] != 0);
	assert_false(seen.dumpable);
	assert_true(seen.no_new_privs);
	assert_int_equal(seen.capabilities, 0);
	zs_chan_free(chan);
	zs_loop_free(seen.loop);
	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	if (child.pidfd >= 0)
		(void)close(child.pidfd);
	assert_int_equal(status, 0);
}

static void test_child_says_hello_logs_and_ends_with_front(void **state)
{
	(void)state;
	for (int role = ZS_ROLE_ENGINE; role < ZS_ROLE__COUNT; role++)
		check_hello((enum zs_role)role);
}

/* ---- finding ---- */

static void program(enum zs_role role, char path[static 256])
{
	(void)snprintf(path, 256, "%s/core/%s/zoneseal-%s", dir, zs_role_name(role), zs_role_name(role));
}

static void expect_refused(mode_t mode, const char *word)
{
	char path[256], found[4096] = "untouched";
	struct zs_err err;

	program(ZS_ROLE_ENGINE, path);
	assert_int_equal(chmod(path, mode), 0);
	assert_int_equal(zs_spawn_find(ZS_ROLE_ENGINE, found, &err), -ZS_E_PERMISSION);
	assert_non_null(strstr(err.text, word));
	assert_string_equal(found, "untouched");
	assert_int_equal(chmod(path, 0755), 0);
}

static void test_program_is_found_beside_the_front(void **state)
{
	char path[256], found[4096];

	(void)state;
	for (int role = ZS_ROLE_ENGINE; role < ZS_ROLE__COUNT; role++) {
		program((enum zs_role)role, path);
		assert_int_equal(zs_spawn_find((enum zs_role)role, found, NULL), 0);
		assert_string_equal(found, path);
	}
}

static void test_program_that_others_may_change_is_refused(void **state)
{
	(void)state;
	expect_refused(0775, "can be written by others");
	expect_refused(0757, "can be written by others");
	expect_refused(0644, "not a program");
}

static void test_program_of_another_user_is_refused(void **state)
{
	char path[256], found[4096];
	struct zs_err err;

	(void)state;
	if (geteuid() != 0)
		skip();
	program(ZS_ROLE_ENGINE, path);
	/* In a user namespace there may be no other user. */
	if (chown(path, 65534, 65534) < 0)
		skip();
	assert_int_equal(zs_spawn_find(ZS_ROLE_ENGINE, found, &err), -ZS_E_PERMISSION);
	assert_non_null(strstr(err.text, "another user"));
	assert_int_equal(chown(path, 0, 0), 0);
}

static void test_program_missing_is_named(void **state)
{
	struct zs_spawn spawn = { .role = ZS_ROLE_FRONT, .front_fd = dup(0), .engine_fd = -1, .output_fd = -1 };
	struct zs_child child;
	struct zs_err err;

	(void)state;
	/* Nobody installs zoneseal-front. */
	assert_int_equal(zs_spawn_start(&spawn, &child, &err), -ZS_E_PEER);
	assert_non_null(strstr(err.text, "zoneseal-front"));
	assert_int_equal(fcntl(spawn.front_fd, F_GETFD), -1);
}

static void test_program_that_cannot_run_is_an_error_here(void **state)
{
	struct zs_spawn spawn = { .role = ZS_ROLE_ENGINE, .front_fd = dup(0), .engine_fd = -1, .output_fd = -1 };
	char path[256], aside[300];
	struct zs_child child;
	struct zs_err err;
	int fd;

	(void)state;
	program(ZS_ROLE_ENGINE, path);
	(void)snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_int_equal(write(fd, "\177ELFnot really", 15), 15);
	(void)close(fd);
	assert_int_equal(zs_spawn_start(&spawn, &child, &err), -ZS_E_PEER);
	assert_non_null(strstr(err.text, "exec"));
	assert_int_equal(rename(aside, path), 0);
}

static int run_as_front(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_gets_its_channels_and_nothing_else),
		cmocka_unit_test(test_child_with_most_arguments_starts),
		cmocka_unit_test(test_child_that_hangs_is_killed_after_its_grace),
		cmocka_unit_test(test_child_that_obeys_ends_at_once),
		cmocka_unit_test(test_reason_is_told_in_words),
		cmocka_unit_test(test_child_says_hello_logs_and_ends_with_front),
		cmocka_unit_test(test_program_is_found_beside_the_front),
		cmocka_unit_test(test_program_that_others_may_change_is_refused),
		cmocka_unit_test(test_program_of_another_user_is_refused),
		cmocka_unit_test(test_program_missing_is_named),
		cmocka_unit_test(test_program_that_cannot_run_is_an_error_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ---- the layout ---- */

static bool copy_self(const char *to)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	char buf[65536];
	ssize_t n = -1;

	while (from >= 0 && fd >= 0 && (n = read(from, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			break;
	if (from >= 0)
		(void)close(from);
	return fd >= 0 && fchmod(fd, 0755) == 0 && close(fd) == 0 && n == 0;
}

static bool lay_out(void)
{
	char path[256];
	bool good = mkdtemp(dir) && chmod(dir, 0755) == 0;

	(void)snprintf(path, sizeof(path), "%s/core", dir);
	good = good && mkdir(path, 0755) == 0;
	for (int role = ZS_ROLE_ENGINE; good && role < ZS_ROLE__COUNT; role++) {
		(void)snprintf(path, sizeof(path), "%s/core/%s", dir, zs_role_name((enum zs_role)role));
		good = mkdir(path, 0755) == 0;
		program((enum zs_role)role, path);
		good = good && copy_self(path);
	}
	(void)snprintf(path, sizeof(path), "%s/zoneseal", dir);
	return good && copy_self(path);
}

static void clear_away(void)
{
	char path[256];

	for (int role = ZS_ROLE_ENGINE; role < ZS_ROLE__COUNT; role++) {
		program((enum zs_role)role, path);
		(void)unlink(path);
		*strrchr(path, '/') = 0;
		(void)rmdir(path);
	}
	(void)snprintf(path, sizeof(path), "%s/core", dir);
	(void)rmdir(path);
	(void)snprintf(path, sizeof(path), "%s/zoneseal", dir);
	(void)unlink(path);
	(void)rmdir(dir);
}

static int run_copy(void)
{
	char path[256];
	int status = 0;
	pid_t pid;

	(void)umask(022);
	if (!lay_out()) {
		perror("cannot lay out a build tree");
		return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/zoneseal", dir);
	pid = fork();
	if (pid == 0) {
		(void)execl(path, path, "front", dir, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	clear_away();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "child"))
		return be_child(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "front")) {
		memcpy(dir, argv[2], strnlen(argv[2], sizeof(dir) - 1));
		return run_as_front();
	}
	return run_copy();
}
