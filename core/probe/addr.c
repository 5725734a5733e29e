/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of DNS servers.  Literals only: no name is ever resolved here.
 */
#include "probe/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static bool parse_port(struct zs_slice text, uint16_t *ret)
{
	uint64_t port;

	if (!zs_slice_u64(text, UINT16_MAX, &port) || !port)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool parse_v4(struct zs_slice text, struct zs_addr *addr)
{
	struct zs_slice rest = text, host = zs_slice_cut(&rest, ':');
	char buf[INET_ADDRSTRLEN];

	if (host.n < text.n && !parse_port(rest, &addr->port))
		return false;
	addr->family = 4;
	return zs_slice_copy(host, buf, sizeof(buf)) && inet_pton(AF_INET, buf, addr->ip) == 1;
}

static bool parse_scope(struct zs_slice text, struct zs_addr *addr)
{
	char buf[IF_NAMESIZE];
	uint64_t index;

	if (!text.n)
		return true;
	if (zs_slice_u64(text, UINT32_MAX, &index))
		addr->scope = (uint32_t)index;
	else if (zs_slice_copy(text, buf, sizeof(buf)))
		addr->scope = if_nametoindex(buf);
	return addr->scope != 0;
}

static bool parse_v6(struct zs_slice text, struct zs_addr *addr)
{
	char buf[INET6_ADDRSTRLEN];
	struct zs_slice rest = text, host;

	if (text.n && text.p[0] == '[') {
		rest = zs_slice_of(text.p + 1, text.n - 1);
		if (!memchr(rest.p, ']', rest.n))
			return false;
		text = zs_slice_cut(&rest, ']');
		if (rest.n && (rest.p[0] != ':' || !parse_port(zs_slice_of(rest.p + 1, rest.n - 1), &addr->port)))
			return false;
	}
	rest = text;
	host = zs_slice_cut(&rest, '%');
	addr->family = 6;
	return zs_slice_copy(host, buf, sizeof(buf)) && inet_pton(AF_INET6, buf, addr->ip) == 1 &&
	       parse_scope(rest, addr);
}

static size_t count_colons(struct zs_slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ':';
	return n;
}

bool zs_addr_parse(struct zs_slice text, struct zs_addr *ret)
{
	struct zs_addr addr = { .port = ZS_DNS_PORT };
	bool v6 = (text.n && text.p[0] == '[') || count_colons(text) > 1;

	if (!(v6 ? parse_v6(text, &addr) : parse_v4(text, &addr)))
		return false;
	*ret = addr;
	return true;
}

struct zs_addr zs_addr_of(uint8_t family, const uint8_t *ip)
{
	struct zs_addr addr = { .family = family, .port = ZS_DNS_PORT };

	memcpy(addr.ip, ip, family == 4 ? 4 : 16);
	return addr;
}

void zs_addr_print(const struct zs_addr *addr, char dst[static ZS_ADDR_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "?", scope[12] = "";

	inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->ip, ip, sizeof(ip));
	if (addr->scope)
		snprintf(scope, sizeof(scope), "%%%u", addr->scope);
	if (addr->port == ZS_DNS_PORT)
		snprintf(dst, ZS_ADDR_TEXT, "%s%s", ip, scope);
	else if (addr->family == 4)
		snprintf(dst, ZS_ADDR_TEXT, "%s:%u", ip, addr->port);
	else
		snprintf(dst, ZS_ADDR_TEXT, "[%s%s]:%u", ip, scope, addr->port);
}

bool zs_addr_eq(const struct zs_addr *a, const struct zs_addr *b)
{
	return a->family == b->family && a->port == b->port && a->scope == b->scope &&
	       !memcmp(a->ip, b->ip, sizeof(a->ip));
}

struct range {
	uint8_t family, bits;
	uint8_t ip[16];
};

static bool in_ranges(const struct zs_addr *addr, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct range *r = &ranges[i];
		size_t whole = r->bits / 8U;
		unsigned rest = r->bits % 8U;

		if (r->family != addr->family || memcmp(r->ip, addr->ip, whole) != 0)
			continue;
		if (!rest || (r->ip[whole] ^ addr->ip[whole]) >> (8 - rest) == 0)
			return true;
	}
	return false;
}

bool zs_addr_is_near(const struct zs_addr *addr)
{
	static const struct range near[] = {
		{ 4, 8, { 127 } }, { 4, 8, { 10 } }, { 4, 12, { 172, 16 } },
		{ 4, 16, { 192, 168 } }, { 4, 16, { 169, 254 } },
		{ 6, 128, { [15] = 1 } }, { 6, 7, { 0xfc } }, { 6, 10, { 0xfe, 0x80 } },
	};

	return in_ranges(addr, near, ZS_COUNT(near));
}

bool zs_addr_is_useless(const struct zs_addr *addr)
{
	static const struct range useless[] = {
		{ 4, 8, { 0 } }, { 4, 4, { 224 } }, { 4, 4, { 240 } },
		{ 6, 128, { 0 } }, { 6, 8, { 0xff } },
	};

	return in_ranges(addr, useless, ZS_COUNT(useless));
}

socklen_t zs_addr_sockaddr(const struct zs_addr *addr, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (addr->family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(addr->port);
		memcpy(&v4->sin_addr, addr->ip, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(addr->port);
	v6->sin6_scope_id = addr->scope;
	memcpy(&v6->sin6_addr, addr->ip, 16);
	return sizeof(*v6);
}
