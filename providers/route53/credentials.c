/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See credentials.h.
 */
#include <stdio.h>

#include "credentials.h"

enum { REFRESH_MS = 5 * 60 * 1000, RETRY_MS = 60 * 1000 };

/* The order of the AWS tools.  Theirs has more: a role behind a profile stands before the
 * web identity, a program behind the profile, a container before the metadata service. */
static const struct source *const sources[] = {
	&source_options, &source_web_identity, &source_profile, &source_imds
};

void credentials_init(struct credentials *credentials, const struct zsp_host *host, const struct settings *settings)
{
	*credentials = (struct credentials){ .host = host, .settings = settings };
	keys_init(&credentials->keys);
}

void credentials_done(struct credentials *credentials)
{
	keys_done(&credentials->keys);
}

/* ---- failures -------------------------------------------------------------------------------------- */

int32_t credentials_failf(struct credentials *credentials, int32_t error_class, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(credentials->why, sizeof(credentials->why), format, ap);
	va_end(ap);
	return zsp_failf(credentials->host, error_class, 0, "%s", credentials->why);
}

void credentials_notef(struct credentials *credentials, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(credentials->why, sizeof(credentials->why), format, ap);
	va_end(ap);
}

/* ---- which, and when ------------------------------------------------------------------------------- */

static const struct source *choose(const struct credentials *credentials)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (sources[i]->is_meant(credentials))
			return sources[i];
	return NULL;
}

static int32_t given(const struct credentials *credentials, uint32_t option)
{
	return settings_text(credentials->settings, option).n > 0;
}

static int32_t halves_of_a_pair(struct credentials *credentials)
{
	int32_t access = given(credentials, OPT_ACCESS_KEY_ID), secret = given(credentials, OPT_SECRET_ACCESS_KEY);

	if (access != secret)
		return credentials_failf(credentials, ZSP_CONFIG, "option %s: missing, but %s is there; give both or neither",
			access ? "secret-access-key" : "access-key-id",
			access ? "access-key-id" : "secret-access-key");
	if (given(credentials, OPT_SESSION_TOKEN) && !access)
		return credentials_failf(credentials, ZSP_CONFIG, "option session-token: it needs access-key-id and secret-access-key");
	if (given(credentials, OPT_WEB_IDENTITY_TOKEN_PATH) && !given(credentials, OPT_ROLE_ARN))
		return credentials_failf(credentials, ZSP_CONFIG,
			"option role-arn: missing, but web-identity-token-path is there; it says which role the token gives");
	return ZSP_OK;
}

int32_t credentials_check(struct credentials *credentials)
{
	int32_t class = halves_of_a_pair(credentials);
	const struct source *source = choose(credentials);

	if (class != ZSP_OK)
		return class;
	if (!source)
		return credentials_failf(credentials, ZSP_CONFIG,
			"no credentials: give access-key-id and secret-access-key-file, or credentials-path, or "
			"web-identity-token-path and role-arn, or imds = yes");
	if (source == &source_options && given(credentials, OPT_PROFILE))
		zsp_logf(credentials->host, ZSP_LOG_WARN,
			"profile is not used, as access-key-id is there (in the configuration or as AWS_ACCESS_KEY_ID); "
			"leave one of them out");
	return ZSP_OK;
}

int32_t credentials_hide(struct credentials *credentials, struct zsp_http *http)
{
	const struct keys *keys = &credentials->keys;
	const struct zsp_text *const texts[] = { &keys->secret, &keys->token, &keys->proof };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (zsp_http_redact(http, zsp_text_str(texts[i])) != ZSP_OK)
			return credentials_failf(credentials, ZSP_BUG,
				"no request is made: there is no memory to keep the credentials out of messages; start again");
	return ZSP_OK;
}

static int32_t fetch(struct credentials *credentials)
{
	const struct source *source = choose(credentials);
	struct keys keys;
	int32_t class;

	if (!source)
		return credentials_check(credentials);
	keys_init(&keys);
	class = source->fetch(credentials, &keys);
	if (class == ZSP_OK && keys_fault(&keys))
		class = credentials_failf(credentials, ZSP_CONFIG, "credentials from %s: %s", source->name, keys_fault(&keys));
	if (class == ZSP_OK) {
		keys_take(&credentials->keys, &keys);
		credentials->source = source;
		credentials->taken++;
	}
	keys_done(&keys);
	return class;
}

/* A source may have nothing that lasts longer: it is not asked before each request. */
static int32_t is_good(const struct credentials *credentials, int64_t now)
{
	const struct keys *keys = &credentials->keys;
	int64_t left = keys->expires_ms - now, since = now - credentials->tried_ms;

	if (!keys->access.n)
		return 0;
	return !keys->expires_ms || left >= REFRESH_MS || (left >= RETRY_MS && since >= 0 && since < RETRY_MS);
}

int32_t credentials_get(struct credentials *credentials)
{
	const struct keys *keys = &credentials->keys;
	int64_t now = credentials->host->wall_ms(credentials->host);
	int32_t class;

	if (is_good(credentials, now))
		return ZSP_OK;
	credentials->tried_ms = now;
	class = fetch(credentials);
	/* What still holds for a moment is better than nothing. */
	if (class == ZSP_OK || !keys->access.n || keys->expires_ms - now < RETRY_MS)
		return class;
	zsp_logf(credentials->host, ZSP_LOG_WARN, "%s gave no new credentials; those at hand end in %lld s",
		credentials->source->name, (long long)((keys->expires_ms - now) / 1000));
	return ZSP_OK;
}

int32_t credentials_drop(struct credentials *credentials)
{
	if (!credentials->source || !credentials->source->renews)
		return 0;
	keys_done(&credentials->keys);
	return 1;
}
