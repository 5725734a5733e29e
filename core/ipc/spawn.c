/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts, ends and explains child processes.  Front only.  A child gets its two
 * channels, /dev/null and nothing else: no environment, no other descriptor, no
 * signal setting, a process group of its own.  What a child does to confine
 * itself is in sandbox.c.
 */
#include "ipc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsutil.h"

#ifndef ZS_LIBEXECDIR
#define ZS_LIBEXECDIR "/usr/local/libexec/zoneseal"
#endif

enum { PATH_SIZE = 4096, HIGH_FD = 16, LAST_CHILD_FD = 4 };

/* ---- where the programs are ---- */

/* The directory of the running program; false when it cannot be told. */
static bool own_dir(char dst[static PATH_SIZE])
{
	ssize_t n = readlink("/proc/self/exe", dst, PATH_SIZE - 1);
	char *slash;

	if (n <= 0 || n >= PATH_SIZE - 1)
		return false;
	dst[n] = 0;
	slash = strrchr(dst, '/');
	if (!slash)
		return false;
	*slash = 0;
	return true;
}

static bool join(char dst[static PATH_SIZE], const char *dir, enum zs_role role, bool build_tree)
{
	const char *name = zs_role_name(role);
	int n = build_tree ? snprintf(dst, PATH_SIZE, "%s/core/%s/zoneseal-%s", dir, name, name)
			   : snprintf(dst, PATH_SIZE, "%s/zoneseal-%s", dir, name);

	return n > 0 && n < PATH_SIZE;
}

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* Whoever can write to the program can be any of our processes. */
static int check_program(const char *path, struct zs_err *err)
{
	struct stat st = { .st_mode = 0 };
	int rc = 0;

	if (stat(path, &st) < 0)
		rc = zs_err_sys(err, ZS_E_PEER, errno, "cannot find the program %s", path);
	else if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		rc = zs_err_set(err, ZS_E_PERMISSION, "%s is not a program", path);
	else if (!zs_fs_owner_ok(st.st_uid, geteuid()))
		rc = zs_err_set(err, ZS_E_PERMISSION, "%s belongs to another user (uid %u)", path, (unsigned)st.st_uid);
	else if (st.st_mode & 022)
		rc = zs_err_set(err, ZS_E_PERMISSION, "%s can be written by others (mode %04o)", path, (unsigned)st.st_mode & 07777);
	if (rc) {
		zs_err_subject(err, "%s", path);
		zs_err_hint(err, st.st_mode & 022 && rc == -ZS_E_PERMISSION ? "chmod go-w %s" : "install zoneseal again (%s)", path);
	}
	return rc;
}

int zs_spawn_find(enum zs_role role, char dst[static 4096], struct zs_err *err)
{
	char dir[PATH_SIZE], path[PATH_SIZE];
	int rc;

	if (!own_dir(dir) || !join(path, dir, role, true) || !exists(path)) {
		if (!join(path, ZS_LIBEXECDIR, role, false))
			ZS_FAIL(err, ZS_E_BUG, "path of the programs is too long");
	}
	rc = check_program(path, err);
	if (!rc)
		memcpy(dst, path, PATH_SIZE);
	return rc;
}

/* ---- between fork and exec: async-signal-safe calls only ---- */

struct plan {
	const char *path;
	char *argv[ZS_SPAWN_ARGS + 2];
	int front, engine, output, null, report;
	pid_t parent;
};

/* What failed, written to the parent through the report pipe. */
struct failure { int errnum; char step[32]; };

static void __attribute__((noreturn)) report(int fd, const char *step)
{
	struct failure failure = { .errnum = errno };
	ssize_t n;

	for (size_t i = 0; i + 1 < sizeof(failure.step) && step[i]; i++)
		failure.step[i] = step[i];
	n = write(fd, &failure, sizeof(failure));
	(void)n;
	_exit(127);
}

/* Above all targets, so that no dup2 overwrites a source. */
static int move_up(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
}

static bool place(int from, int to)
{
	if (from < 0) {
		(void)close(to);
		return true;
	}
	return dup2(from, to) == to;
}

static void close_from(unsigned first, unsigned last)
{
	if (first > last)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
#endif
	for (unsigned fd = first; fd <= last && fd < 65536; fd++)
		(void)close((int)fd);
}

static void place_all(struct plan *plan)
{
	int report_fd = move_up(plan->report);
	int front = move_up(plan->front), engine = move_up(plan->engine);
	int null = move_up(plan->null), output = move_up(plan->output);

	if (report_fd < 0)
		report(plan->report, "dup");
	plan->report = report_fd;
	if (front < 0 || null < 0 || (plan->engine >= 0 && engine < 0) || (plan->output >= 0 && output < 0))
		report(report_fd, "dup");
	if (!place(null, 0) || !place(output >= 0 ? output : null, 1) || (output >= 0 && !place(output, 2)) ||
	    !place(front, 3) || !place(engine, 4))
		report(report_fd, "dup2");
	close_from(LAST_CHILD_FD + 1, (unsigned)report_fd - 1);
	close_from((unsigned)report_fd + 1, ~0u);
}

