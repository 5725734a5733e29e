/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper library of the plugin SDK, which many plugins need: where it is, so that
 * the sandbox lets the linker read it.
 */
#ifndef ZS_HOST_LIBRARY_H
#define ZS_HOST_LIBRARY_H

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"

#define ZS_LIBRARY "libzoneseal-sdk.so"	/* and the number of its interface */

struct zs_library {
	char path[PATH_MAX];	/* canonical; "" = not found */
	char fd_path[32];	/* /proc/self/fd/N: the way to it for who cannot walk there */
	struct zs_err err;	/* why it must not be used; code 0 = nothing is wrong */
	int fd;			/* -1 = not open */
};

/* That of the build tree where the program runs from one, else the installed one.  As
 * with plugins, others must not be able to change it.  starter: who started us. */
void zs_library_open(uid_t starter, struct zs_library *ret);
void zs_library_done(struct zs_library *library);

#endif
