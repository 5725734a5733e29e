/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STORE: the chain that the engine verified becomes the next generation.  The
 * vault's own check needs no X.509: the public key that it made must occur,
 * octet for octet, in the first certificate.  Runs in the vault.
 */
#include "vault/vault.h"

#include <string.h>

#include "base/log.h"
#include "vault/generation.h"
#include "vault/pem.h"

struct parts {
	struct zs_buf leaf, cert, chain, key, meta;
};

static void init_parts(struct parts *parts)
{
	zs_buf_init(&parts->leaf, ZS_MAX_PEM);
	zs_buf_init(&parts->cert, 2 * ZS_MAX_PEM);
	zs_buf_init(&parts->chain, 2 * ZS_MAX_PEM);
	zs_buf_init_secret(&parts->key, ZS_MAX_KEY_PEM);
	zs_buf_init(&parts->meta, ZS_MAX_META);
}

static void free_parts(struct parts *parts)
{
	zs_buf_done(&parts->leaf);
	zs_buf_done(&parts->cert);
	zs_buf_done(&parts->chain);
	zs_buf_done(&parts->key);
	zs_buf_done(&parts->meta);
}

/* Text from a certificate, made harmless. */
static void add_text(struct zs_meta *meta, const char *key, struct zs_slice text)
{
	struct zs_buf clean = ZS_BUF(1024);

	zs_clean(&clean, zs_slice_of(text.p, text.n < 256 ? text.n : 256), false);
	if (clean.failed)
		meta->failed = true;
	else
		zs_meta_add(meta, key, zs_buf_slice(&clean));
	zs_buf_done(&clean);
}

static int print_meta(const struct zs_job *job, const struct zs_msg_store *store, int64_t now, struct zs_buf *dst,
		      struct zs_err *err)
{
	struct zs_meta meta;
	int rc;

	zs_meta_init(&meta);
	zs_meta_add(&meta, "ca", zs_slice_str(job->account->ca));
	zs_pending_add_names(&meta, job->identifiers, job->n_identifiers);
	zs_meta_add(&meta, "key_type", zs_slice_str(job->key_type));
	zs_meta_add_number(&meta, "not_before", store->not_before);
	zs_meta_add_number(&meta, "not_after", store->not_after);
	add_text(&meta, "issuer", store->issuer);
	add_text(&meta, "serial", store->serial);
	zs_meta_add_number(&meta, "stored", now);
	zs_meta_add(&meta, "order_url", zs_slice_str(job->order_url));
	zs_meta_add(&meta, "profile", zs_slice_str(job->profile));
	rc = zs_meta_print(&meta, dst, err);
	zs_meta_done(&meta);
	return rc;
}

static int prepare(const struct zs_job *job, const struct zs_msg_store *store, int64_t now, struct parts *parts,
		   struct zs_err *err)
{
	int rc = zs_pem_split(store->chain, &parts->leaf, &parts->cert, &parts->chain, err);

	if (rc != 0)
		return rc;
	if (memmem(parts->leaf.data, parts->leaf.len, job->spki.data, job->spki.len) == NULL)
		ZS_FAIL(err, ZS_E_CA_CERT, "the certificate is not for the key of this order");
	if (job->key != NULL)
		rc = zs_pkey_write_pem(job->key, &parts->key, err);
	return rc != 0 ? rc : print_meta(job, store, now, &parts->meta, err);
}

static int check(const struct zs_job *job, struct zs_err *err)
{
	if (job->dry_run || job->dir < 0)
		ZS_FAIL(err, ZS_E_BUG, "a dry run stores nothing");
	if (job->stored)
		ZS_FAIL(err, ZS_E_BUG, "this job has stored its certificate already");
	return 0;
}

static int store_parts(struct zs_job *job, const struct parts *parts, uint32_t *ret_number, struct zs_err *err)
{
	struct zs_generation generation = { .cert = zs_buf_slice(&parts->cert), .chain = zs_buf_slice(&parts->chain),
					    .privkey = zs_buf_slice(&parts->key), .meta = zs_buf_slice(&parts->meta),
					    .gid = job->key_group };
	struct zs_err late;
	int rc = zs_generation_write(job->dir, &generation, ret_number, err);

	if (rc != 0)
		return zs_err_prefix(err, "store %s", job->certificate);
	job->stored = true;
	/* The certificate is in place: what fails from here on is only untidy. */
	if (zs_job_drop_order(job, &late) != 0)
		zs_warn(job->certificate, "%s", late.text);
	zs_generation_prune(job->dir);
	return 0;
}

int zs_serve_store(struct zs_request *request, struct zs_err *err)
{
	const struct zs_msg_store *store = request->body;
	struct zs_job *job = zs_job_find(&request->vault->jobs, store->job, err);
	struct zs_msg_stored reply = { .generation = 0 };
	char path[4096 + 128];
	struct parts parts;
	int rc;

	if (job == NULL)
		return -ZS_E_BUG;
	rc = check(job, err);
	if (rc != 0)
		return rc;
	if (!zs_vault_path(request->vault, job->certificate, path, sizeof(path)))
		ZS_FAIL(err, ZS_E_STORAGE, "the path of the certificate is too long");
	init_parts(&parts);
	rc = prepare(job, store, zs_state_now(&request->vault->state), &parts, err);
	if (rc == 0)
		rc = store_parts(job, &parts, &reply.generation, err);
	free_parts(&parts);
	reply.path = zs_slice_str(path);
	return rc != 0 ? rc : zs_request_reply(request, ZS_MSG_STORED, &reply, err);
}
