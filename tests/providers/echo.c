/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: the result of each change says what it is for. */
#include <stdio.h>

#include <zoneseal/provider.h>

#define BAD_NAME "echo"
#define BAD_APPLY echo
static int32_t echo(void *instance, const struct zsp_str *zone, const struct zsp_list *changes);
#include "bad.h"

BAD_APPLY_HEAD(echo)
{
	char text[1024];

	(void)instance;
	(void)zone;
	for (uint32_t i = 0; i < changes->n; i++) {
		const struct zsp_change *c = ZSP_ITEM(struct zsp_change, changes, i);
		int n = snprintf(text, sizeof(text), "identifier=%s/%zu token=%s/%zu key-authorization=%s/%zu", c->identifier.p,
			c->identifier.n, c->token.p, c->token.n, c->key_authorization.p, c->key_authorization.n);

		bad_host->result(bad_host, i, ZSP_DENIED, text, (size_t)n);
	}
	return ZSP_OK;
}
