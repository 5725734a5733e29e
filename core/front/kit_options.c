/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/kit_options.h.
 */
#include "front/kit_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "front/secrets.h"

enum { PAIRS_MAX = 128, ENV_MAX = 64, TEXT_OCTETS = 64 * 1024, SNAPSHOT = 4 * 1024 * 1024, SLACK_MS = 1000, PAUSE_MS = 20 };

/* ---- pairs ---- */

static bool ends_in_file(const char *name)
{
	return zs_slice_ends(zs_slice_str(name), "-file");
}

/* "NAME", or the keys by which a secret is given. */
static bool sets(const char *key, const char *option, bool secret)
{
	size_t n = strlen(option);

	if (strncmp(key, option, n) != 0)
		return false;
	if (!key[n])
		return !secret || ends_in_file(option);
	return secret && (!strcmp(key + n, "-file") || !strcmp(key + n, "-credential"));
}

static const struct zs_conf_pair *find_pair(const struct zs_kit *kit, const char *option, bool secret)
{
	for (size_t i = 0; i < kit->pairs.n; i++)
		if (sets(kit->pairs.items[i].key, option, secret))
			return &kit->pairs.items[i];
	return NULL;
}

static int add_pair(struct zs_kit *kit, const char *key, const char *value, struct zs_err *err)
{
	struct zs_conf_pair *pair = zs_vec_push(&kit->pairs, PAIRS_MAX);

	if (pair) {
		pair->key = strdup(key);
		pair->value = strdup(value);
	}
	if (pair && pair->key && pair->value)
		return 0;
	ZS_FAIL(err, ZS_E_NOMEM, "no memory for options");
}

static int add_configured(struct zs_kit *kit, struct zs_err *err)
{
	const struct zs_conf_provider *provider = kit->spec.provider;
	int rc = 0;

	for (size_t i = 0; i < provider->options.n && !rc; i++)
		rc = add_pair(kit, provider->options.items[i].key, provider->options.items[i].value, err);
	return rc;
}

/* ---- the simulation ---- */

static int take_option(struct zs_kit *kit, const char *name, const char *value, struct zs_err *err)
{
	return find_pair(kit, name, false) ? 0 : add_pair(kit, name, value, err);
}

static int take_secret(struct zs_kit *kit, const char *name, const char *path, struct zs_err *err)
{
	char key[80];

	if (*path != '/')
		return -ZS_E_USAGE;
	snprintf(key, sizeof(key), "%s%s", name, ends_in_file(name) ? "" : "-file");
	return find_pair(kit, name, true) ? 0 : add_pair(kit, key, path, err);
}

static const char *const limit_names[] = {
	[ZS_KIT_LIMIT_LAG] = "lag", [ZS_KIT_LIMIT_VALUES] = "values", [ZS_KIT_LIMIT_ZONES] = "zones",
	[ZS_KIT_LIMIT_DERIVED] = "derived", [ZS_KIT_LIMIT_REASONS] = "reasons",
};
_Static_assert(ZS_COUNT(limit_names) == ZS_KIT_LIMIT__COUNT, "one name for each limit");

enum zs_kit_limit zs_kit_limit(const char *name)
{
	size_t i = 0;

	while (i < ZS_KIT_LIMIT__COUNT && strcmp(limit_names[i], name) != 0)
		i++;
	return (enum zs_kit_limit)i;
}

/* A limit that is not known may be one of a later kit: it is left alone. */
static int take_limit(struct zs_kit *kit, const char *name, const char *value, struct zs_err *err)
{
	enum zs_kit_limit limit = zs_kit_limit(name);
	uint64_t number;

	(void)err;
	if (!zs_slice_u64(zs_slice_str(value), ZS_KIT_LIMIT_MAX, &number))
		return -ZS_E_USAGE;
	if (limit < ZS_KIT_LIMIT__COUNT && kit->spec.limits[limit] < 0)
		kit->limits[limit] = number;
	return 0;
}

static void set_limits(struct zs_kit *kit)
{
	kit->limits[ZS_KIT_LIMIT_ZONES] = kit->limits[ZS_KIT_LIMIT_REASONS] = 1;
	for (size_t i = 0; i < ZS_KIT_LIMIT__COUNT; i++)
		if (kit->spec.limits[i] >= 0)
			kit->limits[i] = (uint64_t)kit->spec.limits[i];
}

