/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TSIG key files and secrets as the rfc2136 plugin reads them.
 */
#include "fuzz.h"

#include "providers/rfc2136/keyfile.h"

static void look_at(const struct tsig_key *key)
{
	char text[WIRE_NAME_TEXT];

	MUST(key->algorithm && key->secret_len > 0 && key->secret_len <= TSIG_SECRET);
	MUST(key->name.n > 0 && key->name.n <= WIRE_NAME);
	wire_name_print(&key->name, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	struct tsig_key key;
	struct wire_name name;
	char print[WIRE_NAME_TEXT];

	memset(&key, 0, sizeof(key));
	if (!keyfile_parse(text, n, NULL, 0, &key))
		look_at(&key);
	memset(&key, 0, sizeof(key));
	if (!keyfile_parse(text, n, "second.example", 14, &key))
		look_at(&key);
	memset(&key, 0, sizeof(key));
	if (!keyfile_secret(text, n, &key))
		MUST(key.secret_len > 0 && key.secret_len <= TSIG_SECRET);
	if (wire_name_parse(text, n, &name)) {
		MUST(name.n > 0 && name.n <= WIRE_NAME);
		wire_name_print(&name, print);
	}
	(void)tsig_algorithm(text, n);
	return 0;
}
