/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host/lend.h.  Copies only: what may be lent at all is decided by guard.c.
 * Runs in the host process.
 */
#include "host/lend.h"

struct zsp_str zs_lend(struct zs_arena *arena, struct zs_slice s)
{
	struct zsp_str str = { zs_arena_str(arena, s.n ? (const void *)s.p : "", s.n), s.n };

	if (!str.p)
		str.n = 0;
	return str;
}

static bool lend_zone(struct zs_arena *arena, const struct zs_msg_zone_names *from, struct zsp_zone *ret)
{
	struct zsp_str *names = zs_arena_alloc(arena, (from->names.n + 1) * sizeof(*names));

	if (!names)
		return false;
	for (uint32_t i = 0; i < from->names.n; i++)
		names[i] = zs_lend(arena, zs_slice_str(from->names.items[i].text));
	ret->zone = zs_lend(arena, zs_slice_str(from->zone.text));
	ret->names = (struct zsp_list){ names, from->names.n, (uint32_t)sizeof(*names) };
	return ret->zone.n > 0;
}

struct zsp_list zs_lend_zones(struct zs_arena *arena, const struct zs_msg_zone_names *zones, uint32_t n)
{
	struct zsp_zone *items = zs_arena_alloc(arena, (n + 1) * sizeof(*items));

	for (uint32_t i = 0; i < n && items; i++)
		if (!lend_zone(arena, &zones[i], &items[i]))
			items = NULL;
	return (struct zsp_list){ items, n, (uint32_t)sizeof(*items) };
}

struct zsp_change *zs_lend_changes(struct zs_arena *arena, const struct zs_msg_host_apply *apply)
{
	struct zsp_change *changes = zs_arena_alloc(arena, apply->changes.n * sizeof(*changes));

	for (uint32_t i = 0; changes && i < apply->changes.n; i++) {
		const struct zs_msg_change *from = &apply->changes.items[i];

		changes[i] = (struct zsp_change){
			.op = from->op == ZS_CHANGE_ADD ? ZSP_ADD : ZSP_REMOVE,
			.ttl = from->ttl,
			.name = zs_lend(arena, zs_slice_str(from->name.text)),
			.value = zs_lend(arena, from->value),
			.identifier = zs_lend(arena, zs_slice_str(from->identifier.text)),
			.token = zs_lend(arena, from->token),
			.key_authorization = zs_lend(arena, from->key_authorization),
		};
		if (!changes[i].name.n || !changes[i].value.n || !changes[i].identifier.p || !changes[i].token.p ||
			!changes[i].key_authorization.p)
			changes = NULL;
	}
	return changes;
}
