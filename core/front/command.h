/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands: one table of what there is, one file (cmd_*.c) for each.
 */
#ifndef ZS_FRONT_COMMAND_H
#define ZS_FRONT_COMMAND_H

#include "front/cli.h"

struct zs_conf;
struct zs_ask;

enum zs_command_id { ZS_CMD_ISSUE, ZS_CMD_STATUS, ZS_CMD_CHECK, ZS_CMD_GC, ZS_CMD_PROVIDER, ZS_CMD_VERSION, ZS_CMD_HELP,
	ZS_CMD__COUNT };

struct zs_command {
	const char *name;
	const char *summary;	/* one clause */
	const char *usage;	/* what follows the name */
	const char *about;	/* paragraphs for `help NAME` */
	size_t max_args;	/* words behind the name */
	int (*run)(const struct zs_cli *cli);	/* the exit code */
};

/* n is ZS_CMD__COUNT; the index is enum zs_command_id. */
const struct zs_command *zs_commands(void);
const struct zs_command *zs_command(const char *name);	/* NULL = unknown */

int zs_cmd_issue(const struct zs_cli *cli);
int zs_cmd_status(const struct zs_cli *cli);
int zs_cmd_check(const struct zs_cli *cli);
int zs_cmd_gc(const struct zs_cli *cli);
int zs_cmd_provider(const struct zs_cli *cli);
int zs_cmd_provider_policy(const struct zs_cli *cli, const struct zs_conf *conf, struct zs_ask *ask);
int zs_cmd_provider_check(const struct zs_cli *cli, const struct zs_conf *conf);
int zs_cmd_provider_new(const struct zs_cli *cli);	/* a verb of it, in a file of its own */
int zs_cmd_version(const struct zs_cli *cli);
int zs_cmd_help(const struct zs_cli *cli);

#endif
