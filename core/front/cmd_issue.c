/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal issue`.
 */
#include <unistd.h>

#include "front/command.h"
#include "front/config.h"
#include "front/progress.h"
#include "front/report.h"

int zs_cmd_issue(const struct zs_cli *cli)
{
	bool verbose = zs_cli_has(cli, ZS_OPT_VERBOSE);
	struct zs_progress *progress = NULL;
	struct zs_config config;
	struct zs_run *run = NULL;
	struct zs_err err;
	int rc = zs_config_load(&config, cli, ZS_CONFIG_CERTIFICATES, &err), exit_code;

	if (!rc) {
		progress = zs_progress_new(zs_progress_choose(cli->quiet, verbose), STDERR_FILENO);
		rc = zs_run(&(struct zs_run_spec){
			.conf = &config.conf, .state_dir = zs_buf_str(&config.state_dir), .certificates = config.chosen.items,
			.ncertificates = config.chosen.n, .force = zs_cli_has(cli, ZS_OPT_FORCE),
			.dry_run = zs_cli_has(cli, ZS_OPT_DRY_RUN), .events = zs_progress_events(progress),
		}, &run, &err);
		zs_progress_free(progress);
	}
	exit_code = rc ? zs_report_failure(cli, &err) : zs_report_run(cli, run, false);
	zs_run_free(run);
	zs_config_done(&config);
	return exit_code;
}
