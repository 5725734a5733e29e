/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what came from outside: certificate chains and certificate signing
 * requests.  For the engine, never for the process that holds keys.  No OpenSSL
 * type leaves this file.
 */
#ifndef ZS_WRAP_X509_H
#define ZS_WRAP_X509_H

#include "base/buf.h"
#include "base/err.h"
#include "base/name.h"

struct zs_x509_facts {
	int64_t not_before, not_after;	/* Unix seconds */
	char issuer[256];		/* of the leaf: common name, else organisation; clean */
	char top_issuer[256];		/* common name of the top-most certificate's issuer; clean */
	char serial[64];		/* lower-case hex */
	size_t certificates;
};

/* What the leaf must be. */
struct zs_x509_wanted {
	struct zs_slice spki;		/* DER SubjectPublicKeyInfo */
	const struct zs_name *names;	/* all and only these */
	size_t nnames;
	int64_t now;			/* Unix seconds */
};

/* Checks a PEM chain (leaf first, at most ZS_MAX_CERTS): parses, key, names, dates, each
 * certificate signed by the next. 0, or -ZS_E_CA_CERT / -ZS_E_CA_PROTOCOL. */
int zs_x509_check(struct zs_slice pem, const struct zs_x509_wanted *wanted, struct zs_x509_facts *ret, struct zs_err *err);

/* Common name of the issuer of the chain's last certificate, clean; "" when unreadable. */
void zs_x509_top_issuer(struct zs_slice pem, char dst[static 256]);

struct zs_x509_request {
	struct zs_buf der, spki;	/* end with zs_x509_request_done */
	struct zs_name names[ZS_MAX_IDENTIFIERS];
	size_t nnames;
	char key_type[16];		/* "ec256", "rsa2048", ... */
};
/* Reads a CSR in PEM or DER: its signature must hold, names come from the SAN (and the common
 * name where it has none). 0 or -ZS_E_CONFIG. */
int zs_x509_read_request(struct zs_slice data, struct zs_x509_request *ret, struct zs_err *err);
void zs_x509_request_done(struct zs_x509_request *request);

#endif
