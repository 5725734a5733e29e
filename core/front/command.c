/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/command.h.
 */
#include "front/command.h"

#include <string.h>

static const struct zs_command commands[] = {
	[ZS_CMD_ISSUE] = {
		"issue", "get or renew certificates that are due", "[CERT...] | -d NAME... --provider PROVIDER --server CA",
		"Issues the certificates of the configuration that are due, or those named. With -d or\n"
		"--csr the command line describes one certificate, and no configuration is needed. What is\n"
		"not due is skipped unless --force is given. On standard output comes one line for each certificate that is in place:\n"
		"the path of its directory.\n",
		ZS_MAX_JOBS, zs_cmd_issue,
	},
	[ZS_CMD_STATUS] = {
		"status", "what is stored, what was left behind, which processes run how", "[CERT...]",
		"Lists the stored certificates, the journal of records in DNS (of runs that are alive and of\n"
		"dead ones) and how the processes are confined. Needs no configuration and no network.\n",
		ZS_MAX_JOBS, zs_cmd_status,
	},
	[ZS_CMD_CHECK] = {
		"check", "is the configuration right, do the plugins load", "[CERT...]",
		"Reads the configuration, loads every configured plugin and checks its options. With --live\n"
		"also finds the zones, tests the credentials and reads the CA's directory, as a dry run of\n"
		"issue does. Nothing is changed anywhere.\n",
		ZS_MAX_JOBS, zs_cmd_check,
	},
	[ZS_CMD_GC] = {
		"gc", "remove the records that dead runs left in DNS", "",
		"Removes from DNS what runs left behind that were killed. With --dry-run only lists it. An\n"
		"entry whose provider is gone can be dropped with --forget after the record was removed by\n"
		"hand.\n",
		0, zs_cmd_gc,
	},
	[ZS_CMD_PROVIDER] = {
		"provider", "the DNS provider plugins and their options", "list | info NAME | policy NAME | check NAME --zone ZONE | new NAME [DIR]",
		"`provider list` shows the plugins that were found. `provider info NAME` shows the options of\n"
		"one; NAME may be the absolute path of a plugin. Plugins are loaded in a confined process.\n"
		"`provider policy NAME` prints the narrowest right that the service can grant for the names\n"
		"that the configuration writes through it, or for those of -d; with --zone DNS is not asked.\n"
		"`provider check NAME` loads a plugin as a run does and makes a table of checks with it, in a\n"
		"zone that it may write into: a live one, or with --offline a simulation of the service.\n"
		"`provider new NAME` makes a directory with a complete small provider to begin from.\n",
		3, zs_cmd_provider,
	},
	[ZS_CMD_VERSION] = {
		"version", "version, build and plugin ABI", "", "Shows the version of zoneseal, its build and the ABI of plugins.\n",
		0, zs_cmd_version,
	},
	[ZS_CMD_HELP] = {
		"help", "help for a command", "[COMMAND]", "Shows the commands, or one of them with its options.\n", 1, zs_cmd_help,
	},
};
_Static_assert(ZS_COUNT(commands) == ZS_CMD__COUNT, "one row per command");

const struct zs_command *zs_commands(void)
{
	return commands;
}

const struct zs_command *zs_command(const char *name)
{
	for (size_t i = 0; i < ZS_COUNT(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
