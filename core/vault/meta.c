/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes the key=value files of the state tree.  It knows the form
 * only; what the keys mean is known where they are used.  Runs in the vault.
 */
#include "vault/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsutil.h"

enum { MAX_PAIRS = 512, MAX_KEY = 32, MAX_VALUE = 4096 };

static const char format_key[] = "format";

void zs_meta_init(struct zs_meta *meta)
{
	memset(meta, 0, sizeof(*meta));
	zs_arena_init(&meta->arena, 4 * ZS_MAX_META);
}

void zs_meta_done(struct zs_meta *meta)
{
	zs_vec_done(&meta->pairs);
	zs_arena_done(&meta->arena);
}

static bool key_ok(struct zs_slice key)
{
	if (key.n == 0 || key.n > MAX_KEY)
		return false;
	for (size_t i = 0; i < key.n; i++)
		if ((key.p[i] < 'a' || key.p[i] > 'z') && key.p[i] != '_')
			return false;
	return true;
}

static bool value_ok(struct zs_slice value)
{
	if (value.n > MAX_VALUE)
		return false;
	while (value.n > 0) {
		uint32_t point;
		size_t n = zs_utf8_next(value, &point);

		if (n == 0 || zs_utf8_is_unsafe(point))
			return false;
		value = zs_slice_of(value.p + n, value.n - n);
	}
	return true;
}

static bool push(struct zs_meta *meta, struct zs_slice key, struct zs_slice value)
{
	char *k = zs_arena_str(&meta->arena, key.p, key.n);
	char *v = zs_arena_str(&meta->arena, value.n > 0 ? (const void *)value.p : "", value.n);
	struct zs_meta_pair *pair = k != NULL && v != NULL ? zs_vec_push(&meta->pairs, MAX_PAIRS) : NULL;

	if (pair == NULL)
		return false;
	pair->key = k;
	pair->value = v;
	return true;
}

void zs_meta_add(struct zs_meta *meta, const char *key, struct zs_slice value)
{
	if (!value_ok(value) || !push(meta, zs_slice_str(key), value))
		meta->failed = true;
}

void zs_meta_add_number(struct zs_meta *meta, const char *key, int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", value < 0 ? 0 : (long long)value);
	zs_meta_add(meta, key, zs_slice_str(text));
}

static enum zs_found check_format(struct zs_slice line, struct zs_err *err)
{
	struct zs_slice key = zs_slice_cut(&line, '=');
	uint64_t format = 0;

	if (!zs_slice_eq_str(key, format_key) || !zs_slice_u64(line, UINT32_MAX, &format) || format == 0) {
		(void)zs_err_set(err, ZS_E_STORAGE, "the first line is not format=1");
		return ZS_CORRUPT;
	}
	if (format == 1)
		return ZS_FOUND;
	(void)zs_err_set(err, ZS_E_STORAGE, "written by a newer zoneseal (format %u)", (unsigned)format);
	return ZS_UNREADABLE;
}

static enum zs_found corrupt_line(unsigned number, struct zs_err *err)
{
	(void)zs_err_set(err, ZS_E_STORAGE, "line %u is not key=value", number);
	return ZS_CORRUPT;
}

enum zs_found zs_meta_parse(struct zs_meta *meta, struct zs_slice text, struct zs_err *err)
{
	enum zs_found found;
	unsigned number = 1;

	if (text.n == 0 || text.p[text.n - 1] != '\n') {
		(void)zs_err_set(err, ZS_E_STORAGE, text.n == 0 ? "the file is empty" : "the file is cut off");
		return ZS_CORRUPT;
	}
	found = check_format(zs_slice_cut(&text, '\n'), err);
	if (found != ZS_FOUND)
		return found;
	while (text.n > 0) {
		struct zs_slice line = zs_slice_cut(&text, '\n');
		bool has_value = memchr(line.p, '=', line.n) != NULL;
		struct zs_slice key = zs_slice_cut(&line, '=');

		number++;
		if (!has_value || !key_ok(key) || !value_ok(line))
			return corrupt_line(number, err);
		if (push(meta, key, line))
			continue;
		(void)zs_err_set(err, ZS_E_STORAGE, "too many lines, or out of memory");
		return meta->pairs.n >= MAX_PAIRS ? ZS_CORRUPT : ZS_UNREADABLE;
	}
	return ZS_FOUND;
}

enum zs_found zs_meta_read(struct zs_meta *meta, int dirfd, const char *name, struct zs_err *err)
{
	struct zs_buf text = ZS_BUF(ZS_MAX_META);
	enum zs_found found = ZS_UNREADABLE;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		found = errno == ENOENT ? ZS_ABSENT : ZS_UNREADABLE;
		(void)zs_err_sys(err, ZS_E_STORAGE, errno, "%s", name);
	} else if (!S_ISREG(st.st_mode) || st.st_size > ZS_MAX_META) {
		found = ZS_CORRUPT;
		(void)zs_err_set(err, ZS_E_STORAGE, "%s: not a plain file of at most %d octets", name, ZS_MAX_META);
	} else if (zs_fs_read(dirfd, name, &text, err) == 0) {
		found = zs_meta_parse(meta, zs_buf_slice(&text), err);
		if (found != ZS_FOUND)
			(void)zs_err_prefix(err, "%s", name);
	}
	zs_buf_done(&text);
	return found;
}

int zs_meta_print(const struct zs_meta *meta, struct zs_buf *dst, struct zs_err *err)
{
	if (meta->failed)
		ZS_FAIL(err, ZS_E_STORAGE, "a value cannot be written to a meta file");
	zs_buf_addf(dst, "%s=1\n", format_key);
	for (size_t i = 0; i < meta->pairs.n; i++) {
		zs_buf_add_str(dst, meta->pairs.items[i].key);
		zs_buf_add_byte(dst, '=');
		zs_buf_add_str(dst, meta->pairs.items[i].value);
		zs_buf_add_byte(dst, '\n');
	}
	if (dst->failed)
		ZS_FAIL(err, ZS_E_NOMEM, "the meta file gets too large");
	return 0;
}

const char *zs_meta_next(const struct zs_meta *meta, const char *key, size_t *at)
{
	while (*at < meta->pairs.n) {
		const struct zs_meta_pair *pair = &meta->pairs.items[(*at)++];

		if (strcmp(pair->key, key) == 0)
			return pair->value;
	}
	return NULL;
}

const char *zs_meta_get(const struct zs_meta *meta, const char *key)
{
	size_t at = 0;

	return zs_meta_next(meta, key, &at);
}

int64_t zs_meta_number(const struct zs_meta *meta, const char *key, int64_t fallback)
{
	uint64_t value;

	if (!zs_slice_u64(zs_slice_str(zs_meta_get(meta, key)), INT64_MAX, &value))
		return fallback;
	return (int64_t)value;
}

void zs_meta_remove(struct zs_meta *meta, const char *key)
{
	for (size_t i = meta->pairs.n; i-- > 0;)
		if (strcmp(meta->pairs.items[i].key, key) == 0)
			zs_vec_remove(&meta->pairs, i);
}
