/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS questions over UDP, one new socket for each try so that port and id are
 * random each time.  The sockets of earlier tries stay open until the question
 * ends: a late answer counts.  What is learned about a server (no EDNS, drops
 * mixed case, silent) is remembered for the next question.
 */
#include "probe/transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "probe/tcp.h"

enum {
	MAX_SOCKETS = 256,
	MAX_SERVERS = 4096,
	MAX_TRIES = 3,		/* by time */
	MAX_ATTEMPTS = 5,	/* with those that an answer asks for */
	MAX_BURST = 32,		/* datagrams read from a socket in one turn */
	FIRST_MS = 400,
	BUDGET_MS = 2800,
	WINDOW_SILENT = 2,	/* questions in flight to a server that did not answer */
	WINDOW_NEW = 32,
	WINDOW_HEARD = 64,
	SLOW_MS = 200,
	PENALTY_UNKNOWN = 1
};

struct server {
	struct zs_addr addr;
	bool plain, folded, heard;
	bool slow;		/* given up in favour of a quicker one */
	unsigned failures;	/* since the last answer */
	unsigned inflight;
	struct zs_query *first, *last;	/* waiting for a socket */
};

struct attempt {
	int fd;
	bool edns, mixed;
	size_t len;
	uint64_t sent_us;
	uint8_t wire[ZS_DNS_MAX_QUERY];
};

enum phase { WAITING, UDP, TCP, ENDING };

struct zs_query {
	struct zs_transport *transport;
	struct server *server;
	struct zs_query *prev, *next;	/* in the server's queue or the list of running ones */
	struct zs_ask_one ask;
	enum phase phase;
	unsigned tries, nattempts;
	struct attempt attempts[MAX_ATTEMPTS];
	struct zs_timer *timer;
	struct zs_tcp *tcp;
	uint64_t started_ms;
	uint64_t tcp_us;
	bool garbage;
	struct zs_answer answer;
	struct zs_dns_reply reply;	/* valid when answer.reply is set */
};

struct zs_transport {
	struct zs_loop *loop;
	ZS_VEC(struct server *) servers;
	size_t turn;			/* server that gets the next free socket */
	size_t waiting;
	struct zs_query *running;
	unsigned sockets, room;		/* room: what the system lets us open */
	uint64_t ignored;
	uint8_t random[1024];
	size_t random_left;
	uint8_t datagram[ZS_DNS_MAX_MESSAGE];
};

static void pump(struct zs_transport *t);
static void on_try_timer(void *user);

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000U + (uint64_t)ts.tv_nsec / 1000U;
}

static uint64_t now_ms(const struct zs_transport *t)
{
	struct zs_clock *clock = zs_loop_clock(t->loop);

	return clock->mono_ms(clock);
}

/* Octets nobody can guess; false when the system has none to give. */
static bool random_bytes(struct zs_transport *t, uint8_t *dst, size_t n)
{
	if (t->random_left < n) {
		if (getrandom(t->random, sizeof(t->random), 0) != (ssize_t)sizeof(t->random))
			return false;
		t->random_left = sizeof(t->random);
	}
	t->random_left -= n;
	memcpy(dst, t->random + t->random_left, n);
	return true;
}

/* ---- servers ------------------------------------------------------------------- */

static struct server *find_server(struct zs_transport *t, const struct zs_addr *addr)
{
	for (size_t i = 0; i < t->servers.n; i++)
		if (zs_addr_eq(&t->servers.items[i]->addr, addr))
			return t->servers.items[i];
	return NULL;
}

/* When the table is full, one that nobody uses is forgotten. */
static struct server *idle_server(struct zs_transport *t)
{
	for (size_t i = 0; t->servers.n >= MAX_SERVERS && i < t->servers.n; i++)
		if (!t->servers.items[i]->inflight && !t->servers.items[i]->first)
			return t->servers.items[i];
	return NULL;
}

static struct server *get_server(struct zs_transport *t, const struct zs_addr *addr)
{
	struct server *server = find_server(t, addr), **slot;

	if (server)
		return server;
	server = idle_server(t);
	if (!server) {
		server = malloc(sizeof(*server));
		slot = server ? zs_vec_push(&t->servers, MAX_SERVERS) : NULL;
		if (!slot) {
			free(server);
			return NULL;
		}
		*slot = server;
	}
	*server = (struct server){ .addr = *addr };
	return server;
}

static unsigned window(const struct server *server)
{
	if (server->failures)
		return WINDOW_SILENT;
	return server->heard ? WINDOW_HEARD : WINDOW_NEW;
}

