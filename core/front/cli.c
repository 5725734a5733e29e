/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/cli.h.  A parser in the manner of getopt_long over our own table:
 * options and words may be mixed, "--" ends the options, nothing is abbreviated.
 */
#include "front/cli.h"

#include <stdio.h>
#include <string.h>

#include "conf/nearest.h"
#include "front/command.h"

enum { VALUES_MAX = 4096 };

#define ON(command) (1U << ZS_CMD_##command)
#define ALL ((1U << ZS_CMD__COUNT) - 1)
#define RUNS (ON(ISSUE) | ON(CHECK))
#define CONFIGURED (RUNS | ON(GC) | ON(STATUS) | ON(PROVIDER))

static const struct zs_cli_option options[] = {
	[ZS_OPT_DOMAIN] = { "domain", 'd', "NAME[,NAME...]", RUNS | ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"a name of the certificate, also *.NAME; repeat it for more" },
	[ZS_OPT_CSR] = { "csr", 0, "FILE", RUNS, ZS_TO_NOTHING, NULL,
		"issue for this certificate signing request instead of a key of ours" },
	[ZS_OPT_CERT_NAME] = { "cert-name", 0, "NAME", RUNS, ZS_TO_NOTHING, NULL,
		"name to store it under; default: the first -d without \"*.\"" },
	[ZS_OPT_SERVER] = { "server", 's', "URL|NAME", RUNS, ZS_TO_NOTHING, NULL,
		"the CA: URL of its directory, a [ca] or a shortcode such as letsencrypt" },
	[ZS_OPT_STAGING] = { "staging", 0, NULL, RUNS, ZS_TO_NOTHING, NULL,
		"use the staging twin of the CA" },
	[ZS_OPT_EMAIL] = { "email", 'm', "ADDRESS", RUNS, ZS_TO_CA, "email",
		"contact for the account at the CA" },
	[ZS_OPT_AGREE_TOS] = { "agree-tos", 0, NULL, RUNS, ZS_TO_CA, "agree-tos",
		"agree to the CA's terms of service" },
	[ZS_OPT_EAB_KID] = { "eab-kid", 0, "ID", RUNS, ZS_TO_CA, "eab-kid",
		"key identifier for external account binding" },
	[ZS_OPT_EAB_HMAC_KEY_FILE] = { "eab-hmac-key-file", 0, "FILE", RUNS, ZS_TO_CA, "eab-hmac-key-file",
		"file with the key for external account binding" },
	[ZS_OPT_CA_BUNDLE] = { "ca-bundle", 0, "FILE", RUNS, ZS_TO_CA, "ca-bundle",
		"trust these roots for HTTPS to the CA (PEM)" },
	[ZS_OPT_NONCE_WIDTH] = { "nonce-width", 0, "N", RUNS, ZS_TO_CA, "nonce-width",
		"requests to the CA at once, 1 to 256" },
	[ZS_OPT_PROVIDER] = { "provider", 0, "NAME", RUNS | ON(GC), ZS_TO_NOTHING, NULL,
		"who writes the records: a [provider], a plugin, or the absolute path of one" },
	[ZS_OPT_PROVIDER_OPTION] = { "provider-option", 'o', "KEY=VALUE", RUNS | ON(GC) | ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"option of that provider; a secret is named by KEY-file=PATH; repeat it for more" },
	[ZS_OPT_ZONE] = { "zone", 0, "NAME", ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"the zone to work with; for `policy` it makes asking DNS needless" },
	[ZS_OPT_OFFLINE] = { "offline", 0, "SIMULATION", ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"for `check`: a program that behaves as the service, or the name of one that comes with zoneseal" },
	[ZS_OPT_OFFLINE_ARGUMENT] = { "offline-argument", 0, "ARGUMENT", ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"for `check`: an argument for that program, as in --offline-argument=--mode=lego; repeat it for more" },
	[ZS_OPT_BLIND] = { "blind", 0, NULL, ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"for `check`: judge results only, look at no zone" },
	[ZS_OPT_LIMIT] = { "limit", 0, "NAME=NUMBER", ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"for `check`: what the service cannot do, as lag=3000 or derived=1; repeat it for more" },
	[ZS_OPT_ONLY] = { "only", 0, "CHECK[,CHECK...]", ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"for `check`: make these checks and no others" },
	[ZS_OPT_LIST] = { "list", 0, NULL, ON(PROVIDER), ZS_TO_NOTHING, NULL,
		"for `check`: show the checks and what each proves" },
	[ZS_OPT_RESOLVERS] = { "resolvers", 0, "ADDRESS[,ADDRESS...]", RUNS | ON(PROVIDER), ZS_TO_DEFAULTS, "resolvers",
		"resolvers that find zones and name servers" },
	[ZS_OPT_PROPAGATION] = { "propagation", 0, "POLICY", RUNS, ZS_TO_DEFAULTS, "propagation",
		"all, names, quorum=N%, any, provider or sleep=TIME" },
	[ZS_OPT_PROPAGATION_TIMEOUT] = { "propagation-timeout", 0, "TIME", RUNS, ZS_TO_DEFAULTS, "propagation-timeout",
		"longest wait for the name servers" },
	[ZS_OPT_KEY_TYPE] = { "key-type", 0, "TYPE", RUNS, ZS_TO_CERTIFICATE, "key-type",
		"ec256, ec384, rsa2048, rsa3072 or rsa4096" },
	[ZS_OPT_REUSE_KEY] = { "reuse-key", 0, NULL, RUNS, ZS_TO_CERTIFICATE, "reuse-key",
		"keep the key at renewal" },
	[ZS_OPT_KEY_GROUP] = { "key-group", 0, "GROUP", RUNS, ZS_TO_CERTIFICATE, "key-group",
		"group that may read the key" },
	[ZS_OPT_PREFERRED_CHAIN] = { "preferred-chain", 0, "ISSUER", RUNS, ZS_TO_CERTIFICATE, "preferred-chain",
		"choose the chain whose topmost issuer has this common name" },
	[ZS_OPT_PROFILE] = { "profile", 0, "NAME", RUNS, ZS_TO_CERTIFICATE, "profile",
		"profile of the CA" },
	[ZS_OPT_FORCE] = { "force", 0, NULL, ON(ISSUE), ZS_TO_NOTHING, NULL,
		"issue also what is not due" },
	[ZS_OPT_DRY_RUN] = { "dry-run", 0, NULL, ON(ISSUE) | ON(GC), ZS_TO_NOTHING, NULL,
		"test everything, change nothing" },
	[ZS_OPT_LIVE] = { "live", 0, NULL, ON(CHECK), ZS_TO_NOTHING, NULL,
		"also ask name servers, providers and CAs" },
	[ZS_OPT_PRINT] = { "print", 0, NULL, ON(CHECK), ZS_TO_NOTHING, NULL,
		"print the configuration in force, with defaults, without secrets" },
	[ZS_OPT_FORGET] = { "forget", 0, "ID", ON(GC), ZS_TO_NOTHING, NULL,
		"drop this entry of the journal, leave DNS alone" },
	[ZS_OPT_PROCESSES] = { "processes", 0, NULL, ON(STATUS), ZS_TO_NOTHING, NULL,
		"also start engine, probe and the configured providers to show how they are confined" },
	[ZS_OPT_CONFIG] = { "config", 0, "FILE", CONFIGURED, ZS_TO_NOTHING, NULL,
		"read this configuration" },
	[ZS_OPT_STATE_DIR] = { "state-dir", 0, "DIR", CONFIGURED, ZS_TO_NOTHING, NULL,
		"keys, certificates and journals are here" },
	[ZS_OPT_JSON] = { "json", 0, NULL, ALL, ZS_TO_NOTHING, NULL,
		"print one JSON document" },
	[ZS_OPT_QUIET] = { "quiet", 'q', NULL, ALL, ZS_TO_NOTHING, NULL,
		"no progress and no report, only errors" },
	[ZS_OPT_VERBOSE] = { "verbose", 'v', NULL, ALL, ZS_TO_NOTHING, NULL,
		"log more; -vv for debugging, -vvv for everything" },
	[ZS_OPT_HELP] = { "help", 'h', NULL, ALL, ZS_TO_NOTHING, NULL,
		"show help" },
	[ZS_OPT_VERSION] = { "version", 'V', NULL, ALL, ZS_TO_NOTHING, NULL,
		"show the version" },
};
_Static_assert(ZS_COUNT(options) == ZS_OPT__COUNT, "one row per option");

