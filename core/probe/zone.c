/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about zones.  A resolver is asked here for two things only: the
 * NS set of a name that is known to be an apex, and addresses of name servers.
 * Everything else comes from the zone's own servers.
 */
#include "probe/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"

enum {
	TTL_MIN = 30,
	TTL_MAX = 3600,
	USABLE_ADDRS = 2,	/* enough to go on while the rest is still asked for */
	ASKED_RESOLVER = 1,
	ASKED_SERVERS = 2
};

struct zs_zone_wait {
	struct zs_zone *zone;
	enum zs_zone_want want;
	zs_zone_fn *fn;
	void *user;
	struct zs_timer *timer;		/* set when it is about to be told */
	struct zs_zone_wait *prev, *next;
};

/* One question for addresses of one name server. */
struct zs_zone_lookup {
	struct zs_zone *zone;
	struct zs_group *group;
	uint8_t ns;
	bool resolver;
	struct zs_zone_lookup *prev, *next;
};

static void progress(struct zs_zone *zone);

static uint64_t now_ms(const struct zs_zones *zones)
{
	struct zs_clock *clock = zs_loop_clock(zones->loop);

	return clock->mono_ms(clock);
}

/* ---- the table ------------------------------------------------------------------ */

void zs_zones_init(struct zs_zones *zones, struct zs_loop *loop, struct zs_transport *transport,
		   struct zs_settings *settings)
{
	*zones = (struct zs_zones){ .loop = loop, .transport = transport, .settings = settings };
}

struct zs_zone *zs_zone_ref(struct zs_zone *zone)
{
	zone->refs++;
	return zone;
}

static void end_lookup(struct zs_zone_lookup *lookup)
{
	struct zs_zone *zone = lookup->zone;

	if (lookup->prev)
		lookup->prev->next = lookup->next;
	else
		zone->lookups = lookup->next;
	if (lookup->next)
		lookup->next->prev = lookup->prev;
	zone->pending--;
	free(lookup);
}

void zs_zone_unref(struct zs_zone *zone)
{
	if (!zone || --zone->refs)
		return;
	while (zone->lookups) {
		zs_group_cancel(zone->lookups->group);
		end_lookup(zone->lookups);
	}
	zs_group_cancel(zone->ask);
	zs_zone_unref(zone->via);
	zs_vec_done(&zone->keys);
	free(zone);
}

static void unlist(struct zs_zones *zones, size_t i)
{
	struct zs_zone *zone = zones->list.items[i];

	zone->listed = false;
	zs_vec_remove(&zones->list, i);
	zs_zone_unref(zone);
}

static void unlist_zone(struct zs_zone *zone)
{
	struct zs_zones *zones = zone->zones;

	for (size_t i = 0; i < zones->list.n; i++) {
		if (zones->list.items[i] != zone)
			continue;
		unlist(zones, i);
		return;
	}
}

void zs_zones_forget(struct zs_zones *zones)
{
	while (zones->list.n)
		unlist(zones, zones->list.n - 1);
}

void zs_zones_done(struct zs_zones *zones)
{
	zs_zones_forget(zones);
	zs_vec_done(&zones->list);
}

static bool is_fresh(const struct zs_zone *zone, uint64_t now)
{
	uint32_t ttl = zone->ttl < TTL_MIN ? TTL_MIN : zone->ttl > TTL_MAX ? TTL_MAX : zone->ttl;

	return zone->loading || now - zone->born_ms < ttl * 1000ULL;
}

static void drop_stale(struct zs_zones *zones)
{
	uint64_t now = now_ms(zones);

	for (size_t i = zones->list.n; i > 0; i--)
		if (!is_fresh(zones->list.items[i - 1], now))
			unlist(zones, i - 1);
}

static struct zs_zone *find_exact(struct zs_zones *zones, const struct zs_name *name)
{
	for (size_t i = 0; i < zones->list.n; i++)
		if (zs_name_eq(&zones->list.items[i]->name, name))
			return zones->list.items[i];
	return NULL;
}

struct zs_zone *zs_zones_find(struct zs_zones *zones, const struct zs_name *name)
{
	const struct zs_zone_setting *setting = zs_settings_find(zones->settings, name);
	struct zs_zone *best = NULL;

