/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each process takes away from itself, in one table by role: user,
 * capabilities, limits, files (Landlock by raw system calls, so that neither a
 * library nor new kernel headers are needed) and system calls (wrap/seccomp).
 * Front applies only its own row: it starts children and hooks.
 */
#include "ipc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsutil.h"
#include "wrap/seccomp.h"

#if defined(ZS_SANITIZE) && ZS_SANITIZE
enum { SANITIZER = 1 };
#else
enum { SANITIZER = 0 };
#endif

#define SERVICE_USER "zoneseal"
#define FALLBACK_USER "nobody"

/* ---- the table ---- */

/* Loader paths: what dlopen of a library of the system reads. */
static const char *const loader_paths[] = {
	"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64",
	"/etc/ld.so.cache", NULL
};

/* libcurl, OpenSSL and name look-up; never /etc as a whole. */
static const char *const client_paths[] = {
	"/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
	"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf",
	"/etc/pki/ca-trust/extracted", "/etc/crypto-policies", "/dev/urandom", NULL
};

static const char *const probe_paths[] = { "/etc/resolv.conf", NULL };
static const char *const no_paths[] = { NULL };

struct rule {
	bool child;			/* gives up everything; front only what it can */
	bool change_uid;		/* when started as root */
	bool network;
	bool loader;			/* may load libraries after confinement */
	bool keeps_files;		/* the state tree */
	const char *const *read;
	rlim_t files;			/* open descriptors */
	rlim_t file_size, data;		/* octets */
};

enum { KIB = 1024, MIB = 1024 * KIB };
static const struct rule rules[] = {
	[ZS_ROLE_FRONT] = { .read = no_paths },
	[ZS_ROLE_ENGINE] = { .child = true, .change_uid = true, .network = true, .loader = true, .read = client_paths,
			     .files = 1024, .file_size = MIB, .data = (rlim_t)2048 * MIB },
	[ZS_ROLE_VAULT] = { .child = true, .keeps_files = true, .read = no_paths, .files = 512, .file_size = 64 * MIB,
			    .data = (rlim_t)1024 * MIB },
	[ZS_ROLE_PROBE] = { .child = true, .change_uid = true, .network = true, .loader = true, .read = probe_paths,
			    .files = 1024, .file_size = MIB, .data = (rlim_t)1024 * MIB },
	[ZS_ROLE_HOST] = { .child = true, .change_uid = true, .network = true, .loader = true, .read = client_paths,
			   .files = 256, .file_size = MIB, .data = (rlim_t)2048 * MIB },
};
_Static_assert(ZS_COUNT(rules) == ZS_ROLE__COUNT, "one rule per role");

/* Facts of this process that the kernel does not tell afterwards. */
static uint32_t landlock_in_force;
static bool seccomp_in_force;		/* ours: who started us may have set one, too */
static char missing_text[sizeof(((struct zs_confinement *)0)->missing)];

