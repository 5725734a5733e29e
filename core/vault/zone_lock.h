/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks for (instance, zone): held around a change where the service cannot
 * keep two of them apart.  Nobody else with this state tree has the lock then,
 * neither another run nor another batch of this one.
 */
#ifndef ZS_VAULT_ZONE_LOCK_H
#define ZS_VAULT_ZONE_LOCK_H

#include "ipc/chan.h"
#include "vault/state.h"

struct zs_zone_lock;

struct zs_zone_locks {
	const struct zs_state *state;
	struct zs_loop *loop; /* set before the first request */
	ZS_VEC(struct zs_zone_lock *) items;
};

/* A request on the engine's channel that is answered when its turn comes. */
struct zs_zone_turn {
	struct zs_chan *chan;
	uint32_t id;
	uint64_t deadline_ms; /* monotonic, 0 = none */
};

/* 0: it is or will be answered, with ZONE_LOCKED or with FAIL busy at its deadline; in the order
 * of asking. Else -code and nothing is answered. */
int zs_zone_lock(struct zs_zone_locks *locks, const struct zs_msg_zone_lock *key, const struct zs_zone_turn *turn,
	struct zs_err *err);
/* One that is not held is fine. */
void zs_zone_unlock(struct zs_zone_locks *locks, const struct zs_msg_zone_lock *key);
/* The request is not waited for any more: answered with FAIL cancelled where it waits. */
void zs_zone_lock_cancel(struct zs_zone_locks *locks, uint32_t id);
/* Gives back what only this process holds and forgets who waits: the engine is gone, or the
 * process ends. */
void zs_zone_locks_drop(struct zs_zone_locks *locks);

#endif
