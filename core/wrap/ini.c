/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INI text over libini_config.  A scan comes first: it takes out lines with
 * bytes that are no text and whatever is written twice, because the library's
 * list of duplicates (0.6) is written past its end.  It also keeps names and
 * lines of the sections: the library keeps no lines of them, takes only ASCII,
 * and searches them one by one, so it reads each section by itself, under
 * another name.  A line that it cannot read is reported and taken out before
 * the next attempt, so that one mistake does not hide the others.  The only file that includes
 * libini_config.
 */
#include "wrap/ini.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini_configobj.h>

#include "base/buf.h"
#include "base/name.h"
#include "base/vec.h"

#define BOM "\xef\xbb\xbf"
#define SECTION "section" /* as the library knows the one it reads */

enum {
	MAX_SECTION = 512, /* octets of a section's header */
	ROUNDS = 3, /* attempts of the library */
	SHOWN = 80, /* octets of a name in a message */
	WHY = 160
};

#define SHOW(slice) (int)((slice).n < SHOWN ? (slice).n : SHOWN), (const char *)(slice).p

struct named {
	struct zs_slice name; /* in the caller's text */
	uint32_t line;
};

typedef ZS_VEC(struct named) names;

struct scan {
	const struct zs_ini_events *events;
	struct zs_err *err;
	names headers; /* each once, the last is being read */
	names keys; /* of the section being read */
	struct zs_buf text; /* the same for the library: as many lines, bad ones empty */
	enum { NOWHERE, IN_SECTION, IN_BAD_SECTION } place;
};

struct line {
	struct zs_slice text; /* trimmed */
	uint32_t number;
};

/* ---- the scan ---- */

static void complain(const struct scan *scan, uint32_t line, const char *why)
{
	scan->events->bad(line, why, scan->events->user);
}

struct quotes {
	const char *open, *close;
};

static void complain_twice(const struct scan *scan, struct line line, struct quotes quotes, const struct named *first)
{
	char why[WHY];

	(void)snprintf(why, sizeof(why), "%s%.*s%s is already on line %u", quotes.open, SHOW(first->name), quotes.close,
		first->line);
	complain(scan, line.number, why);
}

static const char *check_bytes(struct zs_slice rest)
{
	uint32_t point;
	size_t n;

	for (; rest.n; rest = zs_slice_of(rest.p + n, rest.n - n)) {
		n = zs_utf8_next(rest, &point);
		if (!n)
			return "not UTF-8 text";
		if (!point)
			return "a NUL octet";
		if (point != '\t' && zs_utf8_is_unsafe(point))
			return "a control or invisible character";
	}
	return NULL;
}

static struct named *find(const names *list, struct zs_slice name)
{
	for (size_t i = 0; i < list->n; i++) {
		struct named *one = &list->items[i];

		if (one->name.n == name.n && !strncasecmp((const char *)one->name.p, (const char *)name.p, name.n))
			return one;
	}
	return NULL;
}

/* What a section or a text may have at most. */
struct cap {
	size_t max;
	const char *what;
};

static int add(const struct scan *scan, names *list, struct named one, struct cap cap)
{
	struct named *slot;

	if (list->n == cap.max)
		ZS_FAIL(scan->err, ZS_E_CONFIG, "line %u: more than %zu %s", one.line, cap.max, cap.what);
	slot = zs_vec_push(list, cap.max);
	if (!slot)
		ZS_FAIL(scan->err, ZS_E_NOMEM, "out of memory");
	*slot = one;
	return 0;
}

static int end_section(struct scan *scan);

static int begin_section(struct scan *scan, struct zs_slice name, uint32_t line)
{
	static const struct cap cap = { ZS_INI_SECTIONS, "sections in one file" };
	char text[MAX_SECTION + 1];
	int rc = add(scan, &scan->headers, (struct named){ name, line }, cap);

	if (rc)
		return rc;
	scan->place = IN_SECTION;
	scan->keys.n = 0;
	zs_buf_clear(&scan->text);
	zs_buf_add_str(&scan->text, "[" SECTION "]");
	if (zs_slice_copy(name, text, sizeof(text)))
		scan->events->section(text, line, scan->events->user);
	return 0;
}

/* With a bad or repeated header goes what is below it. */
static int scan_header(struct scan *scan, struct line line)
{
	struct zs_slice rest = zs_slice_of(line.text.p + 1, line.text.n - 1);
	struct zs_slice name = zs_slice_trim(zs_slice_cut(&rest, ']'));
	const struct named *first = find(&scan->headers, name);
	int rc = end_section(scan);

	scan->place = IN_BAD_SECTION;
	if (line.text.p[line.text.n - 1] != ']' || rest.n || !name.n || name.n > MAX_SECTION) {
		complain(scan, line.number, "not a section header: write [defaults] or [kind NAME] on a line of its own");
		return rc;
	}
	if (!first)
		return rc ? rc : begin_section(scan, name, line.number);
	complain_twice(scan, line, (struct quotes){ "section [", "]" }, first);
	return rc;
}

