/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program zoneseal-vault: zoneseal-vault STATE-DIRECTORY [--keep-chown].
 * It opens the state directory, confines itself and serves; started by front
 * only.  Runs as the vault.
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

int main(int argc, char **argv)
{
	struct zs_vault vault;
	const char *write_paths[2] = { NULL, NULL };
	struct zs_child_main child = {
		.sandbox = { .role = ZS_ROLE_VAULT, .write_paths = write_paths },
		.front = zs_vault_front,
		.engine = zs_vault_engine,
		.user = &vault,
	};
	struct zs_err err;
	int rc;

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "--keep-chown") != 0)) {
		(void)fprintf(stderr, "usage: zoneseal-vault STATE-DIRECTORY [--keep-chown]\n"
			      "It is started by zoneseal, not by hand.\n");
		return EXIT_USAGE;
	}
	(void)umask(0077);
	if (zs_pkey_setup(&err) != 0 || zs_vault_init(&vault, argv[1], &err) != 0)
		return fail(&err);
	write_paths[0] = vault.state.path;
	child.sandbox.keep_chown = argc == 3;
	rc = zs_child_start(&child);
	if (rc == 0)
		rc = zs_child_run(&child);
	zs_vault_done(&vault);
	return rc;
}
