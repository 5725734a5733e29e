/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 16 };

struct connection {
	int fd;
	size_t n;
	char text[SERVER_TEXT];
};

struct server {
	const struct server_step *steps;
	size_t nsteps;
	int listener, wake[2];
	uint16_t port;
	pthread_t thread;
	atomic_uint count;
	atomic_uint connections, stray;
	struct connection open[CONNECTIONS];
	char requests[SERVER_REQUESTS][SERVER_TEXT];
};

static struct server one;

static void must(bool good, const char *what)
{
	if (!good) {
		perror(what);
		abort();
	}
}

/* Octets of the first request in text, 0 while it is not complete. */
static size_t request_size(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
	size_t head, body = 0;

	if (!end)
		return 0;
	head = (size_t)(end - text) + 4;
	for (length = length && length < end ? length + 16 : NULL; length && *length >= '0' && *length <= '9'; length++)
		body = body * 10 + (size_t)(*length - '0');
	return strlen(text) >= head + body ? head + body : 0;
}

static void end(struct connection *c, bool reset)
{
	const struct linger hard = { .l_onoff = 1 };

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(c->fd);
	c->fd = -1;
	c->n = 0;
}

/* The client may have gone: that is no failure of the test. */
static bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

static void answer(struct server *s, struct connection *c, size_t size)
{
	unsigned i = atomic_load(&s->count);
	const struct server_step *step = &s->steps[i < s->nsteps ? i : s->nsteps - 1];
	size_t n = step->n || !step->answer ? step->n : strlen(step->answer);
	bool good = true;

	if (i < SERVER_REQUESTS)
		snprintf(s->requests[i], SERVER_TEXT, "%.*s", (int)size, c->text);
	c->n -= size;
	atomic_fetch_sub(&s->stray, (unsigned)size);
	memmove(c->text, c->text + size, c->n + 1);
	atomic_store(&s->count, i + 1);
	for (unsigned k = 0; step->answer && good && k < (step->times ? step->times : 1); k++)
		good = send_all(c->fd, step->answer, n);
	if (!good || step->then != THEN_KEEP)
		end(c, step->then == THEN_RESET);
}

static void receive(struct server *s, struct connection *c)
{
	ssize_t n = recv(c->fd, c->text + c->n, sizeof(c->text) - 1 - c->n, 0);
	size_t size;

	if (n <= 0) {
		end(c, false);
		return;
	}
	c->n += (size_t)n;
	atomic_fetch_add(&s->stray, (unsigned)n);
	c->text[c->n] = 0;
	while (c->fd >= 0 && (size = request_size(c->text)))
		answer(s, c, size);
}

static void take(struct server *s)
{
	int fd = accept(s->listener, NULL, NULL);

	for (size_t i = 0; fd >= 0 && i < CONNECTIONS; i++) {
		if (s->open[i].fd >= 0)
			continue;
		s->open[i] = (struct connection){ .fd = fd };
		atomic_fetch_add(&s->connections, 1);
		return;
	}
	must(false, "too many connections");
}

static void *serve(void *user)
{
	struct server *s = user;

	for (;;) {
		struct pollfd fds[CONNECTIONS + 2] = { { .fd = s->wake[0], .events = POLLIN },
						       { .fd = s->listener, .events = POLLIN } };

		for (size_t i = 0; i < CONNECTIONS; i++)
			fds[i + 2] = (struct pollfd){ .fd = s->open[i].fd, .events = POLLIN };
		must(poll(fds, CONNECTIONS + 2, -1) > 0, "poll");
		if (fds[0].revents)
			return NULL;
		for (size_t i = 0; i < CONNECTIONS; i++)
			if (fds[i + 2].revents)
				receive(s, &s->open[i]);
		if (fds[1].revents)
			take(s);
	}
}

struct server *server_start(const struct server_step *steps, size_t n)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	struct server *s = &one;

	memset(s, 0, sizeof(*s));
	s->steps = steps;
	s->nsteps = n;
	for (size_t i = 0; i < CONNECTIONS; i++)
		s->open[i].fd = -1;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(s->listener >= 0 && !bind(s->listener, (struct sockaddr *)&sa, len) && !listen(s->listener, 8) &&
		     !getsockname(s->listener, (struct sockaddr *)&sa, &len) && !pipe(s->wake),
	     "server");
	s->port = ntohs(sa.sin_port);
	must(!pthread_create(&s->thread, NULL, serve, s), "thread");
	return s;
}

void server_stop(struct server *s)
{
	must(write(s->wake[1], "", 1) == 1, "wake");
	must(!pthread_join(s->thread, NULL), "join");
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (s->open[i].fd >= 0)
			end(&s->open[i], false);
	close(s->listener);
	close(s->wake[0]);
	close(s->wake[1]);
}

uint16_t server_port(const struct server *s)
{
	return s->port;
}

atomic_uint *server_count(struct server *s)
{
	return &s->count;
}

unsigned server_connections(struct server *s)
{
	return atomic_load(&s->connections);
}

unsigned server_stray(struct server *s)
{
	return atomic_load(&s->stray);
}

const char *server_request(const struct server *s, unsigned i)
{
	return i < SERVER_REQUESTS ? s->requests[i] : "";
}
