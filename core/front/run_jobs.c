/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs of a run (front/run_state.h): from the configuration to the vault's
 * lock, to the engine, to the result.
 */
#include "front/run_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "base/url.h"
#include "front/secrets.h"
#include "front/user.h"

enum { BUNDLE_MAX = 512 * 1024 };

static uint64_t now_ms(const struct zs_run *run)
{
	struct zs_clock *clock = zs_loop_clock(run->loop);

	return clock->mono_ms(clock);
}

/* ---- jobs ---- */

static struct zs_run_job *job_by_id(struct zs_run *run, uint32_t id)
{
	return id && id <= run->jobs.n ? run->jobs.items[id - 1] : NULL;
}

void zs_run_job_end(struct zs_run_job *job)
{
	struct zs_run *run = job->run;
	const struct zs_msg_vault_job_end msg = { .job = job->id };

	if (job->state == ZS_JOB_DONE)
		return;
	job->state = ZS_JOB_DONE;
	job->ended_ms = now_ms(run);
	if (job->vault_has && run->vault->chan)
		zs_chan_note(run->vault->chan, ZS_MSG_VAULT_JOB_END, &msg, -1);
	if (run->spec.events.job_end)
		run->spec.events.job_end(job, run->spec.events.user);
}

/* The first error counts. Where the engine works on the job already it is told to stop, and
 * its JOB_END ends the job. */
void zs_run_job_fail(struct zs_run_job *job, const struct zs_err *err)
{
	const struct zs_msg_job_ref ref = { .job = job->id };

	if (job->state >= ZS_JOB_FAILING)
		return;
	if (!job->err.code)
		job->err = *err;
	if (job->engine_has && job->run->engine->chan) {
		job->state = ZS_JOB_FAILING;
		zs_chan_note(job->run->engine->chan, ZS_MSG_ENGINE_JOB_CANCEL, &ref, -1);
	} else {
		zs_run_job_end(job);
	}
}

void zs_run_fail_all(struct zs_run *run, const struct zs_err *err)
{
	for (size_t i = 0; i < run->jobs.n; i++) {
		struct zs_run_job *job = run->jobs.items[i];
		if (job->state == ZS_JOB_DONE)
			continue;
		if (!job->err.code)
			job->err = *err;
		zs_run_job_end(job);
	}
}

/* ---- making ---- */

void zs_run_job_free(struct zs_run_job *job)
{
	zs_vec_done(&job->identifiers);
	zs_vec_done(&job->routes);
	zs_buf_done(&job->csr);
	zs_buf_done(&job->csr_spki);
	free(job);
}

int zs_run_job_make(struct zs_run *run, const struct zs_conf_certificate *conf, struct zs_err *err)
{
	struct zs_run_job *job = calloc(1, sizeof(*job)), **slot = job ? zs_vec_push(&run->jobs, ZS_MAX_JOBS) : NULL;

	if (!slot) {
		free(job);
		ZS_FAIL(err, ZS_E_USAGE, "more than %d certificates in one run", ZS_MAX_JOBS);
	}
	*slot = job;
	job->run = run;
	job->id = (uint32_t)run->jobs.n;
	job->conf = conf;
	job->ca = zs_conf_ca(run->spec.conf, conf->ca);
	zs_buf_init(&job->csr, ZS_MAX_CSR);
	zs_buf_init(&job->csr_spki, 4096);
	snprintf(job->key_type, sizeof(job->key_type), "%s", conf->key_type);
	job->started_ms = now_ms(run);
	if (!job->ca)
		ZS_FAIL(err, ZS_E_CONFIG, "certificate %s: there is no CA \"%s\"", conf->name, conf->ca);
	for (size_t i = 0; i < conf->identifiers.n; i++) {
		struct zs_name *name = zs_vec_push(&job->identifiers, ZS_MAX_IDENTIFIERS);
		if (!name)
			ZS_FAIL(err, ZS_E_CONFIG, "certificate %s has more than %d names", conf->name, ZS_MAX_IDENTIFIERS);
		*name = conf->identifiers.items[i];
	}
	if (zs_run_add_walks(run, job))
		ZS_FAIL(err, ZS_E_CONFIG, "certificate %s: a name is too long for _acme-challenge before it", conf->name);
	return 0;
}

/* ---- vault ---- */

static void on_job_ready(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user);

