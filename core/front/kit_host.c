/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts of the kit.  Each is a process as in a run, confined and guarded; the
 * kit is its front and, on fd 4, its engine.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/problems.h"
#include "front/kit_state.h"
#include "front/secrets.h"

enum {
	HOSTS_MAX = 32,
	PAIRS_MAX = 256,
	DESCRIBE_MS = 20 * 1000,
	CHECK_MS = 20 * 1000,
	LIVE_MS = 10 * 1000,
	GRANT_MS = 20 * 1000,
	LATE_MS = 2000,			/* after its deadline a call ends by itself */
	LATE_SLACK_MS = 100
};

const char *zs_kit_err_text(const struct zs_err *err, char dst[static 512])
{
	snprintf(dst, 512, "%s: %.400s", zs_code_info((int)err->code)->name, *err->text ? err->text : "no text");
	return dst;
}

/* ---- life ---- */

static struct zs_kit_host *host_new(struct zs_kit *kit)
{
	struct zs_kit_host *host = calloc(1, sizeof(*host)), **slot = host ? zs_vec_push(&kit->hosts, HOSTS_MAX) : NULL;
	struct zs_err err;

	if (!slot) {
		free(host);
		zs_err_set(&err, ZS_E_NOMEM, "no memory for a host");
		zs_kit_broken(kit, &err);
		return NULL;
	}
	*slot = host;
	host->kit = kit;
	host->conf = *kit->spec.provider;
	host->conf.options.items = NULL;
	host->conf.options.n = host->conf.options.cap = 0;
	host->conf.timeout_ms = ZS_KIT_APPLY_MS;
	snprintf(host->name, sizeof(host->name), "%.50s-%u", kit->spec.provider->name, ++kit->nhosts);
	host->conf.name = host->name;
	return host;
}

void zs_kit_host_free(struct zs_kit_host *host)
{
	struct zs_kit *kit = host->kit;

	for (size_t i = 0; i < kit->hosts.n; i++) {
		if (kit->hosts.items[i] != host)
			continue;
		zs_vec_remove(&kit->hosts, i);
		break;
	}
	zs_chan_free(host->work);
	zs_loop_timer_cancel(kit->loop, host->patience);
	if (host->process)
		zs_super_forget(host->process);
	zs_instance_done(&host->instance);
	zs_vec_done(&host->conf.options);
	free(host);
}

/* Its end follows what closed its channels; one that lingers is killed by the supervisor. */
static void wait_for_end(struct zs_kit_host *host)
{
	while (host->process && !host->ended && zs_kit_turn(host->kit))
		;
}

void zs_kit_kill(struct zs_kit_host *host)
{
	host->excused = true;
	if (host->process && !host->ended)
		zs_super_kill(host->process);
	wait_for_end(host);
}

bool zs_kit_close(struct zs_kit_host *host)
{
	struct zs_kit *kit = host->kit;
	int status;

	if (!host->process || host->excused)
		return true;
	if (!host->ended)
		zs_super_close(host->process);
	wait_for_end(host);
	if (!host->ended)
		return false;
	status = host->process->status;
	host->excused = true;
	if ((WIFEXITED(status) && !WEXITSTATUS(status)) || kit->end_failed)
		return true;
	return zs_kit_fail(kit, "the process ends in order when it is told to", "%s", host->end);
}

/* ---- options ---- */

static bool names_option(const char *key, const char *option)
{
	size_t n = strlen(option);

	return !strncmp(key, option, n) && (!key[n] || !strcmp(key + n, "-file") || !strcmp(key + n, "-credential"));
}

static bool is_left_out(const struct zs_kit_variant *variant, const char *key)
{
	return variant->bare || (variant->without && names_option(key, variant->without)) ||
	       (variant->secret && names_option(key, variant->secret));
}

static bool add_pair(struct zs_kit_host *host, const char *key, const char *value)
{
	struct zs_conf_pair *pair = zs_vec_push(&host->conf.options, PAIRS_MAX);

	if (pair)
		*pair = (struct zs_conf_pair){ (char *)(uintptr_t)key, (char *)(uintptr_t)value, { "the kit", 0 } };
	return pair != NULL;
}

