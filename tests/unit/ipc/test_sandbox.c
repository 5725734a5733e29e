/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement, tried from inside: a child per role applies its rule and then
 * attempts what must fail and what must still work.  Runs as root (the user
 * changes) and as an ordinary user.  What the kernel lacks is skipped by name.
 */
#include "ipc/sandbox.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(ZS_SANITIZE) && ZS_SANITIZE
enum { SANITIZER = 1 };
#else
enum { SANITIZER = 0 };
#endif

enum { ORDINARY_UID = 65534 };
#define CHILD_DIR "/tmp/zs-sandbox-XXXXXX"

static char state_dir[sizeof(CHILD_DIR)];	/* the vault's */
static char read_dir[sizeof(CHILD_DIR)];	/* a plugin's */

/* ---- attempts: 0 or errno ---- */

static int result(int rc)
{
	return rc < 0 ? errno : 0;
}

static int open_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int rc = result(fd);

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int try_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	int rc = result(fd);

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int read_passwd(void) { return open_close("/etc/passwd", O_RDONLY); }
static int read_shadow(void) { return open_close("/etc/shadow", O_RDONLY); }
static int list_etc(void) { return open_close("/etc", O_RDONLY | O_DIRECTORY); }
static int read_resolv(void) { return open_close("/etc/resolv.conf", O_RDONLY); }
static int read_library(void) { return open_close("/usr/lib", O_RDONLY | O_DIRECTORY); }
static int write_tmp(void) { return open_close("/tmp/zs-sandbox-outside", O_WRONLY | O_CREAT); }
static int unix_socket(void) { return try_socket(AF_UNIX, SOCK_STREAM); }
static int udp_socket(void) { return try_socket(AF_INET, SOCK_DGRAM); }

/* The kernel takes 32 bits of the family, a filter sees 64. */
static int unix_socket_in_disguise(void)
{
	long fd = syscall(SYS_socket, (long)AF_UNIX | (1L << 40), SOCK_STREAM, 0);

	return fd < 0 ? errno : 0;
}

static int socket_pair(void)
{
	int fds[2];
	int rc = result(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));

	if (!rc) {
		(void)close(fds[0]);
		(void)close(fds[1]);
	}
	return rc;
}

static int bind_tcp(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = result(fd < 0 ? -1 : bind(fd, (struct sockaddr *)&any, sizeof(any)));

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* Refused by the other side is good enough: the call was let through. */
static int connect_tcp(void)
{
	struct sockaddr_in none = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = result(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&none, sizeof(none)));

	if (fd >= 0)
		(void)close(fd);
	return rc == ECONNREFUSED || rc == ENETUNREACH || rc == EADDRNOTAVAIL ? 0 : rc;
}

static int look_up(void)
{
	struct addrinfo *list = NULL;
	int rc = getaddrinfo("localhost", "443", NULL, &list);

	if (!rc)
		freeaddrinfo(list);
	return rc ? EACCES : 0;
}

static int load_library(void)
{
	static const char *const names[] = { "libcurl.so.4", "libresolv.so.2", "libcrypt.so.1" };
	void *handle = NULL;

	for (size_t i = 0; i < ZS_COUNT(names) && !handle; i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return handle ? 0 : EACCES;
}

static void *nothing(void *arg) { return arg; }
static int make_thread(void)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, nothing, NULL);

	return rc ? rc : pthread_join(thread, NULL);
}

static int do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	(void)waitpid(pid, NULL, 0);
	return 0;
}

static int clone3_call(void)
{
	return result((int)syscall(SYS_clone3, NULL, 0));
}

