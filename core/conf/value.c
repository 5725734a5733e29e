/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each type: parse, print, presence, end.  Values are checked here
 * by themselves; what they have to do with each other is finish.c's.
 */
#include "conf/value.h"

#include <stdlib.h>
#include <string.h>

#include "conf/lists.h"
#include "conf/syntax.h"

enum { SHOWN = 80 };

#define SHOW(slice) (int)((slice).n < SHOWN ? (slice).n : SHOWN), (const char *)(slice).p

struct task {
	const struct zs_conf_option *option;
	void *at; /* the member */
	struct zs_slice text;
	struct zs_buf *why;
};

static bool wrong(const struct task *task, const char *why)
{
	zs_buf_addf(task->why, "\"%.*s\": %s", SHOW(task->text), why);
	return false;
}

/* ---- texts ---- */

static bool keep(const struct task *task, struct zs_slice text)
{
	char *copy = zs_slice_dup(text);
	char **at = task->at;

	if (!copy)
		return wrong(task, "out of memory, or a NUL octet");
	free(*at);
	*at = copy;
	return true;
}

static bool keep_checked(const struct task *task, const char *why)
{
	return why ? wrong(task, why) : keep(task, task->text);
}

static bool parse_text(const struct task *task)
{
	return keep_checked(task, zs_conf_check_text(task->text));
}

static bool parse_word(const struct task *task)
{
	bool good = zs_slice_is_graph(task->text) && task->text.n <= ZS_CONF_MAX_TEXT;

	return keep_checked(task, good ? NULL : "not one word of printable ASCII");
}

static bool parse_id(const struct task *task)
{
	return keep_checked(task, zs_id_ok(task->text) ? NULL : "not a name (letters, digits, . _ -, at most 64)");
}

static bool parse_directory(const struct task *task)
{
	char name[ZS_MAX_ID + 1];
	const char *url = zs_slice_copy(task->text, name, sizeof(name)) ? zs_conf_shortcode(name) : NULL;

	if (url)
		return keep(task, zs_slice_str(url));
	if (!memchr(task->text.p, ':', task->text.n))
		return wrong(task, "neither an https:// URL nor a shortcode such as letsencrypt");
	return keep_checked(task, zs_conf_check_https(task->text));
}

static bool parse_proxy(const struct task *task)
{
	return keep_checked(task, zs_conf_check_proxy(task->text));
}

static bool parse_path(const struct task *task)
{
	return keep_checked(task, zs_conf_check_path(task->text));
}

static bool parse_group(const struct task *task)
{
	bool good = zs_id_ok(task->text) && task->text.p[0] != '-';

	return keep_checked(task, good ? NULL : "not the name of a group");
}

static bool parse_plugin(const struct task *task)
{
	if (memchr(task->text.p, '/', task->text.n))
		return parse_path(task);
	return keep_checked(task, zs_id_ok(task->text) ? NULL : "neither the name of a plugin nor an absolute path");
}

static void print_text(const void *at, struct zs_buf *dst)
{
	zs_buf_add_str(dst, *(char *const *)at);
}

static bool has_text(const void *at)
{
	return *(char *const *)at != NULL;
}

static void clear_text(void *at)
{
	char **text = at;

	free(*text);
	*text = NULL;
}

/* ---- key types ---- */

/* The first of a row's words is ours, the others are what people know. */
static const char *const key_types[][8] = {
	{ "ec256", "p256", "p-256", "ec-256", "256", "ecdsa", "prime256v1", "secp256r1" },
	{ "ec384", "p384", "p-384", "ec-384", "384", "secp384r1" },
	{ "rsa2048", "2048", "rsa-2048", "rsa:2048", "rsa" },
	{ "rsa3072", "3072", "rsa-3072", "rsa:3072" },
	{ "rsa4096", "4096", "rsa-4096", "rsa:4096" },
};

static bool parse_key_type(const struct task *task)
{
	for (size_t i = 0; i < ZS_COUNT(key_types); i++)
		for (size_t j = 0; j < ZS_COUNT(key_types[i]) && key_types[i][j]; j++)
			if (zs_slice_eq_nocase(task->text, key_types[i][j]))
				return keep(task, zs_slice_str(key_types[i][0]));
	return wrong(task, "not a key type: ec256, ec384, rsa2048, rsa3072 or rsa4096");
}

/* ---- booleans and numbers ---- */

static const struct {
	const char *word;
	bool value;
} booleans[] = {
	{ "yes", true }, { "no", false }, { "true", true }, { "false", false },
	{ "on", true }, { "off", false }, { "1", true }, { "0", false },
};

