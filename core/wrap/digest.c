/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 and HMAC-SHA-256 over libcrypto's one-shot functions.  It keeps no
 * state and knows nothing of keys beyond their bytes.  Runs in the vault.
 */
#include "wrap/digest.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

int zs_digest_sha256(struct zs_slice data, uint8_t dst[static ZS_SHA256], struct zs_err *err)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(data.n > 0 ? (const void *)data.p : "", data.n, md, &len, EVP_sha256(), NULL) != 1 ||
	    len != ZS_SHA256)
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot compute SHA-256");
	memcpy(dst, md, ZS_SHA256);
	return 0;
}

int zs_digest_hmac_sha256(struct zs_slice key, struct zs_slice data, uint8_t dst[static ZS_SHA256],
			  struct zs_err *err)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (key.n == 0 || key.n > ZS_MAX_SECRET)
		ZS_FAIL(err, ZS_E_CONFIG, "a MAC key of %zu octets cannot be used", key.n);
	if (HMAC(EVP_sha256(), key.p, (int)key.n, data.n > 0 ? data.p : (const uint8_t *)"", data.n, md, &len) == NULL ||
	    len != ZS_SHA256)
		ZS_FAIL(err, ZS_E_BUG, "libcrypto cannot compute HMAC-SHA-256");
	memcpy(dst, md, ZS_SHA256);
	return 0;
}
