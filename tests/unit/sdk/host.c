/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <zoneseal/time.h>

static void append(char *dst, size_t size, const char *text, size_t n, const char *end)
{
	size_t have = strlen(dst);

	snprintf(dst + have, size - have, "%.*s%s", (int)n, text ? text : "", end);
}

static void on_log(const struct zsp_host *host, int32_t level, const char *text, size_t n)
{
	struct fake *fake = host->context;

	(void)level;
	append(fake->log, sizeof(fake->log), text, n, "\n");
}

static int32_t on_fail(const struct zsp_host *host, int32_t error_class, int64_t retry_after_ms, const char *text,
		       size_t n)
{
	struct fake *fake = host->context;

	fake->fails++;
	fake->error_class = error_class;
	fake->retry_after_ms = retry_after_ms;
	*fake->fail = 0;
	append(fake->fail, sizeof(fake->fail), text, n, "");
	return error_class;
}

static int32_t on_result(const struct zsp_host *host, uint32_t index, int32_t error_class, const char *text, size_t n)
{
	struct fake *fake = host->context;

	fake->result_index = index;
	fake->result_class = error_class;
	*fake->result = 0;
	append(fake->result, sizeof(fake->result), text, n, "");
	if (error_class == ZSP_OK) {
		char number[16];
		int digits = snprintf(number, sizeof(number), "%u", (unsigned)index);

		append(fake->good, sizeof(fake->good), number, (size_t)digits, " ");
	}
	return ZSP_OK;
}

static int64_t on_deadline(const struct zsp_host *host)
{
	const struct fake *fake = host->context;
	int64_t left = fake->deadline_ms - zsp_time_monotonic();

	return left > 0 ? left : 0;
}

static int32_t on_cancelled(const struct zsp_host *host)
{
	const struct fake *fake = host->context;

	return !on_deadline(host) || (fake->cancel_when && atomic_load(fake->cancel_when));
}

static int64_t on_wall(const struct zsp_host *host)
{
	struct timespec ts;

	(void)host;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int32_t on_print(const struct zsp_host *host, const char *text, size_t n)
{
	struct fake *fake = host->context;

	append(fake->print, sizeof(fake->print), text, n, "");
	return ZSP_OK;
}

void fake_init(struct fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->deadline_ms = zsp_time_monotonic() + FAKE_DEADLINE_MS;
	fake->host = (struct zsp_host){
		.head = ZSP_HEAD(struct zsp_host, 0),
		.context = fake,
		.log = on_log,
		.fail = on_fail,
		.result = on_result,
		.deadline_left_ms = on_deadline,
		.cancelled = on_cancelled,
		.wall_ms = on_wall,
		.print = on_print,
	};
}
