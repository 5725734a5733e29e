/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/kit.h: the order of things.  One check after another, each with hosts,
 * names and a service of its own; what a check leaves behind is its failure.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "front/kit_options.h"
#include "front/kit_state.h"

enum { DYING_MS = 1000, WHERE_OCTETS = 160, DESCRIPTION_OCTETS = 512 * 1024 };

static const char *const mode_names[] = { [ZS_KIT_LIVE] = "live", [ZS_KIT_OFFLINE] = "offline", [ZS_KIT_BLIND] = "blind" };
_Static_assert(ZS_COUNT(mode_names) == ZS_KIT_MODE__COUNT, "one name for each mode");
static const char *const state_names[] = { [ZS_KIT_PASSED] = "passed", [ZS_KIT_FAILED] = "failed", [ZS_KIT_SKIPPED] = "skipped" };
_Static_assert(ZS_COUNT(state_names) == ZS_KIT_STATE__COUNT, "one name for each state");

const char *zs_kit_mode_name(enum zs_kit_mode mode)
{
	return mode_names[mode];
}

const char *zs_kit_state_name(enum zs_kit_state state)
{
	return state_names[state];
}

/* ---- what checks say ---- */

bool zs_kit_good(const struct zs_kit *kit)
{
	return kit->now.state == ZS_KIT_PASSED && !kit->fatal.code;
}

bool zs_kit_fail(struct zs_kit *kit, const char *expected, const char *fmt, ...)
{
	va_list ap;

	if (!zs_kit_good(kit))
		return false;
	kit->now.state = ZS_KIT_FAILED;
	snprintf(kit->now.expected, sizeof(kit->now.expected), "%s", expected ? expected : kit->now.check->proves);
	va_start(ap, fmt);
	vsnprintf(kit->now.seen, sizeof(kit->now.seen), fmt, ap);
	va_end(ap);
	return false;
}

bool zs_kit_skip(struct zs_kit *kit, const char *fmt, ...)
{
	va_list ap;

	if (!zs_kit_good(kit))
		return false;
	kit->now.state = ZS_KIT_SKIPPED;
	va_start(ap, fmt);
	vsnprintf(kit->now.reason, sizeof(kit->now.reason), fmt, ap);
	va_end(ap);
	return false;
}

bool zs_kit_broken(struct zs_kit *kit, const struct zs_err *err)
{
	if (!kit->fatal.code)
		kit->fatal = *err;
	return false;
}

/* ---- time ---- */

uint64_t zs_kit_now(const struct zs_kit *kit)
{
	struct zs_clock *clock = zs_loop_clock(kit->loop);

	return clock->mono_ms(clock);
}

bool zs_kit_turn(struct zs_kit *kit)
{
	struct zs_err err;
	int rc = kit->fatal.code ? 0 : zs_loop_run(kit->loop);

	if (rc < 0) {
		zs_err_set(&err, (enum zs_code)-rc, "the kit cannot wait");
		zs_kit_broken(kit, &err);
	}
	return !kit->fatal.code;
}

bool zs_kit_wait(struct zs_kit *kit, const bool *done)
{
	while (!*done && zs_kit_turn(kit))
		;
	return *done;
}

struct nap { struct zs_kit *kit; bool over; };

static void on_awake(void *user)
{
	struct nap *nap = user;

	nap->over = true;
	zs_loop_stop(nap->kit->loop, 0);
}

bool zs_kit_sleep(struct zs_kit *kit, uint64_t ms)
{
	struct nap nap = { kit, false };
	struct zs_timer *timer = zs_loop_timer(kit->loop, ms, on_awake, &nap);
	bool fine = timer && zs_kit_wait(kit, &nap.over);

	if (timer && !nap.over)
		zs_loop_timer_cancel(kit->loop, timer);
	return fine;
}

/* ---- what plugins say ---- */

static const char *check_name(const struct zs_kit *kit)
{
	return kit->now.check ? kit->now.check->name : "none";
}

/* A host that ends a plugin says so there, and one that has lost its front writes its log lines to
 * standard error, stamp and all. */
static bool is_of_host(const char *text)
{
	if (!strncmp(text, "zoneseal-host: ", 15))
		return true;
	return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]) && text[4] == '-' && strstr(text, " host ");
}