	drop_stale(zones);
	for (size_t i = 0; i < zones->list.n; i++) {
		struct zs_zone *zone = zones->list.items[i];

		if (zs_name_is_in(name, &zone->name) && (!best || zone->name.len > best->name.len))
			best = zone;
	}
	if (best && setting && best->name.len < setting->zone.len)
		best = NULL;
	return best ? zs_zone_ref(best) : NULL;
}

/* Listed, with one reference for the table and one for the caller. */
static struct zs_zone *add_zone(struct zs_zones *zones, const struct zs_name *name)
{
	struct zs_zone *zone = calloc(1, sizeof(*zone));
	struct zs_zone **slot = zone ? zs_vec_push(&zones->list, ZS_ZONES_MAX) : NULL;

	if (!slot) {
		free(zone);
		return NULL;
	}
	*slot = zone;
	zone->zones = zones;
	zone->name = *name;
	zone->refs = 2;
	zone->listed = true;
	zone->ttl = TTL_MAX;
	zone->born_ms = now_ms(zones);
	return zone;
}

/* ---- name servers and addresses ---------------------------------------------------- */

static size_t find_ns(const struct zs_zone *zone, const struct zs_name *name)
{
	for (size_t i = 0; i < zone->nns; i++)
		if (zs_name_eq(&zone->ns[i], name))
			return i;
	return ZS_NS_NONE;
}

static void lower_ttl(struct zs_zone *zone, uint32_t ttl)
{
	if (ttl < zone->ttl)
		zone->ttl = ttl;
}

static void add_ns(struct zs_zone *zone, const struct zs_dns_record *record)
{
	struct zs_name checked;

	lower_ttl(zone, record->ttl);
	/* An escaped name cannot be asked for. */
	if (!zs_name_parse(zs_slice_of(record->target->text, record->target->len), ZS_NAME_ANY, &checked, NULL) ||
	    !checked.len || find_ns(zone, &checked) != ZS_NS_NONE)
		return;
	if (zone->nns == ZS_NS_MAX) {
		zs_warn("", "zone %s: more than %d name servers, %s is left out", zone->name.text, ZS_NS_MAX, checked.text);
		return;
	}
	zone->ns[zone->nns++] = checked;
}

static void add_addr(struct zs_zone *zone, size_t ns, const struct zs_addr *addr)
{
	for (size_t i = 0; i < zone->naddrs; i++)
		if (zs_addr_eq(&zone->addrs[i].addr, addr))
			return;
	if (zs_addr_is_useless(addr)) {
		zs_warn("", "zone %s: an address of a name server is not usable", zone->name.text);
		return;
	}
	if (zone->naddrs == ZS_ZONE_ADDRS_MAX)
		return;
	zone->addrs[zone->naddrs++] = (struct zs_zone_addr){ .addr = *addr, .ns = (uint8_t)ns };
}

static void add_record_addr(struct zs_zone *zone, size_t ns, const struct zs_dns_record *record)
{
	struct zs_addr addr;

	if (record->type != ZS_DNS_A && record->type != ZS_DNS_AAAA)
		return;
	lower_ttl(zone, record->ttl);
	addr = zs_addr_of(record->type == ZS_DNS_A ? 4 : 6, record->address);
	add_addr(zone, ns, &addr);
}

static void add_ns_set(struct zs_zone *zone, const struct zs_dns_reply *reply)
{
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];

		if (r->type == ZS_DNS_NS && r->section != ZS_DNS_ADDITIONAL && zs_name_eq(r->owner, &zone->name))
			add_ns(zone, r);
	}
}

/* Addresses in the additional section. They are believed for servers below the
 * zone that spoke (above): it has the say over those names. */
static void add_glue(struct zs_zone *zone, const struct zs_name *above, const struct zs_dns_reply *reply)
{
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];
		size_t ns = r->section == ZS_DNS_ADDITIONAL ? find_ns(zone, r->owner) : ZS_NS_NONE;

		if (ns != ZS_NS_NONE && zs_name_is_in(r->owner, above))
			add_record_addr(zone, ns, r);
	}
}

