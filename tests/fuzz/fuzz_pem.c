/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault's splitting of a chain: what it writes it also accepts, and a
 * second pass changes nothing.
 */
#include "fuzz.h"

#include "vault/pem.h"

struct parts {
	struct zs_buf leaf, cert, rest;
};

static void init(struct parts *parts)
{
	zs_buf_init(&parts->leaf, ZS_MAX_PEM);
	zs_buf_init(&parts->cert, 2 * ZS_MAX_PEM);
	zs_buf_init(&parts->rest, 2 * ZS_MAX_PEM);
}

static void done(struct parts *parts)
{
	zs_buf_done(&parts->leaf);
	zs_buf_done(&parts->cert);
	zs_buf_done(&parts->rest);
}

static int split(struct zs_slice chain, struct parts *parts)
{
	struct zs_err err = { .code = ZS_OK };
	int rc = zs_pem_split(chain, &parts->leaf, &parts->cert, &parts->rest, &err);

	MUST(rc == 0 || (err.code != ZS_OK && err.text[0]));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_buf whole = ZS_BUF(4 * ZS_MAX_PEM);
	struct parts first, second;

	init(&first);
	init(&second);
	if (split(zs_slice_of(data, n), &first) == 0) {
		zs_buf_add_slice(&whole, zs_buf_slice(&first.cert));
		zs_buf_add_slice(&whole, zs_buf_slice(&first.rest));
		MUST(!whole.failed && first.leaf.len > 0);
		if (whole.len <= ZS_MAX_PEM) {
			MUST(split(zs_buf_slice(&whole), &second) == 0);
			MUST(zs_slice_eq(zs_buf_slice(&first.leaf), zs_buf_slice(&second.leaf)));
			MUST(zs_slice_eq(zs_buf_slice(&first.cert), zs_buf_slice(&second.cert)));
			MUST(zs_slice_eq(zs_buf_slice(&first.rest), zs_buf_slice(&second.rest)));
		}
	}
	done(&first);
	done(&second);
	zs_buf_done(&whole);
	return 0;
}
