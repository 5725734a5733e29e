/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS names in all three kinds, names as people write them, and addresses of
 * servers.
 */
#include "fuzz.h"

#include "base/name.h"
#include "probe/addr.h"
#include "probe/resolver.h"
#include "wrap/idn.h"

static void parts(const struct zs_name *name)
{
	struct zs_name parent = *name, tail;
	unsigned labels = zs_name_labels(name), steps = 0;

	MUST(zs_name_is_in(name, name) && zs_name_tail(name, labels, &tail));
	MUST(!strcmp(tail.text, name->text) && !zs_name_tail(name, labels + 1, &tail));
	while (zs_name_parent(&parent, &tail)) {
		MUST(zs_name_is_in(name, &tail) && zs_name_cmp(&tail, &parent) < 0);
		parent = tail;
		steps++;
	}
	MUST(steps == labels && !parent.len);
}

static void look_at(const struct zs_name *name, enum zs_name_kind kind)
{
	char text[ZS_MAX_NAME + 3];
	uint8_t wire[255];
	struct zs_name again, challenge;

	MUST(name->len == strlen(name->text) && name->len <= ZS_MAX_NAME);
	zs_name_print(name, text);
	if (name->len) {
		MUST(zs_name_parse(zs_slice_str(text), kind, &again, NULL));
		MUST(zs_name_eq(name, &again) && zs_name_cmp(name, &again) == 0);
	}
	MUST(zs_name_wire(name, wire) == (name->len ? name->len + 2u : 1u));
	if (zs_name_challenge(name, &challenge))
		MUST(!name->len || zs_name_is_in(&challenge, name));
	parts(name);
}

static void look_at_addresses(struct zs_slice text)
{
	char print[ZS_ADDR_TEXT];
	struct zs_addr addr, again;
	struct zs_addr_set set;

	if (zs_addr_parse(text, &addr)) {
		zs_addr_print(&addr, print);
		/* An interface may be gone by then; its number is printed all the same. */
		MUST(addr.scope || (zs_addr_parse(zs_slice_str(print), &again) && zs_addr_eq(&addr, &again)));
		(void)zs_addr_is_near(&addr);
		(void)zs_addr_is_useless(&addr);
	}
	memset(&set, 0, sizeof(set));
	zs_resolv_conf_parse(text, &set);
	MUST(set.n <= ZS_RESOLVERS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice text = zs_slice_of(data, n);
	const char *why = NULL;
	struct zs_name name;

	for (int kind = ZS_NAME_HOST; kind <= ZS_NAME_ANY; kind++) {
		if (zs_name_parse(text, (enum zs_name_kind)kind, &name, &why))
			look_at(&name, (enum zs_name_kind)kind);
		else
			MUST(why && *why);
	}
	if (zs_idn_parse(text, ZS_NAME_OWNER, &name, &why))
		look_at(&name, ZS_NAME_OWNER);
	(void)zs_id_ok(text);
	look_at_addresses(text);
	return 0;
}
