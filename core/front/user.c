/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/user.h.
 */
#include "front/user.h"

#include <grp.h>

int zs_user_group(const char *name, int64_t *ret, struct zs_err *err)
{
	struct group *group = getgrnam(name);
	uint64_t number;

	if (group)
		*ret = (int64_t)group->gr_gid;
	else if (zs_slice_u64(zs_slice_str(name), UINT32_MAX - 1, &number))
		*ret = (int64_t)number;
	else
		ZS_FAIL(err, ZS_E_CONFIG, "there is no group \"%s\" (key-group)", name);
	return 0;
}
