/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging.  One line per event: time level role[instance] job message key=value.
 * In a child the sink is fd 3 (the line travels to front as a message); in
 * front it is stderr.  Control bytes, escapes and bidi marks never pass; text
 * registered with zs_log_redact() comes out as "[redacted]".
 */
#ifndef ZS_BASE_LOG_H
#define ZS_BASE_LOG_H

#include "base/defs.h"
#include "base/slice.h"

enum zs_level { ZS_LOG_ERROR, ZS_LOG_WARN, ZS_LOG_INFO, ZS_LOG_DEBUG, ZS_LOG_TRACE, ZS_LOG__COUNT };

struct zs_log_line {
	enum zs_level level;
	const char *role;	/* "engine" */
	const char *instance;	/* "corp-bind" or "" */
	const char *job;	/* certificate name or "" */
	const char *text;	/* already clean */
};

typedef void zs_log_sink(const struct zs_log_line *line, void *user);

/* The role and instance of this process and where lines go; NULL sink = stderr. */
void zs_log_setup(const char *role, const char *instance, zs_log_sink *sink, void *user);
void zs_log_level(enum zs_level max);
bool zs_log_on(enum zs_level level);
/* Values that must never appear (secrets); copied, at most 32, shorter than 6 octets ignored. */
void zs_log_redact(struct zs_slice secret);
void zs_log(enum zs_level level, const char *job, const char *fmt, ...) ZS_PRINTF(3, 4);
/* A line of another process: cleaned, and to the sink where its level is on. */
void zs_log_forward(const struct zs_log_line *line);
/* Writes a line (of this or another process) to stderr in the text form. */
void zs_log_print(const struct zs_log_line *line);
const char *zs_level_name(enum zs_level level);
bool zs_level_by_name(struct zs_slice name, enum zs_level *ret);

#define zs_error(job, ...) zs_log(ZS_LOG_ERROR, (job), __VA_ARGS__)
#define zs_warn(job, ...) zs_log(ZS_LOG_WARN, (job), __VA_ARGS__)
#define zs_info(job, ...) zs_log(ZS_LOG_INFO, (job), __VA_ARGS__)
#define zs_debug(job, ...) do { if (zs_log_on(ZS_LOG_DEBUG)) zs_log(ZS_LOG_DEBUG, (job), __VA_ARGS__); } while (0)
#define zs_trace(job, ...) do { if (zs_log_on(ZS_LOG_TRACE)) zs_log(ZS_LOG_TRACE, (job), __VA_ARGS__); } while (0)

struct zs_buf;
/* Appends text from outside made harmless: C0/C1 controls, DEL, invalid UTF-8,
 * bidi and zero-width marks become "\\xNN" or "\\u{NNNN}". keep_lf keeps LF. */
void zs_clean(struct zs_buf *dst, struct zs_slice raw, bool keep_lf);

#endif