static void ZS_PRINTF(1, 2) lacks(const char *fmt, ...)
{
	size_t n = strlen(missing_text);
	va_list ap;

	if (n && n + 2 < sizeof(missing_text)) {
		memcpy(missing_text + n, "; ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	(void)vsnprintf(missing_text + n, sizeof(missing_text) - n, fmt, ap);
	va_end(ap);
}

/* ---- user ---- */

/* In a user namespace only some numbers exist (a test lab maps root alone). */
static bool line_maps(struct zs_slice line, uint64_t id)
{
	uint64_t fields[3] = { 0, 0, 0 };

	for (size_t i = 0; i < ZS_COUNT(fields); i++) {
		struct zs_slice word;

		line = zs_slice_trim(line);
		word = zs_slice_cut(&line, ' ');
		if (!zs_slice_u64(word, UINT32_MAX, &fields[i]))
			return false;
	}
	return id >= fields[0] && id - fields[0] < fields[2];
}

/* Without such a map every number exists. */
static bool is_mapped(const char *map, uint64_t id)
{
	struct zs_buf text = ZS_BUF(16 * KIB);
	struct zs_slice rest;
	bool found = zs_fs_read(AT_FDCWD, map, &text, NULL) != 0;

	rest = zs_buf_slice(&text);
	while (!found && rest.n)
		found = line_maps(zs_slice_cut(&rest, '\n'), id);
	zs_buf_done(&text);
	return found;
}

static bool may_set_groups(void)
{
	char word[8] = "";
	int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, word, sizeof(word) - 1);

	if (fd >= 0)
		(void)close(fd);
	return n <= 0 || strncmp(word, "deny", 4) != 0;
}

struct user { uid_t uid; gid_t gid; };

static int become_user(struct user user, struct zs_err *err)
{
	if (may_set_groups()) {
		if (setgroups(0, NULL) < 0)
			return zs_err_sys(err, ZS_E_PERMISSION, errno, "cannot drop the supplementary groups");
	} else {
		lacks("groups kept (user namespace)");
	}
	if (setresgid(user.gid, user.gid, user.gid) < 0 || setresuid(user.uid, user.uid, user.uid) < 0)
		return zs_err_sys(err, ZS_E_PERMISSION, errno, "cannot become uid %u", (unsigned)user.uid);
	if (user.uid != 0 && (setuid(0) == 0 || geteuid() == 0))
		ZS_FAIL(err, ZS_E_PERMISSION, "uid 0 can be had back");
	return 0;
}

static bool find_user(struct user *ret)
{
	const struct passwd *entry = getpwnam(SERVICE_USER);

	if (!entry) {
		lacks("user " SERVICE_USER " (runs as " FALLBACK_USER ")");
		entry = getpwnam(FALLBACK_USER);
	}
	if (entry)
		*ret = (struct user){ .uid = entry->pw_uid, .gid = entry->pw_gid };
	return entry && entry->pw_uid != 0;
}

/* The vault works as whoever owns the state tree. */
static bool find_owner(const struct zs_sandbox *sandbox, struct user *ret)
{
	struct stat st;

	if (!sandbox->write_paths || !sandbox->write_paths[0] || stat(sandbox->write_paths[0], &st) < 0)
		return false;
	*ret = (struct user){ .uid = st.st_uid, .gid = st.st_gid };
	return st.st_uid != 0;
}

static int change_user(const struct zs_sandbox *sandbox, struct zs_err *err)
{
	bool change = rules[sandbox->role].change_uid;
	struct user user;

	if (geteuid() != 0)
		return 0;
	if (!(change ? find_user(&user) : find_owner(sandbox, &user))) {
		if (change)
			ZS_FAIL(err, ZS_E_PERMISSION, "neither user %s nor %s exists", SERVICE_USER, FALLBACK_USER);
		return 0;
	}
	if (!is_mapped("/proc/self/uid_map", user.uid) || !is_mapped("/proc/self/gid_map", user.gid)) {
		lacks("uid change (uid %u is not in this user namespace)", (unsigned)user.uid);
		return 0;
	}
	/* Capabilities survive the change of user only so far that keep_chown can keep one. */
	(void)prctl(PR_SET_KEEPCAPS, sandbox->keep_chown ? 1L : 0L, 0L, 0L, 0L);
	return become_user(user, err);
}

/* ---- capabilities and privileges ---- */

static int set_caps(uint64_t caps, struct zs_err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)caps, .permitted = (uint32_t)caps },
		{ .effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32) },
	};

	if (syscall(SYS_capset, &head, data) < 0)
		return zs_err_sys(err, ZS_E_PERMISSION, errno, "cannot drop capabilities");
	return 0;
}

static uint64_t get_caps(uint64_t *ret_permitted)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (syscall(SYS_capget, &head, data) < 0)
		return UINT64_MAX;
	if (ret_permitted)
		*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static int drop_caps(const struct zs_sandbox *sandbox, struct zs_err *err)
{
	uint64_t permitted = 0, chown_bit = UINT64_C(1) << CAP_CHOWN;

	(void)get_caps(&permitted);
	(void)prctl(PR_CAP_AMBIENT, (long)PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L);
	return set_caps(sandbox->keep_chown ? permitted & chown_bit : 0, err);
}

