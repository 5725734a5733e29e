/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials from the files of the AWS tools, by profile.  The files are read at
 * each fetch: other programs write new keys into them.
 */
#include "credentials.h"
#include "profile.h"

enum { MAX_FILE = 1024 * 1024 };

static int32_t is_meant(const struct credentials *credentials)
{
	const struct settings *settings = credentials->settings;

	return settings_text(settings, OPT_CREDENTIALS_PATH).n || settings_text(settings, OPT_CONFIG_PATH).n ||
		settings_text(settings, OPT_PROFILE).n;
}

static struct zsp_str profile_name(const struct credentials *credentials)
{
	struct zsp_str name = settings_text(credentials->settings, OPT_PROFILE);

	return name.n ? name : zsp_strz("default");
}

/* An option whose file is not named adds nothing. */
static int32_t read_file(struct credentials *credentials, uint32_t option, int32_t kind, struct profile *profile)
{
	struct zsp_str path = settings_text(credentials->settings, option);
	struct zsp_text text = ZSP_TEXT_SECRET(MAX_FILE);
	const char *fault = NULL;
	uint32_t line = 0;
	int32_t class;

	if (!path.n)
		return ZSP_OK;
	class = zsp_file_read(credentials->host, path.p, &text);
	if (class != ZSP_OK)
		credentials_notef(credentials, "cannot read %s", path.p);
	if (class == ZSP_OK)
		fault = profile_read(profile, zsp_text_str(&text), kind, profile_name(credentials), &line);
	if (fault)
		class = credentials_failf(credentials, ZSP_CONFIG, "%s, line %u: %s", path.p, line, fault);
	zsp_text_done(&text);
	return class;
}

static int32_t complain(struct credentials *credentials, const struct profile *profile)
{
	struct zsp_str name = profile_name(credentials), file = settings_text(credentials->settings, OPT_CREDENTIALS_PATH);

	if (!file.n)
		file = settings_text(credentials->settings, OPT_CONFIG_PATH);
	if (!file.n)
		return credentials_failf(credentials, ZSP_CONFIG,
			"option profile: %.*s is named, but no file to take it from; say credentials-path or config-path "
			"(the home directory is not searched)",
			(int)name.n, name.p);
	if (!profile->found)
		return credentials_failf(credentials, ZSP_CONFIG, "%s: it has no profile %.*s (option profile)", file.p,
			(int)name.n, name.p);
	if (profile->unsupported)
		return credentials_failf(credentials, ZSP_CONFIG, "profile %.*s has %s: %s", (int)name.n, name.p,
			profile->unsupported, profile_advice(profile->unsupported));
	return credentials_failf(credentials, ZSP_CONFIG, "%s: profile %.*s has no aws_access_key_id", file.p, (int)name.n,
		name.p);
}

static int32_t fetch(struct credentials *credentials, struct keys *ret)
{
	struct profile profile;
	int32_t class;

	profile_init(&profile);
	class = read_file(credentials, OPT_CREDENTIALS_PATH, PROFILE_CREDENTIALS, &profile);
	if (class == ZSP_OK)
		class = read_file(credentials, OPT_CONFIG_PATH, PROFILE_CONFIG, &profile);
	/* A role goes before keys beside it, as with the AWS tools. */
	if (class == ZSP_OK && (!profile.keys.access.n || profile.unsupported))
		class = complain(credentials, &profile);
	if (class == ZSP_OK)
		keys_take(ret, &profile.keys);
	profile_done(&profile);
	return class;
}

const struct source source_profile = { "the profile", is_meant, fetch, 1 };
