/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which recursive resolvers to ask, from the configuration or resolv.conf, and
 * the settings of zones (servers, resolvers) by name.
 */
#ifndef ZS_PROBE_RESOLVER_H
#define ZS_PROBE_RESOLVER_H

#include "ipc/proto.h"
#include "probe/group.h"

enum { ZS_RESOLVERS_MAX = 8, ZS_SETTINGS_MAX = 1024, ZS_FIXED_SERVERS_MAX = 32 };

struct zs_addr_set {
	size_t n;
	struct zs_addr items[ZS_FIXED_SERVERS_MAX];
};

struct zs_zone_setting {
	struct zs_name zone;
	struct zs_addr_set servers, resolvers;	/* n 0 = not set */
};

struct zs_settings {
	struct zs_addr_set resolvers;		/* configured, else of resolv.conf */
	ZS_VEC(struct zs_zone_setting) zones;
};

/* nameserver lines of a resolv.conf, at most ZS_RESOLVERS_MAX; comments do not count. */
void zs_resolv_conf_parse(struct zs_slice text, struct zs_addr_set *ret);
/* Replaces all; on failure (-ZS_E_CONFIG, -ZS_E_NOMEM) nothing has changed. No
 * configured resolver: those of /etc/resolv.conf, which may be none. */
int zs_settings_load(struct zs_settings *settings, const struct zs_msg_probe_config *config, struct zs_err *err);
void zs_settings_done(struct zs_settings *settings);
/* The deepest configured zone that holds name, NULL when none does. */
const struct zs_zone_setting *zs_settings_find(const struct zs_settings *settings, const struct zs_name *name);
/* Resolvers for name servers of names in this zone. */
const struct zs_addr_set *zs_settings_resolvers(const struct zs_settings *settings, const struct zs_name *name);

#endif
