/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a run share.
 *
 *   run.c         start, what has become possible, deaths, signals, result
 *   run_list.c    what is stored, and so what is due: vault
 *   run_jobs.c    one certificate's job: vault and engine
 *   run_walk.c    where the challenge names live: probe
 *   run_routes.c  which instance writes what; grant, check, release
 *   run_left.c    records that dead runs left
 */
#ifndef ZS_FRONT_RUN_STATE_H
#define ZS_FRONT_RUN_STATE_H

#include "front/instance.h"
#include "front/run.h"

enum { ZS_RUN_VAULT_MS = 120 * 1000 };

struct zs_run_walk {
	struct zs_name name, effective, zone;
	struct zs_err err;		/* code 0 = found */
};

struct zs_run_chunk;			/* run_walk.c: what one request of the walk is about */

struct zs_run {
	struct zs_run_spec spec;
	struct zs_loop *loop;
	struct zs_super *super;
	ZS_VEC(struct zs_run_job *) jobs;
	ZS_VEC(struct zs_instance *) instances;
	ZS_VEC(const struct zs_conf_ca *) cas;	/* told to the engine */
	ZS_VEC(struct zs_run_walk) walks;	/* challenge names, each once */
	struct zs_run_chunk *chunks;		/* of the walks; NULL until it begins */
	size_t nchunks, chunks_open, chunks_done;
	ZS_VEC(struct zs_run_left) left;
	size_t clean_from, clean_to;		/* of left: what the engine removes now */
	struct zs_process *engine, *vault, *probe;
	bool vault_open, listed, walked, planned, clean_sent, clean_done, greeted, over;
	int signal;
	struct zs_timer *giving_up, *tick, *watchdog;
	uint32_t requests, connections;
	struct zs_err failed;			/* the run as a whole */
};

/* run.c: looks what has become possible and does it. */
void zs_run_advance(struct zs_run *run);

/* ---- run_list.c ---- */

/* Asks what is stored; what is not due ends. Sets listed. */
void zs_run_list(struct zs_run *run);

/* ---- run_jobs.c ---- */

int zs_run_job_make(struct zs_run *run, const struct zs_conf_certificate *conf, struct zs_err *err);
void zs_run_job_free(struct zs_run_job *job);
/* Tells the engine of every CA in use; a CA that cannot be used fails its jobs. */
void zs_run_open_cas(struct zs_run *run);
/* Has the user's own CSR read. */
void zs_run_job_csr(struct zs_run_job *job);
bool zs_run_csr_waits(const struct zs_run *run);
/* Locks the certificate and gets its keys ready; then the engine hears of the job. */
void zs_run_job_lock(struct zs_run_job *job);
/* The first error counts. Where the engine works on the job already it is told to stop, and
 * its JOB_END ends the job. */
void zs_run_job_fail(struct zs_run_job *job, const struct zs_err *err);
void zs_run_job_end(struct zs_run_job *job);
void zs_run_fail_all(struct zs_run *run, const struct zs_err *err);
/* Notes of the engine; false when it is none of a job. */
bool zs_run_job_note(struct zs_run *run, const struct zs_incoming *in);

/* ---- run_walk.c ---- */

/* Challenge names of the job that are not in the walk yet. */
int zs_run_add_walks(struct zs_run *run, const struct zs_run_job *job);
int zs_run_add_walk(struct zs_run *run, const struct zs_name *identifier);
struct zs_run_walk *zs_run_walk_of(const struct zs_run *run, const struct zs_name *challenge);
int zs_run_probe_config(struct zs_run *run);
/* Also when the probe was started anew: asks what has no answer yet. */
void zs_run_start_walk(struct zs_run *run);

/* ---- run_routes.c ---- */

struct zs_instance *zs_run_instance(const struct zs_run *run, const char *name);
/* Starts the host of a configured instance where it does not run yet. */
struct zs_instance *zs_run_need_instance(struct zs_run *run, const char *name, struct zs_err *err);
/* Hosts start before the walk is over where the configuration lets us guess. */
void zs_run_likely_instances(struct zs_run *run);
/* After the walk it is known who writes what: that, and nothing else, is granted. */
void zs_run_plan(struct zs_run *run);
/* Lets the engine order, once all its zones are granted and the credentials are good. */
void zs_run_release(struct zs_run *run, struct zs_run_job *job);

/* ---- run_left.c ---- */

/* Opens the vault and gets all adopted entries. Sets vault_open. */
int zs_run_open_vault(struct zs_run *run);
/* Records of dead runs are granted too, or they could not be removed. */
void zs_run_left_grant(struct zs_run *run);
/* Removes them as soon as their hosts are ready. */
void zs_run_left_clean(struct zs_run *run);

#endif
