/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/instance.h.  The steps with a host: describe, options, secrets, open,
 * grant, check.  Values are only passed on; the host parses them.
 */
#include "front/instance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "base/log.h"
#include "conf/problems.h"
#include "front/places.h"
#include "front/secrets.h"

enum { DESCRIBE_MS = 20 * 1000, ZONES_MAX = 1024, NAMES_MAX = ZS_MAX_JOBS * ZS_MAX_IDENTIFIERS };

/* The provider whose purpose it is to run programs. */
#define OWN_EXEC "exec"

static void describe(struct zs_instance *in);

static void become(struct zs_instance *in, enum zs_instance_state state)
{
	in->state = state;
	in->changed(in, in->user);
}

static void fail(struct zs_instance *in, const struct zs_err *err)
{
	in->err = *err;
	/* whatever a host does, its plugin does it */
	if (err->code == ZS_E_PEER) {
		in->err.code = ZS_E_PLUGIN;
		zs_err_hint(&in->err, "the plugin hangs or ends: update it or tell its author");
	}
	if (!*in->err.where)
		zs_err_where(&in->err, "%s", in->conf->name);
	zs_err_prefix(&in->err, "provider %s", in->conf->name);
	become(in, ZS_INSTANCE_FAILED);
}

/* The call failed because the process ends: zs_instance_died() will know why. */
static bool is_dying(const struct zs_chan *chan, const struct zs_err *err)
{
	return err->code == ZS_E_PEER && !zs_chan_open(chan);
}

/* ---- the plugin's file ---- */

static bool try_path(struct zs_buf *dst, const char *dir, const char *sub, const char *name)
{
	zs_buf_clear(dst);
	if (sub)
		zs_buf_addf(dst, "%s/providers/%s/.libs/%s.so", dir, sub, name);
	else
		zs_buf_addf(dst, "%s/%s.so", dir, name);
	return !dst->failed && access(zs_buf_str(dst), F_OK) == 0;
}

