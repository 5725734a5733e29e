/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program zoneseal-vault: zoneseal-vault STATE-DIRECTORY [--keep-chown]
 * [--read-only].  It opens the state directory, confines itself and serves; a
 * directory that cannot be used is the answer to every request.  Started by
 * front only.  Runs as the vault.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "ipc/child.h"
#include "vault/vault.h"
#include "wrap/pkey.h"

enum { EXIT_USAGE = 2, EXIT_START = 1 };

static int fail(const struct zs_err *err)
{
	(void)fprintf(stderr, "zoneseal-vault: %s\n", err->text);
	return EXIT_START;
}

struct options {
	bool keep_chown, read_only, bad;
};

static struct options read_options(char **argv)
{
	struct options options = { .bad = argv[0] == NULL };

	for (size_t i = 1; !options.bad && argv[i] != NULL; i++) {
		if (strcmp(argv[i], "--keep-chown") == 0)
			options.keep_chown = true;
		else if (strcmp(argv[i], "--read-only") == 0)
			options.read_only = true;
		else
			options.bad = true;
	}
	return options;
}

int main(int argc, char **argv)
{
	struct zs_vault vault;
	const char *write_paths[2] = { NULL, NULL };
	struct zs_child_main child = {
		.sandbox = { .role = ZS_ROLE_VAULT, .write_paths = write_paths },
		.front = zs_vault_front,
		.engine = zs_vault_engine,
		.engine_closed = zs_vault_engine_gone,
		.done = zs_vault_leave,
		.user = &vault,
	};
	struct options options = read_options(argv + (argc > 0));
	struct zs_err err;
	int rc;

	if (options.bad) {
		(void)fprintf(stderr, "usage: zoneseal-vault STATE-DIRECTORY [--keep-chown] [--read-only]\n"
			      "It is started by zoneseal, not by hand.\n");
		return EXIT_USAGE;
	}
	(void)umask(0077);
	if (zs_pkey_setup(&err) != 0)
		return fail(&err);
	(void)(options.read_only ? zs_vault_look(&vault, argv[1], &err) : zs_vault_init(&vault, argv[1], &err));
	if (vault.state.root >= 0)
		write_paths[0] = vault.state.path;
	child.sandbox.keep_chown = options.keep_chown;
	rc = zs_child_start(&child);
	vault.locks.loop = child.loop;
	if (rc == 0)
		rc = zs_child_run(&child);
	zs_vault_done(&vault);
	return rc;
}
