/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options and secrets of the one instance in this process: from what front
 * sends to the values that open gets.
 */
#ifndef ZS_HOST_OPTIONS_H
#define ZS_HOST_OPTIONS_H

#include <zoneseal/provider.h>

#include "base/vec.h"
#include "host/hide.h"
#include "ipc/proto.h"

struct zs_secrets {
	struct zs_buf values[ZSP_MAX_OPTIONS];	/* by index of the option; data NULL = not sent */
	struct zs_hide *hide;			/* learns each one */
};

/* Checks text against the kind and range of an option. Fills *ret (text points to
 * text) or says what is wrong with it: ZS_E_CONFIG. */
int zs_option_parse(const struct zsp_option *option, struct zs_slice text, struct zsp_value *ret, struct zs_err *err);
/* Index in the option table, -1 = no such option. */
int zs_option_find(const struct zsp_provider *plugin, struct zs_slice name);

/* Stores one secret: from fd (read to its end, not closed) where it is not -1, else
 * value. One line end at the end is dropped. */
int zs_secret_store(struct zs_secrets *secrets, const struct zsp_provider *plugin, struct zs_slice name,
		    struct zs_slice value, int fd, struct zs_err *err);
void zs_secrets_wipe(struct zs_secrets *secrets);

/* What front sent. */
struct zs_given {
	const struct zs_msg_pair *items;
	uint32_t n;
	bool partial;			/* required ones may be absent (policy) */
};

/* One value for each option in the table's order, in arena. Names the option that is
 * unknown, repeated, missing or malformed: ZS_E_CONFIG. */
int zs_values_build(const struct zsp_provider *plugin, struct zs_given given, const struct zs_secrets *secrets,
		    struct zs_arena *arena, struct zsp_list *ret, struct zs_err *err);

#endif