/* While there still is CAP_SETPCAP; without it exec is refused anyway. */
static void drop_bounding(void)
{
	for (long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0L, 0L, 0L) == 1)
			(void)prctl(PR_CAPBSET_DROP, cap, 0L, 0L, 0L);
}

static int lock_privileges(pid_t parent, struct zs_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		return zs_err_sys(err, ZS_E_PERMISSION, errno, "cannot set no_new_privs");
	/* Once more: the change of user took back what was set before exec. */
	if (prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L) < 0)
		return zs_err_sys(err, ZS_E_PERMISSION, errno, "cannot set the parent-death signal");
	if (getppid() != parent)
		ZS_FAIL(err, ZS_E_CANCELLED, "the parent process has ended");
	return 0;
}

/* ---- limits ---- */

static void limit(__rlimit_resource_t resource, rlim_t max, const char *name)
{
	struct rlimit now;

	if (getrlimit(resource, &now) < 0)
		now.rlim_max = RLIM_INFINITY;
	if (now.rlim_max > max)
		now.rlim_max = max;
	now.rlim_cur = now.rlim_max;
	if (setrlimit(resource, &now) < 0)
		lacks("limit %s", name);
}

static void set_limits(const struct rule *rule)
{
	limit(RLIMIT_CORE, 0, "core");
	if (!rule->child)
		return;
	limit(RLIMIT_NOFILE, rule->files, "nofile");
	limit(RLIMIT_FSIZE, rule->file_size, "fsize");
	/* A write past it is an error to be reported, not a death. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* The sanitizers' shadow memory alone is larger than any useful limit. */
	if (!SANITIZER)
		limit(RLIMIT_DATA, rule->data, "data");
}

/* ---- Landlock ---- */

/* As in linux/landlock.h of later kernels than the headers here may be from. */
enum {
	LL_EXECUTE = 1 << 0,
	LL_WRITE_FILE = 1 << 1,
	LL_READ_FILE = 1 << 2,
	LL_READ_DIR = 1 << 3,
	LL_REMOVE_DIR = 1 << 4,
	LL_REMOVE_FILE = 1 << 5,
	LL_MAKE_DIR = 1 << 7,
	LL_MAKE_REG = 1 << 8,
	LL_MAKE_SYM = 1 << 12,
	LL_REFER = 1 << 13,
	LL_TRUNCATE = 1 << 14,
	LL_IOCTL_DEV = 1 << 15,
	LL_FS_1 = (1 << 13) - 1,	/* all rights of ABI 1 */

	LL_BIND_TCP = 1 << 0,
	LL_CONNECT_TCP = 1 << 1,

	LL_SCOPE_UNIX = 1 << 0,		/* abstract sockets outside */
	LL_SCOPE_SIGNAL = 1 << 1,	/* processes outside */

	LL_READ = LL_READ_FILE | LL_READ_DIR,
	LL_RUN = LL_READ | LL_EXECUTE,
	LL_WRITE = LL_READ | LL_WRITE_FILE | LL_REMOVE_DIR | LL_REMOVE_FILE | LL_MAKE_DIR | LL_MAKE_REG | LL_MAKE_SYM |
		   LL_REFER | LL_TRUNCATE,
	LL_OF_FILE = LL_EXECUTE | LL_WRITE_FILE | LL_READ_FILE | LL_TRUNCATE | LL_IOCTL_DEV,

	LL_RULE_PATH = 1,
	LL_RULE_PORT = 2,
	LL_VERSION_FLAG = 1
};

struct ll_ruleset { uint64_t fs, net, scoped; };
struct ll_path { uint64_t allowed; int32_t fd; } __attribute__((packed));
struct ll_port { uint64_t allowed, port; };

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

static uint64_t fs_rights(uint32_t abi)
{
	return (uint64_t)LL_FS_1 | (abi >= 2 ? LL_REFER : 0) | (abi >= 3 ? LL_TRUNCATE : 0) | (abi >= 5 ? LL_IOCTL_DEV : 0);
}

