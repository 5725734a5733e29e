/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider.h alone, included twice, with nothing else, and a plugin of the least
 * possible size.  check-header compiles it as strict C99 and as C++.
 */
#include <zoneseal/provider.h>
#include <zoneseal/provider.h>

static int32_t least_open(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	*ret = NULL;
	return values->n ? host->fail(host, ZSP_CONFIG, 0, "no options", 10) : ZSP_OK;
}

static int32_t least_apply(void *instance, const struct zsp_str *zone,
			   const struct zsp_list *changes)
{
	(void)instance;
	(void)zone;
	return changes->n && ZSP_ITEM(struct zsp_change, changes, 0)->op == ZSP_ADD ? ZSP_OK :
										      ZSP_BUG;
}

static void least_close(void *instance)
{
	(void)instance;
}

static const struct zsp_provider least = {
	ZSP_PROVIDER(0), ZSP_STR("least"), ZSP_STR("The least provider"), { NULL, 0 },
	{ NULL, 0, 0 }, 0, 0, { NULL, 0 }, least_open, least_apply, NULL, NULL, NULL, least_close, NULL
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	return host_abi == ZSP_ABI ? &least : NULL;
}