void zs_run_job_lock(struct zs_run_job *job)
{
	struct zs_run *run = job->run;
	const struct zs_conf_certificate *conf = job->conf;
	const struct zs_conf_ca *ca = job->ca;
	struct zs_buf eab = ZS_BUF_SECRET(ZS_MAX_SECRET);
	struct zs_slice *origins = calloc(ca->origins.n + 1, sizeof(*origins)), *contacts = calloc(ca->contacts.n + 1, sizeof(*contacts));
	struct zs_msg_vault_job msg = {
		.job = job->id, .certificate = zs_slice_str(conf->name), .ca = zs_slice_str(ca->name),
		.agree_terms = ca->agree_terms, .eab_kid = zs_slice_str(ca->eab_kid),
		.account_key_type = zs_slice_str(ca->account_key_type),
		.identifiers = { job->identifiers.items, (uint32_t)job->identifiers.n }, .key_type = zs_slice_str(job->key_type),
		.reuse_key = conf->reuse_key, .csr = zs_buf_slice(&job->csr), .csr_spki = zs_buf_slice(&job->csr_spki),
		.key_group = -1, .profile = zs_slice_str(conf->profile), .dry_run = run->spec.dry_run,
	};
	struct zs_err err;
	int rc = origins && contacts ? 0 : zs_err_set(&err, ZS_E_NOMEM, "no memory for a job");

	/* the directory's own origin is always in the set */
	if (!rc && !zs_url_origin(zs_slice_str(ca->directory), &origins[msg.origins.n++]))
		rc = zs_err_set(&err, ZS_E_CONFIG, "the directory of CA %s is no https URL", ca->name);
	if (!rc) {
		for (size_t i = 0; i < ca->origins.n; i++)
			origins[msg.origins.n++] = zs_slice_str(ca->origins.items[i]);
		for (size_t i = 0; i < ca->contacts.n; i++)
			contacts[msg.contacts.n++] = zs_slice_str(ca->contacts.items[i]);
		msg.origins.items = origins;
		msg.contacts.items = contacts;
	}
	if (!rc && ca->eab_kid) {
		rc = zs_secret_read(&ca->eab_key, "eab-hmac-key", &eab, &err);
		msg.eab_key = zs_buf_slice(&eab);
	}
	if (!rc && conf->key_group)
		rc = zs_user_group(conf->key_group, &msg.key_group, &err);
	job->state = ZS_JOB_LOCKING;
	if (!rc && zs_chan_call(run->vault->chan, ZS_MSG_VAULT_JOB, &msg, -1, ZS_RUN_VAULT_MS, on_job_ready, job, NULL))
		rc = zs_err_set(&err, ZS_E_PEER, "cannot reach the vault process");
	if (rc)
		zs_run_job_fail(job, &err);
	zs_buf_done(&eab);
	free(origins);
	free(contacts);
}

static void send_engine_job(struct zs_run_job *job, const struct zs_msg_vault_job_ready *ready)
{
	const char *chain = job->conf->preferred_chain ? job->conf->preferred_chain : job->ca->preferred_chain;
	const struct zs_msg_engine_job msg = {
		.job = job->id, .certificate = zs_slice_str(job->conf->name), .ca = zs_slice_str(job->ca->name),
		.identifiers = { job->identifiers.items, (uint32_t)job->identifiers.n }, .account_url = ready->account_url,
		.order_url = ready->order_url, .finalize_url = ready->finalize_url, .spki = ready->spki,
		.agree_terms = job->ca->agree_terms, .has_eab = job->ca->eab_kid != NULL,
		.profile = zs_slice_str(job->conf->profile), .preferred_chain = zs_slice_str(chain),
		.timeout_ms = job->conf->timeout_ms, .dry_run = job->run->spec.dry_run,
	};
	struct zs_err err;

	if (zs_chan_note(job->run->engine->chan, ZS_MSG_ENGINE_JOB, &msg, -1)) {
		zs_err_set(&err, ZS_E_PEER, "cannot reach the engine process");
		zs_run_job_fail(job, &err);
		return;
	}
	job->engine_has = true;
}

static void on_job_ready(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_run_job *job = user;

	(void)chan;
	(void)final;
	if (in) {
		job->vault_has = true;
		if (job->state == ZS_JOB_LOCKING) {
			job->state = ZS_JOB_LOCKED;
			send_engine_job(job, in->body);
		}
	} else if (job->state == ZS_JOB_LOCKING) {
		zs_run_job_fail(job, err);
	}
	zs_run_advance(job->run);
}

