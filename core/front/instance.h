/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One provider instance in a run: its host process, from describe to check.
 */
#ifndef ZS_FRONT_INSTANCE_H
#define ZS_FRONT_INSTANCE_H

#include "conf/conf.h"
#include "front/supervisor.h"

enum zs_instance_state { ZS_INSTANCE_STARTING, ZS_INSTANCE_OPEN, ZS_INSTANCE_GRANTING, ZS_INSTANCE_CHECKING, ZS_INSTANCE_READY,
	ZS_INSTANCE_FAILED };

struct zs_instance;

/* Zones and names that the instance may touch, and what its check said. */
struct zs_instance_zone {
	struct zs_name zone;
	ZS_VEC(struct zs_name) names;
	struct zs_err err;		/* of the check; code 0 = good */
};

struct zs_instance {
	const struct zs_conf_provider *conf;
	const struct zs_conf *all;
	struct zs_process *process;
	enum zs_instance_state state;
	struct zs_err err;		/* FAILED */
	char provider[ZS_MAX_ID + 1];	/* name the plugin gives itself */
	uint32_t flags, max_changes, max_values;
	bool has_live;			/* policy `provider` can be had */
	struct zs_buf *policy;		/* not NULL: gets what the plugin says of the right it needs for the
					 * zones below, and the instance is not opened: no secret is read */
	ZS_VEC(struct zs_instance_zone) zones;
	bool check;			/* test the credentials (not for a mere clean-up) */
	bool granted;			/* zones are final: grant once open */
	void (*changed)(struct zs_instance *instance, void *user);
	void *user;
};

/* Path of the plugin's file: absolute as configured, else plugin-dir/NAME.so, else the build tree's. */
int zs_instance_path(const struct zs_conf *conf, const char *plugin, struct zs_buf *dst, struct zs_err *err);
/* Is this file the provider `exec` that comes with zoneseal? */
bool zs_instance_is_own_exec(const char *path);
/* Starts its host; changed() is called at every change of state, from the loop. */
int zs_instance_start(struct zs_instance *instance, struct zs_super *super, struct zs_err *err);
/* Adds a name of a zone; before zs_instance_grant, or before the start where a policy is asked. */
int zs_instance_allow(struct zs_instance *instance, const struct zs_name *zone, const struct zs_name *name);
/* The zones are complete: grant and check as soon as it is open. */
void zs_instance_grant(struct zs_instance *instance);
/* Its process died: starts it again and brings it to where it was. */
void zs_instance_died(struct zs_instance *instance, const struct zs_err *err);
const struct zs_err *zs_instance_zone_err(const struct zs_instance *instance, const struct zs_name *zone);
void zs_instance_done(struct zs_instance *instance);

#endif