/* What other clients take as a value and we never do: everybody can see a command line. */
static const struct {
	const char *name, *instead;
} secrets[] = {
	{ "eab-hmac-key", "--eab-hmac-key-file FILE" },
	{ "tsig-secret", "-o tsig-secret-file=PATH" },
	{ "api-token", "-o OPTION-file=PATH" },
	{ "password", "-o OPTION-file=PATH" },
};

const struct zs_cli_option *zs_cli_options(void)
{
	return options;
}

/* ---- parsing ---- */

struct parser {
	struct zs_cli *cli;
	char **rest;		/* the next word */
	struct zs_err *err;
};

static int keep(struct parser *p, enum zs_opt option, const char *text)
{
	struct zs_cli_value *value = zs_vec_push(&p->cli->values, VALUES_MAX);

	if (!value)
		ZS_FAIL(p->err, ZS_E_USAGE, "more than %d options", VALUES_MAX);
	*value = (struct zs_cli_value){ option, text };
	return 0;
}

static int take_value(struct parser *p, enum zs_opt option, const char *shown, const char *text)
{
	if (!text)
		text = *p->rest ? *p->rest++ : NULL;
	if (!text || !*text)
		ZS_FAIL(p->err, ZS_E_USAGE, "%s needs a value: %s", shown, options[option].argument);
	return keep(p, option, text);
}