size_t zs_zone_addrs(const struct zs_zone *zone, struct zs_addr dst[static ZS_ZONE_ADDRS_MAX])
{
	while (!zone->naddrs && zone->via)
		zone = zone->via;
	for (size_t i = 0; i < zone->naddrs; i++)
		dst[i] = zone->addrs[i].addr;
	return zone->naddrs;
}

void zs_zone_server_name(const struct zs_zone *zone, size_t addr, char dst[static ZS_MAX_NAME + 3])
{
	const struct zs_zone_addr *a = &zone->addrs[addr];
	char text[ZS_ADDR_TEXT];

	zs_addr_print(&a->addr, text);
	snprintf(dst, ZS_MAX_NAME + 3, "%s", a->ns == ZS_NS_NONE ? text : zone->ns[a->ns].text);
}

void zs_zone_learn_soa(struct zs_zone *zone, const struct zs_dns_reply *reply)
{
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];

		if (r->type == ZS_DNS_SOA && zs_name_eq(r->owner, &zone->name))
			zone->negative_ttl = r->ttl < r->minimum ? r->ttl : r->minimum;
	}
}

/* ---- failure ------------------------------------------------------------------------- */

static void fail(struct zs_zone *zone)
{
	zone->failed = true;
	zone->loading = false;
	zs_zone_ref(zone);
	if (zone->listed)
		unlist_zone(zone);
	progress(zone);
	zs_zone_unref(zone);
}

/* ---- look-ups of addresses ------------------------------------------------------------- */

static const char *judge_resolver(const struct zs_answer *answer, void *user)
{
	unsigned rcode = answer->reply->rcode;

	(void)user;
	return rcode == ZS_DNS_NOERROR || rcode == ZS_DNS_NXDOMAIN ? NULL : zs_dns_rcode_name(rcode);
}

/* The zone's own servers, about a name inside: a referral with glue is fine too. */
static const char *judge_server(const struct zs_answer *answer, void *user)
{
	const struct zs_dns_reply *reply = answer->reply;

	(void)user;
	if (reply->rcode != ZS_DNS_NOERROR && reply->rcode != ZS_DNS_NXDOMAIN)
		return zs_dns_rcode_name(reply->rcode);
	return reply->authoritative || reply->records.n ? NULL : "not authoritative";
}

static void start_lookup(struct zs_zone *zone, size_t ns, uint16_t type, const struct zs_zone *at);

static size_t count_addrs(const struct zs_zone *zone, size_t ns)
{
	size_t n = 0;

	for (size_t i = 0; i < zone->naddrs; i++)
		n += zone->addrs[i].ns == ns;
	return n;
}

static void take_addresses(struct zs_zone_lookup *lookup, const struct zs_dns_reply *reply)
{
	for (size_t i = 0; i < reply->records.n; i++) {
		const struct zs_dns_record *r = &reply->records.items[i];
		/* A resolver may have followed an alias: the owner differs then. */
		bool ours = lookup->resolver ? r->section == ZS_DNS_ANSWER :
					       zs_name_eq(r->owner, &lookup->zone->ns[lookup->ns]);

		if (ours)
			add_record_addr(lookup->zone, lookup->ns, r);
	}
}

static void on_addresses(const struct zs_group_end *end, void *user)
{
	struct zs_zone_lookup *lookup = user;
	struct zs_zone *zone = lookup->zone;
	size_t ns = lookup->ns;

	if (end->answer)
		take_addresses(lookup, end->answer->reply);
	/* What its own servers do not say, a resolver may know. */
	if (!lookup->resolver && !count_addrs(zone, ns) && !(zone->asked[ns] & ASKED_RESOLVER)) {
		zone->asked[ns] |= ASKED_RESOLVER;
		start_lookup(zone, ns, ZS_DNS_A, NULL);
		start_lookup(zone, ns, ZS_DNS_AAAA, NULL);
	}
	end_lookup(lookup);
	progress(zone);
}

