/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Account keys and URLs in accounts/<ca>/.  Every change on disk is made under
 * that directory's lock, since another run may share the account.  A URL that
 * was lost stays on record, so that it can never be deactivated by mistake.
 * Runs in the vault.
 */
#include "vault/account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/url.h"
#include "vault/keys.h"

static const char kind[] = "accounts", key_file[] = "account.key.pem", meta_file[] = "meta";
static const char url_key[] = "url", lost_key[] = "lost_url";

enum { MAX_LOST = 32, MAX_JWK = 4096 };

/* ---- disk ------------------------------------------------------------------------- */

static void label_of(const char *ca, const char *file, char dst[static 128])
{
	(void)snprintf(dst, 128, "%s.%s.%s", kind, ca, file);
}

/* Corrupt files go to quarantine unless nothing may be written: then they count as absent. */
static int settle(enum zs_found found, const struct zs_state *state, int dir, const struct zs_account_want *want,
		  const char *file, struct zs_err *err)
{
	char label[128];
	struct zs_err why = { .code = ZS_OK };

	if (found == ZS_FOUND || found == ZS_ABSENT)
		return 0;
	if (found == ZS_UNREADABLE)
		return zs_err_prefix(err, "%s/%s", kind, want->ca);
	label_of(want->ca, file, label);
	if (want->dry_run) {
		zs_warn("", "%s is broken; a run that may write will move it to quarantine", label);
		return 0;
	}
	if (err != NULL)
		why = *err;
	return zs_state_quarantine(state, dir, file, label, &why, err);
}

static int load_key(struct zs_account *account, const struct zs_state *state, int dir,
		    const struct zs_account_want *want, struct zs_err *err)
{
	enum zs_found found = zs_keys_read(dir, key_file, &account->key, err);

	return settle(found, state, dir, want, key_file, err);
}

static int load_meta(struct zs_account *account, const struct zs_state *state, int dir,
		     const struct zs_account_want *want, struct zs_err *err)
{
	enum zs_found found;

	zs_meta_done(&account->meta);
	zs_meta_init(&account->meta);
	found = zs_meta_read(&account->meta, dir, meta_file, err);
	if (found == ZS_CORRUPT) {
		zs_meta_done(&account->meta);
		zs_meta_init(&account->meta);
	}
	return settle(found, state, dir, want, meta_file, err);
}

static int write_meta(const struct zs_account *account, int dir, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_META);
	int rc = zs_meta_print(&account->meta, &text, err);

	if (rc == 0)
		rc = zs_fs_write_atomic(dir, meta_file, zs_buf_slice(&text), 0600, (gid_t)-1, err);
	zs_buf_done(&text);
	return rc;
}

/* Loads what is there and makes the key that is not; the directory is locked. */
static int load_or_make(struct zs_account *account, const struct zs_state *state, int dir,
			const struct zs_account_want *want, bool *ret_new, struct zs_err *err)
{
	int rc = account->key == NULL ? load_key(account, state, dir, want, err) : 0;

	if (rc == 0)
		rc = load_meta(account, state, dir, want, err);
	if (rc != 0 || account->key != NULL)
		return rc;
	/* A URL without its key is of no use, but must not be deactivated either. */
	if (zs_account_url(account) != NULL) {
		zs_meta_add(&account->meta, lost_key, zs_slice_str(zs_account_url(account)));
		zs_meta_remove(&account->meta, url_key);
	}
	*ret_new = true;
	return zs_pkey_new(want->key_type, &account->key, err);
}

static int save_new(struct zs_account *account, int dir, struct zs_err *err)
{
	int rc = zs_keys_write_new(dir, key_file, account->key, err);

	return rc != 0 ? rc : write_meta(account, dir, err);
}

static int open_stored(struct zs_account *account, const struct zs_state *state, const struct zs_account_want *want,
		       bool *ret_new, struct zs_err *err)
{
	int dir = zs_state_unit(state, kind, want->ca, true, err);
	int lock, rc;

	if (dir < 0)
		return dir;
	lock = zs_state_lock_wait(dir, err);
	if (lock < 0) {
		zs_state_close(&dir);
		return lock;
	}
	zs_state_sweep(dir);
	rc = load_or_make(account, state, dir, want, ret_new, err);
	if (rc == 0 && *ret_new)
		rc = save_new(account, dir, err);
	account->stored = rc == 0;
	zs_state_unlock(&lock);
	zs_state_close(&dir);
	return rc;
}