static int refuse_secret(struct parser *p, size_t i, char *value)
{
	if (!value)
		value = *p->rest;
	if (value)
		zs_wipe(value, strlen(value));
	zs_err_set(p->err, ZS_E_USAGE, "--%s: a secret on the command line can be read by everybody on this machine", secrets[i].name);
	zs_err_hint(p->err, "write it to a file with mode 0600 and use %s; take this one for published", secrets[i].instead);
	return -ZS_E_USAGE;
}

static void hint_options(const struct parser *p)
{
	if (p->cli->command)
		zs_err_hint(p->err, "`zoneseal help %s` lists its options", p->cli->command->name);
	else
		zs_err_hint(p->err, "`zoneseal help COMMAND` lists the options of a command");
}

static int unknown_option(struct parser *p, const char *name)
{
	struct zs_nearest near;

	zs_nearest_init(&near, name);
	for (size_t i = 0; i < ZS_OPT__COUNT; i++)
		zs_nearest_try(&near, options[i].name);
	zs_err_set(p->err, ZS_E_USAGE, "there is no option --%s", name);
	if (near.best)
		zs_err_hint(p->err, "did you mean --%s?", near.best);
	else
		hint_options(p);
	return -ZS_E_USAGE;
}

static int parse_long(struct parser *p, char *word)
{
	char name[64], shown[72], *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;

	if (!zs_slice_copy(zs_slice_of(word, equals ? (size_t)(equals - word) : strlen(word)), name, sizeof(name)))
		return unknown_option(p, "...");
	for (size_t i = 0; i < ZS_COUNT(secrets); i++)
		if (!strcmp(name, secrets[i].name))
			return refuse_secret(p, i, value);
	for (size_t i = 0; i < ZS_OPT__COUNT; i++) {
		if (strcmp(name, options[i].name))
			continue;
		snprintf(shown, sizeof(shown), "--%s", name);
		if (options[i].argument)
			return take_value(p, (enum zs_opt)i, shown, value);
		if (value)
			ZS_FAIL(p->err, ZS_E_USAGE, "%s takes no value", shown);
		return keep(p, (enum zs_opt)i, "");
	}
	return unknown_option(p, name);
}

static int option_by_letter(char letter)
{
	for (int i = 0; i < ZS_OPT__COUNT; i++)
		if (options[i].letter == letter)
			return i;
	return -1;
}

static int unknown_letter(struct parser *p, const char *shown)
{
	zs_err_set(p->err, ZS_E_USAGE, "there is no option %s", shown);
	hint_options(p);
	return -ZS_E_USAGE;
}

/* "-d NAME", "-dNAME", and flags together: "-vvq". */
static int parse_short(struct parser *p, const char *word)
{
	for (; *word; word++) {
		const char shown[] = { '-', *word, 0 };
		int i = option_by_letter(*word);
		int rc = 0;

		if (i < 0)
			return unknown_letter(p, shown);
		if (options[i].argument)
			return take_value(p, (enum zs_opt)i, shown, word[1] ? word + 1 : NULL);
		if ((rc = keep(p, (enum zs_opt)i, "")))
			return rc;
	}
	return 0;
}

static int unknown_command(struct parser *p, const char *word)
{
	struct zs_nearest near;

	zs_nearest_init(&near, word);
	for (size_t i = 0; i < ZS_CMD__COUNT; i++)
		zs_nearest_try(&near, zs_commands()[i].name);
	zs_err_set(p->err, ZS_E_USAGE, "there is no command \"%s\"", word);
	if (near.best)
		zs_err_hint(p->err, "did you mean `zoneseal %s`?", near.best);
	return -ZS_E_USAGE;
}

