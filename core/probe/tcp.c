/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over TCP: connect, write two octets of length and the query, read two
 * octets of length and the reply. A zero length, an early end and whatever
 * else goes wrong is an errno.
 */
#include "probe/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "wrap/dns.h"

struct zs_tcp {
	struct zs_loop *loop;
	int fd;
	bool connected;
	uint8_t query[2 + ZS_DNS_MAX_QUERY];
	size_t query_len, sent;
	uint8_t prefix[2];
	size_t got;		/* of prefix and reply together */
	size_t want;		/* length of the reply, 0 = not known */
	uint8_t *reply;
	zs_tcp_fn *fn;
	void *user;
};

static void done(struct zs_tcp *tcp, int errnum)
{
	zs_loop_fd_remove(tcp->loop, tcp->fd);
	tcp->fn(errnum, errnum ? ZS_SLICE_NONE : zs_slice_of(tcp->reply, tcp->want), tcp->user);
}

static int finish_connect(struct zs_tcp *tcp)
{
	int errnum = 0;
	socklen_t len = sizeof(errnum);

	if (getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) < 0)
		return errno;
	tcp->connected = !errnum;
	return errnum;
}

/* 0 = go on, else errno; EAGAIN when the socket is full. */
static int write_query(struct zs_tcp *tcp)
{
	while (tcp->sent < tcp->query_len) {
		ssize_t n = send(tcp->fd, tcp->query + tcp->sent, tcp->query_len - tcp->sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			tcp->sent += (size_t)n;
	}
	return 0;
}

/* One read into the part that comes next. */
static int read_part(struct zs_tcp *tcp, uint8_t *dst, size_t room)
{
	ssize_t n = recv(tcp->fd, dst, room, 0);

	if (n < 0)
		return errno == EINTR ? 0 : errno;
	if (!n)
		return ECONNRESET;
	tcp->got += (size_t)n;
	return 0;
}

static int read_prefix(struct zs_tcp *tcp)
{
	int errnum = read_part(tcp, tcp->prefix + tcp->got, 2 - tcp->got);

	if (errnum || tcp->got < 2)
		return errnum;
	tcp->want = (size_t)tcp->prefix[0] << 8 | tcp->prefix[1];
	if (!tcp->want)
		return EBADMSG;
	tcp->reply = malloc(tcp->want);
	return tcp->reply ? 0 : ENOMEM;
}

static int read_reply(struct zs_tcp *tcp)
{
	int errnum = 0;

	while (!errnum && (tcp->got < 2 || tcp->got < 2 + tcp->want)) {
		if (tcp->got < 2)
			errnum = read_prefix(tcp);
		else
			errnum = read_part(tcp, tcp->reply + tcp->got - 2, tcp->want + 2 - tcp->got);
	}
	return errnum;
}

static void on_event(int fd, short revents, void *user)
{
	struct zs_tcp *tcp = user;
	int errnum = 0;

	(void)revents;
	if (!tcp->connected)
		errnum = finish_connect(tcp);
	if (!errnum && tcp->sent < tcp->query_len)
		errnum = write_query(tcp);
	if (errnum == EAGAIN)
		return;
	if (!errnum && zs_loop_fd(tcp->loop, fd, POLLIN, on_event, tcp) < 0)
		errnum = ENOMEM;
	if (!errnum)
		errnum = read_reply(tcp);
	if (errnum != EAGAIN)
		done(tcp, errnum);
}

static bool begin_connect(struct zs_tcp *tcp, const struct zs_addr *addr)
{
	struct sockaddr_storage sa;
	socklen_t len = zs_addr_sockaddr(addr, &sa);

	tcp->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (tcp->fd < 0)
		return false;
	if (connect(tcp->fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return false;
	if (zs_loop_fd(tcp->loop, tcp->fd, POLLOUT, on_event, tcp) < 0) {
		errno = ENOMEM;
		return false;
	}
	return true;
}

struct zs_tcp *zs_tcp_start(struct zs_loop *loop, const struct zs_addr *addr, struct zs_slice query, zs_tcp_fn *fn,
			    void *user)
{
	struct zs_tcp *tcp;

	if (query.n > ZS_DNS_MAX_QUERY) {
		errno = EMSGSIZE;
		return NULL;
	}
	tcp = calloc(1, sizeof(*tcp));
	if (!tcp)
		return NULL;
	tcp->loop = loop;
	tcp->fn = fn;
	tcp->user = user;
	tcp->query[0] = (uint8_t)(query.n >> 8);
	tcp->query[1] = (uint8_t)query.n;
	memcpy(tcp->query + 2, query.p, query.n);
	tcp->query_len = query.n + 2;
	if (!begin_connect(tcp, addr)) {
		int errnum = errno;

		zs_tcp_free(tcp);
		errno = errnum;
		return NULL;
	}
	return tcp;
}

void zs_tcp_free(struct zs_tcp *tcp)
{
	if (!tcp)
		return;
	if (tcp->fd >= 0) {
		zs_loop_fd_remove(tcp->loop, tcp->fd);
		close(tcp->fd);
	}
	free(tcp->reply);
	free(tcp);
}
