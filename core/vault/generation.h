/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations of a certificate: complete, synced directories gen/<n>, and the
 * one link that says which is current.
 */
#ifndef ZS_VAULT_GENERATION_H
#define ZS_VAULT_GENERATION_H

#include "vault/state.h"

struct zs_generation {
	struct zs_slice cert, chain;	/* PEM: the leaf, and what follows it */
	struct zs_slice privkey;	/* PEM; empty with a CSR of the user's own */
	struct zs_slice meta;
	int64_t gid;			/* key-group, -1 = none */
};

/* Writes the next generation and makes it current. certdir's lock is held. */
int zs_generation_write(int certdir, const struct zs_generation *generation, uint32_t *ret_number, struct zs_err *err);
/* Number that `current` points to, 0 = none. ZS_CORRUPT when the link is nonsense or dangles. */
enum zs_found zs_generation_current(int certdir, uint32_t *ret_number, struct zs_err *err);
/* Opens gen/<n>; fd or -code. */
int zs_generation_open(int certdir, uint32_t number, struct zs_err *err);
/* Removes all but the newest three, the current, the last deployed and the last
 * verified one (certificates/<name>/meta: last_deployed, last_verified). */
void zs_generation_prune(int certdir);

#endif