/* One that is too short to be looked for would be a promise that nobody keeps. */
static int take_canary(struct zs_kit *kit, const char *text, const char *none, struct zs_err *err)
{
	struct zs_slice canary = zs_slice_str(text);

	if (*none || zs_slice_trim(canary).n < ZS_KIT_SECRET_SHORTEST)
		return -ZS_E_USAGE;
	kit->canaries = true;
	if (!zs_kit_secret_add(&kit->secrets, "that the service hands out (canary)", canary, ZS_SLICE_NONE))
		ZS_FAIL(err, ZS_E_NOMEM, "no memory to look for secrets");
	return 0;
}

static int take_name(struct zs_kit *kit, const char *name, const char *value, struct zs_err *err)
{
	struct zs_name parsed;

	(void)err;
	if (*value || kit->nfixed == ZS_KIT_FIXED || !zs_name_parse(zs_slice_str(name), ZS_NAME_OWNER, &parsed, NULL) ||
	    !zs_name_is_in(&parsed, &kit->spec.zone))
		return -ZS_E_USAGE;
	kit->fixed[kit->nfixed++] = parsed;
	return 0;
}

static const struct {
	const char *word;
	int (*take)(struct zs_kit *kit, const char *name, const char *value, struct zs_err *err);
} hellos[] = {
	{ "option", take_option }, { "secret", take_secret }, { "limit", take_limit }, { "name", take_name },
	{ "canary", take_canary },
};

static int on_hello(const char *word, struct zs_slice name, struct zs_slice value, void *user, struct zs_err *err)
{
	char *name_text = zs_slice_dup(name), *value_text = zs_slice_dup(value);
	int rc = -ZS_E_USAGE;

	for (size_t i = 0; i < ZS_COUNT(hellos) && name.n && name_text && value_text; i++)
		if (!strcmp(hellos[i].word, word))
			rc = hellos[i].take(user, name_text, value_text, err);
	free(name_text);
	free(value_text);
	return rc;
}

static int lies(struct zs_kit *kit, const char *what, struct zs_err *err)
{
	zs_err_set(err, ZS_E_PROVIDER, "the simulation %s", what);
	zs_err_where(err, "%s", kit->spec.simulation);
	zs_err_hint(err, "correct the simulation: what it shows is what the plugin is judged by");
	return -ZS_E_PROVIDER;
}

/* Waits as long as a change may take to be seen. */
static bool shows(struct zs_kit *kit, const struct zs_kit_spot *spot, uint32_t values)
{
	uint64_t lag_ms = kit->limits[ZS_KIT_LIMIT_LAG], end = zs_kit_now(kit) + (lag_ms ? lag_ms + SLACK_MS : 0);

	while (zs_kit_look(kit)) {
		if (spot->seen == values && !spot->unknown && !spot->twice)
			return true;
		if (zs_kit_now(kit) >= end || !zs_kit_sleep(kit, PAUSE_MS))
			return false;
	}
	return false;
}

/* What is wrong with it, in words; NULL = nothing, or the kit cannot go on. */
static const char *try_simulation(struct zs_kit *kit, struct zs_kit_spot *spot, struct zs_buf *before, struct zs_buf *after)
{
	unsigned count;

	if (!zs_kit_snapshot(kit, before) || !zs_kit_foreign(kit, spot, ZS_KIT_FOREIGN, true))
		return NULL;
	if (!shows(kit, spot, 1u << ZS_KIT_FOREIGN))
		return "says ok to `add`, but its `records` do not show the value, once";
	if (!zs_kit_foreign(kit, spot, ZS_KIT_FOREIGN, false))
		return NULL;
	if (!shows(kit, spot, 0))
		return "says ok to `remove`, but its `records` still show the value";
	if (!zs_kit_snapshot(kit, after))
		return NULL;
	if (!zs_slice_eq(zs_buf_slice(before), zs_buf_slice(after)))
		return "has other records after `add` and `remove` than before";
	return !zs_kit_requests(kit, &count) || !zs_kit_reset(kit) ? "cannot count its requests" : NULL;
}