unsigned zs_transport_penalty(struct zs_transport *transport, const struct zs_addr *addr)
{
	const struct server *server = find_server(transport, addr);

	if (!server)
		return PENALTY_UNKNOWN;
	return server->failures + (server->slow || !server->heard ? PENALTY_UNKNOWN : 0) + server->slow;
}

uint64_t zs_transport_ignored(const struct zs_transport *transport)
{
	return transport->ignored;
}

/* ---- lists ------------------------------------------------------------------------ */

static void enqueue(struct zs_query *q)
{
	struct server *server = q->server;

	q->prev = server->last;
	q->next = NULL;
	if (server->last)
		server->last->next = q;
	else
		server->first = q;
	server->last = q;
	q->transport->waiting++;
}

static void dequeue(struct zs_query *q)
{
	struct server *server = q->server;

	if (q->prev)
		q->prev->next = q->next;
	else
		server->first = q->next;
	if (q->next)
		q->next->prev = q->prev;
	else
		server->last = q->prev;
	q->transport->waiting--;
}

static void link_running(struct zs_query *q)
{
	q->prev = NULL;
	q->next = q->transport->running;
	if (q->next)
		q->next->prev = q;
	q->transport->running = q;
	q->server->inflight++;
}

static void unlink_running(struct zs_query *q)
{
	if (q->prev)
		q->prev->next = q->next;
	else
		q->transport->running = q->next;
	if (q->next)
		q->next->prev = q->prev;
	q->server->inflight--;
}

/* ---- end of a question -------------------------------------------------------------- */

static void close_attempt(struct zs_query *q, struct attempt *attempt)
{
	if (attempt->fd < 0)
		return;
	zs_loop_fd_remove(q->transport->loop, attempt->fd);
	close(attempt->fd);
	attempt->fd = -1;
	q->transport->sockets--;
}

static void close_attempts(struct zs_query *q)
{
	for (unsigned i = 0; i < q->nattempts; i++)
		close_attempt(q, &q->attempts[i]);
}

static void close_tcp(struct zs_query *q)
{
	if (q->tcp)
		q->transport->sockets--;
	zs_tcp_free(q->tcp);
	q->tcp = NULL;
}

/* Off every list, nothing open; the memory stays. */
static void detach(struct zs_query *q)
{
	zs_loop_timer_cancel(q->transport->loop, q->timer);
	q->timer = NULL;
	close_attempts(q);
	close_tcp(q);
	if (q->phase == WAITING)
		dequeue(q);
	else
		unlink_running(q);
}

static void release(struct zs_query *q)
{
	if (q->answer.reply)
		zs_dns_reply_done(&q->reply);
	free(q);
}

static void remember(struct server *server, enum zs_net net)
{
	if (net == ZS_NET_ANSWER || net == ZS_NET_NO_TCP) {
		server->heard = true;
		server->slow = false;
		server->failures = 0;
	} else if (server->failures < 1000) {
		server->failures++;
	}
}

static void finish(struct zs_query *q, enum zs_net net, int errnum)
{
	struct zs_transport *t = q->transport;

	q->answer.net = net;
	q->answer.errnum = errnum;
	q->answer.addr = q->ask.addr;
	remember(q->server, net);
	detach(q);
	q->ask.fn(&q->answer, q->ask.user);
	release(q);
	pump(t);
}

static void on_end_timer(void *user)
{
	struct zs_query *q = user;

	q->timer = NULL;
	finish(q, q->answer.net, q->answer.errnum);
}

/* Ends in the next turn of the loop, so that no caller is called back from its own call. */
static void finish_later(struct zs_query *q, enum zs_net net, int errnum)
{
	q->phase = ENDING;
	q->answer.net = net;
	q->answer.errnum = errnum;
	zs_loop_timer_cancel(q->transport->loop, q->timer);
	q->timer = zs_loop_timer(q->transport->loop, 0, on_end_timer, q);
}

void zs_transport_cancel(struct zs_query *query)
{
	struct zs_transport *t;

	if (!query)
		return;
	t = query->transport;
	if (query->phase == UDP && now_ms(t) - query->started_ms >= SLOW_MS)
		query->server->slow = true;
	detach(query);
	release(query);
	pump(t);
}

/* ---- TCP ----------------------------------------------------------------------------- */

static bool take_reply(struct zs_query *q, struct zs_slice wire, uint64_t sent_us)
{
	if (zs_dns_parse(wire, &q->reply, NULL) < 0) {
		q->garbage = true;
		return false;
	}
	q->answer.reply = &q->reply;
	q->answer.rtt_us = (uint32_t)(now_us() - sent_us);
	return true;
}