static int trace_me(void) { return result((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
static int signal_parent(void) { return result(kill(getppid(), 0)); }
static int signal_init(void) { return result(kill(-1, 0)); }
static int signal_self(void) { return result(kill(getpid(), 0)); }
static int raise_self(void) { return result(raise(SIGURG)); }
static int new_namespace(void) { return result(unshare(CLONE_NEWUSER)); }
static int do_mount(void) { return result(mount("none", "/tmp", "tmpfs", 0, NULL)); }
static int use_bpf(void) { return result((int)syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0)); }
static int use_keys(void) { return result((int)syscall(SYS_keyctl, 0, -3, 0)); }
static int use_uring(void) { return result((int)syscall(SYS_io_uring_setup, 1, NULL)); }
static int use_userfault(void) { return result((int)syscall(SYS_userfaultfd, 1)); }
static int root_again(void) { return geteuid() == 0 ? EPERM : result(setuid(0)); }
static int core_dump(void)
{
	struct rlimit limit = { 1, 1 };

	(void)getrlimit(RLIMIT_CORE, &limit);
	return limit.rlim_max == 0 ? EPERM : 0;
}

static int read_plugin(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/file", read_dir);
	return open_close(path, O_RDONLY);
}

static int write_plugin(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/file", read_dir);
	return open_close(path, O_WRONLY);
}

/* What the state tree needs: make, write, link, rename, remove. */
static int work_in_state(void)
{
	int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, rc;

	if (dir < 0)
		return errno;
	fd = openat(dir, "new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = result(fd < 0 ? -1 : (int)write(fd, "x", 1));
	if (!rc)
		rc = result(fchmod(fd, 0640));
	if (!rc)
		rc = result(renameat(dir, "new", dir, "name"));
	if (!rc)
		rc = result(mkdirat(dir, "sub", 0700));
	if (!rc)
		rc = result(renameat(dir, "name", dir, "sub/name"));
	if (!rc)
		rc = result(symlinkat("sub", dir, "current"));
	if (!rc)
		rc = result(ftruncate(fd, 0) + unlinkat(dir, "sub/name", 0) + unlinkat(dir, "current", 0) +
			    unlinkat(dir, "sub", AT_REMOVEDIR));
	if (fd >= 0)
		(void)close(fd);
	(void)close(dir);
	return rc;
}

static int change_group(void)
{
	char path[64];
	int fd, rc;

	(void)snprintf(path, sizeof(path), "%s/group", state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	rc = result(fd < 0 ? -1 : fchown(fd, (uid_t)-1, 4242));
	if (fd >= 0)
		(void)close(fd);
	(void)unlink(path);
	return rc;
}

static int chmod_key(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/file", state_dir);
	return result(chmod(path, 0644));
}

/* Whether a filter lets a number through: nobody has most of them, and that is an error of its own. */
static bool passes(long pid)
{
	return syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, NULL, NULL) == 0 || errno == ESRCH;
}

/* Every kind of number that a filter made for our pid could forget. */
static int limit_others(void)
{
	long own = getpid();

	for (long pid = 1; pid < 4096; pid++)
		if (pid != own && passes(pid))
			return 0;
	for (unsigned bit = 0; bit < 32; bit++) {
		long flipped = own ^ (1L << bit), cut = own & ((1L << bit) - 1), end = own >> bit;

		if (passes(flipped ? flipped : 1) || (cut && cut != own && passes(cut)) || (end && bit && passes(end)) ||
		    passes(own + 1 + (1L << bit)))
			return 0;
	}
	return passes(-1) || passes(own | 1L << 40) || passes(1L << 40 | 1) ? 0 : EPERM;
}

static int limit_self(void)
{
	struct rlimit now;
	int rc = result(prlimit(0, RLIMIT_NOFILE, NULL, &now));

	return rc ? rc : result(prlimit(getpid(), RLIMIT_NOFILE, &now, NULL));
}

static int move_others(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return errno;
	return result(sched_setaffinity(getppid(), sizeof(set), &set)) == EPERM &&
	       result(sched_setaffinity(1 << 30, sizeof(set), &set)) == EPERM ? EPERM : 0;
}

static int move_self(void)
{
	cpu_set_t set;
	int rc = result(sched_getaffinity(0, sizeof(set), &set));

	if (!rc)
		rc = result(sched_setaffinity(0, sizeof(set), &set));
	return rc ? rc : result(sched_setaffinity(getpid(), sizeof(set), &set));
}

static int schedule_others(void)
{
	const struct sched_param param = { .sched_priority = 0 };

	return result(sched_setscheduler(1 << 30, SCHED_OTHER, &param)) == EPERM &&
	       result(sched_setparam(1 << 30, &param)) == EPERM &&
	       result((int)syscall(SYS_sched_setattr, 1 << 30, NULL, 0)) == EPERM ? EPERM : 0;
}

/* Numbers of linux/ioprio.h: one process is 1, a user's are 3. */
static int renice_others(void)
{
	return result(setpriority(PRIO_PROCESS, 1 << 30, 10)) == EPERM && result(setpriority(PRIO_PGRP, 1 << 30, 10)) == EPERM &&
	       result(setpriority(PRIO_USER, 0, 0)) == EPERM &&
	       result((int)syscall(SYS_ioprio_set, 1, 1 << 30, 0)) == EPERM &&
	       result((int)syscall(SYS_ioprio_set, 3, 0, 0)) == EPERM ? EPERM : 0;
}

static int renice_self(void)
{
	int now = getpriority(PRIO_PROCESS, 0), rc = result(setpriority(PRIO_PROCESS, 0, now));

	if (!rc)
		rc = result(setpriority(PRIO_PROCESS, (id_t)getpid(), now));
	return rc ? rc : result((int)syscall(SYS_ioprio_set, 1, 0, 0));
}

/* The kernel signals whom a descriptor is said to belong to. */
static int own_descriptor(void)
{
	int fds[2], rc = result(pipe2(fds, O_CLOEXEC));

	if (rc)
		return rc;
	rc = result(fcntl(fds[0], F_SETOWN, getppid())) == EPERM && result(ioctl(fds[0], FIOSETOWN, &fds[1])) == EPERM ? EPERM : 0;
	(void)close(fds[0]);
	(void)close(fds[1]);
	return rc;
}

static int type_on_terminal(void)
{
	return result(ioctl(-1, TIOCSTI, "x"));
}

/* The last one: when it is let through there is no report. */
static int do_exec(void)
{
	static char name[] = "true";
	char *const argv[] = { name, NULL };

	return result(execv("/bin/true", argv));
}

enum {
	ENGINE = 1 << ZS_ROLE_ENGINE,
	VAULT = 1 << ZS_ROLE_VAULT,
	PROBE = 1 << ZS_ROLE_PROBE,
	HOST = 1 << ZS_ROLE_HOST,
	CLIENTS = ENGINE | PROBE | HOST,
	ALL = CLIENTS | VAULT
};

enum needs { NOTHING, NO_SANITIZER, LANDLOCK, LANDLOCK_NET, LANDLOCK_NO_SANITIZER };

static const struct attempt {
	const char *name;
	int (*run)(void);
	unsigned allowed;	/* roles */
	enum needs needs;
} attempts[] = {
	{ "read /etc/passwd", read_passwd, 0, LANDLOCK },
	{ "read /etc/shadow", read_shadow, 0, LANDLOCK },
	{ "list /etc", list_etc, 0, LANDLOCK },
	{ "read resolv.conf", read_resolv, CLIENTS, LANDLOCK },
	{ "list /usr/lib", read_library, CLIENTS, LANDLOCK_NO_SANITIZER },
	{ "write in /tmp", write_tmp, 0, LANDLOCK },
	{ "AF_UNIX socket", unix_socket, 0, NOTHING },
	{ "AF_UNIX socket with high bits", unix_socket_in_disguise, 0, NOTHING },
	{ "socketpair", socket_pair, ALL, NOTHING },
	{ "UDP socket", udp_socket, CLIENTS, NOTHING },
	{ "bind TCP", bind_tcp, 0, LANDLOCK_NET },
	{ "connect TCP", connect_tcp, CLIENTS, NOTHING },
	{ "getaddrinfo", look_up, ENGINE | HOST, LANDLOCK },
	{ "dlopen", load_library, CLIENTS, LANDLOCK_NO_SANITIZER },
	{ "thread", make_thread, ALL, NOTHING },
	{ "fork", do_fork, 0, NO_SANITIZER },
	{ "clone3", clone3_call, 0, NOTHING },
	{ "ptrace", trace_me, 0, NO_SANITIZER },
	{ "kill parent", signal_parent, 0, NOTHING },
	{ "kill all", signal_init, 0, NOTHING },
	{ "kill self", signal_self, ALL, NOTHING },
	{ "raise", raise_self, ALL, NOTHING },
	{ "unshare", new_namespace, 0, NOTHING },
	{ "mount", do_mount, 0, NOTHING },
	{ "bpf", use_bpf, 0, NOTHING },
	{ "keyctl", use_keys, 0, NOTHING },
	{ "io_uring", use_uring, 0, NOTHING },
	{ "userfaultfd", use_userfault, 0, NOTHING },
	{ "setuid 0", root_again, 0, NOTHING },
	{ "core dump", core_dump, 0, NOTHING },
	{ "read of the plugin", read_plugin, HOST, LANDLOCK },
	{ "write of the plugin", write_plugin, 0, LANDLOCK },
	{ "work in the state tree", work_in_state, VAULT, LANDLOCK },
	{ "chmod of a key", chmod_key, VAULT, NOTHING },
	{ "prlimit of others", limit_others, 0, NOTHING },
	{ "prlimit of itself", limit_self, ALL, NOTHING },
	{ "affinity of others", move_others, 0, NOTHING },
	{ "affinity of itself", move_self, ALL, NOTHING },
	{ "scheduling of others", schedule_others, 0, NOTHING },
	{ "priority of others", renice_others, 0, NOTHING },
	{ "priority of itself", renice_self, ALL, NOTHING },
	{ "owner of a descriptor", own_descriptor, 0, NOTHING },
	{ "typing on the terminal", type_on_terminal, 0, NOTHING },
	{ "exec", do_exec, 0, NOTHING },
};

/* Calls with arguments that the kernel refuses by another error than EPERM when it gets to see them. */
enum form { FD, PATH, AT };
static const struct { const char *name; long number; enum form form; unsigned allowed; } calls[] = {
#ifdef SYS_chmod
	{ "chmod", SYS_chmod, PATH, VAULT }, { "chown", SYS_chown, PATH, VAULT }, { "lchown", SYS_lchown, PATH, VAULT },
	{ "utime", SYS_utime, PATH, VAULT }, { "utimes", SYS_utimes, PATH, VAULT }, { "futimesat", SYS_futimesat, AT, VAULT },
	{ "creat", SYS_creat, PATH, VAULT }, { "link", SYS_link, PATH, VAULT }, { "symlink", SYS_symlink, PATH, VAULT },
	{ "rename", SYS_rename, PATH, VAULT }, { "unlink", SYS_unlink, PATH, VAULT }, { "mkdir", SYS_mkdir, PATH, VAULT },
	{ "rmdir", SYS_rmdir, PATH, VAULT }, { "mknod", SYS_mknod, PATH, 0 },
#endif
	{ "fchmod", SYS_fchmod, FD, VAULT }, { "fchmodat", SYS_fchmodat, AT, VAULT }, { "fchmodat2", 452, AT, VAULT },
	{ "fchown", SYS_fchown, FD, VAULT }, { "fchownat", SYS_fchownat, AT, VAULT }, { "utimensat", SYS_utimensat, AT, VAULT },
	{ "setxattr", SYS_setxattr, PATH, VAULT }, { "lsetxattr", SYS_lsetxattr, PATH, VAULT },
	{ "fsetxattr", SYS_fsetxattr, FD, VAULT }, { "setxattrat", 463, AT, VAULT },
	{ "removexattr", SYS_removexattr, PATH, VAULT }, { "lremovexattr", SYS_lremovexattr, PATH, VAULT },
	{ "fremovexattr", SYS_fremovexattr, FD, VAULT }, { "removexattrat", 466, AT, VAULT },
	{ "file_setattr", 469, AT, VAULT },
	{ "linkat", SYS_linkat, AT, VAULT }, { "symlinkat", SYS_symlinkat, AT, VAULT }, { "renameat2", SYS_renameat2, AT, VAULT },
	{ "unlinkat", SYS_unlinkat, AT, VAULT }, { "mkdirat", SYS_mkdirat, AT, VAULT }, { "truncate", SYS_truncate, PATH, VAULT },
	{ "ftruncate", SYS_ftruncate, FD, ALL }, { "mknodat", SYS_mknodat, AT, 0 },
	{ "migrate_pages", SYS_migrate_pages, FD, 0 }, { "move_pages", SYS_move_pages, FD, 0 }, { "kcmp", SYS_kcmp, FD, 0 },
};

static int raw(size_t i)
{
	long rc = calls[i].form == FD	? syscall(calls[i].number, -1, 0, 0, 0, 0, 0)
		  : calls[i].form == AT ? syscall(calls[i].number, AT_FDCWD, "", 0, 0, 0, 0)
					: syscall(calls[i].number, "", 0, 0, 0, 0, 0);

	return rc < 0 ? errno : 0;
}

static bool can_try(enum needs needs, uint32_t abi)
{
	static const uint32_t least[] = { [LANDLOCK] = 1, [LANDLOCK_NET] = 4, [LANDLOCK_NO_SANITIZER] = 1 };

	if (SANITIZER && (needs == NO_SANITIZER || needs == LANDLOCK_NO_SANITIZER))
		return false;
	return needs < LANDLOCK || abi >= least[needs];
}

/* ---- the child ---- */

struct report {
	struct zs_confinement facts;
	int rc, death_signal;
	uint32_t gid;
	int groups;
	bool done;
	char wrong[2048];	/* attempts with another end than the table says */
};

static void try_all(struct report *report, enum zs_role role)
{
	for (size_t i = 0; i < ZS_COUNT(attempts); i++) {
		const struct attempt *attempt = &attempts[i];
		bool allowed = (attempt->allowed & 1u << role) != 0;
		size_t n = strlen(report->wrong);
		int rc;

		if (!can_try(attempt->needs, report->facts.landlock))
			continue;
		rc = attempt->run();
		/* Anything but a refusal by rule means that it got through. */
		if (allowed ? rc != 0 : rc != EPERM && rc != EACCES && rc != ENOSYS)
			(void)snprintf(report->wrong + n, sizeof(report->wrong) - n, "%s: %s; ", attempt->name,
				       rc ? strerror(rc) : "worked");
	}
}

static void call_all(struct report *report, enum zs_role role)
{
	for (size_t i = 0; i < ZS_COUNT(calls); i++) {
		bool allowed = (calls[i].allowed & 1u << role) != 0;
		size_t n = strlen(report->wrong);
		int rc = raw(i);

		/* Where the kernel has no such call there is nothing to refuse. */
		if (rc != ENOSYS && allowed == (rc == EPERM))
			(void)snprintf(report->wrong + n, sizeof(report->wrong) - n, "call %s: %s; ", calls[i].name,
				       rc ? strerror(rc) : "worked");
	}
}

static void apply(struct report *report, const struct zs_sandbox *sandbox)
{
	struct zs_err err;

	report->rc = zs_sandbox_apply(sandbox, &report->facts, &err);
	if (report->rc)
		(void)snprintf(report->wrong, sizeof(report->wrong), "%s", err.text);
	(void)prctl(PR_GET_PDEATHSIG, &report->death_signal, 0L, 0L, 0L);
	report->gid = (uint32_t)getegid();
	report->groups = getgroups(0, NULL);
}

static bool drop_user(void)
{
	return geteuid() != 0 || (setgroups(0, NULL) == 0 && setresgid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) == 0 &&
				  setresuid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) == 0);
}

/* In a user namespace root may be the only user there is. */
static bool has_ordinary_user(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(drop_user() ? 0 : 1);
	(void)waitpid(pid, &status, 0);
	return status == 0;
}

typedef void body_fn(struct report *report, const struct zs_sandbox *sandbox);

static void whole_table(struct report *report, const struct zs_sandbox *sandbox)
{
	apply(report, sandbox);
	if (!report->rc) {
		call_all(report, sandbox->role);
		try_all(report, sandbox->role);
	}
}

/* Runs body in a child; its report comes back through a pipe. */
static struct report in_child(body_fn *body, const struct zs_sandbox *sandbox, bool ordinary)
{
	struct report report = { .rc = -1 };
	int fds[2], status;
	pid_t pid;

	if (ordinary && !has_ordinary_user())
		skip();
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (ordinary && !drop_user())
			_exit(78);
		body(&report, sandbox);
		report.done = true;
		_exit(write(fds[1], &report, sizeof(report)) == (ssize_t)sizeof(report) ? 0 : 79);
	}
	(void)close(fds[1]);
	if (read(fds[0], &report, sizeof(report)) != (ssize_t)sizeof(report))
		report.done = false;
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!report.done)
		fail_msg("no report from the child, wait status 0x%x", (unsigned)status);
	return report;
}