/* Before the plugin is judged by it: does it do what it says? */
static int prove(struct zs_kit *kit, struct zs_err *err)
{
	struct zs_buf before = ZS_BUF(SNAPSHOT), after = ZS_BUF(SNAPSHOT);
	struct zs_kit_spot *spot = zs_kit_spot(kit, 0);
	const char *wrong = spot ? try_simulation(kit, spot, &before, &after) : NULL;

	zs_buf_done(&before);
	zs_buf_done(&after);
	zs_kit_forget_spots(kit);
	if (kit->fatal.code) {
		*err = kit->fatal;
		return -(int)err->code;
	}
	if (!spot)
		ZS_FAIL(err, ZS_E_USAGE, "%s", kit->now.reason);
	return wrong ? lies(kit, wrong, err) : 0;
}

static int start_simulation(struct zs_kit *kit, struct zs_err *err)
{
	kit->sim = zs_kit_sim_start(&(struct zs_kit_sim_spec){
		.loop = kit->loop, .path = kit->spec.simulation, .conformance = kit->spec.conformance, .zone = kit->spec.zone.text,
		.arguments = kit->spec.arguments, .narguments = kit->spec.narguments, .verbose = kit->spec.shown >= ZS_LOG_INFO,
	}, on_hello, kit, err);
	return kit->sim ? prove(kit, err) : -(int)err->code;
}

/* ---- the environment ---- */

static int add_env_secret(struct zs_kit *kit, const char *option, const char *variable, const char *value, struct zs_err *err)
{
	struct zs_kit_env *env = zs_vec_push(&kit->env, ENV_MAX);

	if (env) {
		env->option = strdup(option);
		env->variable = strdup(variable);
		env->value = (struct zs_buf)ZS_BUF_SECRET(ZS_MAX_SECRET);
		zs_buf_add_str(&env->value, value);
	}
	if (env && env->option && env->variable && !env->value.failed)
		return 0;
	ZS_FAIL(err, ZS_E_NOMEM, "no memory for secrets");
}

/* As an instance would take it (front/instance.c), but once for all instances. */
static int take_env(struct zs_kit *kit, const struct zs_msg_option *option, struct zs_err *err)
{
	bool secret = option->kind == ZS_OPTION_SECRET;
	char name[64], variable[80], twin[96], key[80];
	const char *value;
	int rc = 0;

	if (!option->env.n || !zs_slice_copy(option->env, variable, sizeof(variable)) || !zs_slice_copy(option->name, name, sizeof(name)))
		return 0;
	snprintf(twin, sizeof(twin), "%s_FILE", variable);
	snprintf(key, sizeof(key), "%s%s", name, secret && !ends_in_file(name) ? "-file" : "");
	/* with a simulation, what belongs to the real service must not be used */
	if (kit->sim || find_pair(kit, name, secret))
		value = NULL;
	else if ((value = zs_env(variable)) && *value && secret && !ends_in_file(name))
		rc = add_env_secret(kit, name, variable, value, err);
	else if (value && *value)
		rc = add_pair(kit, key, value, err);
	else if (secret && (value = zs_env(twin)) && *value)
		rc = add_pair(kit, key, value, err);
	zs_env_forget(variable);
	if (secret)
		zs_env_forget(twin);
	return rc;
}

/* ---- secrets ---- */

static void collect_public(const struct zs_kit *kit, struct zs_buf *dst)
{
	zs_buf_addf(dst, "%s ", kit->spec.zone.text);
	for (size_t i = 0; i < kit->nfixed; i++)
		zs_buf_addf(dst, "%s ", kit->fixed[i].text);
	for (size_t i = 0; i < kit->pairs.n; i++)
		zs_buf_addf(dst, "%s ", kit->pairs.items[i].value);
}

/* What cannot be read is the opening's error, not ours. */
static bool read_secret(struct zs_kit *kit, const char *option, const struct zs_buf *known)
{
	const struct zs_conf_pair *pair = find_pair(kit, option, true);
	bool credential = pair && zs_slice_ends(zs_slice_str(pair->key), "-credential");
	const struct zs_secret_ref ref = { credential ? ZS_SECRET_CREDENTIAL : ZS_SECRET_FILE, pair ? pair->value : NULL };
	struct zs_buf content = ZS_BUF_SECRET(ZS_MAX_SECRET);
	bool fine = true;

	if (pair && !zs_secret_read(&ref, option, &content, NULL))
		fine = zs_kit_secret_add(&kit->secrets, option, zs_buf_slice(&content), zs_buf_slice(known));
	zs_buf_done(&content);
	for (size_t i = 0; i < kit->env.n && fine; i++)
		if (!strcmp(kit->env.items[i].option, option))
			fine = zs_kit_secret_add(&kit->secrets, option, zs_buf_slice(&kit->env.items[i].value), zs_buf_slice(known));
	return fine;
}

