/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VAULT_LIST: the facts of every certificate in the tree, from its meta file.
 * It changes nothing, reads no key, and what is broken gets a line of its own.
 * Runs in the vault.
 */
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/generation.h"

enum { MAX_LISTED = 65536 };

struct listing {
	struct zs_request *request;
	int parent;
	ZS_VEC(struct zs_msg_certificate) items;
	bool failed;
};

/* What a message may hold (ipc/proto.c); the files are ours, but may be edited. */
enum { MAX_WORD = 128, MAX_LINE = 1024, MAX_PATH = 4096 };

static struct zs_slice keep(struct listing *listing, const char *text, size_t max)
{
	size_t n = text != NULL ? strnlen(text, max) : 0;
	char *copy = zs_arena_str(&listing->request->arena, n > 0 ? text : "", n);

	if (copy == NULL)
		listing->failed = true;
	return copy != NULL ? zs_slice_of(copy, n) : ZS_SLICE_NONE;
}

static void set_problem(struct listing *listing, struct zs_msg_certificate *to, const struct zs_err *err)
{
	if (to->problem.n == 0)
		to->problem = keep(listing, err->text, MAX_LINE);
}

static void fill_identifiers(struct listing *listing, struct zs_msg_certificate *to, const struct zs_meta *meta)
{
	const char *text;
	size_t at = 0, n = 0;

	while (n < ZS_MAX_IDENTIFIERS && zs_meta_next(meta, "identifier", &at) != NULL)
		n++;
	to->identifiers.items = zs_arena_alloc(&listing->request->arena, (n + 1) * sizeof(struct zs_name));
	if (to->identifiers.items == NULL) {
		listing->failed = true;
		return;
	}
	at = 0;
	while (to->identifiers.n < n && (text = zs_meta_next(meta, "identifier", &at)) != NULL)
		if (zs_name_parse(zs_slice_str(text), ZS_NAME_HOST, &to->identifiers.items[to->identifiers.n], NULL))
			to->identifiers.n++;
}

static void fill_facts(struct listing *listing, struct zs_msg_certificate *to, const struct zs_meta *meta)
{
	to->ca = keep(listing, zs_meta_get(meta, "ca"), ZS_MAX_ID);
	to->key_type = keep(listing, zs_meta_get(meta, "key_type"), MAX_WORD);
	to->issuer = keep(listing, zs_meta_get(meta, "issuer"), MAX_LINE);
	to->serial = keep(listing, zs_meta_get(meta, "serial"), MAX_WORD);
	to->not_before = zs_meta_number(meta, "not_before", 0);
	to->not_after = zs_meta_number(meta, "not_after", 0);
	to->stored = zs_meta_number(meta, "stored", 0);
	fill_identifiers(listing, to, meta);
}

/* The files that readers need, by their directory entries only. */
static bool files_there(int dir, bool with_key, struct zs_err *err)
{
	static const char *const names[] = { "cert.pem", "chain.pem", "fullchain.pem", "privkey.pem", "combined.pem" };
	struct stat st;

	for (size_t i = 0; i < ZS_COUNT(names); i++) {
		if (i >= 3 && !with_key)
			break;
		/* A chain of one leaves chain.pem empty. */
		if (fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    (st.st_size > 0 || i == 1))
			continue;
		(void)zs_err_set(err, ZS_E_STORAGE, "%s is missing or empty", names[i]);
		return false;
	}
	return true;
}

static void fill_generation(struct listing *listing, struct zs_msg_certificate *to, int dir, struct zs_err *err)
{
	struct zs_meta meta;

	zs_meta_init(&meta);
	if (zs_meta_read(&meta, dir, "meta", err) == ZS_FOUND) {
		fill_facts(listing, to, &meta);
		if (!files_there(dir, !zs_slice_eq_str(to->key_type, "csr"), err))
			set_problem(listing, to, err);
	} else {
		set_problem(listing, to, err);
	}
	zs_meta_done(&meta);
}

static void fill_certificate(struct listing *listing, struct zs_msg_certificate *to, int dir)
{
	struct zs_err err;
	int gen;

	zs_err_clear(&err);
	to->pending = zs_pending_exists(dir);
	switch (zs_generation_current(dir, &to->generation, &err)) {
	case ZS_FOUND:
		break;
	case ZS_ABSENT:
		return;
	default:
		set_problem(listing, to, &err);
		return;
	}
	gen = zs_generation_open(dir, to->generation, &err);
	if (gen < 0) {
		set_problem(listing, to, &err);
		return;
	}
	fill_generation(listing, to, gen, &err);
	zs_state_close(&gen);
}

static bool list_one(const char *name, void *user)
{
	struct listing *listing = user;
	struct zs_vault *vault = listing->request->vault;
	struct zs_msg_certificate *to;
	char path[4096 + 128];
	struct zs_err err;
	int dir;

	if (!zs_id_ok(zs_slice_str(name)))
		return true;
	to = zs_vec_push(&listing->items, MAX_LISTED);
	if (to == NULL) {
		listing->failed = true;
		return false;
	}
	to->name = keep(listing, name, ZS_MAX_ID);
	if (zs_vault_path(vault, name, path, sizeof(path)))
		to->path = keep(listing, path, MAX_PATH);
	dir = zs_state_dir(listing->parent, name, false, &err);
	if (dir < 0) {
		set_problem(listing, to, &err);
		return true;
	}
	to->busy = !zs_job_holds(&vault->jobs, name) && zs_state_is_locked(dir, "lock");
	fill_certificate(listing, to, dir);
	zs_state_close(&dir);
	return !listing->failed;
}

int zs_serve_list(struct zs_request *request, struct zs_err *err)
{
	struct listing listing = { .request = request };
	struct zs_msg_vault_certificates reply = { .certificates = { .n = 0 } };
	int rc = 0;

	listing.parent = zs_state_dir(request->vault->state.root, "certificates", false, err);
	if (listing.parent < 0 && errno != ENOENT)
		return listing.parent;
	if (listing.parent >= 0)
		rc = zs_fs_list(listing.parent, list_one, &listing, err);
	zs_state_close(&listing.parent);
	if (rc == 0 && listing.failed)
		rc = zs_err_set(err, ZS_E_NOMEM, "too many certificates for one list");
	reply.certificates.items = listing.items.items;
	reply.certificates.n = (uint32_t)listing.items.n;
	if (rc == 0)
		rc = zs_request_reply(request, ZS_MSG_VAULT_CERTIFICATES, &reply, err);
	zs_vec_done(&listing.items);
	return rc;
}
