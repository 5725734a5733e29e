/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descent through the zones.  The question is always "CNAME of the name", put
 * to the servers of the deepest zone known so far: its answer is a referral
 * (one zone deeper), an alias, or a denial whose SOA record names the apex.  So
 * the zone and the alias cost one question together.  Names that may share a
 * cut let one of them go first.
 */
#include "probe/zonecut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 140, MAX_KEYS = 4096 };

struct zs_cut {
	struct zs_zones *zones;
	struct zs_name name;
	struct zs_name asked;		/* the name, or an ancestor where it is an alias */
	bool ignore_alias;
	bool checking;			/* whether a domain exists at all below a top-level one */
	unsigned steps;
	struct zs_zone *zone;
	struct zs_zone_wait *wait;
	struct zs_group *ask;
	struct zs_timer *timer;
	struct zs_name key;		/* what the others of this zone wait for */
	bool leads, follows;
	zs_cut_fn *fn;
	void *user;
	struct zs_cut *prev, *next;
};

static void enter(struct zs_cut *cut, struct zs_zone *zone);
static void step(struct zs_cut *cut);

/* ---- end ---------------------------------------------------------------------- */

static struct zs_zone_key *find_key(struct zs_zone *zone, const struct zs_name *name)
{
	for (size_t i = 0; i < zone->keys.n; i++)
		if (zs_name_eq(&zone->keys.items[i].name, name))
			return &zone->keys.items[i];
	return NULL;
}

static void on_turn(void *user)
{
	struct zs_cut *cut = user;
	struct zs_zone *deeper;

	cut->timer = NULL;
	deeper = zs_zones_find(cut->zones, &cut->asked);
	if (deeper && deeper->name.len > cut->zone->name.len) {
		enter(cut, deeper);
		return;
	}
	zs_zone_unref(deeper);
	step(cut);
}

/* Those that waited for what this one has learned go on. */
static void stop_leading(struct zs_cut *cut)
{
	struct zs_zone_key *key;

	if (!cut->leads)
		return;
	cut->leads = false;
	key = find_key(cut->zone, &cut->key);
	if (key)
		key->done = true;
	for (struct zs_cut *c = cut->zones->cuts; c; c = c->next) {
		if (!c->follows || c->zone != cut->zone || !zs_name_eq(&c->key, &cut->key))
			continue;
		c->follows = false;
		c->timer = zs_loop_timer(c->zones->loop, 0, on_turn, c);
	}
}

static void detach(struct zs_cut *cut)
{
	stop_leading(cut);
	zs_zone_wait_cancel(cut->wait);
	zs_group_cancel(cut->ask);
	zs_loop_timer_cancel(cut->zones->loop, cut->timer);
	if (cut->prev)
		cut->prev->next = cut->next;
	else
		cut->zones->cuts = cut->next;
	if (cut->next)
		cut->next->prev = cut->prev;
}

void zs_cut_cancel(struct zs_cut *cut)
{
	if (!cut)
		return;
	detach(cut);
	zs_zone_unref(cut->zone);
	free(cut);
}

static void finish(struct zs_cut *cut, const struct zs_cut_result *result, const struct zs_err *err)
{
	detach(cut);
	cut->fn(result, err, cut->user);
	zs_zone_unref(cut->zone);
	free(cut);
}

static void finish_memory(struct zs_cut *cut)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_NOMEM, "out of memory while looking for the zone of %s", cut->name.text);
	finish(cut, NULL, &err);
}

/* ---- reading an answer -------------------------------------------------------------- */

/* NS records below the zone, at or above the name: a referral (RFC 1034 4.3.2). */
static const struct zs_name *referral(const struct zs_dns_reply *reply, const struct zs_cut *cut)
{
	const struct zs_name *zone = &cut->zone->name;

	if (reply->rcode != ZS_DNS_NOERROR)
		return NULL;
	for (size_t i = 0; i < reply->records.n; i++)
		if (reply->records.items[i].section == ZS_DNS_ANSWER || reply->records.items[i].type == ZS_DNS_SOA)
			return NULL;
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];

		if (r->section == ZS_DNS_AUTHORITY && r->type == ZS_DNS_NS && r->owner->len > zone->len &&
		    zs_name_is_in(r->owner, zone) && zs_name_is_in(&cut->asked, r->owner))
			return r->owner;
	}
	return NULL;
}

