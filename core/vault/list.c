/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VAULT_LIST: the facts of certificates in the tree, from their meta files, a
 * page at a time.  It changes nothing, reads no key but its first line, and what
 * is broken gets a line of its own.  Runs in the vault.
 */
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/generation.h"

/* A page ends at either; one certificate more takes 40 KiB at most, so that it fits. */
enum { PAGE_CERTIFICATES = 256, PAGE_OCTETS = 512 * 1024 };

struct listing {
	struct zs_request *request;
	const struct zs_msg_vault_list *wanted;
	char after[ZS_MAX_ID + 1];
	int parent;
	ZS_VEC(struct zs_msg_certificate) items;
	size_t octets;
	bool more, failed;
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

/* "-----BEGIN ...-----" as the first line; what ends it tells a key of any form. */
static bool begins_as(int dir, const char *name, const char *label)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	struct zs_slice rest = zs_slice_of(text, n > 0 ? (size_t)n : 0), line = zs_slice_trim(zs_slice_cut(&rest, '\n'));

	zs_state_close(&fd);
	return zs_slice_starts(line, "-----BEGIN ") && zs_slice_ends(line, label);
}

/* The files that readers need: there, and not something else by their first line. */
static bool files_there(int dir, bool with_key, struct zs_err *err)
{
	static const struct { const char *name, *label; bool key, may_be_empty; } files[] = {
		{ .name = "cert.pem", .label = "CERTIFICATE-----" },
		{ .name = "chain.pem", .may_be_empty = true },	/* of a chain of one */
		{ .name = "fullchain.pem" },
		{ .name = "privkey.pem", .label = "PRIVATE KEY-----", .key = true },
		{ .name = "combined.pem", .key = true },
	};
	struct stat st;

	for (size_t i = 0; i < ZS_COUNT(files); i++) {
		const char *name = files[i].name;

		if (files[i].key && !with_key)
			continue;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
		    (st.st_size == 0 && !files[i].may_be_empty))
			(void)zs_err_set(err, ZS_E_STORAGE, "%s is missing or empty", name);
		else if (files[i].label != NULL && !begins_as(dir, name, files[i].label))
			(void)zs_err_set(err, ZS_E_STORAGE, "%s does not begin with a %s", name,
					 files[i].key ? "private key" : "certificate");
		else
			continue;
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

static void fill_all(struct listing *listing, struct zs_msg_certificate *to, const char *name)
{
	struct zs_vault *vault = listing->request->vault;
	char path[4096 + 128];
	struct zs_err err;
	int dir;

	to->name = keep(listing, name, ZS_MAX_ID);
	if (zs_vault_path(vault, name, path, sizeof(path)))
		to->path = keep(listing, path, MAX_PATH);
	dir = zs_state_dir(listing->parent, name, false, &err);
	if (dir < 0) {
		set_problem(listing, to, &err);
		return;
	}
	to->busy = !zs_job_holds(&vault->jobs, name) && zs_state_is_locked(dir, "lock");
	fill_certificate(listing, to, dir);
	zs_state_close(&dir);
}

/* As it will be in the message, or a little more. */
static size_t octets_of(const struct zs_msg_certificate *c)
{
	size_t n = 128 + c->name.n + c->ca.n + c->key_type.n + c->issuer.n + c->serial.n + c->path.n + c->problem.n;

	for (uint32_t i = 0; i < c->identifiers.n; i++)
		n += 8u + c->identifiers.items[i].len;
	return n;
}

static bool is_wanted(const struct listing *listing, const char *name)
{
	const struct zs_msg_vault_list *wanted = listing->wanted;
	bool found = wanted->names.n == 0;

	if (!zs_id_ok(zs_slice_str(name)) || strcmp(name, listing->after) <= 0)
		return false;
	for (uint32_t i = 0; i < wanted->names.n && !found; i++)
		found = zs_slice_eq_str(wanted->names.items[i], name);
	return found;
}

static bool list_one(const char *name, void *user)
{
	struct listing *listing = user;
	struct zs_msg_certificate *to;

	if (!is_wanted(listing, name))
		return true;
	listing->more = listing->items.n == PAGE_CERTIFICATES || listing->octets >= PAGE_OCTETS;
	if (listing->more)
		return false;
	to = zs_vec_push(&listing->items, PAGE_CERTIFICATES);
	if (to == NULL) {
		listing->failed = true;
		return false;
	}
	fill_all(listing, to, name);
	listing->octets += octets_of(to);
	return !listing->failed;
}

int zs_serve_list(struct zs_request *request, struct zs_err *err)
{
	struct listing listing = { .request = request, .wanted = request->body };
	struct zs_msg_vault_certificates reply = { .certificates = { .n = 0 } };
	int rc = 0;

	if (!zs_slice_copy(listing.wanted->after, listing.after, sizeof(listing.after)))
		ZS_FAIL(err, ZS_E_BUG, "no certificate has such a name");
	listing.parent = zs_state_dir(request->vault->state.root, "certificates", false, err);
	if (listing.parent < 0 && errno != ENOENT)
		return listing.parent;
	if (listing.parent >= 0)
		rc = zs_fs_list(listing.parent, list_one, &listing, err);
	zs_state_close(&listing.parent);
	if (rc == 0 && listing.failed)
		rc = zs_err_set(err, ZS_E_NOMEM, "out of memory for the list of certificates");
	reply.certificates.items = listing.items.items;
	reply.certificates.n = (uint32_t)listing.items.n;
	reply.more = listing.more;
	if (rc == 0)
		rc = zs_request_reply(request, ZS_MSG_VAULT_CERTIFICATES, &reply, err);
	zs_vec_done(&listing.items);
	return rc;
}