/* at: whose servers are asked; NULL = the resolvers. */
static void start_lookup(struct zs_zone *zone, size_t ns, uint16_t type, const struct zs_zone *at)
{
	struct zs_zones *zones = zone->zones;
	struct zs_zone_lookup *lookup = calloc(1, sizeof(*lookup));
	struct zs_addr servers[ZS_ZONE_ADDRS_MAX];
	const struct zs_addr_set *set = zs_settings_resolvers(zones->settings, &zone->name);
	struct zs_group_spec spec = {
		.name = zone->ns[ns], .type = type, .recurse = !at,
		.addrs = at ? servers : set->items,
		.naddrs = at ? zs_zone_addrs(at, servers) : set->n,
		.judge = at ? judge_server : judge_resolver, .fn = on_addresses, .user = lookup,
	};

	if (!lookup)
		return;
	*lookup = (struct zs_zone_lookup){ .zone = zone, .ns = (uint8_t)ns, .resolver = !at };
	lookup->group = zs_group_ask(zones->transport, zones->loop, &spec);
	if (!lookup->group) {
		free(lookup);
		return;
	}
	lookup->next = zone->lookups;
	if (lookup->next)
		lookup->next->prev = lookup;
	zone->lookups = lookup;
	zone->pending++;
}

/* The deepest zone below the top that is known to hold the name of a server and
 * whose own servers can be asked; NULL = the resolvers have to know. */
static const struct zs_zone *home_of(const struct zs_zone *zone, const struct zs_name *ns)
{
	const struct zs_zones *zones = zone->zones;
	const struct zs_zone *best = NULL;

	for (size_t i = 0; i < zones->list.n; i++) {
		const struct zs_zone *z = zones->list.items[i];

		if (z->top || z->loading || !(z->naddrs || z->via) || !zs_name_is_in(ns, &z->name))
			continue;
		if (!best || z->name.len > best->name.len)
			best = z;
	}
	return best;
}

static void ask_addresses(struct zs_zone *zone, size_t ns)
{
	const struct zs_zone *at = home_of(zone, &zone->ns[ns]);
	uint8_t whom = at ? ASKED_SERVERS : ASKED_RESOLVER;

	if (zone->asked[ns] & whom)
		return;
	zone->asked[ns] |= whom;
	start_lookup(zone, ns, ZS_DNS_A, at);
	start_lookup(zone, ns, ZS_DNS_AAAA, at);
}

/* Glue is enough to speak to the zone; without any the resolver is asked. */
static void make_usable(struct zs_zone *zone)
{
	if (!zone->naddrs)
		for (size_t i = 0; i < zone->nns; i++)
			ask_addresses(zone, i);
}

/* ---- the whole set ----------------------------------------------------------------------- */

static const char *judge_ns(const struct zs_answer *answer, void *user)
{
	const struct zs_dns_reply *reply = answer->reply;

	(void)user;
	if (reply->rcode != ZS_DNS_NOERROR)
		return zs_dns_rcode_name(reply->rcode);
	return reply->authoritative ? NULL : "not authoritative";
}

static void copy_servers(struct zs_zone *zone, const struct zs_zone *from)
{
	if (!from)
		return;
	memcpy(zone->ns, from->ns, sizeof(zone->ns));
	memcpy(zone->addrs, from->addrs, sizeof(zone->addrs));
	zone->nns = from->nns;
	zone->naddrs = from->naddrs;
}

static void on_child_ns(const struct zs_group_end *end, void *user)
{
	struct zs_zone *zone = user;

	zone->ask = NULL;
	if (end->answer) {
		add_ns_set(zone, end->answer->reply);
		add_glue(zone, &zone->name, end->answer->reply);
	} else {
		zs_warn("", "zone %s: no server tells its own NS set (%s); that of the parent is used", zone->name.text,
			end->why);
		copy_servers(zone, zone->via);
	}
	for (size_t i = 0; i < zone->nns; i++)
		ask_addresses(zone, i);
	zone->ns_known = true;
	progress(zone);
}

