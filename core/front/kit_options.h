/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that the kit opens instances with: of the configuration, of the
 * simulation, which is started here, and of the environment.
 */
#ifndef ZS_FRONT_KIT_OPTIONS_H
#define ZS_FRONT_KIT_OPTIONS_H

#include "front/kit_state.h"

/* Collects them and what the kit must know of secrets. False with err. */
bool zs_kit_options(struct zs_kit *kit, struct zs_err *err);
void zs_kit_options_done(struct zs_kit *kit);
/* True when some secret option is set. */
bool zs_kit_has_secret(const struct zs_kit *kit);
/* The name of the secret option number i that is set; NULL = no more. */
const char *zs_kit_secret_option(const struct zs_kit *kit, size_t i);
/* A file (mode 0600) with a wrong secret. False where it cannot be written, which is noted. */
bool zs_kit_wrong_secret(struct zs_kit *kit, struct zs_slice content, char dst[static 160]);

#endif
