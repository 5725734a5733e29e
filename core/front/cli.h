/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one table of options feeds the parser, --help and (through
 * a test) the man page, and says which key of the configuration an option sets.
 */
#ifndef ZS_FRONT_CLI_H
#define ZS_FRONT_CLI_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

enum zs_opt {
	ZS_OPT_DOMAIN,
	ZS_OPT_CSR,
	ZS_OPT_CERT_NAME,
	ZS_OPT_SERVER,
	ZS_OPT_STAGING,
	ZS_OPT_EMAIL,
	ZS_OPT_AGREE_TOS,
	ZS_OPT_EAB_KID,
	ZS_OPT_EAB_HMAC_KEY_FILE,
	ZS_OPT_CA_BUNDLE,
	ZS_OPT_NONCE_WIDTH,
	ZS_OPT_PROVIDER,
	ZS_OPT_PROVIDER_OPTION,
	ZS_OPT_ZONE,
	ZS_OPT_OFFLINE,
	ZS_OPT_OFFLINE_ARGUMENT,
	ZS_OPT_BLIND,
	ZS_OPT_LIMIT,
	ZS_OPT_ONLY,
	ZS_OPT_LIST,
	ZS_OPT_RESOLVERS,
	ZS_OPT_PROPAGATION,
	ZS_OPT_PROPAGATION_TIMEOUT,
	ZS_OPT_KEY_TYPE,
	ZS_OPT_REUSE_KEY,
	ZS_OPT_KEY_GROUP,
	ZS_OPT_PREFERRED_CHAIN,
	ZS_OPT_PROFILE,
	ZS_OPT_FORCE,
	ZS_OPT_DRY_RUN,
	ZS_OPT_LIVE,
	ZS_OPT_PRINT,
	ZS_OPT_FORGET,
	ZS_OPT_PROCESSES,
	ZS_OPT_CONFIG,
	ZS_OPT_STATE_DIR,
	ZS_OPT_JSON,
	ZS_OPT_QUIET,
	ZS_OPT_VERBOSE,
	ZS_OPT_HELP,
	ZS_OPT_VERSION,
	ZS_OPT__COUNT
};

/* Which section of the configuration an option writes to. */
enum zs_opt_target { ZS_TO_NOTHING, ZS_TO_DEFAULTS, ZS_TO_CA, ZS_TO_CERTIFICATE };

struct zs_cli_option {
	const char *name;	/* "domain" */
	char letter;		/* 'd', 0 = none */
	const char *argument;	/* what the value is, NULL = takes none */
	uint32_t commands;	/* mask of 1 << enum zs_command_id */
	enum zs_opt_target target;
	const char *key;	/* key of the configuration, NULL with ZS_TO_NOTHING */
	const char *help;
};

struct zs_command;

struct zs_cli_value { enum zs_opt option; const char *text; };

struct zs_cli {
	const struct zs_command *command;	/* NULL: none was named */
	ZS_VEC(struct zs_cli_value) values;	/* in their order; text points into argv */
	ZS_VEC(const char *) args;		/* behind the command */
	const char *const *argv;		/* the whole line, for bug reports */
	bool json, quiet;			/* known even where parsing failed */
};

/* All options; n is ZS_OPT__COUNT, the index is enum zs_opt. */
const struct zs_cli_option *zs_cli_options(void);

/* argv is kept and, where a secret was given by mistake, overwritten. -ZS_E_USAGE with err. */
int zs_cli_parse(struct zs_cli *cli, char **argv, struct zs_err *err);
void zs_cli_done(struct zs_cli *cli);

bool zs_cli_has(const struct zs_cli *cli, enum zs_opt option);
/* The last value given, NULL = none. */
const char *zs_cli_value(const struct zs_cli *cli, enum zs_opt option);
unsigned zs_cli_count(const struct zs_cli *cli, enum zs_opt option);

/* Appends the lines of --help for the options of a command (all where NULL). */
void zs_cli_print_options(const struct zs_command *command, struct zs_buf *dst);

#endif
