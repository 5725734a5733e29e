/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/places.h.
 */
#include "front/places.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef ZS_DATADIR
#define ZS_DATADIR "/usr/local/share/zoneseal"
#endif

bool zs_places_tree(char dst[static ZS_PLACE])
{
	char host[ZS_PLACE], *slash;
	ssize_t n = readlink("/proc/self/exe", dst, ZS_PLACE - 1);

	if (n <= 0)
		return false;
	dst[n] = 0;
	slash = strrchr(dst, '/');
	if (!slash)
		return false;
	*slash = 0;
	return snprintf(host, sizeof(host), "%.4000s/core/host/zoneseal-host", dst) < (int)sizeof(host) && access(host, X_OK) == 0;
}

int zs_places_data(const char *name, char dst[static ZS_PLACE], struct zs_err *err)
{
	char tree[ZS_PLACE];
	int n = zs_places_tree(tree) ? snprintf(dst, ZS_PLACE, "%s/plugins-sdk/%s", tree, name)
				     : snprintf(dst, ZS_PLACE, "%s/%s", ZS_DATADIR, name);

	if (n > 0 && n < ZS_PLACE && access(dst, R_OK | X_OK) == 0)
		return 0;
	zs_err_set(err, ZS_E_STORAGE, "the directory %s is not there", n > 0 && n < ZS_PLACE ? dst : name);
	zs_err_hint(err, "it belongs to zoneseal: install zoneseal completely, or run `make` in the build tree");
	return -ZS_E_STORAGE;
}