static void on_tcp(int errnum, struct zs_slice wire, void *user)
{
	struct zs_query *q = user;
	const struct attempt *last = &q->attempts[q->nattempts - 1];
	enum zs_dns_match match;

	if (errnum) {
		finish(q, ZS_NET_NO_TCP, errnum);
		return;
	}
	match = zs_dns_match(zs_slice_of(last->wire, last->len), wire);
	/* A connection is proof enough; case may be lost on it. */
	if ((match != ZS_DNS_OURS && match != ZS_DNS_FOLDED) || !take_reply(q, wire, q->tcp_us)) {
		q->answer.ignored++;
		q->transport->ignored++;
		finish(q, ZS_NET_GARBAGE, 0);
		return;
	}
	q->answer.tcp = true;
	finish(q, ZS_NET_ANSWER, 0);
}

static void on_tcp_deadline(void *user)
{
	struct zs_query *q = user;

	q->timer = NULL;
	finish(q, ZS_NET_NO_TCP, ETIMEDOUT);
}

static void start_tcp(struct zs_query *q, const struct attempt *from)
{
	struct zs_transport *t = q->transport;
	uint64_t gone = now_ms(t) - q->started_ms;
	struct attempt copy = *from;

	q->phase = TCP;
	close_attempts(q);
	q->attempts[q->nattempts - 1] = copy;
	q->attempts[q->nattempts - 1].fd = -1;
	zs_loop_timer_cancel(t->loop, q->timer);
	q->timer = zs_loop_timer(t->loop, q->ask.budget_ms > gone ? q->ask.budget_ms - gone : 0, on_tcp_deadline, q);
	q->tcp_us = now_us();
	q->tcp = zs_tcp_start(t->loop, &q->ask.addr, zs_slice_of(copy.wire, copy.len), on_tcp, q);
	if (q->tcp)
		t->sockets++;
	else
		finish(q, ZS_NET_NO_TCP, errno);
}

/* ---- UDP ------------------------------------------------------------------------------- */

static void start_attempt(struct zs_query *q);

/* Tries again at once because of what the server said, not because of the time. */
static void again(struct zs_query *q)
{
	if (q->nattempts < MAX_ATTEMPTS)
		start_attempt(q);
}

static bool wants_plain(struct zs_slice wire)
{
	unsigned rcode = wire.p[3] & 0x0f;

	return rcode == ZS_DNS_FORMERR || rcode == ZS_DNS_NOTIMP;
}

static void ignore(struct zs_query *q)
{
	q->answer.ignored++;
	q->transport->ignored++;
}

/* The server's way to say that it does not like EDNS. */
static bool falls_back(struct zs_query *q, const struct attempt *attempt, struct zs_slice wire)
{
	if (!attempt->edns || !wants_plain(wire))
		return false;
	q->server->plain = true;
	again(q);
	return true;
}

/* A quick answer to a simpler try, when richer ones stayed unheard for longer,
 * says what this server drops. */
static void learn(struct zs_query *q, const struct attempt *attempt)
{
	bool quick = q->answer.rtt_us / 1000 < q->ask.first_ms / 2;

	q->answer.plain = !attempt->edns;
	q->answer.folded = !attempt->mixed;
	if (q->tries > 1 && quick && !attempt->edns)
		q->server->plain = true;
	if (q->tries == MAX_TRIES && quick && !attempt->mixed)
		q->server->folded = true;
}

static void on_ours(struct zs_query *q, struct attempt *attempt, struct zs_slice wire)
{
	if (falls_back(q, attempt, wire))
		return;
	if (wire.p[2] & 0x02) {
		start_tcp(q, attempt);
		return;
	}
	if (!take_reply(q, wire, attempt->sent_us)) {
		ignore(q);
		return;
	}
	if (q->reply.rcode == ZS_DNS_BADVERS && attempt->edns) {
		q->answer.reply = NULL;
		zs_dns_reply_done(&q->reply);
		q->server->plain = true;
		again(q);
		return;
	}
	learn(q, attempt);
	finish(q, ZS_NET_ANSWER, 0);
}

/* Returns false when the question has ended or changed its sockets. */
static bool on_datagram(struct zs_query *q, struct attempt *attempt, struct zs_slice wire)
{
	switch (zs_dns_match(zs_slice_of(attempt->wire, attempt->len), wire)) {
	case ZS_DNS_OURS:
		on_ours(q, attempt, wire);
		return false;
	case ZS_DNS_FOLDED:
		ignore(q);
		if (attempt->mixed && !q->server->folded) {
			q->server->folded = true;
			again(q);
			return false;
		}
		return true;
	case ZS_DNS_BARE:
		if (falls_back(q, attempt, wire))
			return false;
		ignore(q);
		return true;
	default:
		ignore(q);
		return true;
	}
}

