/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine/publish.h.  A batch is the changes of one kind for one instance and
 * zone.  It stays open while another job may still join, 50 ms at the most.
 */
#include "engine/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/jobs.h"

enum {
	WINDOW_MS = 50,
	APPLY_MS = 60 * 1000,
	LOCK_MS = 120 * 1000,		/* for the changes of another run in the same zone */
	REMOVE_TRIES = 4,
	RETRY_MS = 500,
	BATCHES_MAX = 4096,
	MESSAGE_MAX = 48 * 1024,	/* one DNS message of changes */
	RECORD_OVERHEAD = 32		/* type, class, TTL, lengths of one record, twice */
};

struct member {
	struct zs_publish_set *set;
	struct zs_published *item;
};

struct zs_batch {
	struct zs_engine *engine;
	uint32_t op;			/* ZS_CHANGE_* */
	char instance[ZS_MAX_ID + 1];
	struct zs_name zone;
	ZS_VEC(struct member) members;
	size_t octets;
	struct zs_timer *timer;
	bool sent, retry, zone_lock;
	bool locking;			/* waits for the lock */
	bool written;			/* of a removal: there may be records */
};

static void batch_free(struct zs_batch *batch)
{
	struct zs_engine *engine = batch->engine;

	for (size_t i = 0; i < engine->batches.n; i++) {
		if (engine->batches.items[i] == batch) {
			zs_vec_remove(&engine->batches, i);
			break;
		}
	}
	zs_loop_timer_cancel(zs_engine_loop(engine), batch->timer);
	zs_vec_done(&batch->members);
	free(batch);
}

/* The item is through; the last one of its set tells the owner. */
static void answer(const struct member *m, const struct zs_err *err)
{
	m->item->err = err ? *err : (struct zs_err){ .code = ZS_OK };
	if (err && err->code && !*m->item->err.subject)
		zs_err_subject(&m->item->err, "%s", m->item->name.text);
	if (!--m->set->left)
		m->set->done(m->set, m->set->user);
}

/* Answers all members and ends the batch. */
static void answer_all(struct zs_batch *batch, const struct zs_err *err)
{
	for (size_t i = 0; i < batch->members.n; i++)
		answer(&batch->members.items[i], err);
	batch_free(batch);
}

/* ---- stop ---- */

static bool all_stopped(const struct zs_batch *batch)
{
	for (size_t i = 0; i < batch->members.n; i++)
		if (!batch->members.items[i].set->stopped)
			return false;
	return batch->members.n > 0;
}

/* The batch itself stays. */
static void answer_stopped(struct zs_batch *batch)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_CANCELLED, "cancelled before anything was published");
	while (batch->members.n) {
		struct member m = batch->members.items[--batch->members.n];
		answer(&m, &err);
	}
}

/* ---- after apply ---- */

static void on_noted(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	(void)chan;
	(void)in;
	(void)final;
	(void)user;
	if (err->code)
		zs_warn(NULL, "journal: %s", err->text);
}

static void note_ticket(struct zs_batch *batch, struct zs_slice ticket)
{
	uint64_t ids[ZS_MAX_CHANGES];
	uint32_t n = 0;

	for (size_t i = 0; i < batch->members.n; i++) {
		struct zs_published *item = batch->members.items[i].item;
		zs_slice_copy(ticket, item->ticket, sizeof(item->ticket));
		ids[n++] = item->id;
	}
	const struct zs_msg_journal_ticket msg = { .ids = { ids, n }, .ticket = ticket };
	zs_peer_call(batch->engine, ZS_ROLE_VAULT, "", ZS_MSG_JOURNAL_TICKET, &msg, 0, on_noted, NULL, NULL);
}

/* The records are gone: so shall be their entries, before anybody is told. */
static void on_forgotten(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	(void)chan;
	(void)in;
	(void)final;
	answer_all(user, err);
}

static void forget(struct zs_batch *batch)
{
	uint64_t ids[ZS_MAX_CHANGES];
	uint32_t n = 0;

	for (size_t i = 0; i < batch->members.n; i++)
		ids[n++] = batch->members.items[i].item->id;
	const struct zs_msg_journal_done msg = { .ids = { ids, n } };
	zs_peer_call(batch->engine, ZS_ROLE_VAULT, "", ZS_MSG_JOURNAL_DONE, &msg, 0, on_forgotten, batch, NULL);
}

