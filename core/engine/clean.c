/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine/clean.h, by the same way as the removals of a running job.
 */
#include "engine/clean.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/publish.h"

enum { CLEAN_MEMORY = 8 * 1024 * 1024 };

struct clean {
	struct zs_engine *engine;
	uint32_t request;
	struct zs_arena arena;
	struct zs_publish_set set;
};

static void fail(struct zs_engine *engine, uint32_t request)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_NOMEM, "no memory for the records to clean");
	zs_chan_fail(engine->child.front_chan, request, &err);
}

static void on_cleaned(struct zs_publish_set *set, void *user)
{
	struct clean *clean = user;
	struct zs_chan *front = clean->engine->child.front_chan;
	struct zs_msg_fail *results = zs_arena_alloc(&clean->arena, set->n * sizeof(*results));

	if (results) {
		for (size_t i = 0; i < set->n; i++)
			results[i].err = set->items[i].err;
		const struct zs_msg_engine_cleaned msg = { .results = { results, (uint32_t)set->n } };
		zs_chan_reply(front, clean->request, ZS_MSG_ENGINE_CLEANED, &msg);
	} else {
		fail(clean->engine, clean->request);
	}
	zs_arena_done(&clean->arena);
	free(clean);
}

/* What front knows of the entry's instance; nothing known: one change at a time. */
static struct zs_msg_clean_instance instance_of(const struct zs_msg_engine_clean *msg, struct zs_slice name)
{
	for (uint32_t i = 0; i < msg->instances.n; i++)
		if (zs_slice_eq(msg->instances.items[i].instance, name))
			return msg->instances.items[i];
	return (struct zs_msg_clean_instance){ .max_changes = 1 };
}

static bool copy_entry(struct clean *clean, const struct zs_msg_engine_clean *msg, const struct zs_msg_entry *entry,
		       struct zs_published *item)
{
	const struct zs_msg_clean_instance instance = instance_of(msg, entry->instance);

	*item = (struct zs_published){
		.certificate = zs_arena_str(&clean->arena, entry->certificate.p, entry->certificate.n),
		.instance = zs_arena_str(&clean->arena, entry->instance.p, entry->instance.n),
		.provider = zs_arena_str(&clean->arena, entry->provider.p, entry->provider.n),
		.token = zs_arena_str(&clean->arena, entry->token.p, entry->token.n),
		.key_authorization = zs_arena_str(&clean->arena, entry->key_authorization.p, entry->key_authorization.n),
		.zone = entry->zone, .name = entry->name, .identifier = entry->identifier, .id = entry->id,
		.written = true,
		.max_changes = instance.max_changes, .zone_lock = instance.zone_lock,
	};
	return item->certificate && item->instance && item->provider && item->token && item->key_authorization &&
	       zs_slice_copy(entry->value, item->value, sizeof(item->value));
}

void zs_clean_start(struct zs_engine *engine, uint32_t request, const struct zs_msg_engine_clean *msg)
{
	struct clean *clean = calloc(1, sizeof(*clean));

	if (!clean) {
		fail(engine, request);
		return;
	}
	zs_arena_init(&clean->arena, CLEAN_MEMORY);
	clean->engine = engine;
	clean->request = request;
	clean->set = (struct zs_publish_set){
		.items = zs_arena_alloc(&clean->arena, (msg->entries.n + 1) * sizeof(struct zs_published)),
		.n = msg->entries.n, .done = on_cleaned, .user = clean,
	};
	for (uint32_t i = 0; i < msg->entries.n; i++) {
		if (!clean->set.items || !copy_entry(clean, msg, &msg->entries.items[i], &clean->set.items[i])) {
			fail(engine, request);
			zs_arena_done(&clean->arena);
			free(clean);
			return;
		}
	}
	zs_publish_remove(engine, &clean->set);
	zs_publish_poke(engine);
}
