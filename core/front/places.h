/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the parts of an installation are, and the same in a build tree: what runs
 * uninstalled finds its parts beside itself, never through an environment variable.
 */
#ifndef ZS_FRONT_PLACES_H
#define ZS_FRONT_PLACES_H

#include "base/err.h"

enum { ZS_PLACE = 4096 };

/* The build tree that the running program lies in; false when it is installed. */
bool zs_places_tree(char dst[static ZS_PLACE]);
/* A directory of shared data: "conformance", "template". 0, or -code where it is not there. */
int zs_places_data(const char *name, char dst[static ZS_PLACE], struct zs_err *err);

#endif
