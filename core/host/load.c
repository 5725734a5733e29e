/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks, maps and identifies a plugin file.  It does not look at what the
 * descriptor says about itself beyond version and functions: that is
 * describe.c.  Runs in the host process; zs_plugin_file_open before the process
 * is confined, the rest after.
 */
#include "host/load.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fsutil.h"

enum { MAX_MAPS = 4 * 1024 * 1024 };

#define ENTRY "zoneseal_provider"

typedef const struct zsp_provider *entry_fn(uint32_t host_abi);

/* ---- the file -------------------------------------------------------------- */

static int check_stat(const char *path, const struct stat *st, uid_t starter,
		      struct zs_err *err)
{
	if (!S_ISREG(st->st_mode))
		ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s is not a regular file", path);
	if (!zs_fs_owner_ok(st->st_uid, starter))
		ZS_FAIL(err, ZS_E_PERMISSION,
			"plugin %s belongs to user %u; it must belong to root or to user %u",
			path, st->st_uid, starter);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		ZS_FAIL(err, ZS_E_PERMISSION,
			"plugin %s can be written by others (mode %04o)", path,
			st->st_mode & 07777);
	return 0;
}

static uint16_t own_machine(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#elif defined(__i386__)
	return EM_386;
#elif defined(__arm__)
	return EM_ARM;
#elif defined(__riscv)
	return EM_RISCV;
#elif defined(__powerpc64__)
	return EM_PPC64;
#elif defined(__s390__)
	return EM_S390;
#else
	return EM_NONE;		/* not known here: dlopen decides */
#endif
}

/* The linker says "invalid ELF header" and the like; this names the cause. */
static int check_elf(int fd, const char *path, struct zs_err *err)
{
	ElfW(Ehdr) head;
	unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;

	memset(&head, 0, sizeof(head));
	if (pread(fd, &head, sizeof(head), 0) < 0)
		return zs_err_sys(err, ZS_E_PLUGIN, errno, "reading plugin %s", path);
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s is not an ELF file", path);
	if (head.e_ident[EI_CLASS] != class)
		ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s is for a %d-bit machine, this one has %d bits",
			path, head.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
			(int)(8 * sizeof(void *)));
	if (head.e_type != ET_DYN)
		ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s is an ELF file but no shared object", path);
	if (own_machine() != EM_NONE && head.e_machine != own_machine())
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s is for another machine (ELF machine %u, here %u)",
			path, head.e_machine, own_machine());
	return 0;
}

static int canonical(const char *path, struct zs_plugin_file *ret, struct zs_err *err)
{
	char *slash;

	if (!realpath(path, ret->path))
		return zs_err_sys(err, ZS_E_PLUGIN, errno, "plugin %s", path);
	memcpy(ret->directory, ret->path, sizeof(ret->directory));
	slash = strrchr(ret->directory, '/');
	if (slash && slash != ret->directory)
		*slash = 0;
	return 0;
}

static int open_checked(const char *path, uid_t starter, struct zs_plugin_file *file,
			struct zs_err *err)
{
	struct stat st;
	int rc = zs_fs_check_way(path, starter, err);

	if (rc && err->code != ZS_E_PERMISSION)
		err->code = ZS_E_PLUGIN;	/* there is no such file */
	if (rc)
		return zs_err_prefix(err, "plugin");
	file->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file->fd < 0 && errno == ELOOP)
		ZS_FAIL(err, ZS_E_PERMISSION,
			"plugin %s is a symbolic link; name the file itself", path);
	if (file->fd < 0)
		return zs_err_sys(err, ZS_E_PLUGIN, errno, "plugin %s", path);
	if (fstat(file->fd, &st) < 0)
		return zs_err_sys(err, ZS_E_PLUGIN, errno, "plugin %s", path);
	rc = check_stat(path, &st, starter, err);
	if (!rc)
		rc = check_elf(file->fd, path, err);
	return rc ? rc : canonical(path, file, err);
}

int zs_plugin_file_open(const char *path, uid_t starter, struct zs_plugin_file *ret,
			struct zs_err *err)
{
	int rc;

	ret->fd = ret->maps_fd = ret->library.fd = -1;
	if (*path != '/')
		ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s: not an absolute path", path);
	rc = open_checked(path, starter, ret, err);
	if (rc) {
		zs_err_where(err, "%s", path);
		zs_plugin_file_done(ret);
		return rc;
	}
	snprintf(ret->fd_path, sizeof(ret->fd_path), "/proc/self/fd/%d", ret->fd);
	ret->maps_fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	zs_library_open(starter, &ret->library);
	return 0;
}

void zs_plugin_file_done(struct zs_plugin_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->maps_fd >= 0)
		close(file->maps_fd);
	file->fd = file->maps_fd = -1;
	zs_library_done(&file->library);
}

