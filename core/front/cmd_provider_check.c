/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal provider check`: the command around the conformance kit (kit.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/nearest.h"
#include "front/command.h"
#include "front/kit.h"
#include "front/kit_sim.h"
#include "front/places.h"
#include "front/plugins.h"
#include "front/report.h"

enum { PATH_OCTETS = 4096, OPTIONS_MAX = 128, OUTCOMES_MAX = 256, CALL_MS = 10 * 1000, NEEDS_OCTETS = 512, NAME_WIDTH = 18 };

struct check {
	const struct zs_cli *cli;
	const struct zs_conf *conf;
	struct zs_conf_provider provider;
	struct zs_arena arena;
	struct zs_kit_spec spec;
	ZS_VEC(const struct zs_kit_check *) only;
	ZS_VEC(const char *) arguments;
	ZS_VEC(struct zs_kit_outcome) outcomes;
	char simulation[PATH_OCTETS], conformance[PATH_OCTETS];
};

/* ---- --list ---- */

static void list_json(struct zs_json_out *out, const struct zs_kit_check *check, const char *needs)
{
	zs_jout_object(out, NULL);
	zs_jout_str(out, "name", check->name);
	zs_jout_str(out, "proves", check->proves);
	zs_jout_str(out, "needs", needs);
	zs_jout_str(out, "guide", check->guide);
	zs_jout_end(out, '}');
}

static int list(const struct zs_cli *cli)
{
	size_t n;
	const struct zs_kit_check *checks = zs_kit_checks(&n);
	struct zs_document doc = { .buf = { .max = 0 } };

	if (cli->json) {
		zs_document_begin(&doc, cli);
		zs_jout_array(&doc.out, "list");
	}
	for (size_t i = 0; i < n; i++) {
		struct zs_buf needs = ZS_BUF(NEEDS_OCTETS);
		zs_kit_needs_text(&checks[i], &needs);
		if (cli->json)
			list_json(&doc.out, &checks[i], zs_buf_str(&needs));
		zs_data(cli, "%-*s %s%s%s%s\n", NAME_WIDTH, checks[i].name, checks[i].proves, needs.len ? " [" : "", zs_buf_str(&needs),
			needs.len ? "]" : "");
		zs_buf_done(&needs);
	}
	if (cli->json) {
		zs_jout_end(&doc.out, ']');
		return zs_document_end(&doc, 0, NULL);
	}
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}

/* ---- what is to be checked ---- */

static int add_option(struct check *c, const char *text, struct zs_err *err)
{
	const char *equals = strchr(text, '=');
	struct zs_conf_pair *pair;
	char cwd[PATH_OCTETS];

	if (!equals || equals == text)
		ZS_FAIL(err, ZS_E_USAGE, "-o wants KEY=VALUE");
	pair = zs_vec_push(&c->provider.options, OPTIONS_MAX);
	if (!pair)
		ZS_FAIL(err, ZS_E_USAGE, "more than %d options of a provider", OPTIONS_MAX);
	pair->key = zs_arena_str(&c->arena, text, (size_t)(equals - text));
	pair->where = (struct zs_conf_where){ "--provider-option", 0 };
	/* the host that may have to read it has another working directory */
	if (pair->key && zs_slice_ends(zs_slice_str(pair->key), "-file") && equals[1] != '/' && getcwd(cwd, sizeof(cwd))) {
		struct zs_buf path = ZS_BUF(2 * PATH_OCTETS);
		zs_buf_addf(&path, "%s/%s", cwd, equals + 1);
		pair->value = zs_arena_str(&c->arena, zs_buf_str(&path), path.len);
		zs_buf_done(&path);
	} else {
		pair->value = zs_arena_str(&c->arena, equals + 1, strlen(equals + 1));
	}
	return pair->key && pair->value ? 0 : zs_err_set(err, ZS_E_NOMEM, "no memory for an option");
}

static int copy_options(struct check *c, const struct zs_conf_provider *from, struct zs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < c->cli->values.n && !rc; i++)
		if (c->cli->values.items[i].option == ZS_OPT_PROVIDER_OPTION)
			rc = add_option(c, c->cli->values.items[i].text, err);
	for (size_t i = 0; from && i < from->options.n && !rc; i++) {
		struct zs_conf_pair *pair = zs_vec_push(&c->provider.options, OPTIONS_MAX);
		if (!pair)
			ZS_FAIL(err, ZS_E_USAGE, "more than %d options of a provider", OPTIONS_MAX);
		*pair = from->options.items[i];
	}
	return rc;
}

/* A [provider] of the configuration, a plugin by its name, or the path of one. */
static int find_provider(struct check *c, struct zs_err *err)
{
	const char *name = c->cli->args.items[1];
	const struct zs_conf_provider *found = zs_conf_provider(c->conf, name);
	struct zs_buf path = ZS_BUF(PATH_OCTETS);
	int rc = zs_plugins_path(c->conf, name, &path, err);

	if (!rc) {
		const char *slash = strrchr(zs_buf_str(&path), '/');
		struct zs_slice base = zs_slice_str(slash ? slash + 1 : zs_buf_str(&path));
		if (zs_slice_ends(base, ".so"))
			base.n -= 3;
		if (!zs_id_ok(base))
			rc = zs_err_set(err, ZS_E_USAGE, "%s: the file's name is no name for a provider", name);
		c->provider = (struct zs_conf_provider){
			.name = found ? found->name : zs_arena_str(&c->arena, base.p, base.n),
			.plugin = zs_arena_str(&c->arena, zs_buf_str(&path), path.len), .timeout_ms = CALL_MS,
			/* who has a plugin checked by hand agrees to what it does */
			.allow_programs = true,
		};
	}
	zs_buf_done(&path);
	if (!rc && (!c->provider.name || !c->provider.plugin))
		rc = zs_err_set(err, ZS_E_NOMEM, "no memory for a provider");
	return rc ? rc : copy_options(c, found, err);
}

static int unknown_check(const char *name, struct zs_err *err)
{
	size_t n;
	const struct zs_kit_check *checks = zs_kit_checks(&n);
	struct zs_nearest near;

	zs_nearest_init(&near, name);
	for (size_t i = 0; i < n; i++)
		zs_nearest_try(&near, checks[i].name);
	zs_err_set(err, ZS_E_USAGE, "--only: there is no check \"%s\"", name);
	if (near.best)
		zs_err_hint(err, "did you mean %s? `zoneseal provider check --list` shows all", near.best);
	else
		zs_err_hint(err, "`zoneseal provider check --list` shows all");
	return -ZS_E_USAGE;
}

static int choose_checks(struct check *c, struct zs_err *err)
{
	char name[64];

	for (size_t i = 0; i < c->cli->values.n; i++) {
		struct zs_slice rest = zs_slice_str(c->cli->values.items[i].text);
		while (c->cli->values.items[i].option == ZS_OPT_ONLY && rest.n) {
			const struct zs_kit_check *check, **slot;
			if (!zs_slice_copy(zs_slice_trim(zs_slice_cut(&rest, ',')), name, sizeof(name)) || !(check = zs_kit_check(name)))
				return unknown_check(name, err);
			slot = zs_vec_push(&c->only, OUTCOMES_MAX);
			if (!slot)
				ZS_FAIL(err, ZS_E_NOMEM, "no memory for checks");
			*slot = check;
		}
	}
	return 0;
}

static int no_simulation(const char *path, struct zs_err *err)
{
	zs_err_set(err, ZS_E_USAGE, "--offline: there is no simulation %s", path);
	zs_err_hint(err, "give the path of a program (./my_sim.py); a bare name is that of a provider that comes with zoneseal");
	return -ZS_E_USAGE;
}

/* "cloudflare" is the one that comes with zoneseal, "./cloudflare_sim.py" a file. */
static int find_simulation(struct check *c, struct zs_err *err)
{
	const char *given = zs_cli_value(c->cli, ZS_OPT_OFFLINE);
	int n;

	if (zs_places_data("conformance", c->conformance, err)) {
		/* a program by its path may need nothing of it */
		if (!strchr(given, '/'))
			return -(int)err->code;
		c->conformance[0] = 0;
	}
	if (strchr(given, '/'))
		n = snprintf(c->simulation, sizeof(c->simulation), "%s", given);
	else
		n = snprintf(c->simulation, sizeof(c->simulation), "%.3900s/%s_sim.py", c->conformance, given);
	if (n < 0 || n >= (int)sizeof(c->simulation) || access(c->simulation, R_OK) != 0)
		return no_simulation(c->simulation, err);
	c->spec.simulation = c->simulation;
	c->spec.conformance = c->conformance;
	c->spec.mode = ZS_KIT_OFFLINE;
	return 0;
}

static int choose_mode(struct check *c, struct zs_err *err)
{
	bool blind = zs_cli_has(c->cli, ZS_OPT_BLIND);

	c->spec.mode = blind ? ZS_KIT_BLIND : ZS_KIT_LIVE;
	if (!zs_cli_has(c->cli, ZS_OPT_OFFLINE))
		return 0;
	if (blind)
		ZS_FAIL(err, ZS_E_USAGE, "either --offline, which looks at a simulation, or --blind, which looks at nothing");
	return find_simulation(c, err);
}

static int take_arguments(struct check *c, struct zs_err *err)
{
	for (size_t i = 0; i < c->cli->values.n; i++) {
		const char **slot;
		if (c->cli->values.items[i].option != ZS_OPT_OFFLINE_ARGUMENT)
			continue;
		if (c->spec.mode != ZS_KIT_OFFLINE)
			ZS_FAIL(err, ZS_E_USAGE, "--offline-argument is for the program of --offline, and there is none");
		slot = zs_vec_push(&c->arguments, ZS_KIT_SIM_ARGUMENTS);
		if (!slot)
			ZS_FAIL(err, ZS_E_USAGE, "more than %d --offline-argument", ZS_KIT_SIM_ARGUMENTS);
		*slot = c->cli->values.items[i].text;
	}
	c->spec.arguments = c->arguments.items;
	c->spec.narguments = c->arguments.n;
	return 0;
}

static int take_limit(struct check *c, const char *text, struct zs_err *err)
{
	struct zs_slice rest = zs_slice_str(text), name = zs_slice_cut(&rest, '=');
	enum zs_kit_limit limit = ZS_KIT_LIMIT__COUNT;
	char word[32];
	uint64_t number;

	if (zs_slice_copy(name, word, sizeof(word)))
		limit = zs_kit_limit(word);
	if (limit < ZS_KIT_LIMIT__COUNT && zs_slice_u64(rest, ZS_KIT_LIMIT_MAX, &number)) {
		c->spec.limits[limit] = (int64_t)number;
		return 0;
	}
	zs_err_set(err, ZS_E_USAGE, "--limit %.60s: it wants NAME=NUMBER with a number up to %d", text, ZS_KIT_LIMIT_MAX);
	zs_err_hint(err, "NAME is lag (ms), values, zones, derived or reasons; README.md of the conformance kit says what they mean");
	return -ZS_E_USAGE;
}

static int take_limits(struct check *c, struct zs_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ZS_KIT_LIMIT__COUNT; i++)
		c->spec.limits[i] = -1;
	for (size_t i = 0; i < c->cli->values.n && !rc; i++)
		if (c->cli->values.items[i].option == ZS_OPT_LIMIT)
			rc = take_limit(c, c->cli->values.items[i].text, err);
	return rc;
}

static int read_zone(struct check *c, struct zs_err *err)
{
	const char *text = zs_cli_value(c->cli, ZS_OPT_ZONE), *why = NULL;

	if (!text) {
		zs_err_set(err, ZS_E_USAGE, "provider check wants --zone NAME: the zone that the checks may write into");
		zs_err_hint(err, "with --offline SIMULATION any name will do, such as example.test");
		return -ZS_E_USAGE;
	}
	if (!zs_name_parse(zs_slice_str(text), ZS_NAME_OWNER, &c->spec.zone, &why) || c->spec.zone.wildcard)
		ZS_FAIL(err, ZS_E_USAGE, "--zone \"%s\" is no name of a zone: %s", text, why ? why : "a wildcard");
	return 0;
}

/* ---- what came out ---- */

static void on_outcome(const struct zs_kit_outcome *outcome, void *user)
{
	struct check *c = user;
	struct zs_kit_outcome *slot = zs_vec_push(&c->outcomes, OUTCOMES_MAX);
	const char *name = outcome->check->name;

	if (slot)
		*slot = *outcome;
	if (outcome->state == ZS_KIT_PASSED)
		zs_data(c->cli, "ok    %-*s %s\n", NAME_WIDTH, name, outcome->check->proves);
	else if (outcome->state == ZS_KIT_SKIPPED)
		zs_data(c->cli, "skip  %-*s %s\n", NAME_WIDTH, name, outcome->reason);
	else
		zs_data(c->cli, "FAIL  %-*s expected: %s\n%*s seen: %s\n%*s read: ABI.md, section %s\n", NAME_WIDTH, name, outcome->expected,
			6 + NAME_WIDTH, "", outcome->seen, 6 + NAME_WIDTH, "", outcome->check->guide);
	if (!c->cli->json)
		fflush(stdout);
}

static void outcome_json(struct zs_json_out *out, const struct zs_kit_outcome *outcome)
{
	bool failed = outcome->state == ZS_KIT_FAILED;

	zs_jout_object(out, NULL);
	zs_jout_str(out, "name", outcome->check->name);
	zs_jout_str(out, "proves", outcome->check->proves);
	zs_jout_str(out, "state", zs_kit_state_name(outcome->state));
	zs_jout_str(out, "expected", failed ? outcome->expected : "");
	zs_jout_str(out, "seen", failed ? outcome->seen : "");
	zs_jout_str(out, "reason", outcome->state == ZS_KIT_SKIPPED ? outcome->reason : "");
	zs_jout_str(out, "guide", outcome->check->guide);
	zs_jout_int(out, "ms", (int64_t)outcome->ms);
	zs_jout_end(out, '}');
}

static int report_json(const struct check *c, const struct zs_kit_summary *summary, int exit_code, const struct zs_err *err)
{
	struct zs_document doc;
	char abi[24];

	snprintf(abi, sizeof(abi), "%u.%u", (unsigned)summary->abi_major, (unsigned)summary->abi_minor);
	zs_document_begin(&doc, c->cli);
	zs_jout_str(&doc.out, "provider", summary->provider);
	zs_jout_str(&doc.out, "path", c->provider.plugin);
	zs_jout_str(&doc.out, "abi", *summary->provider ? abi : "");
	zs_jout_str(&doc.out, "zone", c->spec.zone.text);
	zs_jout_str(&doc.out, "mode", zs_kit_mode_name(c->spec.mode));
	zs_jout_array(&doc.out, "checks");
	for (size_t i = 0; i < c->outcomes.n; i++)
		outcome_json(&doc.out, &c->outcomes.items[i]);
	zs_jout_end(&doc.out, ']');
	for (int i = 0; i < ZS_KIT_STATE__COUNT; i++)
		zs_jout_int(&doc.out, zs_kit_state_name((enum zs_kit_state)i), summary->count[i]);
	zs_jout_str(&doc.out, "left", summary->left);
	return zs_document_end(&doc, exit_code, err);
}

static int report(const struct check *c, const struct zs_kit_summary *summary, const struct zs_err *err)
{
	int exit_code = summary->count[ZS_KIT_FAILED] ? zs_code_info(ZS_E_PLUGIN)->exit_code : 0;

	if (err)
		exit_code = zs_code_info((int)err->code)->exit_code;
	if (c->cli->json)
		return report_json(c, summary, exit_code, err);
	zs_data(c->cli, "%u passed, %u failed, %u skipped\n", summary->count[ZS_KIT_PASSED], summary->count[ZS_KIT_FAILED],
		summary->count[ZS_KIT_SKIPPED]);
	if (c->spec.mode == ZS_KIT_BLIND)
		zs_say(c->cli, "with --blind nothing was looked at: what passed are results, not records\n");
	if (*summary->left)
		fprintf(stderr, "records may be left in the zone at: %s\n", summary->left);
	if (!zs_data_ok())
		exit_code = zs_code_info(ZS_E_STORAGE)->exit_code;
	return err ? zs_report_failure(c->cli, err) : exit_code;
}

/* ---- all ---- */

static int prepare(struct check *c, struct zs_err *err)
{
	int rc = 0;

	if (c->cli->args.n < 2) {
		zs_err_set(err, ZS_E_USAGE, "provider check wants a plugin: its file, its name, or a [provider] of the configuration");
		zs_err_hint(err, "zoneseal provider check ./example.so --zone example.test --offline ./example_sim.py");
		return -ZS_E_USAGE;
	}
	rc = read_zone(c, err);
	if (!rc)
		rc = choose_mode(c, err);
	if (!rc)
		rc = take_arguments(c, err);
	if (!rc)
		rc = take_limits(c, err);
	if (!rc)
		rc = choose_checks(c, err);
	return rc ? rc : find_provider(c, err);
}

int zs_cmd_provider_check(const struct zs_cli *cli, const struct zs_conf *conf)
{
	/* many checks make a plugin warn, so that is shown only on demand */
	static const enum zs_level levels[] = { ZS_LOG_ERROR, ZS_LOG_INFO, ZS_LOG_DEBUG, ZS_LOG_TRACE };
	unsigned n = zs_cli_count(cli, ZS_OPT_VERBOSE);
	struct check c = { .cli = cli, .conf = conf };
	struct zs_kit_summary summary;
	struct zs_err err;
	int rc, exit_code;

	if (zs_cli_has(cli, ZS_OPT_LIST))
		return list(cli);
	zs_arena_init(&c.arena, 4 * ZS_MAX_CONFIG);
	rc = prepare(&c, &err);
	if (rc) {
		exit_code = zs_report_failure(cli, &err);
	} else {
		c.spec.conf = conf;
		c.spec.provider = &c.provider;
		c.spec.only = c.only.items;
		c.spec.nonly = c.only.n;
		c.spec.shown = levels[n < ZS_COUNT(levels) ? n : ZS_COUNT(levels) - 1];
		c.spec.told = on_outcome;
		c.spec.user = &c;
		rc = zs_kit_run(&c.spec, &summary, &err);
		exit_code = report(&c, &summary, rc ? &err : NULL);
	}
	zs_vec_done(&c.only);
	zs_vec_done(&c.arguments);
	zs_vec_done(&c.outcomes);
	zs_vec_done(&c.provider.options);
	zs_arena_done(&c.arena);
	return exit_code;
}
