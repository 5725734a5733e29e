/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard between engine and plugin: shape of values, names inside the
 * grant, no repetition, no more than the cap.  It trusts front, not the engine.
 * It cannot see what the plugin does then; that is what narrow credentials are
 * for.  Runs in the host process.
 */
#include "host/guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/b64url.h"

#define CHALLENGE_LABEL "_acme-challenge."

void zs_guard_done(struct zs_guard *guard)
{
	for (size_t i = 0; i < guard->zones.n; i++)
		free(guard->zones.items[i].names);
	zs_vec_done(&guard->zones);
}

static int add_zone(struct zs_guard *guard, const struct zs_msg_zone_names *from,
		    struct zs_err *err)
{
	struct zs_grant_zone *zone;

	for (uint32_t i = 0; i < from->names.n; i++)
		if (!zs_name_is_in(&from->names.items[i], &from->zone))
			ZS_FAIL(err, ZS_E_BUG, "grant: %s is not in zone %s",
				from->names.items[i].text, from->zone.text);
	zone = zs_vec_push(&guard->zones, ZS_MAX_JOBS * ZS_MAX_IDENTIFIERS);
	if (!zone)
		ZS_FAIL(err, ZS_E_NOMEM, "grant");
	zone->zone = from->zone;
	if (!from->names.n)
		return 0;
	zone->names = calloc(from->names.n, sizeof(*zone->names));
	if (!zone->names)
		ZS_FAIL(err, ZS_E_NOMEM, "grant");
	zone->n = from->names.n;
	memcpy(zone->names, from->names.items, zone->n * sizeof(*zone->names));
	return 0;
}

int zs_guard_grant(struct zs_guard *guard, const struct zs_msg_host_grant *grant,
		   struct zs_err *err)
{
	int rc = 0;

	zs_guard_done(guard);
	guard->value_len = grant->value_len ? grant->value_len : ZS_TXT_VALUE;
	if (guard->value_len > ZS_MAX_TXT)
		ZS_FAIL(err, ZS_E_BUG, "grant: values of %u octets", guard->value_len);
	for (uint32_t i = 0; i < grant->zones.n && !rc; i++)
		rc = add_zone(guard, &grant->zones.items[i], err);
	if (rc)
		zs_guard_done(guard);
	return rc;
}

/* True when some grant has the zone; a zone may be granted in several pieces. */
int zs_guard_zone(const struct zs_guard *guard, const struct zs_name *zone, struct zs_err *err)
{
	for (size_t i = 0; i < guard->zones.n; i++)
		if (zs_name_eq(&guard->zones.items[i].zone, zone))
			return 0;
	ZS_FAIL(err, ZS_E_PERMISSION, "zone %s was not granted to this instance", zone->text);
}

static bool grants(const struct zs_grant_zone *zone, const struct zs_name *name)
{
	if (!zone->n)
		return zs_slice_starts(zs_slice_str(name->text), CHALLENGE_LABEL);
	for (uint32_t i = 0; i < zone->n; i++)
		if (zs_name_eq(&zone->names[i], name))
			return true;
	return false;
}

static int check_name(const struct zs_guard *guard, const struct zs_name *zone,
		      const struct zs_name *name, struct zs_err *err)
{
	if (name->wildcard || !zs_name_is_in(name, zone))
		ZS_FAIL(err, ZS_E_PERMISSION, "name %s is not in zone %s", name->text, zone->text);
	for (size_t i = 0; i < guard->zones.n; i++)
		if (zs_name_eq(&guard->zones.items[i].zone, zone) &&
		    grants(&guard->zones.items[i], name))
			return 0;
	ZS_FAIL(err, ZS_E_PERMISSION, "name %s was not granted to this instance", name->text);
}

/* What the change is for: all of it, or nothing that a plugin could take for it. */
static bool context_ok(const struct zs_msg_change *change)
{
	if (change->identifier.wildcard)
		return false;
	if (!change->token.n && !change->key_authorization.n)
		return true;
	return change->identifier.len && zs_b64url_key_authorization_ok(change->token, change->key_authorization);
}

static int check_change(const struct zs_guard *guard, const struct zs_msg_host_apply *apply,
			uint32_t i, struct zs_err *err)
{
	const struct zs_msg_change *change = &apply->changes.items[i];

	if (change->op != ZS_CHANGE_ADD && change->op != ZS_CHANGE_REMOVE)
		ZS_FAIL(err, ZS_E_BUG, "change %u: unknown operation %u", i, change->op);
	if (change->value.n != guard->value_len || !zs_b64url_ok(change->value))
		ZS_FAIL(err, ZS_E_BUG, "change %u: the value is not %u base64url characters", i,
			guard->value_len);
	if (!context_ok(change))
		ZS_FAIL(err, ZS_E_BUG, "change %u: identifier, token and key authorization do not belong together", i);
	return check_name(guard, &apply->zone, &change->name, err);
}

static int by_name_and_value(const void *a, const void *b)
{
	const struct zs_msg_change *x = *(const struct zs_msg_change *const *)a;
	const struct zs_msg_change *y = *(const struct zs_msg_change *const *)b;
	int c = memcmp(x->value.p, y->value.p, x->value.n);

	return c ? c : strcmp(x->name.text, y->name.text);
}

/* All values have one length here. */
static int check_repeats(const struct zs_msg_host_apply *apply, struct zs_err *err)
{
	const struct zs_msg_change *sorted[ZS_MAX_CHANGES];
	uint32_t n = apply->changes.n;

	for (uint32_t i = 0; i < n; i++)
		sorted[i] = &apply->changes.items[i];
	qsort(sorted, n, sizeof(sorted[0]), by_name_and_value);
	for (uint32_t i = 1; i < n; i++)
		if (!by_name_and_value(&sorted[i - 1], &sorted[i]))
			ZS_FAIL(err, ZS_E_BUG, "a change of %s is repeated in one call",
				sorted[i]->name.text);
	return 0;
}

int zs_guard_apply(const struct zs_guard *guard, const struct zs_msg_host_apply *apply,
		   struct zs_err *err)
{
	int rc = zs_guard_zone(guard, &apply->zone, err);

	if (rc)
		return rc;
	if (!apply->changes.n || apply->changes.n > guard->max_changes ||
	    apply->changes.n > ZS_MAX_CHANGES)
		ZS_FAIL(err, ZS_E_BUG, "%u changes in one call, 1 to %u are allowed",
			apply->changes.n, guard->max_changes);
	for (uint32_t i = 0; i < apply->changes.n; i++) {
		rc = check_change(guard, apply, i, err);
		if (rc)
			return rc;
	}
	return check_repeats(apply, err);
}