static uint64_t again_ms(const struct zs_published *item)
{
	return (uint64_t)RETRY_MS << item->tries;
}

/* A removal is tried again: what stays is a record somebody must remove by hand. */
static bool worth_again(const struct zs_batch *batch, const struct member *m, const struct zs_err *err)
{
	return batch->op == ZS_CHANGE_REMOVE && zs_code_info((int)err->code)->retry && m->item->tries < REMOVE_TRIES;
}

static int join(struct zs_engine *engine, uint32_t op, struct zs_publish_set *set, struct zs_published *item, uint64_t delay);

/* Takes failed members out of the batch: joined to a later one or answered. */
static void sort_out(struct zs_batch *batch, const struct zs_msg_host_applied *applied)
{
	for (size_t i = batch->members.n; i-- > 0;) {
		struct member m = batch->members.items[i];
		const struct zs_err *err = &applied->results.items[i].err;
		if (!err->code)
			continue;
		zs_vec_remove(&batch->members, i);
		if (!worth_again(batch, &m, err) || join(batch->engine, batch->op, m.set, m.item, again_ms(m.item)))
			answer(&m, err);
	}
}

static void fail_batch(struct zs_batch *batch, const struct zs_err *err)
{
	for (size_t i = batch->members.n; i-- > 0;) {
		struct member m = batch->members.items[i];
		zs_vec_remove(&batch->members, i);
		if (!worth_again(batch, &m, err) ||
		    join(batch->engine, batch->op, m.set, m.item, again_ms(m.item)))
			answer(&m, err);
	}
	batch_free(batch);
}

/* A host that dies or hangs is the fault of its plugin. */
static void host_failed(struct zs_batch *batch, const struct zs_chan *chan, const struct zs_err *err)
{
	struct zs_err why = *err;

	if (err->code == ZS_E_PEER && zs_chan_open(chan))
		zs_err_set(&why, ZS_E_PLUGIN, "the plugin did not answer in %d s", APPLY_MS / 1000);
	else if (err->code == ZS_E_PEER)
		zs_err_set(&why, ZS_E_PLUGIN, "the plugin's process ended while it worked");
	zs_err_where(&why, "%s", batch->instance);
	zs_err_prefix(&why, "provider %s", batch->instance);
	fail_batch(batch, &why);
}

/* ---- the lock of the zone ---- */

static struct zs_msg_zone_lock lock_key(const struct zs_batch *batch)
{
	return (struct zs_msg_zone_lock){ zs_slice_str(batch->instance), batch->zone };
}

/* Whatever came of the change: the host has answered, or it is gone. */
static void unlock(const struct zs_batch *batch)
{
	const struct zs_msg_zone_lock key = lock_key(batch);
	struct zs_err err;
	struct zs_chan *vault = batch->zone_lock ? zs_peer_chan(batch->engine, ZS_ROLE_VAULT, "", &err) : NULL;

	if (vault && zs_chan_note(vault, ZS_MSG_ZONE_UNLOCK, &key, -1))
		zs_warn(NULL, "zone %s: its lock could not be given back before the end of this run", batch->zone.text);
}

static void on_applied(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_batch *batch = user;

	(void)final;
	unlock(batch);
	if (!in) {
		host_failed(batch, chan, err);
		return;
	}
	const struct zs_msg_host_applied *applied = in->body;
	if (applied->results.n != batch->members.n) {
		struct zs_err why;
		zs_err_set(&why, ZS_E_PLUGIN, "%s answered %u results for %zu changes", batch->instance, applied->results.n,
			   batch->members.n);
		fail_batch(batch, &why);
		return;
	}
	if (batch->op == ZS_CHANGE_ADD && applied->ticket.n)
		note_ticket(batch, applied->ticket);
	sort_out(batch, applied);
	if (batch->op == ZS_CHANGE_REMOVE && batch->members.n)
		forget(batch);
	else
		answer_all(batch, NULL);
}

/* ---- before apply ---- */

