/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to a set of servers of which any may answer: those that worked
 * before first, the next one as soon as one failed or was slow, the first
 * useful answer wins.
 */
#ifndef ZS_PROBE_GROUP_H
#define ZS_PROBE_GROUP_H

#include "probe/transport.h"

enum { ZS_GROUP_MAX = 100, ZS_GROUP_WHY = 320 };

struct zs_group;

/* NULL when the answer is useful, else why not: "REFUSED", "not authoritative".
 * The text lives until the next call. */
typedef const char *zs_group_judge(const struct zs_answer *answer, void *user);
struct zs_group_end {
	const struct zs_answer *answer;	/* NULL when none was useful */
	const char *why;		/* then: the servers and what each did */
	bool heard;			/* somebody answered something */
};
/* Never called from zs_group_ask(). */
typedef void zs_group_fn(const struct zs_group_end *end, void *user);

struct zs_group_spec {
	struct zs_name name;
	uint16_t type;
	bool recurse;			/* a resolver: more patience */
	const struct zs_addr *addrs;	/* copied, the first ZS_GROUP_MAX */
	size_t naddrs;
	zs_group_judge *judge;
	zs_group_fn *fn;
	void *user;
};

struct zs_group *zs_group_ask(struct zs_transport *transport, struct zs_loop *loop, const struct zs_group_spec *spec);
/* Ends it without callback; NULL is fine. */
void zs_group_cancel(struct zs_group *group);

#endif