/* ---- directories ---- */

static void make_dir(char path[static sizeof(CHILD_DIR)], uid_t owner)
{
	char file[64];
	int fd;

	memcpy(path, CHILD_DIR, sizeof(CHILD_DIR));
	assert_non_null(mkdtemp(path));
	(void)snprintf(file, sizeof(file), "%s/file", path);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	(void)fchmod(fd, 0666);
	assert_true(geteuid() != 0 || fchown(fd, owner, owner) == 0);
	(void)close(fd);
	(void)chmod(path, 0755);
	if (geteuid() == 0)
		assert_int_equal(chown(path, owner, owner), 0);
}

static void drop_dir(const char *path)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "%s/file", path);
	(void)unlink(file);
	(void)rmdir(path);
}

static struct zs_sandbox sandbox_of(enum zs_role role)
{
	static const char *read_paths[2], *write_paths[2];

	read_paths[0] = read_dir;
	write_paths[0] = state_dir;
	return (struct zs_sandbox){ .role = role, .read_paths = role == ZS_ROLE_HOST ? read_paths : NULL,
				    .write_paths = role == ZS_ROLE_VAULT ? write_paths : NULL };
}

/* ---- tests ---- */

static void check_facts(const struct report *report, enum zs_role role, bool root)
{
	assert_string_equal(report->wrong, "");
	assert_int_equal(report->rc, 0);
	assert_false(report->facts.dumpable);
	assert_true(report->facts.no_new_privs);
	assert_int_equal(report->facts.capabilities, 0);
	assert_int_equal(report->death_signal, SIGKILL);
	if (!report->facts.seccomp)
		assert_non_null(strstr(report->facts.missing, "seccomp"));
	if (!report->facts.landlock)
		assert_non_null(strstr(report->facts.missing, "Landlock"));
	if (!root)
		return;
	if (role == ZS_ROLE_VAULT) {
		assert_int_equal(report->facts.uid, 0);
	} else if (!strstr(report->facts.missing, "uid change")) {
		assert_int_not_equal(report->facts.uid, 0);
		assert_int_not_equal(report->gid, 0);
		assert_int_equal(report->groups, 0);
	}
}

