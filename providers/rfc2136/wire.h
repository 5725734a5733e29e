/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of the DNS wire format that a dynamic update needs: a bounded
 * writer, a bounded reader, names and records.  (RFC 1035 4.1)
 */
#ifndef RFC2136_WIRE_H
#define RFC2136_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_HEADER = 12,
	WIRE_NAME = 255,		/* octets of a name */
	WIRE_NAME_TEXT = 1024,		/* of its text, escapes and NUL included */
	WIRE_MESSAGE = 65535,
	/* types */
	WIRE_NS = 2, WIRE_CNAME = 5, WIRE_SOA = 6, WIRE_TXT = 16, WIRE_DNAME = 39, WIRE_TSIG = 250,
	/* classes */
	WIRE_IN = 1, WIRE_NONE = 254, WIRE_ANY = 255,
	/* flags and opcodes, in place */
	WIRE_QR = 0x8000, WIRE_OPCODE = 0x7800, WIRE_UPDATE = 5 << 11, WIRE_AA = 0x0400,
	WIRE_TC = 0x0200, WIRE_RCODE = 0x000f,
	/* offsets of the four counts */
	WIRE_QDCOUNT = 4, WIRE_ANCOUNT = 6, WIRE_NSCOUNT = 8, WIRE_ARCOUNT = 10
};

/* A name in wire form, lower case, uncompressed, with the root label. */
struct wire_name { uint8_t p[WIRE_NAME]; size_t n; };

/* Writing: what does not fit sets failed and is left out. */
struct wire { uint8_t *p; size_t n, max; bool failed; };

/* Reading: what is not there sets failed and reads as 0. */
struct wire_reader { const uint8_t *p; size_t n, at; bool failed; };

struct wire_record {
	struct wire_name owner;
	uint16_t type, class;
	uint32_t ttl;
	size_t start, rdata;		/* offsets of the record and its RDATA in the message */
	uint16_t length;		/* of RDATA */
};

struct wire_header { uint16_t id, flags, count[4]; };

uint16_t wire_peek16(const uint8_t *p);
void wire_poke16(uint8_t *p, uint16_t v);

void wire_put(struct wire *w, const void *p, size_t n);
void wire_put16(struct wire *w, uint16_t v);
void wire_put32(struct wire *w, uint32_t v);
void wire_put48(struct wire *w, uint64_t v);
void wire_put_name(struct wire *w, const struct wire_name *name);
/* Header with zero counts. */
void wire_put_header(struct wire *w, uint16_t id, uint16_t flags);
void wire_put_question(struct wire *w, const struct wire_name *name, uint16_t type);
/* A record with n octets of RDATA; adds one to the count at count_offset. */
void wire_put_record(struct wire *w, const struct wire_name *owner, const struct wire_record *fields,
		     const void *rdata, size_t n, size_t count_offset);

uint16_t wire_get16(struct wire_reader *r);
uint32_t wire_get32(struct wire_reader *r);
uint64_t wire_get48(struct wire_reader *r);
/* Follows compression pointers, which must point backwards. */
void wire_get_name(struct wire_reader *r, struct wire_name *ret);
void wire_get_header(struct wire_reader *r, struct wire_header *ret);
void wire_skip_questions(struct wire_reader *r, unsigned n);
void wire_get_record(struct wire_reader *r, struct wire_record *ret);

/* Letters, digits, hyphen, underscore and the like, with or without a final dot;
 * false when a label or the name is too long, empty or has odd octets. */
bool wire_name_parse(const char *text, size_t n, struct wire_name *ret);
/* Without final dot, odd octets as \DDD; "." for the root. */
void wire_name_print(const struct wire_name *name, char dst[WIRE_NAME_TEXT]);
bool wire_name_eq(const struct wire_name *a, const struct wire_name *b);
/* True when name is zone or below it. */
bool wire_name_is_in(const struct wire_name *name, const struct wire_name *zone);

#endif
