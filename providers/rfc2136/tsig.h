/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transaction signatures (RFC 8945): signing a request and verifying its reply.
 */
#ifndef RFC2136_TSIG_H
#define RFC2136_TSIG_H

#include "wire.h"

enum {
	TSIG_SECRET = 512,		/* octets of a secret */
	TSIG_MAC = 64,
	TSIG_FUDGE = 300,		/* seconds */
	/* error field of a TSIG record */
	TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18, TSIG_BADTRUNC = 22
};

struct tsig_algorithm { const char *name, *wire_name, *digest; size_t mac; };

struct tsig_key {
	struct wire_name name;
	const struct tsig_algorithm *algorithm;	/* NULL = no key, messages are not signed */
	uint8_t secret[TSIG_SECRET];
	size_t secret_len;
};

struct tsig_mac { uint8_t p[TSIG_MAC]; size_t n; };

/* What a reply's signature is worth. */
enum tsig_verdict {
	TSIG_GOOD,			/* signed by the key's holder, about this request, now */
	TSIG_UNSIGNED,			/* no TSIG record */
	TSIG_SERVER_ERROR,		/* no MAC, but an error: a hint, no proof */
	TSIG_MALFORMED,			/* the message or the record */
	TSIG_OTHER_KEY,			/* signed with another key or algorithm */
	TSIG_WRONG_MAC,
	TSIG_WRONG_TIME			/* MAC right, but its time is not ours: see time */
};

struct tsig_result {
	enum tsig_verdict verdict;
	uint16_t error;			/* of the record: 0, TSIG_BADSIG ... */
	uint64_t time;			/* when it was signed, Unix seconds */
	uint64_t server_time;		/* with TSIG_BADTIME: the server's clock, else 0 */
	size_t unsigned_len;		/* octets of the message before the record */
};

/* NULL when unknown. Accepts a final dot, upper case and "hmac-md5". */
const struct tsig_algorithm *tsig_algorithm(const char *name, size_t n);
/* Appends the TSIG record; *ret_mac is needed to verify the reply. False when it does
 * not fit or the library refuses the digest. */
bool tsig_sign(struct wire *message, const struct tsig_key *key, uint64_t now, struct tsig_mac *ret_mac);
void tsig_verify(const uint8_t *reply, size_t n, const struct tsig_key *key, const struct tsig_mac *request,
		 uint64_t now, struct tsig_result *ret);

#endif
