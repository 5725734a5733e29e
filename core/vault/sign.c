/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine may have signed: six requests, each with a payload that is
 * built here from front's job order.  The engine contributes a URL and a
 * nonce, both checked.  Runs in the vault.
 */
#include "vault/vault.h"

#include <string.h>

#include "base/b64url.h"
#include "base/jsonout.h"
#include "wrap/jws.h"

enum { MAX_PAYLOAD = 128 * 1024, MAX_BODY = 512 * 1024 };

struct signing {
	struct zs_job *job;
	const struct zs_msg_sign *sign;
};

typedef int payload_fn(const struct signing *signing, struct zs_buf *dst, struct zs_err *err);

/* ---- payloads --------------------------------------------------------------------------- */

static void add_contacts(struct zs_json_out *out, const struct zs_job *job)
{
	if (job->n_contacts == 0)
		return;
	zs_jout_array(out, "contact");
	for (uint32_t i = 0; i < job->n_contacts; i++)
		zs_jout_str(out, NULL, job->contacts[i]);
	zs_jout_end(out, ']');
}

static int add_binding(struct zs_json_out *out, const struct signing *signing, struct zs_err *err)
{
	const struct zs_job *job = signing->job;
	struct zs_jws_binding binding = { .key = job->account->key, .kid = zs_slice_str(job->eab_kid),
					  .mac_key = zs_buf_slice(&job->eab_key), .url = signing->sign->url };
	struct zs_buf inner = ZS_BUF(MAX_PAYLOAD);
	int rc = zs_jws_bind(&binding, &inner, err);

	if (rc == 0)
		zs_jout_raw(out, "externalAccountBinding", zs_buf_slice(&inner));
	zs_buf_done(&inner);
	return rc;
}

/* RFC 8555 7.3 */
static int payload_new_account(const struct signing *signing, struct zs_buf *dst, struct zs_err *err)
{
	struct zs_json_out out;
	int rc = 0;

	zs_jout_init(&out, dst, false);
	zs_jout_object(&out, NULL);
	zs_jout_bool(&out, "termsOfServiceAgreed", signing->job->agree_terms);
	add_contacts(&out, signing->job);
	if (signing->job->eab_kid[0] != '\0')
		rc = add_binding(&out, signing, err);
	zs_jout_end(&out, '}');
	return rc;
}

/* RFC 8555 7.4 */
static int payload_new_order(const struct signing *signing, struct zs_buf *dst, struct zs_err *err)
{
	const struct zs_job *job = signing->job;
	char text[ZS_MAX_NAME + 3];
	struct zs_json_out out;

	(void)err;
	zs_jout_init(&out, dst, false);
	zs_jout_object(&out, NULL);
	zs_jout_array(&out, "identifiers");
	for (uint32_t i = 0; i < job->n_identifiers; i++) {
		zs_name_print(&job->identifiers[i], text);
		zs_jout_object(&out, NULL);
		zs_jout_str(&out, "type", "dns");
		zs_jout_str(&out, "value", text);
		zs_jout_end(&out, '}');
	}
	zs_jout_end(&out, ']');
	if (job->profile[0] != '\0')
		zs_jout_str(&out, "profile", job->profile);
	zs_jout_end(&out, '}');
	return 0;
}

static int payload_read(const struct signing *signing, struct zs_buf *dst, struct zs_err *err)
{
	(void)signing;
	(void)dst;
	(void)err;
	return 0;
}

static int payload_accept(const struct signing *signing, struct zs_buf *dst, struct zs_err *err)
{
	(void)signing;
	(void)err;
	zs_buf_add_str(dst, "{}");
	return 0;
}

static int payload_deactivate(const struct signing *signing, struct zs_buf *dst, struct zs_err *err)
{
	(void)signing;
	(void)err;
	zs_buf_add_str(dst, "{\"status\":\"deactivated\"}");
	return 0;
}

/* The order's URL and the key are on the disk before the CA can issue. */
static int record_order(const struct signing *signing, struct zs_err *err)
{
	struct zs_job *job = signing->job;
	const char *order = zs_arena_str(&job->arena, signing->sign->order_url.p, signing->sign->order_url.n);
	const char *finalize = zs_arena_str(&job->arena, signing->sign->url.p, signing->sign->url.n);
	struct zs_pending pending;
	int rc;

	if (order == NULL || finalize == NULL)
		ZS_FAIL(err, ZS_E_NOMEM, "out of memory for an order");
	pending = zs_job_pending(job, order, finalize);
	rc = zs_pending_write(job->dir, &pending, err);
	if (rc != 0)
		return zs_err_prefix(err, "finalize is not sent");
	job->order_url = order;
	job->finalize_url = finalize;
	return 0;
}

