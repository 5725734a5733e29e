/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reply of a name server: is it ours, and what is in it.
 */
#include "fuzz.h"

#include "wrap/dns.h"

static void look_at_match(struct zs_slice reply)
{
	uint8_t query[ZS_DNS_MAX_QUERY];
	struct zs_name name;
	struct zs_dns_ask ask = { .name = &name, .type = ZS_DNS_TXT, .edns = true };
	size_t n;

	MUST(zs_name_parse(zs_slice_str("_acme-challenge.example.test"), ZS_NAME_OWNER, &name, NULL));
	if (reply.n >= 2)
		ask.id = (uint16_t)(reply.p[0] << 8 | reply.p[1]);
	n = zs_dns_build(&ask, query);
	MUST(n <= sizeof(query));
	(void)zs_dns_match(zs_slice_of(query, n), reply);
}

static void look_at_name(const struct zs_name *name)
{
	uint8_t wire[255];

	MUST(name->len == strlen(name->text) && name->len <= ZS_MAX_NAME && !name->wildcard);
	MUST(zs_name_wire(name, wire) <= sizeof(wire));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice wire = zs_slice_of(data, n);
	struct zs_dns_reply reply;
	unsigned sum = 0;

	look_at_match(wire);
	if (zs_dns_parse(wire, &reply, NULL) != 0)
		return 0;
	MUST(reply.records.n <= ZS_DNS_MAX_RECORDS);
	for (size_t i = 0; i < reply.records.n; i++) {
		const struct zs_dns_record *record = &reply.records.items[i];

		look_at_name(record->owner);
		if (record->target)
			look_at_name(record->target);
		MUST(record->section <= ZS_DNS_ADDITIONAL);
		for (size_t k = 0; k < record->text.n; k++)
			sum += record->text.p[k];
	}
	MUST(sum != ~0u && zs_dns_rcode_name(reply.rcode));
	zs_dns_reply_done(&reply);
	return 0;
}