/* The key by which a file gives a secret. */
static void key_of_secret(const char *secret, char dst[static 80])
{
	snprintf(dst, 80, "%s%s", secret, zs_slice_ends(zs_slice_str(secret), "-file") ? "" : "-file");
}

static bool fill_options(struct zs_kit_host *host, const struct zs_kit_variant *variant)
{
	struct zs_kit *kit = host->kit;
	bool fine = true;

	for (size_t i = 0; i < kit->pairs.n && fine; i++)
		if (!is_left_out(variant, kit->pairs.items[i].key))
			fine = add_pair(host, kit->pairs.items[i].key, kit->pairs.items[i].value);
	if (fine && variant->secret) {
		key_of_secret(variant->secret, host->key);
		snprintf(host->path, sizeof(host->path), "%s", variant->path);
		fine = add_pair(host, host->key, host->path);
	}
	return fine;
}

/* A secret of the environment is forgotten by whoever reads it; each instance gets it again. */
static void set_environment(const struct zs_kit *kit, const struct zs_kit_variant *variant)
{
	for (size_t i = 0; i < kit->env.n; i++)
		if (!is_left_out(variant, kit->env.items[i].option))
			setenv(kit->env.items[i].variable, zs_buf_str(&kit->env.items[i].value), 1);
}

static void forget_environment(const struct zs_kit *kit)
{
	for (size_t i = 0; i < kit->env.n; i++)
		zs_env_forget(kit->env.items[i].variable);
}

/* ---- start ---- */

static void on_changed(struct zs_instance *instance, void *user)
{
	struct zs_kit_host *host = user;

	host->process = instance->process;
	zs_loop_stop(host->kit->loop, 0);
}

static void open_now(struct zs_kit_host *host)
{
	struct zs_kit *kit = host->kit;
	struct zs_instance *in = &host->instance;

	in->conf = &host->conf;
	in->all = kit->spec.conf;
	in->changed = on_changed;
	in->user = host;
	if (zs_instance_start(in, kit->super, &in->err)) {
		in->state = ZS_INSTANCE_FAILED;
		return;
	}
	host->process = in->process;
	while (in->state < ZS_INSTANCE_OPEN && zs_kit_turn(kit))
		;
	zs_kit_secret_search(&kit->secrets, zs_slice_str(in->err.text), "an error of open");
}

struct zs_kit_host *zs_kit_open(struct zs_kit *kit, const struct zs_kit_variant *variant)
{
	static const struct zs_kit_variant as_configured;
	struct zs_kit_host *host = host_new(kit);

	if (!host)
		return NULL;
	if (!variant)
		variant = &as_configured;
	if (!fill_options(host, variant)) {
		zs_err_set(&host->instance.err, ZS_E_NOMEM, "options");
		host->instance.state = ZS_INSTANCE_FAILED;
		return host;
	}
	set_environment(kit, variant);
	open_now(host);
	forget_environment(kit);
	return host;
}

struct zs_kit_host *zs_kit_host(struct zs_kit *kit, unsigned i)
{
	struct zs_kit_host *host = NULL;
	char text[512];

	if (!zs_kit_good(kit))
		return NULL;
	for (size_t k = 0; k < kit->hosts.n; k++) {
		if (kit->hosts.items[k]->bare || kit->hosts.items[k]->excused)
			continue;
		if (!i--)
			return kit->hosts.items[k];
	}
	host = zs_kit_open(kit, NULL);
	if (!host || kit->fatal.code)
		return NULL;
	if (host->instance.state == ZS_INSTANCE_OPEN)
		return host;
	zs_kit_fail(kit, "an instance opens with the options that are given", "%s", zs_kit_err_text(&host->instance.err, text));
	return NULL;
}

struct zs_kit_host *zs_kit_load(struct zs_kit *kit, struct zs_err *err)
{
	static const struct zs_msg_empty empty;
	struct zs_buf path = ZS_BUF(4096);
	struct zs_kit_host *host = host_new(kit);
	struct zs_err local;

