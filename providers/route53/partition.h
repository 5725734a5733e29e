/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The separate worlds of AWS, by the first letters of their regions.
 */
#ifndef ROUTE53_PARTITION_H
#define ROUTE53_PARTITION_H

#include <zoneseal/text.h>

struct partition {
	const char *prefix; /* of its regions */
	const char *arn; /* second field of an ARN */
	const char *api_url; /* Route 53 there */
	const char *region; /* that its requests are signed for */
	const char *domain; /* of regional services such as STS */
};

/* The partition of a region; "" is taken for one of the commercial partition. */
const struct partition *partition_of(struct zsp_str region);
/* 1 when text may be the name of a region. */
int32_t partition_is_region(struct zsp_str text);

#endif
