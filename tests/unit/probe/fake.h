/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name servers inside a test program: UDP and TCP on one port of a loopback
 * address, served by the loop under test.  A server answers from a table of
 * records, or by a function of the test that may do anything wrong.
 */
#ifndef ZS_TEST_PROBE_FAKE_H
#define ZS_TEST_PROBE_FAKE_H

#include "ipc/loop.h"
#include "probe/addr.h"
#include "wrap/dns.h"

struct fake;

struct fake_query {
	struct zs_slice wire;
	struct zs_name name;		/* lower case */
	uint16_t type;
	bool edns, mixed, recurse, tcp;
	unsigned nth;			/* 1 for the first query of this server */
	uint16_t port;			/* of the asker */
};

typedef void fake_fn(struct fake *fake, const struct fake_query *query, void *user);

struct fake_record {
	const char *owner, *type, *data;	/* NS CNAME DNAME SOA (serial) TXT (strings split by |) A AAAA */
};

/* ip NULL = 127.0.0.1; port 0 = any. NULL when the address cannot be had. */
struct fake *fake_new(struct zs_loop *loop, const char *ip, uint16_t port, fake_fn *fn, void *user);
/* Answers from records (ended by an owner of NULL) like an authoritative server: every
 * SOA owner is a zone, NS records below are cuts, "*" works. */
struct fake *fake_zone(struct zs_loop *loop, const char *ip, uint16_t port, const struct fake_record *records);
void fake_free(struct fake *fake);
const char *fake_addr(const struct fake *fake);		/* "127.0.0.1:40001" */
unsigned fake_count(const struct fake *fake);		/* queries so far */
/* How many queries had this name. */
unsigned fake_asked(const struct fake *fake, const char *name);
void fake_pause(struct fake *fake, bool silent);	/* takes queries, says nothing */
/* From now on one to three octets behind the question of each answer are random. */
void fake_mutate(struct fake *fake, uint32_t seed);
void fake_set(struct fake *fake, const struct fake_record *records);

/* What a reply is made of. */
struct fake_msg { uint8_t b[65536]; size_t n; };
enum { FAKE_AA = 0x0400, FAKE_TC = 0x0200 };
void fake_begin(struct fake_msg *msg, const struct fake_query *query, unsigned flags, unsigned rcode);
void fake_add(struct fake_msg *msg, enum zs_dns_section section, const struct fake_record *record);
/* To the asker of the present query; with a length in front on TCP. */
void fake_send(struct fake *fake, struct zs_slice wire);
/* The table's answer, for functions that are wrong only sometimes. */
void fake_answer(struct fake *fake, const struct fake_query *query, const struct fake_record *records);
/* TCP: bytes as they are, to the present connection. */
void fake_send_raw(struct fake *fake, struct zs_slice bytes);

/* Runs the loop until *done or ms have passed; returns *done. */
bool fake_run(struct zs_loop *loop, const bool *done, unsigned ms);

#endif