static void on_socket_error(struct zs_query *q, int errnum)
{
	if (errnum == ECONNREFUSED)
		finish(q, ZS_NET_REFUSED, errnum);
	else if (errnum == ENETUNREACH)
		finish(q, ZS_NET_NO_ROUTE, errnum);
	else
		finish(q, ZS_NET_SILENT, errnum);
}

static struct attempt *attempt_of(struct zs_query *q, int fd)
{
	for (unsigned i = 0; i < q->nattempts; i++)
		if (q->attempts[i].fd == fd)
			return &q->attempts[i];
	return NULL;
}

static void on_readable(int fd, short revents, void *user)
{
	struct zs_query *q = user;
	struct zs_transport *t = q->transport;
	struct attempt *attempt = attempt_of(q, fd);

	(void)revents;
	for (unsigned i = 0; attempt && i < MAX_BURST; i++) {
		ssize_t n = recv(fd, t->datagram, sizeof(t->datagram), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				on_socket_error(q, errno);
			return;
		}
		if (!on_datagram(q, attempt, zs_slice_of(t->datagram, (size_t)n)))
			return;
	}
}

/* A connected socket, or -1 with errno. */
static int open_socket(const struct zs_addr *addr)
{
	struct sockaddr_storage sa;
	socklen_t len = zs_addr_sockaddr(addr, &sa);
	int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int errnum;

	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&sa, len))
		return fd;
	errnum = errno;
	close(fd);
	errno = errnum;
	return -1;
}

static bool build(struct zs_query *q, struct attempt *attempt)
{
	uint8_t random[2 + ZS_DNS_MIX];
	struct zs_dns_ask ask = { .name = &q->ask.name, .type = q->ask.type, .recurse = q->ask.recurse };

	/* Second try by time: plain; third: lower case too. */
	attempt->edns = !q->server->plain && q->tries < 2;
	attempt->mixed = !q->server->folded && q->tries < MAX_TRIES;
	if (!random_bytes(q->transport, random, sizeof(random)))
		return false;
	ask.id = (uint16_t)(random[0] << 8 | random[1]);
	ask.edns = attempt->edns;
	ask.mix = attempt->mixed ? random + 2 : NULL;
	attempt->len = zs_dns_build(&ask, attempt->wire);
	return true;
}

static enum zs_net net_of_errno(int errnum)
{
	switch (errnum) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
	case ENETDOWN:
	case EACCES:
	case EPERM:
	case EINVAL:
		return ZS_NET_NO_ROUTE;
	case ECONNREFUSED:
		return ZS_NET_REFUSED;
	default:
		return ZS_NET_LOCAL;
	}
}

static bool send_attempt(struct zs_query *q, struct attempt *attempt)
{
	struct zs_transport *t = q->transport;

	attempt->fd = open_socket(&q->ask.addr);
	if (attempt->fd < 0)
		return false;
	t->sockets++;
	attempt->sent_us = now_us();
	if (send(attempt->fd, attempt->wire, attempt->len, MSG_NOSIGNAL) < 0 && errno != EAGAIN && errno != ENOBUFS)
		return false;
	if (zs_loop_fd(t->loop, attempt->fd, POLLIN, on_readable, q) < 0) {
		errno = ENOMEM;
		return false;
	}
	return true;
}

/* One more socket when the limit is reached means one less of our own. */
static void make_room(struct zs_query *q)
{
	for (unsigned i = 0; q->transport->sockets >= q->transport->room && i < q->nattempts; i++)
		close_attempt(q, &q->attempts[i]);
}

static void start_attempt(struct zs_query *q)
{
	struct attempt *attempt = &q->attempts[q->nattempts];
	int errnum;

	make_room(q);
	attempt->fd = -1;
	if (!build(q, attempt)) {
		finish_later(q, ZS_NET_LOCAL, errno);
		return;
	}
	q->nattempts++;
	if (send_attempt(q, attempt))
		return;
	errnum = errno;
	close_attempt(q, attempt);
	finish_later(q, net_of_errno(errnum), errnum);
}

/* ---- tries and the queue ------------------------------------------------------------------ */

static void arm(struct zs_query *q)
{
	struct zs_transport *t = q->transport;
	uint64_t gone = now_ms(t) - q->started_ms;
	uint64_t next = (uint64_t)q->ask.first_ms * ((1U << q->tries) - 1);

	if (q->tries >= MAX_TRIES || next > q->ask.budget_ms)
		next = q->ask.budget_ms;
	q->timer = zs_loop_timer(t->loop, next > gone ? next - gone : 0, on_try_timer, q);
}

