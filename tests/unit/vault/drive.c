/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test driver for the vault process: start, call, end.
 */
#include "drive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/frame.h"

static struct answer last;

char *drive_tmp(void)
{
	char *dir = strdup("/tmp/zs-vault-test.XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

void drive_remove(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

/* tests/unit/vault/test_serve is three levels below the build tree. */
static bool find_vault(char *dst, size_t size)
{
	const char *build = getenv("top_builddir");
	const char *direct = getenv("ZS_TEST_VAULT");

	(void)snprintf(dst, size, "%s", direct != NULL ? direct : "");
	if (direct == NULL)
		(void)snprintf(dst, size, "%s/core/vault/zoneseal-vault", build != NULL ? build : ".");
	return access(dst, X_OK) == 0;
}

static void child(const char *program, const char *dir, const char *flag, int front, int engine)
{
	int f = fcntl(front, F_DUPFD, 20), e = fcntl(engine, F_DUPFD, 20);

	if (dup2(f, 3) != 3 || dup2(e, 4) != 4)
		_exit(126);
	for (int fd = 5; fd < 64; fd++)
		(void)close(fd);
	execl(program, "zoneseal-vault", dir, flag, (char *)NULL);
	_exit(127);
}

struct drive *drive_start_raw(const char *state_dir)
{
	return drive_start(state_dir, "raw");
}

static void on_request(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	(void)chan;
	(void)user;
	if (in->type == ZS_MSG_LOG && getenv("ZS_TEST_LOG") != NULL) {
		const struct zs_msg_log *log = in->body;

		print_message("vault: %.*s\n", (int)log->text.n, (const char *)log->text.p);
	}
}

static void on_closed(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	struct drive *d = user;

	(void)err;
	if (chan == d->front)
		d->front_closed = true;
	else
		d->engine_closed = true;
}

static struct zs_chan *open_chan(struct drive *d, int fd, enum zs_role self, enum zs_link link)
{
	struct zs_chan_spec spec = { .fd = fd, .self = self, .peer = ZS_ROLE_VAULT, .link = link, .peer_name = "vault",
				     .handler = on_request, .closed = on_closed, .user = d };

	return zs_chan_new(d->loop, &spec);
}

struct drive *drive_start(const char *state_dir, const char *flag)
{
	bool raw = flag != NULL && strcmp(flag, "raw") == 0;
	int front[2], engine[2];
	char program[4096];
	struct drive *d;

	if (!find_vault(program, sizeof(program)))
		return NULL;
	assert_int_equal(zs_frame_pair(front, NULL), 0);
	assert_int_equal(zs_frame_pair(engine, NULL), 0);
	d = calloc(1, sizeof(*d));
	d->pid = fork();
	if (d->pid == 0)
		child(program, state_dir, raw ? NULL : flag, front[1], engine[1]);
	(void)close(front[1]);
	(void)close(engine[1]);
	d->front_fd = front[0];
	d->engine_fd = engine[0];
	if (raw)
		return d;
	d->loop = zs_loop_new(zs_clock_system());
	d->front = open_chan(d, front[0], ZS_ROLE_FRONT, ZS_LINK_FRONT);
	d->engine = open_chan(d, engine[0], ZS_ROLE_ENGINE, ZS_LINK_ENGINE);
	return d;
}

static int finish(struct drive *d)
{
	int status = 0;

	zs_chan_free(d->engine);
	zs_chan_free(d->front);
	if (d->loop == NULL) {
		(void)close(d->front_fd);
		(void)close(d->engine_fd);
	}
	zs_loop_free(d->loop);
	(void)waitpid(d->pid, &status, 0);
	free(d);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

int drive_end(struct drive *d)
{
	return finish(d);
}

void drive_kill(struct drive *d)
{
	(void)kill(d->pid, SIGKILL);
	(void)finish(d);
}

/* ---- answers ---------------------------------------------------------------------------- */

static void copy(struct zs_slice from, char *to, size_t size)
{
	size_t n = from.n < size - 1 ? from.n : size - 1;

	if (n > 0)
		memcpy(to, from.p, n);
	to[n] = '\0';
}
#define COPY(from, to) copy((from), (to), sizeof(to))

static void take_ready(const struct zs_msg_vault_job_ready *m)
{
	COPY(m->account_url, last.account_url);
	COPY(m->order_url, last.order_url);
	COPY(m->finalize_url, last.finalize_url);
	memcpy(last.spki, m->spki.p, m->spki.n);
	last.spki_len = m->spki.n;
	last.account_key_new = m->account_key_new;
}

static void take_entries(const struct zs_msg_vault_entries *m)
{
	last.n = m->entries.n;
	last.more = m->more;
	last.last_id = m->entries.n > 0 ? m->entries.items[m->entries.n - 1].id : 0;
	for (uint32_t i = 0; i < m->entries.n && i < ZS_COUNT(last.entries); i++) {
		const struct zs_msg_entry *e = &m->entries.items[i];

		last.ids[i] = e->id;
		last.entries[i].live = e->live;
		COPY(e->certificate, last.entries[i].certificate);
		COPY(e->instance, last.entries[i].instance);
		COPY(e->value, last.entries[i].value);
		COPY(e->ticket, last.entries[i].ticket);
		COPY(e->token, last.entries[i].token);
		COPY(e->key_authorization, last.entries[i].key_authorization);
		(void)snprintf(last.entries[i].identifier, sizeof(last.entries[i].identifier), "%s", e->identifier.text);
		(void)snprintf(last.entries[i].name, sizeof(last.entries[i].name), "%s", e->name.text);
	}
}

static void take_certificates(const struct zs_msg_vault_certificates *m)
{
	last.n = m->certificates.n;
	last.more = m->more;
	if (m->certificates.n > 0)
		COPY(m->certificates.items[m->certificates.n - 1].name, last.last_name);
	for (uint32_t i = 0; i < m->certificates.n && i < ZS_COUNT(last.certificates); i++) {
		const struct zs_msg_certificate *c = &m->certificates.items[i];

		COPY(c->name, last.certificates[i].name);
		COPY(c->ca, last.certificates[i].ca);
		COPY(c->problem, last.certificates[i].problem);
		COPY(c->path, last.certificates[i].path);
		COPY(c->issuer, last.certificates[i].issuer);
		last.certificates[i].busy = c->busy;
		last.certificates[i].pending = c->pending;
		last.certificates[i].generation = c->generation;
		last.certificates[i].identifiers = c->identifiers.n;
		last.certificates[i].not_after = c->not_after;
	}
}

static void take_values(const struct zs_msg_txt_values_are *m)
{
	last.n = m->values.n;
	for (uint32_t i = 0; i < m->values.n && i < ZS_COUNT(last.values); i++) {
		COPY(m->values.items[i].value, last.values[i]);
		COPY(m->values.items[i].key_authorization, last.key_authorizations[i]);
	}
}

static void take_ids(const struct zs_msg_journal_ids *m)
{
	last.n = m->ids.n;
	for (uint32_t i = 0; i < m->ids.n && i < ZS_COUNT(last.ids); i++)
		last.ids[i] = m->ids.items[i];
}

static void take(const struct zs_incoming *in)
{
	last.type = in->type;
	if (in->type == ZS_MSG_SIGNED) {
		const struct zs_msg_signed *m = in->body;

		last.body = strndup((const char *)m->body.p, m->body.n);
	} else if (in->type == ZS_MSG_STORED) {
		const struct zs_msg_stored *m = in->body;

		COPY(m->path, last.path);
		last.generation = m->generation;
	} else if (in->type == ZS_MSG_VAULT_JOB_READY) {
		take_ready(in->body);
	} else if (in->type == ZS_MSG_VAULT_ENTRIES) {
		take_entries(in->body);
	} else if (in->type == ZS_MSG_VAULT_CERTIFICATES) {
		take_certificates(in->body);
	} else if (in->type == ZS_MSG_TXT_VALUES_ARE) {
		take_values(in->body);
	} else if (in->type == ZS_MSG_JOURNAL_IDS) {
		take_ids(in->body);
	}
}

static void on_reply(struct zs_chan *chan, const struct zs_incoming *in, bool final, const struct zs_err *err, void *user)
{
	struct drive *d = user;

	(void)chan;
	assert_true(final);
	if (in != NULL) {
		take(in);
	} else {
		last.code = (int)err->code;
		(void)snprintf(last.text, sizeof(last.text), "%s", err->text);
	}
	zs_loop_stop(d->loop, 0);
}

static const struct answer *call(struct drive *d, struct zs_chan *chan, uint32_t type, const void *body)
{
	free(last.body);
	memset(&last, 0, sizeof(last));
	last.code = -1;
	if (zs_chan_call(chan, type, body, -1, 60000, on_reply, d, NULL) == 0) {
		last.code = 0;
		(void)zs_loop_run(d->loop);
	}
	return &last;
}

const struct answer *drive_front(struct drive *d, uint32_t type, const void *body)
{
	return call(d, d->front, type, body);
}

const struct answer *drive_engine(struct drive *d, uint32_t type, const void *body)
{
	return call(d, d->engine, type, body);
}

void drive_note(struct drive *d, uint32_t type, const void *body)
{
	assert_int_equal(zs_chan_note(d->front, type, body, -1), 0);
}
