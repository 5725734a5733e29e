/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: what front allowed for one certificate, with the keys and the lock that
 * belong to it.  The engine can only name a job by its number.
 */
#ifndef ZS_VAULT_JOBS_H
#define ZS_VAULT_JOBS_H

#include "base/url.h"
#include "ipc/proto.h"
#include "vault/account.h"
#include "vault/pending.h"

struct zs_job {
	uint32_t id;
	const struct zs_state *state;
	struct zs_arena arena;			/* the strings below */
	const char *certificate, *profile, *key_type;
	struct zs_origins origins;		/* the CA's pinned set */
	const char **contacts;
	uint32_t n_contacts;
	struct zs_name *identifiers;
	uint32_t n_identifiers;
	const char *eab_kid;			/* "" = none */
	struct zs_buf eab_key;			/* decoded */
	bool agree_terms, reuse_key, own_csr, dry_run, stored;
	int64_t key_group;
	int dir;				/* certificates/<name>, -1 in a dry run without one */
	int lock;				/* fd, -1 or ZS_STATE_NO_LOCK */
	struct zs_account *account;
	bool account_new;
	struct zs_pkey *key;			/* NULL with the user's own CSR */
	struct zs_buf csr, spki;
	const char *order_url, *finalize_url;	/* of a finalized order; "" = none */
};

struct zs_jobs {
	ZS_VEC(struct zs_job *) items;
};

/* Checks the order, locks, loads or makes keys, builds the CSR. */
int zs_job_start(struct zs_jobs *jobs, struct zs_accounts *accounts, const struct zs_state *state,
		 const struct zs_msg_vault_job *order, struct zs_job **ret, struct zs_err *err);
/* NULL and an error when there is none. */
struct zs_job *zs_job_find(const struct zs_jobs *jobs, uint32_t id, struct zs_err *err);
bool zs_job_holds(const struct zs_jobs *jobs, const char *certificate);
void zs_job_end(struct zs_jobs *jobs, struct zs_accounts *accounts, struct zs_job *job);
void zs_jobs_done(struct zs_jobs *jobs, struct zs_accounts *accounts);

/* The job as the journal of finalize knows it. */
struct zs_pending zs_job_pending(const struct zs_job *job, const char *order_url, const char *finalize_url);
/* The order cannot be finished, or is. */
int zs_job_drop_order(struct zs_job *job, struct zs_err *err);
/* True when the URL's origin is in the pinned set. */
bool zs_job_allows(const struct zs_job *job, struct zs_slice url);

#endif
