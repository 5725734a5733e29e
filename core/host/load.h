/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the path of a plugin to its checked descriptor.  Two steps, because the
 * file is checked with the rights of the user who started us, and loaded only
 * after the process has given them up.
 */
#ifndef ZS_HOST_LOAD_H
#define ZS_HOST_LOAD_H

#include <limits.h>
#include <sys/types.h>

#include <zoneseal/provider.h>

#include "base/err.h"
#include "host/library.h"

struct zs_plugin_file {
	char path[PATH_MAX];		/* canonical */
	char directory[PATH_MAX];	/* of path */
	int fd;				/* the checked file, -1 = not open */
	char fd_path[32];		/* /proc/self/fd/N: the way to it for who cannot walk there */
	int maps_fd;			/* /proc/self/maps, opened before Landlock; -1 = none */
	struct zs_library library;	/* that it may need */
};

/* Opens and checks the file: every directory on the way, owner, mode, and that
 * it is an ELF shared object for this machine.  starter: who started us. */
int zs_plugin_file_open(const char *path, uid_t starter, struct zs_plugin_file *ret, struct zs_err *err);
void zs_plugin_file_done(struct zs_plugin_file *file);

/* Maps it (its constructors run), compares what was mapped with the checked file,
 * and copies its descriptor, with absent members NULL.  Fills *ret only on success. */
int zs_plugin_load(struct zs_plugin_file *file, struct zsp_provider *ret, struct zs_err *err);

/* The rules for the head and the functions alone: what file says in its descriptor. */
int zs_plugin_check_abi(const struct zsp_provider *found, const char *path, struct zsp_provider *ret, struct zs_err *err);

#endif