/* A denial in the name of a zone above or beside: this server does not have ours. */
static bool speaks_for_other(const struct zs_dns_reply *reply, const struct zs_cut *cut)
{
	const struct zs_dns_record *first = reply->records.items;

	for (size_t i = 0; i < reply->records.n; i++)
		if (first[i].type == ZS_DNS_SOA && first[i].section == ZS_DNS_AUTHORITY)
			return first[0].section != ZS_DNS_ANSWER && !zs_name_is_in(first[i].owner, &cut->zone->name);
	return false;
}

static const char *judge(const struct zs_answer *answer, void *user)
{
	const struct zs_cut *cut = user;
	const struct zs_dns_reply *reply = answer->reply;
	unsigned rcode = reply->rcode;

	if (rcode != ZS_DNS_NOERROR && rcode != ZS_DNS_NXDOMAIN && rcode != ZS_DNS_YXDOMAIN)
		return zs_dns_rcode_name(rcode);
	if (referral(reply, cut))
		return NULL;
	return reply->authoritative && !speaks_for_other(reply, cut) ? NULL : "lame, does not serve the zone";
}

static const struct zs_dns_record *find_soa(const struct zs_dns_reply *reply, const struct zs_cut *cut)
{
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];

		if (r->type == ZS_DNS_SOA && r->section == ZS_DNS_AUTHORITY && zs_name_is_in(r->owner, &cut->zone->name) &&
		    zs_name_is_in(&cut->asked, r->owner))
			return r;
	}
	return NULL;
}

static const struct zs_dns_record *find_alias(const struct zs_dns_reply *reply, const struct zs_cut *cut, uint16_t type)
{
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];

		if (r->type != type || r->section != ZS_DNS_ANSWER)
			continue;
		if (type == ZS_DNS_CNAME && zs_name_eq(r->owner, &cut->asked))
			return r;
		if (type == ZS_DNS_DNAME && r->owner->len < cut->asked.len && zs_name_is_in(&cut->asked, r->owner) &&
		    zs_name_is_in(r->owner, &cut->zone->name))
			return r;
	}
	return NULL;
}

bool zs_dname_apply(const struct zs_name *name, const struct zs_name *owner, const struct zs_name *target,
		    struct zs_name *ret)
{
	char text[2 * ZS_MAX_NAME + 2];
	int above = (int)name->len - (int)owner->len;

	if (above < 1)
		return false;
	/* Without the dot where the target is the root. */
	snprintf(text, sizeof(text), "%.*s%s", above - (target->len ? 0 : 1), name->text, target->text);
	return zs_name_parse(zs_slice_str(text), ZS_NAME_ANY, ret, NULL);
}

/* ---- what an answer leads to -------------------------------------------------------------- */

static void fail_step(struct zs_cut *cut, const struct zs_group_end *end)
{
	struct zs_err err;

	zs_err_set(&err, end->heard ? ZS_E_DNS : ZS_E_NETWORK, "no name server of zone %s answers for %s: %s",
		   cut->zone->name.text, cut->name.text, end->why);
	zs_err_subject(&err, "%s", cut->name.text);
	zs_err_where(&err, "zone %s", cut->zone->name.text);
	zs_err_hint(&err, end->heard ?
		    "the delegation of %s points to servers that do not serve it: correct its NS records, or set servers= in [zone %s]" :
		    "its servers cannot be reached from here: check the firewall for port 53 (UDP and TCP) out of this host to the "
		    "servers of %s, or set servers= in [zone %s]",
		    cut->zone->name.text, cut->zone->name.text);
	finish(cut, NULL, &err);
}

static void fail_missing(struct zs_cut *cut, const struct zs_answer *answer)
{
	char addr[ZS_ADDR_TEXT];
	struct zs_err err;

	zs_addr_print(&answer->addr, addr);
	zs_err_set(&err, ZS_E_DNS, "%s does not exist in zone %s: NXDOMAIN from server %s", cut->asked.text,
		   cut->zone->name.text, addr);
	zs_err_subject(&err, "%s", cut->name.text);
	zs_err_where(&err, "server %s", addr);
	zs_err_hint(&err, "check the spelling; if the domain is registered, its delegation in %s is missing; for an internal "
		    "zone set servers= in its [zone]", cut->zone->name.text);
	finish(cut, NULL, &err);
}

