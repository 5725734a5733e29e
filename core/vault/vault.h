/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault as a whole, and the shape of a message handler.
 */
#ifndef ZS_VAULT_VAULT_H
#define ZS_VAULT_VAULT_H

#include "ipc/chan.h"
#include "vault/jobs.h"
#include "vault/journal.h"
#include "vault/zone_lock.h"

struct zs_vault {
	struct zs_state state;
	struct zs_accounts accounts;
	struct zs_jobs jobs;
	struct zs_journals journals;
	struct zs_zone_locks locks;
	bool read_only;			/* makes nothing */
	struct zs_err unusable;		/* why there is no state directory: the answer to everything */
};

/* One request while it is being served. */
struct zs_request {
	struct zs_vault *vault;
	struct zs_chan *chan;
	uint32_t id, type;
	uint64_t deadline_ms;		/* monotonic, 0 = none */
	const void *body;		/* struct of the type */
	struct zs_arena arena;		/* for the reply */
};

/* Returns 0 after having replied or seen to it that somebody will; else -code with err set, which becomes the FAIL. */
typedef int zs_vault_handler(struct zs_request *request, struct zs_err *err);

zs_vault_handler zs_serve_open, zs_serve_journal, zs_serve_forget;			/* serve_journal.c */
zs_vault_handler zs_serve_journal_add, zs_serve_journal_ticket, zs_serve_journal_done;
zs_vault_handler zs_serve_job, zs_serve_job_end, zs_serve_account_set, zs_serve_account_lost,	/* serve_job.c */
	zs_serve_order_gone, zs_serve_txt_values;
zs_vault_handler zs_serve_list;								/* list.c */
zs_vault_handler zs_serve_sign;								/* sign.c */
zs_vault_handler zs_serve_store;							/* store.c */
zs_vault_handler zs_serve_zone_lock, zs_serve_zone_unlock;				/* serve_lock.c */

/* For zs_child_main: requests on fd 3 and on fd 4; user is the vault. */
zs_chan_handler zs_vault_front, zs_vault_engine;
/* The engine is gone, or the loop ends: what is held for it alone is given back. */
zs_chan_closed zs_vault_engine_gone;
void zs_vault_leave(void *user);

int zs_request_reply(struct zs_request *request, uint32_t type, const void *body, struct zs_err *err);
int zs_request_ok(struct zs_request *request, struct zs_err *err);
/* "<state>/certificates/<name>/current"; false when too long. */
bool zs_vault_path(const struct zs_vault *vault, const char *certificate, char *dst, size_t size);

/* Opens the state directory, which is made; zs_vault_done() ends the run. A vault that
 * could not be opened answers every request with the reason. */
int zs_vault_init(struct zs_vault *vault, const char *path, struct zs_err *err);
/* For one who only looks: makes nothing, and what is not there is empty. */
int zs_vault_look(struct zs_vault *vault, const char *path, struct zs_err *err);
void zs_vault_done(struct zs_vault *vault);

#endif