/* The lock goes with the changes: it is held until the host has made them, whatever becomes of us. */
static void apply(struct zs_batch *batch, int lock)
{
	struct zs_msg_change changes[ZS_MAX_CHANGES];
	struct zs_msg_host_apply msg = { .zone = batch->zone, .changes = { changes, 0 } };

	for (size_t i = 0; i < batch->members.n; i++) {
		struct zs_published *item = batch->members.items[i].item;
		item->tries++;
		item->written = true;
		changes[msg.changes.n++] = (struct zs_msg_change){
			.op = batch->op, .name = item->name, .value = zs_slice_str(item->value), .ttl = item->ttl,
			.identifier = item->identifier, .token = zs_slice_str(item->token),
			.key_authorization = zs_slice_str(item->key_authorization),
		};
	}
	zs_peer_call_fd(batch->engine, ZS_ROLE_HOST, batch->instance, ZS_MSG_HOST_APPLY, &msg, lock, APPLY_MS, on_applied, batch);
}

static void on_locked(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_batch *batch = user;

	(void)chan;
	(void)final;
	batch->locking = false;
	/* Without members it was stopped meanwhile. Where the lock was waited for long enough, what
	 * was to be removed stays in the journal. */
	if (in && batch->members.n) {
		apply(batch, in->fd);
		return;
	}
	if (in)
		unlock(batch);
	answer_all(batch, err);
}

/* One at a time in a zone where the service cannot keep two apart. */
static void lock_and_apply(struct zs_batch *batch)
{
	const struct zs_msg_zone_lock key = lock_key(batch);

	batch->locking = batch->zone_lock;
	if (batch->zone_lock)
		zs_peer_call(batch->engine, ZS_ROLE_VAULT, "", ZS_MSG_ZONE_LOCK, &key, LOCK_MS, on_locked, batch, NULL);
	else
		apply(batch, -1);
}

static void on_journaled(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_batch *batch = user;
	const struct zs_msg_journal_ids *ids = in ? in->body : NULL;

	(void)chan;
	(void)final;
	if (!in || ids->ids.n != batch->members.n) {
		struct zs_err why;
		if (in)
			zs_err_set(&why, ZS_E_BUG, "the vault journaled another number of records");
		else
			why = *err;
		zs_err_prefix(&why, "nothing was published, for the journal could not be written");
		answer_all(batch, &why);
		return;
	}
	for (size_t i = 0; i < batch->members.n; i++)
		batch->members.items[i].item->id = ids->ids.items[i];
	if (all_stopped(batch)) {
		answer_stopped(batch);
		batch_free(batch);
	} else {
		lock_and_apply(batch);
	}
}

static void journal(struct zs_batch *batch)
{
	struct zs_msg_entry *entries = calloc(batch->members.n, sizeof(*entries));
	struct zs_msg_journal_add msg = { .entries = { entries, (uint32_t)batch->members.n } };

	if (!entries) {
		struct zs_err err;
		zs_err_set(&err, ZS_E_NOMEM, "no memory for journal entries");
		answer_all(batch, &err);
		return;
	}
	for (size_t i = 0; i < batch->members.n; i++) {
		const struct zs_published *item = batch->members.items[i].item;
		entries[i] = (struct zs_msg_entry){
			.job = item->job, .certificate = zs_slice_str(item->certificate), .instance = zs_slice_str(item->instance),
			.provider = zs_slice_str(item->provider), .zone = item->zone, .name = item->name,
			.value = zs_slice_str(item->value), .identifier = item->identifier, .token = zs_slice_str(item->token),
			.key_authorization = zs_slice_str(item->key_authorization),
		};
	}
	zs_peer_call(batch->engine, ZS_ROLE_VAULT, "", ZS_MSG_JOURNAL_ADD, &msg, 0, on_journaled, batch, NULL);
	free(entries);
}

static void send(struct zs_batch *batch)
{
	zs_loop_timer_cancel(zs_engine_loop(batch->engine), batch->timer);
	batch->timer = NULL;
	batch->sent = true;
	if (batch->op == ZS_CHANGE_ADD)
		journal(batch);
	else if (batch->written)
		lock_and_apply(batch);
	else
		forget(batch);
}

static void on_window(void *user)
{
	struct zs_batch *batch = user;

	batch->timer = NULL;
	send(batch);
}

/* ---- joining ---- */

static size_t octets_of(const struct zs_published *item)
{
	return 2 * ((size_t)item->name.len + RECORD_OVERHEAD) + strlen(item->value);
}