static void check_role(enum zs_role role, bool ordinary)
{
	struct zs_sandbox sandbox;
	struct report report;

	if (ordinary && !has_ordinary_user())
		skip();
	make_dir(state_dir, ordinary ? ORDINARY_UID : 0);
	make_dir(read_dir, 0);
	sandbox = sandbox_of(role);
	report = in_child(whole_table, &sandbox, ordinary);
	drop_dir(state_dir);
	drop_dir(read_dir);
	if (!report.facts.landlock)
		print_message("files not tried: no Landlock here (%s)\n", report.facts.missing);
	check_facts(&report, role, !ordinary);
}

static void as_root(enum zs_role role)
{
	if (geteuid() != 0)
		skip();
	check_role(role, false);
}

static void test_engine_started_by_root_is_confined(void **state) { (void)state; as_root(ZS_ROLE_ENGINE); }
static void test_vault_started_by_root_is_confined(void **state) { (void)state; as_root(ZS_ROLE_VAULT); }
static void test_probe_started_by_root_is_confined(void **state) { (void)state; as_root(ZS_ROLE_PROBE); }
static void test_host_started_by_root_is_confined(void **state) { (void)state; as_root(ZS_ROLE_HOST); }
static void test_engine_of_a_user_is_confined(void **state) { (void)state; check_role(ZS_ROLE_ENGINE, true); }
static void test_vault_of_a_user_is_confined(void **state) { (void)state; check_role(ZS_ROLE_VAULT, true); }
static void test_probe_of_a_user_is_confined(void **state) { (void)state; check_role(ZS_ROLE_PROBE, true); }
static void test_host_of_a_user_is_confined(void **state) { (void)state; check_role(ZS_ROLE_HOST, true); }

