/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a challenge name.  An alias is followed only where somebody made it
 * for this name: one that a wildcard merely produces is left alone, since the
 * record itself will take its place.
 */
#include "probe/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"

/* Below a name that exists no wildcard above it reaches (RFC 4592 3.3.1). */
#define BELOW "zoneseal-probe."

struct zs_walk {
	struct zs_zones *zones;
	struct zs_name chain[ZS_WALK_LINKS + 2];	/* [0] is the challenge name */
	unsigned links;					/* the current name is chain[links] */
	struct zs_cut *cut;
	struct zs_group *ask;
	struct zs_zone_wait *wait;
	struct zs_timer *timer;
	struct zs_zone *zone;				/* whose servers told the alias, or the apex */
	struct zs_name target;				/* of the alias under suspicion */
	struct zs_name star;				/* parent of the "*" asked for */
	bool covered;					/* the current name's alias is a wildcard's */
	zs_walk_fn *fn;
	void *user;
};

static void descend(struct zs_walk *walk);
static void ask_star(struct zs_walk *walk);

/* ---- end ---------------------------------------------------------------------- */

static void clear(struct zs_walk *walk)
{
	zs_cut_cancel(walk->cut);
	zs_group_cancel(walk->ask);
	zs_zone_wait_cancel(walk->wait);
	zs_loop_timer_cancel(walk->zones->loop, walk->timer);
	zs_zone_unref(walk->zone);
}

void zs_walk_cancel(struct zs_walk *walk)
{
	if (!walk)
		return;
	clear(walk);
	free(walk);
}

static void print_chain(const struct zs_walk *walk, const struct zs_name *last, char *dst, size_t size)
{
	size_t used = 0;

	dst[0] = 0;
	for (unsigned i = 0; i <= walk->links && used < size; i++)
		used += (size_t)snprintf(dst + used, size - used, "%s%s", i ? " -> " : "", walk->chain[i].text);
	if (last && used < size)
		snprintf(dst + used, size - used, " -> %s", last->text);
}

static void fail(struct zs_walk *walk, struct zs_err *err)
{
	struct zs_walk_end end = { .name = walk->chain[0] };
	char chain[700];

	if (walk->links && err->code != ZS_E_NOMEM) {
		print_chain(walk, NULL, chain, sizeof(chain));
		zs_err_prefix(err, "alias chain %s", chain);
	}
	zs_err_subject(err, "%s", walk->chain[0].text);
	clear(walk);
	walk->fn(&end, err, walk->user);
	free(walk);
}

static void fail_memory(struct zs_walk *walk)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_NOMEM, "out of memory while walking %s", walk->chain[0].text);
	fail(walk, &err);
}

/* For errors that print the chain themselves. */
static void fail_chain(struct zs_walk *walk, const char *what, const struct zs_name *last, const char *hint)
{
	struct zs_err err;
	char chain[700];

	print_chain(walk, last, chain, sizeof(chain));
	zs_err_set(&err, ZS_E_DNS, "%s: %s", what, chain);
	zs_err_where(&err, "zone %s", walk->zone->name.text);
	zs_err_hint(&err, "%s", hint);
	walk->links = 0;
	fail(walk, &err);
}

static void on_deadline(void *user)
{
	struct zs_walk *walk = user;
	struct zs_err err;

	walk->timer = NULL;
	zs_err_set(&err, ZS_E_NETWORK, "the servers did not tell in time which zone holds %s", walk->chain[walk->links].text);
	if (walk->zone)
		zs_err_where(&err, "zone %s", walk->zone->name.text);
	zs_err_hint(&err, "run zoneseal again; if it stays so, check the firewall for port 53 and the resolvers of this host");
	fail(walk, &err);
}

/* ---- the zone is found -------------------------------------------------------------- */

