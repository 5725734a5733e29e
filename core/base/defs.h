/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiler attributes and small constants that every file uses, and the caps
 * on everything that comes from outside.  All limits live here, so that a
 * reviewer can read them in one place.
 */
#ifndef ZS_BASE_DEFS_H
#define ZS_BASE_DEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ZS_MUST_CHECK __attribute__((warn_unused_result))
#define ZS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Caps, in octets unless said otherwise. */
enum {
	ZS_MAX_NAME = 253,		/* DNS name in text, no final dot */
	ZS_MAX_LABEL = 63,
	ZS_MAX_URL = 2048,
	ZS_MAX_TOKEN = 256,		/* challenge token, RFC 8555 8.3 */
	ZS_MAX_NONCE = 256,
	ZS_MAX_KEY_AUTHORIZATION = ZS_MAX_TOKEN + 44,	/* token "." SHA-256 thumbprint, RFC 8555 8.1 */
	ZS_TXT_VALUE = 43,		/* base64url of a SHA-256, RFC 8555 8.4 */
	ZS_MAX_TXT = 255,		/* one TXT value of another shape */
	ZS_MAX_TICKET = 255,
	ZS_MAX_IDENTIFIERS = 100,	/* names in one order */
	ZS_MAX_CHANGES = 512,		/* changes in one apply */
	ZS_MAX_JOBS = 1024,		/* jobs in one run */
	ZS_MAX_PEM = 64 * 1024,		/* certificate chain */
	ZS_MAX_CERTS = 10,		/* certificates in a chain */
	ZS_MAX_CSR = 32 * 1024,
	ZS_MAX_BODY = 256 * 1024,	/* HTTP response body from the CA */
	ZS_MAX_CONFIG = 1024 * 1024,
	ZS_MAX_SECRET = 16 * 1024,	/* credential file */
	ZS_MAX_FRAME = 64 * 1024,	/* one IPC frame */
	ZS_MAX_MESSAGE = 1024 * 1024,	/* one IPC message of several frames */
	ZS_MAX_ID = 64			/* name of a certificate, CA, instance */
};

#endif
