/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal gc`: removes from DNS what dead runs left there, lists it, or drops
 * an entry that was removed by hand.
 */
#include <stdio.h>

#include "front/command.h"
#include "front/config.h"
#include "front/journal_view.h"
#include "front/report.h"

enum { TEXT_OCTETS = 64 * 1024 };

/* ---- with a run ---- */

static void print_lefts(const struct zs_cli *cli, const struct zs_run *run)
{
	struct zs_buf text = ZS_BUF(TEXT_OCTETS);
	size_t n = 0;

	for (size_t i = 0; i < zs_run_nleft(run); i++) {
		const struct zs_run_left *left = zs_run_left(run, i);
		zs_buf_clear(&text);
		zs_report_left_text(&text, left);
		if (left->err.code)
			fputs(zs_buf_str(&text), stderr);
		else
			zs_say(cli, "%s", zs_buf_str(&text));
		n++;
	}
	if (!n)
		zs_say(cli, "nothing was left behind\n");
	zs_buf_done(&text);
}

static int report(const struct zs_cli *cli, const struct zs_run *run)
{
	struct zs_document doc;

	if (!cli->json) {
		print_lefts(cli, run);
		return zs_run_exit_code(run);
	}
	zs_document_begin(&doc, cli);
	zs_jout_array(&doc.out, "entries");
	for (size_t i = 0; i < zs_run_nleft(run); i++)
		zs_report_left_json(&doc.out, zs_run_left(run, i));
	zs_jout_end(&doc.out, ']');
	return zs_document_end(&doc, zs_run_exit_code(run), NULL);
}

static int remove_all(const struct zs_cli *cli, const struct zs_config *config)
{
	struct zs_run *run = NULL;
	struct zs_err err;
	int rc = zs_run(&(struct zs_run_spec){
		.conf = &config->conf, .state_dir = zs_buf_str(&config->state_dir),
	}, &run, &err);
	int exit_code = rc ? zs_report_failure(cli, &err) : report(cli, run);

	zs_run_free(run);
	return exit_code;
}

/* ---- without ---- */

static int print_list(const struct zs_cli *cli, const struct zs_journal_view *view)
{
	struct zs_buf text = ZS_BUF(TEXT_OCTETS);
	struct zs_document doc;

	if (cli->json) {
		zs_document_begin(&doc, cli);
		zs_jout_array(&doc.out, "entries");
		for (size_t i = 0; i < view->entries.n; i++)
			zs_report_left_json(&doc.out, &view->entries.items[i]);
		zs_jout_end(&doc.out, ']');
		return zs_document_end(&doc, 0, NULL);
	}
	for (size_t i = 0; i < view->entries.n; i++) {
		zs_buf_clear(&text);
		zs_report_left_text(&text, &view->entries.items[i]);
		zs_data(cli, "%s%s", view->entries.items[i].live ? "" : "would be removed: ", zs_buf_str(&text));
	}
	if (!zs_journal_view_dead(view))
		zs_say(cli, "nothing was left behind\n");
	else
		zs_say(cli, "%zu would be removed; nothing was changed\n", zs_journal_view_dead(view));
	zs_buf_done(&text);
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}

static int list(const struct zs_cli *cli, const struct zs_config *config)
{
	struct zs_journal_view view = { .entries = { 0 } };
	struct zs_ask ask;
	struct zs_err err;
	struct zs_process *vault = NULL;
	int rc = zs_ask_init(&ask, &err), exit_code;

	if (!rc && !(vault = zs_ask_vault(&ask, zs_buf_str(&config->state_dir), false, &err)))
		rc = -(int)err.code;
	if (!rc)
		rc = zs_journal_view_load(&view, &ask, vault, &err);
	exit_code = rc ? zs_report_failure(cli, &err) : print_list(cli, &view);
	zs_journal_view_done(&view);
	zs_ask_done(&ask);
	return exit_code;
}

static const struct zs_run_left *find(const struct zs_journal_view *view, uint64_t id)
{
	for (size_t i = 0; i < view->entries.n; i++)
		if (view->entries.items[i].id == id)
			return &view->entries.items[i];
	return NULL;
}

static int forget_one(struct zs_ask *ask, struct zs_process *vault, const struct zs_journal_view *view, uint64_t id, struct zs_err *err)
{
	const struct zs_run_left *left = find(view, id);
	const struct zs_msg_vault_forget msg = { .id = id };

	if (!left) {
		zs_err_set(err, ZS_E_USAGE, "the journal has no entry %llu", (unsigned long long)id);
		zs_err_hint(err, "`zoneseal gc --dry-run` lists them");
		return -ZS_E_USAGE;
	}
	if (left->live) {
		zs_err_set(err, ZS_E_BUSY, "entry %llu belongs to a run that is alive", (unsigned long long)id);
		return -ZS_E_BUSY;
	}
	return zs_ask(ask, vault, ZS_MSG_VAULT_FORGET, &msg, NULL, NULL, err);
}

static int report_forgotten(const struct zs_cli *cli, const struct zs_run_left *left)
{
	struct zs_document doc;

	zs_say(cli, "forgotten: entry %llu\nwhere it is still in DNS, remove by hand from zone %s (instance %s):\n    %s TXT \"%s\"\n",
	       (unsigned long long)left->id, left->zone.text, left->instance, left->name.text, left->value);
	if (!cli->json)
		return 0;
	zs_document_begin(&doc, cli);
	zs_jout_array(&doc.out, "entries");
	zs_report_left_json(&doc.out, left);
	zs_jout_end(&doc.out, ']');
	zs_jout_bool(&doc.out, "forgotten", true);
	return zs_document_end(&doc, 0, NULL);
}

static int forget(const struct zs_cli *cli, const struct zs_config *config)
{
	struct zs_journal_view view = { .entries = { 0 } };
	struct zs_ask ask = { .loop = NULL };
	struct zs_process *vault = NULL;
	struct zs_err err;
	uint64_t id = 0;
	int rc = 0, exit_code;

	if (!zs_slice_u64(zs_slice_str(zs_cli_value(cli, ZS_OPT_FORGET)), UINT64_MAX, &id))
		rc = zs_err_set(&err, ZS_E_USAGE, "--forget wants the number of an entry");
	if (!rc)
		rc = zs_ask_init(&ask, &err);
	if (!rc && !(vault = zs_ask_vault(&ask, zs_buf_str(&config->state_dir), true, &err)))
		rc = -(int)err.code;
	if (!rc)
		rc = zs_journal_view_load(&view, &ask, vault, &err);
	if (!rc)
		rc = forget_one(&ask, vault, &view, id, &err);
	exit_code = rc ? zs_report_failure(cli, &err) : report_forgotten(cli, find(&view, id));
	zs_journal_view_done(&view);
	zs_ask_done(&ask);
	return exit_code;
}

int zs_cmd_gc(const struct zs_cli *cli)
{
	struct zs_config config;
	struct zs_err err;
	int exit_code;

	if (zs_config_load(&config, cli, ZS_CONFIG_PLACES, &err))
		exit_code = zs_report_failure(cli, &err);
	else if (zs_cli_has(cli, ZS_OPT_FORGET))
		exit_code = forget(cli, &config);
	else if (zs_cli_has(cli, ZS_OPT_DRY_RUN))
		exit_code = list(cli, &config);
	else
		exit_code = remove_all(cli, &config);
	zs_config_done(&config);
	return exit_code;
}