/* ---- what was mapped ------------------------------------------------------- */

static struct zs_slice hex(struct zs_slice s, uintptr_t *ret)
{
	uintptr_t v = 0;
	size_t i;

	for (i = 0; i < s.n; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = s.p[i] ? strchr(digits, s.p[i]) : NULL;

		if (!at)
			break;
		v = v << 4 | (uintptr_t)(at - digits);
	}
	*ret = v;
	return zs_slice_of(s.p + i, s.n - i);
}

/* "start-end perms offset dev inode path": true when address is inside; *ret is
 * then "dev inode". */
static bool map_line(struct zs_slice line, uintptr_t address, struct zs_slice *ret)
{
	uintptr_t start, end;
	struct zs_slice rest = hex(line, &start), dev;

	if (!rest.n || *rest.p != '-')
		return false;
	rest = hex(zs_slice_of(rest.p + 1, rest.n - 1), &end);
	if (address < start || address >= end)
		return false;
	rest = zs_slice_trim(rest);
	zs_slice_cut(&rest, ' ');	/* permissions */
	zs_slice_cut(&rest, ' ');	/* offset */
	dev = rest;
	zs_slice_cut(&rest, ' ');
	zs_slice_cut(&rest, ' ');
	*ret = zs_slice_trim(zs_slice_of(dev.p, dev.n - rest.n));
	return true;
}

static struct zs_slice file_at(const struct zs_buf *maps, const void *address)
{
	struct zs_slice rest = zs_buf_slice(maps), found = ZS_SLICE_NONE;

	while (rest.n) {
		struct zs_slice line = zs_slice_cut(&rest, '\n');

		if (map_line(line, (uintptr_t)address, &found))
			break;
	}
	return found;
}

/*
 * Device and inode of the plugin's mapping against those of a mapping of the
 * checked descriptor: both as the kernel prints them in one place, since stat
 * shows other devices on some file systems.
 */
static bool same_file(const struct zs_plugin_file *file, const void *mapped,
		      struct zs_err *err)
{
	struct zs_buf maps = ZS_BUF(MAX_MAPS);
	struct zs_slice ours, theirs;
	void *probe = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, file->fd, 0);
	bool same = false;

	if (probe == MAP_FAILED || zs_fs_read_fd(file->maps_fd, &maps, err))
		goto out;
	ours = file_at(&maps, probe);
	theirs = file_at(&maps, mapped);
	same = ours.n && zs_slice_eq(ours, theirs);
out:
	if (probe != MAP_FAILED)
		munmap(probe, 1);
	zs_buf_done(&maps);
	return same;
}

/* Without /proc the file behind the name is compared. */
static bool same_name(const struct zs_plugin_file *file, const char *name)
{
	struct stat a, b;

	return !fstat(file->fd, &a) && !stat(name, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int check_mapped(const struct zs_plugin_file *file, void *handle, const char *name,
			struct zs_err *err)
{
	struct link_map *map = NULL;
	bool same;

	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) || !map)
		ZS_FAIL(err, ZS_E_PLUGIN, "plugin %s: no link map", file->path);
	same = file->maps_fd >= 0 ? same_file(file, map->l_ld, err) : same_name(file, name);
	if (!same)
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s was replaced between the check and the load", file->path);
	return 0;
}

/* ---- loading --------------------------------------------------------------- */

static bool is_readable_by_name(const struct zs_plugin_file *file)
{
	return same_name(file, file->path) && !access(file->path, R_OK);
}

/* The linker's own words, with a word about what usually is behind them. */
static int dl_failed(const struct zs_plugin_file *file, const char *says, struct zs_err *err)
{
	if (!says)
		says = "no reason given";
	zs_err_set(err, ZS_E_PLUGIN, "plugin %s does not load: %s", file->path, says);
	if (strstr(says, ZS_LIBRARY) && file->library.err.code)
		zs_err_hint(err, "that library is not used: %s", file->library.err.text);
	else if (strstr(says, "cannot open shared object file"))
		zs_err_hint(err, "a library that the plugin needs is missing or hidden by the "
			    "sandbox; see `ldd %s`", file->path);
	else if (strstr(says, "undefined symbol"))
		zs_err_hint(err, "link the plugin with -Wl,-z,defs to find what is missing");
	return -ZS_E_PLUGIN;
}

/* Once it is there, the linker knows it by its soname, whatever the plugin's run path is
 * and whether the unprivileged user can walk to it. */
static bool load_library(const struct zs_library *library)
{
	const char *name = access(library->path, R_OK) ? library->fd_path : library->path;

	return dlopen(name, RTLD_NOW | RTLD_LOCAL) != NULL;
}

