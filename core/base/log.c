/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging of one process: level, role, secrets to hide, and the sink.  This is
 * the one file with state of its own.  It does not rotate, buffer or send:
 * the sink of a child (ipc) turns a line into a message to front.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum {
	MAX_RAW = 64 * 1024, /* a longer message is replaced, not cut, since
				 * half a secret would escape the search */
	MAX_TEXT = 4096, /* what comes out, cut between characters */
	MAX_SECRETS = 32,
	MIN_SECRET = 6
};

static struct {
	const char *role;
	const char *instance;
	zs_log_sink *sink;
	void *user;
	enum zs_level max;
	bool in_sink;
	size_t nsecrets;
	struct zs_buf secrets[MAX_SECRETS];
} state = { .role = "", .instance = "", .max = ZS_LOG_INFO };

static const char not_shown[] = "[not shown: too long, or no memory]";

static const char *const level_names[] = {
	[ZS_LOG_ERROR] = "error",
	[ZS_LOG_WARN] = "warn",
	[ZS_LOG_INFO] = "info",
	[ZS_LOG_DEBUG] = "debug",
	[ZS_LOG_TRACE] = "trace",
};
_Static_assert(ZS_COUNT(level_names) == ZS_LOG__COUNT, "one name per level");

const char *zs_level_name(enum zs_level level)
{
	return (size_t)level < ZS_COUNT(level_names) ? level_names[level]
						     : "error";
}

