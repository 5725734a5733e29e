/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/report.h: what a run brought, for people and for programs.
 */
#include "front/report.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "front/due.h"

enum { TEXT_MAX = 256 * 1024 };

/* ---- small parts ---- */

void zs_report_names_json(struct zs_json_out *out, const char *key, const struct zs_name *names, size_t n)
{
	char text[ZS_MAX_NAME + 3];

	zs_jout_array(out, key);
	for (size_t i = 0; i < n; i++) {
		zs_name_print(&names[i], text);
		zs_jout_str(out, NULL, text);
	}
	zs_jout_end(out, ']');
}

static void text_or_null(struct zs_json_out *out, const char *key, const char *text)
{
	if (*text)
		zs_jout_str(out, key, text);
	else
		zs_jout_null(out, key);
}

static void date(int64_t unix_seconds, char dst[static ZS_TIME_TEXT])
{
	zs_time_print(unix_seconds, dst);
	dst[strcspn(dst, "T")] = 0;
}

static const char *state_name(const struct zs_run_job *job, bool dry_run)
{
	if (job->err.code)
		return "failed";
	if (job->skipped)
		return "skipped";
	return dry_run ? "dry-run" : "issued";
}

/* ---- records of dead runs ---- */

void zs_report_left_json(struct zs_json_out *out, const struct zs_run_left *left)
{
	char id[24];

	/* 64 bits do not fit what JSON readers make of a number */
	snprintf(id, sizeof(id), "%llu", (unsigned long long)left->id);
	zs_jout_object(out, NULL);
	zs_jout_str(out, "id", id);
	zs_jout_str(out, "certificate", left->certificate);
	zs_jout_str(out, "instance", left->instance);
	zs_jout_str(out, "provider", left->provider);
	zs_jout_str(out, "zone", left->zone.text);
	zs_jout_str(out, "name", left->name.text);
	zs_jout_str(out, "value", left->value);
	zs_jout_time(out, "added", left->added);
	zs_jout_bool(out, "live", left->live);
	zs_jout_bool(out, "removed", left->removed);
	zs_report_err_json(out, "error", &left->err);
	zs_jout_end(out, '}');
}

void zs_report_left_text(struct zs_buf *dst, const struct zs_run_left *left)
{
	char when[ZS_TIME_TEXT];

	zs_time_print(left->added, when);
	if (left->removed) {
		zs_buf_addf(dst, "removed the record %s TXT \"%s\", left by a run for %s\n", left->name.text, left->value, left->certificate);
		return;
	}
	zs_buf_addf(dst, "%s TXT \"%s\"\n  entry %llu of %s, written %s by %s%s\n", left->name.text, left->value,
		    (unsigned long long)left->id, left->certificate, when, left->instance,
		    left->live ? ", belongs to a run that is alive" : "");
	if (left->err.code)
		zs_report_err_text(dst, "  not removed", &left->err);
	if (left->err.code)
		zs_buf_addf(dst, "  by hand: remove that value in zone %s, then `zoneseal gc --forget %llu`\n", left->zone.text,
			    (unsigned long long)left->id);
}

static void lefts_json(struct zs_json_out *out, const struct zs_run *run)
{
	zs_jout_array(out, "cleaned");
	for (size_t i = 0; i < zs_run_nleft(run); i++)
		zs_report_left_json(out, zs_run_left(run, i));
	zs_jout_end(out, ']');
}

static void lefts_text(struct zs_buf *dst, const struct zs_run *run)
{
	for (size_t i = 0; i < zs_run_nleft(run); i++)
		if (!zs_run_left(run, i)->live)
			zs_report_left_text(dst, zs_run_left(run, i));
}

/* ---- jobs as JSON ---- */

static void routes_json(struct zs_json_out *out, const struct zs_run_job *job)
{
	zs_jout_array(out, "routes");
	for (size_t i = 0; i < job->routes.n; i++) {
		const struct zs_msg_route *route = &job->routes.items[i];
		zs_jout_object(out, NULL);
		zs_jout_str(out, "identifier", route->identifier.text);
		zs_jout_str(out, "effective", route->effective.text);
		zs_jout_str(out, "zone", route->zone.text);
		zs_jout_slice(out, "instance", route->instance);
		zs_jout_str(out, "propagation", zs_policy_name((enum zs_policy)route->policy));
		zs_jout_end(out, '}');
	}
	zs_jout_end(out, ']');
}

