/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system-call filter: a deny-list, because plugins and NSS modules bring
 * calls that nobody can list.  It takes away what helps to reach other
 * processes, the kernel or a shell; files and network are Landlock's part,
 * but for what Landlock does not cover (modes, owners, times, attributes) and
 * what a process that writes nothing does not need anyway.
 * Loaded by every child before its first frame.
 */
#include "wrap/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum when {
	ALWAYS,
	NO_SANITIZER,		/* not in builds with a leak checker */
	NO_EXEC,		/* not for processes that start helpers */
	NO_SOCKET,		/* only for processes without network */
	NO_WRITER,		/* not for the process that keeps the files */
	NO_CHANGE		/* only for processes that neither keep files nor start helpers */
};

struct denied {
	const char *call;
	enum when when;
	int errnum;
};

static const struct denied denied[] = {
	/* other processes */
	{ "ptrace", NO_SANITIZER, EPERM },
	{ "process_vm_readv", ALWAYS, EPERM },
	{ "process_vm_writev", ALWAYS, EPERM },
	{ "process_madvise", ALWAYS, EPERM },
	{ "process_mrelease", ALWAYS, EPERM },
	{ "kcmp", ALWAYS, EPERM },
	{ "migrate_pages", ALWAYS, EPERM },
	{ "move_pages", ALWAYS, EPERM },
	{ "pidfd_open", ALWAYS, EPERM },
	{ "pidfd_getfd", ALWAYS, EPERM },
	{ "pidfd_send_signal", ALWAYS, EPERM },
	/* kernel */
	{ "bpf", ALWAYS, EPERM },
	{ "perf_event_open", ALWAYS, EPERM },
	{ "userfaultfd", ALWAYS, EPERM },
	{ "io_uring_setup", ALWAYS, ENOSYS },
	{ "io_uring_enter", ALWAYS, ENOSYS },
	{ "io_uring_register", ALWAYS, ENOSYS },
	{ "keyctl", ALWAYS, EPERM },
	{ "add_key", ALWAYS, EPERM },
	{ "request_key", ALWAYS, EPERM },
	{ "kexec_load", ALWAYS, EPERM },
	{ "kexec_file_load", ALWAYS, EPERM },
	{ "init_module", ALWAYS, EPERM },
	{ "finit_module", ALWAYS, EPERM },
	{ "delete_module", ALWAYS, EPERM },
	{ "syslog", ALWAYS, EPERM },
	{ "acct", ALWAYS, EPERM },
	{ "swapon", ALWAYS, EPERM },
	{ "swapoff", ALWAYS, EPERM },
	{ "reboot", ALWAYS, EPERM },
	{ "settimeofday", ALWAYS, EPERM },
	{ "clock_settime", ALWAYS, EPERM },
	{ "open_by_handle_at", ALWAYS, EPERM },
	{ "quotactl", ALWAYS, EPERM },
	{ "quotactl_fd", ALWAYS, EPERM },
	{ "sethostname", ALWAYS, EPERM },
	{ "setdomainname", ALWAYS, EPERM },
	{ "iopl", ALWAYS, EPERM },
	{ "ioperm", ALWAYS, EPERM },
	{ "mknod", ALWAYS, EPERM },
	{ "mknodat", ALWAYS, EPERM },
	/* mounts and namespaces */
	{ "mount", ALWAYS, EPERM },
	{ "umount", ALWAYS, EPERM },
	{ "umount2", ALWAYS, EPERM },
	{ "pivot_root", ALWAYS, EPERM },
	{ "chroot", ALWAYS, EPERM },
	{ "open_tree", ALWAYS, EPERM },
	{ "move_mount", ALWAYS, EPERM },
	{ "fsopen", ALWAYS, EPERM },
	{ "fsconfig", ALWAYS, EPERM },
	{ "fsmount", ALWAYS, EPERM },
	{ "fspick", ALWAYS, EPERM },
	{ "mount_setattr", ALWAYS, EPERM },
	{ "unshare", ALWAYS, EPERM },
	{ "setns", ALWAYS, EPERM },
	/* modes, owners, times and attributes, which no version of Landlock covers */
	{ "chmod", NO_WRITER, EPERM },
	{ "fchmod", NO_WRITER, EPERM },
	{ "fchmodat", NO_WRITER, EPERM },
	{ "fchmodat2", NO_WRITER, EPERM },
	{ "chown", NO_WRITER, EPERM },
	{ "chown32", NO_WRITER, EPERM },
	{ "lchown", NO_WRITER, EPERM },
	{ "lchown32", NO_WRITER, EPERM },
	{ "fchown", NO_WRITER, EPERM },
	{ "fchown32", NO_WRITER, EPERM },
	{ "fchownat", NO_WRITER, EPERM },
	{ "utime", NO_WRITER, EPERM },
	{ "utimes", NO_WRITER, EPERM },
	{ "futimesat", NO_WRITER, EPERM },
	{ "utimensat", NO_WRITER, EPERM },
	{ "utimensat_time64", NO_WRITER, EPERM },
	{ "setxattr", NO_WRITER, EPERM },
	{ "lsetxattr", NO_WRITER, EPERM },
	{ "fsetxattr", NO_WRITER, EPERM },
	{ "setxattrat", NO_WRITER, EPERM },
	{ "removexattr", NO_WRITER, EPERM },
	{ "lremovexattr", NO_WRITER, EPERM },
	{ "fremovexattr", NO_WRITER, EPERM },
	{ "removexattrat", NO_WRITER, EPERM },
	{ "file_setattr", NO_WRITER, EPERM },
	/* names of files, where the kernel has no Landlock; ftruncate stays, for files in memory */
	{ "creat", NO_CHANGE, EPERM },
	{ "link", NO_CHANGE, EPERM },
	{ "linkat", NO_CHANGE, EPERM },
	{ "symlink", NO_CHANGE, EPERM },
	{ "symlinkat", NO_CHANGE, EPERM },
	{ "rename", NO_CHANGE, EPERM },
	{ "renameat", NO_CHANGE, EPERM },
	{ "renameat2", NO_CHANGE, EPERM },
	{ "unlink", NO_CHANGE, EPERM },
	{ "unlinkat", NO_CHANGE, EPERM },
	{ "mkdir", NO_CHANGE, EPERM },
	{ "mkdirat", NO_CHANGE, EPERM },
	{ "rmdir", NO_CHANGE, EPERM },
	{ "truncate", NO_CHANGE, EPERM },
	{ "truncate64", NO_CHANGE, EPERM },
	/* new programs; ENOSYS makes glibc fall back to clone, which is filtered by its flags */
	{ "fork", NO_EXEC, EPERM },
	{ "vfork", NO_EXEC, EPERM },
	{ "execve", NO_EXEC, EPERM },
	{ "execveat", NO_EXEC, EPERM },
	{ "clone3", NO_EXEC, ENOSYS },
	/* network */
	{ "socket", NO_SOCKET, EACCES },
};