static const char *check_key(const struct scan *scan, struct zs_slice name)
{
	if (scan->place == NOWHERE)
		return "a key before the first section; begin with [defaults]";
	if (!name.n)
		return "no key before the equal sign";
	return zs_id_ok(name) ? NULL : "not a key before the equal sign (letters, digits, . _ -, at most 64)";
}

static int scan_key(struct scan *scan, struct line line)
{
	static const struct cap cap = { ZS_INI_KEYS, "keys in one section" };
	struct zs_slice rest = line.text;
	struct zs_slice name = zs_slice_trim(zs_slice_cut(&rest, '='));
	const struct named *first = find(&scan->keys, name);
	const char *why = check_key(scan, name);

	if (why) {
		complain(scan, line.number, why);
		return 0;
	}
	if (first) {
		complain_twice(scan, line, (struct quotes){ "key \"", "\"" }, first);
		return 0;
	}
	zs_buf_add_slice(&scan->text, line.text);
	return add(scan, &scan->keys, (struct named){ name, line.number }, cap);
}

static int scan_line(struct scan *scan, struct line line)
{
	const char *why = check_bytes(line.text);

	if (!line.text.n)
		return 0;
	if (!why && line.text.p[0] == '[')
		return scan_header(scan, line);
	if (!why && (line.text.p[0] == '#' || line.text.p[0] == ';' || scan->place == IN_BAD_SECTION))
		return 0;
	if (!why && memchr(line.text.p, '=', line.text.n))
		return scan_key(scan, line);
	complain(scan, line.number, why ? why : "no equal sign: write KEY = VALUE, or # in front of a comment");
	return 0;
}

static int scan_all(struct scan *scan, struct zs_slice rest)
{
	int rc = 0;

	for (uint32_t number = 1; rest.n && !rc; number++) {
		struct zs_slice text = zs_slice_trim(zs_slice_cut(&rest, '\n'));

		rc = scan_line(scan, (struct line){ text, number });
		zs_buf_add_byte(&scan->text, '\n');
	}
	return rc ? rc : end_section(scan);
}

/* Turns a line for the library into a comment. */
static void take_out(const struct scan *scan, uint32_t wanted)
{
	uint8_t *p = scan->text.data, *end = p + scan->text.len, *lf = p;

	for (uint32_t number = 1; lf && p < end && number < wanted; number++) {
		lf = memchr(p, '\n', (size_t)(end - p));
		p = lf ? lf + 1 : end;
	}
	while (p < end && *p != '\n')
		*p++ = '#';
}

/* ---- the library ---- */

struct words {
	unsigned number; /* enum ERR_PARSE */
	const char *why;
};

static const struct words words[] = {
	{ ERR_LONGDATA, "the line is too long" },
	{ ERR_NOCLOSESEC, "the section header has no closing bracket" },
	{ ERR_NOSECTION, "the section header has no name" },
	{ ERR_SECTIONLONG, "the section header is too long" },
	{ ERR_NOEQUAL, "no equal sign" },
	{ ERR_NOKEY, "no key before the equal sign" },
	{ ERR_LONGKEY, "the key is too long" },
};

static const char *word_of(uint64_t number)
{
	for (size_t i = 0; i < ZS_COUNT(words); i++)
		if (words[i].number == number)
			return words[i].why;
	return "not readable";
}

/* "Error (5) on line 16: ..."; the numbers, false when it is not of that form. */
static bool read_complaint(const char *text, uint64_t *ret_number, uint32_t *ret_line)
{
	struct zs_slice rest = zs_slice_str(text);
	struct zs_slice number, line;
	uint64_t value;

	(void)zs_slice_cut(&rest, '(');
	number = zs_slice_cut(&rest, ')');
	(void)zs_slice_cut(&rest, 'l'); /* of " on line" */
	(void)zs_slice_cut(&rest, ' ');
	line = zs_slice_cut(&rest, ':');
	if (!zs_slice_u64(number, UINT32_MAX, ret_number) || !zs_slice_u64(line, UINT32_MAX, &value))
		return false;
	*ret_line = (uint32_t)value;
	return true;
}

/* The library counts from the header of the section. */
static uint32_t file_line(const struct scan *scan, uint32_t line)
{
	return scan->headers.items[scan->headers.n - 1].line + line - 1;
}

