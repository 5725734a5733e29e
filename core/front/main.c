/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal: the front process.  Confines itself as far as it can, reads the
 * command line and hands over to the subcommand (command.c, cmd_*.c).
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "front/command.h"
#include "front/report.h"
#include "ipc/sandbox.h"

static enum zs_level level_of(const struct zs_cli *cli)
{
	static const enum zs_level levels[] = { ZS_LOG_WARN, ZS_LOG_INFO, ZS_LOG_DEBUG, ZS_LOG_TRACE };
	unsigned n = zs_cli_count(cli, ZS_OPT_VERBOSE);

	if (cli->quiet)
		return ZS_LOG_ERROR;
	return levels[n < ZS_COUNT(levels) ? n : ZS_COUNT(levels) - 1];
}

static int no_command(const struct zs_cli *cli)
{
	struct zs_err err;

	zs_err_set(&err, ZS_E_USAGE, "no command was given");
	zs_err_hint(&err, "`zoneseal help` lists the commands; `zoneseal issue` issues what is configured");
	return zs_report_failure(cli, &err);
}

static int run(const struct zs_cli *cli)
{
	if (zs_cli_has(cli, ZS_OPT_HELP))
		return zs_cmd_help(cli);
	if (zs_cli_has(cli, ZS_OPT_VERSION))
		return zs_cmd_version(cli);
	return cli->command ? cli->command->run(cli) : no_command(cli);
}

int main(int argc, char **argv)
{
	struct zs_confinement confinement;
	struct zs_cli cli;
	struct zs_err err;
	int rc, exit_code;

	(void)argc;
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	zs_log_setup("front", "", NULL, NULL);
	rc = zs_cli_parse(&cli, argv, &err);
	if (!rc)
		rc = zs_sandbox_apply(&(struct zs_sandbox){ .role = ZS_ROLE_FRONT }, &confinement, &err);
	zs_log_level(level_of(&cli));
	exit_code = rc ? zs_report_failure(&cli, &err) : run(&cli);
	zs_cli_done(&cli);
	return exit_code;
}
