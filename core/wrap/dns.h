/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages (RFC 1035, 6891): a query becomes bytes, a reply becomes plain
 * structs.  No sockets and no policy; runs in the probe only.  Replies are
 * hostile: their frame is checked before ldns sees them.
 */
#ifndef ZS_WRAP_DNS_H
#define ZS_WRAP_DNS_H

#include "base/err.h"
#include "base/name.h"
#include "base/vec.h"

enum zs_dns_type {
	ZS_DNS_A = 1,
	ZS_DNS_NS = 2,
	ZS_DNS_CNAME = 5,
	ZS_DNS_SOA = 6,
	ZS_DNS_TXT = 16,
	ZS_DNS_AAAA = 28,
	ZS_DNS_DNAME = 39
};

enum zs_dns_rcode {
	ZS_DNS_NOERROR = 0,
	ZS_DNS_FORMERR = 1,
	ZS_DNS_SERVFAIL = 2,
	ZS_DNS_NXDOMAIN = 3,
	ZS_DNS_NOTIMP = 4,
	ZS_DNS_REFUSED = 5,
	ZS_DNS_YXDOMAIN = 6,	/* a DNAME made the name too long */
	ZS_DNS_NOTAUTH = 9,
	ZS_DNS_BADVERS = 16
};

enum zs_dns_section { ZS_DNS_ANSWER, ZS_DNS_AUTHORITY, ZS_DNS_ADDITIONAL };

enum {
	ZS_DNS_MAX_QUERY = 12 + 255 + 4 + 11,
	ZS_DNS_MAX_MESSAGE = 65535,
	ZS_DNS_MAX_RECORDS = 2048,	/* in one reply */
	ZS_DNS_EDNS_SIZE = 1232,
	ZS_DNS_MIX = 32			/* random octets that choose the case */
};

struct zs_dns_ask {
	const struct zs_name *name;
	uint16_t type;
	uint16_t id;
	bool recurse;			/* RD */
	bool edns;			/* OPT record, 1232 octets */
	const uint8_t *mix;		/* ZS_DNS_MIX octets, NULL = lower case */
};

/* Returns the length of the message. */
size_t zs_dns_build(const struct zs_dns_ask *ask, uint8_t dst[static ZS_DNS_MAX_QUERY]);

enum zs_dns_match {
	ZS_DNS_FOREIGN,		/* not an answer to this query: ignore it */
	ZS_DNS_BARE,		/* right id, no question, an error: says nothing but the error */
	ZS_DNS_FOLDED,		/* right id and question, but the case was not kept */
	ZS_DNS_OURS
};

/* Compares reply with the query as it was sent: QR, opcode, id, question. */
enum zs_dns_match zs_dns_match(struct zs_slice query, struct zs_slice reply);

/* Names hold lower-case text; one with odd octets has them as \DDD and so is
 * equal to no name that zs_name_parse() accepts. */
struct zs_dns_record {
	const struct zs_name *owner;
	const struct zs_name *target;	/* NS, CNAME, DNAME; primary of SOA; else NULL */
	uint16_t type;
	uint8_t section;		/* enum zs_dns_section */
	uint32_t ttl;
	uint8_t address[16];		/* A: 4 octets, AAAA: 16 */
	uint32_t serial, minimum;	/* SOA */
	struct zs_slice text;		/* TXT: all strings as one value */
};

/* Only records of class IN and of the types above are kept. */
struct zs_dns_reply {
	uint16_t id;
	uint16_t rcode;			/* with the EDNS part */
	bool authoritative, truncated, recursion, edns;
	ZS_VEC(struct zs_dns_record) records;
	struct zs_arena arena;
};

/* 0, or -ZS_E_DNS for a message that does not parse, or -ZS_E_NOMEM; on failure
 * ret is as if never touched. */
int zs_dns_parse(struct zs_slice wire, struct zs_dns_reply *ret, struct zs_err *err);
void zs_dns_reply_done(struct zs_dns_reply *reply);

/* "REFUSED"; an unknown one is "RCODE 11" in a static buffer. */
const char *zs_dns_rcode_name(unsigned rcode);

#endif
