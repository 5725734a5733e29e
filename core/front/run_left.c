/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that dead runs left in DNS (front/run_state.h): granted to their hosts
 * and removed through the engine, beside the jobs of this run.
 */
#include "front/run_state.h"

#include <stdlib.h>

#include "base/log.h"

/* The engine removes some at a time: requests and answers fit into a message. */
enum { CLEAN_MS = 120 * 1000, CLEAN_MAX = 256, LEFT_MAX = 65536 };

static bool keep_entry(struct zs_run *run, const struct zs_msg_entry *entry)
{
	struct zs_run_left *left = zs_vec_push(&run->left, LEFT_MAX);

	if (!left)
		return false;
	left->id = entry->id;
	left->zone = entry->zone;
	left->name = entry->name;
	left->added = entry->added;
	left->live = entry->live;
	zs_slice_copy(entry->certificate, left->certificate, sizeof(left->certificate));
	zs_slice_copy(entry->instance, left->instance, sizeof(left->instance));
	zs_slice_copy(entry->provider, left->provider, sizeof(left->provider));
	zs_slice_copy(entry->value, left->value, sizeof(left->value));
	left->identifier = entry->identifier;
	zs_slice_copy(entry->token, left->token, sizeof(left->token));
	zs_slice_copy(entry->key_authorization, left->key_authorization, sizeof(left->key_authorization));
	return true;
}

static int ask_more(struct zs_run *run, uint64_t after);

static void on_entries(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_run *run = user;
	const struct zs_msg_vault_entries *page = in ? in->body : NULL;
	struct zs_err why = *err;
	bool room = true;

	(void)chan;
	(void)final;
	for (uint32_t i = 0; page && room && i < page->entries.n; i++)
		room = keep_entry(run, &page->entries.items[i]);
	if (!room)
		zs_warn(NULL, "dead runs left more records than one run removes; the next one goes on");
	if (page && room && page->more && page->entries.n) {
		if (!ask_more(run, page->entries.items[page->entries.n - 1].id))
			return;
		zs_err_set(&why, ZS_E_PEER, "cannot ask the vault process for the journals");
	}
	if (why.code) {
		run->failed = why;
		zs_run_fail_all(run, &why);
	} else {
		run->vault_open = true;
	}
	zs_run_advance(run);
}

static int ask_more(struct zs_run *run, uint64_t after)
{
	const struct zs_msg_vault_journal msg = { .adopted = true, .after = after };

	return zs_chan_call(run->vault->chan, ZS_MSG_VAULT_JOURNAL, &msg, -1, ZS_RUN_VAULT_MS, on_entries, run, NULL);
}

int zs_run_open_vault(struct zs_run *run)
{
	const struct zs_msg_vault_open msg = { .adopt = !run->spec.dry_run };

	return zs_chan_call(run->vault->chan, ZS_MSG_VAULT_OPEN, &msg, -1, ZS_RUN_VAULT_MS, on_entries, run, NULL);
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

static void clean_next(struct zs_run *run);

static bool is_cleaned(const struct zs_run_left *left)
{
	return !left->live && !left->err.code;
}

static void take_cleaned(struct zs_run *run, const struct zs_msg_engine_cleaned *cleaned, const struct zs_err *err)
{
	uint32_t n = 0;

	for (size_t i = run->clean_from; i < run->clean_to; i++) {
		struct zs_run_left *left = &run->left.items[i];
		if (!is_cleaned(left))
			continue;
		if (!cleaned)
			left->err = *err;
		else if (n < cleaned->results.n)
			left->err = cleaned->results.items[n++].err;
		left->removed = !left->err.code;
		left_result(run, left);
	}
	run->clean_from = run->clean_to;
}

static void on_cleaned(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_run *run = user;

	(void)chan;
	(void)final;
	take_cleaned(run, in ? in->body : NULL, err);
	clean_next(run);
	zs_run_advance(run);
}

/* What the engine must know of the entry's instance, each one once. */
static void name_instance(const struct zs_run *run, const struct zs_run_left *left, struct zs_msg_engine_clean *msg)
{
	const struct zs_instance *in = zs_run_instance(run, left->instance);

	for (uint32_t i = 0; i < msg->instances.n; i++)
		if (zs_slice_eq_str(msg->instances.items[i].instance, left->instance))
			return;
	if (!in)
		return;
	msg->instances.items[msg->instances.n++] = (struct zs_msg_clean_instance){
		.instance = zs_slice_str(in->conf->name), .max_changes = in->max_changes,
		.zone_lock = in->flags & ZS_PROVIDER_NEEDS_ZONE_LOCK,
	};
}

static void clean_next(struct zs_run *run)
{
	struct zs_msg_entry *entries = calloc(CLEAN_MAX, sizeof(*entries));
	struct zs_msg_clean_instance *instances = calloc(CLEAN_MAX, sizeof(*instances));
	struct zs_msg_engine_clean msg = { .entries = { entries, 0 }, .instances = { instances, 0 } };
	struct zs_err err;
	size_t at = run->clean_from;
	int rc = entries && instances ? 0 : zs_err_set(&err, ZS_E_NOMEM, "no memory for the records to clean");

	for (; !rc && at < run->left.n && msg.entries.n < CLEAN_MAX; at++) {
		const struct zs_run_left *left = &run->left.items[at];
		if (!is_cleaned(left))
			continue;
		entries[msg.entries.n++] = (struct zs_msg_entry){
			.id = left->id, .certificate = zs_slice_str(left->certificate), .instance = zs_slice_str(left->instance),
			.provider = zs_slice_str(left->provider), .zone = left->zone, .name = left->name,
			.value = zs_slice_str(left->value), .identifier = left->identifier, .token = zs_slice_str(left->token),
			.key_authorization = zs_slice_str(left->key_authorization),
		};
		name_instance(run, left, &msg);
	}
	run->clean_to = at;
	if (msg.entries.n && zs_chan_call(run->engine->chan, ZS_MSG_ENGINE_CLEAN, &msg, -1, CLEAN_MS, on_cleaned, run, NULL))
		rc = zs_err_set(&err, ZS_E_PEER, "cannot reach the engine process");
	free(entries);
	free(instances);
	if (rc) {
		run->clean_to = run->left.n;
		take_cleaned(run, NULL, &err);
	}
	run->clean_done = rc || !msg.entries.n;
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
	if (!left_ready(run))
		return;
	run->clean_sent = true;
	clean_next(run);
}