	if (!host)
		return NULL;
	if (!err)
		err = &local;
	host->bare = true;
	zs_err_clear(err);
	if (!zs_instance_path(kit->spec.conf, kit->spec.provider->plugin, &path, err)) {
		const char *args[] = { zs_buf_str(&path), NULL };
		host->process = zs_super_start(kit->super, ZS_ROLE_HOST, host->name, args, err);
	}
	zs_buf_done(&path);
	if (host->process) {
		struct zs_kit_call call = { .host = host };
		zs_kit_ask(&call, false, ZS_MSG_HOST_DESCRIBE, &empty, DESCRIBE_MS);
		(void)zs_kit_answer(&call);
		*err = call.err;
	}
	if (!err->code)
		return host;
	host->excused = true;
	if (err == &local)
		zs_kit_fail(kit, "the plugin loads", "%s", err->text);
	return NULL;
}

/* ---- requests ---- */

static void on_reply(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct zs_kit_call *call = user;

	(void)chan;
	if (!final)
		return;
	call->err = *err;
	if (in && call->take)
		call->take(in->body, call->user);
	call->done = true;
	zs_loop_stop(call->host->kit->loop, 0);
}

void zs_kit_ask(struct zs_kit_call *call, bool work, uint32_t type, const void *body, uint64_t timeout_ms)
{
	struct zs_kit_host *host = call->host;
	struct zs_chan *chan = work ? host->work : host->process ? host->process->chan : NULL;
	int rc = chan ? zs_chan_call(chan, type, body, -1, timeout_ms, on_reply, call, &call->id) : -ZS_E_PEER;

	call->late_ms = zs_kit_now(host->kit) + timeout_ms + LATE_MS;
	call->done = rc != 0;
	if (rc)
		zs_err_set(&call->err, (enum zs_code)-rc, "cannot ask the host");
}

static void search_err(struct zs_kit *kit, const struct zs_err *err)
{
	zs_kit_secret_search(&kit->secrets, zs_slice_str(err->text), "the text of a result");
	zs_kit_secret_search(&kit->secrets, zs_slice_str(err->hint), "the hint of a result");
	zs_kit_secret_search(&kit->secrets, zs_slice_str(err->where), "the place of a result");
}

/* No answer: the process has ended, or is late and ends now. */
static void explain(struct zs_kit_call *call)
{
	struct zs_kit_host *host = call->host;
	bool late = zs_kit_now(host->kit) + LATE_SLACK_MS >= call->late_ms;

	if (late && !host->ended && host->process)
		zs_super_kill(host->process);
	wait_for_end(host);
	zs_err_set(&call->err, ZS_E_PLUGIN, "%s", late ? "the plugin did not come back within 2 s of its deadline"
						      : host->ended ? host->end : "the process cannot be reached");
}

bool zs_kit_answer(struct zs_kit_call *call)
{
	if (!zs_kit_wait(call->host->kit, &call->done)) {
		if (!call->err.code)
			zs_err_set(&call->err, ZS_E_CANCELLED, "the kit has ended");
		return false;
	}
	if (call->err.code == ZS_E_PEER)
		explain(call);
	search_err(call->host->kit, &call->err);
	return !call->err.code;
}

/* ---- grant ---- */

/* Spots of one zone side by side, in pieces where they are not. */
static bool grant(struct zs_kit_host *host)
{
	struct zs_kit *kit = host->kit;
	struct zs_msg_zone_names *zones = calloc(kit->nspots + 1, sizeof(*zones));
	struct zs_msg_host_grant msg = { .zones = { zones, (uint32_t)kit->nspots } };
	struct zs_kit_call call = { .host = host };
	char text[512];

	if (host->granted == kit->nspots || !zones) {
		free(zones);
		return zones != NULL;
	}
	for (size_t i = 0; i < kit->nspots; i++) {
		zones[i].zone = kit->spots[i].zone;
		zones[i].names.items = &kit->spots[i].name;
		zones[i].names.n = 1;
	}
	zs_kit_ask(&call, false, ZS_MSG_HOST_GRANT, &msg, GRANT_MS);
	free(zones);
	if (!zs_kit_answer(&call))
		return zs_kit_fail(kit, "the host can be granted names", "%s", zs_kit_err_text(&call.err, text));
	host->granted = kit->nspots;
	return true;
}

