/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of finalize.  A new directory is written beside and exchanged
 * with the old one, so there is no moment without one.  Runs in the vault.
 */
#include "vault/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/b64url.h"
#include "vault/keys.h"
#include "wrap/digest.h"

static const char dir_name[] = "pending", temp_name[] = ".new-pending", key_file[] = "privkey.pem";

enum { DIGEST_TEXT = 44 };

static bool spki_digest(struct zs_slice spki, char dst[static DIGEST_TEXT])
{
	uint8_t digest[ZS_SHA256];
	struct zs_buf text = ZS_BUF(DIGEST_TEXT);
	bool ok = zs_digest_sha256(spki, digest, NULL) == 0;

	if (ok)
		zs_b64url_encode(&text, zs_slice_of(digest, sizeof(digest)));
	ok = ok && zs_slice_copy(zs_buf_slice(&text), dst, DIGEST_TEXT);
	zs_buf_done(&text);
	return ok;
}

void zs_pending_add_names(struct zs_meta *meta, const struct zs_name *names, uint32_t n)
{
	char text[ZS_MAX_NAME + 3];

	for (uint32_t i = 0; i < n; i++) {
		zs_name_print(&names[i], text);
		zs_meta_add(meta, "identifier", zs_slice_str(text));
	}
}

static int write_meta(int dir, const struct zs_pending *pending, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_META);
	char digest[DIGEST_TEXT];
	struct zs_meta meta;
	int rc;

	zs_meta_init(&meta);
	zs_meta_add(&meta, "ca", zs_slice_str(pending->ca));
	zs_meta_add(&meta, "key_type", zs_slice_str(pending->key_type));
	zs_meta_add(&meta, "order_url", zs_slice_str(pending->order_url));
	zs_meta_add(&meta, "finalize_url", zs_slice_str(pending->finalize_url));
	if (spki_digest(pending->spki, digest))
		zs_meta_add(&meta, "spki_digest", zs_slice_str(digest));
	zs_pending_add_names(&meta, pending->identifiers, pending->n_identifiers);
	rc = zs_meta_print(&meta, &text, err);
	if (rc == 0)
		rc = zs_fs_write_new(dir, "meta", zs_buf_slice(&text), 0600, (gid_t)-1, err);
	zs_buf_done(&text);
	zs_meta_done(&meta);
	return rc;
}

static int fill(int certdir, const struct zs_pending *pending, struct zs_err *err)
{
	int dir = zs_fs_make_dir(certdir, temp_name, 0700, err);
	int rc;

	if (dir < 0)
		return dir;
	rc = write_meta(dir, pending, err);
	if (rc == 0 && pending->key != NULL)
		rc = zs_keys_write_new(dir, key_file, pending->key, err);
	if (rc == 0)
		rc = zs_fs_sync_dir(dir, err);
	zs_state_close(&dir);
	return rc;
}

static int put_in_place(int certdir, struct zs_err *err)
{
	if (renameat2(certdir, temp_name, certdir, dir_name, RENAME_NOREPLACE) == 0)
		return zs_fs_sync_dir(certdir, err);
	if (errno != EEXIST || renameat2(certdir, temp_name, certdir, dir_name, RENAME_EXCHANGE) != 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "record the finalized order");
	(void)zs_fs_sync_dir(certdir, err);
	return zs_fs_remove_tree(certdir, temp_name, err);
}

int zs_pending_write(int certdir, const struct zs_pending *pending, struct zs_err *err)
{
	int rc;

	if (zs_fs_exists(certdir, temp_name))
		(void)zs_fs_remove_tree(certdir, temp_name, NULL);
	rc = fill(certdir, pending, err);
	return rc != 0 ? rc : put_in_place(certdir, err);
}

/* ---- reading ---------------------------------------------------------------------------- */

static bool same_text(const struct zs_meta *meta, const char *key, const char *want)
{
	const char *value = zs_meta_get(meta, key);

	return value != NULL && strcmp(value, want) == 0;
}

static bool has_name(const struct zs_meta *meta, const struct zs_name *name)
{
	char text[ZS_MAX_NAME + 3];
	const char *value;
	size_t at = 0;

	zs_name_print(name, text);
	while ((value = zs_meta_next(meta, "identifier", &at)) != NULL)
		if (strcmp(value, text) == 0)
			return true;
	return false;
}