static int parse_word(struct parser *p, const char *word)
{
	if (!p->cli->command) {
		p->cli->command = zs_command(word);
		return p->cli->command ? 0 : unknown_command(p, word);
	}
	const char **slot = zs_vec_push(&p->cli->args, VALUES_MAX);
	if (!slot)
		ZS_FAIL(p->err, ZS_E_USAGE, "more than %d words", VALUES_MAX);
	*slot = word;
	return 0;
}

/* Options belong to commands. */
static int check_use(const struct zs_cli *cli, struct zs_err *err)
{
	const struct zs_command *command = cli->command;

	if (!command || zs_cli_has(cli, ZS_OPT_HELP) || zs_cli_has(cli, ZS_OPT_VERSION))
		return 0;
	for (size_t i = 0; i < cli->values.n; i++) {
		const struct zs_cli_option *option = &options[cli->values.items[i].option];
		if (option->commands & 1U << (command - zs_commands()))
			continue;
		zs_err_set(err, ZS_E_USAGE, "%s does not take --%s", command->name, option->name);
		zs_err_hint(err, "`zoneseal help %s` lists its options", command->name);
		return -ZS_E_USAGE;
	}
	if (cli->args.n > command->max_args) {
		zs_err_set(err, ZS_E_USAGE, "%s: \"%s\" is one word too many", command->name, cli->args.items[command->max_args]);
		zs_err_hint(err, "usage: zoneseal %s [OPTIONS]%s%s", command->name, *command->usage ? " " : "", command->usage);
		return -ZS_E_USAGE;
	}
	return 0;
}

/* Also where parsing stops early, an error shall come in the form asked for. */
static void look_ahead(struct zs_cli *cli, char **argv)
{
	for (; *argv && strcmp(*argv, "--") != 0; argv++) {
		cli->json = cli->json || !strcmp(*argv, "--json");
		cli->quiet = cli->quiet || !strcmp(*argv, "--quiet") || !strcmp(*argv, "-q");
	}
}

int zs_cli_parse(struct zs_cli *cli, char **argv, struct zs_err *err)
{
	*cli = (struct zs_cli){ .argv = (const char *const *)argv };
	struct parser p = { .cli = cli, .rest = *argv ? argv + 1 : argv, .err = err };
	bool words_only = false;
	int rc = 0;

	look_ahead(cli, p.rest);
	while (!rc && *p.rest) {
		char *word = *p.rest++;
		if (words_only || word[0] != '-' || !word[1])
			rc = parse_word(&p, word);
		else if (word[1] != '-')
			rc = parse_short(&p, word + 1);
		else if (word[2])
			rc = parse_long(&p, word + 2);
		else
			words_only = true;
	}
	cli->json = cli->json && (rc || zs_cli_has(cli, ZS_OPT_JSON));
	cli->quiet = zs_cli_has(cli, ZS_OPT_QUIET);
	return rc ? rc : check_use(cli, err);
}

void zs_cli_done(struct zs_cli *cli)
{
	zs_vec_done(&cli->values);
	zs_vec_done(&cli->args);
}

/* ---- asking ---- */

unsigned zs_cli_count(const struct zs_cli *cli, enum zs_opt option)
{
	unsigned n = 0;

	for (size_t i = 0; i < cli->values.n; i++)
		n += cli->values.items[i].option == option;
	return n;
}

bool zs_cli_has(const struct zs_cli *cli, enum zs_opt option)
{
	return zs_cli_count(cli, option) > 0;
}

const char *zs_cli_value(const struct zs_cli *cli, enum zs_opt option)
{
	for (size_t i = cli->values.n; i > 0; i--)
		if (cli->values.items[i - 1].option == option)
			return cli->values.items[i - 1].text;
	return NULL;
}

/* ---- help ---- */

void zs_cli_print_options(const struct zs_command *command, struct zs_buf *dst)
{
	for (size_t i = 0; i < ZS_OPT__COUNT; i++) {
		const struct zs_cli_option *option = &options[i];
		if (command && !(option->commands & 1U << (command - zs_commands())))
			continue;
		if (option->letter)
			zs_buf_addf(dst, "  -%c, --%s", option->letter, option->name);
		else
			zs_buf_addf(dst, "      --%s", option->name);
		if (option->argument)
			zs_buf_addf(dst, " %s", option->argument);
		zs_buf_addf(dst, "\n          %s\n", option->help);
	}
}
