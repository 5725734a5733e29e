/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where credentials come from: files, systemd credentials, the environment.
 * Front opens them; it reads only what must travel as a value.
 */
#ifndef ZS_FRONT_SECRETS_H
#define ZS_FRONT_SECRETS_H

#include "base/buf.h"
#include "conf/conf.h"

/* An opened descriptor for FILE and CREDENTIAL, -code on failure. what names the option. */
int zs_secret_open(const struct zs_secret_ref *ref, const char *what, struct zs_err *err);
/* The secret's bytes, trailing line ends cut; dst is a secret buffer. Environment variables
 * are overwritten and unset after reading. */
int zs_secret_read(const struct zs_secret_ref *ref, const char *what, struct zs_buf *dst, struct zs_err *err);
/* getenv, for the aliases of provider options; NULL = not set. */
const char *zs_env(const char *name);
/* Overwrites and removes a variable that held a secret. */
void zs_env_forget(const char *name);

#endif
