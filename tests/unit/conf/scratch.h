/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fresh directory below TMPDIR for each test, files in it, and a
 * configuration read from them.
 */
#ifndef ZS_TESTS_CONF_SCRATCH_H
#define ZS_TESTS_CONF_SCRATCH_H

#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define S(text) zs_slice_str(text)

struct scratch {
	char dir[256];
	char path[300]; /* of zoneseal.conf in it */
	struct zs_conf conf;
	struct zs_err err;
};

static inline int scratch_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	(void)umask(022);
	(void)snprintf(scratch->dir, sizeof(scratch->dir), "%s/zs-conf-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch->dir))
		return -1;
	(void)snprintf(scratch->path, sizeof(scratch->path), "%s/zoneseal.conf", scratch->dir);
	zs_conf_init(&scratch->conf);
	*state = scratch;
	return 0;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;

	zs_conf_done(&scratch->conf);
	(void)nftw(scratch->dir, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
	free(scratch);
	return 0;
}

#define SCRATCH_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

static inline void scratch_write(const struct scratch *scratch, const char *name, struct zs_slice data)
{
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", scratch->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data.p, 1, data.n, file), data.n);
	assert_int_equal(fclose(file), 0);
}

static inline void scratch_mkdir(const struct scratch *scratch)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s.d", scratch->path);
	assert_int_equal(mkdir(path, 0755), 0);
}

static inline void scratch_again(struct scratch *scratch)
{
	zs_conf_done(&scratch->conf);
	zs_conf_init(&scratch->conf);
	zs_err_clear(&scratch->err);
}

/* Reads text as the whole configuration, from scratch; returns what zs_conf_read says. */
static inline int scratch_read(struct scratch *scratch, const char *text)
{
	scratch_again(scratch);
	scratch_write(scratch, "zoneseal.conf", S(text));
	return zs_conf_read(&scratch->conf, scratch->path, &scratch->err);
}

/* The same, and finishes it. */
static inline int scratch_load(struct scratch *scratch, const char *text)
{
	int rc = scratch_read(scratch, text);

	return rc ? rc : zs_conf_finish(&scratch->conf, &scratch->err);
}

static inline void expect_text(const struct scratch *scratch, const char *wanted)
{
	if (!strstr(scratch->err.text, wanted))
		fail_msg("\"%s\" is not in: %s", wanted, scratch->err.text);
}

#endif