/* Nobody listens; only some connect. The struct grew with the ABI. */
static size_t fill_ruleset(struct ll_ruleset *set, uint32_t abi, bool network)
{
	*set = (struct ll_ruleset){ .fs = fs_rights(abi) };
	if (abi >= 4)
		set->net = LL_BIND_TCP | (network ? 0u : (unsigned)LL_CONNECT_TCP);
	if (abi >= 6)
		set->scoped = LL_SCOPE_UNIX | LL_SCOPE_SIGNAL;
	return abi >= 6 ? sizeof(*set) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

struct ruleset { int fd; uint64_t rights, net; };

/* What is missing needs no permission; what cannot be opened could not be read either. */
static bool allow(const struct ruleset *set, const char *path, uint64_t rights)
{
	struct ll_path rule = { .allowed = rights & set->rights };
	struct stat st;
	bool good;

	rule.fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.fd < 0)
		return true;
	if (fstat(rule.fd, &st) < 0 || !S_ISDIR(st.st_mode))
		rule.allowed &= LL_OF_FILE;
	good = syscall(SYS_landlock_add_rule, set->fd, LL_RULE_PATH, &rule, 0) == 0;
	(void)close(rule.fd);
	return good;
}

static bool allow_all(const struct ruleset *set, const char *const *paths, uint64_t rights)
{
	bool good = true;

	for (size_t i = 0; paths && paths[i]; i++)
		good = allow(set, paths[i], rights) && good;
	return good;
}

/* A manager of resolv.conf replaces the file behind the link: its directory stays. */
static bool allow_resolver_dir(const struct ruleset *set)
{
	char path[PATH_MAX];
	char *slash;

	if (!realpath("/etc/resolv.conf", path) || strncmp(path, "/run/", 5) != 0)
		return true;
	slash = strrchr(path, '/');
	if (slash <= path + 4)
		return true;
	*slash = 0;
	return allow(set, path, LL_READ);
}

/* Stack traces read the program; the leak checker reads /proc. */
static bool allow_sanitizer(const struct ruleset *set)
{
	return !SANITIZER || (allow(set, "/proc", LL_READ) && allow(set, "/proc/self/exe", LL_READ) &&
			      allow_all(set, loader_paths, LL_READ));
}

/*
 * For the programs of a plugin: those of the system, and what the plugin's options name.
 * Of /etc only what interpreters and usual tools read and what holds no secret.
 */
static bool allow_helpers(const struct ruleset *set, const char *const *own)
{
	static const char *const programs[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr", NULL };
	static const char *const settings[] = { "/etc/passwd", "/etc/group", "/etc/localtime", "/etc/protocols", "/etc/krb5.conf",
						"/etc/perl", "/etc/python3", "/dev/zero", "/dev/random", NULL };

	return allow_all(set, programs, LL_RUN) && allow_all(set, own, LL_RUN) && allow_all(set, settings, LL_READ) &&
	       allow(set, "/dev/null", LL_READ_FILE | LL_WRITE_FILE);
}

/* Some tools (nsupdate) bind also where they connect: to a port that the kernel chooses. */
static bool allow_any_source_port(const struct ruleset *set)
{
	const struct ll_port rule = { .allowed = set->net & LL_BIND_TCP, .port = 0 };

	return !rule.allowed || syscall(SYS_landlock_add_rule, set->fd, LL_RULE_PORT, &rule, 0) == 0;
}

static bool fill(const struct ruleset *set, const struct zs_sandbox *sandbox)
{
	const struct rule *rule = &rules[sandbox->role];
	bool good = allow_all(set, rule->read, LL_READ) && allow_all(set, sandbox->read_paths, LL_READ) &&
		    allow_all(set, sandbox->write_paths, LL_WRITE) && allow_sanitizer(set);

	if (good && rule->loader)
		good = allow_all(set, loader_paths, LL_READ);
	if (good && rule->network)
		good = allow_resolver_dir(set);
	if (good && sandbox->may_exec)
		good = allow_helpers(set, sandbox->read_paths) && allow_any_source_port(set);
	return good;
}

/* What an older kernel leaves open, by the ABI that closes it. */
static const struct { uint32_t abi; const char *what; } since[] = {
	{ 3, "truncation" },
	{ 4, "TCP rules" },
	{ 6, "signal scope" },
};

static void note_old_abi(uint32_t abi)
{
	for (size_t i = 0; i < ZS_COUNT(since); i++)
		if (abi < since[i].abi)
			lacks("Landlock %s (ABI %u)", since[i].what, abi);
}

static bool has_network(const struct zs_sandbox *sandbox)
{
	return rules[sandbox->role].network && !sandbox->no_network;
}

static void restrict_files(const struct zs_sandbox *sandbox)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_VERSION_FLAG);
	struct ll_ruleset wanted;
	struct ruleset set;
	size_t size;

	if (abi < 1) {
		lacks("Landlock");
		return;
	}
	size = fill_ruleset(&wanted, (uint32_t)abi, has_network(sandbox));
	set.rights = wanted.fs;
	set.net = wanted.net;
	set.fd = (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
	if (set.fd >= 0 && fill(&set, sandbox) && syscall(SYS_landlock_restrict_self, set.fd, 0) == 0) {
		landlock_in_force = (uint32_t)abi;
		note_old_abi((uint32_t)abi);
	} else {
		lacks("Landlock (%s)", strerror(errno));
	}
	if (set.fd >= 0)
		(void)close(set.fd);
}

