/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line says over the configuration: each option is set where
 * a file would have said it, and a certificate may come from there as a whole.
 */
#ifndef ZS_FRONT_OVERLAY_H
#define ZS_FRONT_OVERLAY_H

#include "conf/conf.h"
#include "front/cli.h"

/* -d or --csr was given: the certificate is on the command line. */
bool zs_overlay_has_certificate(const struct zs_cli *cli);
/* The names of all -d, as A-labels; ret is to be freed also on failure. */
int zs_overlay_domains(const struct zs_cli *cli, zs_names *ret, struct zs_err *err);
/* Makes that certificate; ret_name becomes its name, "" where there is none. */
int zs_overlay_certificate(struct zs_conf *conf, const struct zs_cli *cli, char ret_name[static ZS_MAX_ID + 1], struct zs_err *err);
/* Everything else, for the certificates that were chosen. Before zs_conf_finish. */
int zs_overlay(struct zs_conf *conf, const struct zs_cli *cli, const struct zs_conf_certificate *const *chosen, size_t n,
	       struct zs_err *err);

#endif