static bool same_names(const struct zs_meta *meta, const struct zs_pending *want)
{
	uint32_t n = 0;
	size_t at = 0;

	while (zs_meta_next(meta, "identifier", &at) != NULL)
		n++;
	for (uint32_t i = 0; i < want->n_identifiers; i++)
		if (!has_name(meta, &want->identifiers[i]))
			return false;
	return n == want->n_identifiers;
}

static bool fits(const struct zs_meta *meta, const struct zs_pending *want)
{
	char digest[DIGEST_TEXT];

	if (!same_text(meta, "ca", want->ca) || !same_text(meta, "key_type", want->key_type) || !same_names(meta, want))
		return false;
	return strcmp(want->key_type, "csr") != 0 ||
	       (spki_digest(want->spki, digest) && same_text(meta, "spki_digest", digest));
}

static bool copy_urls(const struct zs_meta *meta, struct zs_pending_found *ret)
{
	struct zs_slice order = zs_slice_str(zs_meta_get(meta, "order_url"));
	struct zs_slice finalize = zs_slice_str(zs_meta_get(meta, "finalize_url"));

	return order.n > 0 && finalize.n > 0 && zs_slice_copy(order, ret->order_url, sizeof(ret->order_url)) &&
	       zs_slice_copy(finalize, ret->finalize_url, sizeof(ret->finalize_url));
}

static enum zs_found read_fitting(int dir, const struct zs_meta *meta, const struct zs_pending *want,
				  struct zs_pending_found *ret, struct zs_err *err)
{
	enum zs_found found = ZS_FOUND;

	if (!copy_urls(meta, ret)) {
		(void)zs_err_set(err, ZS_E_STORAGE, "the URLs of the order are missing");
		return ZS_CORRUPT;
	}
	ret->key = NULL;
	if (strcmp(want->key_type, "csr") != 0)
		found = zs_keys_read(dir, key_file, &ret->key, err);
	/* meta promises a key, so a missing one is damage. */
	if (found == ZS_ABSENT)
		return ZS_CORRUPT;
	if (found == ZS_FOUND && ret->key != NULL && strcmp(zs_pkey_type(ret->key), want->key_type) != 0) {
		zs_pkey_free(ret->key);
		ret->key = NULL;
		(void)zs_err_set(err, ZS_E_STORAGE, "the key is not of the type that meta says");
		return ZS_CORRUPT;
	}
	return found;
}

enum zs_found zs_pending_read(int certdir, const struct zs_pending *want, struct zs_pending_found *ret, bool *ret_other,
			      struct zs_err *err)
{
	struct zs_meta meta;
	enum zs_found found;
	int dir;

	*ret_other = false;
	dir = zs_fs_open_dir(certdir, dir_name, err);
	if (dir < 0)
		return errno == ENOENT ? ZS_ABSENT : errno == ENOTDIR || errno == ELOOP ? ZS_CORRUPT : ZS_UNREADABLE;
	zs_meta_init(&meta);
	found = zs_meta_read(&meta, dir, "meta", err);
	if (found == ZS_ABSENT)
		found = ZS_CORRUPT;
	if (found == ZS_FOUND && !fits(&meta, want)) {
		*ret_other = true;
		found = ZS_ABSENT;
	} else if (found == ZS_FOUND) {
		found = read_fitting(dir, &meta, want, ret, err);
	}
	zs_meta_done(&meta);
	zs_state_close(&dir);
	return found;
}

bool zs_pending_exists(int certdir)
{
	return zs_fs_exists(certdir, dir_name);
}

/* Renamed first, so that a kill leaves all of it or nothing that is read. */
int zs_pending_drop(int certdir, struct zs_err *err)
{
	if (!zs_pending_exists(certdir))
		return 0;
	if (zs_fs_exists(certdir, ".new-dropped"))
		(void)zs_fs_remove_tree(certdir, ".new-dropped", NULL);
	if (renameat(certdir, dir_name, certdir, ".new-dropped") != 0)
		return zs_err_sys(err, ZS_E_STORAGE, errno, "drop the finalized order");
	return zs_fs_remove_tree(certdir, ".new-dropped", err);
}
