/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: as many options of kind file as there can be, and open reads those that are set. */
#include <fcntl.h>
#include <unistd.h>

#include <zoneseal/provider.h>

#define BAD_NAME "reads-files"
#define BAD_OPEN open_files
#define BAD_OPTIONS ZSP_LIST(options)

#define FILE_OPTION(n) \
	{ .name = ZSP_STR("file" #n), .kind = ZSP_OPTION_FILE, \
	  .env = ZSP_STR("ZONESEAL_TEST_FILE" #n), .help = ZSP_STR("A file.") }
#define EIGHT(n) FILE_OPTION(n##0), FILE_OPTION(n##1), FILE_OPTION(n##2), FILE_OPTION(n##3), \
	FILE_OPTION(n##4), FILE_OPTION(n##5), FILE_OPTION(n##6), FILE_OPTION(n##7)

static const struct zsp_option options[ZSP_MAX_OPTIONS] = {
	EIGHT(0), EIGHT(1), EIGHT(2), EIGHT(3), EIGHT(4), EIGHT(5), EIGHT(6), EIGHT(7),
};

static int32_t open_files(const struct zsp_host *host, const struct zsp_list *values, void **ret);
#include "bad.h"

static int32_t open_files(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	bad_host = host;
	*ret = NULL;
	for (uint32_t i = 0; i < values->n; i++) {
		const struct zsp_value *value = ZSP_ITEM(struct zsp_value, values, i);
		int fd = value->text.p ? open(value->text.p, O_RDONLY | O_CLOEXEC) : -1;

		if (value->text.p && fd < 0)
			return host->fail(host, ZSP_CONFIG, 0, value->text.p, value->text.n);
		if (fd >= 0)
			close(fd);
	}
	return ZSP_OK;
}
