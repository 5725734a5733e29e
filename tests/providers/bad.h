/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider that behaves, in pieces.  A misbehaving plugin defines the piece
 * that it breaks (BAD_...) before it includes this file, and gets the rest.
 */
#ifndef TESTS_PROVIDERS_BAD_H
#define TESTS_PROVIDERS_BAD_H

#include <string.h>

#include <zoneseal/provider.h>

#ifndef BAD_NO_HOST
static const struct zsp_host *bad_host;
#endif

#ifndef BAD_OPEN
#define BAD_OPEN bad_open
static int32_t bad_open(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	(void)values;
	bad_host = host;
	*ret = NULL;
	return ZSP_OK;
}
#endif

#ifndef BAD_APPLY
#define BAD_APPLY bad_apply
static int32_t bad_apply(void *instance, const struct zsp_str *zone,
			 const struct zsp_list *changes)
{
	(void)instance;
	(void)zone;
	(void)changes;
	(void)bad_host;
	return ZSP_OK;
}
#endif

#ifndef BAD_CLOSE
#define BAD_CLOSE bad_close
static void bad_close(void *instance)
{
	(void)instance;
}
#endif

#ifndef BAD_MAGIC
#define BAD_MAGIC ZSP_MAGIC
#endif
#ifndef BAD_MAJOR
#define BAD_MAJOR ZSP_ABI_MAJOR
#endif
#ifndef BAD_MINOR
#define BAD_MINOR ZSP_ABI_MINOR
#endif
#ifndef BAD_SIZE
#define BAD_SIZE ((uint32_t)sizeof(struct zsp_provider))
#endif
#ifndef BAD_FLAGS
#define BAD_FLAGS ZSP_FLAG_BATCH
#endif
#ifndef BAD_NAME
#define BAD_NAME "bad"
#endif
#ifndef BAD_OPTIONS
#define BAD_OPTIONS { NULL, 0, 0 }
#endif
#ifndef BAD_ENTRY
#define BAD_ENTRY return &bad_provider
#endif

static const struct zsp_provider bad_provider __attribute__((unused)) = {
	.head = { BAD_MAGIC, BAD_MAJOR, BAD_MINOR, BAD_SIZE, BAD_FLAGS },
	.name = ZSP_STR(BAD_NAME),
	.summary = ZSP_STR("Misbehaves, for tests"),
	.options = BAD_OPTIONS,
	.max_changes = 100,
	.open = BAD_OPEN,
	.apply = BAD_APPLY,
	.close = BAD_CLOSE,
};

#ifndef BAD_NO_ENTRY
ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	BAD_ENTRY;
}
#endif

/* The signature of apply, for plugins that break it. */
#define BAD_APPLY_HEAD(name) \
	static int32_t name(void *instance, const struct zsp_str *zone, \
			    const struct zsp_list *changes)
#define BAD_UNUSED ((void)instance, (void)zone, (void)changes)

#endif
