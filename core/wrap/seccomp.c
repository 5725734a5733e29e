/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system-call filter: a deny-list, because plugins and NSS modules bring
 * calls that nobody can list.  It takes away what helps to reach other
 * processes, the kernel or a shell; files and network are Landlock's part.
 * Loaded by every child before its first frame.
 */
#include "wrap/seccomp.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <unistd.h>

enum when {
	ALWAYS,
	NO_SANITIZER,		/* not in builds with a leak checker */
	NO_EXEC,		/* not for processes that start helpers */
	NO_SOCKET		/* only for processes without network */
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
	/* new programs; ENOSYS makes glibc fall back to clone, which is filtered by its flags */
	{ "fork", NO_EXEC, EPERM },
	{ "vfork", NO_EXEC, EPERM },
	{ "execve", NO_EXEC, EPERM },
	{ "execveat", NO_EXEC, EPERM },
	{ "clone3", NO_EXEC, ENOSYS },
	/* network */
	{ "socket", NO_SOCKET, EACCES },
};

static bool applies(enum when when, const struct zs_seccomp *spec)
{
	const bool wanted[] = {
		[ALWAYS] = true,
		[NO_SANITIZER] = !spec->sanitizer,
		[NO_EXEC] = !spec->allow_exec,
		[NO_SOCKET] = spec->deny_socket,
	};

	return wanted[when];
}

/* A call that this architecture or library does not know needs no rule. */
static int deny(scmp_filter_ctx ctx, const char *call, int errnum, unsigned n, const struct scmp_arg_cmp *args)
{
	int number = seccomp_syscall_resolve_name(call);

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
	/* The kernel looks at 32 bits only, so the others must not matter here either. */
	const struct scmp_arg_cmp local = SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, AF_UNIX);

	return deny(ctx, "socket", EACCES, 1, &local);
}

static int add_rules(scmp_filter_ctx ctx, const struct zs_seccomp *spec)
{
	int rc = deny_listed(ctx, spec);

	if (!rc && !spec->deny_socket)
		rc = deny_unix(ctx);
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