bool zs_level_by_name(struct zs_slice name, enum zs_level *ret)
{
	for (size_t i = 0; i < ZS_COUNT(level_names); i++) {
		if (!zs_slice_eq_str(name, level_names[i]))
			continue;
		*ret = (enum zs_level)i;
		return true;
	}
	return false;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void zs_log_setup(const char *role, const char *instance, zs_log_sink *sink,
	void *user)
{
	state.role = or_empty(role);
	state.instance = or_empty(instance);
	state.sink = sink;
	state.user = user;
}

void zs_log_level(enum zs_level max)
{
	state.max = max;
}

bool zs_log_on(enum zs_level level)
{
	return level <= state.max;
}

static bool is_known(struct zs_slice secret)
{
	for (size_t i = 0; i < state.nsecrets; i++)
		if (zs_slice_eq(secret, zs_buf_slice(&state.secrets[i])))
			return true;
	return false;
}

void zs_log_redact(struct zs_slice secret)
{
	struct zs_buf *copy = &state.secrets[state.nsecrets];

	if (secret.n < MIN_SECRET || state.nsecrets == MAX_SECRETS ||
		is_known(secret))
		return;
	zs_buf_init_secret(copy, secret.n);
	zs_buf_add_slice(copy, secret);
	if (copy->failed)
		zs_buf_done(copy);
	else
		state.nsecrets++;
}

/* Length of the longest secret that starts here, 0 when none does. */
static size_t secret_at(struct zs_slice s)
{
	size_t longest = 0;

	for (size_t i = 0; i < state.nsecrets; i++) {
		struct zs_slice secret = zs_buf_slice(&state.secrets[i]);

		if (secret.n > longest && secret.n <= s.n &&
			!memcmp(s.p, secret.p, secret.n))
			longest = secret.n;
	}
	return longest;
}

/* Secrets that overlap are hidden together, so that no tail is left. */
static void hide_secrets(struct zs_buf *dst, struct zs_slice s)
{
	size_t hidden_to = 0;

	for (size_t i = 0; i < s.n; i++) {
		size_t n = secret_at(zs_slice_of(s.p + i, s.n - i));

		if (i + n > hidden_to && n) {
			if (i >= hidden_to)
				zs_buf_add_str(dst, "[redacted]");
			hidden_to = i + n;
		}
		if (i >= hidden_to)
			zs_buf_add_byte(dst, s.p[i]);
	}
}

static void clean_byte(struct zs_buf *dst, uint8_t byte)
{
	zs_buf_addf(dst, "\\x%02x", byte);
}

void zs_clean(struct zs_buf *dst, struct zs_slice raw, bool keep_lf)
{
	while (raw.n && !dst->failed) {
		uint32_t point = 0;
		size_t n = zs_utf8_next(raw, &point);

		if (!n || (n == 1 && zs_utf8_is_unsafe(point) && !(keep_lf && point == '\n')))
			clean_byte(dst, raw.p[0]);
		else if (n > 1 && zs_utf8_is_unsafe(point))
			zs_buf_addf(dst, "\\u{%04x}", point);
		else
			zs_buf_add(dst, raw.p, n);
		n = n ? n : 1;
		raw = zs_slice_of(raw.p + n, raw.n - n);
	}
}

/* Hides, then cleans: an escape could split a secret. What does not fit into
 * dst is cut. */
static void add_harmless(struct zs_buf *dst, struct zs_slice raw)
{
	struct zs_buf hidden = ZS_BUF_SECRET(2 * MAX_RAW);

	hide_secrets(&hidden, raw);
	if (hidden.failed)
		zs_buf_add_str(dst, not_shown);
	else
		zs_clean(dst, zs_buf_slice(&hidden), false);
	zs_buf_done(&hidden);
}

/* A buffer on a caller's array: cut when full, never allocated. */
static struct zs_buf on_array(char *array, size_t size)
{
	array[0] = 0;
	return (struct zs_buf){ .data = (uint8_t *)array, .cap = size - 1, .max = size - 1 };
}

static void write_all(struct zs_slice s)
{
	while (s.n) {
		ssize_t n = write(STDERR_FILENO, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		s = zs_slice_of(s.p + n, s.n - (size_t)n);
	}
}

static void add_stamp(struct zs_buf *dst)
{
	struct zs_clock *clock = zs_clock_system();
	int64_t ms = clock->wall_ms(clock);
	char stamp[ZS_TIME_TEXT];

	zs_time_print(ms / 1000, stamp);
	zs_buf_add(dst, stamp, strcspn(stamp, "Z"));
	zs_buf_addf(dst, ".%03dZ ", (int)(ms % 1000));
}

static void add_origin(struct zs_buf *dst, const struct zs_log_line *line)
{
	const char *instance = or_empty(line->instance);
	const char *job = or_empty(line->job);

	zs_buf_addf(dst, "%-5s ", zs_level_name(line->level));
	zs_clean(dst, zs_slice_str(or_empty(line->role)), false);
	if (*instance) {
		zs_buf_add_byte(dst, '[');
		zs_clean(dst, zs_slice_str(instance), false);
		zs_buf_add_byte(dst, ']');
	}
	if (*job) {
		zs_buf_add_str(dst, " job=");
		zs_clean(dst, zs_slice_str(job), false);
	}
	zs_buf_add_byte(dst, ' ');
}

void zs_log_print(const struct zs_log_line *line)
{
	char text[MAX_TEXT + 1024];
	struct zs_buf buf = on_array(text, sizeof(text) - 1);
	int saved = errno;

	/* Cleaned again: the line may come from a process that was taken over. */
	add_stamp(&buf);
	add_origin(&buf, line);
	add_harmless(&buf, zs_slice_str(or_empty(line->text)));
	text[buf.len++] = '\n';
	write_all(zs_buf_slice(&buf));
	errno = saved;
}

/* A sink that logs itself must not be called again: its line goes to stderr. */
static void emit(const struct zs_log_line *line)
{
	if (!state.sink || state.in_sink) {
		zs_log_print(line);
		return;
	}
	state.in_sink = true;
	state.sink(line, state.user);
	state.in_sink = false;
}

static struct zs_slice without_line_end(struct zs_slice s)
{
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

/* The line with job and text made harmless. */
static void emit_clean(struct zs_log_line line, struct zs_slice raw)
{
	char text[MAX_TEXT], job[ZS_MAX_ID + 1];
	struct zs_buf text_buf = on_array(text, sizeof(text));
	struct zs_buf job_buf = on_array(job, sizeof(job));

	zs_clean(&job_buf, zs_slice_str(line.job), false);
	add_harmless(&text_buf, without_line_end(raw));
	line.job = zs_buf_str(&job_buf);
	line.text = zs_buf_str(&text_buf);
	emit(&line);
}

void zs_log_forward(const struct zs_log_line *line)
{
	int saved = errno;

	if (zs_log_on(line->level))
		emit_clean(*line, zs_slice_str(line->text));
	errno = saved;
}

void zs_log(enum zs_level level, const char *job, const char *fmt, ...)
{
	const struct zs_log_line line = { level, state.role, state.instance, job, NULL };
	struct zs_buf raw = ZS_BUF_SECRET(MAX_RAW);
	int saved = errno;
	va_list ap;

	if (!zs_log_on(level))
		return;
	va_start(ap, fmt);
	zs_buf_vaddf(&raw, fmt, ap);
	va_end(ap);
	if (raw.failed)
		emit_clean(line, zs_slice_str(not_shown));
	else
		emit_clean(line, zs_buf_slice(&raw));
	zs_buf_done(&raw);
	errno = saved;
}