static void job_json(struct zs_json_out *out, const struct zs_run_job *job, bool dry_run)
{
	zs_jout_object(out, NULL);
	zs_jout_str(out, "name", job->conf->name);
	zs_report_names_json(out, "identifiers", job->identifiers.items, job->identifiers.n);
	zs_jout_str(out, "ca", job->ca->name);
	zs_jout_str(out, "state", state_name(job, dry_run));
	text_or_null(out, "reason", job->reason);
	text_or_null(out, "path", job->path);
	zs_jout_int(out, "generation", job->generation);
	zs_jout_time(out, "not_before", job->not_before);
	zs_jout_time(out, "not_after", job->not_after);
	zs_jout_time(out, "due", job->not_after ? zs_due_at(job->not_before, job->not_after) : 0);
	text_or_null(out, "issuer", job->issuer);
	text_or_null(out, "serial", job->serial);
	text_or_null(out, "order_url", job->order_url);
	zs_jout_bool(out, "resumed", job->resumed);
	zs_jout_int(out, "residue", job->residue);
	/* milliseconds as a number with three digits behind the point: the builder has no fractions */
	char seconds[32];
	uint64_t ms = job->ended_ms > job->started_ms ? job->ended_ms - job->started_ms : 0;
	snprintf(seconds, sizeof(seconds), "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
	zs_jout_raw(out, "seconds", zs_slice_str(seconds));
	routes_json(out, job);
	zs_report_err_json(out, "error", &job->err);
	zs_jout_end(out, '}');
}

static int run_json(const struct zs_cli *cli, const struct zs_run *run, bool dry_run)
{
	struct zs_document doc;

	zs_document_begin(&doc, cli);
	zs_jout_array(&doc.out, "certificates");
	for (size_t i = 0; i < zs_run_njobs(run); i++)
		job_json(&doc.out, zs_run_job(run, i), dry_run);
	zs_jout_end(&doc.out, ']');
	lefts_json(&doc.out, run);
	zs_jout_int(&doc.out, "requests", zs_run_requests(run));
	zs_jout_int(&doc.out, "connections", zs_run_connections(run));
	zs_jout_int(&doc.out, "signal", zs_run_signal(run));
	return zs_document_end(&doc, zs_run_exit_code(run), NULL);
}

/* ---- jobs as text ---- */

static void names_text(struct zs_buf *dst, const struct zs_run_job *job)
{
	char text[ZS_MAX_NAME + 3];

	zs_buf_add_str(dst, "  names: ");
	for (size_t i = 0; i < job->identifiers.n; i++) {
		zs_name_print(&job->identifiers.items[i], text);
		zs_buf_addf(dst, "%s%s", i ? ", " : "", text);
	}
	zs_buf_add_byte(dst, '\n');
}

static void issued_text(struct zs_buf *dst, const struct zs_run_job *job)
{
	char from[ZS_TIME_TEXT], to[ZS_TIME_TEXT];

	date(job->not_before, from);
	date(job->not_after, to);
	zs_buf_addf(dst, "%s: issued%s, good from %s to %s\n", job->conf->name,
		    job->resumed ? " (finished the order of a run that ended early)" : "", from, to);
	names_text(dst, job);
	zs_buf_addf(dst, "  issuer: %s\n  files: %s/{cert,chain,fullchain%s}.pem\n", job->issuer, job->path,
		    job->conf->csr ? "" : ",privkey,combined");
}

static void skipped_text(struct zs_buf *dst, const struct zs_run_job *job)
{
	char when[ZS_TIME_TEXT];

	if (!job->not_after) {
		zs_buf_addf(dst, "%s: not due; --force issues anyway\n", job->conf->name);
		return;
	}
	date(zs_due_at(job->not_before, job->not_after), when);
	zs_buf_addf(dst, "%s: not due before %s; --force issues anyway\n", job->conf->name, when);
}

static void dry_text(struct zs_buf *dst, const struct zs_run_job *job)
{
	zs_buf_addf(dst, "%s: good: zones, name servers, credentials and CA %s are in order; nothing was ordered\n", job->conf->name,
		    job->ca->name);
	for (size_t i = 0; i < job->routes.n; i++) {
		const struct zs_msg_route *route = &job->routes.items[i];
		zs_buf_addf(dst, "  %s: record %s in zone %s, written by %.*s\n", route->identifier.text, route->effective.text,
			    route->zone.text, (int)route->instance.n, (const char *)route->instance.p);
	}
}

static void job_text(struct zs_buf *dst, const struct zs_run_job *job, bool dry_run)
{
	if (job->err.code)
		zs_report_err_text(dst, job->conf->name, &job->err);
	else if (job->skipped)
		skipped_text(dst, job);
	else if (dry_run)
		dry_text(dst, job);
	else
		issued_text(dst, job);
	if (job->residue)
		zs_buf_addf(dst, "%s: %u record%s could not be removed from DNS; `zoneseal gc` tries again, `zoneseal status` shows them\n",
			    job->conf->name, (unsigned)job->residue, job->residue == 1 ? "" : "s");
}

static void run_text(const struct zs_cli *cli, const struct zs_run *run, bool dry_run)
{
	for (size_t i = 0; i < zs_run_njobs(run); i++) {
		const struct zs_run_job *job = zs_run_job(run, i);
		struct zs_buf text = ZS_BUF(TEXT_MAX);
		job_text(&text, job, dry_run);
		/* an error is said even with -q */
		if (job->err.code)
			fputs(zs_buf_str(&text), stderr);
		else
			zs_say(cli, "%s", zs_buf_str(&text));
		if (!job->err.code && !dry_run && *job->path)
			zs_data(cli, "%s\n", job->path);
		zs_buf_done(&text);
	}
	struct zs_buf text = ZS_BUF(TEXT_MAX);
	lefts_text(&text, run);
	zs_say(cli, "%s", zs_buf_str(&text));
	zs_buf_done(&text);
}

int zs_report_run(const struct zs_cli *cli, const struct zs_run *run, bool checking)
{
	bool dry_run = checking || zs_cli_has(cli, ZS_OPT_DRY_RUN);

	if (cli->json)
		return run_json(cli, run, dry_run);
	run_text(cli, run, dry_run);
	return zs_data_ok() ? zs_run_exit_code(run) : zs_code_info(ZS_E_STORAGE)->exit_code;
}
