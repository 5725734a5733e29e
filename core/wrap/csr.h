/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a PKCS#10 certificate request: empty subject, every name in the
 * subjectAltName of an extensionRequest.
 */
#ifndef ZS_WRAP_CSR_H
#define ZS_WRAP_CSR_H

#include "base/name.h"
#include "wrap/pkey.h"

/* Appends the DER of a request for n names (1..ZS_MAX_IDENTIFIERS), signed with key. */
int zs_csr_build(const struct zs_pkey *key, const struct zs_name *names, size_t n, struct zs_buf *dst,
		 struct zs_err *err);

#endif
