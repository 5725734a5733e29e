/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter, built with libseccomp (the only file that includes it). */
#ifndef ZS_WRAP_SECCOMP_H
#define ZS_WRAP_SECCOMP_H

#include "base/err.h"

struct zs_seccomp {
	bool allow_exec;		/* fork, vfork, clone, execve stay */
	bool deny_socket;		/* socket(2) of any family */
	bool keeps_files;		/* chmod, rename, unlink and their kin stay */
	bool sanitizer;			/* leave ptrace and clone open */
};

/* Loads a deny-list for this process and all its threads; 0 or -code. */
int zs_seccomp_load(const struct zs_seccomp *spec, struct zs_err *err);

#endif
