/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of TXT records on their way to the hosts.  Changes of all running
 * jobs that meet in one zone of one instance travel together; an addition is in
 * the journal before its host hears of it, and leaves it when it is gone.
 */
#ifndef ZS_ENGINE_PUBLISH_H
#define ZS_ENGINE_PUBLISH_H

#include "engine/engine.h"

/* One value at one name, for its whole life. */
struct zs_published {
	uint32_t job;			/* 0 = of a run that died */
	const char *certificate, *instance, *provider;	/* live as long as the set */
	struct zs_name zone, name;
	char value[ZS_MAX_TXT + 1];
	struct zs_name identifier;	/* what it is for; empty = not known, like the next two */
	const char *token, *key_authorization;	/* live as long as the set */
	uint32_t ttl, max_changes;
	bool zone_lock;			/* the vault's lock is held around apply */
	uint64_t id;			/* in the journal; 0 = not there: nothing to remove */
	bool written;			/* its host may have heard of it */
	char ticket[ZS_MAX_TICKET + 1];	/* of the provider; "" = none */
	unsigned tries;
	struct zs_err err;		/* of the last add or remove */
};

struct zs_publish_set;
typedef void zs_publish_done(struct zs_publish_set *set, void *user);

struct zs_publish_set {
	struct zs_published *items;	/* owned by the caller; not moved while a change runs */
	size_t n;
	size_t left;			/* items not yet answered */
	bool stopped;			/* nobody wants the addition any more */
	zs_publish_done *done;
	void *user;
};

/* done is called once when every item is answered, perhaps before the call returns; each
 * item's err says how it went. */
void zs_publish_add(struct zs_engine *engine, struct zs_publish_set *set);
void zs_publish_remove(struct zs_engine *engine, struct zs_publish_set *set);
/* Ends an addition early where it only waits for the lock of a zone: answered as cancelled. */
void zs_publish_stop(struct zs_engine *engine, struct zs_publish_set *set);
/* Something changed: batches nobody else will join are sent. */
void zs_publish_poke(struct zs_engine *engine);
void zs_publish_free(struct zs_engine *engine);

#endif