static void on_complete(struct zs_zone *zone, const struct zs_err *err, void *user)
{
	struct zs_walk *walk = user;
	struct zs_walk_end end = { .name = walk->chain[0], .effective = walk->chain[walk->links], .zone = zone,
				   .aliases = walk->links };
	struct zs_err copy;

	walk->wait = NULL;
	if (err) {
		copy = *err;
		fail(walk, &copy);
		return;
	}
	zs_zone_ref(zone);
	clear(walk);
	walk->fn(&end, NULL, walk->user);
	zs_zone_unref(zone);
	free(walk);
}

/* ---- aliases ----------------------------------------------------------------------------- */

static void follow(struct zs_walk *walk)
{
	for (unsigned i = 0; i <= walk->links; i++) {
		if (!zs_name_eq(&walk->chain[i], &walk->target))
			continue;
		fail_chain(walk, "alias loop", &walk->target, "correct the CNAME or DNAME records so that they end at a name "
			   "without alias");
		return;
	}
	if (walk->links == ZS_WALK_LINKS) {
		fail_chain(walk, "more than 8 aliases one after another", &walk->target,
			   "point the CNAME record of the challenge name straight to its last target");
		return;
	}
	walk->chain[++walk->links] = walk->target;
	descend(walk);
}

static const char *judge(const struct zs_answer *answer, void *user)
{
	unsigned rcode = answer->reply->rcode;

	(void)user;
	if (rcode != ZS_DNS_NOERROR && rcode != ZS_DNS_NXDOMAIN)
		return zs_dns_rcode_name(rcode);
	return answer->reply->authoritative ? NULL : "not authoritative";
}

static bool ask(struct zs_walk *walk, const struct zs_name *name, uint16_t type, zs_group_fn *fn)
{
	struct zs_addr addrs[ZS_ZONE_ADDRS_MAX];
	struct zs_group_spec spec = {
		.name = *name, .type = type, .addrs = addrs, .naddrs = zs_zone_addrs(walk->zone, addrs), .judge = judge,
		.fn = fn, .user = walk,
	};

	walk->ask = zs_group_ask(walk->zones->transport, walk->zones->loop, &spec);
	return walk->ask;
}

static const struct zs_dns_record *find(const struct zs_group_end *end, uint16_t type, const struct zs_name *owner)
{
	const struct zs_dns_reply *reply = end->answer ? end->answer->reply : NULL;

	for (size_t i = 0; reply && i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];

		if (r->type == type && r->section == ZS_DNS_ANSWER && zs_name_eq(r->owner, owner))
			return r;
	}
	return NULL;
}

/* An alias and another record at one name: which of them a resolver sees is luck. */
static void on_side_by_side(const struct zs_group_end *end, void *user)
{
	struct zs_walk *walk = user;
	struct zs_err err;

	walk->ask = NULL;
	if (!find(end, ZS_DNS_TXT, &walk->chain[walk->links]) || !find(end, ZS_DNS_CNAME, &walk->chain[walk->links])) {
		follow(walk);
		return;
	}
	zs_err_set(&err, ZS_E_DNS, "%s has both a CNAME and a TXT record, which no zone may have",
		   walk->chain[walk->links].text);
	zs_err_where(&err, "zone %s", walk->zone->name.text);
	zs_err_hint(&err, "remove one of the two at the provider of %s", walk->zone->name.text);
	fail(walk, &err);
}

static void explicit_alias(struct zs_walk *walk)
{
	if (!ask(walk, &walk->chain[walk->links], ZS_DNS_TXT, on_side_by_side))
		fail_memory(walk);
}

static void covered_alias(struct zs_walk *walk)
{
	zs_debug("", "%s: a wildcard CNAME covers it, not followed", walk->chain[walk->links].text);
	walk->covered = true;
	descend(walk);
}

/* A name below the suspect: only a wildcard that reaches both answers for it too. */
static void on_below(const struct zs_group_end *end, void *user)
{
	struct zs_walk *walk = user;
	struct zs_name below;
	char text[ZS_MAX_NAME + sizeof(BELOW)];
	const struct zs_dns_record *cname = NULL;

	walk->ask = NULL;
	snprintf(text, sizeof(text), BELOW "%s", walk->chain[walk->links].text);
	if (zs_name_parse(zs_slice_str(text), ZS_NAME_ANY, &below, NULL))
		cname = find(end, ZS_DNS_CNAME, &below);
	if (cname && zs_name_eq(cname->target, &walk->target))
		covered_alias(walk);
	else
		explicit_alias(walk);
}