/* ---- engine ---- */

static int fail_bundle(const char *path, struct zs_err *err)
{
	/* what is wrong is the option, whatever the system says */
	err->code = ZS_E_CONFIG;
	zs_err_where(err, "%s", path);
	zs_err_hint(err, "name a file of PEM certificates with ca-bundle or --ca-bundle, or leave it out: then the system's roots are used");
	return -ZS_E_CONFIG;
}

static int read_bundle(const char *path, struct zs_buf *dst, struct zs_err *err)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc;

	if (fd < 0) {
		zs_err_sys(err, ZS_E_CONFIG, errno, "cannot open the bundle of roots %s", path);
		return fail_bundle(path, err);
	}
	rc = zs_fs_read_fd(fd, dst, err);
	close(fd);
	if (rc)
		zs_err_prefix(err, "the bundle of roots %s", path);
	else if (!memmem(dst->data, dst->len, begin, sizeof(begin) - 1))
		rc = zs_err_set(err, ZS_E_CONFIG, "the bundle of roots %s holds no PEM certificate", path);
	return rc ? fail_bundle(path, err) : 0;
}

static int send_ca(struct zs_run *run, const struct zs_conf_ca *ca, struct zs_err *err)
{
	struct zs_buf bundle = ZS_BUF(BUNDLE_MAX);
	struct zs_slice *origins = calloc(ca->origins.n + 1, sizeof(*origins));
	int rc = origins ? 0 : zs_err_set(err, ZS_E_NOMEM, "no memory for a CA");

	if (!rc && ca->bundle)
		rc = read_bundle(ca->bundle, &bundle, err);
	if (!rc) {
		for (size_t i = 0; i < ca->origins.n; i++)
			origins[i] = zs_slice_str(ca->origins.items[i]);
		const struct zs_msg_engine_ca msg = {
			.name = zs_slice_str(ca->name), .directory = zs_slice_str(ca->directory),
			.origins = { origins, (uint32_t)ca->origins.n }, .bundle = zs_buf_slice(&bundle),
			.proxy = zs_slice_str(ca->proxy), .nonce_width = ca->nonce_width,
		};
		if (zs_chan_note(run->engine->chan, ZS_MSG_ENGINE_CA, &msg, -1))
			rc = zs_err_set(err, ZS_E_PEER, "cannot reach the engine process");
	}
	free(origins);
	zs_buf_done(&bundle);
	return rc;
}

static bool has_ca(const struct zs_run *run, const struct zs_conf_ca *ca)
{
	for (size_t i = 0; i < run->cas.n; i++)
		if (run->cas.items[i] == ca)
			return true;
	return false;
}

static void fail_jobs_of(struct zs_run *run, const struct zs_conf_ca *ca, const struct zs_err *err)
{
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->ca == ca)
			zs_run_job_fail(run->jobs.items[i], err);
}

void zs_run_open_cas(struct zs_run *run)
{
	struct zs_err err;

	for (size_t i = 0; i < run->jobs.n; i++) {
		struct zs_run_job *job = run->jobs.items[i];
		if (has_ca(run, job->ca))
			continue;
		const struct zs_conf_ca **slot = zs_vec_push(&run->cas, ZS_MAX_JOBS);
		if (slot)
			*slot = job->ca;
		if (send_ca(run, job->ca, &err))
			fail_jobs_of(run, job->ca, &err);
	}
}

static int take_csr(struct zs_run_job *job, const struct zs_msg_engine_csr_is *is)
{
	for (uint32_t i = 0; i < is->identifiers.n; i++) {
		struct zs_name *name = zs_vec_push(&job->identifiers, ZS_MAX_IDENTIFIERS);
		if (!name)
			return -ZS_E_NOMEM;
		*name = is->identifiers.items[i];
	}
	zs_buf_add_slice(&job->csr, is->der);
	zs_buf_add_slice(&job->csr_spki, is->spki);
	zs_slice_copy(is->key_type, job->key_type, sizeof(job->key_type));
	return job->csr.failed || job->csr_spki.failed ? -ZS_E_NOMEM : zs_run_add_walks(job->run, job);
}

