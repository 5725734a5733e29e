/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate chains and requests.  Input that does not begin like PEM is DER,
 * and comes as a certificate and as a request.
 */
#include "fuzz.h"

#include "base/b64url.h"
#include "wrap/x509.h"

static void clean_text(const char *text, size_t size)
{
	struct zs_slice rest = zs_slice_str(text);

	MUST(rest.n < size);
	while (rest.n) {
		uint32_t point;
		size_t n = zs_utf8_next(rest, &point);

		MUST(n && !zs_utf8_is_unsafe(point));
		rest = zs_slice_of(rest.p + n, rest.n - n);
	}
}

static void read_chain(struct zs_slice pem)
{
	static const uint8_t spki[] = { 0x30, 0x00 };
	struct zs_err err = { .code = ZS_OK };
	struct zs_x509_facts facts;
	struct zs_name name;
	struct zs_x509_wanted wanted = { .spki = zs_slice_of(spki, sizeof(spki)), .names = &name, .nnames = 1, .now = 1800000000 };
	char issuer[256];
	int rc;

	MUST(zs_name_parse(zs_slice_str("a.example.test"), ZS_NAME_HOST, &name, NULL));
	rc = zs_x509_check(pem, &wanted, &facts, &err);
	MUST(rc == -ZS_E_CA_CERT || rc == -ZS_E_CA_PROTOCOL || rc == -ZS_E_NOMEM);
	clean_text(err.text, sizeof(err.text));
	zs_x509_top_issuer(pem, issuer);
	clean_text(issuer, sizeof(issuer));
}

static void read_request(struct zs_slice data)
{
	static struct zs_x509_request request;
	struct zs_err err = { .code = ZS_OK };
	int rc;

	memset(&request, 0, sizeof(request));
	rc = zs_x509_read_request(data, &request, &err);
	MUST(rc == 0 || err.code != ZS_OK);
	if (!rc) {
		MUST(request.nnames > 0 && request.nnames <= ZS_MAX_IDENTIFIERS && request.der.len && request.spki.len);
		zs_x509_request_done(&request);
	}
	clean_text(err.text, sizeof(err.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice input = zs_slice_of(data, n);
	struct zs_buf pem = ZS_BUF(4 * ZS_MAX_PEM);

	read_request(input);
	if (n && data[0] == '-') {
		read_chain(input);
		return 0;
	}
	zs_buf_add_str(&pem, "-----BEGIN CERTIFICATE-----\n");
	zs_b64_encode(&pem, input, true);
	zs_buf_add_str(&pem, "\n-----END CERTIFICATE-----\n");
	read_chain(zs_buf_slice(&pem));
	zs_buf_done(&pem);
	return 0;
}
