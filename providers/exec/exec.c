/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugin that has a program of the user make the changes: a bridge to scripts
 * and to hooks of other clients.  Options, and which protocol is spoken.
 */
#include "exec.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdlib.h>

enum { MAX_PATH = 4096,
	MAX_SECRET = 16 * 1024 };

#define NONE \
	{ \
		NULL, 0 \
	}

static const struct zsp_option options[] = {
	{ ZSP_STR("program"), ZSP_OPTION_FILE, 1, NONE, NONE,
		ZSP_STR("Program to run, by its absolute path."), 0, 0 },
	{ ZSP_STR("mode"), ZSP_OPTION_TEXT, 0, ZSP_STR("json"), NONE,
		ZSP_STR("What the program understands: json, lego, lego-raw or certbot."), 0, 0 },
	{ ZSP_STR("cleanup-program"), ZSP_OPTION_FILE, 0, NONE, NONE,
		ZSP_STR("Program that removes a record, in mode certbot, where program only adds."), 0, 0 },
	{ ZSP_STR("arguments"), ZSP_OPTION_TEXT, 0, NONE, NONE,
		ZSP_STR("Arguments that come before those of the mode, comma-separated; a backslash takes the "
			"next character as it is."),
		0, 0 },
	{ ZSP_STR("environment"), ZSP_OPTION_TEXT, 0, NONE, NONE,
		ZSP_STR("Environment of the program, NAME=VALUE, comma-separated as arguments; no secrets."), 0, 0 },
	{ ZSP_STR("environment-secret"), ZSP_OPTION_SECRET, 0, NONE, NONE,
		ZSP_STR("Lines NAME=VALUE that are put into the environment of the program, where others of its "
			"user can read them."),
		0, 0 },
	{ ZSP_STR("secret"), ZSP_OPTION_SECRET, 0, NONE, NONE,
		ZSP_STR("Text that the program gets on its standard input, in mode json."), 0, 0 },
	{ ZSP_STR("read-path"), ZSP_OPTION_FILE, 0, NONE, NONE,
		ZSP_STR("File or directory that the program may read and run, besides the system's programs."), 0, 0 },
	{ ZSP_STR("work-dir"), ZSP_OPTION_DIRECTORY, 0, NONE, NONE,
		ZSP_STR("Directory that the program may write to: its working directory, HOME and TMPDIR."), 0, 0 },
	{ ZSP_STR("program-timeout"), ZSP_OPTION_DURATION, 0, ZSP_STR("60s"), NONE,
		ZSP_STR("Longest time for one run of the program."), 100, 600000 },
};

static const struct exec_mode modes[] = {
	{ "json", json_apply, json_check, json_live, NULL, 0 },
	{ "lego", hooks_apply, NULL, hooks_live, lego_fill, 0 },
	{ "lego-raw", hooks_apply, NULL, hooks_live, lego_raw_fill, 0 },
	{ "certbot", hooks_apply, NULL, hooks_live, certbot_fill, 1 },
};

/* ---- open ---- */

static int32_t bad(const struct exec *self, const char *option, const char *fault)
{
	return zsp_failf(self->host, ZSP_CONFIG, 0, "option %s: %s", option, fault);
}

static int32_t read_mode(struct exec *self, const struct zsp_list *values)
{
	struct zsp_str name = zsp_value_text(values, "mode");

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (zsp_str_is(name, modes[i].name))
			self->mode = &modes[i];
	return self->mode ? ZSP_OK : bad(self, "mode", "it is none of json, lego, lego-raw and certbot");
}

/* Which options go together. */
static int32_t check_mode(const struct exec *self)
{
	if (self->mode->two_programs && !self->cleanup.n)
		return bad(self, "cleanup-program", "mode certbot needs it: what was added must be removed");
	if (!self->mode->two_programs && self->cleanup.n)
		return bad(self, "cleanup-program", "only mode certbot has one; elsewhere the program is told what to do");
	if (self->mode->fill && self->secret.n)
		return bad(self, "secret", "only a program of mode json reads one; the others have environment-secret");
	return ZSP_OK;
}

