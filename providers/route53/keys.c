/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See keys.h.
 */
#include "keys.h"

enum { MAX_ACCESS = 128, MAX_SECRET = 200, MAX_TOKEN = 8 * 1024, MAX_PROOF = 16 * 1024 };

void keys_init(struct keys *keys)
{
	keys->access = (struct zsp_text)ZSP_TEXT_SECRET(MAX_ACCESS);
	keys->secret = (struct zsp_text)ZSP_TEXT_SECRET(MAX_SECRET);
	keys->token = (struct zsp_text)ZSP_TEXT_SECRET(MAX_TOKEN);
	keys->proof = (struct zsp_text)ZSP_TEXT_SECRET(MAX_PROOF);
	keys->expires_ms = 0;
}

void keys_done(struct keys *keys)
{
	zsp_text_done(&keys->access);
	zsp_text_done(&keys->secret);
	zsp_text_done(&keys->token);
	zsp_text_done(&keys->proof);
	keys_init(keys);
}

void keys_take(struct keys *to, struct keys *from)
{
	keys_done(to);
	*to = *from;
	keys_init(from);
}

/* Letters, digits and "_": it becomes part of a header. */
static int32_t is_access_key(struct zsp_str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return 0;
	}
	return 1;
}

static int32_t is_graphic(struct zsp_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return 0;
	return 1;
}

const char *keys_fault(const struct keys *keys)
{
	struct zsp_str access = zsp_text_str(&keys->access), secret = zsp_text_str(&keys->secret);

	if (keys->access.failed || keys->secret.failed || keys->token.failed || keys->proof.failed)
		return "a part of them is too long";
	if (!access.n || !secret.n)
		return access.n ? "the secret access key is missing" : "the access key id is missing";
	if (!is_access_key(access))
		return "the access key id has characters that none has";
	if (!is_graphic(secret))
		return "the secret access key has blanks or characters that none has";
	return is_graphic(zsp_text_str(&keys->token)) ? NULL : "the session token has blanks or characters that none has";
}
