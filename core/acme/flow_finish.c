/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of the issuance machine from finalize to the stored certificate:
 * download, choice of the chain, verify, store.
 */
#include "acme/flow_state.h"

#include <string.h>

#include "acme/link.h"
#include "acme/problem.h"
#include "base/clock.h"

enum {
	MAX_FINALIZE = 4,	/* sends in one run */
	PATIENT_POLLS = 3	/* before "ready" behind a finalize is taken at its word */
};

/* ---- finalize ---- */

void zs_flow_finalize(struct zs_flow *f)
{
	struct zs_flow_open o = zs_flow_make_request(ZS_OP_FINALIZE, f->finalize_url, 0);

	if (f->finalizes == MAX_FINALIZE) {
		zs_flow_failf(f, ZS_E_CA_PROTOCOL, "order: still ready after %d times finalize", MAX_FINALIZE);
		return;
	}
	f->finalizes++;
	f->finalize_sent = true;
	f->state = S_FINALIZE;
	zs_flow_set_phase(f, ZS_PHASE_FINALIZE, "finalizing");
	zs_flow_start_removal(f);
	o.request.order_url = f->order_url;
	zs_flow_send_open(f, &o);
}

void zs_flow_wait_for_certificate(struct zs_flow *f, int64_t wait_ms)
{
	f->state = S_ISSUE;
	f->polls = 0;
	zs_flow_set_phase(f, ZS_PHASE_FINALIZE, "the CA issues");
	zs_flow_poll_order(f, wait_ms);
}

void zs_flow_on_finalized(struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_order_status status;

	if (!zs_flow_polled(f, in, &status))
		return;
	if (status == ZS_ORDER_VALID)
		zs_flow_download(f);
	else
		zs_flow_wait_for_certificate(f, in->wait_ms);
}

/* Perhaps it arrived: the order tells. */
static void check_finalize(struct zs_flow *f, int64_t wait_ms)
{
	f->state = S_CHECK;
	f->polls = 0;
	zs_flow_poll_order(f, wait_ms);
}

void zs_flow_on_finalize_refused(struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_problem_kind kind = zs_problem_kind(in->err);
	int64_t wait = in->wait_ms;

	if (kind == ZS_PROBLEM_BUSY && wait < 0)
		wait = (int64_t)zs_backoff_ms(FIRST_BACKOFF_MS, 200, f->finalizes - 1, MAX_BACKOFF_MS);
	if (kind == ZS_PROBLEM_NOT_READY)
		check_finalize(f, wait);
	else if ((kind == ZS_PROBLEM_BUSY || (kind == ZS_PROBLEM_LIMITED && wait >= 0)) &&
		 wait <= MAX_RETRY_AFTER_MS && f->finalizes < MAX_FINALIZE)
		check_finalize(f, wait);
	else
		zs_flow_fail(f, in->err);
}

void zs_flow_on_finalize_lost(struct zs_flow *f, const struct zs_flow_in *in)
{
	zs_flow_note(f, "the reply to finalize was lost, the order is read: %s", in->err->text);
	check_finalize(f, -1);
}

void zs_flow_on_checked(struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_order_status status;

	if (!zs_flow_polled(f, in, &status))
		return;
	if (status == ZS_ORDER_VALID)
		zs_flow_download(f);
	else if (status == ZS_ORDER_READY)
		zs_flow_finalize(f);
	else if (status == ZS_ORDER_PROCESSING)
		zs_flow_wait_for_certificate(f, in->wait_ms);
	else
		zs_flow_poll_order(f, in->wait_ms);
}

void zs_flow_on_issued(struct zs_flow *f, const struct zs_flow_in *in)
{
	enum zs_order_status status;

	if (!zs_flow_polled(f, in, &status))
		return;
	if (status == ZS_ORDER_VALID)
		zs_flow_download(f);
	else if (status == ZS_ORDER_READY && f->polls > PATIENT_POLLS)
		zs_flow_finalize(f);
	else
		zs_flow_poll_order(f, in->wait_ms);
}

/* ---- download, chains ---- */

void zs_flow_download(struct zs_flow *f)
{
	f->state = S_DOWNLOAD;
	zs_flow_set_phase(f, ZS_PHASE_DOWNLOAD, "downloading the certificate");
	zs_flow_send(f, ZS_OP_DOWNLOAD, f->certificate_url, 0);
}

