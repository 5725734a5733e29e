/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts: one key and one account URL for each CA, shared by all jobs of a
 * run that use the CA.
 */
#ifndef ZS_VAULT_ACCOUNT_H
#define ZS_VAULT_ACCOUNT_H

#include "vault/state.h"
#include "wrap/jws.h"

struct zs_account {
	char ca[ZS_MAX_ID + 1];
	struct zs_pkey *key;
	struct zs_meta meta;			/* as on disk: url, lost_url ... */
	char thumbprint[ZS_THUMBPRINT_TEXT];
	bool stored;				/* false: dry run, only in memory */
	unsigned users;
};

struct zs_accounts {
	ZS_VEC(struct zs_account *) items;
};

/* What the caller wants to use. */
struct zs_account_want {
	const char *ca;
	const char *key_type;	/* for a new key */
	bool dry_run;		/* write nothing */
};

/* Loads or makes the account of a CA; give it back with zs_account_release(). */
int zs_account_take(struct zs_accounts *accounts, const struct zs_state *state, const struct zs_account_want *want,
		    struct zs_account **ret, bool *ret_new, struct zs_err *err);
void zs_account_release(struct zs_accounts *accounts, struct zs_account *account);
void zs_accounts_done(struct zs_accounts *accounts);

/* NULL when the CA has not told one yet. Borrowed until the next change. */
const char *zs_account_url(const struct zs_account *account);
/* Records the URL. Another one on record is not replaced: -ZS_E_CA_ACCOUNT. */
int zs_account_set(struct zs_account *account, const struct zs_state *state, struct zs_slice url, struct zs_err *err);
/* The CA does not know the account: url, the one on record, is moved aside. */
int zs_account_lose(struct zs_account *account, const struct zs_state *state, struct zs_slice url, struct zs_err *err);
/* True when url is, or ever was, this account's URL in any spelling. */
bool zs_account_owns(const struct zs_account *account, struct zs_slice url);

#endif