/* Reports what the library could not read and takes it out. */
static int report(const struct scan *scan, struct ini_cfgobj *config)
{
	char **complaints = NULL;
	uint64_t number;
	uint32_t line;
	int found = 0;

	if (!ini_config_error_count(config) || ini_config_get_errors(config, &complaints))
		ZS_FAIL(scan->err, ZS_E_CONFIG, "the text is not readable");
	for (char **p = complaints; p && *p; p++)
		if (read_complaint(*p, &number, &line) && line) {
			complain(scan, file_line(scan, line), word_of(number));
			take_out(scan, line);
			found++;
		}
	ini_config_free_errors(complaints);
	if (!found)
		ZS_FAIL(scan->err, ZS_E_CONFIG, "the text is not readable");
	return 0;
}

enum { FLAGS = INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS };
enum { CLASHES = INI_MV1S_OVERWRITE | INI_MV2S_OVERWRITE | INI_MS_MERGE };

/* One attempt: *ret_config is set when the library could read all of it. */
static int attempt(const struct scan *scan, struct ini_cfgobj **ret_config)
{
	struct ini_cfgobj *config = NULL;
	struct ini_cfgfile *file = NULL;
	int rc;

	if (ini_config_create(&config) ||
		ini_config_file_from_mem(scan->text.data, (uint32_t)scan->text.len, &file)) {
		ini_config_destroy(config);
		ZS_FAIL(scan->err, ZS_E_NOMEM, "out of memory");
	}
	rc = ini_config_parse(file, INI_STOP_ON_NONE, CLASHES, FLAGS, config);
	ini_config_file_destroy(file);
	if (!rc) {
		*ret_config = config;
		return 0;
	}
	rc = rc == ENOMEM ? zs_err_set(scan->err, ZS_E_NOMEM, "out of memory") : report(scan, config);
	ini_config_destroy(config);
	return rc;
}

static int read_all(const struct scan *scan, struct ini_cfgobj **ret_config)
{
	struct ini_cfgobj *config = NULL;
	int rc = 0;

	for (int i = 0; i < ROUNDS && !config && !rc; i++)
		rc = attempt(scan, &config);
	if (!rc && !config)
		ZS_FAIL(scan->err, ZS_E_CONFIG, "the text is not readable");
	*ret_config = config;
	return rc;
}

/* ---- the events ---- */

static int send_key(const struct scan *scan, struct ini_cfgobj *config, const char *key)
{
	struct value_obj *value = NULL;
	const char *text = NULL;
	uint32_t line = 0;

	if (ini_get_config_valueobj(SECTION, key, config, INI_GET_FIRST_VALUE, &value) || !value ||
		value_get_concatenated(value, &text) || value_get_line(value, &line))
		ZS_FAIL(scan->err, ZS_E_NOMEM, "out of memory");
	scan->events->key(key, text ? text : "", file_line(scan, line), scan->events->user);
	return 0;
}

static int send_keys(const struct scan *scan, struct ini_cfgobj *config)
{
	int n = 0, error = 0, rc = 0;
	char **keys = ini_get_attribute_list(config, SECTION, &n, &error);

	if (error || (n && !keys))
		ZS_FAIL(scan->err, ZS_E_NOMEM, "out of memory");
	for (int i = 0; i < n && !rc; i++)
		rc = send_key(scan, config, keys[i]);
	if (keys)
		ini_free_attribute_list(keys);
	return rc;
}

static int end_section(struct scan *scan)
{
	struct ini_cfgobj *config = NULL;
	int rc;

	if (scan->place != IN_SECTION || !scan->keys.n)
		return 0;
	if (scan->text.failed)
		ZS_FAIL(scan->err, ZS_E_NOMEM, "out of memory");
	rc = read_all(scan, &config);
	if (!rc)
		rc = send_keys(scan, config);
	ini_config_destroy(config);
	return rc;
}

static int scan_done(struct scan *scan, int rc)
{
	zs_buf_done(&scan->text);
	zs_vec_done(&scan->headers);
	zs_vec_done(&scan->keys);
	return rc;
}

int zs_ini_parse(struct zs_slice text, const struct zs_ini_events *events, struct zs_err *err)
{
	struct scan scan = { .events = events, .err = err };

	if (text.n > ZS_MAX_CONFIG)
		ZS_FAIL(err, ZS_E_CONFIG, "longer than 1 MiB");
	if (zs_slice_starts(text, BOM))
		text = zs_slice_of(text.p + strlen(BOM), text.n - strlen(BOM));
	zs_buf_init(&scan.text, ZS_MAX_CONFIG + sizeof(SECTION) + 2);
	return scan_done(&scan, scan_all(&scan, text));
}