static void on_line(const struct zs_log_line *line, void *user)
{
	struct zs_kit *kit = user;
	char where[WHERE_OCTETS];
	bool printed = !strcmp(line->role, "plugin");

	if (line->level <= kit->spec.shown)
		zs_log_print(line);
	snprintf(where, sizeof(where), "%s (check %s)", printed ? "its standard output or error" : "a log line", check_name(kit));
	if (printed)
		zs_kit_secret_stream(&kit->secrets, zs_slice_str(line->text), where);
	else if (!strcmp(line->role, "host"))
		zs_kit_secret_search(&kit->secrets, zs_slice_str(line->text), where);
	if (printed && !is_of_host(line->text) && !*kit->printed)
		snprintf(kit->printed, sizeof(kit->printed), "%.100s (check %s)", line->text, check_name(kit));
	kit->warnings += !printed && !strcmp(line->role, "host") && line->level == ZS_LOG_WARN;
	const char *broke = strstr(line->text, "plugin broke its contract");
	if (broke && !*kit->contract)
		snprintf(kit->contract, sizeof(kit->contract), "%s", broke);
}

/* ---- processes ---- */

static struct zs_kit_host *host_of(const struct zs_kit *kit, const struct zs_process *process)
{
	for (size_t i = 0; i < kit->hosts.n; i++)
		if (!strcmp(kit->hosts.items[i]->name, process->instance))
			return kit->hosts.items[i];
	return NULL;
}

static void on_message(struct zs_process *process, struct zs_incoming *in, void *user)
{
	(void)process;
	(void)in;
	(void)user;
}

static void on_died(struct zs_process *process, const struct zs_err *err, void *user)
{
	struct zs_kit *kit = user;
	struct zs_kit_host *host = host_of(kit, process);

	zs_loop_stop(kit->loop, 0);
	if (process == kit->probe) {
		zs_kit_broken(kit, err);
		return;
	}
	if (!host)
		return;
	host->ended = true;
	snprintf(host->end, sizeof(host->end), "%.150s", err->text);
	zs_loop_timer_cancel(kit->loop, host->patience);
	host->patience = NULL;
	if (!host->bare && host->instance.state == ZS_INSTANCE_STARTING)
		zs_instance_died(&host->instance, err);
}

static void on_request(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)chan;
	(void)in;
	(void)user;
}

static void on_impatient(void *user)
{
	struct zs_kit_host *host = user;

	host->patience = NULL;
	if (host->process && !host->ended)
		zs_super_kill(host->process);
}

/* It ends, or it has lost the channel and will never answer. */
static void on_work_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct zs_kit_host *host = user;

	(void)chan;
	(void)err;
	if (!host->patience && !host->ended)
		host->patience = zs_loop_timer(host->kit->loop, DYING_MS, on_impatient, host);
}

static void on_linked(struct zs_process *process, int fd, void *user)
{
	struct zs_kit *kit = user;
	struct zs_kit_host *host = process->role == ZS_ROLE_HOST ? host_of(kit, process) : NULL;
	struct zs_err err;

	if (!host) {
		close(fd);
		return;
	}
	zs_chan_free(host->work);
	host->work = zs_chan_new(kit->loop, &(struct zs_chan_spec){
		.fd = fd, .self = ZS_ROLE_ENGINE, .peer = ZS_ROLE_HOST, .link = ZS_LINK_ENGINE, .peer_name = host->name,
		.handler = on_request, .closed = on_work_closed, .user = host,
	});
	if (host->work)
		return;
	zs_err_set(&err, ZS_E_NOMEM, "no memory for a channel");
	zs_kit_broken(kit, &err);
}

/* ---- signals ---- */

/* The first signal ends the kit behind this check, the second one at once. */
static void on_signal(int signo, void *user)
{
	struct zs_kit *kit = user;
	struct zs_err err;

	if (kit->signo) {
		zs_err_set(&err, ZS_E_CANCELLED, "ended by signal %d", signo);
		zs_kit_broken(kit, &err);
	}
	kit->signo = signo;
	zs_loop_stop(kit->loop, 0);
}

/* ---- one check ---- */

static bool is_wanted(const struct zs_kit *kit, const struct zs_kit_check *check)
{
	for (size_t i = 0; i < kit->spec.nonly; i++)
		if (kit->spec.only[i] == check)
			return true;
	return !kit->spec.nonly;
}

