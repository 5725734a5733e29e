/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones that are known to exist, their name servers and addresses, kept for the
 * run within their TTL and shared by all walks and watches.  How cuts are found
 * is zonecut.h; this is what is known about one and how the rest is asked for.
 */
#ifndef ZS_PROBE_ZONE_H
#define ZS_PROBE_ZONE_H

#include "probe/resolver.h"

enum {
	ZS_NS_MAX = 16,			/* name server names of a zone */
	ZS_ZONE_ADDRS_MAX = 100,
	ZS_ZONES_MAX = 4096,
	ZS_NS_NONE = 255		/* address of servers=, without a name */
};

struct zs_zone_addr {
	struct zs_addr addr;
	uint8_t ns;			/* index into ns[], or ZS_NS_NONE */
};

/* A label below the zone that somebody has asked about or asks about now. */
struct zs_zone_key {
	struct zs_name name;
	bool done;
};

struct zs_zones;

struct zs_zone {
	struct zs_zones *zones;
	struct zs_name name;
	unsigned refs;
	bool fixed;			/* servers= of the configuration */
	bool top;			/* a top-level domain found through a resolver */
	struct zs_zone *via;		/* its servers answer for this zone too; until its own are known */
	uint32_t negative_ttl;		/* of its SOA, 0 = not known yet */
	uint8_t nns, naddrs;
	struct zs_name ns[ZS_NS_MAX];
	uint8_t asked[ZS_NS_MAX];	/* who was asked for its addresses */
	struct zs_zone_addr addrs[ZS_ZONE_ADDRS_MAX];
	ZS_VEC(struct zs_zone_key) keys;
	/* private to zone.c */
	bool loading, failed, complete_begun, ns_known, listed;
	unsigned pending;		/* look-ups of addresses */
	uint32_t ttl;
	uint64_t born_ms;
	struct zs_err err;
	struct zs_zone_wait *waits;
	struct zs_zone_lookup *lookups;
	struct zs_group *ask;		/* for the NS set */
};

struct zs_zones {
	struct zs_loop *loop;
	struct zs_transport *transport;
	struct zs_settings *settings;
	ZS_VEC(struct zs_zone *) list;
	struct zs_cut *cuts;		/* zonecut.c: those under way */
};

void zs_zones_init(struct zs_zones *zones, struct zs_loop *loop, struct zs_transport *transport,
		   struct zs_settings *settings);
/* All waits and cuts must have ended. */
void zs_zones_done(struct zs_zones *zones);
/* Forgets all that is known; zones in use stay until they are given back. */
void zs_zones_forget(struct zs_zones *zones);

/* All of these return a reference, or NULL: not known, or memory ran out. */

/* The deepest known zone that holds name, not above the deepest configured one. */
struct zs_zone *zs_zones_find(struct zs_zones *zones, const struct zs_name *name);
/* Where to begin for name: the deepest configured zone, else the top-level domain. */
struct zs_zone *zs_zones_start(struct zs_zones *zones, const struct zs_name *name);
/* The child that a referral (NS records of owner `name` in reply) of parent leads to. */
struct zs_zone *zs_zones_referred(struct zs_zone *parent, const struct zs_name *name, const struct zs_dns_reply *reply);
/* An apex that the servers of `via` turned out to serve themselves. */
struct zs_zone *zs_zones_same_servers(struct zs_zone *via, const struct zs_name *name);

struct zs_zone *zs_zone_ref(struct zs_zone *zone);
void zs_zone_unref(struct zs_zone *zone);

enum zs_zone_want {
	ZS_ZONE_USABLE,		/* some address is known */
	ZS_ZONE_COMPLETE	/* NS set of parent and child, all their addresses */
};
/* err is NULL when it is as wanted. */
typedef void zs_zone_fn(struct zs_zone *zone, const struct zs_err *err, void *user);
/* Never calls back before it returns; NULL when memory ran out. */
struct zs_zone_wait *zs_zone_wait(struct zs_zone *zone, enum zs_zone_want want, zs_zone_fn *fn, void *user);
void zs_zone_wait_cancel(struct zs_zone_wait *wait);

/* Copies the addresses for a group; returns how many. */
size_t zs_zone_addrs(const struct zs_zone *zone, struct zs_addr dst[static ZS_ZONE_ADDRS_MAX]);
/* Name of the server behind an address: its NS name, or the address itself. */
void zs_zone_server_name(const struct zs_zone *zone, size_t addr, char dst[static ZS_MAX_NAME + 3]);
/* Remembers the negative TTL of a SOA record in reply, if it is this zone's. */
void zs_zone_learn_soa(struct zs_zone *zone, const struct zs_dns_reply *reply);

#endif