/* Where a program may write it must not be, or it could change itself. */
static int32_t check_directory(const struct exec *self)
{
	const char *path = zsp_text_str(&self->directory).p;
	struct stat st;

	if (!self->directory.n)
		return ZSP_OK;
	if (stat(path, &st) < 0)
		return zsp_failf(self->host, ZSP_CONFIG, 0, "option work-dir: %s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return zsp_failf(self->host, ZSP_CONFIG, 0, "option work-dir: %s is no directory", path);
	if (access(path, W_OK | X_OK) < 0)
		return zsp_failf(self->host, ZSP_CONFIG, 0, "option work-dir: the user that providers run as (uid %u) may not "
							    "write to %s: give it the directory (chown)",
			(unsigned)geteuid(), path);
	return ZSP_OK;
}

static int32_t is_below(const char *path, const char *directory)
{
	char *file = realpath(path, NULL), *above = realpath(directory, NULL);
	size_t n = above ? strlen(above) : 0;
	int32_t below = file && above && !strncmp(file, above, n) && file[n] == '/';

	free(file);
	free(above);
	return below;
}

static int32_t check_program(const struct exec *self, const char *option, const struct zsp_text *path)
{
	const char *file = zsp_text_str(path).p;

	if (!path->n)
		return ZSP_OK;
	if (self->directory.n && is_below(file, zsp_text_str(&self->directory).p))
		return bad(self, option, "it is in work-dir, where the program could change itself");
	return run_check_file(self->host, option, file);
}

static int32_t check_files(const struct exec *self)
{
	int32_t class = check_directory(self);

	if (class == ZSP_OK)
		class = check_program(self, "program", &self->program);
	if (class == ZSP_OK)
		class = check_program(self, "cleanup-program", &self->cleanup);
	return class;
}

/* What the program starts with; the user's own settings replace it. */
static int32_t base_environment(struct exec *self)
{
	struct zsp_str home = self->directory.n ? zsp_text_str(&self->directory) : zsp_strz("/");

	return env_set(&self->env, "PATH", zsp_strz("/usr/local/bin:/usr/bin:/bin")) &&
		env_set(&self->env, "LANG", zsp_strz("C")) && env_set(&self->env, "HOME", home) &&
		(!self->directory.n || env_set(&self->env, "TMPDIR", home));
}

/* Values of secret lines are hidden one by one: a log shows them without their names. */
static int32_t hide_values(struct exec *self, struct zsp_str lines)
{
	int32_t good = 1;

	while (lines.n && good) {
		struct zsp_str value = zsp_str_cut(&lines, '\n');

		(void)zsp_str_cut(&value, '=');
		value = zsp_str_trim(value);
		if (value.n && *value.p)
			good = words_add(&self->hidden, value);
	}
	return good;
}

static int32_t read_environment(struct exec *self, const struct zsp_list *values)
{
	struct zsp_str secret = zsp_value_text(values, "environment-secret");
	const char *fault;

	if (!base_environment(self))
		return zsp_failf(self->host, ZSP_BUG, 0, "out of memory");
	fault = env_list(&self->env, zsp_value_text(values, "environment"));
	if (fault)
		return bad(self, "environment", fault);
	fault = env_lines(&self->env, secret);
	if (!fault && !hide_values(self, secret))
		fault = "too many lines";
	return fault ? bad(self, "environment-secret", fault) : ZSP_OK;
}

static int32_t read_secret(struct exec *self, const struct zsp_list *values)
{
	zsp_text_add_str(&self->secret, zsp_value_text(values, "secret"));
	if (self->secret.n && !words_add(&self->hidden, zsp_str_trim(zsp_text_str(&self->secret))))
		self->secret.failed = 1;
	return self->secret.failed ? zsp_failf(self->host, ZSP_BUG, 0, "out of memory") : ZSP_OK;
}

static int32_t fill(struct exec *self, const struct zsp_list *values)
{
	int32_t class = read_mode(self, values);
	const char *fault;

	zsp_text_add_str(&self->program, zsp_value_text(values, "program"));
	zsp_text_add_str(&self->cleanup, zsp_value_text(values, "cleanup-program"));
	zsp_text_add_str(&self->directory, zsp_value_text(values, "work-dir"));
	self->timeout_ms = zsp_value_number(values, "program-timeout", 60000);
	if (self->program.failed || self->cleanup.failed || self->directory.failed)
		return zsp_failf(self->host, ZSP_CONFIG, 0, "a path is longer than %d octets", MAX_PATH);
	fault = words_split(zsp_value_text(values, "arguments"), &self->arguments);
	if (fault)
		return bad(self, "arguments", fault);
	if (class == ZSP_OK)
		class = read_environment(self, values);
	if (class == ZSP_OK)
		class = read_secret(self, values);
	if (class == ZSP_OK)
		class = check_mode(self);
	return class == ZSP_OK ? check_files(self) : class;
}

static void exec_close(void *instance)
{
	struct exec *self = instance;

	if (!self)
		return;
	zsp_text_done(&self->program);
	zsp_text_done(&self->cleanup);
	zsp_text_done(&self->directory);
	zsp_text_done(&self->secret);
	words_done(&self->arguments);
	words_done(&self->env);
	words_done(&self->hidden);
	past_done(&self->past);
	free(self);
}

static int32_t exec_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	struct exec *self = calloc(1, sizeof(*self));
	int32_t class;

	if (!self)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	self->host = host;
	self->program.max = self->cleanup.max = self->directory.max = MAX_PATH;
	self->secret = (struct zsp_text)ZSP_TEXT_SECRET(MAX_SECRET);
	class = fill(self, values);
	if (class == ZSP_OK)
		*ret_instance = self;
	else
		exec_close(self);
	return class;
}

/* ---- the rest ---- */

static int32_t exec_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct exec *self = instance;

	return self->mode->apply(self, *zone, changes);
}

static int32_t exec_check(void *instance, const struct zsp_list *zones)
{
	struct exec *self = instance;
	int32_t class = check_files(self);

	return class == ZSP_OK && self->mode->check ? self->mode->check(self, zones) : class;
}

static int32_t exec_live(void *instance, const struct zsp_str *zone, const struct zsp_str *ticket, int32_t *ret_live)
{
	struct exec *self = instance;

	return self->mode->live(self, *zone, *ticket, ret_live);
}

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_BATCH | ZSP_FLAG_NEEDS_ZONE_LOCK | ZSP_FLAG_EXECS),
	.name = ZSP_STR("exec"),
	.summary = ZSP_STR("Has a program make the changes: a script, or a hook of another client"),
	.options = ZSP_LIST(options),
	.max_changes = EXEC_CHANGES,
	.permissions = ZSP_STR("What the program does with its own credentials. It runs as the user that providers run as, may "
			       "read and run the system's programs, itself and read-path, and writes to work-dir only."),
	.open = exec_open,
	.apply = exec_apply,
	.live = exec_live,
	.check = exec_check,
	.close = exec_close,
};

ZSP_PLUGIN(provider)
