/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/due.h.
 */
#include "front/due.h"

enum { SHORT_LIFE = 10 * 86400 };

int64_t zs_due_at(int64_t not_before, int64_t not_after)
{
	int64_t life = not_after - not_before;

	return not_after - (life < SHORT_LIFE ? life / 2 : life / 3);
}

static bool same_names(const struct zs_run_job *job, const struct zs_msg_certificate *stored)
{
	if (stored->identifiers.n != job->identifiers.n)
		return false;
	for (size_t i = 0; i < job->identifiers.n; i++) {
		bool found = false;
		for (uint32_t j = 0; j < stored->identifiers.n && !found; j++)
			found = zs_name_eq(&job->identifiers.items[i], &stored->identifiers.items[j]);
		if (!found)
			return false;
	}
	return true;
}

bool zs_due(const struct zs_run_job *job, const struct zs_msg_vault_certificates *list, int64_t now)
{
	for (uint32_t i = 0; i < list->certificates.n; i++) {
		const struct zs_msg_certificate *c = &list->certificates.items[i];
		if (!zs_slice_eq_str(c->name, job->conf->name))
			continue;
		/* the names in a CSR of the user's are not known yet: the time decides alone */
		bool same = job->conf->csr || (same_names(job, c) && zs_slice_eq_str(c->key_type, job->key_type));
		return !c->generation || c->pending || !same || !zs_slice_eq_str(c->ca, job->ca->name) ||
		       now >= zs_due_at(c->not_before, c->not_after);
	}
	return true;
}
