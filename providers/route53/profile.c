/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See profile.h.
 */
#include <stddef.h>

#include "ini.h"
#include "profile.h"

/* Keys that lead to credentials elsewhere, and what works today instead. */
static const struct {
	const char *key, *advice;
} elsewhere[] = {
	{ "role_arn", "roles behind a profile are not supported yet; use a web identity (web-identity-token-path, role-arn) "
		      "or keys of the role itself" },
	{ "source_profile", "roles behind a profile are not supported yet; name the source profile if it may change the zone" },
	{ "credential_process", "programs are not run; have it write the keys to a file and name that with "
				"credentials-path" },
	{ "credential_source", "roles behind a profile are not supported yet; without a profile the metadata service "
			       "is asked (imds = yes)" },
	{ "sso_session", "single sign-on is not supported yet; export its keys to a file and name that with "
			 "credentials-path" },
	{ "sso_start_url", "single sign-on is not supported yet; export its keys to a file and name that with "
			   "credentials-path" },
	{ "web_identity_token_file", "say the token's path with the option web-identity-token-path, which the sandbox "
				     "then permits, and its role with role-arn" },
	{ "login_session", "logins of the console are not supported yet; export their keys to a file and name that with "
			   "credentials-path" },
};

static const struct {
	const char *key;
	size_t member;
} wanted[] = {
	{ "aws_access_key_id", offsetof(struct keys, access) },
	{ "aws_secret_access_key", offsetof(struct keys, secret) },
	{ "aws_session_token", offsetof(struct keys, token) },
};

struct search {
	struct profile *profile;
	struct keys here; /* of this file */
	int32_t kind;
	struct zsp_str name;
	int32_t is_ours; /* the section that is being read */
	int32_t seen;
};

void profile_init(struct profile *profile)
{
	*profile = (struct profile){ .found = 0 };
	keys_init(&profile->keys);
}

void profile_done(struct profile *profile)
{
	keys_done(&profile->keys);
}

static struct zsp_str unquoted(struct zsp_str text)
{
	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		return (struct zsp_str){ text.p + 1, text.n - 2 };
	return text;
}

/* In the configuration file "[profile x]" is profile x; "[x]" is none, but for "default". */
static int32_t is_section_of(struct zsp_str section, int32_t kind, struct zsp_str name)
{
	static const char word[] = "profile";
	size_t n = sizeof(word) - 1;

	if (kind == PROFILE_CREDENTIALS)
		return zsp_str_equal(unquoted(section), name);
	if (section.n > n && zsp_str_starts(section, word) && (section.p[n] == ' ' || section.p[n] == '\t'))
		return zsp_str_equal(unquoted(zsp_str_trim((struct zsp_str){ section.p + n, section.n - n })), name);
	return zsp_str_is(section, "default") && zsp_str_is(name, "default");
}

static const char *see_section(struct search *search, struct zsp_str section)
{
	search->is_ours = is_section_of(section, search->kind, search->name);
	if (search->is_ours && search->seen++)
		return "the section of the profile stands there a second time";
	return NULL;
}

static const char *see_key(struct search *search, const char *key, struct zsp_str value)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (zsp_str_is(zsp_strz(key), elsewhere[i].key) && !search->profile->unsupported)
			search->profile->unsupported = elsewhere[i].key;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct zsp_text *text = (struct zsp_text *)(void *)((char *)&search->here + wanted[i].member);

		if (!zsp_str_is(zsp_strz(key), wanted[i].key))
			continue;
		if (text->n)
			return "the key stands there a second time";
		zsp_text_add_str(text, value);
		if (text->failed)
			return "the value is too long";
	}
	return NULL;
}

static const char *see(void *user, const struct ini_line *line)
{
	struct search *search = user;
	char key[64];

	if (!line->key.n)
		return see_section(search, line->section);
	if (!search->is_ours || !zsp_str_lower(line->key, key, sizeof(key)))
		return NULL;
	return see_key(search, key, line->value);
}

const char *profile_read(struct profile *profile, struct zsp_str text, int32_t kind, struct zsp_str name,
	uint32_t *ret_line)
{
	struct search search = { .profile = profile, .kind = kind, .name = name };
	const char *fault;

	keys_init(&search.here);
	fault = ini_read(text, see, &search, ret_line);
	profile->found = profile->found || search.seen;
	/* Keys of two files are never mixed: the first file that has a pair gives it. */
	if (!fault && !profile->keys.access.n && search.here.access.n)
		keys_take(&profile->keys, &search.here);
	keys_done(&search.here);
	return fault;
}

const char *profile_advice(const char *unsupported)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (elsewhere[i].key == unsupported)
			return elsewhere[i].advice;
	return "it is not supported yet";
}
