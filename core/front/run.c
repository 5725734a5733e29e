/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/run.h.  Everything that can go on side by side does: children start
 * together, the walk, the vault's keys, the hosts' credentials and the engine's
 * connection to the CA go on at once; zs_run_advance() looks after each answer
 * what has become possible.
 */
#include "front/run_state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
	CANCEL_MS = 9 * 1000,
	TICK_MS = 100,
	WATCHDOG_MS = 120 * 1000	/* on top of the longest job: walk, clean-up of its records */
};

/* ---- what has become possible ---- */

static void check_greetings(struct zs_run *run)
{
	for (size_t i = 0; i < zs_super_count(run->super); i++)
		if (!zs_super_at(run->super, i)->greeted)
			return;
	run->greeted = true;
	if (run->spec.events.processes)
		run->spec.events.processes(run->super, run->spec.events.user);
}

static bool nothing_left(const struct zs_run *run)
{
	for (size_t i = 0; i < run->left.n; i++)
		if (!run->left.items[i].live)
			return false;
	return run->vault_open;
}

static bool all_done(const struct zs_run *run)
{
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->state != ZS_JOB_DONE)
			return false;
	return run->failed.code || (run->listed && (run->clean_done || nothing_left(run)));
}

static void end(struct zs_run *run)
{
	run->over = true;
	zs_loop_stop(run->loop, 0);
}

void zs_run_advance(struct zs_run *run)
{
	if (run->over)
		return;
	if (run->spec.only_walk) {
		if (run->failed.code || (run->walked && !zs_run_csr_waits(run)))
			end(run);
		return;
	}
	if (!run->greeted)
		check_greetings(run);
	for (size_t i = 0; i < run->jobs.n; i++) {
		struct zs_run_job *job = run->jobs.items[i];
		if (job->state == ZS_JOB_PLANNED && run->vault_open && run->listed && !job->csr_pending)
			zs_run_job_lock(job);
	}
	if (run->walked && run->vault_open && run->listed && !run->planned && !zs_run_csr_waits(run))
		zs_run_plan(run);
	for (size_t i = 0; run->planned && i < run->jobs.n; i++)
		if (run->jobs.items[i]->state == ZS_JOB_LOCKED)
			zs_run_release(run, run->jobs.items[i]);
	if (run->planned && !run->clean_sent)
		zs_run_left_clean(run);
	if (all_done(run))
		end(run);
}

/* ---- notes of the engine ---- */

static void on_stuck(struct zs_run *run, const void *body)
{
	const struct zs_msg_peer_stuck *msg = body;
	char instance[ZS_MAX_ID + 1];

	if (!zs_slice_copy(msg->instance, instance, sizeof(instance)) || msg->role >= ZS_ROLE__COUNT)
		return;
	struct zs_process *p = zs_super_find(run->super, (enum zs_role)msg->role, instance);
	if (p)
		zs_super_kill(p);
}

static void on_message(struct zs_process *process, struct zs_incoming *in, void *user)
{
	(void)process;
	if (in->type == ZS_MSG_PEER_STUCK)
		on_stuck(user, in->body);
	else
		(void)zs_run_job_note(user, in);
	zs_run_advance(user);
}

/* ---- deaths ---- */

static void probe_died(struct zs_run *run, const struct zs_err *err)
{
	struct zs_err why;
	int rc = zs_super_restart(run->probe, NULL, &why);

	zs_warn(NULL, "%s; %s", err->text, rc ? "not started again" : "starting it again");
	/* where it has ended again already, that is told next */
	if (!rc)
		(void)zs_run_probe_config(run);
	if (run->chunks && !run->walked)
		zs_run_start_walk(run);
}

static void on_died(struct zs_process *process, const struct zs_err *err, void *user)
{
	struct zs_run *run = user;
	struct zs_instance *in = process->role == ZS_ROLE_HOST ? zs_run_instance(run, process->instance) : NULL;

	if (run->over)
		return;
	if (in) {
		zs_instance_died(in, err);
	} else if (process->role == ZS_ROLE_PROBE) {
		probe_died(run, err);
	} else {
		/* without vault or engine nothing can go on; what was begun is in the journal */
		run->failed = *err;
		zs_err_hint(&run->failed, "run the same command again: it takes up what is in the journal");
		zs_run_fail_all(run, &run->failed);
	}
	zs_run_advance(run);
}

/* ---- signals ---- */

static void on_given_up(void *user)
{
	struct zs_run *run = user;

	run->giving_up = NULL;
	run->over = true;
	zs_warn(NULL, "quitting with work unfinished: `zoneseal gc` removes the records that are in the journal");
	zs_loop_stop(run->loop, 0);
}

