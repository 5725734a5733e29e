/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run: everything between "these certificates" and "all done".  Front is
 * the authority: it asks the probe where the challenge names live, picks the
 * instance for each zone, grants exactly that to the hosts, has the credentials
 * checked, and only then releases each job to the engine.
 */
#ifndef ZS_FRONT_RUN_H
#define ZS_FRONT_RUN_H

#include "conf/conf.h"
#include "front/supervisor.h"

struct zs_run;

/* A record that a dead run left, and what became of it. */
struct zs_run_left {
	uint64_t id;
	char certificate[ZS_MAX_ID + 1], instance[ZS_MAX_ID + 1], provider[ZS_MAX_ID + 1];
	struct zs_name zone, name;
	char value[ZS_MAX_TXT + 1];
	/* what the record is for; shown to nobody but the plugin, empty where it is not known */
	struct zs_name identifier;
	char token[ZS_MAX_TOKEN + 1], key_authorization[ZS_MAX_KEY_AUTHORIZATION + 1];
	int64_t added;
	bool live;			/* of a run that is alive: not touched */
	bool removed;
	struct zs_err err;		/* why not; code 0 while untried */
};

enum { ZS_DUE_REASON = 256 };
enum zs_job_state { ZS_JOB_PLANNED, ZS_JOB_LOCKING, ZS_JOB_LOCKED, ZS_JOB_RUNNING, ZS_JOB_FAILING, ZS_JOB_DONE };

struct zs_run_job {
	struct zs_run *run;
	uint32_t id;
	const struct zs_conf_certificate *conf;
	const struct zs_conf_ca *ca;
	ZS_VEC(struct zs_name) identifiers;
	struct zs_buf csr, csr_spki;	/* own CSR */
	char key_type[16];
	bool csr_pending;
	enum zs_job_state state;
	bool engine_has, vault_has, routed, skipped;	/* skipped: nothing due */
	ZS_VEC(struct zs_msg_route) routes;	/* instance and provider point into the configuration */
	enum zs_phase phase;
	char reason[ZS_DUE_REASON];	/* why it is due; "" = not known yet, or it is not */
	struct zs_err err;		/* code 0 = went well */
	/* results; of a skipped one, what is stored */
	char path[4096], issuer[256], serial[64], order_url[ZS_MAX_URL + 1];
	uint32_t generation, residue;
	int64_t not_before, not_after;
	uint64_t started_ms, ended_ms;	/* monotonic */
	bool resumed;
};

/* What a watcher of the run may show; any of them may be NULL. */
struct zs_run_events {
	void (*phase)(const struct zs_run_job *job, const char *text, void *user);
	void (*matrix)(const struct zs_run_job *job, const struct zs_msg_job_matrix *matrix, void *user);
	void (*job_end)(const struct zs_run_job *job, void *user);
	void (*left)(const struct zs_run_left *left, void *user);	/* an old record was removed or not */
	void (*processes)(struct zs_super *super, void *user);	/* once all have greeted */
	void (*tick)(void *user);	/* ten times a second */
	void *user;
};

struct zs_run_spec {
	const struct zs_conf *conf;
	const char *state_dir;
	const struct zs_conf_certificate *const *certificates;	/* none: only clean up (gc) */
	size_t ncertificates;
	bool force;			/* also what is not due */
	bool dry_run;			/* up to and without newAccount, newOrder, publish */
	bool only_walk;			/* finds where the names are written, and nothing else */
	const struct zs_name *names;	/* only_walk: names without a certificate */
	size_t nnames;
	struct zs_run_events events;
};

/* Runs to the end, with its own loop and signal handling. 0, or -code when the run as a whole
 * could not start (jobs then carry nothing). *ret is set on success; end it with zs_run_free. */
int zs_run(const struct zs_run_spec *spec, struct zs_run **ret, struct zs_err *err);
void zs_run_free(struct zs_run *run);

size_t zs_run_njobs(const struct zs_run *run);
const struct zs_run_job *zs_run_job(const struct zs_run *run, size_t i);
size_t zs_run_nleft(const struct zs_run *run);
const struct zs_run_left *zs_run_left(const struct zs_run *run, size_t i);
int zs_run_signal(const struct zs_run *run);	/* the signal that ended it, 0 = none */
uint32_t zs_run_requests(const struct zs_run *run);	/* to all CAs */
uint32_t zs_run_connections(const struct zs_run *run);
/* Where the record for an identifier is written, and through which instance (NULL = none is
 * configured): the certificate's own, else the [zone]'s, else the default. 0, or why it
 * could not be found. */
struct zs_run_place {
	struct zs_name effective, zone;
	const char *instance;
};
int zs_run_place(const struct zs_run *run, const struct zs_conf_certificate *certificate, const struct zs_name *identifier,
		 struct zs_run_place *ret, struct zs_err *err);
/* The exit code of all this, by the table of docs/errors.md. */
int zs_run_exit_code(const struct zs_run *run);

#endif
