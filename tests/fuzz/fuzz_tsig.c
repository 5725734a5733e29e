/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server answers to the rfc2136 plugin: to a signed update, and to the
 * questions of the read-back.  The network is replaced: every answer is the
 * input, with the id that was asked for.
 */
#include "fuzz.h"

#include "providers/rfc2136/update.h"

enum { NOW = 1800000000 };

static struct {
	const uint8_t *p;
	size_t n;
	uint8_t id[2];
} wire;

/* ---- the network ---- */

bool net_open(struct net *net, const struct net_endpoint *to)
{
	(void)to;
	net->fd = 0;
	return true;
}

void net_close(struct net *net)
{
	net->fd = -1;
}

bool net_send(struct net *net, const uint8_t *message, size_t n)
{
	(void)net;
	MUST(n >= WIRE_HEADER && n <= WIRE_MESSAGE);
	memcpy(wire.id, message, 2);
	return true;
}

bool net_receive(struct net *net, uint8_t *reply, size_t *ret_len)
{
	(void)net;
	*ret_len = wire.n < WIRE_MESSAGE ? wire.n : WIRE_MESSAGE;
	memcpy(reply, wire.p, *ret_len);
	if (*ret_len >= 2)
		memcpy(reply, wire.id, 2);
	return true;
}

/* The real one hands over nothing that is shorter than a header or has another id. */
bool net_exchange(struct net *net, const uint8_t *message, size_t n, uint8_t *reply, size_t *ret_len, bool *ret_sent)
{
	*ret_sent = true;
	return net_send(net, message, n) && net_receive(net, reply, ret_len) && *ret_len >= WIRE_HEADER;
}

static int64_t wall_ms(const struct zsp_host *host)
{
	(void)host;
	return (int64_t)NOW * 1000;
}

/* ---- the target ---- */

static void make_key(struct tsig_key *key)
{
	memset(key, 0, sizeof(*key));
	MUST(wire_name_parse("key.example", 11, &key->name));
	key->algorithm = tsig_algorithm("hmac-sha256", 11);
	memset(key->secret, 'k', 32);
	key->secret_len = 32;
}

static void update(const struct tsig_key *key)
{
	struct zsp_host host = { .wall_ms = wall_ms };
	struct net_endpoint at = { .text = "192.0.2.1:53" };
	struct server server = { .net = { .host = &host, .fd = -1 }, .at = &at, .key = key, .host = &host };
	struct zsp_change wanted = { .value = ZSP_STR("value") };
	struct change change = { .wanted = &wanted, .adds = true, .pending = true };
	struct change *changes[] = { &change };
	struct wire_name zone;
	bool fits;

	MUST(wire_name_parse("example.test", 12, &zone));
	MUST(wire_name_parse("_acme-challenge.example.test", 28, &change.name));
	(void)update_send(&server, &zone, changes, 1, 60, false, &fits);
	MUST(fits);
	update_read_back(&server, &zone, changes, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct tsig_key key, none = { .algorithm = NULL };
	struct tsig_mac request = { .n = 32 };
	struct tsig_result result;

	wire.p = data;
	wire.n = n;
	make_key(&key);
	tsig_verify(data, n, &key, &request, NOW, &result);
	MUST(result.unsigned_len <= n);
	update(&key);
	update(&none);
	return 0;
}