static bool parse_boolean(const struct task *task)
{
	for (size_t i = 0; i < ZS_COUNT(booleans); i++)
		if (zs_slice_eq_nocase(task->text, booleans[i].word)) {
			*(bool *)task->at = booleans[i].value;
			return true;
		}
	return wrong(task, "neither yes nor no");
}

static void print_boolean(const void *at, struct zs_buf *dst)
{
	zs_buf_add_str(dst, *(const bool *)at ? "yes" : "no");
}

static bool has_boolean(const void *at)
{
	(void)at;
	return true;
}

static void clear_boolean(void *at)
{
	*(bool *)at = false;
}

static bool parse_integer(const struct task *task)
{
	const struct zs_conf_option *option = task->option;
	uint64_t value;

	if (!zs_slice_u64(task->text, option->max, &value) || value < option->min) {
		zs_buf_addf(task->why, "\"%.*s\": not a number in %u..%u", SHOW(task->text), (unsigned)option->min,
			(unsigned)option->max);
		return false;
	}
	*(uint32_t *)task->at = (uint32_t)value;
	return true;
}

static const struct {
	uint64_t ms;
	const char *suffix;
} units[] = {
	{ UINT64_C(86400000), "d" },
	{ 3600000, "h" },
	{ 60000, "m" },
	{ 1000, "s" },
	{ 1, "ms" },
};

static void print_ms(uint64_t ms, struct zs_buf *dst)
{
	size_t i = 0;

	while (ms % units[i].ms)
		i++;
	zs_buf_addf(dst, "%llu%s", (unsigned long long)(ms / units[i].ms), units[i].suffix);
}

static bool read_ms(const struct task *task, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t ms;

	if (!zs_slice_duration_ms(task->text, UINT64_MAX / 2, &ms))
		return wrong(task, "not a duration such as 500ms, 30s, 5m, 2h or 90d");
	if (ms < min || ms > max) {
		zs_buf_addf(task->why, "\"%.*s\": not between ", SHOW(task->text));
		print_ms(min, task->why);
		zs_buf_add_str(task->why, " and ");
		print_ms(max, task->why);
		return false;
	}
	*ret = ms;
	return true;
}

static bool parse_duration(const struct task *task)
{
	return read_ms(task, task->option->min, task->option->max, task->at);
}

static bool parse_seconds(const struct task *task)
{
	uint64_t ms;

	if (!read_ms(task, task->option->min * 1000, task->option->max * 1000, &ms))
		return false;
	if (ms % 1000)
		return wrong(task, "not whole seconds");
	*(uint32_t *)task->at = (uint32_t)(ms / 1000);
	return true;
}

static void print_integer(const void *at, struct zs_buf *dst)
{
	zs_buf_addf(dst, "%u", *(const uint32_t *)at);
}

static void print_seconds(const void *at, struct zs_buf *dst)
{
	const uint32_t *seconds = at;

	print_ms(*seconds * UINT64_C(1000), dst);
}

static void print_duration(const void *at, struct zs_buf *dst)
{
	print_ms(*(const uint64_t *)at, dst);
}

static bool has_u32(const void *at)
{
	return *(const uint32_t *)at != 0;
}

static void clear_u32(void *at)
{
	*(uint32_t *)at = 0;
}

static bool has_u64(const void *at)
{
	return *(const uint64_t *)at != 0;
}

static void clear_u64(void *at)
{
	*(uint64_t *)at = 0;
}

/* ---- lists ---- */

static bool parse_addresses(const struct task *task)
{
	return zs_conf_list_addresses(task->text, task->at, task->why);
}

static bool parse_origins(const struct task *task)
{
	return zs_conf_list_origins(task->text, task->at, task->why);
}

static bool parse_contacts(const struct task *task)
{
	return zs_conf_list_contacts(task->text, task->at, task->why);
}

static bool parse_names(const struct task *task)
{
	return zs_conf_list_names(task->text, task->at, task->why);
}

static void print_strings(const void *at, struct zs_buf *dst)
{
	zs_conf_strings_print(at, dst);
}

static bool has_strings(const void *at)
{
	return ((const zs_strings *)at)->n != 0;
}

static void clear_strings(void *at)
{
	zs_conf_strings_done(at);
}

static void print_names(const void *at, struct zs_buf *dst)
{
	zs_conf_names_print(at, dst);
}

static bool has_names(const void *at)
{
	return ((const zs_names *)at)->n != 0;
}

