/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/plugins.h.
 */
#include "front/plugins.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "front/places.h"

enum { PLUGINS_MAX = 1024, OPTIONS_MAX = 64, PATH_OCTETS = 4096 };

/* By number, as in zoneseal/provider.h; a test compares. */
static const char *const kinds[] = {
	[1] = "text", [2] = "secret", [3] = "file", [4] = "integer", [5] = "duration", [6] = "boolean", [7] = "address",
	[8] = "addresses", [9] = "name", [10] = "url", [11] = "directory",
};

static const struct {
	uint32_t bit;
	const char *name;
} flag_names[] = {
	{ 0x1, "keeps-siblings" }, { 0x2, "batch" }, { 0x4, "lists-zones" }, { ZS_PROVIDER_NO_NETWORK, "no-network" },
	{ ZS_PROVIDER_NO_REMOVE, "no-remove" }, { ZS_PROVIDER_NEEDS_ZONE_LOCK, "needs-zone-lock" }, { ZS_PROVIDER_EXECS, "execs" },
};

const char *zs_plugin_kind(uint32_t kind)
{
	return kind < ZS_COUNT(kinds) && kinds[kind] ? kinds[kind] : "unknown";
}

const char *zs_plugin_flag(uint32_t flags, size_t i)
{
	for (size_t j = 0; j < ZS_COUNT(flag_names); j++)
		if (flags & flag_names[j].bit && !i--)
			return flag_names[j].name;
	return NULL;
}

/* ---- files ---- */

struct search {
	struct zs_plugins *plugins;
	const char *dir;
	bool tree;		/* dir/NAME/.libs/NAME.so instead of dir/NAME.so */
};

static bool has(const struct zs_plugins *plugins, const char *file)
{
	for (size_t i = 0; i < plugins->items.n; i++)
		if (!strcmp(plugins->items.items[i].file, file))
			return true;
	return false;
}

static bool file_name(const char *path, char dst[static ZS_MAX_ID + 1])
{
	const char *slash = strrchr(path, '/');
	struct zs_slice base = zs_slice_str(slash ? slash + 1 : path);

	if (zs_slice_ends(base, ".so"))
		base.n -= 3;
	return zs_id_ok(base) && zs_slice_copy(base, dst, ZS_MAX_ID + 1);
}

struct zs_plugin *zs_plugins_add(struct zs_plugins *plugins, const char *path)
{
	struct zs_plugin *plugin = zs_vec_push(&plugins->items, PLUGINS_MAX);

	if (!plugin)
		return NULL;
	snprintf(plugin->path, sizeof(plugin->path), "%s", path);
	if (!file_name(path, plugin->file))
		snprintf(plugin->file, sizeof(plugin->file), "plugin");
	return plugin;
}

static bool look_at(const char *name, void *user)
{
	const struct search *search = user;
	char path[PATH_OCTETS], file[ZS_MAX_ID + 1];
	struct zs_slice text = zs_slice_str(name);
	int n;

	if (search->tree)
		n = snprintf(path, sizeof(path), "%s/%s/.libs/%s.so", search->dir, name, name);
	else
		n = snprintf(path, sizeof(path), "%s/%s", search->dir, name);
	if ((search->tree || zs_slice_ends(text, ".so")) && n < (int)sizeof(path) && file_name(path, file) &&
	    !has(search->plugins, file) && access(path, F_OK) == 0)
		zs_plugins_add(search->plugins, path);
	return true;
}

static int search_dir(struct zs_plugins *plugins, const char *dir, bool tree, struct zs_err *err)
{
	struct search search = { .plugins = plugins, .dir = dir, .tree = tree };
	int fd, rc;

	if (access(dir, F_OK) != 0)
		return 0;
	fd = zs_fs_open_dir(AT_FDCWD, dir, err);
	if (fd < 0)
		return fd;
	rc = zs_fs_list(fd, look_at, &search, err);
	close(fd);
	return rc;
}

