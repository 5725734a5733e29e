/* SPDX-License-Identifier: Apache-2.0 */
/* See kit_http.h. */
#include "kit_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 50, HEAD = 16 * 1024 };

static int connect_to(const char *base)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const char *port = strrchr(base, ':');
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)strtoul(port ? port + 1 : "0", NULL, 10));
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Something to read, or the end of patience (0). */
static int wait_for(const struct kit_patience *p, int fd, int *waited_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	for (;;) {
		int n = poll(&poll_fd, 1, p->deaf ? -1 : LOOK_MS);
		if (n > 0)
			return 1;
		*waited_ms += LOOK_MS;
		if (p->host->cancelled(p->host) || (p->impatient_ms && *waited_ms >= p->impatient_ms))
			return 0;
	}
}

static size_t read_all(const struct kit_patience *p, int fd, char *dst, size_t size)
{
	size_t n = 0;
	int waited_ms = 0;

	while (n < size && wait_for(p, fd, &waited_ms)) {
		ssize_t got = recv(fd, dst + n, size - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return n;
}

static long header(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void parse(char *raw, size_t n, struct kit_reply *reply)
{
	char *body;
	long length;

	raw[n] = 0;
	body = strstr(raw, "\r\n\r\n");
	if (!body || strncmp(raw, "HTTP/1.1 ", 9) != 0)
		return;
	*body = 0;
	body += 4;
	length = header(raw, "\r\nContent-Length:");
	reply->n = n - (size_t)(body - raw);
	if (reply->n >= KIT_BODY || (length >= 0 && reply->n != (size_t)length))
		return;
	memcpy(reply->body, body, reply->n);
	reply->body[reply->n] = 0;
	reply->status = (int)strtol(raw + 9, NULL, 10);
	reply->retry_after = (int)header(raw, "\r\nRetry-After:");
	if (reply->retry_after < 0)
		reply->retry_after = 0;
}

void kit_http(const struct kit_patience *p, const char *base, const char *token, const char *path, const char *body,
	      struct kit_reply *reply)
{
	static char request[2 * KIT_BODY], raw[HEAD + KIT_BODY + 1];
	int fd = connect_to(base), n;

	memset(reply, 0, sizeof(*reply));
	if (fd < 0)
		return;
	n = snprintf(request, sizeof(request),
		     "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
		     "Content-Length: %zu\r\n\r\n%s", body ? "POST" : "GET", path, token, body ? strlen(body) : 0, body ? body : "");
	if (send(fd, request, (size_t)n, MSG_NOSIGNAL) == n)
		parse(raw, read_all(p, fd, raw, sizeof(raw) - 1), reply);
	close(fd);
}