static int read_secrets(struct zs_kit *kit, struct zs_err *err)
{
	struct zs_buf known = ZS_BUF(TEXT_OCTETS);
	char name[64];
	bool fine = true;

	collect_public(kit, &known);
	for (uint32_t i = 0; i < kit->plugin.options.n && fine; i++) {
		const struct zs_msg_option *option = &kit->plugin.options.items[i];
		if (option->kind == ZS_OPTION_SECRET && zs_slice_copy(option->name, name, sizeof(name)))
			fine = read_secret(kit, name, &known);
	}
	zs_buf_done(&known);
	return fine ? 0 : zs_err_set(err, ZS_E_NOMEM, "no memory to look for secrets");
}

const char *zs_kit_secret_option(const struct zs_kit *kit, size_t i)
{
	static char name[64];

	for (uint32_t k = 0; k < kit->plugin.options.n; k++) {
		const struct zs_msg_option *option = &kit->plugin.options.items[k];
		bool set = option->kind == ZS_OPTION_SECRET && zs_slice_copy(option->name, name, sizeof(name)) &&
			   find_pair(kit, name, true);
		for (size_t e = 0; e < kit->env.n && !set; e++)
			set = zs_slice_eq_str(option->name, kit->env.items[e].option);
		if (set && !i--)
			return zs_slice_copy(option->name, name, sizeof(name)) ? name : NULL;
	}
	return NULL;
}

bool zs_kit_has_secret(const struct zs_kit *kit)
{
	return zs_kit_secret_option(kit, 0) != NULL;
}

bool zs_kit_wrong_secret(struct zs_kit *kit, struct zs_slice content, char dst[static 160])
{
	const char *tmp = zs_env("TMPDIR");
	struct zs_err err;
	int dir = -1, rc = -1;

	if (!*kit->temporary) {
		snprintf(kit->temporary, sizeof(kit->temporary), "%.40s/zoneseal-kit-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
		if (!mkdtemp(kit->temporary)) {
			zs_err_sys(&err, ZS_OK, errno, "cannot make the directory %s", kit->temporary);
			kit->temporary[0] = 0;
			return zs_kit_broken(kit, &err);
		}
	}
	dir = zs_fs_open_dir(AT_FDCWD, kit->temporary, &err);
	if (dir >= 0) {
		rc = zs_fs_write_atomic(dir, "secret", content, 0600, (gid_t)-1, &err);
		close(dir);
	}
	snprintf(dst, 160, "%s/secret", kit->temporary);
	return !rc || zs_kit_broken(kit, &err);
}

static void remove_temporary(const struct zs_kit *kit)
{
	char path[160];

	if (!*kit->temporary)
		return;
	snprintf(path, sizeof(path), "%s/secret", kit->temporary);
	(void)unlink(path);
	(void)rmdir(kit->temporary);
}

/* ---- all ---- */

bool zs_kit_options(struct zs_kit *kit, struct zs_err *err)
{
	int rc = add_configured(kit, err);

	set_limits(kit);
	if (!rc && kit->spec.mode == ZS_KIT_OFFLINE)
		rc = start_simulation(kit, err);
	for (uint32_t i = 0; i < kit->plugin.options.n && !rc; i++)
		rc = take_env(kit, &kit->plugin.options.items[i], err);
	if (!rc)
		rc = read_secrets(kit, err);
	return !rc;
}

void zs_kit_options_done(struct zs_kit *kit)
{
	remove_temporary(kit);
	for (size_t i = 0; i < kit->pairs.n; i++) {
		free(kit->pairs.items[i].key);
		free(kit->pairs.items[i].value);
	}
	zs_vec_done(&kit->pairs);
	for (size_t i = 0; i < kit->env.n; i++) {
		free(kit->env.items[i].option);
		free(kit->env.items[i].variable);
		zs_buf_done(&kit->env.items[i].value);
	}
	zs_vec_done(&kit->env);
}
