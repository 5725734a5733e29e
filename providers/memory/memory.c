/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest provider: keeps its records in the memory of its process.  An
 * example to read, and a provider for tests that need no DNS.  Its records end
 * with the process, so it is of no use for certificates.
 */
#include <stdlib.h>
#include <string.h>

#include <zoneseal/provider.h>

struct record {
	struct record *next;
	char name[254];
	char value[256];
	size_t value_len;
};

struct instance {
	const struct zsp_host *host;
	struct record *records;
};

static int32_t memory_open(const struct zsp_host *host, const struct zsp_list *values,
			   void **ret_instance)
{
	struct instance *self = calloc(1, sizeof(*self));

	(void)values;
	if (!self)
		return host->fail(host, ZSP_BUG, 0, "out of memory", 13);
	self->host = host;
	*ret_instance = self;
	return ZSP_OK;
}

/* Where the record is, or where the list ends. */
static struct record **find(struct instance *self, const struct zsp_change *change)
{
	struct record **at = &self->records;

	while (*at && (strcmp((*at)->name, change->name.p) != 0 ||
		       (*at)->value_len != change->value.n ||
		       memcmp((*at)->value, change->value.p, change->value.n) != 0))
		at = &(*at)->next;
	return at;
}

static int32_t add(struct record **end, const struct zsp_change *change)
{
	struct record *record;

	if (change->name.n >= sizeof(record->name) || change->value.n > sizeof(record->value))
		return ZSP_BUG;
	record = calloc(1, sizeof(*record));
	if (!record)
		return ZSP_BUG;
	memcpy(record->name, change->name.p, change->name.n);
	memcpy(record->value, change->value.p, change->value.n);
	record->value_len = change->value.n;
	*end = record;
	return ZSP_OK;
}

static int32_t take_out(struct record **at)
{
	struct record *record = *at;

	*at = record->next;
	free(record);
	return ZSP_OK;
}

/* Adding what is there and removing what is not there succeed: apply is idempotent. */
static int32_t memory_apply(void *instance, const struct zsp_str *zone,
			    const struct zsp_list *changes)
{
	struct instance *self = instance;

	(void)zone;
	for (uint32_t i = 0; i < changes->n; i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);
		struct record **at = find(self, change);
		int32_t class = ZSP_OK;

		if (change->op == ZSP_ADD && !*at)
			class = add(at, change);
		else if (change->op == ZSP_REMOVE && *at)
			class = take_out(at);
		self->host->result(self->host, i, class, "", 0);
	}
	return ZSP_OK;
}

static int32_t memory_live(void *instance, const struct zsp_str *zone,
			   const struct zsp_str *ticket, int32_t *ret_live)
{
	(void)instance;
	(void)zone;
	(void)ticket;
	*ret_live = 1;
	return ZSP_OK;
}

static void memory_close(void *instance)
{
	struct instance *self = instance;

	while (self->records)
		take_out(&self->records);
	free(self);
}

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_KEEPS_SIBLINGS | ZSP_FLAG_BATCH | ZSP_FLAG_NO_NETWORK),
	.name = ZSP_STR("memory"),
	.summary = ZSP_STR("Keeps records in the memory of its process, for tests"),
	.max_changes = 100,
	.open = memory_open,
	.apply = memory_apply,
	.live = memory_live,
	.close = memory_close,
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	return &provider;
}
