/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and ends jobs: certificate lock, account, pending order, certificate
 * key, CSR, in that order.  What fails gives everything back.  Signing is
 * sign.c, storing is store.c.  Runs in the vault.
 */
#include "vault/jobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vault/generation.h"
#include "vault/keys.h"
#include "vault/order.h"
#include "wrap/csr.h"

static const char kind[] = "certificates";

enum { JOB_MEMORY = 512 * 1024, DIR_TRIES = 10 };

struct zs_job *zs_job_find(const struct zs_jobs *jobs, uint32_t id, struct zs_err *err)
{
	for (size_t i = 0; i < jobs->items.n; i++)
		if (jobs->items.items[i]->id == id)
			return jobs->items.items[i];
	(void)zs_err_set(err, ZS_E_BUG, "job %u is not known to the vault", id);
	return NULL;
}

bool zs_job_holds(const struct zs_jobs *jobs, const char *certificate)
{
	for (size_t i = 0; i < jobs->items.n; i++)
		if (strcmp(jobs->items.items[i]->certificate, certificate) == 0)
			return true;
	return false;
}

bool zs_job_allows(const struct zs_job *job, struct zs_slice url)
{
	return zs_url_in(url, job->origins);
}

struct zs_pending zs_job_pending(const struct zs_job *job, const char *order_url, const char *finalize_url)
{
	return (struct zs_pending){
		.ca = job->account->ca,
		.key_type = job->key_type,
		.spki = zs_buf_slice(&job->spki),
		.identifiers = job->identifiers,
		.n_identifiers = job->n_identifiers,
		.key = job->key,
		.order_url = order_url,
		.finalize_url = finalize_url,
	};
}

int zs_job_drop_order(struct zs_job *job, struct zs_err *err)
{
	job->order_url = job->finalize_url = "";
	return job->dry_run || job->dir < 0 ? 0 : zs_pending_drop(job->dir, err);
}

/* ---- the certificate's directory ----------------------------------------------------- */

static int share_dirs(struct zs_job *job, const struct zs_state *state, struct zs_err *err)
{
	int rc = zs_state_share(job->dir, job->key_group, err);

	if (rc != 0 || job->key_group < 0)
		return rc;
	return zs_state_let_through(state, err);
}

static int lock_dir(struct zs_job *job, const struct zs_state *state, struct zs_err *err)
{
	job->dir = zs_state_unit(state, kind, job->certificate, !job->dry_run, err);
	if (job->dir < 0)
		return job->dir;
	job->lock = zs_state_lock(job->dir, !job->dry_run, err);
	if (job->lock >= 0)
		return 0;
	zs_state_close(&job->dir);
	zs_err_subject(err, "%s", job->certificate);
	return job->lock;
}

static bool is_missing(int rc)
{
	return rc != 0 && rc != -ZS_E_BUSY && errno == ENOENT;
}

/* A dry run looks at what is there and respects a lock, but makes nothing. */
static int open_dir(struct zs_job *job, const struct zs_state *state, struct zs_err *err)
{
	int rc = lock_dir(job, state, err);

	/* A run that failed may have removed it between our two steps. */
	for (unsigned i = 0; is_missing(rc) && !job->dry_run && i < DIR_TRIES; i++)
		rc = lock_dir(job, state, err);
	if (is_missing(rc) && job->dry_run) {
		job->dir = job->lock = -1;
		return 0;
	}
	if (is_missing(rc)) {
		rc = zs_err_set(err, ZS_E_BUSY, "other runs begin and end here all the time");
		zs_err_subject(err, "%s", job->certificate);
	}
	if (rc != 0 || job->dry_run)
		return rc;
	zs_state_sweep(job->dir);
	return share_dirs(job, state, err);
}

/* Of a run that failed nothing stays that was not there before. */
static void close_dir(struct zs_job *job)
{
	if (job->lock >= 0 && !job->dry_run)
		zs_state_drop_unit(job->state, kind, job->certificate, job->dir);
	zs_state_unlock(&job->lock);
	zs_state_close(&job->dir);
}

static int quarantine(struct zs_job *job, const struct zs_state *state, int dir, const char *file, struct zs_err *err)
{
	struct zs_err why = *err;
	char label[160];

	if (job->dry_run) {
		zs_warn(job->certificate, "%s is broken: %s", file, why.text);
		return 0;
	}
	(void)snprintf(label, sizeof(label), "%s.%s.%s", kind, job->certificate, file);
	return zs_state_quarantine(state, dir, file, label, &why, err);
}

/* ---- keys ------------------------------------------------------------------------------ */

