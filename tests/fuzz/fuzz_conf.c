/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file, through a file in memory: read, completed, printed; and
 * what was printed can be read and says the same.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"

static int memory_file(struct zs_slice text, char path[static 32])
{
	int fd = memfd_create("zoneseal.conf", MFD_CLOEXEC);

	MUST(fd >= 0 && fchmod(fd, 0600) == 0);
	MUST(write(fd, text.p, text.n) == (ssize_t)text.n);
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* True when all of it is right; its print is appended then. */
static bool read_and_print(struct zs_slice text, struct zs_buf *dst, struct zs_err *err)
{
	struct zs_conf conf;
	char path[32];
	int fd = memory_file(text, path);
	int rc;

	zs_conf_init(&conf);
	rc = zs_conf_read(&conf, path, err);
	if (!rc)
		rc = zs_conf_finish(&conf, err);
	if (!rc)
		zs_conf_print(&conf, dst);
	zs_conf_done(&conf);
	(void)close(fd);
	return !rc;
}

static void must_read(const struct zs_buf *text, struct zs_buf *dst)
{
	struct zs_err err;

	zs_err_clear(&err);
	if (!text->failed && read_and_print(zs_buf_slice(text), dst, &err))
		return;
	fprintf(stderr, "%s\n----\n%s\n", zs_buf_str(text), err.text);
	abort();
}

/* A default that was concluded counts as written from the second reading on. */
static void read_again(const struct zs_buf *first)
{
	struct zs_buf second = ZS_BUF(4 * ZS_MAX_CONFIG), third = ZS_BUF(4 * ZS_MAX_CONFIG);

	must_read(first, &second);
	must_read(&second, &third);
	if (!zs_slice_eq(zs_buf_slice(&second), zs_buf_slice(&third))) {
		fprintf(stderr, "%s\n----\n%s\n", zs_buf_str(&second), zs_buf_str(&third));
		abort();
	}
	zs_buf_done(&second);
	zs_buf_done(&third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_buf print = ZS_BUF(4 * ZS_MAX_CONFIG);
	struct zs_err err;

	zs_err_clear(&err);
	if (n > 0 && read_and_print(zs_slice_of(data, n), &print, &err))
		read_again(&print);
	else if (n > 0)
		MUST(err.code != ZS_OK && err.text[0]);
	zs_buf_done(&print);
	return 0;
}
