/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate chains as text: PEM blocks are found and decoded, what is in them
 * is not parsed.
 */
#ifndef ZS_VAULT_PEM_H
#define ZS_VAULT_PEM_H

#include "base/buf.h"
#include "base/err.h"

/* 1..ZS_MAX_CERTS CERTIFICATE blocks in at most ZS_MAX_PEM octets and nothing else
 * but blank lines. Appends the DER of the first block to leaf, the first block as PEM
 * to cert, the others to rest (all may be empty buffers with room). */
int zs_pem_split(struct zs_slice chain, struct zs_buf *leaf, struct zs_buf *cert, struct zs_buf *rest,
		 struct zs_err *err);

#endif