/* ---- seccomp ---- */

static void restrict_calls(const struct zs_sandbox *sandbox)
{
	const struct zs_seccomp spec = {
		.allow_exec = sandbox->may_exec,
		.deny_socket = !has_network(sandbox),
		.keeps_files = rules[sandbox->role].keeps_files,
		.sanitizer = SANITIZER,
	};
	struct zs_err err;

	seccomp_in_force = !zs_seccomp_load(&spec, &err);
	if (!seccomp_in_force)
		lacks("seccomp");
}

/* ---- all of it ---- */

static int apply_child(const struct zs_sandbox *sandbox, pid_t parent, struct zs_err *err)
{
	int rc;

	drop_bounding();
	rc = change_user(sandbox, err);
	if (!rc)
		rc = drop_caps(sandbox, err);
	if (!rc)
		rc = lock_privileges(parent, err);
	return rc;
}

int zs_sandbox_apply(const struct zs_sandbox *sandbox, struct zs_confinement *ret, struct zs_err *err)
{
	pid_t parent = getppid();
	const struct rule *rule;
	int rc;

	if ((size_t)sandbox->role >= ZS_COUNT(rules))
		ZS_FAIL(err, ZS_E_BUG, "unknown role");
	rule = &rules[sandbox->role];
	missing_text[0] = 0;
	rc = rule->child ? apply_child(sandbox, parent, err) : 0;
	if (rc)
		return zs_err_prefix(err, "cannot confine %s", zs_role_name(sandbox->role));
	set_limits(rule);
	if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0)
		lacks("dumpable off");
	if (rule->child) {
		restrict_files(sandbox);
		restrict_calls(sandbox);
	}
	zs_sandbox_describe(ret);
	return 0;
}

/* No rule lets a process list the root directory, so this shows whether Landlock holds. */
static bool root_is_closed(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd);
	return fd < 0 && errno == EACCES;
}

void zs_sandbox_describe(struct zs_confinement *ret)
{
	*ret = (struct zs_confinement){
		.uid = (uint32_t)geteuid(),
		.landlock = landlock_in_force && root_is_closed() ? landlock_in_force : 0,
		.seccomp = seccomp_in_force && prctl(PR_GET_SECCOMP, 0L, 0L, 0L, 0L) == SECCOMP_MODE_FILTER,
		.dumpable = prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) != 0,
		.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1,
		.capabilities = get_caps(NULL),
	};
	memcpy(ret->missing, missing_text, sizeof(ret->missing));
}
