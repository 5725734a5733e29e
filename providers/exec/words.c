/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h.  Nothing here knows of shells: a word is what stands between two
 * commas, whatever characters it has.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#define NO_MEMORY "out of memory, or more than 128 words"

int32_t words_add(struct words *words, struct zsp_str word)
{
	char *copy = words->n < WORDS_MAX ? malloc(word.n + 1) : NULL;

	if (!copy)
		return 0;
	if (word.n)
		memcpy(copy, word.p, word.n);
	copy[word.n] = 0;
	words->v[words->n++] = copy;
	words->v[words->n] = NULL;
	return 1;
}

static void drop(char *word)
{
	zsp_wipe(word, strlen(word));
	free(word);
}

void words_done(struct words *words)
{
	for (uint32_t i = 0; i < words->n; i++)
		drop(words->v[i]);
	words->n = 0;
	words->v[0] = NULL;
}

/* Takes one word off the list, with `\` resolved, into dst. */
static const char *take_word(struct zsp_str *list, struct zsp_text *dst)
{
	size_t keep = 0; /* octets that are no blanks to be cut off */

	zsp_text_clear(dst);
	for (; list->n && *list->p != ','; list->p++, list->n--) {
		int32_t escaped = *list->p == '\\';

		if (escaped && list->n == 1)
			return "it ends in a backslash";
		if (escaped)
			list->p++, list->n--;
		if (!escaped && *list->p == ' ' && !dst->n)
			continue;
		zsp_text_add(dst, list->p, 1);
		if (escaped || *list->p != ' ')
			keep = dst->n;
	}
	if (dst->failed)
		return NO_MEMORY;
	dst->n = keep;
	return NULL;
}

const char *words_split(struct zsp_str list, struct words *ret)
{
	struct zsp_text word = ZSP_TEXT(64 * 1024);
	const char *fault = NULL;

	while (list.n && !fault) {
		fault = take_word(&list, &word);
		if (!fault && !word.n)
			fault = "a word is empty";
		if (!fault && !words_add(ret, zsp_text_str(&word)))
			fault = NO_MEMORY;
		if (!list.n)
			break;
		list.p++, list.n--; /* the comma */
		if (!list.n)
			fault = "it ends in a comma";
	}
	zsp_text_done(&word);
	return fault;
}

/* ---- environment ---- */

static int32_t is_name(struct zsp_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		int32_t letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && !(i && c >= '0' && c <= '9'))
			return 0;
	}
	return name.n > 0;
}

/* Where the variable is, or n. */
static uint32_t find(const struct words *env, const char *name, size_t n)
{
	uint32_t i = 0;

	while (i < env->n && (strncmp(env->v[i], name, n) != 0 || env->v[i][n] != '='))
		i++;
	return i;
}

int32_t env_set(struct words *env, const char *name, struct zsp_str value)
{
	size_t n = strlen(name);
	char *text = malloc(n + value.n + 2);
	uint32_t i = find(env, name, n);

	if (!text || (i == env->n && env->n == WORDS_MAX)) {
		free(text);
		return 0;
	}
	memcpy(text, name, n);
	text[n] = '=';
	if (value.n)
		memcpy(text + n + 1, value.p, value.n);
	text[n + 1 + value.n] = 0;
	if (i < env->n)
		drop(env->v[i]);
	else
		env->v[++env->n] = NULL;
	env->v[i] = text;
	return 1;
}

/* Files for a shell quote values; taken as they stand such values would be wrong. */
static int32_t is_quoted(struct zsp_str value)
{
	return value.n > 1 && (*value.p == '"' || *value.p == '\'') && value.p[value.n - 1] == *value.p;
}

const char *env_add(struct words *env, struct zsp_str text)
{
	struct zsp_str value = text, name = zsp_str_cut(&value, '=');
	char copy[256];

	if (zsp_str_starts(name, "export "))
		return "no `export`: the lines are NAME=VALUE, not a script";
	if (name.n == text.n || !is_name(name) || name.n >= sizeof(copy))
		return "one is not NAME=VALUE with NAME of letters, digits and _";
	if (is_quoted(value))
		return "a value stands in quotes; values are taken as they stand, so leave them out";
	if (memchr(value.p, 0, value.n))
		return "a value holds a NUL";
	memcpy(copy, name.p, name.n);
	copy[name.n] = 0;
	return env_set(env, copy, value) ? NULL : NO_MEMORY;
}

const char *env_list(struct words *env, struct zsp_str list)
{
	struct words words = { .n = 0 };
	const char *fault = words_split(list, &words);

	for (uint32_t i = 0; i < words.n && !fault; i++)
		fault = env_add(env, zsp_strz(words.v[i]));
	words_done(&words);
	return fault;
}

const char *env_lines(struct words *env, struct zsp_str lines)
{
	const char *fault = NULL;

	while (lines.n && !fault) {
		struct zsp_str line = zsp_str_cut(&lines, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (zsp_str_trim(line).n && *line.p != '#')
			fault = env_add(env, line);
	}
	return fault;
}