static void finish_alias(struct zs_cut *cut, const struct zs_answer *answer, const struct zs_cut_result *found)
{
	struct zs_cut_result result = *found;

	result.zone = cut->zone;
	result.server = answer->addr;
	finish(cut, &result, NULL);
}

/* Only such a name can hold a record that a provider may be asked to write. */
static bool is_usable_target(const struct zs_name *name)
{
	struct zs_name checked;

	return zs_name_parse(zs_slice_of(name->text, name->len), ZS_NAME_OWNER, &checked, NULL) && !checked.wildcard;
}

static void on_dname(struct zs_cut *cut, const struct zs_answer *answer, const struct zs_dns_record *dname)
{
	struct zs_cut_result result = { .alias = ZS_ALIAS_DNAME };
	struct zs_err err;

	if (zs_dname_apply(&cut->name, dname->owner, dname->target, &result.target) && is_usable_target(&result.target)) {
		finish_alias(cut, answer, &result);
		return;
	}
	zs_err_set(&err, ZS_E_DNS, "the DNAME record of %s makes %s too long or no name at all", dname->owner->text,
		   cut->name.text);
	zs_err_hint(&err, "remove or shorten the DNAME record of %s", dname->owner->text);
	finish(cut, NULL, &err);
}

static void on_cname(struct zs_cut *cut, const struct zs_answer *answer, const struct zs_dns_record *cname)
{
	struct zs_cut_result result = { .alias = ZS_ALIAS_CNAME, .target = *cname->target };
	struct zs_err err;

	if (is_usable_target(&result.target)) {
		finish_alias(cut, answer, &result);
		return;
	}
	zs_err_set(&err, ZS_E_DNS, "the CNAME record of %s points to \"%s\", which is no usable name", cut->asked.text,
		   result.target.text);
	finish(cut, NULL, &err);
}

/* The name itself tells no apex (alias, or a denial without SOA): the one above may. */
static void ask_above(struct zs_cut *cut)
{
	struct zs_name above;
	struct zs_cut_result result = { .zone = cut->zone };

	if (cut->asked.len > cut->zone->name.len && zs_name_parent(&cut->asked, &above) &&
	    zs_name_is_in(&above, &cut->zone->name)) {
		cut->asked = above;
		step(cut);
		return;
	}
	finish(cut, &result, NULL);
}

/* Nothing below a top-level domain: a registered domain with its own records there
 * is thinkable (internal ones), one that does not exist is a mistake. */
static bool check_exists(struct zs_cut *cut, const struct zs_answer *answer)
{
	struct zs_name second;

	if (!cut->zone->top || answer->reply->rcode != ZS_DNS_NXDOMAIN)
		return false;
	if (cut->checking || !zs_name_tail(&cut->asked, 2, &second) || zs_name_eq(&second, &cut->asked)) {
		fail_missing(cut, answer);
		return true;
	}
	cut->checking = true;
	cut->asked = second;
	step(cut);
	return true;
}

static void on_apex(struct zs_cut *cut, const struct zs_answer *answer, const struct zs_name *apex)
{
	struct zs_cut_result result = { .zone = cut->zone, .server = answer->addr };
	struct zs_zone *deeper;

	if (zs_name_eq(apex, &cut->zone->name)) {
		zs_zone_learn_soa(cut->zone, answer->reply);
		if (!check_exists(cut, answer))
			finish(cut, &result, NULL);
		return;
	}
	deeper = zs_zones_same_servers(cut->zone, apex);
	if (!deeper) {
		finish_memory(cut);
		return;
	}
	stop_leading(cut);
	zs_zone_unref(cut->zone);
	result.zone = cut->zone = deeper;
	zs_zone_learn_soa(deeper, answer->reply);
	finish(cut, &result, NULL);
}

static void on_referral(struct zs_cut *cut, const struct zs_answer *answer, const struct zs_name *child)
{
	struct zs_zone *zone = zs_zones_referred(cut->zone, child, answer->reply);

	if (zone)
		enter(cut, zone);
	else
		finish_memory(cut);
}

