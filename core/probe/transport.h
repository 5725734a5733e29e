/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One DNS question to one address, and its answer or the reason why there is
 * none.  A new connected UDP socket (random port) and a random id for every
 * try, the question compared byte for byte with mixed case, EDNS with
 * fall-back, TCP on truncation, absolute deadlines.  Questions queue behind a
 * bounded number of sockets.  Knows nothing of zones.
 */
#ifndef ZS_PROBE_TRANSPORT_H
#define ZS_PROBE_TRANSPORT_H

#include "ipc/loop.h"
#include "probe/addr.h"
#include "wrap/dns.h"

struct zs_transport;
struct zs_query;

enum zs_net {
	ZS_NET_ANSWER,		/* a reply that parses; its rcode may be anything */
	ZS_NET_SILENT,		/* nothing came in time */
	ZS_NET_REFUSED,		/* no process listens on the port */
	ZS_NET_NO_ROUTE,	/* this machine has no way to the address */
	ZS_NET_NO_TCP,		/* truncated over UDP, and TCP failed */
	ZS_NET_GARBAGE,		/* only what does not parse came */
	ZS_NET_LOCAL,		/* this machine failed: memory, descriptors */
	ZS_NET__COUNT
};

struct zs_answer {
	enum zs_net net;
	int errnum;				/* 0 = none */
	const struct zs_dns_reply *reply;	/* net == ZS_NET_ANSWER only; ends with the callback */
	struct zs_addr addr;
	uint32_t rtt_us;
	uint32_t ignored;			/* wrong or broken messages that came too */
	bool tcp, plain, folded;		/* plain: without EDNS; folded: server drops mixed case */
};

typedef void zs_answer_fn(const struct zs_answer *answer, void *user);

struct zs_ask_one {
	struct zs_name name;
	uint16_t type;
	bool recurse;
	struct zs_addr addr;
	uint32_t first_ms;	/* until the second try; doubles. 0 = 400 */
	uint32_t budget_ms;	/* all tries and TCP, from the first packet. 0 = 2800 */
	zs_answer_fn *fn;
	void *user;
};

struct zs_transport *zs_transport_new(struct zs_loop *loop);
/* Pending questions end without their callback. NULL is fine. */
void zs_transport_free(struct zs_transport *transport);

/* Never calls back before it returns; NULL when memory ran out. */
struct zs_query *zs_transport_ask(struct zs_transport *transport, const struct zs_ask_one *ask);
/* Ends it without callback. NULL is fine; after the callback the query is gone. */
void zs_transport_cancel(struct zs_query *query);

/* 0 = answered last time, 1 = never asked; larger = worse. For choosing whom to ask first. */
unsigned zs_transport_penalty(struct zs_transport *transport, const struct zs_addr *addr);
/* Wrong or broken messages since the start. */
uint64_t zs_transport_ignored(const struct zs_transport *transport);

/* "no answer", "port refused (nothing listens there)", with errno where it says more. */
void zs_net_text(const struct zs_answer *answer, char dst[static 96]);

#endif