/* Younger than some versions of libseccomp. Where numbers have an offset the library must know them. */
static const struct { const char *call; int number; } young[] = {
#if !defined(__alpha__) && !defined(__mips__) && !(defined(__x86_64__) && defined(__ILP32__))
	{ "quotactl_fd", 443 },
	{ "process_mrelease", 448 },
	{ "fchmodat2", 452 },
	{ "setxattrat", 463 },
	{ "removexattrat", 466 },
	{ "file_setattr", 469 },
#endif
	{ NULL, 0 }
};

static bool applies(enum when when, const struct zs_seccomp *spec)
{
	const bool wanted[] = {
		[ALWAYS] = true,
		[NO_SANITIZER] = !spec->sanitizer,
		[NO_EXEC] = !spec->allow_exec,
		[NO_SOCKET] = spec->deny_socket,
		[NO_WRITER] = !spec->keeps_files,
		[NO_CHANGE] = !spec->keeps_files && !spec->allow_exec,
	};

	return wanted[when];
}

static int number_of(const char *call)
{
	int number = seccomp_syscall_resolve_name(call);

	for (size_t i = 0; number == __NR_SCMP_ERROR && young[i].call; i++)
		if (!strcmp(young[i].call, call))
			number = young[i].number;
	return number;
}

/* A call that this architecture does not know needs no rule. */
static int deny(scmp_filter_ctx ctx, const char *call, int errnum, unsigned n, const struct scmp_arg_cmp *args)
{
	int number = number_of(call);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO((uint16_t)errnum), number, n, args);
}

static int deny_listed(scmp_filter_ctx ctx, const struct zs_seccomp *spec)
{
	int rc = 0;

	for (size_t i = 0; i < ZS_COUNT(denied) && !rc; i++)
		if (applies(denied[i].when, spec))
			rc = deny(ctx, denied[i].call, denied[i].errnum, 0, NULL);
	return rc;
}

/* The kernel looks at 32 bits of an int only, so the others must not matter here either. */
static int deny_value(scmp_filter_ctx ctx, const char *call, unsigned arg, uint32_t value)
{
	const struct scmp_arg_cmp is = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, 0xffffffffu, value);

	return deny(ctx, call, EPERM, 1, &is);
}

