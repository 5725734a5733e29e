/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See partition.h.
 */
#include "partition.h"

enum { MAX_REGION = 32 };

/* The last one fits every region. */
static const struct partition partitions[] = {
	{ "cn-", "aws-cn", "https://route53.amazonaws.com.cn", "cn-northwest-1", "amazonaws.com.cn" },
	{ "us-gov-", "aws-us-gov", "https://route53.us-gov.amazonaws.com", "us-gov-west-1", "amazonaws.com" },
	{ "", "aws", "https://route53.amazonaws.com", "us-east-1", "amazonaws.com" },
};

const struct partition *partition_of(struct zsp_str region)
{
	const struct partition *at = partitions;

	while (*at->prefix && !zsp_str_starts(region, at->prefix))
		at++;
	return at;
}

int32_t partition_is_region(struct zsp_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return 0;
	}
	return text.n && text.n <= MAX_REGION;
}