/* ---- apply ---- */

static void take_applied(const void *body, void *user)
{
	const struct zs_msg_host_applied *applied = body;
	struct zs_kit_batch *batch = user;

	if (applied->results.n != batch->n) {
		zs_err_set(&batch->call.err, ZS_E_PLUGIN, "%u results for %u changes", applied->results.n, batch->n);
		return;
	}
	for (uint32_t i = 0; i < batch->n; i++)
		batch->changes[i].err = applied->results.items[i].err;
	batch->ticket_len = applied->ticket.n <= sizeof(batch->ticket) ? applied->ticket.n : 0;
	if (batch->ticket_len)
		memcpy(batch->ticket, applied->ticket.p, batch->ticket_len);
}

static void fill_change(const struct zs_kit_change *from, struct zs_msg_change *to)
{
	*to = (struct zs_msg_change){
		.op = from->op, .name = from->spot->name, .value = zs_kit_value(from->value), .ttl = from->ttl,
		.identifier = from->spot->identifier,
	};
	zs_kit_value_context(from->value, &to->token, &to->key_authorization);
}

bool zs_kit_begin(struct zs_kit_batch *batch)
{
	struct zs_msg_change *changes = calloc(batch->n, sizeof(*changes));
	struct zs_msg_host_apply msg = { .zone = batch->changes[0].spot->zone, .changes = { changes, batch->n } };

	batch->call = (struct zs_kit_call){ .host = batch->host, .take = take_applied, .user = batch };
	if (!changes || !grant(batch->host)) {
		free(changes);
		batch->call.done = true;
		zs_err_set(&batch->call.err, ZS_E_PLUGIN, "the names could not be granted");
		return false;
	}
	for (uint32_t i = 0; i < batch->n; i++)
		fill_change(&batch->changes[i], &changes[i]);
	zs_kit_ask(&batch->call, true, ZS_MSG_HOST_APPLY, &msg, batch->timeout_ms);
	free(changes);
	return true;
}

/* What a service that keeps few values may have pushed out. */
static void note_pushed_out(const struct zs_kit *kit, struct zs_kit_spot *spot, uint32_t newest)
{
	uint32_t there = spot->ours | spot->foreign;

	if (!kit->plugin.max_values || (uint32_t)__builtin_popcount(there) <= kit->plugin.max_values)
		return;
	spot->maybe |= there & ~newest;
	spot->ours = newest;
	spot->foreign = 0;
}

/* What should be at the spot now, as far as the plugin's words are good. */
static void note_change(const struct zs_kit *kit, const struct zs_kit_change *change)
{
	struct zs_kit_spot *spot = change->spot;
	uint32_t bit = 1u << change->value;
	bool add = change->op == ZS_CHANGE_ADD, was = (spot->ours | spot->maybe) & bit;

	if (change->err.code) {
		if (add ? !(spot->ours & bit) : was)
			spot->maybe |= bit;
		if (!add)
			spot->ours &= ~bit;
		return;
	}
	spot->ours = add ? spot->ours | bit : spot->ours & ~bit;
	spot->maybe &= ~bit;
	if (!add)
		spot->foreign &= ~bit;
	if (!add && was && kit->plugin.flags & ZS_PROVIDER_NO_REMOVE)
		spot->maybe |= bit;
	if (add)
		note_pushed_out(kit, spot, bit);
}

