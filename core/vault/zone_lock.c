/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault/zone_lock.h.  flock on a file of its own for each lock.  The kernel keeps
 * it as long as any process has that descriptor, so it goes with the request to
 * the host that makes the change, and ends with the last of the two.  flock would
 * wait, and the vault has others to serve: a lock that another process has is
 * tried again by a timer.  Runs in the vault.
 */
#include "vault/zone_lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum {
	FIRST_MS = 5,
	LONGEST_MS = 100,
	MAX_LOCKS = 4096,
	MAX_TURNS = 4096
};

static const char dir_name[] = "locks";

struct zs_zone_lock {
	struct zs_zone_locks *locks;
	char instance[ZS_MAX_ID + 1];
	struct zs_name zone;
	int dir, fd; /* fd -1: not held by us */
	ZS_VEC(struct zs_zone_turn) turns;
	struct zs_timer *timer;
	uint64_t pause_ms;
};

static void lock_free(struct zs_zone_lock *lock)
{
	struct zs_zone_locks *locks = lock->locks;

	for (size_t i = 0; i < locks->items.n; i++) {
		if (locks->items.items[i] != lock)
			continue;
		zs_vec_remove(&locks->items, i);
		break;
	}
	zs_loop_timer_cancel(locks->loop, lock->timer);
	zs_state_close(&lock->fd);
	zs_state_close(&lock->dir);
	zs_vec_done(&lock->turns);
	free(lock);
}

/* ---- the file ---- */

/*
 * A host may have the lock still: one that hangs, or whose engine is gone.  Then the
 * file stays, and with it the lock, until that process ends.  Else whoever waits for
 * the file finds that it is gone and makes a new one (zs_fs_lock).
 */
static void give_back(struct zs_zone_lock *lock)
{
	struct zs_err err;

	if (lock->fd < 0)
		return;
	zs_state_close(&lock->fd);
	lock->fd = zs_fs_lock(lock->dir, lock->zone.text, &err);
	if (lock->fd < 0) {
		lock->fd = -1;
		return;
	}
	(void)unlinkat(lock->dir, lock->zone.text, 0);
	zs_state_close(&lock->fd);
}

/* 0, -ZS_E_BUSY or another -code. Too many open files pass by themselves. */
static int take(struct zs_zone_lock *lock, struct zs_err *err)
{
	int fd = zs_fs_lock(lock->dir, lock->zone.text, err);

	if (fd < 0)
		return fd != -ZS_E_BUSY && (errno == EMFILE || errno == ENFILE) ? -ZS_E_BUSY : fd;
	lock->fd = fd;
	return 0;
}

/* ---- turns ---- */

static uint64_t now_ms(const struct zs_zone_lock *lock)
{
	struct zs_clock *clock = zs_loop_clock(lock->locks->loop);

	return clock->mono_ms(clock);
}

static struct zs_zone_turn next_turn(struct zs_zone_lock *lock)
{
	struct zs_zone_turn turn = lock->turns.items[0];

	zs_vec_remove(&lock->turns, 0);
	return turn;
}

static void answer_all(struct zs_zone_lock *lock, const struct zs_err *err)
{
	while (lock->turns.n) {
		struct zs_zone_turn turn = next_turn(lock);

		(void)zs_chan_fail(turn.chan, turn.id, err);
	}
}

static void too_late(const struct zs_zone_lock *lock, const struct zs_zone_turn *turn)
{
	struct zs_err err;

	(void)zs_err_set(&err, ZS_E_BUSY, "zone %s is being changed through %s by another run, and the time to wait for it is over",
		lock->zone.text, lock->instance);
	zs_err_subject(&err, "%s", lock->zone.text);
	zs_err_hint(&err, "run the command again when the other run has ended");
	(void)zs_chan_fail(turn->chan, turn->id, &err);
}

/* Answers those whose time is over; returns how long the others can wait at most. */
static uint64_t expire(struct zs_zone_lock *lock)
{
	uint64_t now = now_ms(lock), longest = UINT64_MAX;

	for (size_t i = lock->turns.n; i-- > 0;) {
		const struct zs_zone_turn turn = lock->turns.items[i];

		if (turn.deadline_ms == 0)
			continue;
		if (turn.deadline_ms <= now) {
			zs_vec_remove(&lock->turns, i);
			too_late(lock, &turn);
		} else if (turn.deadline_ms - now < longest) {
			longest = turn.deadline_ms - now;
		}
	}
	return longest;
}

static void go_on(struct zs_zone_lock *lock);

static void on_timer(void *user)
{
	struct zs_zone_lock *lock = user;

	lock->timer = NULL;
	go_on(lock);
}

static void wait_more(struct zs_zone_lock *lock, uint64_t longest)
{
	uint64_t ms = longest;
	struct zs_err err;

	if (lock->fd < 0) {
		if (lock->pause_ms == FIRST_MS)
			zs_info("", "zone %s: waits, for another process makes a change through %s", lock->zone.text, lock->instance);
		ms = lock->pause_ms < longest ? lock->pause_ms : longest;
		lock->pause_ms = lock->pause_ms < LONGEST_MS / 2 ? lock->pause_ms * 2 : LONGEST_MS;
	}
	if (ms == UINT64_MAX)
		return;
	lock->timer = zs_loop_timer(lock->locks->loop, ms, on_timer, lock);
	if (lock->timer != NULL)
		return;
	(void)zs_err_set(&err, ZS_E_NOMEM, "out of memory for a lock");
	answer_all(lock, &err);
}