static int payload_finalize(const struct signing *signing, struct zs_buf *dst, struct zs_err *err)
{
	const struct zs_job *job = signing->job;
	struct zs_buf text = ZS_BUF(2 * ZS_MAX_CSR);
	struct zs_json_out out;
	int rc = 0;

	if (!zs_job_allows(job, signing->sign->order_url))
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "the order's URL is not https at an origin of CA %s", job->account->ca);
	if (!zs_slice_eq_str(signing->sign->order_url, job->order_url) ||
	    !zs_slice_eq_str(signing->sign->url, job->finalize_url))
		rc = record_order(signing, err);
	if (rc != 0)
		return rc;
	zs_b64url_encode(&text, zs_buf_slice(&job->csr));
	zs_jout_init(&out, dst, false);
	zs_jout_object(&out, NULL);
	zs_jout_slice(&out, "csr", zs_buf_slice(&text));
	zs_jout_end(&out, '}');
	if (text.failed)
		dst->failed = true;
	zs_buf_done(&text);
	return 0;
}

/* ---- the table -------------------------------------------------------------------------- */

static const struct kind {
	uint32_t type;
	payload_fn *payload;
	bool with_jwk;		/* newAccount only: there is no URL to name the key by */
	bool in_dry_run;
	bool deactivates;	/* the same payload at the account's URL would end the account */
} kinds[] = {
	{ ZS_MSG_SIGN_NEW_ACCOUNT, payload_new_account, true, false, false },
	{ ZS_MSG_SIGN_NEW_ORDER, payload_new_order, false, false, false },
	{ ZS_MSG_SIGN_READ, payload_read, false, true, false },
	{ ZS_MSG_SIGN_ACCEPT, payload_accept, false, false, false },
	{ ZS_MSG_SIGN_FINALIZE, payload_finalize, false, false, false },
	{ ZS_MSG_SIGN_DEACTIVATE, payload_deactivate, false, false, true },
};

static const struct kind *kind_of(uint32_t type)
{
	for (size_t i = 0; i < ZS_COUNT(kinds); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

static int check_target(const struct kind *kind, const struct signing *signing, struct zs_err *err)
{
	const struct zs_account *account = signing->job->account;
	struct zs_slice url = signing->sign->url;

	if (!zs_job_allows(signing->job, url))
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "the URL is not https at an origin of CA %s; a further one is allowed by "
			"`origins` of that CA", account->ca);
	if (kind->deactivates && (!zs_url_is_plain(url) || zs_account_owns(account, url)))
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "refused: this deactivation would, or might, end the account itself");
	return 0;
}

static int check(const struct kind *kind, const struct signing *signing, struct zs_err *err)
{
	const struct zs_account *account = signing->job->account;
	struct zs_slice nonce = signing->sign->nonce;

	if (nonce.n > ZS_MAX_NONCE || !zs_b64url_ok(nonce))
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "the nonce is not base64url of at most %d characters", ZS_MAX_NONCE);
	if (signing->job->dry_run && !kind->in_dry_run)
		ZS_FAIL(err, ZS_E_BUG, "a dry run changes nothing at the CA");
	if (!kind->with_jwk && zs_account_url(account) == NULL)
		ZS_FAIL(err, ZS_E_CA_ACCOUNT, "there is no account at CA %s yet", account->ca);
	return check_target(kind, signing, err);
}

static int make_body(const struct kind *kind, const struct signing *signing, struct zs_buf *dst, struct zs_err *err)
{
	const struct zs_account *account = signing->job->account;
	struct zs_buf payload = ZS_BUF(MAX_PAYLOAD);
	struct zs_jws jws = { .key = account->key, .nonce = signing->sign->nonce, .url = signing->sign->url };
	int rc = kind->payload(signing, &payload, err);

	if (rc == 0 && payload.failed)
		rc = zs_err_set(err, ZS_E_NOMEM, "no room for a request");
	jws.kid = kind->with_jwk ? NULL : zs_account_url(account);
	jws.payload = zs_buf_slice(&payload);
	if (rc == 0)
		rc = zs_jws_sign(&jws, dst, err);
	zs_buf_done(&payload);
	return rc;
}

int zs_serve_sign(struct zs_request *request, struct zs_err *err)
{
	const struct kind *kind = kind_of(request->type);
	struct signing signing = { .sign = request->body };
	struct zs_buf body = ZS_BUF(MAX_BODY);
	struct zs_msg_signed reply;
	int rc;

	signing.job = zs_job_find(&request->vault->jobs, signing.sign->job, err);
	if (signing.job == NULL || kind == NULL)
		return -ZS_E_BUG;
	rc = check(kind, &signing, err);
	if (rc == 0)
		rc = make_body(kind, &signing, &body, err);
	reply.body = zs_buf_slice(&body);
	if (rc == 0)
		rc = zs_request_reply(request, ZS_MSG_SIGNED, &reply, err);
	zs_buf_done(&body);
	return rc;
}