static bool fits(const struct zs_batch *batch, uint32_t op, const struct zs_published *item, bool retry)
{
	size_t cap = item->max_changes ? item->max_changes : 1;

	if (cap > ZS_MAX_CHANGES)
		cap = ZS_MAX_CHANGES;
	return !batch->sent && batch->op == op && batch->retry == retry && batch->written == item->written && !strcmp(batch->instance, item->instance) &&
	       zs_name_eq(&batch->zone, &item->zone) && batch->members.n < cap && batch->octets + octets_of(item) <= MESSAGE_MAX;
}

static struct zs_batch *batch_for(struct zs_engine *engine, uint32_t op, const struct zs_published *item, uint64_t delay)
{
	for (size_t i = 0; i < engine->batches.n; i++)
		if (fits(engine->batches.items[i], op, item, delay > WINDOW_MS))
			return engine->batches.items[i];
	struct zs_batch *batch = calloc(1, sizeof(*batch)), **slot = batch ? zs_vec_push(&engine->batches, BATCHES_MAX) : NULL;
	if (!slot) {
		free(batch);
		return NULL;
	}
	*slot = batch;
	batch->engine = engine;
	batch->op = op;
	batch->zone = item->zone;
	batch->zone_lock = item->zone_lock;
	batch->written = item->written;
	batch->retry = delay > WINDOW_MS;
	snprintf(batch->instance, sizeof(batch->instance), "%s", item->instance);
	batch->timer = zs_loop_timer(zs_engine_loop(engine), delay, on_window, batch);
	if (!batch->timer) {
		batch_free(batch);
		return NULL;
	}
	return batch;
}

static int join(struct zs_engine *engine, uint32_t op, struct zs_publish_set *set, struct zs_published *item, uint64_t delay)
{
	struct zs_batch *batch = batch_for(engine, op, item, delay);
	struct member *m = batch ? zs_vec_push(&batch->members, ZS_MAX_CHANGES) : NULL;

	if (!m)
		return -ZS_E_NOMEM;
	*m = (struct member){ set, item };
	batch->octets += octets_of(item);
	return 0;
}

/* Removals of nothing and what could not join are answered from the loop, never from inside. */
static void start(struct zs_engine *engine, uint32_t op, struct zs_publish_set *set)
{
	struct zs_err err;

	set->left = set->n + 1;
	set->stopped = false;
	for (size_t i = 0; i < set->n; i++) {
		struct zs_published *item = &set->items[i];
		item->tries = 0;
		if (op == ZS_CHANGE_REMOVE && !item->id) {
			answer(&(struct member){ set, item }, NULL);
		} else if (join(engine, op, set, item, WINDOW_MS)) {
			zs_err_set(&err, ZS_E_NOMEM, "no memory for a change");
			answer(&(struct member){ set, item }, &err);
		}
	}
	if (!--set->left)
		set->done(set, set->user);
}

void zs_publish_add(struct zs_engine *engine, struct zs_publish_set *set)
{
	start(engine, ZS_CHANGE_ADD, set);
}

void zs_publish_remove(struct zs_engine *engine, struct zs_publish_set *set)
{
	start(engine, ZS_CHANGE_REMOVE, set);
}

/* The lock may be on its way already: the batch stays until it has come, to give it back. */
void zs_publish_stop(struct zs_engine *engine, struct zs_publish_set *set)
{
	set->stopped = true;
	for (size_t i = engine->batches.n; i-- > 0;) {
		struct zs_batch *batch = i < engine->batches.n ? engine->batches.items[i] : NULL;
		if (batch && batch->op == ZS_CHANGE_ADD && batch->locking && all_stopped(batch))
			answer_stopped(batch);
	}
}

/* Additions wait for jobs that have yet to publish; removals only for the window's end where
 * other jobs run at all. */
void zs_publish_poke(struct zs_engine *engine)
{
	bool publishing = zs_jobs_may_publish(engine), others = zs_jobs_running(engine) > 1;

	for (size_t i = engine->batches.n; i-- > 0;) {
		if (i >= engine->batches.n)
			continue;
		struct zs_batch *batch = engine->batches.items[i];
		bool wait = batch->op == ZS_CHANGE_ADD ? publishing : others;
		if (!batch->sent && !wait && !batch->retry)
			send(batch);
	}
}

void zs_publish_free(struct zs_engine *engine)
{
	while (engine->batches.n)
		batch_free(engine->batches.items[0]);
	zs_vec_done(&engine->batches);
}
