/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal-engine: the process that talks to the CA.  Holds the event loop, all
 * running issuances and nothing secret.  Started by front only.
 */
#include "engine/engine.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "base/log.h"
#include "engine/clean.h"
#include "engine/jobs.h"
#include "engine/publish.h"
#include "engine/session.h"
#include "wrap/x509.h"

static void on_link(struct zs_engine *engine, struct zs_incoming *in)
{
	const struct zs_msg_engine_link *link = in->body;
	int fd = in->fd;

	in->fd = -1;
	if (zs_peer_add(engine, (enum zs_role)link->role, link->instance, fd))
		zs_error(NULL, "cannot use a work channel from front");
}

static void on_ca(struct zs_engine *engine, struct zs_incoming *in)
{
	const struct zs_msg_engine_ca *ca = in->body;
	struct zs_session **slot = zs_vec_push(&engine->sessions, ZS_MAX_JOBS);
	struct zs_err err;

	if (!slot)
		return;
	*slot = zs_session_new(engine, ca, &err);
	if (!*slot) {
		engine->sessions.n--;
		zs_error(NULL, "%s", err.text);
	}
}

static void on_csr(struct zs_engine *engine, struct zs_incoming *in)
{
	struct zs_x509_request request;
	struct zs_buf data = ZS_BUF(ZS_MAX_CSR);
	struct zs_err err;
	int rc = zs_fs_read_fd(in->fd, &data, &err);

	if (!rc)
		rc = zs_x509_read_request(zs_buf_slice(&data), &request, &err);
	zs_buf_done(&data);
	if (rc) {
		zs_chan_fail(engine->child.front_chan, in->id, &err);
		return;
	}
	const struct zs_msg_engine_csr_is msg = {
		.identifiers = { request.names, (uint32_t)request.nnames }, .spki = zs_buf_slice(&request.spki),
		.der = zs_buf_slice(&request.der), .key_type = zs_slice_str(request.key_type),
	};
	zs_chan_reply(engine->child.front_chan, in->id, ZS_MSG_ENGINE_CSR_IS, &msg);
	zs_x509_request_done(&request);
}

static void on_job(struct zs_engine *engine, struct zs_incoming *in)
{
	zs_job_start(engine, in->body);
}

static void on_routes(struct zs_engine *engine, struct zs_incoming *in)
{
	zs_job_routes(engine, in->body);
}

static void on_cancel(struct zs_engine *engine, struct zs_incoming *in)
{
	const struct zs_msg_job_ref *ref = in->body;

	zs_job_cancel(engine, ref->job);
}

static void on_clean(struct zs_engine *engine, struct zs_incoming *in)
{
	zs_clean_start(engine, in->id, in->body);
}

static const struct {
	uint32_t type;
	void (*handle)(struct zs_engine *, struct zs_incoming *);
} handlers[] = {
	{ ZS_MSG_ENGINE_LINK, on_link },   { ZS_MSG_ENGINE_CA, on_ca },		{ ZS_MSG_ENGINE_CSR, on_csr },
	{ ZS_MSG_ENGINE_JOB, on_job },	   { ZS_MSG_ENGINE_ROUTES, on_routes }, { ZS_MSG_ENGINE_JOB_CANCEL, on_cancel },
	{ ZS_MSG_ENGINE_CLEAN, on_clean },
};

static void on_front(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)chan;
	for (size_t i = 0; i < ZS_COUNT(handlers); i++)
		if (handlers[i].type == in->type)
			handlers[i].handle(user, in);
}

static void on_end(void *user)
{
	struct zs_engine *engine = user;

	zs_publish_free(engine);
	zs_jobs_done(engine);
	zs_peers_done(engine);
	for (size_t i = 0; i < engine->sessions.n; i++)
		zs_session_free(engine->sessions.items[i]);
	zs_vec_done(&engine->sessions);
	zs_http_free(engine->http);
}

int main(void)
{
	struct zs_engine engine = { 0 };
	int rc;

	engine.child = (struct zs_child_main){
		.sandbox = { .role = ZS_ROLE_ENGINE }, .front = on_front, .done = on_end, .user = &engine,
	};
	rc = zs_child_start(&engine.child);
	if (rc)
		return rc;
	engine.http = zs_http_new(engine.child.loop, "zoneseal/" ZS_VERSION);
	if (!engine.http) {
		fprintf(stderr, "zoneseal-engine: cannot start libcurl\n");
		return 1;
	}
	return zs_child_run(&engine.child);
}