static void group_only(struct report *report, const struct zs_sandbox *sandbox)
{
	apply(report, sandbox);
	report->death_signal = change_group();
}

static struct report vault_report(uid_t owner, bool keep_chown)
{
	struct zs_sandbox sandbox;
	struct report report;

	make_dir(state_dir, owner);
	sandbox = sandbox_of(ZS_ROLE_VAULT);
	sandbox.keep_chown = keep_chown;
	report = in_child(group_only, &sandbox, false);
	drop_dir(state_dir);
	assert_int_equal(report.rc, 0);
	return report;
}

static void test_vault_keeps_chown_only_where_asked(void **state)
{
	(void)state;
	if (geteuid() != 0 || !has_ordinary_user())
		skip();
	for (int owner = 0; owner <= 1; owner++) {
		uid_t uid = owner ? ORDINARY_UID : 0;
		struct report with = vault_report(uid, true), without = vault_report(uid, false);

		assert_int_equal(with.facts.uid, uid);
		assert_int_equal(with.facts.capabilities, 1);	/* CAP_CHOWN is bit 0 */
		assert_int_equal(with.death_signal, 0);
		assert_int_equal(without.facts.uid, uid);
		assert_int_equal(without.facts.capabilities, 0);
		assert_int_equal(without.death_signal, EPERM);
	}
}