static void ask_below(struct zs_walk *walk)
{
	struct zs_name below;
	char text[ZS_MAX_NAME + sizeof(BELOW)];

	snprintf(text, sizeof(text), BELOW "%s", walk->chain[walk->links].text);
	if (!zs_name_parse(zs_slice_str(text), ZS_NAME_ANY, &below, NULL))
		covered_alias(walk);
	else if (!ask(walk, &below, ZS_DNS_CNAME, on_below))
		fail_memory(walk);
}

static bool star_name(const struct zs_walk *walk, struct zs_name *ret)
{
	char text[ZS_MAX_NAME + 3];

	snprintf(text, sizeof(text), "*.%s", walk->star.text);
	return zs_name_parse(zs_slice_str(text), ZS_NAME_ANY, ret, NULL);
}

static void on_star(const struct zs_group_end *end, void *user)
{
	struct zs_walk *walk = user;
	struct zs_name star;
	const struct zs_dns_record *cname = star_name(walk, &star) ? find(end, ZS_DNS_CNAME, &star) : NULL;

	walk->ask = NULL;
	if (cname && zs_name_eq(cname->target, &walk->target))
		ask_below(walk);
	else if (cname)
		explicit_alias(walk);
	else
		ask_star(walk);
}

/* The next wildcard above that could have made the alias, up to the apex. */
static void ask_star(struct zs_walk *walk)
{
	struct zs_name up, star;

	if (!zs_name_parent(&walk->star, &up) || !zs_name_is_in(&up, &walk->zone->name)) {
		explicit_alias(walk);
		return;
	}
	walk->star = up;
	if (!star_name(walk, &star))
		ask_star(walk);
	else if (!ask(walk, &star, ZS_DNS_CNAME, on_star))
		fail_memory(walk);
}

/* ---- one name of the chain --------------------------------------------------------------------- */

static void on_cut(const struct zs_cut_result *result, const struct zs_err *err, void *user)
{
	struct zs_walk *walk = user;
	struct zs_err copy;

	walk->cut = NULL;
	if (err) {
		copy = *err;
		fail(walk, &copy);
		return;
	}
	zs_zone_unref(walk->zone);
	walk->zone = zs_zone_ref(result->zone);
	walk->target = result->target;
	walk->star = walk->chain[walk->links];
	if (result->alias == ZS_ALIAS_DNAME) {
		follow(walk);
	} else if (result->alias == ZS_ALIAS_CNAME) {
		ask_star(walk);
	} else {
		walk->wait = zs_zone_wait(walk->zone, ZS_ZONE_COMPLETE, on_complete, walk);
		if (!walk->wait)
			fail_memory(walk);
	}
}

static void descend(struct zs_walk *walk)
{
	walk->cut = zs_cut_start(walk->zones, &walk->chain[walk->links], walk->covered, on_cut, walk);
	if (!walk->cut)
		fail_memory(walk);
}

struct zs_walk *zs_walk_start(struct zs_zones *zones, const struct zs_name *name, uint64_t deadline_ms, zs_walk_fn *fn,
			      void *user)
{
	struct zs_clock *clock = zs_loop_clock(zones->loop);
	uint64_t now = clock->mono_ms(clock);
	struct zs_walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return NULL;
	*walk = (struct zs_walk){ .zones = zones, .fn = fn, .user = user };
	walk->chain[0] = *name;
	walk->timer = zs_loop_timer(zones->loop, deadline_ms > now ? deadline_ms - now : 0, on_deadline, walk);
	walk->cut = zs_cut_start(zones, name, false, on_cut, walk);
	if (walk->timer && walk->cut)
		return walk;
	clear(walk);
	free(walk);
	return NULL;
}
