/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front/due.h.
 */
#include "front/due.h"

#include <stdio.h>

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

/* NULL when nothing speaks for a new one. */
static const char *why(const struct zs_run_job *job, const struct zs_msg_certificate *stored, int64_t now)
{
	if (!stored || (!stored->generation && !stored->pending))
		return "nothing is stored";
	if (stored->pending)
		return "an order of a run that ended early waits";
	/* the names in a CSR of the user's are not known yet: the time decides alone */
	if (!job->conf->csr && !same_names(job, stored))
		return "the stored one has other names";
	if (!job->conf->csr && !zs_slice_eq_str(stored->key_type, job->key_type))
		return "the stored one has another type of key";
	if (!zs_slice_eq_str(stored->ca, job->ca->name))
		return "the stored one is of another CA";
	if (now >= zs_due_at(stored->not_before, stored->not_after))
		return now >= stored->not_after ? "the stored one has expired" : "the stored one will expire";
	return NULL;
}

bool zs_due(const struct zs_run_job *job, const struct zs_msg_certificate *stored, int64_t now, char reason[static ZS_DUE_REASON])
{
	const char *text;

	*reason = 0;
	if (stored && stored->problem.n) {
		snprintf(reason, ZS_DUE_REASON, "damaged: %.*s", (int)stored->problem.n, (const char *)stored->problem.p);
		return true;
	}
	text = why(job, stored, now);
	if (text)
		snprintf(reason, ZS_DUE_REASON, "%s", text);
	return text != NULL;
}