static void sockets_only(struct report *report, const struct zs_sandbox *sandbox)
{
	apply(report, sandbox);
	report->death_signal = udp_socket();
}

static void test_host_without_network_has_no_sockets(void **state)
{
	struct zs_sandbox sandbox = { .role = ZS_ROLE_HOST, .no_network = true };
	struct report report = in_child(sockets_only, &sandbox, true);

	(void)state;
	assert_int_equal(report.rc, 0);
	if (!report.facts.seccomp)
		skip();
	assert_int_equal(report.death_signal, EACCES);
}

static void helper_only(struct report *report, const struct zs_sandbox *sandbox)
{
	int status = -1;
	pid_t pid;

	apply(report, sandbox);
	pid = fork();
	if (pid == 0)
		_exit(do_exec());
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	report->death_signal = pid < 0 ? errno : status;
}

static void test_host_that_may_exec_starts_a_helper(void **state)
{
	struct zs_sandbox sandbox = { .role = ZS_ROLE_HOST, .may_exec = true };
	struct report report = in_child(helper_only, &sandbox, true);

	(void)state;
	assert_int_equal(report.rc, 0);
	assert_int_equal(report.death_signal, 0);
}

static void describe_twice(struct report *report, const struct zs_sandbox *sandbox)
{
	struct zs_confinement again;

	apply(report, sandbox);
	zs_sandbox_describe(&again);
	report->death_signal = again.landlock == report->facts.landlock && again.seccomp == report->facts.seccomp &&
			       !strcmp(again.missing, report->facts.missing);
	(void)prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
	zs_sandbox_describe(&again);
	if (!again.dumpable)
		report->death_signal = 0;
}

