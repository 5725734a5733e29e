/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4: pure, with the time as a number.
 */
#ifndef ROUTE53_SIGV4_H
#define ROUTE53_SIGV4_H

#include <zoneseal/http.h>
#include <zoneseal/time.h>

enum { SIGV4_HEX = 65 }; /* SHA-256 in hexadecimal, with the NUL */

/* A request as it will be sent.  path and query are percent-encoded already; every
 * header that is given is signed, so `host` and `x-amz-date` must be there. */
struct sigv4_request {
	const char *method;
	struct zsp_str path; /* n 0 = "/" */
	struct zsp_str query; /* without "?"; any order */
	const struct zsp_http_header *headers;
	uint32_t nheaders;
	struct zsp_str body;
};

/* Who signs, for what, when. */
struct sigv4_signer {
	struct zsp_str access_key, secret_key;
	struct zsp_str region, service;
	int64_t wall_ms; /* the same instant as in x-amz-date */
};

/* Appends the canonical request to dst.  1, or 0 when there is too much of something. */
int32_t sigv4_canonical(const struct sigv4_request *request, struct zsp_text *dst);
/* SHA-256 of octets in hexadecimal.  1, or 0 when the library fails. */
int32_t sigv4_hash(struct zsp_str octets, char hex[SIGV4_HEX]);
/* Appends the value of the Authorization header to dst.  1 or 0. */
int32_t sigv4_sign(const struct sigv4_signer *signer, const struct sigv4_request *request,
	struct zsp_text *dst);

#endif
