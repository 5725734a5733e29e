/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `zoneseal version` and --version.
 */
#include <stdio.h>

#include "front/command.h"
#include "front/report.h"
#include "front/version.h"

int zs_cmd_version(const struct zs_cli *cli)
{
	struct zs_document doc;
	char abi[16];

	snprintf(abi, sizeof(abi), "%d.%d", ZS_PLUGIN_ABI_MAJOR, ZS_PLUGIN_ABI_MINOR);
	if (cli->json) {
		zs_document_begin(&doc, cli);
		zs_jout_str(&doc.out, "version", ZS_VERSION);
		zs_jout_str(&doc.out, "build", ZS_BUILD_ID);
		zs_jout_str(&doc.out, "plugin_abi", abi);
		return zs_document_end(&doc, 0, NULL);
	}
	zs_data(cli, "zoneseal %s\nbuild %s\nplugin ABI %s\n", ZS_VERSION, ZS_BUILD_ID, abi);
	return zs_data_ok() ? 0 : zs_code_info(ZS_E_STORAGE)->exit_code;
}
