/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificates/<name>/pending: key and URLs of an order that was finalized, on
 * the disk before the CA hears of it, so that a killed run's certificate can
 * be fetched by the next one.
 */
#ifndef ZS_VAULT_PENDING_H
#define ZS_VAULT_PENDING_H

#include "base/name.h"
#include "vault/state.h"
#include "wrap/pkey.h"

struct zs_pending {
	const char *ca;
	const char *key_type;		/* "csr" with the user's own CSR */
	struct zs_slice spki;
	const struct zs_name *identifiers;
	uint32_t n_identifiers;
	const struct zs_pkey *key;	/* NULL with the user's own CSR */
	const char *order_url, *finalize_url;
};

struct zs_pending_found {
	struct zs_pkey *key;		/* NULL with the user's own CSR */
	char order_url[ZS_MAX_URL + 1], finalize_url[ZS_MAX_URL + 1];
};

/* Writes it, synced, replacing an earlier one in one step. */
int zs_pending_write(int certdir, const struct zs_pending *pending, struct zs_err *err);
/* Reads it when it is for the same CA, identifiers (in any order) and key type; spki
 * only counts for "csr". ZS_ABSENT: none, or another one (*ret_other). */
enum zs_found zs_pending_read(int certdir, const struct zs_pending *want, struct zs_pending_found *ret, bool *ret_other,
			      struct zs_err *err);
bool zs_pending_exists(int certdir);
int zs_pending_drop(int certdir, struct zs_err *err);

/* Adds one identifier= line for each name; also for generations. */
void zs_pending_add_names(struct zs_meta *meta, const struct zs_name *names, uint32_t n);

#endif