int zs_instance_path(const struct zs_conf *conf, const char *plugin, struct zs_buf *dst, struct zs_err *err)
{
	char tree[ZS_PLACE];

	if (*plugin == '/') {
		zs_buf_clear(dst);
		zs_buf_add_str(dst, plugin);
		if (access(plugin, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
			return 0;
		zs_err_set(err, ZS_E_CONFIG, "there is no plugin %s", plugin);
		zs_err_hint(err, "check the path; `zoneseal provider list` shows which plugins there are");
		return -ZS_E_CONFIG;
	}
	if (!zs_id_ok(zs_slice_str(plugin)))
		ZS_FAIL(err, ZS_E_CONFIG, "\"%s\" is neither the name of a provider nor an absolute path", plugin);
	if (conf->defaults.plugin_dir && try_path(dst, conf->defaults.plugin_dir, NULL, plugin))
		return 0;
	if (zs_places_tree(tree) && try_path(dst, tree, plugin, plugin))
		return 0;
	if (try_path(dst, ZS_PROVIDERSDIR, NULL, plugin))
		return 0;
	zs_err_set(err, ZS_E_CONFIG, "there is no provider \"%s\" in %s%s%s", plugin,
		   conf->defaults.plugin_dir ? conf->defaults.plugin_dir : "", conf->defaults.plugin_dir ? ", nor in " : "", ZS_PROVIDERSDIR);
	if (zs_places_tree(tree))
		zs_err_set(err, ZS_E_CONFIG, "%s, nor in %s/providers", err->text, tree);
	zs_err_hint(err, "`zoneseal provider list` shows what there is; a plugin elsewhere is named by its absolute path");
	return -ZS_E_CONFIG;
}

/* ---- programs ---- */

bool zs_instance_is_own_exec(const char *path)
{
	struct zs_buf own = ZS_BUF(4096);
	char tree[ZS_PLACE];
	bool same = (zs_places_tree(tree) && try_path(&own, tree, OWN_EXEC, OWN_EXEC) && !strcmp(path, zs_buf_str(&own))) ||
		    (try_path(&own, ZS_PROVIDERSDIR, NULL, OWN_EXEC) && !strcmp(path, zs_buf_str(&own)));

	zs_buf_done(&own);
	return same;
}

/* Who names zoneseal's own exec, and with it a program, has agreed that it is run. */
static bool may_run_programs(const struct zs_instance *in, const char *path)
{
	return in->conf->allow_programs || (!strcmp(in->conf->plugin, OWN_EXEC) && zs_instance_is_own_exec(path));
}

static int refuse_programs(const struct zs_instance *in, const char *path, struct zs_err *err)
{
	char place[ZS_CONF_PLACE];

	zs_conf_place(in->conf->where, place);
	zs_err_set(err, ZS_E_CONFIG, "%s: the plugin %s wants to run programs, and nothing in [provider %s] allows that", place,
		   in->provider, in->conf->name);
	zs_err_where(err, "%s", path);
	zs_err_hint(err, "if you trust it, write allow-programs = yes in [provider %s], or give -o allow-programs=yes", in->conf->name);
	return -ZS_E_CONFIG;
}

/* ---- options ---- */

/* How a configured key says the value of an option. */
enum source { FROM_NOWHERE, FROM_VALUE, FROM_FILE, FROM_CREDENTIAL, FROM_ENV, FROM_ENV_FILE };

struct setting {
	enum source source;
	const char *text;	/* value, path, credential, variable */
	const struct zs_conf_pair *pair;
};

static bool key_is(const char *key, struct zs_slice name, const char *suffix)
{
	size_t n = strlen(key), m = strlen(suffix);

	return n == name.n + m && !memcmp(key, name.p, name.n) && !strcmp(key + name.n, suffix);
}

static bool ends_in_file(struct zs_slice name)
{
	return zs_slice_ends(name, "-file");
}

static bool pair_sets(const struct zs_conf_pair *pair, const struct zs_msg_option *option, enum source *ret)
{
	if (option->kind != ZS_OPTION_SECRET) {
		*ret = FROM_VALUE;
		return key_is(pair->key, option->name, "");
	}
	*ret = key_is(pair->key, option->name, "-credential") ? FROM_CREDENTIAL : FROM_FILE;
	return *ret == FROM_CREDENTIAL || key_is(pair->key, option->name, "-file") ||
	       (ends_in_file(option->name) && key_is(pair->key, option->name, ""));
}

/* The variable itself, or its twin NAME_FILE; a secret whose content is a file is named by path. */
static bool from_env(const struct zs_msg_option *option, char name[static 128], struct setting *ret)
{
	const char *value;
	bool path = option->kind == ZS_OPTION_SECRET && ends_in_file(option->name);

	if (!option->env.n || !zs_slice_copy(option->env, name, 120))
		return false;
	if ((value = zs_env(name)) && *value) {
		*ret = (struct setting){ path ? FROM_ENV_FILE : FROM_ENV, path ? value : name, NULL };
		return true;
	}
	snprintf(name + strlen(name), 8, "_FILE");
	if (option->kind == ZS_OPTION_SECRET && (value = zs_env(name)) && *value) {
		*ret = (struct setting){ FROM_ENV_FILE, value, NULL };
		return true;
	}
	return false;
}

static struct setting find_setting(const struct zs_instance *in, const struct zs_msg_option *option, char env[static 128])
{
	struct setting found = { FROM_NOWHERE, NULL, NULL };

	for (size_t i = 0; i < in->conf->options.n; i++) {
		const struct zs_conf_pair *pair = &in->conf->options.items[i];
		enum source source;
		if (pair_sets(pair, option, &source))
			return (struct setting){ source, pair->value, pair };
	}
	from_env(option, env, &found);
	return found;
}

static int refuse_key(const struct zs_instance *in, const struct zs_msg_host_description *d, const struct zs_conf_pair *pair,
		      struct zs_err *err)
{
	char place[ZS_CONF_PLACE];

	zs_conf_place(pair->where, place);
	for (uint32_t i = 0; i < d->options.n; i++) {
		if (d->options.items[i].kind == ZS_OPTION_SECRET && key_is(pair->key, d->options.items[i].name, "")) {
			zs_err_set(err, ZS_E_CONFIG, "%s: %s is a secret and never stands in the configuration itself", place,
				   pair->key);
			zs_err_hint(err, "write it to a file with mode 0600 and name that with %s-file", pair->key);
			return -ZS_E_CONFIG;
		}
	}
	zs_err_set(err, ZS_E_CONFIG, "%s: the provider %s has no option \"%s\"", place, in->provider, pair->key);
	zs_err_hint(err, "zoneseal provider info %s lists the options", in->provider);
	return -ZS_E_CONFIG;
}

static int check_keys(const struct zs_instance *in, const struct zs_msg_host_description *d, struct zs_err *err)
{
	for (size_t i = 0; i < in->conf->options.n; i++) {
		const struct zs_conf_pair *pair = &in->conf->options.items[i];
		enum source source;
		bool known = false;
		for (uint32_t j = 0; j < d->options.n && !known; j++)
			known = pair_sets(pair, &d->options.items[j], &source);
		if (!known)
			return refuse_key(in, d, pair, err);
	}
	return 0;
}

static int send_secret(struct zs_instance *in, const struct zs_msg_option *option, const struct setting *setting,
		       struct zs_err *err);

struct open_message {
	struct zs_msg_pair pairs[64];
	uint32_t n;
};

static int missing(const struct zs_instance *in, const struct zs_msg_option *option, struct zs_err *err)
{
	char name[64], env[64];
	bool secret = option->kind == ZS_OPTION_SECRET && !ends_in_file(option->name);

	zs_slice_copy(option->name, name, sizeof(name));
	zs_slice_copy(option->env, env, sizeof(env));
	zs_err_set(err, ZS_E_CONFIG, "option %s is required", name);
	zs_err_hint(err, "give -o %s%s=%s, or set it in [provider %s]%s%s", name, secret ? "-file" : "",
		    option->kind == ZS_OPTION_SECRET ? "PATH" : "VALUE", in->conf->name,
		    *env ? ", or the environment variable " : "", env);
	return -ZS_E_CONFIG;
}

static int collect(struct zs_instance *in, const struct zs_msg_host_description *d, struct open_message *open,
		   struct zs_err *err)
{
	int rc = check_keys(in, d, err);

	for (uint32_t i = 0; i < d->options.n && !rc; i++) {
		const struct zs_msg_option *option = &d->options.items[i];
		char env[128];
		struct setting setting = find_setting(in, option, env);

		if (in->policy && (setting.source == FROM_NOWHERE || option->kind == ZS_OPTION_SECRET))
			continue;
		if (setting.source == FROM_NOWHERE)
			rc = option->required && !option->fallback.n ? missing(in, option, err) : 0;
		else if (option->kind == ZS_OPTION_SECRET)
			rc = send_secret(in, option, &setting, err);
		else if (open->n < ZS_COUNT(open->pairs))
			open->pairs[open->n++] = (struct zs_msg_pair){
				option->name, zs_slice_str(setting.source == FROM_ENV ? zs_env(setting.text) : setting.text),
			};
	}
	return rc;
}

static void on_secret(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_instance *instance = user;

	(void)in;
	(void)final;
	if (err->code && instance->state == ZS_INSTANCE_STARTING && !is_dying(chan, err))
		fail(instance, err);
}

static int send_secret(struct zs_instance *in, const struct zs_msg_option *option, const struct setting *setting,
		       struct zs_err *err)
{
	struct zs_buf value = ZS_BUF_SECRET(ZS_MAX_SECRET);
	struct zs_msg_host_secret msg = { .name = option->name };
	struct zs_secret_ref ref = { ZS_SECRET_FILE, (char *)(uintptr_t)setting->text };
	char what[2 * ZS_MAX_ID + 8], name[ZS_MAX_ID + 1];
	int fd = -1, rc = 0;

	zs_slice_copy(option->name, name, sizeof(name));
	snprintf(what, sizeof(what), "secret %s", name);
	if (setting->source == FROM_ENV) {
		ref.kind = ZS_SECRET_ENV;
		rc = zs_secret_read(&ref, what, &value, err);
		msg.value = zs_buf_slice(&value);
	} else {
		if (setting->source == FROM_CREDENTIAL)
			ref.kind = ZS_SECRET_CREDENTIAL;
		fd = zs_secret_open(&ref, what, err);
		rc = fd < 0 ? fd : 0;
	}
	if (!rc && zs_chan_call(in->process->chan, ZS_MSG_HOST_SECRET, &msg, fd, DESCRIBE_MS, on_secret, in, NULL))
		rc = zs_err_set(err, ZS_E_PEER, "cannot reach the host process");
	if (fd >= 0)
		close(fd);
	zs_buf_done(&value);
	return rc;
}

/* ---- arguments: what the plugin turned out to need ---- */

struct arguments {
	const char *list[ZS_SPAWN_ARGS + 1];
	size_t n;
};

/* The host's switch that opens such a path to the plugin, NULL = none. */
static const char *switch_of(uint32_t kind)
{
	if (kind == ZS_OPTION_FILE)
		return "--read";
	return kind == ZS_OPTION_DIRECTORY ? "--write" : NULL;
}

static void add_files(const struct zs_instance *in, const struct zs_msg_host_description *d, struct arguments *args)
{
	for (uint32_t i = 0; i < d->options.n; i++) {
		const struct zs_msg_option *option = &d->options.items[i];
		char env[128];
		const char *how = switch_of(option->kind);
		struct setting setting = { FROM_NOWHERE, NULL, NULL };

		if (how)
			setting = find_setting(in, option, env);
		if (setting.source == FROM_NOWHERE || args->n + 2 > ZS_SPAWN_ARGS)
			continue;
		args->list[args->n++] = how;
		args->list[args->n++] = setting.source == FROM_ENV ? zs_env(setting.text) : setting.text;
	}
}

static int start_host(struct zs_instance *in, struct zs_super *super, const struct zs_msg_host_description *d, struct zs_err *err)
{
	struct zs_buf path = ZS_BUF(4096);
	struct arguments args = { 0 };
	/* what is only asked for its policy is neither opened nor given the right */
	bool execs = d && d->flags & ZS_PROVIDER_EXECS && !in->policy;
	int rc = zs_instance_path(in->all, in->conf->plugin, &path, err);

	if (!rc && execs && !may_run_programs(in, zs_buf_str(&path)))
		rc = refuse_programs(in, zs_buf_str(&path), err);
	if (!rc) {
		args.list[args.n++] = zs_buf_str(&path);
		if (execs)
			args.list[args.n++] = "--exec";
		if (d && d->flags & ZS_PROVIDER_NO_NETWORK)
			args.list[args.n++] = "--no-network";
		if (d)
			add_files(in, d, &args);
		if (in->process && d)
			rc = args.n > 1 ? zs_super_replace(in->process, args.list, err) : 0;
		else if (in->process)
			rc = zs_super_restart(in->process, args.list, err);
		else if (!(in->process = zs_super_start(super, ZS_ROLE_HOST, in->conf->name, args.list, err)))
			rc = -(int)err->code;
	}
	zs_buf_done(&path);
	return rc ? rc : (int)args.n;
}

/* ---- steps ---- */

static void grant(struct zs_instance *in);

static void on_open(struct zs_chan *chan, const struct zs_incoming *msg, bool final, const struct zs_err *err, void *user)
{
	struct zs_instance *in = user;

	(void)final;
	if (in->state != ZS_INSTANCE_STARTING || is_dying(chan, err))
		return;
	if (!msg) {
		fail(in, err);
		return;
	}
	become(in, ZS_INSTANCE_OPEN);
	if (in->granted)
		grant(in);
}

static void on_policy(struct zs_chan *chan, const struct zs_incoming *msg, bool final, const struct zs_err *err, void *user)
{
	struct zs_instance *in = user;
	const struct zs_msg_host_policy_is *is = msg ? msg->body : NULL;

	(void)final;
	if (in->state != ZS_INSTANCE_STARTING || is_dying(chan, err))
		return;
	if (!is) {
		fail(in, err);
		return;
	}
	zs_buf_add_slice(in->policy, is->text);
	become(in, ZS_INSTANCE_OPEN);
}

static struct zs_msg_zone_names *zone_list(const struct zs_instance *in);

/* Instead of open: what is known without a secret is enough. */
static int ask_policy(struct zs_instance *in, const struct zs_msg_host_description *d, const struct open_message *open,
		      struct zs_err *err)
{
	struct zs_msg_zone_names *list;
	int rc;

	if (!d->has_policy) {
		zs_err_set(err, ZS_E_CONFIG, "the plugin %s has no policy: it cannot say which right its credentials need", in->provider);
		zs_err_hint(err, "`zoneseal provider info %s` shows what it says of permissions", in->provider);
		return -ZS_E_CONFIG;
	}
	list = zone_list(in);
	const struct zs_msg_host_policy msg = {
		.options = { (struct zs_msg_pair *)(uintptr_t)open->pairs, open->n }, .zones = { list, (uint32_t)in->zones.n },
	};
	rc = list ? zs_chan_call(in->process->chan, ZS_MSG_HOST_POLICY, &msg, -1, in->conf->timeout_ms, on_policy, in, NULL)
		  : -ZS_E_NOMEM;
	free(list);
	return rc ? zs_err_set(err, (enum zs_code)-rc, "cannot ask the plugin for its policy") : 0;
}

static void open_instance(struct zs_instance *in, const struct zs_msg_host_description *d)
{
	struct open_message open = { .n = 0 };
	struct zs_err err;
	int rc = collect(in, d, &open, &err);
	const struct zs_msg_host_open msg = { .instance = zs_slice_str(in->conf->name), .options = { open.pairs, open.n } };

	if (!rc && in->policy)
		rc = ask_policy(in, d, &open, &err);
	else if (!rc && zs_chan_call(in->process->chan, ZS_MSG_HOST_OPEN, &msg, -1, in->conf->timeout_ms, on_open, in, NULL))
		rc = zs_err_set(&err, ZS_E_PEER, "cannot reach the host process");
	if (rc)
		fail(in, &err);
}

/* The description came from a host that may lack what the plugin needs: then once more. */
static void on_described(struct zs_chan *chan, const struct zs_incoming *msg, bool final, const struct zs_err *err, void *user)
{
	struct zs_instance *in = user;
	struct zs_err why;

	(void)final;
	if (in->state != ZS_INSTANCE_STARTING || is_dying(chan, err))
		return;
	if (!msg) {
		fail(in, err);
		return;
	}
	const struct zs_msg_host_description *d = msg->body;
	bool again = !*in->provider;
	zs_slice_copy(d->name, in->provider, sizeof(in->provider));
	in->flags = d->flags;
	in->max_changes = d->max_changes;
	in->max_values = d->max_values;
	in->has_live = d->has_live;
	int rc = again ? start_host(in, NULL, d, &why) : 1;
	if (rc < 0)
		fail(in, &why);
	else if (rc > 1)
		describe(in);
	else
		open_instance(in, d);
}

static void describe(struct zs_instance *in)
{
	static const struct zs_msg_empty empty;
	struct zs_err err;

	if (zs_chan_call(in->process->chan, ZS_MSG_HOST_DESCRIBE, &empty, -1, DESCRIBE_MS, on_described, in, NULL)) {
		zs_err_set(&err, ZS_E_PEER, "cannot reach the host process");
		fail(in, &err);
	}
}

int zs_instance_start(struct zs_instance *in, struct zs_super *super, struct zs_err *err)
{
	in->state = ZS_INSTANCE_STARTING;
	int rc = start_host(in, super, NULL, err);
	if (rc < 0)
		return rc;
	describe(in);
	return 0;
}

void zs_instance_died(struct zs_instance *in, const struct zs_err *err)
{
	struct zs_err why;

	if (in->state == ZS_INSTANCE_FAILED)
		return;
	/* before it was open nothing is lost by saying so at once */
	if (in->state == ZS_INSTANCE_STARTING) {
		fail(in, err);
		return;
	}
	zs_warn(NULL, "%s; starting it again", err->text);
	in->state = ZS_INSTANCE_STARTING;
	in->provider[0] = 0;
	if (start_host(in, NULL, NULL, &why) < 0)
		fail(in, err);
	else
		describe(in);
}

/* ---- grant and check ---- */

static struct zs_instance_zone *zone_of(const struct zs_instance *in, const struct zs_name *zone)
{
	for (size_t i = 0; i < in->zones.n; i++)
		if (zs_name_eq(&in->zones.items[i].zone, zone))
			return &in->zones.items[i];
	return NULL;
}

int zs_instance_allow(struct zs_instance *in, const struct zs_name *zone, const struct zs_name *name)
{
	struct zs_instance_zone *z = zone_of(in, zone);

	if (!z) {
		z = zs_vec_push(&in->zones, ZONES_MAX);
		if (!z)
			return -ZS_E_NOMEM;
		z->zone = *zone;
	}
	for (size_t i = 0; i < z->names.n; i++)
		if (zs_name_eq(&z->names.items[i], name))
			return 0;
	struct zs_name *slot = zs_vec_push(&z->names, NAMES_MAX);
	if (!slot)
		return -ZS_E_NOMEM;
	*slot = *name;
	return 0;
}

const struct zs_err *zs_instance_zone_err(const struct zs_instance *in, const struct zs_name *zone)
{
	const struct zs_instance_zone *z = zone_of(in, zone);

	if (in->state == ZS_INSTANCE_FAILED)
		return &in->err;
	return z && z->err.code ? &z->err : NULL;
}

static struct zs_msg_zone_names *zone_list(const struct zs_instance *in)
{
	struct zs_msg_zone_names *list = calloc(in->zones.n + 1, sizeof(*list));

	for (size_t i = 0; list && i < in->zones.n; i++) {
		list[i].zone = in->zones.items[i].zone;
		list[i].names.items = in->zones.items[i].names.items;
		list[i].names.n = (uint32_t)in->zones.items[i].names.n;
	}
	return list;
}

static void on_checked(struct zs_chan *chan, const struct zs_incoming *msg, bool final, const struct zs_err *err, void *user)
{
	struct zs_instance *in = user;
	const struct zs_msg_host_checked *checked = msg ? msg->body : NULL;
	struct zs_err why;

	(void)final;
	if (in->state != ZS_INSTANCE_CHECKING || is_dying(chan, err))
		return;
	if (!msg || checked->results.n != in->zones.n) {
		if (msg)
			zs_err_set(&why, ZS_E_PLUGIN, "the check answered for %u zones of %zu", checked->results.n, in->zones.n);
		fail(in, msg ? &why : err);
		return;
	}
	for (size_t i = 0; i < in->zones.n; i++) {
		in->zones.items[i].err = checked->results.items[i].err;
		if (in->zones.items[i].err.code)
			zs_err_prefix(&in->zones.items[i].err, "provider %s, zone %s", in->conf->name, in->zones.items[i].zone.text);
	}
	become(in, ZS_INSTANCE_READY);
}

static void check(struct zs_instance *in)
{
	struct zs_msg_zone_names *list = zone_list(in);
	const struct zs_msg_host_check msg = { .zones = { list, (uint32_t)in->zones.n } };
	int rc = list ? zs_chan_call(in->process->chan, ZS_MSG_HOST_CHECK, &msg, -1, in->conf->timeout_ms, on_checked, in, NULL)
		      : -ZS_E_NOMEM;
	struct zs_err err;

	free(list);
	if (!rc)
		return;
	zs_err_set(&err, (enum zs_code)-rc, "cannot have the credentials checked");
	fail(in, &err);
}

static void on_granted(struct zs_chan *chan, const struct zs_incoming *msg, bool final, const struct zs_err *err, void *user)
{
	struct zs_instance *in = user;

	(void)final;
	if (in->state != ZS_INSTANCE_GRANTING || is_dying(chan, err))
		return;
	if (!msg) {
		fail(in, err);
	} else if (in->check) {
		become(in, ZS_INSTANCE_CHECKING);
		check(in);
	} else {
		become(in, ZS_INSTANCE_READY);
	}
}

static void grant(struct zs_instance *in)
{
	struct zs_msg_zone_names *list = zone_list(in);
	const struct zs_msg_host_grant msg = { .zones = { list, (uint32_t)in->zones.n } };
	struct zs_err err;

	become(in, ZS_INSTANCE_GRANTING);
	if (!list || zs_chan_call(in->process->chan, ZS_MSG_HOST_GRANT, &msg, -1, DESCRIBE_MS, on_granted, in, NULL)) {
		zs_err_set(&err, list ? ZS_E_PEER : ZS_E_NOMEM, "cannot grant zones to the host");
		fail(in, &err);
	}
	free(list);
}

void zs_instance_grant(struct zs_instance *in)
{
	in->granted = true;
	if (in->state == ZS_INSTANCE_OPEN)
		grant(in);
}

void zs_instance_done(struct zs_instance *in)
{
	for (size_t i = 0; i < in->zones.n; i++)
		zs_vec_done(&in->zones.items[i].names);
	zs_vec_done(&in->zones);
}
