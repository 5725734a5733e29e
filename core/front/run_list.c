/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stored, and so what is due (front/run_state.h): asked of the vault for
 * the certificates of this run only, page by page.  Without the whole answer
 * nothing is ordered.
 */
#include "front/run_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "front/due.h"

static void keep_stored(struct zs_run_job *job, const struct zs_msg_certificate *c)
{
	job->generation = c->generation;
	job->not_before = c->not_before;
	job->not_after = c->not_after;
	zs_slice_copy(c->path, job->path, sizeof(job->path));
	zs_slice_copy(c->issuer, job->issuer, sizeof(job->issuer));
	zs_slice_copy(c->serial, job->serial, sizeof(job->serial));
}

/* stored NULL: nothing is. */
static void decide(struct zs_run_job *job, const struct zs_msg_certificate *stored)
{
	struct zs_run *run = job->run;
	struct zs_clock *clock = zs_loop_clock(run->loop);
	bool due = zs_due(job, stored, clock->wall_ms(clock) / 1000, job->reason);

	if (due && stored && stored->problem.n)
		zs_warn(job->conf->name, "%s; it is issued anew", job->reason);
	else if (due)
		zs_info(job->conf->name, "due: %s", job->reason);
	if (due || job->state != ZS_JOB_PLANNED)
		return;
	if (run->spec.force) {
		snprintf(job->reason, sizeof(job->reason), "not due, but forced");
		return;
	}
	job->skipped = true;
	keep_stored(job, stored);
	zs_run_job_end(job);
}

static void take_page(struct zs_run *run, const struct zs_msg_vault_certificates *list)
{
	for (uint32_t i = 0; i < list->certificates.n; i++) {
		const struct zs_msg_certificate *c = &list->certificates.items[i];
		for (size_t j = 0; j < run->jobs.n; j++) {
			struct zs_run_job *job = run->jobs.items[j];
			if (!*job->reason && zs_slice_eq_str(c->name, job->conf->name))
				decide(job, c);
		}
	}
}

static void ask_page(struct zs_run *run, struct zs_slice after);

static void on_page(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	const struct zs_msg_vault_certificates *list = in ? in->body : NULL;
	struct zs_run *run = user;

	(void)chan;
	(void)final;
	if (list) {
		take_page(run, list);
		if (list->more && list->certificates.n) {
			ask_page(run, list->certificates.items[list->certificates.n - 1].name);
			return;
		}
		for (size_t i = 0; i < run->jobs.n; i++)
			if (!*run->jobs.items[i]->reason && run->jobs.items[i]->state != ZS_JOB_DONE)
				decide(run->jobs.items[i], NULL);
	} else {
		zs_run_fail_all(run, err);
	}
	run->listed = true;
	zs_run_advance(run);
}

/* 1024 names of 64 octets fit into one message. */
static void ask_page(struct zs_run *run, struct zs_slice after)
{
	struct zs_slice *names = calloc(run->jobs.n, sizeof(*names));
	struct zs_msg_vault_list msg = { .names = { names, 0 }, .after = after };
	struct zs_err err;

	for (size_t i = 0; names && i < run->jobs.n; i++)
		names[msg.names.n++] = zs_slice_str(run->jobs.items[i]->conf->name);
	if (!names || zs_chan_call(run->vault->chan, ZS_MSG_VAULT_LIST, &msg, -1, ZS_RUN_VAULT_MS, on_page, run, NULL)) {
		zs_err_set(&err, names ? ZS_E_PEER : ZS_E_NOMEM, "cannot ask the vault process what is stored");
		zs_run_fail_all(run, &err);
		run->listed = true;
		zs_run_advance(run);
	}
	free(names);
}

void zs_run_list(struct zs_run *run)
{
	if (run->jobs.n)
		ask_page(run, ZS_SLICE_NONE);
	else
		run->listed = true;
}
