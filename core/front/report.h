/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command says at its end: errors as text and as JSON, one JSON document
 * on standard output, and the results of a run in both forms.
 */
#ifndef ZS_FRONT_REPORT_H
#define ZS_FRONT_REPORT_H

#include "base/jsonout.h"
#include "front/cli.h"
#include "front/run.h"

enum { ZS_REPORT_MAX = 16 * 1024 * 1024 };

/* ---- talk: standard error, nothing with -q ---- */

void zs_say(const struct zs_cli *cli, const char *fmt, ...) ZS_PRINTF(2, 3);
/* Data: standard output, nothing with --json (the document is the data there). */
void zs_data(const struct zs_cli *cli, const char *fmt, ...) ZS_PRINTF(2, 3);
/* The same for lines that a plugin gave, where a tab has a meaning. */
void zs_data_lines(const struct zs_cli *cli, struct zs_slice text);
/* True while standard output took everything; else says so. */
bool zs_data_ok(void);

/* ---- errors ---- */

/* Appends what happened, where, its parts and what to do next, in lines that are safe for a
 * terminal; about is put in front (a certificate's name), may be NULL. */
void zs_report_err_text(struct zs_buf *dst, const char *about, const struct zs_err *err);
/* The error object; null where the code is 0. */
void zs_report_err_json(struct zs_json_out *out, const char *key, const struct zs_err *err);
/* Ends a command that failed as a whole: text on standard error, or the document. The exit code. */
int zs_report_failure(const struct zs_cli *cli, const struct zs_err *err);

/* ---- the document of --json ---- */

struct zs_document {
	struct zs_buf buf;
	struct zs_json_out out;
};

void zs_document_begin(struct zs_document *doc, const struct zs_cli *cli);
/* Adds error and exit_code, writes it out. The exit code, which changes where that fails. */
int zs_document_end(struct zs_document *doc, int exit_code, const struct zs_err *err);

/* ---- a run ---- */

/* The end of issue (and of check --live: checking): text or document. The exit code. */
int zs_report_run(const struct zs_cli *cli, const struct zs_run *run, bool checking);
/* One record that was left behind, as an item of an array. */
void zs_report_left_json(struct zs_json_out *out, const struct zs_run_left *left);
void zs_report_left_text(struct zs_buf *dst, const struct zs_run_left *left);
void zs_report_names_json(struct zs_json_out *out, const char *key, const struct zs_name *names, size_t n);

#endif
