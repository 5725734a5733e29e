/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See ini.h.  A line that is nothing known is a fault; faults never quote the
 * line, which may hold a secret.
 */
#include "ini.h"

enum { MAX_LINE = 16 * 1024 };

static int32_t is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int32_t is_comment(struct zsp_str line)
{
	return !line.n || line.p[0] == '#' || line.p[0] == ';';
}

/* Behind "]" may stand a comment only. */
static const char *take_section(struct zsp_str line, struct ini_line *at)
{
	struct zsp_str rest = { line.p + 1, line.n - 1 };
	size_t before = rest.n;
	struct zsp_str name = zsp_str_cut(&rest, ']');

	if (name.n == before)
		return "a section without ]";
	if (!is_comment(zsp_str_trim(rest)))
		return "something follows the section's ]";
	at->section = zsp_str_trim(name);
	at->key = at->value = (struct zsp_str){ "", 0 };
	return at->section.n ? NULL : "a section without name";
}

static const char *take_pair(struct zsp_str line, struct ini_line *at)
{
	struct zsp_str rest = line;
	struct zsp_str key = zsp_str_cut(&rest, '=');

	if (!at->section.n)
		return "a key before the first section";
	if (key.n == line.n)
		return "neither section nor key = value";
	at->key = zsp_str_trim(key);
	at->value = zsp_str_trim(rest);
	return at->key.n ? NULL : "a value without key";
}

static const char *take_line(struct zsp_str raw, struct ini_line *at, ini_see *see, void *user)
{
	struct zsp_str line = zsp_str_trim(raw);
	const char *fault;

	if (raw.n > MAX_LINE)
		return "the line is too long";
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20 && line.p[i] != '\t')
			return "a control character";
	if (is_comment(line))
		return NULL;
	/* Settings inside a setting, such as those below "s3 =". */
	if (is_blank(raw.p[0]))
		return at->key.n ? NULL : "an indented line that belongs to no key";
	fault = line.p[0] == '[' ? take_section(line, at) : take_pair(line, at);
	return fault ? fault : see(user, at);
}

const char *ini_read(struct zsp_str text, ini_see *see, void *user, uint32_t *ret_line)
{
	struct ini_line at = { .section = { "", 0 }, .key = { "", 0 }, .value = { "", 0 }, .number = 0 };
	const char *fault = NULL;

	while (text.n && !fault) {
		struct zsp_str line = zsp_str_cut(&text, '\n');

		at.number++;
		fault = take_line(line, &at, see, user);
	}
	*ret_line = at.number;
	return fault;
}