/* Each job has a deadline in the engine; this is for an engine that does not keep it. */
static void on_watchdog(void *user)
{
	struct zs_run *run = user;
	struct zs_err err;

	run->watchdog = NULL;
	zs_err_set(&err, ZS_E_PEER, "the engine did not end its jobs in time");
	zs_run_fail_all(run, &err);
	run->failed = err;
	zs_run_advance(run);
}

static uint64_t longest_job_ms(const struct zs_run *run)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->conf->timeout_ms > longest)
			longest = run->jobs.items[i]->conf->timeout_ms;
	return longest;
}

static const char *signal_name(int signo)
{
	return signo == SIGINT ? "SIGINT" : signo == SIGTERM ? "SIGTERM" : signo == SIGHUP ? "SIGHUP" : "a signal";
}

/* The first signal ends the jobs in order; the second one, or 9 seconds, ends us. */
static void on_signal(int signo, void *user)
{
	struct zs_run *run = user;
	const struct zs_msg_job_ref all = { .job = 0 };
	struct zs_err err;

	if (run->signal) {
		on_given_up(run);
		return;
	}
	run->signal = signo;
	if (run->spec.only_walk) {
		end(run);
		return;
	}
	zs_warn(NULL, "ending: records are removed first; once more to quit at once");
	zs_err_set(&err, ZS_E_CANCELLED, "ended by %s", signal_name(signo));
	for (size_t i = 0; i < run->jobs.n; i++) {
		struct zs_run_job *job = run->jobs.items[i];
		if (job->engine_has && job->state != ZS_JOB_DONE)
			job->err = err;
		else
			zs_run_job_fail(job, &err);
	}
	if (run->engine->chan)
		zs_chan_note(run->engine->chan, ZS_MSG_ENGINE_JOB_CANCEL, &all, -1);
	if (!run->clean_sent)
		run->clean_done = true;
	run->giving_up = zs_loop_timer(run->loop, CANCEL_MS, on_given_up, run);
	zs_run_advance(run);
}

static void on_tick(void *user)
{
	struct zs_run *run = user;

	run->spec.events.tick(run->spec.events.user);
	run->tick = zs_loop_timer(run->loop, TICK_MS, on_tick, run);
}

/* ---- making ---- */

static struct zs_process *start(struct zs_run *run, enum zs_role role, const char *const *args, struct zs_err *err)
{
	return zs_super_start(run->super, role, "", args, err);
}

static bool wants_chown(const struct zs_run *run)
{
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->conf->key_group)
			return true;
	return false;
}

/* Without an order to place, only the names in the user's own requests are its business. */
static bool needs_engine(const struct zs_run *run)
{
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->conf->csr)
			return true;
	return !run->spec.only_walk;
}

static int start_processes(struct zs_run *run, struct zs_err *err)
{
	/* a dry run changes no key's group */
	const char *how = run->spec.dry_run ? "--read-only" : wants_chown(run) ? "--keep-chown" : NULL;
	const char *vault_args[] = { run->spec.state_dir, how, NULL };

	run->super = zs_super_new(&(struct zs_super_spec){
		.loop = run->loop, .message = on_message, .died = on_died, .user = run,
	});
	if (!run->super)
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for a run");
	if (needs_engine(run) && !(run->engine = start(run, ZS_ROLE_ENGINE, NULL, err)))
		return -(int)err->code;
	if (!run->spec.only_walk && !(run->vault = start(run, ZS_ROLE_VAULT, vault_args, err)))
		return -(int)err->code;
	if (!(run->probe = start(run, ZS_ROLE_PROBE, NULL, err)))
		return -(int)err->code;
	return 0;
}

/* The first questions to everybody, at once. */
static int ask_first(struct zs_run *run, struct zs_err *err)
{
	bool only_walk = run->spec.only_walk;

	if ((!only_walk && zs_run_open_vault(run)) || zs_run_probe_config(run))
		ZS_FAIL(err, ZS_E_PEER, "cannot reach a process of ours");
	if (!only_walk)
		zs_run_list(run);
	/* the engine reads requests of the user's before it hears of any CA: what it says of their
	 * names decides what hosts may touch, so it must not have talked to anybody yet */
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->conf->csr)
			zs_run_job_csr(run->jobs.items[i]);
	if (!only_walk)
		zs_run_open_cas(run);
	if (!zs_run_csr_waits(run) && (run->jobs.n || run->walks.n)) {
		zs_run_likely_instances(run);
		zs_run_start_walk(run);
	}
	if (!run->jobs.n && !run->walks.n)
		run->walked = true;
	return 0;
}