static void clear_names(void *at)
{
	zs_names *names = at;

	zs_vec_done(names);
}

/* ---- propagation ---- */

static const char *const policies[] = {
	[ZS_CONF_POLICY_ALL] = "all",
	[ZS_CONF_POLICY_NAMES] = "names",
	[ZS_CONF_POLICY_QUORUM] = "quorum",
	[ZS_CONF_POLICY_ANY] = "any",
	[ZS_CONF_POLICY_PROVIDER] = "provider",
	[ZS_CONF_POLICY_SLEEP] = "sleep",
};
_Static_assert(ZS_COUNT(policies) == ZS_CONF_POLICY__COUNT, "one word per policy");

static bool parse_quorum(const struct task *task, struct zs_slice argument, struct zs_conf_propagation *ret)
{
	uint64_t percent;

	if (!zs_slice_ends(argument, "%") ||
		!zs_slice_u64(zs_slice_of(argument.p, argument.n - 1), 100, &percent) || !percent)
		return wrong(task, "not quorum=N% with N in 1..100");
	ret->percent = (uint32_t)percent;
	return true;
}

static bool parse_sleep(const struct task *task, struct zs_slice argument, struct zs_conf_propagation *ret)
{
	uint64_t ms;

	if (!zs_slice_duration_ms(argument, UINT64_C(86400000), &ms) || !ms)
		return wrong(task, "not sleep=T with a duration up to 1d");
	ret->sleep_ms = ms;
	return true;
}

static bool parse_policy(const struct task *task)
{
	struct zs_slice rest = task->text, word = zs_slice_trim(zs_slice_cut(&rest, '='));
	bool argument = memchr(task->text.p, '=', task->text.n) != NULL;
	struct zs_conf_propagation *at = task->at, new = *at;
	bool good = true;
	int i = 0;

	while (i < ZS_CONF_POLICY__COUNT && !zs_slice_eq_str(word, policies[i]))
		i++;
	new.policy = i;
	new.percent = 0;
	new.sleep_ms = 0;
	if (i == ZS_CONF_POLICY_QUORUM)
		good = parse_quorum(task, zs_slice_trim(rest), &new);
	else if (i == ZS_CONF_POLICY_SLEEP)
		good = parse_sleep(task, zs_slice_trim(rest), &new);
	else if (i == ZS_CONF_POLICY__COUNT || argument)
		return wrong(task, "not a policy: all, names, any, provider, quorum=N% or sleep=T");
	if (good)
		*at = new;
	return good;
}

static void print_policy(const void *at, struct zs_buf *dst)
{
	const struct zs_conf_propagation *propagation = at;

	zs_buf_add_str(dst, policies[propagation->policy]);
	if (propagation->policy == ZS_CONF_POLICY_QUORUM)
		zs_buf_addf(dst, "=%u%%", propagation->percent);
	if (propagation->policy != ZS_CONF_POLICY_SLEEP)
		return;
	zs_buf_add_byte(dst, '=');
	print_ms(propagation->sleep_ms, dst);
}

static bool has_policy(const void *at)
{
	return ((const struct zs_conf_propagation *)at)->policy != ZS_CONF_POLICY_UNSET;
}

static void clear_policy(void *at)
{
	struct zs_conf_propagation *propagation = at;

	propagation->policy = ZS_CONF_POLICY_UNSET;
	propagation->percent = 0;
	propagation->sleep_ms = 0;
}

/* ---- places of secrets ---- */

static const enum zs_secret_kind secret_kinds[ZS_CONF_TYPE__COUNT] = {
	[ZS_CONF_SECRET_FILE] = ZS_SECRET_FILE,
	[ZS_CONF_SECRET_CREDENTIAL] = ZS_SECRET_CREDENTIAL,
	[ZS_CONF_SECRET_ENV] = ZS_SECRET_ENV,
};

static bool parse_secret(const struct task *task, const char *why)
{
	struct zs_secret_ref *ref = task->at;
	struct task inner = *task;

	inner.at = &ref->text;
	if (!keep_checked(&inner, why))
		return false;
	ref->kind = secret_kinds[task->option->type];
	return true;
}

static bool parse_secret_file(const struct task *task)
{
	return parse_secret(task, zs_conf_check_path(task->text));
}

/* systemd's names are plain file names; zs_id_ok with more length would do, but 64 is plenty. */
static bool parse_secret_credential(const struct task *task)
{
	return parse_secret(task, zs_id_ok(task->text) ? NULL : "not the name of a credential");
}

