/* SPDX-License-Identifier: Apache-2.0 */
/* Of a later minor version: its descriptor has a member that this host does not know. */
#include <string.h>

#include <zoneseal/provider.h>

struct newer_provider {
	struct zsp_provider known;
	int32_t (*added_later)(void *instance);
};

static int32_t newer_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	(void)host;
	(void)values;
	*ret_instance = NULL;
	return ZSP_OK;
}

static int32_t newer_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	(void)instance;
	(void)zone;
	(void)changes;
	return ZSP_OK;
}

static void newer_close(void *instance)
{
	(void)instance;
}

static int32_t added_later(void *instance)
{
	(void)instance;
	return ZSP_BUG;
}

static const struct newer_provider provider = {
	.known = {
		.head = { ZSP_MAGIC, ZSP_ABI_MAJOR, ZSP_ABI_MINOR + 7, (uint32_t)sizeof(struct newer_provider), 0 },
		.name = ZSP_STR("newer"),
		.summary = ZSP_STR("Is built for a later minor version, for tests"),
		.max_changes = 2,
		.open = newer_open,
		.apply = newer_apply,
		.close = newer_close,
	},
	.added_later = added_later,
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	return &provider.known;
}
