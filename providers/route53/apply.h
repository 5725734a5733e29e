/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of values, made of swaps of whole record sets.
 */
#ifndef ROUTE53_APPLY_H
#define ROUTE53_APPLY_H

#include "batch.h"
#include "zones.h"

struct instance {
	const struct zsp_host *host;
	struct settings settings;
	struct credentials credentials;
	struct api api;
	struct zones zones;
};

int32_t route53_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes);
int32_t route53_check(void *instance, const struct zsp_list *zones);
int32_t route53_policy(const struct zsp_host *host, const struct zsp_list *values, const struct zsp_list *zones);

#endif