static int take_pending(struct zs_job *job, struct zs_pending_found *found, struct zs_err *err)
{
	job->key = found->key;
	job->order_url = zs_arena_str(&job->arena, found->order_url, strlen(found->order_url));
	job->finalize_url = zs_arena_str(&job->arena, found->finalize_url, strlen(found->finalize_url));
	if (job->order_url == NULL || job->finalize_url == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a job");
	if (zs_job_allows(job, zs_slice_str(job->order_url)) && zs_job_allows(job, zs_slice_str(job->finalize_url)))
		return 0;
	/* The CA has moved: the order is gone, the key is as good as a new one. */
	return zs_job_drop_order(job, err);
}

static int load_pending(struct zs_job *job, const struct zs_state *state, struct zs_err *err)
{
	struct zs_pending want = zs_job_pending(job, "", "");
	struct zs_pending_found found;
	bool other;

	if (job->dir < 0)
		return 0;
	switch (zs_pending_read(job->dir, &want, &found, &other, err)) {
	case ZS_FOUND:
		return take_pending(job, &found, err);
	case ZS_ABSENT:
		return other ? zs_job_drop_order(job, err) : 0;
	case ZS_CORRUPT:
		return quarantine(job, state, job->dir, "pending", err);
	default:
		return zs_err_prefix(err, "finalized order of %s", job->certificate);
	}
}

/* reuse_key: the key of the current generation, if it is of the wanted type. */
static int load_current_key(struct zs_job *job, const struct zs_state *state, struct zs_err *err)
{
	uint32_t number;
	enum zs_found found;
	int dir, rc = 0;

	if (zs_generation_current(job->dir, &number, err) != ZS_FOUND)
		return 0;
	dir = zs_generation_open(job->dir, number, err);
	if (dir < 0)
		return dir;
	found = zs_keys_read(dir, "privkey.pem", &job->key, err);
	if (found == ZS_CORRUPT)
		rc = quarantine(job, state, dir, "privkey.pem", err);
	else if (found == ZS_UNREADABLE)
		rc = zs_err_prefix(err, "key of %s", job->certificate);
	zs_state_close(&dir);
	if (rc == 0 && job->key != NULL && strcmp(zs_pkey_type(job->key), job->key_type) != 0) {
		zs_pkey_free(job->key);
		job->key = NULL;
	}
	return rc;
}

static int prepare_key(struct zs_job *job, const struct zs_state *state, struct zs_err *err)
{
	int rc = load_pending(job, state, err);

	if (rc != 0 || job->own_csr)
		return rc;
	if (job->key == NULL && job->reuse_key && job->dir >= 0)
		rc = load_current_key(job, state, err);
	if (rc == 0 && job->key == NULL)
		rc = zs_pkey_new(job->key_type, &job->key, err);
	if (rc == 0)
		rc = zs_pkey_spki(job->key, &job->spki, err);
	if (rc == 0)
		rc = zs_csr_build(job->key, job->identifiers, job->n_identifiers, &job->csr, err);
	return rc;
}

/* Facts of the current generation that cannot be read are moved away, so that
 * they stop nobody. */
static int check_current(struct zs_job *job, const struct zs_state *state, struct zs_err *err)
{
	struct zs_meta meta;
	uint32_t number;
	int rc = 0, dir;

	if (job->dir < 0 || zs_generation_current(job->dir, &number, err) != ZS_FOUND)
		return 0;
	dir = zs_generation_open(job->dir, number, err);
	if (dir < 0)
		return dir;
	zs_meta_init(&meta);
	if (zs_meta_read(&meta, dir, "meta", err) == ZS_CORRUPT)
		rc = quarantine(job, state, dir, "meta", err);
	zs_meta_done(&meta);
	zs_state_close(&dir);
	return rc;
}

/* ---- life ------------------------------------------------------------------------------- */

static void free_job(struct zs_accounts *accounts, struct zs_job *job)
{
	if (job == NULL)
		return;
	zs_account_release(accounts, job->account);
	zs_pkey_free(job->key);
	zs_buf_done(&job->eab_key);
	zs_buf_done(&job->csr);
	zs_buf_done(&job->spki);
	close_dir(job);
	zs_arena_done(&job->arena);
	free(job);
}

static int fill_job(struct zs_job *job, struct zs_accounts *accounts, const struct zs_state *state,
		    const struct zs_msg_vault_job *order, struct zs_err *err)
{
	struct zs_account_want want = { .dry_run = order->dry_run };
	int rc = zs_order_read(order, job, &want.ca, &want.key_type, err);

	if (rc == 0)
		rc = open_dir(job, state, err);
	if (rc == 0)
		rc = zs_account_take(accounts, state, &want, &job->account, &job->account_new, err);
	if (rc == 0)
		rc = check_current(job, state, err);
	return rc != 0 ? rc : prepare_key(job, state, err);
}

int zs_job_start(struct zs_jobs *jobs, struct zs_accounts *accounts, const struct zs_state *state,
		 const struct zs_msg_vault_job *order, struct zs_job **ret, struct zs_err *err)
{
	struct zs_job *job, **slot;
	int rc;

	if (zs_job_find(jobs, order->job, NULL) != NULL)
		ZS_FAIL(err, ZS_E_BUG, "job %u exists already", order->job);
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a job");
	job->state = state;
	job->dir = job->lock = -1;
	job->order_url = job->finalize_url = "";
	zs_arena_init(&job->arena, JOB_MEMORY);
	rc = fill_job(job, accounts, state, order, err);
	slot = rc == 0 ? zs_vec_push(&jobs->items, ZS_MAX_JOBS) : NULL;
	if (slot == NULL) {
		free_job(accounts, job);
		return rc != 0 ? rc : zs_err_set(err, ZS_E_NOMEM, "more than %d jobs at once", ZS_MAX_JOBS);
	}
	*slot = job;
	*ret = job;
	return 0;
}

void zs_job_end(struct zs_jobs *jobs, struct zs_accounts *accounts, struct zs_job *job)
{
	for (size_t i = 0; i < jobs->items.n; i++) {
		if (jobs->items.items[i] != job)
			continue;
		zs_vec_remove(&jobs->items, i);
		break;
	}
	free_job(accounts, job);
}

void zs_jobs_done(struct zs_jobs *jobs, struct zs_accounts *accounts)
{
	for (size_t i = 0; i < jobs->items.n; i++)
		free_job(accounts, jobs->items.items[i]);
	zs_vec_done(&jobs->items);
}
