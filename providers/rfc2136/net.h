/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to and from one name server, over TCP or UDP, with absolute
 * deadlines.
 */
#ifndef RFC2136_NET_H
#define RFC2136_NET_H

#include <sys/socket.h>

#include <zoneseal/provider.h>

#include "wire.h"

enum { NET_ENDPOINTS = 16, NET_TEXT = 80, NET_WHY = 160, NET_DEFAULT_PORT = 53, NET_PATIENCE_MS = 1000 };

/* One address of one configured server. */
struct net_endpoint {
	struct sockaddr_storage address;
	socklen_t address_len;
	char text[NET_TEXT];		/* "192.0.2.1:53 (ns1.example)" */
};

struct net_endpoints { struct net_endpoint items[NET_ENDPOINTS]; size_t n; };

struct net {
	const struct zsp_host *host;
	int64_t timeout_ms;		/* for one connect or one reply */
	int64_t patience_ms;		/* for a datagram that net_receive waits for, at first NET_PATIENCE_MS */
	bool udp;
	int fd;				/* -1 = not connected */
	char why[NET_WHY];		/* what failed, without the server's name */
};

/* One "host[:port]" or "[address]:port" resolved and appended; "" or what failed. */
void net_resolve(const char *text, size_t n, struct net_endpoints *dst, char why[NET_WHY]);

bool net_open(struct net *net, const struct net_endpoint *to);
void net_close(struct net *net);
bool net_send(struct net *net, const uint8_t *message, size_t n);
/* One message; false when the deadline of this reply or of the call passed, or the
 * connection ended. reply has WIRE_MESSAGE octets. Datagrams get lost: over UDP it gives
 * up early, and twice as late each time. */
bool net_receive(struct net *net, uint8_t *reply, size_t *ret_len);
/* Sends and waits for the reply with the same id; over UDP repeated. *ret_sent: the
 * request may have been carried out although false is returned. */
bool net_exchange(struct net *net, const uint8_t *message, size_t n, uint8_t *reply, size_t *ret_len,
		  bool *ret_sent);

#endif
