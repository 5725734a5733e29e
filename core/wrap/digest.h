/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 and HMAC-SHA-256 by libcrypto.  No other digest is needed outside
 * signatures, and those are made in jws.c and csr.c.
 */
#ifndef ZS_WRAP_DIGEST_H
#define ZS_WRAP_DIGEST_H

#include "base/buf.h"
#include "base/err.h"

enum { ZS_SHA256 = 32 };

/* 0 or -ZS_E_BUG; dst is untouched then. */
int zs_digest_sha256(struct zs_slice data, uint8_t dst[static ZS_SHA256], struct zs_err *err);
int zs_digest_hmac_sha256(struct zs_slice key, struct zs_slice data, uint8_t dst[static ZS_SHA256],
			  struct zs_err *err);

#endif
