/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests about jobs and accounts that sign nothing.  Runs in the vault.
 */
#include "vault/vault.h"

#include "base/b64url.h"
#include "base/log.h"

int zs_serve_job(struct zs_request *request, struct zs_err *err)
{
	struct zs_vault *vault = request->vault;
	struct zs_msg_vault_job_ready reply;
	struct zs_job *job;
	int rc = zs_job_start(&vault->jobs, &vault->accounts, &vault->state, request->body, &job, err);

	if (rc != 0)
		return rc;
	reply = (struct zs_msg_vault_job_ready){
		.job = job->id,
		.account_url = zs_slice_str(zs_account_url(job->account)),
		.order_url = zs_slice_str(job->order_url),
		.finalize_url = zs_slice_str(job->finalize_url),
		.spki = zs_buf_slice(&job->spki),
		.account_key_new = job->account_new,
	};
	rc = zs_request_reply(request, ZS_MSG_VAULT_JOB_READY, &reply, err);
	if (rc != 0)
		zs_job_end(&vault->jobs, &vault->accounts, job);
	return rc;
}

/* An unknown job is fine: it may have failed to start. */
int zs_serve_job_end(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_vault_job_end *end = request->body;
	struct zs_vault *vault = request->vault;
	struct zs_job *job = zs_job_find(&vault->jobs, end->job, NULL);

	if (job != NULL)
		zs_job_end(&vault->jobs, &vault->accounts, job);
	return request->id != 0 ? zs_request_ok(request, err) : 0;
}

static struct zs_job *account_job(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_account *account = request->body;
	struct zs_job *job = zs_job_find(&request->vault->jobs, account->job, err);

	if (job != NULL && !zs_job_allows(job, account->url)) {
		(void)zs_err_set(err, ZS_E_CA_PROTOCOL, "the account URL is not https at an origin of CA %s",
				 job->account->ca);
		return NULL;
	}
	return job;
}

int zs_serve_account_set(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_account *account = request->body;
	struct zs_job *job = account_job(request, err);
	int rc;

	if (job == NULL)
		return -(int)err->code;
	rc = zs_account_set(job->account, &request->vault->state, account->url, err);
	return rc != 0 ? rc : zs_request_ok(request, err);
}

int zs_serve_account_lost(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_account *account = request->body;
	struct zs_job *job = account_job(request, err);
	int rc;

	if (job == NULL)
		return -(int)err->code;
	rc = zs_account_lose(job->account, &request->vault->state, account->url, err);
	if (rc != 0)
		return rc;
	zs_info(job->certificate, "the account at CA %s is moved aside; its key is kept and registered again", job->account->ca);
	return zs_request_ok(request, err);
}

int zs_serve_order_gone(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_job_ref *ref = request->body;
	struct zs_job *job = zs_job_find(&request->vault->jobs, ref->job, err);
	int rc;

	if (job == NULL)
		return -(int)err->code;
	rc = zs_job_drop_order(job, err);
	return rc != 0 ? rc : zs_request_ok(request, err);
}

static int txt_value(struct zs_request *request, struct zs_slice token, const char *thumbprint,
		     struct zs_msg_txt_value *ret, struct zs_err *err)
{
	char *value = zs_arena_alloc(&request->arena, ZS_THUMBPRINT_TEXT);
	char *key_authorization = zs_arena_alloc(&request->arena, ZS_MAX_KEY_AUTHORIZATION + 1);
	int rc;

	if (token.n > ZS_MAX_TOKEN || !zs_b64url_ok(token))
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "a challenge token is not base64url of at most %d characters", ZS_MAX_TOKEN);
	if (value == NULL || key_authorization == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a reply");
	rc = zs_jws_key_authorization(token, thumbprint, key_authorization, err);
	if (rc == 0)
		rc = zs_jws_txt_value(token, thumbprint, value, err);
	if (rc == 0)
		*ret = (struct zs_msg_txt_value){ zs_slice_str(value), zs_slice_str(key_authorization) };
	return rc;
}

int zs_serve_txt_values(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_txt_values *txt = request->body;
	struct zs_job *job = zs_job_find(&request->vault->jobs, txt->job, err);
	uint32_t n = txt->tokens.n;
	struct zs_msg_txt_value *values = zs_arena_alloc(&request->arena, (n + 1) * sizeof(*values));
	struct zs_msg_txt_values_are reply = { .values = { .items = values, .n = n } };

	if (job == NULL)
		return -(int)err->code;
	if (values == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for a reply");
	for (uint32_t i = 0; i < n; i++) {
		int rc = txt_value(request, txt->tokens.items[i], job->account->thumbprint, &values[i], err);

		if (rc != 0)
			return rc;
	}
	return zs_request_reply(request, ZS_MSG_TXT_VALUES_ARE, &reply, err);
}
