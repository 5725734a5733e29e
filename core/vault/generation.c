/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores what was issued.  Key and certificate of a generation appear at once:
 * everything is on the disk under a temporary name before the rename, and
 * readers move on with one switch of a link.  It does not look into the
 * certificate.  Runs in the vault.
 */
#include "vault/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum { KEEP_NEWEST = 3, MAX_GENERATIONS = 4096, MAX_COMBINED = 2 * ZS_MAX_PEM + 32 * 1024 };

static const char gen_dir[] = "gen", current_link[] = "current";

/* ---- numbers ------------------------------------------------------------------------ */

struct numbers {
	ZS_VEC(uint32_t) found;
	bool failed;
};

static bool number_of(const char *name, uint32_t *ret)
{
	uint64_t n;

	if (!zs_slice_u64(zs_slice_str(name), 999999999, &n) || n == 0 || name[0] == '0')
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool add_number(const char *name, void *user)
{
	struct numbers *numbers = user;
	uint32_t n, *slot;

	if (!number_of(name, &n))
		return true;
	slot = zs_vec_push(&numbers->found, MAX_GENERATIONS);
	if (slot == NULL) {
		numbers->failed = true;
		return false;
	}
	*slot = n;
	return true;
}

static int descending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* All numbers, the newest first. */
static int list_numbers(int gen, struct numbers *numbers, struct zs_err *err)
{
	int rc = zs_fs_list(gen, add_number, numbers, err);

	if (rc == 0 && numbers->failed)
		rc = zs_err_set(err, ZS_E_STORAGE, "too many generations");
	if (rc == 0 && numbers->found.n > 0)
		qsort(numbers->found.items, numbers->found.n, sizeof(uint32_t), descending);
	return rc;
}

enum zs_found zs_generation_current(int certdir, uint32_t *ret_number, struct zs_err *err)
{
	char target[64];
	struct stat st;
	uint32_t n = 0;

	*ret_number = 0;
	if (fstatat(certdir, current_link, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? ZS_ABSENT : ZS_UNREADABLE;
	if (!S_ISLNK(st.st_mode) || zs_fs_read_link(certdir, current_link, target, sizeof(target), err) != 0 ||
	    strncmp(target, "gen/", 4) != 0 || !number_of(target + 4, &n)) {
		(void)zs_err_set(err, ZS_E_STORAGE, "%s is not a link to a generation", current_link);
		return ZS_CORRUPT;
	}
	if (fstatat(certdir, target, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode)) {
		(void)zs_err_set(err, ZS_E_STORAGE, "%s points to generation %u, which is missing", current_link, n);
		return ZS_CORRUPT;
	}
	*ret_number = n;
	return ZS_FOUND;
}

int zs_generation_open(int certdir, uint32_t number, struct zs_err *err)
{
	char name[32];
	int gen = zs_fs_open_dir(certdir, gen_dir, err), fd;

	if (gen < 0)
		return gen;
	(void)snprintf(name, sizeof(name), "%u", number);
	fd = zs_fs_open_dir(gen, name, err);
	zs_state_close(&gen);
	return fd;
}

/* ---- writing -------------------------------------------------------------------------- */

static int write_one(int dir, const char *name, struct zs_slice data, const struct zs_generation *generation,
		     struct zs_err *err)
{
	bool shared = generation->gid >= 0;

	return zs_fs_write_new(dir, name, data, shared ? 0640 : 0600, shared ? (gid_t)generation->gid : (gid_t)-1, err);
}

static int write_joined(int dir, const char *name, bool with_key, const struct zs_generation *generation,
			struct zs_err *err)
{
	struct zs_buf text = ZS_BUF_SECRET(MAX_COMBINED);
	int rc;

	if (with_key)
		zs_buf_add_slice(&text, generation->privkey);
	zs_buf_add_slice(&text, generation->cert);
	zs_buf_add_slice(&text, generation->chain);
	rc = text.failed ? zs_err_set(err, ZS_E_NOMEM, "no room for %s", name)
			 : write_one(dir, name, zs_buf_slice(&text), generation, err);
	zs_buf_done(&text);
	return rc;
}

static int fill(int dir, const struct zs_generation *generation, struct zs_err *err)
{
	int rc = zs_state_share(dir, generation->gid, err);

	if (rc == 0)
		rc = write_one(dir, "cert.pem", generation->cert, generation, err);
	if (rc == 0)
		rc = write_one(dir, "chain.pem", generation->chain, generation, err);
	if (rc == 0)
		rc = write_joined(dir, "fullchain.pem", false, generation, err);
	if (rc == 0 && generation->privkey.n > 0)
		rc = write_one(dir, "privkey.pem", generation->privkey, generation, err);
	if (rc == 0 && generation->privkey.n > 0)
		rc = write_joined(dir, "combined.pem", true, generation, err);
	if (rc == 0)
		rc = write_one(dir, "meta", generation->meta, generation, err);
	return rc != 0 ? rc : zs_fs_sync_dir(dir, err);
}

static int write_numbered(int gen, uint32_t number, const struct zs_generation *generation, struct zs_err *err)
{
	char temp[32], name[32];
	int dir, rc;

	(void)snprintf(temp, sizeof(temp), ".new-%u", number);
	(void)snprintf(name, sizeof(name), "%u", number);
	dir = zs_fs_make_dir(gen, temp, 0700, err);
	if (dir < 0)
		return dir;
	rc = fill(dir, generation, err);
	zs_state_close(&dir);
	if (rc == 0 && renameat2(gen, temp, gen, name, RENAME_NOREPLACE) != 0)
		rc = zs_err_sys(err, ZS_E_STORAGE, errno, "make generation %u", number);
	if (rc != 0)
		(void)zs_fs_remove_tree(gen, temp, NULL);
	return rc != 0 ? rc : zs_fs_sync_dir(gen, err);
}

int zs_generation_write(int certdir, const struct zs_generation *generation, uint32_t *ret_number, struct zs_err *err)
{
	struct numbers numbers = { .failed = false };
	char target[32];
	uint32_t number = 0;
	int gen = zs_state_dir(certdir, gen_dir, true, err), rc;

	if (gen < 0)
		return gen;
	zs_state_sweep(gen);
	rc = zs_state_share(gen, generation->gid, err);
	if (rc == 0)
		rc = list_numbers(gen, &numbers, err);
	if (rc == 0) {
		number = numbers.found.n > 0 ? numbers.found.items[0] + 1 : 1;
		rc = write_numbered(gen, number, generation, err);
	}
	zs_vec_done(&numbers.found);
	zs_state_close(&gen);
	if (rc != 0)
		return rc;
	(void)snprintf(target, sizeof(target), "%s/%u", gen_dir, number);
	rc = zs_fs_switch_link(certdir, current_link, target, err);
	if (rc == 0)
		*ret_number = number;
	return rc;
}

/* ---- pruning --------------------------------------------------------------------------- */

static void remove_number(int gen, uint32_t number)
{
	char name[32];
	struct zs_err err;

	(void)snprintf(name, sizeof(name), "%u", number);
	if (zs_fs_remove_tree(gen, name, &err) != 0)
		zs_warn("", "an old generation could not be removed: %s", err.text);
}

void zs_generation_prune(int certdir)
{
	struct numbers numbers = { .failed = false };
	struct zs_meta meta;
	uint32_t current;
	int gen = zs_fs_open_dir(certdir, gen_dir, NULL);

	if (gen < 0)
		return;
	zs_meta_init(&meta);
	/* Without knowing what is in use nothing is removed. */
	if (zs_generation_current(certdir, &current, NULL) == ZS_FOUND &&
	    (zs_meta_read(&meta, certdir, "meta", NULL) == ZS_FOUND || !zs_fs_exists(certdir, "meta")) &&
	    list_numbers(gen, &numbers, NULL) == 0) {
		int64_t deployed = zs_meta_number(&meta, "last_deployed", 0);
		int64_t verified = zs_meta_number(&meta, "last_verified", 0);

		for (size_t i = KEEP_NEWEST; i < numbers.found.n; i++) {
			uint32_t n = numbers.found.items[i];

			if (n != current && n != deployed && n != verified)
				remove_number(gen, n);
		}
	}
	zs_vec_done(&numbers.found);
	zs_meta_done(&meta);
	zs_state_close(&gen);
}
