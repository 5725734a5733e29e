/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict decoder for certificate chains (RFC 7468, strict form).  The blocks
 * are written again from their octets, so no byte of the CA's text reaches a
 * file unseen.  It knows nothing of ASN.1.  Runs in the vault.
 */
#include "vault/pem.h"

#include <string.h>

#include "base/b64url.h"

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";
static const char end_line[] = "-----END CERTIFICATE-----";

static struct zs_slice next_line(struct zs_slice *rest)
{
	return zs_slice_trim(zs_slice_cut(rest, '\n'));
}

static bool next_text_line(struct zs_slice *rest, struct zs_slice *ret)
{
	while (rest->n > 0) {
		*ret = next_line(rest);
		if (ret->n > 0)
			return true;
	}
	return false;
}

/* The lines up to the end line, decoded. */
static bool decode_block(struct zs_slice *rest, struct zs_buf *der)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_PEM);
	bool ended = false, ok = true;

	while (ok && !ended && rest->n > 0) {
		struct zs_slice line = next_line(rest);

		ended = zs_slice_eq_str(line, end_line);
		for (size_t i = 0; !ended && ok && i < line.n; i++)
			ok = strchr("-_ \t", line.p[i]) == NULL;
		if (!ended)
			zs_buf_add_slice(&text, line);
	}
	ok = ok && ended && !text.failed && text.len > 0 && zs_b64_decode_any(der, zs_buf_slice(&text)) && der->len > 0;
	zs_buf_done(&text);
	return ok;
}

static void write_block(struct zs_buf *dst, struct zs_slice der)
{
	zs_buf_add_str(dst, begin_line);
	zs_buf_add_byte(dst, '\n');
	zs_b64_encode(dst, der, true);
	if (dst->len > 0 && dst->data[dst->len - 1] != '\n')
		zs_buf_add_byte(dst, '\n');
	zs_buf_add_str(dst, end_line);
	zs_buf_add_byte(dst, '\n');
}

int zs_pem_split(struct zs_slice chain, struct zs_buf *leaf, struct zs_buf *cert, struct zs_buf *rest,
		 struct zs_err *err)
{
	struct zs_buf der = ZS_BUF(ZS_MAX_PEM);
	struct zs_slice line;
	unsigned n = 0;
	int rc = 0;

	if (chain.n == 0 || chain.n > ZS_MAX_PEM)
		ZS_FAIL(err, ZS_E_CA_CERT, "the certificate chain has %zu octets; 1 to %d are accepted", chain.n,
			ZS_MAX_PEM);
	while (rc == 0 && next_text_line(&chain, &line)) {
		zs_buf_clear(&der);
		if (!zs_slice_eq_str(line, begin_line) || !decode_block(&chain, &der))
			rc = zs_err_set(err, ZS_E_CA_CERT, "the certificate chain is not PEM with CERTIFICATE blocks only");
		else if (++n > ZS_MAX_CERTS)
			rc = zs_err_set(err, ZS_E_CA_CERT, "the certificate chain has more than %d certificates", ZS_MAX_CERTS);
		else
			write_block(n == 1 ? cert : rest, zs_buf_slice(&der));
		if (rc == 0 && n == 1)
			zs_buf_add_slice(leaf, zs_buf_slice(&der));
	}
	zs_buf_done(&der);
	if (rc == 0 && n == 0)
		rc = zs_err_set(err, ZS_E_CA_CERT, "the certificate chain is empty");
	if (rc == 0 && (leaf->failed || cert->failed || rest->failed))
		rc = zs_err_set(err, ZS_E_NOMEM, "no room for the certificate chain");
	return rc;
}