static void on_csr(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_run_job *job = user;
	struct zs_run *run = job->run;

	(void)chan;
	(void)final;
	job->csr_pending = false;
	if (!in) {
		struct zs_err why = *err;
		/* what is wrong is the file that was named, not our storage */
		if (why.code == ZS_E_STORAGE)
			why.code = ZS_E_CONFIG;
		zs_err_prefix(&why, "the certificate signing request %s", job->conf->csr);
		zs_err_where(&why, "%s", job->conf->csr);
		zs_run_job_fail(job, &why);
	} else if (take_csr(job, in->body)) {
		struct zs_err why;
		zs_err_set(&why, ZS_E_NOMEM, "%s: no memory for its names", job->conf->csr);
		zs_run_job_fail(job, &why);
	}
	if (!zs_run_csr_waits(run)) {
		zs_run_likely_instances(run);
		zs_run_start_walk(run);
	}
	zs_run_advance(run);
}

/* The engine reads the user's CSR; front and vault never parse it. */
void zs_run_job_csr(struct zs_run_job *job)
{
	static const struct zs_msg_empty empty;
	struct zs_err err;
	int fd = open(job->conf->csr, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc = 0;

	if (fd < 0)
		rc = zs_err_sys(&err, ZS_E_CONFIG, errno, "cannot open the certificate signing request %s", job->conf->csr);
	else if (zs_chan_call(job->run->engine->chan, ZS_MSG_ENGINE_CSR, &empty, fd, ZS_RUN_VAULT_MS, on_csr, job, NULL))
		rc = zs_err_set(&err, ZS_E_PEER, "cannot reach the engine process");
	if (fd >= 0)
		close(fd);
	job->csr_pending = !rc;
	if (rc)
		zs_run_job_fail(job, &err);
}

bool zs_run_csr_waits(const struct zs_run *run)
{
	for (size_t i = 0; i < run->jobs.n; i++)
		if (run->jobs.items[i]->csr_pending)
			return true;
	return false;
}

/* ---- notes of the engine ---- */

static void on_phase(struct zs_run *run, const void *body)
{
	const struct zs_msg_job_phase *msg = body;
	struct zs_run_job *job = job_by_id(run, msg->job);
	char text[512];

	if (!job || msg->phase >= ZS_PHASE__COUNT)
		return;
	job->phase = (enum zs_phase)msg->phase;
	zs_slice_copy(msg->text, text, sizeof(text));
	if (run->spec.events.phase)
		run->spec.events.phase(job, text, run->spec.events.user);
}

static void on_matrix(struct zs_run *run, const void *body)
{
	const struct zs_msg_job_matrix *msg = body;
	struct zs_run_job *job = job_by_id(run, msg->job);

	if (job && run->spec.events.matrix)
		run->spec.events.matrix(job, msg, run->spec.events.user);
}

static void on_job_end(struct zs_run *run, const void *body)
{
	const struct zs_msg_job_end *msg = body;
	struct zs_run_job *job = job_by_id(run, msg->job);

	run->requests = msg->requests;
	run->connections = msg->connections;
	if (!job || job->state == ZS_JOB_DONE)
		return;
	job->engine_has = false;
	job->generation = msg->generation;
	job->residue = msg->residue;
	job->not_before = msg->not_before;
	job->not_after = msg->not_after;
	job->resumed = msg->resumed;
	zs_slice_copy(msg->path, job->path, sizeof(job->path));
	zs_slice_copy(msg->issuer, job->issuer, sizeof(job->issuer));
	zs_slice_copy(msg->serial, job->serial, sizeof(job->serial));
	zs_slice_copy(msg->order_url, job->order_url, sizeof(job->order_url));
	if (!job->err.code)
		job->err = msg->err;
	/* the engine read the bundle, but does not know whose file it was */
	if (job->err.code == ZS_E_CONFIG && job->ca->bundle && !*job->err.where)
		zs_err_where(&job->err, "%s", job->ca->bundle);
	zs_run_job_end(job);
}

static const struct {
	uint32_t type;
	void (*handle)(struct zs_run *, const void *);
} notes[] = {
	{ ZS_MSG_JOB_PHASE, on_phase },
	{ ZS_MSG_JOB_MATRIX, on_matrix },
	{ ZS_MSG_JOB_END, on_job_end },
};

bool zs_run_job_note(struct zs_run *run, const struct zs_incoming *in)
{
	for (size_t i = 0; i < ZS_COUNT(notes); i++) {
		if (notes[i].type == in->type) {
			notes[i].handle(run, in->body);
			return true;
		}
	}
	return false;
}
