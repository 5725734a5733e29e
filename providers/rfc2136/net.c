/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of the plugin.  Each wait ends at the earlier of query-timeout and
 * the call's deadline, counted from its begin, whatever trickles in; and
 * soon after the host says "cancelled".
 */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_MS = 200 };

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool fail(struct net *net, const char *what, int errnum)
{
	snprintf(net->why, sizeof(net->why), "%s%s%s", what, errnum ? ": " : "",
		 errnum ? strerror(errnum) : "");
	return false;
}

/* Whose address was configured, and what else stands between. */
static bool fail_connect(struct net *net, int errnum)
{
	snprintf(net->why, sizeof(net->why), "connect: %s (check the option nameserver, and firewalls for port 53)",
		 errnum ? strerror(errnum) : "failed");
	return false;
}

static int64_t deadline(const struct net *net, int64_t ms)
{
	int64_t left = net->host->deadline_left_ms(net->host);

	return now_ms() + (left < ms ? left : ms);
}

/* Waits for the socket until that time; asks in slices whether to go on. */
static bool wait_for(struct net *net, short events, int64_t until, const char *what)
{
	struct pollfd p = { .fd = net->fd, .events = events };

	for (;;) {
		int64_t left = until - now_ms();
		int n;

		if (left <= 0 || net->host->cancelled(net->host))
			return fail(net, what, ETIMEDOUT);
		n = poll(&p, 1, left < SLICE_MS ? (int)left : SLICE_MS);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return fail(net, what, errno);
	}
}

/* ---- addresses ---------------------------------------------------------------- */

/* Splits in place; *port stays as it is without one. */
static char *split(char *text, char **port)
{
	char *colon = strrchr(text, ':'), *close = strrchr(text, ']');

	if (*text == '[' && close) {
		*close = 0;
		if (close[1] == ':')
			*port = close + 2;
		return text + 1;
	}
	if (colon && strchr(text, ':') == colon) {
		*colon = 0;
		*port = colon + 1;
	}
	return text;
}

static void name_endpoint(struct net_endpoint *e, const char *host)
{
	char address[48] = "?", port[8] = "?";
	bool v6 = e->address.ss_family == AF_INET6, named;

	getnameinfo((const struct sockaddr *)&e->address, e->address_len, address,
		    sizeof(address), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	named = strcmp(address, host) != 0;
	snprintf(e->text, sizeof(e->text), "%s%s%s:%s%s%.*s%s", v6 ? "[" : "", address,
		 v6 ? "]" : "", port, named ? " (" : "", named ? 24 : 0, host, named ? ")" : "");
}

static void append(struct net_endpoints *dst, const struct addrinfo *list, const char *host)
{
	for (; list && dst->n < NET_ENDPOINTS; list = list->ai_next) {
		struct net_endpoint *e = &dst->items[dst->n];

		if (list->ai_addrlen > sizeof(e->address))
			continue;
		memcpy(&e->address, list->ai_addr, list->ai_addrlen);
		e->address_len = list->ai_addrlen;
		name_endpoint(e, host);
		dst->n++;
	}
}

void net_resolve(const char *text, size_t n, struct net_endpoints *dst, char why[NET_WHY])
{
	char copy[300], default_port[] = "53";
	char *port = default_port, *host;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST |
				  AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	int rc;

	*why = 0;
	if (n >= sizeof(copy)) {
		snprintf(why, NET_WHY, "the name is too long");
		return;
	}
	memcpy(copy, text, n);
	copy[n] = 0;
	host = split(copy, &port);
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc == EAI_NONAME) {
		hints.ai_flags = AI_NUMERICSERV;
		rc = getaddrinfo(host, port, &hints, &list);
	}
	if (rc)
		snprintf(why, NET_WHY, "%s", gai_strerror(rc));
	else
		append(dst, list, host);
	if (list)
		freeaddrinfo(list);
}

/* ---- connections ---------------------------------------------------------------- */

void net_close(struct net *net)
{
	if (net->fd >= 0)
		close(net->fd);
	net->fd = -1;
}

static bool finish_connect(struct net *net)
{
	int failed = 0;
	socklen_t n = sizeof(failed);

	if (!wait_for(net, POLLOUT, deadline(net, net->timeout_ms), "connect"))
		return false;
	if (getsockopt(net->fd, SOL_SOCKET, SO_ERROR, &failed, &n) || failed)
		return fail_connect(net, failed);
	return true;
}

/* Pipelined questions and their answers are small packets: neither side shall wait
 * for an acknowledgement. */
static void hurry(struct net *net, int option)
{
	int one = 1;

	if (!net->udp)
		setsockopt(net->fd, IPPROTO_TCP, option, &one, sizeof(one));
}

