/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries to leave its process: each change names one try by the second label of
 * its name (_acme-challenge.fork.example.test).  Its result is ZSP_OK with the
 * text "held" where the try was refused, and ZSP_DENIED with "ESCAPED" where it
 * succeeded.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <zoneseal/provider.h>

static const struct zsp_host *bad_host;
#define BAD_NO_HOST
#define BAD_APPLY escape
static int32_t escape(void *instance, const struct zsp_str *zone, const struct zsp_list *changes);
#include "bad.h"

static int readable(const char *path)
{
	char octet;
	int fd = open(path, O_RDONLY);
	int got = fd >= 0 && read(fd, &octet, 1) == 1;

	if (fd >= 0)
		close(fd);
	return got;
}

static int writable(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd < 0)
		return 0;
	close(fd);
	unlink(path);
	return 1;
}

static int try_shadow(void) { return readable("/etc/shadow"); }
static int try_passwd(void) { return readable("/etc/passwd"); }
static int try_state(void) { return readable("/var/lib/dpkg/status"); }
static int try_proc_parent(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
	return readable(path);
}
static int try_proc_self(void) { return readable("/proc/self/environ"); }
static int try_list_root(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
static int try_write_tmp(void) { return writable("/tmp/zoneseal-escape-try"); }
static int try_write_dev(void) { return writable("/dev/shm/zoneseal-escape-try"); }

static int left_alone(pid_t pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid > 0;
}

static int try_fork(void) { return left_alone(fork()); }
static int try_vfork(void) { return left_alone((pid_t)syscall(SYS_clone, SIGCHLD | CLONE_VFORK,
							       NULL, NULL, NULL, NULL)); }
static int try_clone3(void)
{
	unsigned long long args[8] = { 0, 0, 0, 0, SIGCHLD, 0, 0, 0 };

	return left_alone((pid_t)syscall(SYS_clone3, args, sizeof(args)));
}
static int try_exec(void)
{
	char name[] = "true";
	char *argv[] = { name, NULL };

	execv("/bin/true", argv);
	return 0;
}
static int try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}
static int try_vm_read(void)
{
	char octets[8];
	struct iovec to = { octets, sizeof(octets) }, from = { &bad_host, sizeof(octets) };

	return process_vm_readv(getppid(), &to, 1, &from, 1, 0) > 0;
}
static int try_kill_parent(void) { return kill(getppid(), SIGCONT) == 0; }
static int try_kill_all(void) { return kill(-1, SIGCONT) == 0; }
static int try_unix(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/private" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int got = fd >= 0;

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		got = 2;
	if (fd >= 0)
		close(fd);
	return got;
}
static int opens(int domain, int type, int protocol)
{
	int fd = socket(domain, type, protocol);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
static int try_raw(void) { return opens(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int try_packet(void) { return opens(AF_PACKET, SOCK_RAW, 0); }
static int try_unshare(void) { return unshare(CLONE_NEWUSER) == 0; }
static int try_mount(void) { return mount("none", "/tmp", "tmpfs", 0, NULL) == 0; }
static int try_chroot(void) { return chroot("/tmp") == 0; }
static int try_setuid(void) { return setresuid(0, 0, 0) == 0 && getuid() == 0; }
static int try_keyctl(void) { return syscall(SYS_keyctl, 0, -3, 0) >= 0; }
static int try_bpf(void) { return syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != EPERM; }
static int try_uring(void) { return syscall(SYS_io_uring_setup, 1, NULL) >= 0; }
static int try_bind(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(25) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int got = fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;

	if (fd >= 0)
		close(fd);
	return got;
}
/* A key of its own uid, readable by nobody else; the test makes it. */
#define KEY "/tmp/zoneseal-escape-key"
static int try_chmod(void) { return chmod(KEY, 0644) == 0; }
static int try_fchmodat2(void) { return syscall(452, AT_FDCWD, KEY, 0644, 0) == 0; }
static int try_chown(void) { return chown(KEY, (uid_t)-1, getgid()) == 0; }
static int try_utimes(void)
{
	const struct timeval times[2] = { { 1, 0 }, { 1, 0 } };

	return utimes(KEY, times) == 0;
}
static int try_setxattr(void) { return setxattr(KEY, "user.escape", "x", 1, 0) == 0; }
static int try_prlimit(void)
{
	struct rlimit now;

	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &now) == 0;
}
static int try_affinity(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 &&
	       sched_setaffinity(getppid(), sizeof(set), &set) == 0;
}
static int try_renice(void) { return setpriority(PRIO_USER, 0, 0) == 0; }
static int try_set_owner(void) { return fcntl(0, F_SETOWN, getppid()) == 0; }
static int try_symlink(void)
{
	int got = symlink("/etc", "/tmp/zoneseal-escape-link") == 0;

	if (got)
		unlink("/tmp/zoneseal-escape-link");
	return got;
}
static int try_mkdir(void)
{
	int got = mkdir("/tmp/zoneseal-escape-dir", 0700) == 0;

	if (got)
		rmdir("/tmp/zoneseal-escape-dir");
	return got;
}
static int try_unlink(void) { return unlink(KEY) == 0; }
static int try_truncate(void) { return truncate(KEY, 0) == 0; }

/* Whether all of it is had, so that other tests are not disturbed. */
static int try_memory(void)
{
	size_t huge = (size_t)10 << 30;
	char *p = malloc(huge);
	int got = p != NULL;

	free(p);
	return got;
}
static int try_descriptors(void)
{
	int last = -1, fd;

	while ((fd = dup(0)) >= 0 && fd < 5000)
		last = fd;
	for (fd = last; fd > 8; fd--)
		close(fd);
	return last >= 4999;
}

static const struct { const char *name; int (*run)(void); } tries[] = {
	{ "shadow", try_shadow }, { "passwd", try_passwd }, { "state", try_state },
	{ "procparent", try_proc_parent }, { "procself", try_proc_self },
	{ "listroot", try_list_root }, { "writetmp", try_write_tmp },
	{ "writedev", try_write_dev }, { "fork", try_fork }, { "vfork", try_vfork },
	{ "clone3", try_clone3 }, { "exec", try_exec }, { "ptrace", try_ptrace },
	{ "vmread", try_vm_read }, { "killparent", try_kill_parent },
	{ "killall", try_kill_all }, { "unix", try_unix }, { "raw", try_raw },
	{ "packet", try_packet }, { "unshare", try_unshare }, { "mount", try_mount },
	{ "chroot", try_chroot }, { "setuid", try_setuid }, { "keyctl", try_keyctl },
	{ "bpf", try_bpf }, { "uring", try_uring }, { "bind", try_bind },
	{ "chmod", try_chmod }, { "fchmodat2", try_fchmodat2 }, { "chown", try_chown },
	{ "utimes", try_utimes }, { "setxattr", try_setxattr }, { "prlimit", try_prlimit },
	{ "affinity", try_affinity }, { "renice", try_renice }, { "setowner", try_set_owner },
	{ "symlink", try_symlink }, { "mkdir", try_mkdir }, { "unlink", try_unlink },
	{ "truncate", try_truncate },
	{ "memory", try_memory }, { "descriptors", try_descriptors },
};

static int run_try(const struct zsp_change *change)
{
	const char *label = strchr(change->name.p, '.');
	size_t n = label ? strcspn(label + 1, ".") : 0;

	for (size_t i = 0; label && i < sizeof(tries) / sizeof(tries[0]); i++)
		if (strlen(tries[i].name) == n && !memcmp(tries[i].name, label + 1, n))
			return tries[i].run();
	return -1;
}

static int32_t escape(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	(void)instance;
	(void)zone;
	for (uint32_t i = 0; i < changes->n; i++) {
		int got = run_try(ZSP_ITEM(struct zsp_change, changes, i));
		const char *text = !got ? "held" : got < 0 ? "no such try" : "ESCAPED";

		bad_host->result(bad_host, i, got ? ZSP_DENIED : ZSP_OK, text, strlen(text));
	}
	return ZSP_OK;
}