static void on_answer(const struct zs_group_end *end, void *user)
{
	struct zs_cut *cut = user;
	const struct zs_dns_record *dname, *cname, *soa;
	const struct zs_name *child;

	cut->ask = NULL;
	if (!end->answer) {
		fail_step(cut, end);
		return;
	}
	child = referral(end->answer->reply, cut);
	dname = find_alias(end->answer->reply, cut, ZS_DNS_DNAME);
	cname = find_alias(end->answer->reply, cut, ZS_DNS_CNAME);
	soa = find_soa(end->answer->reply, cut);
	if (child)
		on_referral(cut, end->answer, child);
	else if ((dname || cname) && (cut->ignore_alias || !zs_name_eq(&cut->asked, &cut->name)))
		ask_above(cut);
	else if (dname)
		on_dname(cut, end->answer, dname);
	else if (cname)
		on_cname(cut, end->answer, cname);
	else if (soa)
		on_apex(cut, end->answer, soa->owner);
	else
		ask_above(cut);
}

/* ---- descent ---------------------------------------------------------------------------------- */

/* One name goes first where several may lie below the same cut; false = wait. */
static bool may_ask(struct zs_cut *cut)
{
	struct zs_zone *zone = cut->zone;
	struct zs_zone_key *key;

	if (!zs_name_tail(&cut->asked, zs_name_labels(&zone->name) + 1, &cut->key))
		return true;
	key = find_key(zone, &cut->key);
	if (key) {
		cut->follows = !key->done && !cut->leads;
		return !cut->follows;
	}
	if (zone->keys.n >= MAX_KEYS)
		zs_vec_done(&zone->keys);
	key = zs_vec_push(&zone->keys, MAX_KEYS);
	if (key)
		key->name = cut->key;
	cut->leads = key;
	return true;
}

static void step(struct zs_cut *cut)
{
	struct zs_addr addrs[ZS_ZONE_ADDRS_MAX];
	struct zs_group_spec spec = {
		.name = cut->asked, .type = ZS_DNS_CNAME, .addrs = addrs, .naddrs = zs_zone_addrs(cut->zone, addrs),
		.judge = judge, .fn = on_answer, .user = cut,
	};

	if (!may_ask(cut))
		return;
	if (cut->steps++ < MAX_STEPS)
		cut->ask = zs_group_ask(cut->zones->transport, cut->zones->loop, &spec);
	if (!cut->ask)
		finish_memory(cut);
}

static void on_usable(struct zs_zone *zone, const struct zs_err *err, void *user)
{
	struct zs_cut *cut = user;

	(void)zone;
	cut->wait = NULL;
	if (err)
		finish(cut, NULL, err);
	else
		step(cut);
}

/* Takes the reference. */
static void enter(struct zs_cut *cut, struct zs_zone *zone)
{
	stop_leading(cut);
	zs_zone_unref(cut->zone);
	cut->zone = zone;
	cut->asked = cut->name;
	cut->checking = false;
	cut->wait = zs_zone_wait(zone, ZS_ZONE_USABLE, on_usable, cut);
	if (!cut->wait)
		finish_memory(cut);
}

static void on_begin(void *user)
{
	struct zs_cut *cut = user;
	struct zs_zone *zone;

	cut->timer = NULL;
	zone = zs_zones_find(cut->zones, &cut->name);
	if (!zone)
		zone = zs_zones_start(cut->zones, &cut->name);
	if (zone)
		enter(cut, zone);
	else
		finish_memory(cut);
}

struct zs_cut *zs_cut_start(struct zs_zones *zones, const struct zs_name *name, bool ignore_alias, zs_cut_fn *fn,
			    void *user)
{
	struct zs_cut *cut = calloc(1, sizeof(*cut));

	if (!cut)
		return NULL;
	*cut = (struct zs_cut){ .zones = zones, .name = *name, .asked = *name, .ignore_alias = ignore_alias, .fn = fn,
				.user = user };
	cut->timer = zs_loop_timer(zones->loop, 0, on_begin, cut);
	if (!cut->timer) {
		free(cut);
		return NULL;
	}
	cut->next = zones->cuts;
	if (cut->next)
		cut->next->prev = cut;
	zones->cuts = cut;
	return cut;
}