static void test_describe_reads_the_facts_again(void **state)
{
	struct zs_sandbox sandbox = { .role = ZS_ROLE_PROBE };
	struct report report = in_child(describe_twice, &sandbox, true);

	(void)state;
	assert_int_equal(report.death_signal, 1);
}

static void front_only(struct report *report, const struct zs_sandbox *sandbox)
{
	apply(report, sandbox);
	report->death_signal = read_passwd() || core_dump() != EPERM || do_fork();
}

static void test_front_loses_core_and_dump_only(void **state)
{
	struct zs_sandbox sandbox = { .role = ZS_ROLE_FRONT };
	struct report report = in_child(front_only, &sandbox, true);

	(void)state;
	assert_int_equal(report.rc, 0);
	assert_false(report.facts.dumpable);
	assert_false(report.facts.no_new_privs);
	assert_int_equal(report.facts.landlock, 0);
	assert_int_equal(report.death_signal, 0);
}

/* abort() must still end a confined process by its signal. */
static void test_abort_ends_a_confined_process(void **state)
{
	struct zs_sandbox sandbox = { .role = ZS_ROLE_HOST };
	struct zs_confinement facts;
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		if (zs_sandbox_apply(&sandbox, &facts, NULL))
			_exit(1);
		abort();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_false(WCOREDUMP(status));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engine_started_by_root_is_confined),
		cmocka_unit_test(test_vault_started_by_root_is_confined),
		cmocka_unit_test(test_probe_started_by_root_is_confined),
		cmocka_unit_test(test_host_started_by_root_is_confined),
		cmocka_unit_test(test_engine_of_a_user_is_confined),
		cmocka_unit_test(test_vault_of_a_user_is_confined),
		cmocka_unit_test(test_probe_of_a_user_is_confined),
		cmocka_unit_test(test_host_of_a_user_is_confined),
		cmocka_unit_test(test_vault_keeps_chown_only_where_asked),
		cmocka_unit_test(test_host_without_network_has_no_sockets),
		cmocka_unit_test(test_host_that_may_exec_starts_a_helper),
		cmocka_unit_test(test_describe_reads_the_facts_again),
		cmocka_unit_test(test_front_loses_core_and_dump_only),
		cmocka_unit_test(test_abort_ends_a_confined_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