/* Looks what can be done now; the lock ends when nobody has it and nobody waits. */
static void go_on(struct zs_zone_lock *lock)
{
	struct zs_err err;
	uint64_t longest;
	int rc = 0;

	zs_loop_timer_cancel(lock->locks->loop, lock->timer);
	lock->timer = NULL;
	if (lock->fd < 0 && lock->turns.n) {
		rc = take(lock, &err);
		if (rc == 0) {
			struct zs_zone_turn turn = next_turn(lock);

			lock->pause_ms = FIRST_MS;
			(void)zs_chan_reply_fd(turn.chan, turn.id, ZS_MSG_ZONE_LOCKED, NULL, lock->fd);
		} else if (rc != -ZS_E_BUSY) {
			answer_all(lock, &err);
		}
	}
	longest = expire(lock);
	if (lock->turns.n)
		wait_more(lock, longest);
	if (lock->fd < 0 && !lock->turns.n)
		lock_free(lock);
}

/* ---- requests ---- */

static struct zs_zone_lock *find(const struct zs_zone_locks *locks, const struct zs_msg_zone_lock *key)
{
	for (size_t i = 0; i < locks->items.n; i++) {
		struct zs_zone_lock *lock = locks->items.items[i];

		if (zs_slice_eq_str(key->instance, lock->instance) && zs_name_eq(&lock->zone, &key->zone))
			return lock;
	}
	return NULL;
}

/* Instance and zone become names of a directory and a file. */
static int check_key(const struct zs_msg_zone_lock *key, struct zs_err *err)
{
	struct zs_name zone;

	if (!zs_id_ok(key->instance) || key->zone.wildcard ||
		!zs_name_parse(zs_slice_str(key->zone.text), ZS_NAME_OWNER, &zone, NULL))
		ZS_FAIL(err, ZS_E_BUG, "no lock has the name of this instance and zone");
	return 0;
}

static int make(struct zs_zone_locks *locks, const struct zs_msg_zone_lock *key, struct zs_zone_lock **ret, struct zs_err *err)
{
	struct zs_zone_lock *lock = calloc(1, sizeof(*lock)), **slot;

	if (lock == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a lock");
	lock->locks = locks;
	lock->fd = -1;
	lock->zone = key->zone;
	lock->pause_ms = FIRST_MS;
	(void)zs_slice_copy(key->instance, lock->instance, sizeof(lock->instance));
	lock->dir = zs_state_unit(locks->state, dir_name, lock->instance, true, err);
	slot = lock->dir >= 0 ? zs_vec_push(&locks->items, MAX_LOCKS) : NULL;
	if (slot == NULL) {
		int rc = lock->dir < 0 ? lock->dir : zs_err_set(err, ZS_E_NOMEM, "out of memory for a lock");

		lock_free(lock);
		return rc;
	}
	*slot = lock;
	*ret = lock;
	return 0;
}

int zs_zone_lock(struct zs_zone_locks *locks, const struct zs_msg_zone_lock *key, const struct zs_zone_turn *turn,
	struct zs_err *err)
{
	struct zs_zone_lock *lock = find(locks, key);
	struct zs_zone_turn *slot;
	int rc = check_key(key, err);

	if (rc == 0 && lock == NULL)
		rc = make(locks, key, &lock, err);
	if (rc != 0)
		return rc;
	slot = zs_vec_push(&lock->turns, MAX_TURNS);
	if (slot != NULL)
		*slot = *turn;
	else
		rc = zs_err_set(err, ZS_E_NOMEM, "too many changes wait for zone %s", lock->zone.text);
	go_on(lock);
	return rc;
}

void zs_zone_unlock(struct zs_zone_locks *locks, const struct zs_msg_zone_lock *key)
{
	struct zs_zone_lock *lock = find(locks, key);

	if (lock == NULL) {
		zs_debug("", "zone %s: given back, but not held", key->zone.text);
		return;
	}
	give_back(lock);
	go_on(lock);
}

void zs_zone_lock_cancel(struct zs_zone_locks *locks, uint32_t id)
{
	struct zs_err err;

	for (size_t i = 0; i < locks->items.n; i++) {
		struct zs_zone_lock *lock = locks->items.items[i];

		for (size_t k = 0; k < lock->turns.n; k++) {
			struct zs_zone_turn turn = lock->turns.items[k];

			if (turn.id != id)
				continue;
			zs_vec_remove(&lock->turns, k);
			(void)zs_err_set(&err, ZS_E_CANCELLED, "cancelled while waiting for zone %s", lock->zone.text);
			(void)zs_chan_fail(turn.chan, turn.id, &err);
			go_on(lock);
			return;
		}
	}
}

void zs_zone_locks_drop(struct zs_zone_locks *locks)
{
	while (locks->items.n) {
		struct zs_zone_lock *lock = locks->items.items[locks->items.n - 1];

		give_back(lock);
		lock_free(lock);
	}
	zs_vec_done(&locks->items);
}