/* Handlers end with exec by themselves, but ignored signals and the mask do not. */
static void reset_signals(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigemptyset(&act.sa_mask);
	sigemptyset(&none);
	for (int signo = 1; signo < NSIG; signo++)
		(void)sigaction(signo, &act, NULL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) become(struct plan *plan)
{
	char *const environment[] = { NULL };

	if (setpgid(0, 0) < 0)
		report(plan->report, "setpgid");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		report(plan->report, "prctl");
	if (getppid() != plan->parent)
		_exit(127);
	reset_signals();
	place_all(plan);
	(void)umask(077);
	(void)execve(plan->path, plan->argv, environment);
	report(plan->report, "exec");
}

/* ---- start ---- */

static int fill_args(const struct zs_spawn *spawn, const char *path, struct plan *plan, struct zs_err *err)
{
	size_t n = 0;

	plan->path = path;
	plan->argv[n++] = (char *)(uintptr_t)path;
	for (size_t i = 0; spawn->args && spawn->args[i]; i++) {
		if (i >= ZS_SPAWN_ARGS)
			ZS_FAIL(err, ZS_E_BUG, "too many arguments for %s", zs_role_name(spawn->role));
		plan->argv[n++] = (char *)(uintptr_t)spawn->args[i];
	}
	plan->argv[n] = NULL;
	return 0;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The pipe ends empty when exec closed it. */
static int wait_for_exec(int fd, pid_t pid, const struct plan *plan, struct zs_err *err)
{
	struct failure failure;
	ssize_t n;

	do
		n = read(fd, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	reap(pid);
	if (n != (ssize_t)sizeof(failure))
		ZS_FAIL(err, ZS_E_PEER, "cannot start %s", plan->path);
	failure.step[sizeof(failure.step) - 1] = 0;
	return zs_err_sys(err, ZS_E_PEER, failure.errnum, "cannot start %s: %s", plan->path, failure.step);
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

static int fork_and_wait(struct plan *plan, const struct zs_spawn *spawn, struct zs_child *ret, struct zs_err *err)
{
	int fds[2], rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return zs_err_sys(err, ZS_OK, errno, "cannot start %s", plan->path);
	plan->report = fds[1];
	plan->parent = getpid();
	pid = fork();
	if (pid == 0)
		become(plan);
	rc = pid < 0 ? zs_err_sys(err, ZS_OK, errno, "cannot start %s", plan->path) : 0;
	(void)close(fds[1]);
	if (!rc)
		rc = wait_for_exec(fds[0], pid, plan, err);
	(void)close(fds[0]);
	if (!rc)
		*ret = (struct zs_child){ .role = spawn->role, .pid = pid, .pidfd = open_pidfd(pid) };
	return rc;
}

static void close_given(const struct zs_spawn *spawn)
{
	if (spawn->front_fd >= 0)
		(void)close(spawn->front_fd);
	if (spawn->engine_fd >= 0)
		(void)close(spawn->engine_fd);
}

int zs_spawn_start(const struct zs_spawn *spawn, struct zs_child *ret, struct zs_err *err)
{
	struct plan plan = { .front = spawn->front_fd, .engine = spawn->engine_fd, .output = spawn->output_fd };
	char path[PATH_SIZE];
	int rc = zs_spawn_find(spawn->role, path, err);

	if (!rc)
		rc = fill_args(spawn, path, &plan, err);
	if (!rc) {
		plan.null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (plan.null < 0)
			rc = zs_err_sys(err, ZS_OK, errno, "cannot open /dev/null");
	}
	if (!rc) {
		rc = fork_and_wait(&plan, spawn, ret, err);
		(void)close(plan.null);
	}
	close_given(spawn);
	return rc;
}

/* ---- end ---- */

/* Leaves the zombie, so that the number still names this child and its group. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == pid;
}

static void wait_for_end(const struct zs_child *child, unsigned ms)
{
	enum { STEP_MS = 5 };
	struct pollfd end = { .fd = child->pidfd, .events = POLLIN };

	if (child->pidfd >= 0) {
		(void)poll(&end, 1, ms > INT_MAX ? INT_MAX : (int)ms);
		return;
	}
	for (unsigned gone = 0; gone < ms && !has_ended(child->pid); gone += STEP_MS)
		(void)poll(NULL, 0, STEP_MS);
}

void zs_spawn_end(struct zs_child *child, unsigned grace_ms)
{
	if (!child || child->pid <= 0)
		return;
	(void)kill(child->pid, SIGTERM);
	wait_for_end(child, grace_ms);
	(void)kill(-child->pid, SIGKILL);
	(void)kill(child->pid, SIGKILL);
	reap(child->pid);
	if (child->pidfd >= 0)
		(void)close(child->pidfd);
	child->pid = 0;
	child->pidfd = -1;
}

void zs_spawn_reason(int wait_status, char dst[static 96])
{
	if (WIFEXITED(wait_status))
		(void)snprintf(dst, 96, "exit status %d", WEXITSTATUS(wait_status));
	else if (WIFSIGNALED(wait_status))
		(void)snprintf(dst, 96, "killed by signal %d (%s)", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	else
		(void)snprintf(dst, 96, "wait status 0x%x", (unsigned)wait_status);
}
