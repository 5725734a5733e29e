/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugins as commands show them: which files there are, and what each
 * says of itself when it is loaded in a confined host.
 */
#ifndef ZS_FRONT_PLUGINS_H
#define ZS_FRONT_PLUGINS_H

#include "conf/conf.h"
#include "front/ask.h"

struct zs_plugin_option {
	char name[64], fallback[256], env[80], help[528];
	uint32_t kind;			/* ZSP_OPTION_* of the plugin's header */
	bool required;
};

struct zs_plugin {
	char file[ZS_MAX_ID + 1];	/* name of the file without .so */
	char path[4096];
	struct zs_err err;		/* code 0: the rest is known */
	char name[ZS_MAX_ID + 1], summary[256], url[512], permissions[1028];
	uint32_t abi_major, abi_minor, flags, max_changes;
	uint32_t max_values;		/* at one name, 0 = enough */
	bool has_live, has_policy;
	ZS_VEC(struct zs_plugin_option) options;
};

struct zs_plugins { ZS_VEC(struct zs_plugin) items; };

/* The files in the plugin directories, each name once: the one that a configuration would get. */
int zs_plugins_find(struct zs_plugins *plugins, const struct zs_conf *conf, struct zs_err *err);
/* The file behind a name: a [provider] of the configuration, a plugin, or a path. */
int zs_plugins_path(const struct zs_conf *conf, const char *name, struct zs_buf *path, struct zs_err *err);
/* Adds one file. */
struct zs_plugin *zs_plugins_add(struct zs_plugins *plugins, const char *path);
/* Loads it and takes down what it says; err of the plugin where it does not load. */
void zs_plugin_describe(struct zs_plugin *plugin, struct zs_ask *ask);
void zs_plugins_done(struct zs_plugins *plugins);

/* "text", "secret" ... and, for the bits of flags in turn, "batch" ...; NULL past the last. */
const char *zs_plugin_kind(uint32_t kind);
const char *zs_plugin_flag(uint32_t flags, size_t i);

#endif
