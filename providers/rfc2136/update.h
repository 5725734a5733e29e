/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Update messages, what a server's answer to one means, and reading back what
 * was written.  (RFC 2136)
 */
#ifndef RFC2136_UPDATE_H
#define RFC2136_UPDATE_H

#include "net.h"
#include "tsig.h"

enum { UPDATE_BATCH = 256, UPDATE_MESSAGE = 48 * 1024, UPDATE_TEXT = 640 };

/* How one change or one message ended. */
struct outcome {
	int32_t error_class;		/* ZSP_* */
	bool elsewhere;			/* another server may do better */
	bool sent;			/* may have been carried out all the same */
	bool busy;			/* the server may do better a moment later */
	bool misplaced;			/* it is there, and does no good: nobody looks for it there */
	bool alias;			/* some name is a CNAME: find out which */
	bool refused;			/* some name is not allowed: find out which */
	struct wire_name zone;		/* a better zone, n 0 = none */
	char text[UPDATE_TEXT];
};

struct change {
	const struct zsp_change *wanted;
	struct wire_name name;
	bool adds;
	bool pending;			/* read-back has not confirmed it yet */
	struct outcome out;
};

struct server {
	struct net net;
	const struct net_endpoint *at;
	const struct tsig_key *key;
	const struct zsp_host *host;
};

/* Sends one update with all these changes of one zone; ttl for each added one whose
 * own is 0 (forced: for all). False in *ret_fits when they do not fit one message
 * (nothing was sent). */
struct outcome update_send(struct server *server, const struct wire_name *zone, struct change *const *changes,
			   size_t n, uint32_t ttl, bool ttl_forced, bool *ret_fits);
/* Asks the server for the names of these changes and sets out and pending of each:
 * confirmed, wrong (an alias, a zone cut), or still pending. */
void update_read_back(struct server *server, const struct wire_name *zone, struct change *const *changes, size_t n);

uint64_t update_random(void);

#endif