static void on_try_timer(void *user)
{
	struct zs_query *q = user;
	uint64_t gone = now_ms(q->transport) - q->started_ms;

	q->timer = NULL;
	if (gone >= q->ask.budget_ms || q->tries >= MAX_TRIES || q->nattempts >= MAX_ATTEMPTS) {
		finish(q, q->garbage ? ZS_NET_GARBAGE : ZS_NET_SILENT, 0);
		return;
	}
	q->tries++;
	start_attempt(q);
	if (q->phase == UDP)
		arm(q);
}

static bool out_of_sockets(struct zs_query *q)
{
	const struct zs_answer *a = &q->answer;

	return q->phase == ENDING && a->net == ZS_NET_LOCAL && (a->errnum == EMFILE || a->errnum == ENFILE);
}

/* Back into the queue: fewer descriptors than we thought. */
static void put_back(struct zs_query *q)
{
	zs_loop_timer_cancel(q->transport->loop, q->timer);
	q->timer = NULL;
	unlink_running(q);
	q->phase = WAITING;
	q->tries = q->nattempts = 0;
	enqueue(q);
	q->transport->room = q->transport->sockets;
}

static void start(struct zs_query *q)
{
	dequeue(q);
	q->phase = UDP;
	link_running(q);
	q->started_ms = now_ms(q->transport);
	q->tries = 1;
	start_attempt(q);
	if (q->phase == UDP)
		arm(q);
	else if (out_of_sockets(q) && q->transport->sockets)
		put_back(q);
}

static struct zs_query *next_waiting(struct zs_transport *t)
{
	for (size_t i = 0; i < t->servers.n; i++) {
		struct server *server = t->servers.items[t->turn++ % t->servers.n];

		if (server->first && server->inflight < window(server))
			return server->first;
	}
	return NULL;
}

static void pump(struct zs_transport *t)
{
	while (t->waiting && t->sockets < t->room) {
		struct zs_query *q = next_waiting(t);

		if (!q)
			return;
		start(q);
	}
}

struct zs_query *zs_transport_ask(struct zs_transport *transport, const struct zs_ask_one *ask)
{
	struct server *server = get_server(transport, &ask->addr);
	struct zs_query *q = server ? calloc(1, sizeof(*q)) : NULL;

	if (!q)
		return NULL;
	q->transport = transport;
	q->server = server;
	q->ask = *ask;
	q->ask.first_ms = ask->first_ms ? ask->first_ms : FIRST_MS;
	q->ask.budget_ms = ask->budget_ms ? ask->budget_ms : BUDGET_MS;
	q->phase = WAITING;
	enqueue(q);
	pump(transport);
	return q;
}

/* ---- life ---------------------------------------------------------------------------------- */

struct zs_transport *zs_transport_new(struct zs_loop *loop)
{
	struct zs_transport *t = calloc(1, sizeof(*t));

	if (t) {
		t->loop = loop;
		t->room = MAX_SOCKETS;
	}
	return t;
}

static void drop(struct zs_query *q)
{
	detach(q);
	release(q);
}

void zs_transport_free(struct zs_transport *transport)
{
	if (!transport)
		return;
	while (transport->running)
		drop(transport->running);
	for (size_t i = 0; i < transport->servers.n; i++) {
		while (transport->servers.items[i]->first)
			drop(transport->servers.items[i]->first);
		free(transport->servers.items[i]);
	}
	zs_vec_done(&transport->servers);
	free(transport);
}

void zs_net_text(const struct zs_answer *answer, char dst[static 96])
{
	static const char *const words[] = {
		[ZS_NET_ANSWER] = "answered",
		[ZS_NET_SILENT] = "no answer",
		[ZS_NET_REFUSED] = "port refused, nothing listens there",
		[ZS_NET_NO_ROUTE] = "no route from here",
		[ZS_NET_NO_TCP] = "answer too large for UDP and port 53/TCP fails",
		[ZS_NET_GARBAGE] = "only malformed answers",
		[ZS_NET_LOCAL] = "cannot ask",
	};
	bool reason = answer->errnum && answer->net != ZS_NET_REFUSED;

	_Static_assert(ZS_COUNT(words) == ZS_NET__COUNT, "one text per outcome");
	snprintf(dst, 96, "%s%s%s%s", words[answer->net], reason ? " (" : "", reason ? strerror(answer->errnum) : "",
		 reason ? ")" : "");
}
