/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration that a command works with: the file, and what the command
 * line says over it or instead of it.
 */
#ifndef ZS_FRONT_CONFIG_H
#define ZS_FRONT_CONFIG_H

#include "conf/conf.h"
#include "front/cli.h"

enum zs_config_need {
	ZS_CONFIG_PLACES,	/* where things are; no file is fine */
	ZS_CONFIG_ALL,		/* a file must be there */
	ZS_CONFIG_CERTIFICATES	/* a file, or a certificate on the command line; certificates are chosen */
};

struct zs_config {
	struct zs_conf conf;
	struct zs_buf path;	/* file that was looked for; "" = none was */
	bool found;		/* and read */
	struct zs_buf state_dir;	/* absolute */
	ZS_VEC(const struct zs_conf_certificate *) chosen;
};

/* 0 or -code; zs_config_done in any case. */
int zs_config_load(struct zs_config *config, const struct zs_cli *cli, enum zs_config_need need, struct zs_err *err);
void zs_config_done(struct zs_config *config);

#endif
