/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials from the options access-key-id, secret-access-key and session-token,
 * which the environment may give too.
 */
#include "credentials.h"

static int32_t is_meant(const struct credentials *credentials)
{
	return settings_text(credentials->settings, OPT_ACCESS_KEY_ID).n > 0;
}

static int32_t fetch(struct credentials *credentials, struct keys *ret)
{
	const struct settings *settings = credentials->settings;

	zsp_text_add_str(&ret->access, settings_text(settings, OPT_ACCESS_KEY_ID));
	zsp_text_add_str(&ret->secret, settings_text(settings, OPT_SECRET_ACCESS_KEY));
	zsp_text_add_str(&ret->token, settings_text(settings, OPT_SESSION_TOKEN));
	return ZSP_OK;
}

const struct source source_options = { "the options access-key-id and secret-access-key", is_meant, fetch, 0 };
