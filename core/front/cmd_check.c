/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal check`: the configuration and the plugins it names; with --live
 * also zones, credentials and CAs, as a dry run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/command.h"
#include "front/config.h"
#include "front/ask.h"
#include "front/progress.h"
#include "front/report.h"
#include "front/user.h"

enum { INSTANCES_MAX = 250, TEXT_OCTETS = 64 * 1024 };

struct check {
	const struct zs_cli *cli;
	struct zs_config config;
	struct zs_ask ask;
	ZS_VEC(struct zs_instance *) instances;
	ZS_VEC(struct zs_err) problems;		/* of what CAs and certificates name on this machine */
	int exit_code;
};

/* ---- what the configuration names on this machine ---- */

static void note(struct check *check, const struct zs_err *err)
{
	struct zs_err *slot = zs_vec_push(&check->problems, 2 * ZS_MAX_JOBS);

	if (slot)
		*slot = *err;
	if (!check->exit_code)
		check->exit_code = zs_code_info((int)err->code)->exit_code;
}

static void check_file(struct check *check, const char *section, const char *name, const char *key, const char *path)
{
	struct zs_err err;
	struct stat st;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	bool good = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode);

	if (!path || good) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fd < 0) {
		zs_err_sys(&err, ZS_E_CONFIG, errno, "[%s %s]: %s: cannot open %s", section, name, key, path);
	} else {
		zs_err_set(&err, ZS_E_CONFIG, "[%s %s]: %s: %s is no regular file", section, name, key, path);
		close(fd);
	}
	zs_err_where(&err, "%s", path);
	note(check, &err);
}

static void check_named(struct check *check)
{
	const struct zs_conf *conf = &check->config.conf;
	struct zs_err err;
	int64_t gid;

	for (size_t i = 0; i < conf->cas.n; i++)
		check_file(check, "ca", conf->cas.items[i].name, "ca-bundle", conf->cas.items[i].bundle);
	for (size_t i = 0; i < conf->certificates.n; i++) {
		const struct zs_conf_certificate *c = &conf->certificates.items[i];
		check_file(check, "certificate", c->name, "csr", c->csr);
		if (c->key_group && zs_user_group(c->key_group, &gid, &err)) {
			zs_err_prefix(&err, "[certificate %s]", c->name);
			note(check, &err);
		}
	}
}

/* ---- plugins and their options ---- */

static int check_instances(struct check *check, struct zs_err *err)
{
	int rc = zs_ask_init(&check->ask, err);

	for (size_t i = 0; i < check->config.conf.providers.n && !rc; i++) {
		struct zs_instance *in = calloc(1, sizeof(*in)), **slot = in ? zs_vec_push(&check->instances, INSTANCES_MAX) : NULL;
		if (!slot) {
			free(in);
			ZS_FAIL(err, ZS_E_NOMEM, "no memory for a provider");
		}
		*slot = in;
		in->conf = &check->config.conf.providers.items[i];
		in->all = &check->config.conf;
		zs_ask_instance(&check->ask, in);
		if (in->err.code && !check->exit_code)
			check->exit_code = zs_code_info((int)in->err.code)->exit_code;
	}
	return rc;
}

static void print_configuration(const struct check *check)
{
	struct zs_buf text = ZS_BUF(ZS_REPORT_MAX);

	zs_conf_print(&check->config.conf, &text);
	zs_data(check->cli, "%s", zs_buf_str(&text));
	zs_buf_done(&text);
}

static int report_text(const struct check *check)
{
	if (zs_cli_has(check->cli, ZS_OPT_PRINT))
		print_configuration(check);
	for (size_t i = 0; i < check->instances.n; i++) {
		const struct zs_instance *in = check->instances.items[i];
		struct zs_buf text = ZS_BUF(TEXT_OCTETS);
		if (in->err.code) {
			zs_report_err_text(&text, NULL, &in->err);
			fputs(zs_buf_str(&text), stderr);
		} else {
			zs_say(check->cli, "provider %s: %s loads, its options are good\n", in->conf->name, in->provider);
		}
		zs_buf_done(&text);
	}
	for (size_t i = 0; i < check->problems.n; i++) {
		struct zs_buf text = ZS_BUF(TEXT_OCTETS);
		zs_report_err_text(&text, NULL, &check->problems.items[i]);
		fputs(zs_buf_str(&text), stderr);
		zs_buf_done(&text);
	}
	if (!check->exit_code && !check->config.conf.certificates.n)
		zs_say(check->cli, "%s: good, but it has no [certificate NAME]: `zoneseal issue` has nothing to do without -d\n",
		       check->config.found ? zs_buf_str(&check->config.path) : "command line");
	else if (!check->exit_code)
		zs_say(check->cli, "%s: good, %zu certificate%s\n", check->config.found ? zs_buf_str(&check->config.path) : "command line",
		       check->config.conf.certificates.n, check->config.conf.certificates.n == 1 ? "" : "s");
	return zs_data_ok() ? check->exit_code : zs_code_info(ZS_E_STORAGE)->exit_code;
}

static void configuration_json(struct zs_json_out *out, const struct check *check)
{
	struct zs_buf text = ZS_BUF(ZS_REPORT_MAX);

	zs_conf_print(&check->config.conf, &text);
	zs_jout_str(out, "configuration", zs_buf_str(&text));
	zs_buf_done(&text);
}

static int report_json(const struct check *check)
{
	const struct zs_conf *conf = &check->config.conf;
	struct zs_document doc;

	zs_document_begin(&doc, check->cli);
	zs_jout_array(&doc.out, "files");
	for (size_t i = 0; i < conf->files.n; i++)
		zs_jout_str(&doc.out, NULL, conf->files.items[i]);
	zs_jout_end(&doc.out, ']');
	zs_jout_str(&doc.out, "state_dir", zs_buf_str(&check->config.state_dir));
	zs_jout_array(&doc.out, "certificates");
	for (size_t i = 0; i < conf->certificates.n; i++) {
		const struct zs_conf_certificate *c = &conf->certificates.items[i];
		zs_jout_object(&doc.out, NULL);
		zs_jout_str(&doc.out, "name", c->name);
		zs_report_names_json(&doc.out, "identifiers", c->identifiers.items, c->identifiers.n);
		zs_jout_str(&doc.out, "ca", c->ca);
		zs_jout_end(&doc.out, '}');
	}
	zs_jout_end(&doc.out, ']');
	zs_jout_array(&doc.out, "providers");
	for (size_t i = 0; i < check->instances.n; i++) {
		const struct zs_instance *in = check->instances.items[i];
		zs_jout_object(&doc.out, NULL);
		zs_jout_str(&doc.out, "instance", in->conf->name);
		zs_jout_str(&doc.out, "plugin", in->conf->plugin);
		zs_report_err_json(&doc.out, "error", &in->err);
		zs_jout_end(&doc.out, '}');
	}
	zs_jout_end(&doc.out, ']');
	zs_jout_array(&doc.out, "problems");
	for (size_t i = 0; i < check->problems.n; i++)
		zs_report_err_json(&doc.out, NULL, &check->problems.items[i]);
	zs_jout_end(&doc.out, ']');
	if (zs_cli_has(check->cli, ZS_OPT_PRINT))
		configuration_json(&doc.out, check);
	return zs_document_end(&doc, check->exit_code, NULL);
}

/* ---- live ---- */

/* The run loads the plugins itself: a secret from the environment can be read only once. */
static int check_live(const struct check *check)
{
	const struct zs_cli *cli = check->cli;
	struct zs_progress *progress = zs_progress_new(zs_progress_choose(cli->quiet, zs_cli_has(cli, ZS_OPT_VERBOSE)), STDERR_FILENO);
	struct zs_run *run = NULL;
	struct zs_err err;
	int rc = zs_run(&(struct zs_run_spec){
		.conf = &check->config.conf, .state_dir = zs_buf_str(&check->config.state_dir),
		.certificates = check->config.chosen.items, .ncertificates = check->config.chosen.n, .force = true, .dry_run = true,
		.events = zs_progress_events(progress),
	}, &run, &err);

	zs_progress_free(progress);
	if (!rc && zs_cli_has(cli, ZS_OPT_PRINT))
		print_configuration(check);
	int exit_code = rc ? zs_report_failure(cli, &err) : zs_report_run(cli, run, true);
	zs_run_free(run);
	return exit_code;
}

/* ---- all ---- */

static void check_done(struct check *check)
{
	zs_ask_done(&check->ask);
	for (size_t i = 0; i < check->instances.n; i++) {
		zs_instance_done(check->instances.items[i]);
		free(check->instances.items[i]);
	}
	zs_vec_done(&check->instances);
	zs_vec_done(&check->problems);
	zs_config_done(&check->config);
}

static enum zs_config_need what_is_needed(const struct zs_cli *cli)
{
	bool named = cli->args.n || zs_cli_has(cli, ZS_OPT_DOMAIN) || zs_cli_has(cli, ZS_OPT_CSR) || zs_cli_has(cli, ZS_OPT_LIVE);

	return named ? ZS_CONFIG_CERTIFICATES : ZS_CONFIG_ALL;
}

int zs_cmd_check(const struct zs_cli *cli)
{
	struct check check = { .cli = cli };
	struct zs_err err;
	int rc = zs_config_load(&check.config, cli, what_is_needed(cli), &err), exit_code;

	if (!rc && !zs_cli_has(cli, ZS_OPT_LIVE))
		rc = check_instances(&check, &err);
	if (!rc && !zs_cli_has(cli, ZS_OPT_LIVE))
		check_named(&check);
	if (rc)
		exit_code = zs_report_failure(cli, &err);
	else if (zs_cli_has(cli, ZS_OPT_LIVE))
		exit_code = check_live(&check);
	else
		exit_code = cli->json ? report_json(&check) : report_text(&check);
	check_done(&check);
	return exit_code;
}
