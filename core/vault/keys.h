/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private key files: PKCS#8 PEM in the state tree.
 */
#ifndef ZS_VAULT_KEYS_H
#define ZS_VAULT_KEYS_H

#include "vault/meta.h"
#include "wrap/pkey.h"

/* *ret is set for ZS_FOUND only; free it with zs_pkey_free(). */
enum zs_found zs_keys_read(int dirfd, const char *name, struct zs_pkey **ret, struct zs_err *err);
/* Writes a new file, mode 0600, synced; refuses to replace one. */
int zs_keys_write_new(int dirfd, const char *name, const struct zs_pkey *key, struct zs_err *err);

#endif
