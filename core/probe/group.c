/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question that any server of a set may answer.  Servers are asked one after
 * another, without waiting for a slow one to give up.
 */
#include "probe/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STAGGER_MS = 250,		/* before the next authoritative server is asked as well */
	STAGGER_RESOLVER_MS = 1500,	/* a resolver may have work to do */
	RESOLVER_FIRST_MS = 1000,
	RESOLVER_BUDGET_MS = 6000,
	SECOND_MS = 300			/* before those that said SERVFAIL are asked again */
};

struct zs_group {
	struct zs_transport *transport;
	struct zs_loop *loop;
	struct zs_group_spec spec;
	struct zs_addr addrs[ZS_GROUP_MAX];
	struct member {
		struct zs_group *group;
		struct zs_query *query;
	} members[ZS_GROUP_MAX];
	size_t next;			/* first address not asked yet */
	size_t running;
	struct zs_timer *timer;
	bool heard;
	bool failed_once, second;	/* a SERVFAIL may be gone in a moment: a second round */
	char why[ZS_GROUP_WHY];
};

static void step(struct zs_group *group);

/* A stable order by what is known of each; sets are small. */
static void sort_addrs(struct zs_group *group)
{
	unsigned penalty[ZS_GROUP_MAX];

	for (size_t i = 0; i < group->spec.naddrs; i++) {
		struct zs_addr addr = group->addrs[i];
		unsigned p = zs_transport_penalty(group->transport, &addr);
		size_t k = i;

		for (; k && penalty[k - 1] > p; k--) {
			penalty[k] = penalty[k - 1];
			group->addrs[k] = group->addrs[k - 1];
		}
		penalty[k] = p;
		group->addrs[k] = addr;
	}
}

static void clear(struct zs_group *group)
{
	zs_loop_timer_cancel(group->loop, group->timer);
	group->timer = NULL;
	for (size_t i = 0; i < group->next; i++) {
		zs_transport_cancel(group->members[i].query);
		group->members[i].query = NULL;
	}
}

void zs_group_cancel(struct zs_group *group)
{
	if (!group)
		return;
	clear(group);
	free(group);
}

static void note_failure(struct zs_group *group, const struct zs_answer *answer, const char *what)
{
	size_t used = strlen(group->why);
	char addr[ZS_ADDR_TEXT];

	zs_addr_print(&answer->addr, addr);
	if (used + 4 < sizeof(group->why))
		snprintf(group->why + used, sizeof(group->why) - used, "%s%s: %s", used ? "; " : "", addr, what);
}

static void finish(struct zs_group *group, const struct zs_answer *answer)
{
	struct zs_group_end end = { .answer = answer, .why = group->why, .heard = group->heard };

	clear(group);
	group->spec.fn(&end, group->spec.user);
	free(group);
}

static void on_answer(const struct zs_answer *answer, void *user)
{
	struct member *member = user;
	struct zs_group *group = member->group;
	char text[96];
	const char *why = text;

	member->query = NULL;
	group->running--;
	group->heard |= answer->net == ZS_NET_ANSWER || answer->net == ZS_NET_GARBAGE || answer->net == ZS_NET_NO_TCP;
	if (answer->net == ZS_NET_ANSWER)
		why = group->spec.judge(answer, group->spec.user);
	else
		zs_net_text(answer, text);
	if (!why) {
		finish(group, answer);
		return;
	}
	if (answer->net == ZS_NET_ANSWER && answer->reply->rcode == ZS_DNS_SERVFAIL)
		group->failed_once = true;
	note_failure(group, answer, why);
	step(group);
}

static void on_slow(void *user)
{
	struct zs_group *group = user;

	group->timer = NULL;
	step(group);
}

static void ask_next(struct zs_group *group)
{
	struct member *member = &group->members[group->next];
	struct zs_ask_one one = {
		.name = group->spec.name, .type = group->spec.type, .recurse = group->spec.recurse,
		.addr = group->addrs[group->next],
		.first_ms = group->spec.recurse ? RESOLVER_FIRST_MS : 0,
		.budget_ms = group->spec.recurse ? RESOLVER_BUDGET_MS : 0,
		.fn = on_answer, .user = member,
	};

	group->next++;
	member->group = group;
	member->query = zs_transport_ask(group->transport, &one);
	if (member->query)
		group->running++;
}

/* All have failed: once more where that may help, else the end. */
static void exhausted(struct zs_group *group)
{
	if (group->failed_once && !group->second) {
		group->second = true;
		group->next = 0;
		group->why[0] = 0;
		group->timer = zs_loop_timer(group->loop, SECOND_MS, on_slow, group);
		return;
	}
	if (!group->why[0])
		snprintf(group->why, sizeof(group->why), "%s",
			 group->spec.naddrs ? "out of memory" : "no server address is known");
	finish(group, NULL);
}

static void step(struct zs_group *group)
{
	uint64_t pause = group->spec.recurse ? STAGGER_RESOLVER_MS : STAGGER_MS;

	zs_loop_timer_cancel(group->loop, group->timer);
	group->timer = NULL;
	if (group->next < group->spec.naddrs)
		ask_next(group);
	if (group->next < group->spec.naddrs)
		/* When nothing runs memory was short, and the next one is due. */
		group->timer = zs_loop_timer(group->loop, group->running ? pause : 0, on_slow, group);
	else if (!group->running)
		exhausted(group);
}

struct zs_group *zs_group_ask(struct zs_transport *transport, struct zs_loop *loop, const struct zs_group_spec *spec)
{
	struct zs_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->transport = transport;
	group->loop = loop;
	group->spec = *spec;
	if (group->spec.naddrs > ZS_GROUP_MAX)
		group->spec.naddrs = ZS_GROUP_MAX;
	if (group->spec.naddrs)
		memcpy(group->addrs, spec->addrs, group->spec.naddrs * sizeof(*spec->addrs));
	group->spec.addrs = NULL;
	sort_addrs(group);
	/* The first step is a turn of its own: an empty set fails there. */
	group->timer = zs_loop_timer(loop, 0, on_slow, group);
	if (!group->timer) {
		free(group);
		return NULL;
	}
	return group;
}
