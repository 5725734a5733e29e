/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking one process something and waiting for the answer, for commands that
 * need no run: status, gc --forget, provider, check.
 */
#ifndef ZS_FRONT_ASK_H
#define ZS_FRONT_ASK_H

#include "front/instance.h"
#include "front/supervisor.h"

struct zs_ask {
	struct zs_loop *loop;
	struct zs_super *super;
	/* of the call that is waited for */
	void (*take)(const void *body, void *user);
	void *user;
	struct zs_process *process;	/* that is asked */
	struct zs_err err;
	bool done, answered;
	struct zs_timer *look;
	unsigned looks;
};

int zs_ask_init(struct zs_ask *ask, struct zs_err *err);
void zs_ask_done(struct zs_ask *ask);

/* Starts the vault and opens it without adopting anything. NULL and err on failure. */
struct zs_process *zs_ask_vault(struct zs_ask *ask, const char *state_dir, bool adopt, struct zs_err *err);
/* Sends a request and waits; take gets the answer's body, valid until it returns (NULL =
 * not wanted). 0 or -code. */
int zs_ask(struct zs_ask *ask, struct zs_process *process, uint32_t type, const void *body,
	   void (*take)(const void *body, void *user), void *user, struct zs_err *err);
/* Waits until every process has said how it is confined, at most some seconds. */
void zs_ask_greetings(struct zs_ask *ask);
/* Brings an instance to open (or failed): plugin loaded, options checked. */
void zs_ask_instance(struct zs_ask *ask, struct zs_instance *instance);

#endif
