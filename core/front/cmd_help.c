/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal help` and --help: everything from the tables.
 */
#include "conf/nearest.h"
#include "front/command.h"
#include "front/report.h"

enum { TEXT_OCTETS = 64 * 1024 };

static void all_commands(struct zs_buf *dst)
{
	zs_buf_add_str(dst, "zoneseal gets TLS certificates through the ACME DNS-01 challenge.\n\nusage: zoneseal COMMAND [OPTIONS] [ARGUMENTS]\n\ncommands:\n");
	for (size_t i = 0; i < ZS_CMD__COUNT; i++)
		zs_buf_addf(dst, "  %-10s %s\n", zs_commands()[i].name, zs_commands()[i].summary);
	zs_buf_add_str(dst, "\n`zoneseal help COMMAND` shows the options of a command, `man zoneseal` everything.\n\n"
			    "first certificate, with the staging CA of Let's Encrypt and a name server that takes updates:\n"
			    "  zoneseal issue -d '*.corp.example.com' -d corp.example.com --provider rfc2136 \\\n"
			    "      -o nameserver=ns1.example.com -o tsig-key-file=/etc/zoneseal/tsig.key \\\n"
			    "      --server letsencrypt-staging -m ops@example.com --agree-tos\n");
}

static void one_command(const struct zs_command *command, struct zs_buf *dst)
{
	zs_buf_addf(dst, "usage: zoneseal %s [OPTIONS]%s%s\n\n%s\noptions:\n", command->name, *command->usage ? " " : "",
		    command->usage, command->about);
	zs_cli_print_options(command, dst);
}

static int unknown(const struct zs_cli *cli, const char *name)
{
	struct zs_nearest near;
	struct zs_err err;

	zs_nearest_init(&near, name);
	for (size_t i = 0; i < ZS_CMD__COUNT; i++)
		zs_nearest_try(&near, zs_commands()[i].name);
	zs_err_set(&err, ZS_E_USAGE, "there is no command \"%s\"", name);
	if (near.best)
		zs_err_hint(&err, "did you mean `zoneseal help %s`?", near.best);
	else
		zs_err_hint(&err, "`zoneseal help` lists the commands");
	return zs_report_failure(cli, &err);
}

/* "help NAME", or "NAME --help". */
int zs_cmd_help(const struct zs_cli *cli)
{
	const struct zs_command *own = zs_command("help"), *about = cli->command == own ? NULL : cli->command;
	struct zs_buf text = ZS_BUF(TEXT_OCTETS);
	struct zs_document doc;
	int exit_code = 0;

	if (!about && cli->args.n && !(about = zs_command(cli->args.items[0])))
		return unknown(cli, cli->args.items[0]);
	if (about)
		one_command(about, &text);
	else
		all_commands(&text);
	if (cli->json) {
		zs_document_begin(&doc, cli);
		zs_jout_str(&doc.out, "text", zs_buf_str(&text));
		exit_code = zs_document_end(&doc, 0, NULL);
	} else {
		zs_data(cli, "%s", zs_buf_str(&text));
		exit_code = zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
	}
	zs_buf_done(&text);
	return exit_code;
}
