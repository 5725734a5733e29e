/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin says about itself: checked, and as a message for front.
 */
#ifndef ZS_HOST_DESCRIBE_H
#define ZS_HOST_DESCRIBE_H

#include <zoneseal/provider.h>

#include "ipc/proto.h"

/* Name, texts and option table obey the rules of provider.h. */
int zs_describe_check(const struct zsp_provider *plugin, const char *path, struct zs_err *err);
/* Fills ret; its slices point into the plugin, its options into options. */
void zs_describe_fill(const struct zsp_provider *plugin, const char *path,
		      struct zs_msg_option options[static ZSP_MAX_OPTIONS],
		      struct zs_msg_host_description *ret);
/* Changes that one apply takes: 1 .. ZS_MAX_CHANGES. */
uint32_t zs_describe_max_changes(const struct zsp_provider *plugin);

struct zs_slice zs_slice_zsp(const struct zsp_str *s);

#endif