/* *ret_says: why it is NULL. */
static void *map_plugin(const struct zs_plugin_file *file, char name[static PATH_MAX], const char **ret_says)
{
	void *handle;

	if (is_readable_by_name(file))
		memcpy(name, file->path, PATH_MAX);
	else
		/* The unprivileged user cannot walk to it (a checkout in /root). */
		snprintf(name, PATH_MAX, "%s", file->fd_path);
	dlerror();
	handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	*ret_says = handle ? NULL : dlerror();
	if (handle || !*ret_says || !strstr(*ret_says, ZS_LIBRARY) || file->library.fd < 0)
		return handle;
	if (load_library(&file->library))
		handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	*ret_says = handle ? NULL : dlerror();
	return handle;
}

static int call_entry(const struct zs_plugin_file *file, void *handle, struct zsp_provider *ret,
		      struct zs_err *err)
{
	const struct zsp_provider *found;
	entry_fn *entry;
	void *symbol = dlsym(handle, ENTRY);

	if (!symbol)
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s has no symbol " ENTRY "; it is no zoneseal plugin, or hides it "
			"(ABI.md, section Entry)", file->path);
	memcpy(&entry, &symbol, sizeof(entry));
	found = entry(ZSP_ABI);
	if (!found)
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s does not want to work with ABI %d.%d of this zoneseal "
			"(ABI.md, section Versions)", file->path, ZSP_ABI_MAJOR, ZSP_ABI_MINOR);
	return zs_plugin_check_abi(found, file->path, ret, err);
}

int zs_plugin_load(struct zs_plugin_file *file, struct zsp_provider *ret, struct zs_err *err)
{
	char name[PATH_MAX];
	struct zsp_provider copy;
	const char *says;
	void *handle = map_plugin(file, name, &says);
	int rc;

	if (!handle)
		rc = dl_failed(file, says, err);
	else
		rc = check_mapped(file, handle, name, err);
	if (!rc)
		rc = call_entry(file, handle, &copy, err);
	zs_plugin_file_done(file);
	zs_err_where(rc ? err : NULL, "%s", file->path);
	/* Never dlclose: threads and atexit handlers of the plugin may be alive. */
	if (!rc)
		*ret = copy;
	return rc;
}

/* ---- the ABI --------------------------------------------------------------- */

/* Every descriptor has what 1.0 has: up to policy, its last member. */
#define ABI_1_0_SIZE (offsetof(struct zsp_provider, policy) + sizeof(((struct zsp_provider *)NULL)->policy))

static int check_head(const struct zsp_head *head, const char *path, struct zs_err *err)
{
	uint32_t unknown = head->flags & ZSP_FLAGS_MUST_UNDERSTAND &
			   ~(ZSP_FLAG_NEEDS_ZONE_LOCK | ZSP_FLAG_EXECS);

	if (head->magic != ZSP_MAGIC)
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s: magic number 0x%08x, wanted 0x%08x; its descriptor is "
			"something else (ABI.md, section Head)", path, head->magic, ZSP_MAGIC);
	if (head->abi_major != ZSP_ABI_MAJOR)
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s is built for ABI %u.%u, this zoneseal has %d.%d, and the first "
			"numbers must be equal: build it again (ABI.md, section Versions)",
			path, head->abi_major, head->abi_minor, ZSP_ABI_MAJOR, ZSP_ABI_MINOR);
	if (head->struct_size < ABI_1_0_SIZE)
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s: descriptor of %u octets, wanted at least %zu "
			"(ABI.md, section Sizes)", path, head->struct_size, ABI_1_0_SIZE);
	if (unknown)
		ZS_FAIL(err, ZS_E_PLUGIN,
			"plugin %s: flags 0x%08x are unknown here and must be understood; it "
			"needs a newer zoneseal (ABI.md, section Flags)", path, unknown);
	return 0;
}

static int check_functions(const struct zsp_provider *p, const char *path, struct zs_err *err)
{
	const struct { const char *name; bool there; } mandatory[] = {
		{ "open", p->open != NULL },
		{ "apply", p->apply != NULL },
		{ "close", p->close != NULL },
	};

	for (size_t i = 0; i < ZS_COUNT(mandatory); i++)
		if (!mandatory[i].there)
			ZS_FAIL(err, ZS_E_PLUGIN,
				"plugin %s: the mandatory function %s is NULL "
				"(ABI.md, section Functions)", path, mandatory[i].name);
	return 0;
}

int zs_plugin_check_abi(const struct zsp_provider *found, const char *path,
			struct zsp_provider *ret, struct zs_err *err)
{
	struct zsp_provider copy;
	size_t n = sizeof(copy);
	int rc = check_head(&found->head, path, err);

	if (rc)
		return rc;
	memset(&copy, 0, sizeof(copy));
	if (n > found->head.struct_size)
		n = found->head.struct_size;
	memcpy(&copy, found, n);
	rc = check_functions(&copy, path, err);
	if (!rc)
		*ret = copy;
	return rc;
}
