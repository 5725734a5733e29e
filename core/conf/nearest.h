/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": the known word that is nearest to an unknown one.
 */
#ifndef ZS_CONF_NEAREST_H
#define ZS_CONF_NEAREST_H

#include "base/defs.h"

struct zs_nearest {
	const char *wanted;
	const char *best;	/* NULL while nothing is near */
	unsigned distance;
};

void zs_nearest_init(struct zs_nearest *nearest, const char *wanted);
/* word must live as long as nearest is asked. */
void zs_nearest_try(struct zs_nearest *nearest, const char *word);

#endif