static const char *foreign_reason(const struct zs_kit *kit, uint32_t needs)
{
	if (needs & ZS_KIT_NEEDS_LOOK && kit->spec.mode == ZS_KIT_BLIND)
		return "it has to look at the zone, and --blind looks at nothing";
	if (needs & ZS_KIT_NEEDS_SIM && !kit->sim)
		return "it needs a simulation of the service (--offline)";
	return NULL;
}

static const char *plugin_reason(const struct zs_kit *kit, uint32_t needs)
{
	const struct {
		uint32_t need;
		bool had;
		const char *words;
	} rows[] = {
		{ ZS_KIT_NEEDS_PLUGIN, kit->loads, "the plugin does not load" },
		{ ZS_KIT_NEEDS_ADD, !kit->add_failed, "it builds on the check add, which failed" },
		{ ZS_KIT_NEEDS_CHECK, !kit->good_failed, "it builds on the check check-good, which failed" },
		{ ZS_KIT_NEEDS_REMOVE, !(kit->plugin.flags & ZS_PROVIDER_NO_REMOVE), "the service cannot remove (NO_REMOVE)" },
		{ ZS_KIT_NEEDS_LIVE, kit->plugin.has_live, "the plugin has no function live" },
		{ ZS_KIT_NEEDS_POLICY, kit->plugin.has_policy, "the plugin has no function policy" },
		{ ZS_KIT_NEEDS_BATCH, kit->plugin.max_changes > 1, "one call takes one change (max_changes)" },
		{ ZS_KIT_NEEDS_ZONES, kit->limits[ZS_KIT_LIMIT_ZONES], "the service cannot be asked which zones it has" },
		{ ZS_KIT_NEEDS_ANY_NAME, !kit->nfixed, "the simulation has a few fixed names only" },
		{ ZS_KIT_NEEDS_SECRET, zs_kit_has_secret(kit), "no secret option is set" },
	};

	for (size_t i = 0; i < ZS_COUNT(rows); i++)
		if (needs & rows[i].need && !rows[i].had)
			return rows[i].words;
	return NULL;
}

static bool can_run(struct zs_kit *kit, const struct zs_kit_check *check)
{
	const char *reason = plugin_reason(kit, check->needs);

	if (!reason)
		reason = foreign_reason(kit, check->needs);
	if (reason)
		return zs_kit_skip(kit, "%s", reason);
	if (kit->nfixed && check->names > kit->nfixed)
		return zs_kit_skip(kit, "it takes %u names, and the simulation has %zu", check->names, kit->nfixed);
	if (kit->plugin.max_values && check->values > kit->plugin.max_values)
		return zs_kit_skip(kit, "it takes %u values at a name, and the service keeps %u (max_values)", check->values,
				   kit->plugin.max_values);
	return true;
}

static int on_violation(const char *word, struct zs_slice text, struct zs_slice none, void *user, struct zs_err *err)
{
	struct zs_kit *kit = user;

	(void)none;
	(void)err;
	if (strcmp(word, "violation") != 0)
		return -ZS_E_USAGE;
	if (!(kit->now.check->needs & ZS_KIT_BREAKS_RULES))
		zs_kit_fail(kit, "the plugin keeps to the rules of the service", "%.*s", text.n < 900 ? (int)text.n : 900,
			    (const char *)text.p);
	return 0;
}

static void look_for_violations(struct zs_kit *kit)
{
	struct zs_err err;

	if (!kit->fatal.code && kit->sim && zs_kit_sim_ask(kit->sim, "violations", on_violation, kit, &err) < 0)
		zs_kit_broken(kit, &err);
}

/* Records of a check that went wrong must not be left in a live zone either. */
static void note_left(struct zs_kit *kit)
{
	size_t used = strlen(kit->summary->left);

	if (kit->spec.mode != ZS_KIT_LIVE)
		return;
	for (size_t i = 0; i < kit->nspots; i++) {
		if (!(kit->spots[i].ours | kit->spots[i].maybe | kit->spots[i].foreign) || used + 2 >= sizeof(kit->summary->left) ||
		    strstr(kit->summary->left, kit->spots[i].name.text))
			continue;
		used += (size_t)snprintf(kit->summary->left + used, sizeof(kit->summary->left) - used, "%s%s", used ? ", " : "",
					 kit->spots[i].name.text);
		if (used >= sizeof(kit->summary->left))
			used = sizeof(kit->summary->left) - 1;
	}
}