static bool read_chain(struct zs_flow *f, const struct zs_flow_in *in, struct zs_slice *ret, struct zs_err *err)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct zs_slice body = zs_flow_body(in);
	const char *why = NULL;

	if (!body.n)
		why = "is empty";
	else if (body.n > ZS_MAX_PEM)
		why = "is longer than 64 KiB";
	else if (memchr(body.p, 0, body.n))
		why = "has a NUL";
	else if (!memmem(body.p, body.n, begin, sizeof(begin) - 1))
		why = "has no PEM block \"CERTIFICATE\"";
	if (why) {
		(void)zs_err_set(err, ZS_E_CA_PROTOCOL, "certificate: the chain %s", why);
		zs_err_where(err, "%s", in->open.request.url);
		return false;
	}
	*ret = zs_slice_str(zs_flow_keep(f, body));
	return true;
}

static void add_alternate(struct zs_slice target, void *user)
{
	struct zs_flow *f = user;
	struct zs_acme_from source = zs_flow_from(f, f->certificate_url);
	struct zs_err err;

	if (f->nalternates == MAX_ALTERNATES)
		return;
	if (zs_url_check(target, &source, "certificate: Link alternate", &err))
		zs_flow_note(f, "an alternate chain is left out: %s", err.text);
	else
		f->alternates[f->nalternates++] = zs_flow_keep(f, target);
}

static void inspect(struct zs_flow *f)
{
	struct zs_flow_action *a;

	f->state = S_INSPECT;
	a = zs_flow_push_open(f, ZS_DO_INSPECT, NULL);
	if (a)
		a->chain = f->chain;
}

static void verify(struct zs_flow *f)
{
	struct zs_flow_action *a;

	f->state = S_VERIFY;
	zs_flow_set_phase(f, ZS_PHASE_VERIFY, "verifying the certificate");
	a = zs_flow_push_open(f, ZS_DO_VERIFY, NULL);
	if (a)
		a->chain = f->chain;
}

void zs_flow_on_downloaded(struct zs_flow *f, const struct zs_flow_in *in)
{
	const struct zs_flow_reply *reply = &in->event->reply;
	struct zs_err err;

	if (!read_chain(f, in, &f->chain, &err)) {
		zs_flow_fail(f, &err);
		return;
	}
	f->default_chain = f->chain;
	if (!*f->preferred) {
		verify(f);
		return;
	}
	for (size_t i = 0; i < reply->nlinks; i++)
		zs_link_each(reply->links[i], "alternate", add_alternate, f);
	inspect(f);
}

static void next_alternate(struct zs_flow *f)
{
	if (f->alternate < f->nalternates) {
		f->state = S_ALTERNATE;
		zs_flow_send(f, ZS_OP_ALTERNATE, f->alternates[f->alternate], f->alternate);
		f->alternate++;
		return;
	}
	zs_flow_note(f, "no chain of %s ends at \"%s\"; the default chain is used", f->ca, f->preferred);
	f->chain = f->default_chain;
	verify(f);
}

void zs_flow_on_inspected(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (!in->err && in->event->text.n && zs_slice_eq_nocase(in->event->text, f->preferred))
		verify(f);
	else
		next_alternate(f);
}

void zs_flow_on_alternate(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_err err;

	if (read_chain(f, in, &f->chain, &err)) {
		inspect(f);
		return;
	}
	zs_flow_note(f, "an alternate chain is left out: %s", err.text);
	next_alternate(f);
}

void zs_flow_on_alternate_failed(struct zs_flow *f, const struct zs_flow_in *in)
{
	zs_flow_note(f, "an alternate chain is left out: %s", in->err->text);
	next_alternate(f);
}

void zs_flow_on_verified(struct zs_flow *f, const struct zs_flow_in *in)
{
	struct zs_flow_action *a;

	if (in->err) {
		/* the same certificate would come again and again */
		f->order_dead = in->err->code == ZS_E_CA_CERT || in->err->code == ZS_E_CA_PROTOCOL;
		zs_flow_fail(f, in->err);
		return;
	}
	f->state = S_STORE;
	zs_flow_set_phase(f, ZS_PHASE_STORE, "storing the certificate");
	a = zs_flow_push_open(f, ZS_DO_STORE, NULL);
	if (a)
		a->chain = f->chain;
}

void zs_flow_on_stored(struct zs_flow *f, const struct zs_flow_in *in)
{
	if (in->err) {
		zs_flow_fail(f, in->err);
		return;
	}
	f->end.issued = true;
	zs_flow_enter_clean(f);
}