static void begin_complete(struct zs_zone *zone)
{
	struct zs_addr addrs[ZS_ZONE_ADDRS_MAX];
	struct zs_group_spec spec = {
		.name = zone->name, .type = ZS_DNS_NS, .addrs = addrs, .naddrs = zs_zone_addrs(zone, addrs),
		.judge = judge_ns, .fn = on_child_ns, .user = zone,
	};

	zone->complete_begun = true;
	if (zone->fixed) {
		zone->ns_known = true;
		return;
	}
	zone->ask = zs_group_ask(zone->zones->transport, zone->zones->loop, &spec);
	if (!zone->ask)
		zone->ns_known = true;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static void unlink_wait(struct zs_zone_wait *wait)
{
	if (wait->prev)
		wait->prev->next = wait->next;
	else
		wait->zone->waits = wait->next;
	if (wait->next)
		wait->next->prev = wait->prev;
}

void zs_zone_wait_cancel(struct zs_zone_wait *wait)
{
	if (!wait)
		return;
	zs_loop_timer_cancel(wait->zone->zones->loop, wait->timer);
	unlink_wait(wait);
	zs_zone_unref(wait->zone);
	free(wait);
}

static bool is_usable(const struct zs_zone *zone)
{
	return !zone->loading && (zone->naddrs >= USABLE_ADDRS || !zone->pending);
}

static bool is_complete(const struct zs_zone *zone)
{
	return zone->ns_known && !zone->pending;
}

static void no_addresses(struct zs_zone *zone)
{
	zs_err_set(&zone->err, ZS_E_DNS, "zone %s: none of its name servers (%s%s) has an address that could be found",
		   zone->name.text, zone->nns ? zone->ns[0].text : "none named", zone->nns > 1 ? ", ..." : "");
	zs_err_where(&zone->err, "zone %s", zone->name.text);
	zs_err_hint(&zone->err, "check the delegation of %s and its glue, or set servers= in [zone %s]", zone->name.text,
		    zone->name.text);
}

static void tell(void *user)
{
	struct zs_zone_wait *wait = user;
	struct zs_zone *zone = wait->zone;

	unlink_wait(wait);
	wait->fn(zone, zone->failed ? &zone->err : NULL, wait->user);
	zs_zone_unref(zone);
	free(wait);
}

static bool is_due(const struct zs_zone_wait *wait)
{
	const struct zs_zone *zone = wait->zone;

	if (zone->failed)
		return true;
	return wait->want == ZS_ZONE_USABLE ? is_usable(zone) : is_complete(zone);
}

static bool wants_complete(const struct zs_zone *zone)
{
	for (const struct zs_zone_wait *wait = zone->waits; wait; wait = wait->next)
		if (wait->want == ZS_ZONE_COMPLETE)
			return true;
	return false;
}

/* All that could be asked was asked, and there is no address to speak to. */
static bool is_orphan(const struct zs_zone *zone)
{
	bool known = zone->ns_known || !zone->via;

	return !zone->failed && !zone->loading && known && !zone->ask && !zone->pending && !zone->naddrs;
}

/* Something has changed: goes on, and tells those who wait, each in a turn of its own. */
static void progress(struct zs_zone *zone)
{
	if (is_orphan(zone)) {
		no_addresses(zone);
		fail(zone);
		return;
	}
	if (!zone->failed && is_usable(zone) && !zone->complete_begun && wants_complete(zone))
		begin_complete(zone);
	for (struct zs_zone_wait *wait = zone->waits; wait; wait = wait->next)
		if (!wait->timer && is_due(wait))
			wait->timer = zs_loop_timer(zone->zones->loop, 0, tell, wait);
}

struct zs_zone_wait *zs_zone_wait(struct zs_zone *zone, enum zs_zone_want want, zs_zone_fn *fn, void *user)
{
	struct zs_zone_wait *wait = calloc(1, sizeof(*wait));

	if (!wait)
		return NULL;
	*wait = (struct zs_zone_wait){ .zone = zs_zone_ref(zone), .want = want, .fn = fn, .user = user };
	wait->next = zone->waits;
	if (wait->next)
		wait->next->prev = wait;
	zone->waits = wait;
	progress(zone);
	return wait;
}

/* ---- where zones come from ---------------------------------------------------------------------- */

static void on_start_ns(const struct zs_group_end *end, void *user)
{
	struct zs_zone *zone = user;
	unsigned rcode = end->answer ? end->answer->reply->rcode : 0;
	char addr[ZS_ADDR_TEXT] = "";

	zone->ask = NULL;
	zone->loading = false;
	if (end->answer) {
		zs_addr_print(&end->answer->addr, addr);
		add_ns_set(zone, end->answer->reply);
		add_glue(zone, &(struct zs_name){ .len = 0 }, end->answer->reply);
	}
	if (zone->nns) {
		make_usable(zone);
		progress(zone);
		return;
	}
	if (!end->answer)
		zs_err_set(&zone->err, ZS_E_NETWORK, "no resolver tells the name servers of %s (%s)", zone->name.text, end->why);
	else
		zs_err_set(&zone->err, ZS_E_DNS, "resolver %s knows no zone %s (%s)", addr, zone->name.text,
			   rcode ? zs_dns_rcode_name(rcode) : "no NS records");
	zs_err_where(&zone->err, "resolver %s", addr[0] ? addr : "(none)");
	zs_err_hint(&zone->err, "check resolvers= and /etc/resolv.conf; for an internal zone set servers= or resolvers= in "
		    "its [zone]");
	fail(zone);
}

static void load_start(struct zs_zone *zone)
{
	struct zs_zones *zones = zone->zones;
	const struct zs_addr_set *set = zs_settings_resolvers(zones->settings, &zone->name);
	struct zs_group_spec spec = {
		.name = zone->name, .type = ZS_DNS_NS, .recurse = true, .addrs = set->items, .naddrs = set->n,
		.judge = judge_resolver, .fn = on_start_ns, .user = zone,
	};

	zone->loading = true;
	zone->ask = zs_group_ask(zones->transport, zones->loop, &spec);
}

static void set_fixed(struct zs_zone *zone, const struct zs_addr_set *servers)
{
	zone->fixed = true;
	for (size_t i = 0; i < servers->n; i++)
		add_addr(zone, ZS_NS_NONE, &servers->items[i]);
}

struct zs_zone *zs_zones_start(struct zs_zones *zones, const struct zs_name *name)
{
	const struct zs_zone_setting *setting = zs_settings_find(zones->settings, name);
	struct zs_name top;
	struct zs_zone *zone;

	if (setting)
		top = setting->zone;
	else if (!zs_name_tail(name, 1, &top))
		return NULL;
	drop_stale(zones);
	zone = find_exact(zones, &top);
	if (zone)
		return zs_zone_ref(zone);
	zone = add_zone(zones, &top);
	if (!zone)
		return NULL;
	zone->top = !setting;
	if (setting && setting->servers.n)
		set_fixed(zone, &setting->servers);
	else
		load_start(zone);
	if (zone->loading && !zone->ask) {
		unlist_zone(zone);
		zs_zone_unref(zone);
		return NULL;
	}
	return zone;
}

/* servers= of a zone of the configuration stand above what a referral says. */
static const struct zs_zone_setting *fixed_setting(struct zs_zones *zones, const struct zs_name *name)
{
	const struct zs_zone_setting *setting = zs_settings_find(zones->settings, name);

	return setting && setting->servers.n && zs_name_eq(&setting->zone, name) ? setting : NULL;
}

struct zs_zone *zs_zones_referred(struct zs_zone *parent, const struct zs_name *name, const struct zs_dns_reply *reply)
{
	struct zs_zones *zones = parent->zones;
	const struct zs_zone_setting *setting = fixed_setting(zones, name);
	struct zs_zone *zone = find_exact(zones, name);

	if (zone)
		return zs_zone_ref(zone);
	zone = add_zone(zones, name);
	if (!zone)
		return NULL;
	if (setting) {
		set_fixed(zone, &setting->servers);
		return zone;
	}
	add_ns_set(zone, reply);
	/* The parent may tell addresses of servers below itself; names outside of it
	 * are looked up instead. */
	add_glue(zone, &parent->name, reply);
	make_usable(zone);
	return zone;
}

struct zs_zone *zs_zones_same_servers(struct zs_zone *via, const struct zs_name *name)
{
	struct zs_zone *zone = find_exact(via->zones, name);

	if (zone)
		return zs_zone_ref(zone);
	zone = add_zone(via->zones, name);
	if (!zone)
		return NULL;
	zone->fixed = via->fixed;
	zone->ttl = via->ttl;
	if (via->fixed)
		copy_servers(zone, via);
	else
		zone->via = zs_zone_ref(via);
	return zone;
}