void zs_kit_end(struct zs_kit_batch *batch)
{
	bool answered = zs_kit_answer(&batch->call);

	for (uint32_t i = 0; i < batch->n; i++) {
		if (!answered)
			batch->changes[i].err = batch->call.err;
		search_err(batch->host->kit, &batch->changes[i].err);
		note_change(batch->host->kit, &batch->changes[i]);
	}
	zs_kit_secret_search(&batch->host->kit->secrets, zs_slice_of(batch->ticket, batch->ticket_len), "a ticket");
}

bool zs_kit_apply(struct zs_kit_host *host, struct zs_kit_change *changes, uint32_t n)
{
	uint32_t most = host->kit->plugin.max_changes ? host->kit->plugin.max_changes : 1;

	for (uint32_t i = 0; i < n && !host->kit->fatal.code; i += most) {
		struct zs_kit_batch batch = {
			.host = host, .changes = changes + i, .n = n - i < most ? n - i : most, .timeout_ms = ZS_KIT_APPLY_MS,
		};
		(void)zs_kit_begin(&batch);
		zs_kit_end(&batch);
	}
	return !host->kit->fatal.code;
}

/* ---- check, live, usage ---- */

struct tested { struct zs_kit_zone *zones; uint32_t n; bool fits; };

static void take_checked(const void *body, void *user)
{
	const struct zs_msg_host_checked *checked = body;
	struct tested *tested = user;

	tested->fits = checked->results.n == tested->n;
	for (uint32_t i = 0; tested->fits && i < tested->n; i++)
		tested->zones[i].err = checked->results.items[i].err;
}

bool zs_kit_test(struct zs_kit_host *host, struct zs_kit_zone *zones, uint32_t n)
{
	struct zs_msg_zone_names *list = calloc(n, sizeof(*list));
	struct tested tested = { zones, n, false };
	struct zs_msg_host_check msg = { .zones = { list, n } };
	struct zs_kit_call call = { .host = host, .take = take_checked, .user = &tested };
	char text[512];

	for (uint32_t i = 0; list && i < n; i++) {
		list[i].zone = zones[i].zone;
		list[i].names.items = &zones[i].name;
		list[i].names.n = 1;
	}
	if (list)
		zs_kit_ask(&call, false, ZS_MSG_HOST_CHECK, &msg, CHECK_MS);
	free(list);
	if (!list || !zs_kit_answer(&call))
		return zs_kit_fail(host->kit, "check answers", "%s", zs_kit_err_text(&call.err, text));
	for (uint32_t i = 0; i < n; i++)
		search_err(host->kit, &zones[i].err);
	return tested.fits || zs_kit_fail(host->kit, "check answers for each zone", "another number of results");
}

static void take_live(const void *body, void *user)
{
	*(bool *)user = ((const struct zs_msg_host_live_is *)body)->live;
}

int zs_kit_live(struct zs_kit_host *host, const struct zs_kit_batch *of, struct zs_err *err)
{
	bool live = false;
	struct zs_msg_host_live msg = { .zone = of->changes[0].spot->zone, .ticket = zs_slice_of(of->ticket, of->ticket_len) };
	struct zs_kit_call call = { .host = host, .take = take_live, .user = &live };

	if (!grant(host)) {
		zs_err_set(err, ZS_E_PLUGIN, "the names could not be granted");
		return -1;
	}
	zs_kit_ask(&call, true, ZS_MSG_HOST_LIVE, &msg, LIVE_MS);
	if (zs_kit_answer(&call))
		return live;
	*err = call.err;
	return -1;
}

static void take_usage(const void *body, void *user)
{
	*(struct zs_msg_host_usage_is *)user = *(const struct zs_msg_host_usage_is *)body;
}

bool zs_kit_usage(struct zs_kit_host *host, struct zs_msg_host_usage_is *ret)
{
	static const struct zs_msg_empty empty;
	struct zs_kit_call call = { .host = host, .take = take_usage, .user = ret };
	char text[512];

	zs_kit_ask(&call, false, ZS_MSG_HOST_USAGE, &empty, ZS_KIT_APPLY_MS);
	return zs_kit_answer(&call) || zs_kit_fail(host->kit, NULL, "%s", zs_kit_err_text(&call.err, text));
}
