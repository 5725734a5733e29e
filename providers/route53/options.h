/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider's options and the instance's own copy of their values.
 */
#ifndef ROUTE53_OPTIONS_H
#define ROUTE53_OPTIONS_H

#include <zoneseal/sdk.h>

enum {
	OPT_ACCESS_KEY_ID, OPT_SECRET_ACCESS_KEY, OPT_SESSION_TOKEN, OPT_PROFILE, OPT_CREDENTIALS_PATH,
	OPT_CONFIG_PATH, OPT_WEB_IDENTITY_TOKEN_PATH, OPT_ROLE_ARN, OPT_ROLE_SESSION_NAME, OPT_IMDS,
	OPT_IMDS_DISABLED, OPT_IMDS_URL, OPT_REGION, OPT_API_URL, OPT_STS_URL, OPT_ZONE_ID, OPT_PRIVATE_ZONE,
	OPT_DELEGATION_SET_ID, OPT_TTL, OPT_REQUEST_RATE, OPT_CHECK_WIDTH, OPT_CA_FILE, OPT_PROXY, OPT_HTTP_TIMEOUT,
	OPT__COUNT
};

/* The option table, a row for each of the above. */
extern const struct zsp_option route53_options[OPT__COUNT];

/* Copies of all values, overwritten at the end. */
struct settings {
	struct zsp_value values[OPT__COUNT];
	struct zsp_list list; /* the same, for functions that want a list */
	struct zsp_text texts[OPT__COUNT];
};

/* ZSP_OK, or ZSP_BUG with host->fail said. */
int32_t settings_copy(struct settings *settings, const struct zsp_host *host, const struct zsp_list *values);
void settings_done(struct settings *settings);
/* Text and number of an option; n 0 where it is absent. */
struct zsp_str settings_text(const struct settings *settings, uint32_t option);
int64_t settings_number(const struct settings *settings, uint32_t option);
int32_t settings_is_given(const struct settings *settings, uint32_t option);

#endif
