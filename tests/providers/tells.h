/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A provider that behaves and tells a test server (tests/lib/tellserver.py) on a
 * port of this machine what it is asked; the server does it and says when and how
 * the call ends.
 *
 *   -> apply ZONE N
 *   -> add|remove NAME VALUE IDENTIFIER TOKEN KEY-AUTHORIZATION     N times, "-" for nothing
 *   <- ok | a text: why not
 */
#ifndef TESTS_PROVIDERS_TELLS_H
#define TESTS_PROVIDERS_TELLS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zoneseal/provider.h>

#ifndef TELLS_NAME
#define TELLS_NAME "tells"
#endif
#ifndef TELLS_FLAGS
#define TELLS_FLAGS ZSP_FLAG_BATCH
#endif
#ifndef TELLS_VALUES
#define TELLS_VALUES 0
#endif
#ifndef TELLS_CHANGES
#define TELLS_CHANGES 100
#endif

enum { TELLS_LINE = 1600 };

static const struct zsp_host *tells_host;
static int64_t tells_port;

static const struct zsp_option tells_options[] = {
	{ .name = ZSP_STR("port"), .kind = ZSP_OPTION_INTEGER, .required = 1, .help = ZSP_STR("Port of the test server."), .min = 1, .max = 65535 },
};

static int32_t tells_open(const struct zsp_host *host, const struct zsp_list *values, void **ret)
{
	tells_host = host;
	tells_port = ZSP_ITEM(struct zsp_value, values, 0)->number;
	*ret = NULL;
	return ZSP_OK;
}

static int32_t tells_fail(const char *text)
{
	return tells_host->fail(tells_host, ZSP_TRANSIENT, 0, text, strlen(text));
}

static const char *tells_word(const struct zsp_str *s)
{
	return s->n ? s->p : "-";
}

static int tells_send(int fd, const struct zsp_str *zone, const struct zsp_list *changes)
{
	char line[TELLS_LINE];
	int n = snprintf(line, sizeof(line), "apply %s %u\n", zone->p, (unsigned)changes->n);

	for (uint32_t i = 0; n > 0; i++) {
		const struct zsp_change *c;

		if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
			return 0;
		if (i == changes->n)
			return 1;
		c = ZSP_ITEM(struct zsp_change, changes, i);
		n = snprintf(line, sizeof(line), "%s %s %s %s %s %s\n", c->op == ZSP_ADD ? "add" : "remove", c->name.p, c->value.p,
			tells_word(&c->identifier), tells_word(&c->token), tells_word(&c->key_authorization));
	}
	return 0;
}

static int32_t tells_answer(int fd)
{
	char line[256];
	size_t n = 0;

	while (n + 1 < sizeof(line) && !memchr(line, '\n', n)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, (int)tells_host->deadline_left_ms(tells_host)) != 1)
			return tells_fail("no answer in time");
		got = recv(fd, line + n, sizeof(line) - 1 - n, 0);
		if (got <= 0)
			return tells_fail("the test server went away");
		n += (size_t)got;
	}
	line[n] = 0;
	return strcmp(line, "ok\n") == 0 ? ZSP_OK : tells_fail(line);
}

static int32_t tells_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)tells_port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int32_t class = ZSP_TRANSIENT;

	(void)instance;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (const void *)&to, sizeof(to)) || !tells_send(fd, zone, changes))
		tells_fail("the test server cannot be reached");
	else
		class = tells_answer(fd);
	if (fd >= 0)
		close(fd);
	return class;
}

static void tells_close(void *instance)
{
	(void)instance;
}

static const struct zsp_provider tells_provider = {
	.head = ZSP_PROVIDER(TELLS_FLAGS),
	.name = ZSP_STR(TELLS_NAME),
	.summary = ZSP_STR("Tells a test server what it is asked"),
	.options = ZSP_LIST(tells_options),
	.max_changes = TELLS_CHANGES,
	.max_values = TELLS_VALUES,
	.open = tells_open,
	.apply = tells_apply,
	.close = tells_close,
};

ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
{
	(void)host_abi;
	return &tells_provider;
}

#endif