static int search_tree(struct zs_plugins *plugins, struct zs_err *err)
{
	char tree[ZS_PLACE], dir[ZS_PLACE + sizeof("/providers")];

	if (!zs_places_tree(tree))
		return 0;
	(void)snprintf(dir, sizeof(dir), "%s/providers", tree);
	return search_dir(plugins, dir, true, err);
}

int zs_plugins_find(struct zs_plugins *plugins, const struct zs_conf *conf, struct zs_err *err)
{
	int rc = conf->defaults.plugin_dir ? search_dir(plugins, conf->defaults.plugin_dir, false, err) : 0;

	if (!rc)
		rc = search_tree(plugins, err);
	return rc ? rc : search_dir(plugins, ZS_PROVIDERSDIR, false, err);
}

/* ---- one by its name ---- */

int zs_plugins_path(const struct zs_conf *conf, const char *name, struct zs_buf *path, struct zs_err *err)
{
	const struct zs_conf_provider *instance = zs_conf_provider(conf, name);
	char cwd[PATH_OCTETS];

	if (*name == '/' || !strchr(name, '/'))
		return zs_instance_path(conf, instance ? instance->plugin : name, path, err);
	if (!getcwd(cwd, sizeof(cwd)))
		ZS_FAIL(err, ZS_E_STORAGE, "the current directory is not known");
	struct zs_buf full = ZS_BUF(PATH_OCTETS);
	zs_buf_addf(&full, "%s/%s", cwd, name);
	int rc = full.failed ? zs_err_set(err, ZS_E_USAGE, "the path %s is too long", name)
			     : zs_instance_path(conf, zs_buf_str(&full), path, err);
	zs_buf_done(&full);
	return rc;
}

/* ---- what they say ---- */

static void take_option(struct zs_plugin *plugin, const struct zs_msg_option *from)
{
	struct zs_plugin_option *option = zs_vec_push(&plugin->options, OPTIONS_MAX);

	if (!option)
		return;
	zs_slice_copy(from->name, option->name, sizeof(option->name));
	zs_slice_copy(from->fallback, option->fallback, sizeof(option->fallback));
	zs_slice_copy(from->env, option->env, sizeof(option->env));
	zs_slice_copy(from->help, option->help, sizeof(option->help));
	option->kind = from->kind;
	option->required = from->required;
}

static void take(const void *body, void *user)
{
	const struct zs_msg_host_description *d = body;
	struct zs_plugin *plugin = user;

	zs_slice_copy(d->name, plugin->name, sizeof(plugin->name));
	zs_slice_copy(d->summary, plugin->summary, sizeof(plugin->summary));
	zs_slice_copy(d->url, plugin->url, sizeof(plugin->url));
	plugin->abi_major = d->abi_major;
	plugin->abi_minor = d->abi_minor;
	plugin->flags = d->flags;
	plugin->max_changes = d->max_changes;
	plugin->max_values = d->max_values;
	plugin->has_live = d->has_live;
	plugin->has_policy = d->has_policy;
	zs_slice_copy(d->permissions, plugin->permissions, sizeof(plugin->permissions));
	for (uint32_t i = 0; i < d->options.n; i++)
		take_option(plugin, &d->options.items[i]);
}

void zs_plugin_describe(struct zs_plugin *plugin, struct zs_ask *ask)
{
	static const struct zs_msg_empty empty;
	const char *args[] = { plugin->path, NULL };
	struct zs_process *host = zs_super_start(ask->super, ZS_ROLE_HOST, plugin->file, args, &plugin->err);

	if (host && !zs_ask(ask, host, ZS_MSG_HOST_DESCRIBE, &empty, take, plugin, &plugin->err))
		zs_err_clear(&plugin->err);
	else if (!*plugin->err.where)
		zs_err_where(&plugin->err, "%s", plugin->path);
}

void zs_plugins_done(struct zs_plugins *plugins)
{
	for (size_t i = 0; i < plugins->items.n; i++)
		zs_vec_done(&plugins->items.items[i].options);
	zs_vec_done(&plugins->items);
}
