/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of words as the options have them, and the environment of a program.
 */
#ifndef EXEC_WORDS_H
#define EXEC_WORDS_H

#include <zoneseal/text.h>

enum { WORDS_MAX = 128 };

struct words {
	char *v[WORDS_MAX + 1]; /* NULL behind the last one */
	uint32_t n;
};

/* A comma-separated list.  Blanks around a word are left out; `\` takes the next
 * character as it is.  NULL, or what is wrong with it. */
const char *words_split(struct zsp_str list, struct words *ret);
/* Appends a word.  0 when there is no room or no memory. */
int32_t words_add(struct words *words, struct zsp_str word);
/* Overwrites and frees them. */
void words_done(struct words *words);

/* Sets NAME to value in a list of NAME=VALUE, in the place of an older one.  0 as above. */
int32_t env_set(struct words *env, const char *name, struct zsp_str value);
/* The same from text that says NAME=VALUE.  NULL, or what is wrong with it. */
const char *env_add(struct words *env, struct zsp_str text);
/* Adds a list as words_split() takes it, or lines.  Of lines, empty ones and those that
 * begin with # do not count.  NULL, or what is wrong. */
const char *env_list(struct words *env, struct zsp_str list);
const char *env_lines(struct words *env, struct zsp_str lines);

#endif