static bool parse_secret_env(const struct task *task)
{
	return parse_secret(task, zs_conf_check_variable(task->text));
}

static void print_secret(const void *at, struct zs_buf *dst)
{
	zs_buf_add_str(dst, ((const struct zs_secret_ref *)at)->text);
}

static bool has_secret(const void *at)
{
	return ((const struct zs_secret_ref *)at)->kind != ZS_SECRET_NONE;
}

static void clear_secret(void *at)
{
	struct zs_secret_ref *ref = at;

	free(ref->text);
	*ref = (struct zs_secret_ref){ .kind = ZS_SECRET_NONE };
}

/* ---- the table ---- */

#define TEXT_LIKE(parser) { parser, print_text, has_text, clear_text }
#define STRINGS_LIKE(parser) { parser, print_strings, has_strings, clear_strings }
#define SECRET_LIKE(parser) { parser, print_secret, has_secret, clear_secret }

static const struct type {
	bool (*parse)(const struct task *task);
	void (*print)(const void *at, struct zs_buf *dst);
	bool (*has)(const void *at);
	void (*clear)(void *at);
} types[] = {
	[ZS_CONF_TEXT] = TEXT_LIKE(parse_text),
	[ZS_CONF_WORD] = TEXT_LIKE(parse_word),
	[ZS_CONF_ID] = TEXT_LIKE(parse_id),
	[ZS_CONF_DIRECTORY] = TEXT_LIKE(parse_directory),
	[ZS_CONF_ORIGINS] = STRINGS_LIKE(parse_origins),
	[ZS_CONF_PROXY] = TEXT_LIKE(parse_proxy),
	[ZS_CONF_CONTACTS] = STRINGS_LIKE(parse_contacts),
	[ZS_CONF_BOOLEAN] = { parse_boolean, print_boolean, has_boolean, clear_boolean },
	[ZS_CONF_INTEGER] = { parse_integer, print_integer, has_u32, clear_u32 },
	[ZS_CONF_SECONDS] = { parse_seconds, print_seconds, has_u32, clear_u32 },
	[ZS_CONF_DURATION] = { parse_duration, print_duration, has_u64, clear_u64 },
	[ZS_CONF_NAMES] = { parse_names, print_names, has_names, clear_names },
	[ZS_CONF_ADDRESSES] = STRINGS_LIKE(parse_addresses),
	[ZS_CONF_POLICY] = { parse_policy, print_policy, has_policy, clear_policy },
	[ZS_CONF_KEY_TYPE] = TEXT_LIKE(parse_key_type),
	[ZS_CONF_PATH] = TEXT_LIKE(parse_path),
	[ZS_CONF_GROUP] = TEXT_LIKE(parse_group),
	[ZS_CONF_PLUGIN] = TEXT_LIKE(parse_plugin),
	[ZS_CONF_SECRET_FILE] = SECRET_LIKE(parse_secret_file),
	[ZS_CONF_SECRET_CREDENTIAL] = SECRET_LIKE(parse_secret_credential),
	[ZS_CONF_SECRET_ENV] = SECRET_LIKE(parse_secret_env),
};
_Static_assert(ZS_COUNT(types) == ZS_CONF_TYPE__COUNT, "one row per type");

static void *member(const struct zs_conf_option *option, void *item)
{
	return (char *)item + option->offset;
}

static const void *const_member(const struct zs_conf_option *option, const void *item)
{
	return (const char *)item + option->offset;
}

bool zs_conf_value_set(const struct zs_conf_option *option, void *item, struct zs_slice text, struct zs_buf *why)
{
	const struct task task = { .option = option, .at = member(option, item), .text = zs_slice_trim(text), .why = why };

	if (task.text.n)
		return types[option->type].parse(&task);
	zs_buf_add_str(why, "has no value; remove it to get the default");
	return false;
}

void zs_conf_value_print(const struct zs_conf_option *option, const void *item, struct zs_buf *dst)
{
	types[option->type].print(const_member(option, item), dst);
}

/* Three options share the reference of a secret: the one of its kind has it. */
bool zs_conf_value_has(const struct zs_conf_option *option, const void *item)
{
	const void *at = const_member(option, item);
	enum zs_secret_kind kind = secret_kinds[option->type];

	if (kind && ((const struct zs_secret_ref *)at)->kind != kind)
		return false;
	return types[option->type].has(at);
}

void zs_conf_value_clear(const struct zs_conf_option *option, void *item)
{
	types[option->type].clear(member(option, item));
}