/* A dry run reads what is there and keeps a new key in memory. */
static int open_dry(struct zs_account *account, const struct zs_state *state, const struct zs_account_want *want,
		    bool *ret_new, struct zs_err *err)
{
	int dir = zs_state_unit(state, kind, want->ca, false, err);
	int rc;

	if (dir < 0 && errno != ENOENT)
		return dir;
	if (dir < 0) {
		*ret_new = true;
		return zs_pkey_new(want->key_type, &account->key, err);
	}
	rc = load_or_make(account, state, dir, want, ret_new, err);
	account->stored = rc == 0 && !*ret_new;
	zs_state_close(&dir);
	return rc;
}

/* ---- memory ------------------------------------------------------------------------ */

static void free_account(struct zs_account *account)
{
	zs_pkey_free(account->key);
	zs_meta_done(&account->meta);
	free(account);
}

static int fill_thumbprint(struct zs_account *account, struct zs_err *err)
{
	struct zs_buf jwk = ZS_BUF(MAX_JWK);
	int rc = zs_jws_jwk(account->key, &jwk, err);

	if (rc == 0)
		rc = zs_jws_thumbprint(zs_buf_slice(&jwk), account->thumbprint, err);
	zs_buf_done(&jwk);
	return rc;
}

static int open_account(struct zs_account *account, const struct zs_state *state, const struct zs_account_want *want,
			bool *ret_new, struct zs_err *err)
{
	int rc = want->dry_run ? open_dry(account, state, want, ret_new, err)
			       : open_stored(account, state, want, ret_new, err);

	if (rc == 0)
		rc = fill_thumbprint(account, err);
	if (rc == 0 && strcmp(zs_pkey_type(account->key), want->key_type) != 0)
		zs_info("", "the account key of CA %s is %s; it stays although %s is configured", want->ca,
			zs_pkey_type(account->key), want->key_type);
	return rc;
}

static struct zs_account *find(const struct zs_accounts *accounts, const char *ca)
{
	for (size_t i = 0; i < accounts->items.n; i++)
		if (strcmp(accounts->items.items[i]->ca, ca) == 0)
			return accounts->items.items[i];
	return NULL;
}

/* A dry run's account in use, and now a job that writes: the key on disk wins. */
static int share(struct zs_account *account, const struct zs_state *state, const struct zs_account_want *want,
		 struct zs_account **ret, bool *ret_new, struct zs_err *err)
{
	bool is_new = false;

	if (!account->stored && !want->dry_run) {
		struct zs_pkey *before = account->key;
		int rc;

		account->key = NULL;
		rc = open_account(account, state, want, &is_new, err);
		if (rc != 0) {
			zs_pkey_free(account->key);
			account->key = before;
			account->stored = false;
			return rc;
		}
		zs_pkey_free(before);
	}
	account->users++;
	*ret = account;
	*ret_new = is_new;
	return 0;
}

int zs_account_take(struct zs_accounts *accounts, const struct zs_state *state, const struct zs_account_want *want,
		    struct zs_account **ret, bool *ret_new, struct zs_err *err)
{
	struct zs_account *account = find(accounts, want->ca), **slot;
	bool is_new = false;
	int rc;

