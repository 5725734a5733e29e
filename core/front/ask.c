/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/ask.h.  The loop runs only while something is waited for.
 */
#include "front/ask.h"

#include <stdlib.h>

enum { ANSWER_MS = 60 * 1000, PLUGIN_MS = 20 * 1000, GREET_MS = 5000, LOOK_MS = 5 };

static void stop(struct zs_ask *ask)
{
	ask->done = true;
	zs_loop_stop(ask->loop, 0);
}

static void wait_for(struct zs_ask *ask)
{
	ask->done = false;
	while (!ask->done && !zs_loop_run(ask->loop))
		;
}

static void on_message(struct zs_process *process, struct zs_incoming *in, void *user)
{
	(void)process;
	(void)in;
	(void)user;
}

/* Calls that wait for it are answered by the channel; an instance has to be told. */
static void on_died(struct zs_process *process, const struct zs_err *err, void *user)
{
	struct zs_ask *ask = user;
	struct zs_instance *instance = process->role == ZS_ROLE_HOST ? ask->user : NULL;

	if (instance && !ask->take && instance->process == process)
		zs_instance_died(instance, err);
	/* another one's death is no answer */
	if (process == ask->process) {
		ask->err = *err;
		stop(ask);
	}
}

int zs_ask_init(struct zs_ask *ask, struct zs_err *err)
{
	*ask = (struct zs_ask){ .loop = zs_loop_new(zs_clock_system()) };
	if (ask->loop)
		ask->super = zs_super_new(&(struct zs_super_spec){ .loop = ask->loop, .message = on_message, .died = on_died, .user = ask });
	if (ask->super)
		return 0;
	zs_loop_free(ask->loop);
	*ask = (struct zs_ask){ .loop = NULL };
	ZS_FAIL(err, ZS_E_NOMEM, "no memory for a process");
}

void zs_ask_done(struct zs_ask *ask)
{
	ask->user = NULL;
	if (ask->super)
		zs_super_free(ask->super);
	if (ask->loop)
		zs_loop_free(ask->loop);
	*ask = (struct zs_ask){ .loop = NULL };
}

static void on_answer(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_ask *ask = user;

	if (!final)
		return;
	/* the process ends: on_died() will know why */
	if (!in && err->code == ZS_E_PEER && !zs_chan_open(chan))
		return;
	if (!in)
		ask->err = *err;
	else if (ask->take)
		ask->take(in->body, ask->user);
	ask->answered = in != NULL;
	stop(ask);
}

/* Nothing but an answer is success. A host that hangs is its plugin's doing. */
static void no_answer(const struct zs_process *process, struct zs_err *err)
{
	if (process->role == ZS_ROLE_HOST && (err->code == ZS_E_PEER || !err->code)) {
		zs_err_set(err, ZS_E_PLUGIN, "the plugin did not answer: it hangs or ends where it is loaded or describes itself");
		zs_err_hint(err, "update the plugin or tell its author; a plugin that loads answers at once");
	} else if (!err->code) {
		zs_err_set(err, ZS_E_PEER, "the %s process did not answer", zs_role_name(process->role));
	}
}

int zs_ask(struct zs_ask *ask, struct zs_process *process, uint32_t type, const void *body,
	   void (*take)(const void *body, void *user), void *user, struct zs_err *err)
{
	ask->take = take;
	ask->user = take ? user : NULL;
	ask->process = process;
	ask->answered = false;
	zs_err_clear(&ask->err);
	if (process->chan &&
	    !zs_chan_call(process->chan, type, body, -1, process->role == ZS_ROLE_HOST ? PLUGIN_MS : ANSWER_MS, on_answer, ask, NULL))
		wait_for(ask);
	ask->take = NULL;
	ask->user = ask->process = NULL;
	if (ask->answered)
		return 0;
	no_answer(process, &ask->err);
	*err = ask->err;
	return -(int)err->code;
}

struct zs_process *zs_ask_vault(struct zs_ask *ask, const char *state_dir, bool adopt, struct zs_err *err)
{
	/* who adopts nothing only looks */
	const char *args[] = { state_dir, adopt ? NULL : "--read-only", NULL };
	const struct zs_msg_vault_open open = { .adopt = adopt };
	struct zs_process *vault = zs_super_start(ask->super, ZS_ROLE_VAULT, "", args, err);

	return vault && !zs_ask(ask, vault, ZS_MSG_VAULT_OPEN, &open, NULL, NULL, err) ? vault : NULL;
}

/* ---- greetings ---- */

static bool all_greeted(const struct zs_super *super)
{
	for (size_t i = 0; i < zs_super_count(super); i++)
		if (zs_super_at(super, i)->chan && !zs_super_at(super, i)->greeted)
			return false;
	return true;
}

static void on_look(void *user)
{
	struct zs_ask *ask = user;

	ask->looks++;
	ask->look = zs_loop_timer(ask->loop, LOOK_MS, on_look, ask);
	stop(ask);
}

void zs_ask_greetings(struct zs_ask *ask)
{
	ask->user = NULL;
	ask->looks = 0;
	ask->look = zs_loop_timer(ask->loop, LOOK_MS, on_look, ask);
	while (ask->look && !all_greeted(ask->super) && ask->looks < GREET_MS / LOOK_MS)
		wait_for(ask);
	zs_loop_timer_cancel(ask->loop, ask->look);
	ask->look = NULL;
}

/* ---- instances ---- */

static void on_instance(struct zs_instance *instance, void *user)
{
	if (instance->state >= ZS_INSTANCE_OPEN)
		stop(user);
}

void zs_ask_instance(struct zs_ask *ask, struct zs_instance *instance)
{
	struct zs_err err;

	instance->changed = on_instance;
	instance->user = ask;
	ask->take = NULL;
	ask->user = instance;
	ask->done = false;
	if (zs_instance_start(instance, ask->super, &err)) {
		instance->state = ZS_INSTANCE_FAILED;
		instance->err = err;
		zs_err_prefix(&instance->err, "provider %s", instance->conf->name);
	}
	while (instance->state < ZS_INSTANCE_OPEN && !zs_loop_run(ask->loop))
		;
	ask->user = NULL;
}