/* Signals to itself stay: abort() and raise() need them. */
static int deny_signals(scmp_filter_ctx ctx)
{
	static const char *const calls[] = { "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo" };
	const struct scmp_arg_cmp other = SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0);
	int rc = 0;

	for (size_t i = 0; i < ZS_COUNT(calls) && !rc; i++)
		rc = deny(ctx, calls[i], EPERM, 1, &other);
	return rc;
}

/* Requests that make the kernel signal others, or type on the terminal that front was started from. */
static int deny_requests(scmp_filter_ctx ctx)
{
	static const struct { const char *call; uint32_t request; } requests[] = {
		{ "fcntl", F_SETOWN }, { "fcntl", F_SETOWN_EX }, { "fcntl64", F_SETOWN }, { "fcntl64", F_SETOWN_EX },
		{ "ioctl", FIOSETOWN }, { "ioctl", SIOCSPGRP }, { "ioctl", TIOCSTI }, { "ioctl", TIOCLINUX },
	};
	int rc = 0;

	for (size_t i = 0; i < ZS_COUNT(requests) && !rc; i++)
		rc = deny_value(ctx, requests[i].call, 1, requests[i].request);
	return rc;
}

static int deny_block(scmp_filter_ctx ctx, const char *call, unsigned arg, uint32_t first, uint32_t size)
{
	const struct scmp_arg_cmp in = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, ~(size - 1), first);

	return deny(ctx, call, EPERM, 1, &in);
}

/*
 * Denies a call whose argument is neither 0 nor our pid.  A rule may look at an
 * argument once only, so the numbers from 1 to below the pid are cut into blocks
 * that one mask describes each.
 */
static int deny_other_pid(scmp_filter_ctx ctx, const char *call, unsigned arg)
{
	const uint32_t pid = (uint32_t)getpid();
	const struct scmp_arg_cmp above = SCMP_CMP64(arg, SCMP_CMP_GT, pid, 0);
	int rc = deny(ctx, call, EPERM, 1, &above);

	for (uint32_t bit = 1; bit <= pid && !rc; bit <<= 1) {
		uint32_t upper = pid & ~(2 * bit - 1);

		/* the same bits above this one, and 0 here where the pid has 1 */
		if (pid & bit && upper)
			rc = deny_block(ctx, call, arg, upper, bit);
		/* below the pid's highest bit: by the highest bit, as 0 is to stay */
		if (!rc && 2 * bit <= pid)
			rc = deny_block(ctx, call, arg, bit, bit);
	}
	return rc;
}

/* With one uid for all, these would slow down, starve or stop the other processes. */
static int deny_resources(scmp_filter_ctx ctx)
{
	static const char *const calls[] = { "prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam",
					     "sched_setattr" };
	enum { OF_USER = 3 };	/* IOPRIO_WHO_USER; "of a user" means all its processes */
	int rc = 0;

	for (size_t i = 0; i < ZS_COUNT(calls) && !rc; i++)
		rc = deny_other_pid(ctx, calls[i], 0);
	if (!rc)
		rc = deny_value(ctx, "setpriority", 0, PRIO_USER);
	if (!rc)
		rc = deny_other_pid(ctx, "setpriority", 1);
	if (!rc)
		rc = deny_value(ctx, "ioprio_set", 0, OF_USER);
	return rc ? rc : deny_other_pid(ctx, "ioprio_set", 1);
}

/* Threads are clones that share everything; a clone that does not is a fork. */
static int deny_fork(scmp_filter_ctx ctx)
{
#ifdef __s390__
	const struct scmp_arg_cmp no_thread = SCMP_A1(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
#else
	const struct scmp_arg_cmp no_thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
#endif

	return deny(ctx, "clone", EPERM, 1, &no_thread);
}

/* Daemons such as D-Bus and nscd listen there. A socketpair of this family reaches nobody. */
static int deny_unix(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp local = SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, AF_UNIX);

	return deny(ctx, "socket", EACCES, 1, &local);
}

static int add_rules(scmp_filter_ctx ctx, const struct zs_seccomp *spec)
{
	int rc = deny_listed(ctx, spec);

	if (!rc && !spec->deny_socket)
		rc = deny_unix(ctx);
	if (!rc)
		rc = deny_requests(ctx);
	if (!rc)
		rc = deny_resources(ctx);
	/* Helpers are other processes and have pids of their own. */
	if (!rc && !spec->allow_exec)
		rc = deny_signals(ctx);
	if (!rc && !spec->allow_exec && !spec->sanitizer)
		rc = deny_fork(ctx);
	return rc;
}

int zs_seccomp_load(const struct zs_seccomp *spec, struct zs_err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (!ctx)
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for the system-call filter");
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = add_rules(ctx, spec);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc ? zs_err_sys(err, ZS_E_PERMISSION, -rc, "cannot load the system-call filter") : 0;
}