	if (account != NULL)
		return share(account, state, want, ret, ret_new, err);
	account = calloc(1, sizeof(*account));
	if (account == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for an account");
	zs_meta_init(&account->meta);
	(void)zs_slice_copy(zs_slice_str(want->ca), account->ca, sizeof(account->ca));
	rc = open_account(account, state, want, &is_new, err);
	slot = rc == 0 ? zs_vec_push(&accounts->items, ZS_MAX_JOBS) : NULL;
	if (slot == NULL) {
		free_account(account);
		return rc != 0 ? rc : zs_err_set(err, ZS_E_NOMEM, "too many accounts in use");
	}
	*slot = account;
	account->users = 1;
	*ret = account;
	*ret_new = is_new;
	return 0;
}

void zs_account_release(struct zs_accounts *accounts, struct zs_account *account)
{
	if (account == NULL || --account->users > 0)
		return;
	for (size_t i = 0; i < accounts->items.n; i++) {
		if (accounts->items.items[i] != account)
			continue;
		zs_vec_remove(&accounts->items, i);
		break;
	}
	free_account(account);
}

void zs_accounts_done(struct zs_accounts *accounts)
{
	for (size_t i = 0; i < accounts->items.n; i++)
		free_account(accounts->items.items[i]);
	zs_vec_done(&accounts->items);
}

/* ---- the URL ------------------------------------------------------------------------- */

const char *zs_account_url(const struct zs_account *account)
{
	return zs_meta_get(&account->meta, url_key);
}

static bool is_lost(const struct zs_account *account, struct zs_slice url)
{
	const char *lost;
	size_t at = 0;

	while ((lost = zs_meta_next(&account->meta, lost_key, &at)) != NULL)
		if (zs_slice_eq_str(url, lost))
			return true;
	return false;
}

bool zs_account_owns(const struct zs_account *account, struct zs_slice url)
{
	const char *known = zs_account_url(account);
	size_t at = 0;

	if (known != NULL && zs_url_same(url, zs_slice_str(known)))
		return true;
	while ((known = zs_meta_next(&account->meta, lost_key, &at)) != NULL)
		if (zs_url_same(url, zs_slice_str(known)))
			return true;
	return false;
}

static int record(struct zs_account *account, struct zs_slice url, struct zs_err *err)
{
	const char *known = zs_account_url(account);

	if (known != NULL && !zs_slice_eq_str(url, known))
		ZS_FAIL(err, ZS_E_CA_ACCOUNT, "the account of CA %s has the URL %s on record; another one is refused",
			account->ca, known);
	if (known == NULL)
		zs_meta_add(&account->meta, url_key, url);
	return 0;
}

static int move_aside(struct zs_account *account, struct zs_slice url, struct zs_err *err)
{
	const char *known = zs_account_url(account);
	size_t at = 0, n = 0;

	/* Another job of this run may have said so already. */
	if (is_lost(account, url) && (known == NULL || !zs_slice_eq_str(url, known)))
		return 0;
	if (known == NULL || !zs_slice_eq_str(url, known))
		ZS_FAIL(err, ZS_E_CA_ACCOUNT, "the account URL that was lost is not the one on record for CA %s",
			account->ca);
	while (zs_meta_next(&account->meta, lost_key, &at) != NULL)
		n++;
	if (n >= MAX_LOST)
		ZS_FAIL(err, ZS_E_CA_ACCOUNT, "the CA %s has lost the account %d times; remove %s/%s by hand to go on",
			account->ca, MAX_LOST, kind, account->ca);
	if (!is_lost(account, url))
		zs_meta_add(&account->meta, lost_key, url);
	zs_meta_remove(&account->meta, url_key);
	return 0;
}

typedef int change_fn(struct zs_account *account, struct zs_slice url, struct zs_err *err);

/* Reads the file again under the lock, so that another run's change is kept. */
static int change_stored(struct zs_account *account, const struct zs_state *state, struct zs_slice url,
			 change_fn *change, struct zs_err *err)
{
	struct zs_account_want want = { .ca = account->ca };
	int dir = zs_state_unit(state, kind, account->ca, false, err);
	int lock, rc;

	if (dir < 0)
		return dir;
	lock = zs_state_lock_wait(dir, err);
	if (lock < 0) {
		zs_state_close(&dir);
		return lock;
	}
	rc = load_meta(account, state, dir, &want, err);
	if (rc == 0)
		rc = change(account, url, err);
	if (rc == 0)
		rc = write_meta(account, dir, err);
	zs_state_unlock(&lock);
	zs_state_close(&dir);
	return rc;
}

static int change(struct zs_account *account, const struct zs_state *state, struct zs_slice url, change_fn *fn,
		  struct zs_err *err)
{
	return account->stored ? change_stored(account, state, url, fn, err) : fn(account, url, err);
}

int zs_account_set(struct zs_account *account, const struct zs_state *state, struct zs_slice url, struct zs_err *err)
{
	const char *known = zs_account_url(account);

	if (known != NULL && zs_slice_eq_str(url, known))
		return 0;
	return change(account, state, url, record, err);
}

int zs_account_lose(struct zs_account *account, const struct zs_state *state, struct zs_slice url, struct zs_err *err)
{
	return change(account, state, url, move_aside, err);
}
