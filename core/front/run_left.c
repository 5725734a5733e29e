/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that dead runs left in DNS (front/run_state.h): granted to their hosts
 * and removed through the engine, beside the jobs of this run.
 */
#include "front/run_state.h"

#include <stdlib.h>

enum { CLEAN_MS = 120 * 1000, LEFT_MAX = 65536 };

static void keep_entry(struct zs_run *run, const struct zs_msg_entry *entry)
{
	struct zs_run_left *left = zs_vec_push(&run->left, LEFT_MAX);

	if (!left)
		return;
	left->id = entry->id;
	left->zone = entry->zone;
	left->name = entry->name;
	left->added = entry->added;
	left->live = entry->live;
	zs_slice_copy(entry->certificate, left->certificate, sizeof(left->certificate));
	zs_slice_copy(entry->instance, left->instance, sizeof(left->instance));
	zs_slice_copy(entry->provider, left->provider, sizeof(left->provider));
	zs_slice_copy(entry->value, left->value, sizeof(left->value));
}

void zs_run_left_keep(struct zs_run *run, const struct zs_msg_vault_entries *entries)
{
	for (uint32_t i = 0; i < entries->entries.n; i++)
		keep_entry(run, &entries->entries.items[i]);
}

/* Records of dead runs are granted too, or they could not be removed. */
void zs_run_left_grant(struct zs_run *run)
{
	struct zs_err err;

	for (size_t i = 0; i < run->left.n; i++) {
		struct zs_run_left *left = &run->left.items[i];
		struct zs_instance *in = left->live ? NULL : zs_run_need_instance(run, left->instance, &err);
		if (in)
			zs_instance_allow(in, &left->zone, &left->name);
		else if (!left->live)
			left->err = err;
	}
}

static void left_result(struct zs_run *run, struct zs_run_left *left)
{
	if (run->spec.events.left)
		run->spec.events.left(left, run->spec.events.user);
}

static void on_cleaned(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_run *run = user;
	const struct zs_msg_engine_cleaned *cleaned = in ? in->body : NULL;
	uint32_t n = 0;

	(void)chan;
	(void)final;
	for (size_t i = 0; i < run->left.n; i++) {
		struct zs_run_left *left = &run->left.items[i];
		if (left->live || left->err.code)
			continue;
		if (!cleaned)
			left->err = *err;
		else if (n < cleaned->results.n)
			left->err = cleaned->results.items[n++].err;
		left->removed = !left->err.code;
		left_result(run, left);
	}
	run->clean_done = true;
	zs_run_advance(run);
}

static bool left_ready(struct zs_run *run)
{
	for (size_t i = 0; i < run->left.n; i++) {
		struct zs_run_left *left = &run->left.items[i];
		const struct zs_instance *in = zs_run_instance(run, left->instance);
		if (left->live || left->err.code || !in)
			continue;
		if (in->state == ZS_INSTANCE_FAILED) {
			left->err = in->err;
			left_result(run, left);
		} else if (in->state != ZS_INSTANCE_READY) {
			return false;
		}
	}
	return true;
}

void zs_run_left_clean(struct zs_run *run)
{
	struct zs_msg_entry *entries = calloc(run->left.n + 1, sizeof(*entries));
	struct zs_msg_engine_clean msg = { .entries = { entries, 0 } };

	if (!left_ready(run)) {
		free(entries);
		return;
	}
	for (size_t i = 0; entries && i < run->left.n; i++) {
		const struct zs_run_left *left = &run->left.items[i];
		if (left->live || left->err.code)
			continue;
		entries[msg.entries.n++] = (struct zs_msg_entry){
			.id = left->id, .certificate = zs_slice_str(left->certificate), .instance = zs_slice_str(left->instance),
			.provider = zs_slice_str(left->provider), .zone = left->zone, .name = left->name,
			.value = zs_slice_str(left->value),
		};
	}
	run->clean_sent = true;
	if (!msg.entries.n || zs_chan_call(run->engine->chan, ZS_MSG_ENGINE_CLEAN, &msg, -1, CLEAN_MS, on_cleaned, run, NULL))
		run->clean_done = true;
	free(entries);
}

