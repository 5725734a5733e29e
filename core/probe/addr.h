/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of DNS servers: text to socket address and back, equality, and
 * whether an address is only reached from near by.
 */
#ifndef ZS_PROBE_ADDR_H
#define ZS_PROBE_ADDR_H

#include <netinet/in.h>
#include "base/slice.h"

enum { ZS_ADDR_TEXT = 80, ZS_DNS_PORT = 53 };

struct zs_addr {
	uint8_t family;		/* 4 or 6 */
	uint16_t port;
	uint32_t scope;		/* of a link-local IPv6 address */
	uint8_t ip[16];		/* 4 octets used when family is 4 */
};

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353", "fe80::1%eth0". */
bool zs_addr_parse(struct zs_slice text, struct zs_addr *ret);
/* ip is 4 or 16 octets in network order; port 53. */
struct zs_addr zs_addr_of(uint8_t family, const uint8_t *ip);
/* Port shown only when it is not 53. */
void zs_addr_print(const struct zs_addr *addr, char dst[static ZS_ADDR_TEXT]);
bool zs_addr_eq(const struct zs_addr *a, const struct zs_addr *b);
/* Loopback, private (RFC 1918), link-local, unique local (RFC 4193). */
bool zs_addr_is_near(const struct zs_addr *addr);
/* Unspecified, multicast, broadcast: nothing to send a query to. */
bool zs_addr_is_useless(const struct zs_addr *addr);
socklen_t zs_addr_sockaddr(const struct zs_addr *addr, struct sockaddr_storage *ret);

#endif
