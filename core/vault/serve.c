/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed list of what the vault does for whom.  A type that is not in the
 * table of its channel is not served; there is no request that signs bytes of
 * the caller's choice.  Runs in the vault.
 */
#include "vault/vault.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum { REPLY_MEMORY = 8 * 1024 * 1024 };

struct row {
	uint32_t type;
	zs_vault_handler *handler;
};

/* fd 3: front has the authority. */
static const struct row front_rows[] = {
	{ ZS_MSG_VAULT_OPEN, zs_serve_open },
	{ ZS_MSG_VAULT_JOURNAL, zs_serve_journal },
	{ ZS_MSG_VAULT_FORGET, zs_serve_forget },
	{ ZS_MSG_VAULT_JOB, zs_serve_job },
	{ ZS_MSG_VAULT_JOB_END, zs_serve_job_end },
	{ ZS_MSG_VAULT_LIST, zs_serve_list },
};

/* fd 4: the engine refers to jobs that front has started. */
static const struct row engine_rows[] = {
	{ ZS_MSG_SIGN_NEW_ACCOUNT, zs_serve_sign },
	{ ZS_MSG_SIGN_NEW_ORDER, zs_serve_sign },
	{ ZS_MSG_SIGN_READ, zs_serve_sign },
	{ ZS_MSG_SIGN_ACCEPT, zs_serve_sign },
	{ ZS_MSG_SIGN_FINALIZE, zs_serve_sign },
	{ ZS_MSG_SIGN_DEACTIVATE, zs_serve_sign },
	{ ZS_MSG_ACCOUNT_SET, zs_serve_account_set },
	{ ZS_MSG_ACCOUNT_LOST, zs_serve_account_lost },
	{ ZS_MSG_ORDER_GONE, zs_serve_order_gone },
	{ ZS_MSG_TXT_VALUES, zs_serve_txt_values },
	{ ZS_MSG_JOURNAL_ADD, zs_serve_journal_add },
	{ ZS_MSG_JOURNAL_TICKET, zs_serve_journal_ticket },
	{ ZS_MSG_JOURNAL_DONE, zs_serve_journal_done },
	{ ZS_MSG_ZONE_LOCK, zs_serve_zone_lock },
	{ ZS_MSG_ZONE_UNLOCK, zs_serve_zone_unlock },
	{ ZS_MSG_STORE, zs_serve_store },
};

int zs_request_reply(struct zs_request *request, uint32_t type, const void *body, struct zs_err *err)
{
	if (zs_chan_reply(request->chan, request->id, type, body) != 0)
		ZS_FAIL(err, ZS_E_PEER, "the reply could not be sent");
	return 0;
}

int zs_request_ok(struct zs_request *request, struct zs_err *err)
{
	if (zs_chan_ok(request->chan, request->id) != 0)
		ZS_FAIL(err, ZS_E_PEER, "the reply could not be sent");
	return 0;
}

static zs_vault_handler *find(const struct row *rows, size_t n, uint32_t type)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].type == type)
			return rows[i].handler;
	return NULL;
}

/* Without a state directory nothing is served, and everybody is told why. */
static int handle(zs_vault_handler *handler, struct zs_request *request, struct zs_err *err)
{
	const struct zs_vault *vault = request->vault;
	int rc;

	if (vault->unusable.code) {
		*err = vault->unusable;
		return -(int)err->code;
	}
	rc = handler(request, err);
	if (rc != 0 && (err->code == ZS_E_STORAGE || err->code == ZS_E_PERMISSION) && !*err->where)
		zs_err_where(err, "%s", vault->state.path);
	return rc;
}

static void serve(const struct row *rows, size_t n, struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_request request = { .vault = user, .chan = chan, .id = in->id, .type = in->type,
				      .deadline_ms = in->deadline_ms, .body = in->body };
	zs_vault_handler *handler = find(rows, n, in->type);
	struct zs_err err;
	int rc;

	zs_err_clear(&err);
	zs_arena_init(&request.arena, REPLY_MEMORY);
	rc = handler != NULL ? handle(handler, &request, &err)
			     : zs_err_set(&err, ZS_E_PEER, "the vault does not serve this request here");
	/* A note has no reply; the list has none, so one is an error of the peer. */
	if (rc != 0 && in->id != 0)
		(void)zs_chan_fail(chan, in->id, &err);
	zs_arena_done(&request.arena);
}

void zs_vault_front(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	/* Not a request: see zs_chan_cancel(). Nothing here takes long enough to be ended. */
	if (in->type == ZS_MSG_CANCEL)
		return;
	serve(front_rows, ZS_COUNT(front_rows), chan, in, user);
}

void zs_vault_engine(struct zs_chan *chan, struct zs_incoming *in, void *user)
{
	struct zs_vault *vault = user;

	/* of all requests only that for a lock waits */
	if (in->type == ZS_MSG_CANCEL)
		zs_zone_lock_cancel(&vault->locks, ((const struct zs_msg_cancel *)in->body)->request);
	else
		serve(engine_rows, ZS_COUNT(engine_rows), chan, in, user);
}

void zs_vault_engine_gone(struct zs_chan *chan, const struct zs_err *err, void *user)
{
	(void)chan;
	(void)err;
	zs_vault_leave(user);
}

void zs_vault_leave(void *user)
{
	struct zs_vault *vault = user;

	zs_zone_locks_drop(&vault->locks);
}

bool zs_vault_path(const struct zs_vault *vault, const char *certificate, char *dst, size_t size)
{
	int n = snprintf(dst, size, "%s/certificates/%s/current", vault->state.path, certificate);

	return n > 0 && (size_t)n < size;
}

static int init(struct zs_vault *vault, const char *path, int (*open_state)(struct zs_state *, const char *, struct zs_err *),
		struct zs_err *err)
{
	int rc;

	memset(vault, 0, sizeof(*vault));
	rc = open_state(&vault->state, path, err);
	if (rc != 0)
		vault->unusable = *err;
	vault->locks.state = &vault->state;
	zs_journals_init(&vault->journals, &vault->state);
	return rc;
}

int zs_vault_init(struct zs_vault *vault, const char *path, struct zs_err *err)
{
	return init(vault, path, zs_state_open, err);
}

int zs_vault_look(struct zs_vault *vault, const char *path, struct zs_err *err)
{
	int rc = init(vault, path, zs_state_look, err);

	vault->read_only = true;
	return rc;
}

void zs_vault_done(struct zs_vault *vault)
{
	zs_journals_done(&vault->journals);
	zs_jobs_done(&vault->jobs, &vault->accounts);
	zs_accounts_done(&vault->accounts);
	zs_state_done(&vault->state);
}