int zs_run(const struct zs_run_spec *spec, struct zs_run **ret, struct zs_err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct zs_run *run = calloc(1, sizeof(*run));
	int rc = 0;

	if (!run || !(run->loop = zs_loop_new(zs_clock_system()))) {
		free(run);
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for a run");
	}
	run->spec = *spec;
	for (size_t i = 0; i < spec->ncertificates && !rc; i++)
		rc = zs_run_job_make(run, spec->certificates[i], err);
	for (size_t i = 0; i < spec->nnames && !rc; i++)
		if (zs_run_add_walk(run, &spec->names[i]))
			rc = zs_err_set(err, ZS_E_USAGE, "%s is too long for _acme-challenge before it", spec->names[i].text);
	if (!rc && zs_loop_signals(run->loop, signals, ZS_COUNT(signals), on_signal, run))
		rc = zs_err_set(err, ZS_E_BUG, "cannot catch signals");
	if (!rc)
		rc = start_processes(run, err);
	if (!rc)
		rc = ask_first(run, err);
	if (!rc && spec->events.tick)
		run->tick = zs_loop_timer(run->loop, TICK_MS, on_tick, run);
	if (!rc && run->jobs.n)
		run->watchdog = zs_loop_timer(run->loop, longest_job_ms(run) + WATCHDOG_MS, on_watchdog, run);
	if (!rc) {
		zs_run_advance(run);
		if (!run->over)
			rc = zs_loop_run(run->loop);
		if (rc)
			zs_err_set(err, ZS_E_BUG, "the event loop failed");
	}
	if (!rc && run->failed.code && !run->jobs.n) {
		*err = run->failed;
		rc = -(int)err->code;
	}
	if (rc) {
		zs_run_free(run);
		return rc;
	}
	*ret = run;
	return 0;
}

void zs_run_free(struct zs_run *run)
{
	if (!run)
		return;
	run->over = true;
	zs_super_free(run->super);
	for (size_t i = 0; i < run->instances.n; i++) {
		zs_instance_done(run->instances.items[i]);
		free(run->instances.items[i]);
	}
	for (size_t i = 0; i < run->jobs.n; i++)
		zs_run_job_free(run->jobs.items[i]);
	zs_vec_done(&run->instances);
	zs_vec_done(&run->jobs);
	zs_vec_done(&run->cas);
	zs_vec_done(&run->walks);
	free(run->chunks);
	zs_vec_done(&run->left);
	zs_loop_timer_cancel(run->loop, run->giving_up);
	zs_loop_timer_cancel(run->loop, run->watchdog);
	zs_loop_timer_cancel(run->loop, run->tick);
	zs_loop_free(run->loop);
	free(run);
}

/* ---- what came of it ---- */

size_t zs_run_njobs(const struct zs_run *run)
{
	return run->jobs.n;
}

const struct zs_run_job *zs_run_job(const struct zs_run *run, size_t i)
{
	return run->jobs.items[i];
}

size_t zs_run_nleft(const struct zs_run *run)
{
	return run->left.n;
}

const struct zs_run_left *zs_run_left(const struct zs_run *run, size_t i)
{
	return &run->left.items[i];
}

int zs_run_signal(const struct zs_run *run)
{
	return run->signal;
}

uint32_t zs_run_requests(const struct zs_run *run)
{
	return run->requests;
}

uint32_t zs_run_connections(const struct zs_run *run)
{
	return run->connections;
}

static bool left_behind(const struct zs_run *run)
{
	for (size_t i = 0; i < run->left.n; i++)
		if (run->left.items[i].err.code)
			return true;
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->residue)
			return true;
	return false;
}

/* Nothing failed: 0. Some did: partly. All did: what the first one says. */
int zs_run_exit_code(const struct zs_run *run)
{
	size_t failed = 0;
	int first = 0;

	if (run->signal)
		return 128 + run->signal;
	for (size_t i = 0; i < run->jobs.n; i++) {
		const struct zs_err *err = &run->jobs.items[i]->err;
		if (err->code && !failed++)
			first = zs_code_info((int)err->code)->exit_code;
	}
	if (failed && failed < run->jobs.n)
		return zs_code_info(ZS_E_PARTIAL)->exit_code;
	if (failed)
		return first;
	if (run->failed.code)
		return zs_code_info((int)run->failed.code)->exit_code;
	return left_behind(run) ? zs_code_info(ZS_E_RESIDUE)->exit_code : 0;
}
