/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider exec reads: the reply of a program, and lists of words.
 */
#include "fuzz.h"

#include "providers/exec/talk.h"
#include "providers/exec/words.h"

static void look_at(const struct talk_reply *reply, uint32_t n)
{
	MUST(reply->n == n && reply->live >= -1 && reply->live <= 1 && reply->ticket.n <= ZSP_MAX_TICKET);
	for (uint32_t i = 0; i < n; i++) {
		const struct talk_result *item = &reply->items[i];

		MUST(item->is_set && item->error_class >= ZSP_OK && item->error_class <= ZSP_BUG);
		MUST(item->retry_after_ms >= 0 && item->retry_after_ms <= 86400000);
		MUST(item->error_class != ZSP_OK || !item->retry_after_ms);
	}
}

static void try_reply(struct zsp_str text, uint32_t n)
{
	struct talk_reply reply;

	if (talk_read(text, n, &reply))
		look_at(&reply, n);
	else
		MUST(*reply.why);
	talk_done(&reply);
}

static void try_words(struct zsp_str text)
{
	struct words words = { .n = 0 };

	if (!words_split(text, &words))
		for (uint32_t i = 0; i < words.n; i++)
			MUST(words.v[i] && strlen(words.v[i]) <= text.n);
	MUST(words.n <= WORDS_MAX && !words.v[words.n]);
	words_done(&words);
	(void)env_lines(&words, text);
	for (uint32_t i = 0; i < words.n; i++)
		MUST(strchr(words.v[i], '=') > words.v[i]);
	words_done(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct zsp_str text = { (const char *)data, n };

	try_reply(text, 2);
	try_reply(text, 0);
	try_words(text);
	return 0;
}