static void end_check(struct zs_kit *kit)
{
	const struct zs_kit_outcome said = kit->now;

	/* the zone is cleaned whatever the check brought, but only a good one that is about removal
	 * is judged by it */
	bool judged = said.state == ZS_KIT_PASSED && said.check->needs & ZS_KIT_NEEDS_REMOVE;
	kit->now.state = ZS_KIT_PASSED;
	if (kit->nspots && (judged || kit->spec.mode != ZS_KIT_OFFLINE))
		(void)zs_kit_tidy(kit);
	note_left(kit);
	if (!judged)
		kit->now = said;
	for (size_t i = 0; i < kit->hosts.n && !kit->fatal.code; i++)
		(void)zs_kit_close(kit->hosts.items[i]);
	while (kit->hosts.n)
		zs_kit_host_free(kit->hosts.items[kit->hosts.n - 1]);
	if (*kit->contract)
		zs_kit_fail(kit, "the plugin keeps to the rules of the ABI", "%s", kit->contract);
	look_for_violations(kit);
	zs_kit_forget_spots(kit);
	if (kit->sim && !kit->fatal.code)
		(void)zs_kit_reset(kit);
}

static void note_outcome(struct zs_kit *kit)
{
	const struct zs_kit_check *check = kit->now.check;
	bool failed = kit->now.state == ZS_KIT_FAILED;

	kit->summary->count[kit->now.state]++;
	kit->add_failed |= failed && !strcmp(check->name, "add");
	kit->good_failed |= failed && !strcmp(check->name, "check-good");
	kit->end_failed |= failed && !strcmp(check->name, "open-close");
	kit->spec.told(&kit->now, kit->spec.user);
}

static void run_check(struct zs_kit *kit, const struct zs_kit_check *check)
{
	uint64_t start = zs_kit_now(kit);

	kit->now = (struct zs_kit_outcome){ .check = check };
	kit->contract[0] = 0;
	if (can_run(kit, check)) {
		if (check->script)
			zs_kit_script(kit);
		else if (check->run)
			check->run(kit);
		else
			zs_kit_meet(kit);
		end_check(kit);
	}
	kit->now.ms = zs_kit_now(kit) - start;
	/* a check that did not come to its end says nothing about the plugin */
	if (!kit->fatal.code && !kit->signo)
		note_outcome(kit);
}

/* Who asks for checks and gets none must not take that for a good plugin. */
static void judge_emptiness(struct zs_kit *kit)
{
	const unsigned *count = kit->summary->count;
	struct zs_err err;

	if (kit->fatal.code || kit->signo || count[ZS_KIT_PASSED] || count[ZS_KIT_FAILED])
		return;
	zs_err_set(&err, ZS_E_USAGE, "none of the checks could be made, so nothing is known of the plugin: %u skipped",
		   count[ZS_KIT_SKIPPED]);
	zs_err_where(&err, "%s", kit->spec.provider->plugin);
	zs_err_hint(&err, "each has its reason beside it; choose others with --only, or run all of them without it");
	zs_kit_broken(kit, &err);
}

static void run_checks(struct zs_kit *kit)
{
	size_t n;
	const struct zs_kit_check *checks = zs_kit_checks(&n);
	struct zs_err err;

	for (size_t i = 0; i < n && !kit->fatal.code && !kit->signo; i++)
		if (is_wanted(kit, &checks[i]))
			run_check(kit, &checks[i]);
	judge_emptiness(kit);
	if (!kit->signo || kit->fatal.code)
		return;
	zs_err_set(&err, ZS_E_CANCELLED, "ended by signal %d; what was in the zone has been removed", kit->signo);
	zs_kit_broken(kit, &err);
}

/* ---- begin and end ---- */

static void take_description(const void *body, void *user)
{
	struct zs_kit *kit = user;
	const struct zs_shape *shape = zs_msg_def(ZS_MSG_HOST_DESCRIPTION)->shape;
	struct zs_err err;

	if (zs_msg_encode(shape, body, &kit->described, &err) ||
	    zs_msg_decode(shape, zs_buf_slice(&kit->described), &kit->plugin, &kit->arena, &err))
		zs_kit_broken(kit, &err);
	else
		kit->loads = true;
}

