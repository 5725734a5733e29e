/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for the lock of a zone.  The lock itself is zone_lock.c.  Runs in
 * the vault.
 */
#include "vault/vault.h"

int zs_serve_zone_lock(struct zs_request *request, struct zs_err *err)
{
	struct zs_vault *vault = request->vault;
	const struct zs_zone_turn turn = { request->chan, request->id, request->deadline_ms };

	if (vault->read_only)
		ZS_FAIL(err, ZS_E_BUG, "who only looks locks no zone");
	return zs_zone_lock(&vault->locks, request->body, &turn, err);
}

int zs_serve_zone_unlock(struct zs_request *request, struct zs_err *err)
{
	(void)err;
	zs_zone_unlock(&request->vault->locks, request->body);
	return 0;
}