bool net_open(struct net *net, const struct net_endpoint *to)
{
	int type = (net->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	bool good;

	net_close(net);
	net->fd = socket(to->address.ss_family, type, 0);
	if (net->fd < 0)
		return fail(net, "socket", errno);
	if (!connect(net->fd, (const struct sockaddr *)&to->address, to->address_len))
		good = true;
	else if (errno == EINPROGRESS)
		good = finish_connect(net);
	else
		good = fail_connect(net, errno);
	if (good)
		hurry(net, TCP_NODELAY);
	else
		net_close(net);
	return good;
}

static bool write_all(struct net *net, const uint8_t *p, size_t n)
{
	int64_t until = deadline(net, net->timeout_ms);

	while (n) {
		ssize_t done = send(net->fd, p, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EAGAIN) {
			if (!wait_for(net, POLLOUT, until, "send"))
				return false;
			continue;
		}
		if (done < 0 && errno != EINTR)
			return fail(net, "send", errno);
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return true;
}

bool net_send(struct net *net, const uint8_t *message, size_t n)
{
	uint8_t framed[2 + WIRE_MESSAGE];

	if (net->udp)
		return write_all(net, message, n);
	wire_poke16(framed, (uint16_t)n);
	memcpy(framed + 2, message, n);
	return write_all(net, framed, n + 2);
}

static bool read_exact(struct net *net, uint8_t *p, size_t n, int64_t until)
{
	while (n) {
		ssize_t done = recv(net->fd, p, n, 0);

		if (done < 0 && errno == EAGAIN) {
			if (!wait_for(net, POLLIN, until, "no reply"))
				return false;
			continue;
		}
		if (!done)
			return fail(net, "the server closed the connection without a reply", 0);
		if (done < 0 && errno != EINTR)
			return fail(net, "receive", errno);
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return true;
}

static bool receive_stream(struct net *net, uint8_t *reply, size_t *ret_len, int64_t until)
{
	uint8_t length[2];

	hurry(net, TCP_QUICKACK);	/* lasts for a few packets only */
	if (!read_exact(net, length, sizeof(length), until))
		return false;
	*ret_len = wire_peek16(length);
	return read_exact(net, reply, *ret_len, until);
}

static bool receive_packet(struct net *net, uint8_t *reply, size_t *ret_len, int64_t until)
{
	for (;;) {
		ssize_t n;

		if (!wait_for(net, POLLIN, until, "no reply"))
			return false;
		n = recv(net->fd, reply, WIRE_MESSAGE, 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(net, "receive", errno);
		if (n > 0) {
			*ret_len = (size_t)n;
			return true;
		}
	}
}

static bool receive(struct net *net, uint8_t *reply, size_t *ret_len, int64_t until)
{
	return net->udp ? receive_packet(net, reply, ret_len, until) :
			  receive_stream(net, reply, ret_len, until);
}

bool net_receive(struct net *net, uint8_t *reply, size_t *ret_len)
{
	bool is_early = net->udp && net->patience_ms < net->timeout_ms;

	if (receive(net, reply, ret_len,
		    deadline(net, is_early ? net->patience_ms : net->timeout_ms)))
		return true;
	if (is_early)
		net->patience_ms *= 2;
	return false;
}

static bool is_reply(const uint8_t *request, const uint8_t *reply, size_t n)
{
	return n >= WIRE_HEADER && wire_peek16(reply) == wire_peek16(request) &&
	       (wire_peek16(reply + 2) & (WIRE_QR | WIRE_OPCODE)) ==
		       (WIRE_QR | (wire_peek16(request + 2) & WIRE_OPCODE));
}

/* Replies to something else are skipped: late ones over UDP. */
static bool receive_reply(struct net *net, const uint8_t *message, uint8_t *reply,
			  size_t *ret_len, int64_t until)
{
	while (receive(net, reply, ret_len, until))
		if (is_reply(message, reply, *ret_len))
			return true;
	return false;
}

bool net_exchange(struct net *net, const uint8_t *message, size_t n, uint8_t *reply,
		  size_t *ret_len, bool *ret_sent)
{
	int64_t until = deadline(net, net->timeout_ms), wait = NET_PATIENCE_MS;

	*ret_sent = false;
	for (;;) {
		int64_t step = now_ms() + wait;

		if (!net_send(net, message, n))
			return false;
		*ret_sent = true;
		if (!net->udp || step > until)
			step = until;
		if (receive_reply(net, message, reply, ret_len, step))
			return true;
		if (!net->udp || now_ms() >= until || net->host->cancelled(net->host))
			return false;
		wait *= 2;
	}
}