static void describe(struct zs_kit *kit)
{
	static const struct zs_msg_empty empty;
	struct zs_kit_host *host = zs_kit_load(kit, &kit->load_err);
	struct zs_kit_call call = { .host = host, .take = take_description, .user = kit };

	if (host) {
		zs_kit_ask(&call, false, ZS_MSG_HOST_DESCRIBE, &empty, ZS_KIT_APPLY_MS);
		(void)zs_kit_answer(&call);
		kit->load_err = call.err;
		zs_kit_kill(host);
	}
	while (kit->hosts.n)
		zs_kit_host_free(kit->hosts.items[kit->hosts.n - 1]);
	if (!kit->loads)
		return;
	zs_slice_copy(kit->plugin.name, kit->summary->provider, sizeof(kit->summary->provider));
	zs_slice_copy(kit->plugin.path, kit->summary->path, sizeof(kit->summary->path));
	kit->summary->abi_major = kit->plugin.abi_major;
	kit->summary->abi_minor = kit->plugin.abi_minor;
}

static enum zs_level level_of_hosts(const struct zs_kit *kit)
{
	return kit->spec.shown > ZS_LOG_DEBUG ? kit->spec.shown : ZS_LOG_DEBUG;
}

static bool begin(struct zs_kit *kit, struct zs_err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct zs_clock *clock = zs_clock_system();

	kit->spots = calloc(ZS_KIT_SPOTS, sizeof(*kit->spots));
	kit->loop = zs_loop_new(clock);
	if (kit->loop)
		kit->super = zs_super_new(&(struct zs_super_spec){
			.loop = kit->loop, .message = on_message, .died = on_died, .linked = on_linked, .user = kit,
		});
	if (!kit->spots || !kit->super) {
		zs_err_set(err, ZS_E_NOMEM, "no memory for the kit");
		return false;
	}
	if (zs_loop_signals(kit->loop, signals, ZS_COUNT(signals), on_signal, kit)) {
		zs_err_set(err, ZS_E_BUG, "cannot wait for signals");
		return false;
	}
	snprintf(kit->session, sizeof(kit->session), "k%05x", (unsigned)(clock->random(clock) & 0xfffff));
	zs_log_setup("front", "", on_line, kit);
	/* what is not shown is searched for secrets all the same */
	zs_log_level(level_of_hosts(kit));
	describe(kit);
	if (kit->fatal.code)
		*err = kit->fatal;
	return !kit->fatal.code && zs_kit_options(kit, err) &&
	       (kit->spec.mode != ZS_KIT_LIVE || zs_kit_starts_probe(kit, err));
}

static void end(struct zs_kit *kit)
{
	while (kit->super && kit->hosts.n)
		zs_kit_host_free(kit->hosts.items[kit->hosts.n - 1]);
	zs_kit_sim_free(kit->sim);
	zs_super_free(kit->super);
	zs_kit_options_done(kit);
	zs_loop_free(kit->loop);
	zs_log_setup("front", "", NULL, NULL);
	zs_kit_secrets_done(&kit->secrets);
	zs_vec_done(&kit->hosts);
	zs_arena_done(&kit->arena);
	zs_buf_done(&kit->described);
	free(kit->spots);
	free(kit);
}

int zs_kit_run(const struct zs_kit_spec *spec, struct zs_kit_summary *ret, struct zs_err *err)
{
	struct zs_kit *kit = calloc(1, sizeof(*kit));
	int rc = 0;

	*ret = (struct zs_kit_summary){ .abi_major = 0 };
	if (!kit)
		ZS_FAIL(err, ZS_E_NOMEM, "no memory for the kit");
	kit->spec = *spec;
	kit->summary = ret;
	kit->described = (struct zs_buf)ZS_BUF(DESCRIPTION_OCTETS);
	zs_arena_init(&kit->arena, DESCRIPTION_OCTETS * 4);
	zs_kit_secrets_init(&kit->secrets);
	if (!begin(kit, err)) {
		rc = -(int)err->code;
	} else {
		run_checks(kit);
		if (kit->fatal.code) {
			*err = kit->fatal;
			rc = -(int)err->code;
		}
	}
	end(kit);
	return rc;
}
