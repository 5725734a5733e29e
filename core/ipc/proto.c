/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages: the fields of every struct of proto.h with their caps, and the
 * one table that says who may send what to whom.  Encodes nothing itself
 * (codec.c does).  Every process links it.
 */
#include "ipc/proto.h"

#include "ipc/codec.h"

/* ---- names of the enums ---- */

static const char *const role_names[] = {
	[ZS_ROLE_FRONT] = "front",
	[ZS_ROLE_ENGINE] = "engine",
	[ZS_ROLE_VAULT] = "vault",
	[ZS_ROLE_PROBE] = "probe",
	[ZS_ROLE_HOST] = "host",
};
_Static_assert(ZS_COUNT(role_names) == ZS_ROLE__COUNT, "one name per role");

static const char *const policy_names[] = {
	[ZS_POLICY_ALL] = "all",
	[ZS_POLICY_NAMES] = "names",
	[ZS_POLICY_QUORUM] = "quorum",
	[ZS_POLICY_ANY] = "any",
	[ZS_POLICY_PROVIDER] = "provider",
	[ZS_POLICY_SLEEP] = "sleep",
};
_Static_assert(ZS_COUNT(policy_names) == ZS_POLICY__COUNT, "one name per policy");

static const char *const server_state_names[] = {
	[ZS_SERVER_WAIT] = "wait",
	[ZS_SERVER_NO_ANSWER] = "no-answer",
	[ZS_SERVER_REFUSED] = "refused",
	[ZS_SERVER_LAME] = "lame",
	[ZS_SERVER_ABSENT] = "absent",
	[ZS_SERVER_STALE] = "stale",
	[ZS_SERVER_PRESENT] = "present",
	[ZS_SERVER_NO_ROUTE] = "no-route",
};
_Static_assert(ZS_COUNT(server_state_names) == ZS_SERVER__COUNT, "one name per state");

static const char *const phase_names[] = {
	[ZS_PHASE_PLAN] = "plan",
	[ZS_PHASE_ORDER] = "order",
	[ZS_PHASE_AUTHORIZE] = "authorize",
	[ZS_PHASE_PUBLISH] = "publish",
	[ZS_PHASE_PROPAGATE] = "propagate",
	[ZS_PHASE_ANNOUNCE] = "announce",
	[ZS_PHASE_SETTLE] = "settle",
	[ZS_PHASE_FINALIZE] = "finalize",
	[ZS_PHASE_DOWNLOAD] = "download",
	[ZS_PHASE_VERIFY] = "verify",
	[ZS_PHASE_STORE] = "store",
	[ZS_PHASE_REMOVE] = "remove",
	[ZS_PHASE_DONE] = "done",
};
_Static_assert(ZS_COUNT(phase_names) == ZS_PHASE__COUNT, "one name per phase");

/* The values come from peers, so past the end is an answer too. */
static const char *pick(const char *const *names, size_t n, size_t i)
{
	return i < n ? names[i] : "unknown";
}

const char *zs_role_name(enum zs_role role)
{
	return pick(role_names, ZS_COUNT(role_names), (size_t)role);
}

const char *zs_policy_name(enum zs_policy policy)
{
	return pick(policy_names, ZS_COUNT(policy_names), (size_t)policy);
}

const char *zs_server_state_name(enum zs_server_state state)
{
	return pick(server_state_names, ZS_COUNT(server_state_names), (size_t)state);
}

const char *zs_phase_name(enum zs_phase phase)
{
	return pick(phase_names, ZS_COUNT(phase_names), (size_t)phase);
}

/* ---- fields ---- */

enum {
	MAX_WORD = 128,			/* key types, short words */
	MAX_LINE = 1024,		/* a line for people */
	MAX_TEXT = 16 * 1024,		/* log lines, help */
	MAX_PATH = 4096,
	MAX_BUNDLE = 512 * 1024,	/* trusted roots of one CA */
	MAX_SPKI = 4096,
	MAX_SIGNED = ZS_MAX_BODY,	/* a whole JWS object */
	MAX_OCTETS = 4096,		/* strings of one TXT record, joined */
	MAX_ENTRIES = 4096,
	MAX_NAMES = 4096,		/* in one walk */
	MAX_GRANTED = ZS_MAX_JOBS * ZS_MAX_IDENTIFIERS,	/* in one zone */
	MAX_ORIGINS = 32,
	MAX_CONTACTS = 16,
	MAX_ADDRESSES = 64,
	MAX_SERVERS = 64,
	MAX_ZONES = 1024,
	MAX_ROWS = 512,
	MAX_OPTIONS = 128,
	MAX_POLICY = 64 * 1024
};

/* An array of wrong size has a negative size: the member is of another type. */
#define SIZED(type, member, size) \
	(offsetof(type, member) + \
	 0 * sizeof(char[sizeof(((type *)0)->member) == (size) ? 1 : -1]))
#define U32(type, m) { .name = #m, .kind = ZS_F_U32, .offset = SIZED(type, m, 4) }
#define U64(type, m) { .name = #m, .kind = ZS_F_U64, .offset = SIZED(type, m, 8) }
#define I64(type, m) { .name = #m, .kind = ZS_F_I64, .offset = SIZED(type, m, 8) }
#define BOOL(type, m) { .name = #m, .kind = ZS_F_BOOL, .offset = SIZED(type, m, sizeof(bool)) }
#define STR(type, m, cap) \
	{ .name = #m, .kind = ZS_F_STR, .offset = SIZED(type, m, sizeof(struct zs_slice)), .max = (cap) }
#define SECRET(type, m, cap) \
	{ .name = #m, .kind = ZS_F_STR, .offset = SIZED(type, m, sizeof(struct zs_slice)), .max = (cap), .secret = true }
#define NAME(type, m) { .name = #m, .kind = ZS_F_NAME, .offset = SIZED(type, m, sizeof(struct zs_name)) }
#define ERR(type, m) { .name = #m, .kind = ZS_F_ERR, .offset = SIZED(type, m, sizeof(struct zs_err)) }
#define LIST(type, m, item, cap) \
	{ .name = #m, .kind = ZS_F_LIST, .shape = &shape_##item, .max = (cap), \
	  .offset = offsetof(type, m) + \
		    0 * sizeof(char[sizeof(*((type *)0)->m.items) == (size_t)size_of_##item ? 1 : -1]) }
#define SHAPE(short_name, type) \
	enum { size_of_##short_name = sizeof(type) }; \
	static const struct zs_shape shape_##short_name = { \
		.name = #short_name, \
		.size = sizeof(type), \
		.fields = fields_##short_name, \
		.nfields = ZS_COUNT(fields_##short_name), \
	}

/* Lists of bare values: one field at offset 0. */
#define BARE(field_kind, cap) { .name = "item", .kind = (field_kind), .offset = 0, .max = (cap) }
static const struct zs_field fields_u64[] = { BARE(ZS_F_U64, 0) };
SHAPE(u64, uint64_t);
static const struct zs_field fields_name[] = { BARE(ZS_F_NAME, 0) };
SHAPE(name, struct zs_name);
static const struct zs_field fields_word[] = { BARE(ZS_F_STR, MAX_WORD) };
SHAPE(word, struct zs_slice);
static const struct zs_field fields_id[] = { BARE(ZS_F_STR, ZS_MAX_ID) };
SHAPE(id, struct zs_slice);
static const struct zs_field fields_url[] = { BARE(ZS_F_STR, ZS_MAX_URL) };
SHAPE(url, struct zs_slice);
static const struct zs_field fields_token[] = { BARE(ZS_F_STR, ZS_MAX_TOKEN) };
SHAPE(token, struct zs_slice);
static const struct zs_field fields_octets[] = { BARE(ZS_F_STR, MAX_OCTETS) };
SHAPE(octets, struct zs_slice);

#define T struct zs_msg_empty
static const struct zs_field fields_empty[] = { U32(T, unused) };
SHAPE(empty, T);
#undef T

#define T struct zs_msg_fail
static const struct zs_field fields_fail[] = { ERR(T, err) };
SHAPE(fail, T);
#undef T

#define T struct zs_msg_hello
static const struct zs_field fields_hello[] = {
	U32(T, role), STR(T, build, MAX_WORD), U32(T, pid), U32(T, uid), U32(T, landlock), BOOL(T, seccomp),
	BOOL(T, dumpable), BOOL(T, no_new_privs), U64(T, capabilities), STR(T, missing, MAX_LINE),
};
SHAPE(hello, T);
#undef T

#define T struct zs_msg_log
static const struct zs_field fields_log[] = { U32(T, level), STR(T, job, MAX_LINE), STR(T, text, MAX_TEXT) };
SHAPE(log, T);
#undef T

#define T struct zs_msg_log_level
static const struct zs_field fields_log_level[] = { U32(T, level) };
SHAPE(log_level, T);
#undef T

#define T struct zs_msg_cancel
static const struct zs_field fields_cancel[] = { U32(T, request) };
SHAPE(cancel, T);
#undef T

#define T struct zs_msg_entry
static const struct zs_field fields_entry[] = {
	U64(T, id), U32(T, job), STR(T, certificate, ZS_MAX_ID), STR(T, instance, ZS_MAX_ID), STR(T, provider, ZS_MAX_ID),
	NAME(T, zone), NAME(T, name), STR(T, value, ZS_MAX_TXT), NAME(T, identifier), STR(T, token, ZS_MAX_TOKEN),
	STR(T, key_authorization, ZS_MAX_KEY_AUTHORIZATION), STR(T, ticket, ZS_MAX_TICKET), I64(T, added), BOOL(T, live),
};
SHAPE(entry, T);
#undef T

/* ---- front and vault ---- */

#define T struct zs_msg_vault_open
static const struct zs_field fields_vault_open[] = { BOOL(T, adopt) };
SHAPE(vault_open, T);
#undef T

#define T struct zs_msg_vault_entries
static const struct zs_field fields_vault_entries[] = { LIST(T, entries, entry, MAX_ENTRIES), BOOL(T, more) };
SHAPE(vault_entries, T);
#undef T

#define T struct zs_msg_vault_journal
static const struct zs_field fields_vault_journal[] = { BOOL(T, adopted), U64(T, after) };
SHAPE(vault_journal, T);
#undef T

#define T struct zs_msg_vault_forget
static const struct zs_field fields_vault_forget[] = { U64(T, id) };
SHAPE(vault_forget, T);
#undef T

#define T struct zs_msg_vault_job
static const struct zs_field fields_vault_job[] = {
	U32(T, job), STR(T, certificate, ZS_MAX_ID), STR(T, ca, ZS_MAX_ID), LIST(T, origins, url, MAX_ORIGINS),
	LIST(T, contacts, url, MAX_CONTACTS), BOOL(T, agree_terms), STR(T, eab_kid, MAX_LINE), SECRET(T, eab_key, ZS_MAX_SECRET),
	STR(T, account_key_type, MAX_WORD), LIST(T, identifiers, name, ZS_MAX_IDENTIFIERS), STR(T, key_type, MAX_WORD),
	BOOL(T, reuse_key), STR(T, csr, ZS_MAX_CSR), STR(T, csr_spki, MAX_SPKI), I64(T, key_group), STR(T, profile, MAX_WORD),
	BOOL(T, dry_run),
};
SHAPE(vault_job, T);
#undef T

#define T struct zs_msg_vault_job_ready
static const struct zs_field fields_vault_job_ready[] = {
	U32(T, job), STR(T, account_url, ZS_MAX_URL), STR(T, order_url, ZS_MAX_URL), STR(T, finalize_url, ZS_MAX_URL),
	STR(T, spki, MAX_SPKI), BOOL(T, account_key_new),
};
SHAPE(vault_job_ready, T);
#undef T

#define T struct zs_msg_vault_job_end
static const struct zs_field fields_vault_job_end[] = { U32(T, job) };
SHAPE(vault_job_end, T);
#undef T

#define T struct zs_msg_vault_list
static const struct zs_field fields_vault_list[] = { LIST(T, names, id, MAX_ENTRIES), STR(T, after, ZS_MAX_ID) };
SHAPE(vault_list, T);
#undef T

#define T struct zs_msg_certificate
static const struct zs_field fields_certificate[] = {
	STR(T, name, ZS_MAX_ID), STR(T, ca, ZS_MAX_ID), STR(T, key_type, MAX_WORD), LIST(T, identifiers, name, ZS_MAX_IDENTIFIERS),
	U32(T, generation), I64(T, not_before), I64(T, not_after), I64(T, stored), STR(T, issuer, MAX_LINE),
	STR(T, serial, MAX_WORD), STR(T, path, MAX_PATH), BOOL(T, busy), BOOL(T, pending), STR(T, problem, MAX_LINE),
};
SHAPE(certificate, T);
#undef T

#define T struct zs_msg_vault_certificates
static const struct zs_field fields_vault_certificates[] = { LIST(T, certificates, certificate, MAX_ENTRIES), BOOL(T, more) };
SHAPE(vault_certificates, T);
#undef T

/* ---- engine and vault ---- */

#define T struct zs_msg_sign
static const struct zs_field fields_sign[] = {
	U32(T, job), STR(T, url, ZS_MAX_URL), STR(T, nonce, ZS_MAX_NONCE), STR(T, order_url, ZS_MAX_URL),
};
SHAPE(sign, T);
#undef T

#define T struct zs_msg_signed
static const struct zs_field fields_signed[] = { STR(T, body, MAX_SIGNED) };
SHAPE(signed, T);
#undef T

#define T struct zs_msg_account
static const struct zs_field fields_account[] = { U32(T, job), STR(T, url, ZS_MAX_URL) };
SHAPE(account, T);
#undef T

#define T struct zs_msg_job_ref
static const struct zs_field fields_job_ref[] = { U32(T, job) };
SHAPE(job_ref, T);
#undef T

#define T struct zs_msg_txt_values
static const struct zs_field fields_txt_values[] = { U32(T, job), LIST(T, tokens, token, ZS_MAX_IDENTIFIERS) };
SHAPE(txt_values, T);
#undef T

#define T struct zs_msg_txt_value
static const struct zs_field fields_txt_value[] = {
	STR(T, value, ZS_MAX_TXT), STR(T, key_authorization, ZS_MAX_KEY_AUTHORIZATION),
};
SHAPE(txt_value, T);
#undef T

#define T struct zs_msg_txt_values_are
static const struct zs_field fields_txt_values_are[] = { LIST(T, values, txt_value, ZS_MAX_IDENTIFIERS) };
SHAPE(txt_values_are, T);
#undef T

#define T struct zs_msg_journal_add
static const struct zs_field fields_journal_add[] = { LIST(T, entries, entry, MAX_ENTRIES) };
SHAPE(journal_add, T);
#undef T

#define T struct zs_msg_journal_ids
static const struct zs_field fields_journal_ids[] = { LIST(T, ids, u64, MAX_ENTRIES) };
SHAPE(journal_ids, T);
#undef T

#define T struct zs_msg_journal_ticket
static const struct zs_field fields_journal_ticket[] = { LIST(T, ids, u64, MAX_ENTRIES), STR(T, ticket, ZS_MAX_TICKET) };
SHAPE(journal_ticket, T);
#undef T

#define T struct zs_msg_journal_done
static const struct zs_field fields_journal_done[] = { LIST(T, ids, u64, MAX_ENTRIES) };
SHAPE(journal_done, T);
#undef T

#define T struct zs_msg_zone_lock
static const struct zs_field fields_zone_lock[] = { STR(T, instance, ZS_MAX_ID), NAME(T, zone) };
SHAPE(zone_lock, T);
#undef T

#define T struct zs_msg_store
static const struct zs_field fields_store[] = {
	U32(T, job), STR(T, chain, ZS_MAX_PEM), I64(T, not_before), I64(T, not_after), STR(T, issuer, MAX_LINE),
	STR(T, serial, MAX_WORD),
};
SHAPE(store, T);
#undef T

#define T struct zs_msg_stored
static const struct zs_field fields_stored[] = { STR(T, path, MAX_PATH), U32(T, generation) };
SHAPE(stored, T);
#undef T

/* ---- probe ---- */

#define T struct zs_msg_probe_zone
static const struct zs_field fields_probe_zone[] = {
	NAME(T, zone), LIST(T, servers, word, MAX_ADDRESSES), LIST(T, resolvers, word, MAX_ADDRESSES),
};
SHAPE(probe_zone, T);
#undef T

#define T struct zs_msg_probe_config
static const struct zs_field fields_probe_config[] = {
	LIST(T, resolvers, word, MAX_ADDRESSES), LIST(T, zones, probe_zone, MAX_ZONES),
};
SHAPE(probe_config, T);
#undef T

#define T struct zs_msg_probe_walk
static const struct zs_field fields_probe_walk[] = { LIST(T, names, name, MAX_NAMES) };
SHAPE(probe_walk, T);
#undef T

#define T struct zs_msg_walk_server
static const struct zs_field fields_walk_server[] = {
	STR(T, name, ZS_MAX_NAME + 2), LIST(T, addresses, word, MAX_ADDRESSES),
};
SHAPE(walk_server, T);
#undef T

#define T struct zs_msg_walk_result
static const struct zs_field fields_walk_result[] = {
	NAME(T, name), NAME(T, effective), NAME(T, zone), U32(T, aliases), U32(T, negative_ttl),
	LIST(T, servers, walk_server, MAX_SERVERS), ERR(T, err),
};
SHAPE(walk_result, T);
#undef T

#define T struct zs_msg_probe_walked
static const struct zs_field fields_probe_walked[] = { LIST(T, results, walk_result, MAX_NAMES) };
SHAPE(probe_walked, T);
#undef T

#define T struct zs_msg_probe_read
static const struct zs_field fields_probe_read[] = { NAME(T, zone), NAME(T, name) };
SHAPE(probe_read, T);
#undef T

#define T struct zs_msg_probe_values
static const struct zs_field fields_probe_values[] = { LIST(T, values, octets, MAX_ROWS) };
SHAPE(probe_values, T);
#undef T

#define T struct zs_msg_txt
static const struct zs_field fields_txt[] = { NAME(T, name), STR(T, value, ZS_MAX_TXT) };
SHAPE(txt, T);
#undef T

#define T struct zs_msg_probe_watch
static const struct zs_field fields_probe_watch[] = {
	NAME(T, zone), U32(T, policy), U32(T, percent), U32(T, looks), U64(T, sleep_ms), LIST(T, records, txt, MAX_ENTRIES),
};
SHAPE(probe_watch, T);
#undef T

#define T struct zs_msg_matrix_row
static const struct zs_field fields_matrix_row[] = {
	STR(T, server, ZS_MAX_NAME + 2), STR(T, address, MAX_WORD), U32(T, state), U32(T, seen), U32(T, looks), U32(T, records),
	U32(T, wanted), U32(T, serial), U32(T, rtt_us),
};
SHAPE(matrix_row, T);
#undef T

#define T struct zs_msg_probe_matrix
static const struct zs_field fields_probe_matrix[] = {
	NAME(T, zone), LIST(T, rows, matrix_row, MAX_ROWS), U32(T, elapsed_ms),
};
SHAPE(probe_matrix, T);
#undef T

/* ---- host ---- */

#define T struct zs_msg_option
static const struct zs_field fields_option[] = {
	STR(T, name, ZS_MAX_ID), U32(T, kind), BOOL(T, required), STR(T, fallback, MAX_LINE), STR(T, env, MAX_WORD),
	STR(T, help, MAX_LINE),
};
SHAPE(option, T);
#undef T

#define T struct zs_msg_host_description
static const struct zs_field fields_host_description[] = {
	STR(T, name, ZS_MAX_ID), STR(T, summary, MAX_LINE), STR(T, url, ZS_MAX_URL), STR(T, path, MAX_PATH), U32(T, abi_major),
	U32(T, abi_minor), U32(T, flags), U32(T, max_changes), U32(T, max_values), BOOL(T, has_live), BOOL(T, has_policy),
	STR(T, permissions, MAX_LINE), LIST(T, options, option, MAX_OPTIONS),
};
SHAPE(host_description, T);
#undef T

#define T struct zs_msg_host_secret
static const struct zs_field fields_host_secret[] = { STR(T, name, ZS_MAX_ID), SECRET(T, value, ZS_MAX_SECRET) };
SHAPE(host_secret, T);
#undef T

#define T struct zs_msg_pair
static const struct zs_field fields_pair[] = { STR(T, name, ZS_MAX_ID), STR(T, value, MAX_PATH) };
SHAPE(pair, T);
#undef T

#define T struct zs_msg_host_open
static const struct zs_field fields_host_open[] = { STR(T, instance, ZS_MAX_ID), LIST(T, options, pair, MAX_OPTIONS) };
SHAPE(host_open, T);
#undef T

#define T struct zs_msg_zone_names
static const struct zs_field fields_zone_names[] = { NAME(T, zone), LIST(T, names, name, MAX_GRANTED) };
SHAPE(zone_names, T);
#undef T

#define T struct zs_msg_host_grant
static const struct zs_field fields_host_grant[] = { LIST(T, zones, zone_names, MAX_ZONES), U32(T, value_len) };
SHAPE(host_grant, T);
#undef T

#define T struct zs_msg_host_check
static const struct zs_field fields_host_check[] = { LIST(T, zones, zone_names, MAX_ZONES) };
SHAPE(host_check, T);
#undef T

#define T struct zs_msg_host_checked
static const struct zs_field fields_host_checked[] = { LIST(T, results, fail, MAX_ZONES) };
SHAPE(host_checked, T);
#undef T

#define T struct zs_msg_host_policy
static const struct zs_field fields_host_policy[] = {
	LIST(T, options, pair, MAX_OPTIONS), LIST(T, zones, zone_names, MAX_ZONES),
};
SHAPE(host_policy, T);
#undef T

#define T struct zs_msg_host_policy_is
static const struct zs_field fields_host_policy_is[] = { STR(T, text, MAX_POLICY) };
SHAPE(host_policy_is, T);
#undef T

#define T struct zs_msg_host_usage_is
static const struct zs_field fields_host_usage_is[] = { U64(T, heap), U32(T, descriptors), U32(T, threads) };
SHAPE(host_usage_is, T);
#undef T

#define T struct zs_msg_change
static const struct zs_field fields_change[] = {
	U32(T, op), NAME(T, name), STR(T, value, ZS_MAX_TXT), U32(T, ttl), NAME(T, identifier), STR(T, token, ZS_MAX_TOKEN),
	STR(T, key_authorization, ZS_MAX_KEY_AUTHORIZATION),
};
SHAPE(change, T);
#undef T

#define T struct zs_msg_host_apply
static const struct zs_field fields_host_apply[] = { NAME(T, zone), LIST(T, changes, change, ZS_MAX_CHANGES) };
SHAPE(host_apply, T);
#undef T

#define T struct zs_msg_host_applied
static const struct zs_field fields_host_applied[] = {
	LIST(T, results, fail, ZS_MAX_CHANGES), STR(T, ticket, ZS_MAX_TICKET),
};
SHAPE(host_applied, T);
#undef T

#define T struct zs_msg_host_live
static const struct zs_field fields_host_live[] = { NAME(T, zone), STR(T, ticket, ZS_MAX_TICKET) };
SHAPE(host_live, T);
#undef T

#define T struct zs_msg_host_live_is
static const struct zs_field fields_host_live_is[] = { BOOL(T, live) };
SHAPE(host_live_is, T);
#undef T

/* ---- front and engine ---- */

#define T struct zs_msg_engine_link
static const struct zs_field fields_engine_link[] = { U32(T, role), STR(T, instance, ZS_MAX_ID) };
SHAPE(engine_link, T);
#undef T

#define T struct zs_msg_engine_ca
static const struct zs_field fields_engine_ca[] = {
	STR(T, name, ZS_MAX_ID), STR(T, directory, ZS_MAX_URL), LIST(T, origins, url, MAX_ORIGINS), STR(T, bundle, MAX_BUNDLE),
	STR(T, proxy, ZS_MAX_URL), U32(T, nonce_width),
};
SHAPE(engine_ca, T);
#undef T

#define T struct zs_msg_engine_csr_is
static const struct zs_field fields_engine_csr_is[] = {
	LIST(T, identifiers, name, ZS_MAX_IDENTIFIERS), STR(T, spki, MAX_SPKI), STR(T, der, ZS_MAX_CSR), STR(T, key_type, MAX_WORD),
};
SHAPE(engine_csr_is, T);
#undef T

#define T struct zs_msg_engine_job
static const struct zs_field fields_engine_job[] = {
	U32(T, job), STR(T, certificate, ZS_MAX_ID), STR(T, ca, ZS_MAX_ID), LIST(T, identifiers, name, ZS_MAX_IDENTIFIERS),
	STR(T, account_url, ZS_MAX_URL), STR(T, order_url, ZS_MAX_URL), STR(T, finalize_url, ZS_MAX_URL), STR(T, spki, MAX_SPKI),
	BOOL(T, agree_terms), BOOL(T, has_eab), STR(T, profile, MAX_WORD), STR(T, preferred_chain, MAX_LINE), U64(T, timeout_ms),
	BOOL(T, dry_run),
};
SHAPE(engine_job, T);
#undef T

#define T struct zs_msg_route
static const struct zs_field fields_route[] = {
	NAME(T, identifier), NAME(T, effective), NAME(T, zone), STR(T, instance, ZS_MAX_ID), STR(T, provider, ZS_MAX_ID),
	U32(T, ttl), U32(T, max_changes), BOOL(T, zone_lock), U32(T, policy), U32(T, percent), U32(T, looks), U64(T, sleep_ms), U64(T, propagation_ms),
};
SHAPE(route, T);
#undef T

#define T struct zs_msg_engine_routes
static const struct zs_field fields_engine_routes[] = { U32(T, job), LIST(T, routes, route, ZS_MAX_IDENTIFIERS) };
SHAPE(engine_routes, T);
#undef T

#define T struct zs_msg_clean_instance
static const struct zs_field fields_clean_instance[] = { STR(T, instance, ZS_MAX_ID), U32(T, max_changes), BOOL(T, zone_lock) };
SHAPE(clean_instance, T);
#undef T

#define T struct zs_msg_engine_clean
static const struct zs_field fields_engine_clean[] = {
	LIST(T, entries, entry, MAX_ENTRIES), LIST(T, instances, clean_instance, MAX_ENTRIES),
};
SHAPE(engine_clean, T);
#undef T

#define T struct zs_msg_engine_cleaned
static const struct zs_field fields_engine_cleaned[] = { LIST(T, results, fail, MAX_ENTRIES) };
SHAPE(engine_cleaned, T);
#undef T

#define T struct zs_msg_job_phase
static const struct zs_field fields_job_phase[] = { U32(T, job), U32(T, phase), STR(T, text, MAX_TEXT) };
SHAPE(job_phase, T);
#undef T

#define T struct zs_msg_job_matrix
static const struct zs_field fields_job_matrix[] = {
	U32(T, job), NAME(T, zone), LIST(T, rows, matrix_row, MAX_ROWS), U32(T, elapsed_ms),
};
SHAPE(job_matrix, T);
#undef T

#define T struct zs_msg_job_end
static const struct zs_field fields_job_end[] = {
	U32(T, job), ERR(T, err), STR(T, path, MAX_PATH), U32(T, generation), I64(T, not_before), I64(T, not_after),
	STR(T, issuer, MAX_LINE), STR(T, serial, MAX_WORD), STR(T, order_url, ZS_MAX_URL), U32(T, residue), U32(T, requests),
	U32(T, connections), BOOL(T, resumed),
};
SHAPE(job_end, T);
#undef T

#define T struct zs_msg_peer_stuck
static const struct zs_field fields_peer_stuck[] = { U32(T, role), STR(T, instance, ZS_MAX_ID) };
SHAPE(peer_stuck, T);
#undef T

/* ---- who may send what ---- */

enum {
	FRONT = 1 << ZS_ROLE_FRONT,
	ENGINE = 1 << ZS_ROLE_ENGINE,
	VAULT = 1 << ZS_ROLE_VAULT,
	PROBE = 1 << ZS_ROLE_PROBE,
	HOST = 1 << ZS_ROLE_HOST,
	CHILDREN = ENGINE | VAULT | PROBE | HOST
};

#define ROW(type, from, to, over, what, form) \
	[ZS_MSG_##type] = { .name = #type, .senders = (from), .receivers = (to), .link = ZS_LINK_##over, \
			    .kind = ZS_KIND_##what, .shape = &shape_##form }
#define ASK(type, from, to, over, form, answer) \
	[ZS_MSG_##type] = { .name = #type, .senders = (from), .receivers = (to), .link = ZS_LINK_##over, \
			    .kind = ZS_KIND_REQUEST, .shape = &shape_##form, .reply = ZS_MSG_##answer }
#define ASK_FD(type, from, to, over, form, answer, optional) \
	[ZS_MSG_##type] = { .name = #type, .senders = (from), .receivers = (to), .link = ZS_LINK_##over, \
			    .kind = ZS_KIND_REQUEST, .shape = &shape_##form, .reply = ZS_MSG_##answer, .with_fd = true, \
			    .fd_optional = (optional) }

static const struct zs_msg_def table[] = {
	ROW(OK, CHILDREN, FRONT | ENGINE, ANY, REPLY, empty),
	ROW(FAIL, CHILDREN, FRONT | ENGINE, ANY, REPLY, fail),
	ROW(HELLO, CHILDREN, FRONT, FRONT, NOTE, hello),
	ROW(LOG, CHILDREN, FRONT, FRONT, NOTE, log),
	ROW(LOG_LEVEL, FRONT, CHILDREN, FRONT, NOTE, log_level),
	ROW(CANCEL, FRONT | ENGINE, CHILDREN, ANY, NOTE, cancel),

	ASK(VAULT_OPEN, FRONT, VAULT, FRONT, vault_open, VAULT_ENTRIES),
	ROW(VAULT_ENTRIES, VAULT, FRONT, FRONT, REPLY, vault_entries),
	ASK(VAULT_JOURNAL, FRONT, VAULT, FRONT, vault_journal, VAULT_ENTRIES),
	ASK(VAULT_FORGET, FRONT, VAULT, FRONT, vault_forget, OK),
	ASK(VAULT_JOB, FRONT, VAULT, FRONT, vault_job, VAULT_JOB_READY),
	ROW(VAULT_JOB_READY, VAULT, FRONT, FRONT, REPLY, vault_job_ready),
	ROW(VAULT_JOB_END, FRONT, VAULT, FRONT, NOTE, vault_job_end),
	ASK(VAULT_LIST, FRONT, VAULT, FRONT, vault_list, VAULT_CERTIFICATES),
	ROW(VAULT_CERTIFICATES, VAULT, FRONT, FRONT, REPLY, vault_certificates),

	ASK(SIGN_NEW_ACCOUNT, ENGINE, VAULT, ENGINE, sign, SIGNED),
	ASK(SIGN_NEW_ORDER, ENGINE, VAULT, ENGINE, sign, SIGNED),
	ASK(SIGN_READ, ENGINE, VAULT, ENGINE, sign, SIGNED),
	ASK(SIGN_ACCEPT, ENGINE, VAULT, ENGINE, sign, SIGNED),
	ASK(SIGN_FINALIZE, ENGINE, VAULT, ENGINE, sign, SIGNED),
	ASK(SIGN_DEACTIVATE, ENGINE, VAULT, ENGINE, sign, SIGNED),
	ROW(SIGNED, VAULT, ENGINE, ENGINE, REPLY, signed),
	ASK(ACCOUNT_SET, ENGINE, VAULT, ENGINE, account, OK),
	ASK(ACCOUNT_LOST, ENGINE, VAULT, ENGINE, account, OK),
	ASK(ORDER_GONE, ENGINE, VAULT, ENGINE, job_ref, OK),
	ASK(TXT_VALUES, ENGINE, VAULT, ENGINE, txt_values, TXT_VALUES_ARE),
	ROW(TXT_VALUES_ARE, VAULT, ENGINE, ENGINE, REPLY, txt_values_are),
	ASK(JOURNAL_ADD, ENGINE, VAULT, ENGINE, journal_add, JOURNAL_IDS),
	ROW(JOURNAL_IDS, VAULT, ENGINE, ENGINE, REPLY, journal_ids),
	ASK(JOURNAL_TICKET, ENGINE, VAULT, ENGINE, journal_ticket, OK),
	ASK(JOURNAL_DONE, ENGINE, VAULT, ENGINE, journal_done, OK),
	ASK(ZONE_LOCK, ENGINE, VAULT, ENGINE, zone_lock, ZONE_LOCKED),
	[ZS_MSG_ZONE_LOCKED] = { .name = "ZONE_LOCKED", .senders = VAULT, .receivers = ENGINE, .link = ZS_LINK_ENGINE,
				 .kind = ZS_KIND_REPLY, .shape = &shape_empty, .with_fd = true },
	ROW(ZONE_UNLOCK, ENGINE, VAULT, ENGINE, NOTE, zone_lock),
	ASK(STORE, ENGINE, VAULT, ENGINE, store, STORED),
	ROW(STORED, VAULT, ENGINE, ENGINE, REPLY, stored),

	ASK(PROBE_CONFIG, FRONT, PROBE, FRONT, probe_config, OK),
	ASK(PROBE_WALK, FRONT, PROBE, FRONT, probe_walk, PROBE_WALKED),
	ROW(PROBE_WALKED, PROBE, FRONT, FRONT, REPLY, probe_walked),
	ASK(PROBE_READ, FRONT, PROBE, FRONT, probe_read, PROBE_VALUES),
	ROW(PROBE_VALUES, PROBE, FRONT, FRONT, REPLY, probe_values),
	[ZS_MSG_PROBE_WATCH] = { .name = "PROBE_WATCH", .senders = ENGINE, .receivers = PROBE, .link = ZS_LINK_ENGINE,
				 .kind = ZS_KIND_REQUEST, .shape = &shape_probe_watch, .reply = ZS_MSG_OK,
				 .progress = ZS_MSG_PROBE_MATRIX },
	ROW(PROBE_MATRIX, PROBE, ENGINE, ENGINE, PROGRESS, probe_matrix),

	ASK(HOST_DESCRIBE, FRONT, HOST, FRONT, empty, HOST_DESCRIPTION),
	ROW(HOST_DESCRIPTION, HOST, FRONT, FRONT, REPLY, host_description),
	ASK_FD(HOST_SECRET, FRONT, HOST, FRONT, host_secret, OK, true),
	ASK(HOST_OPEN, FRONT, HOST, FRONT, host_open, OK),
	ASK(HOST_GRANT, FRONT, HOST, FRONT, host_grant, OK),
	ASK(HOST_CHECK, FRONT, HOST, FRONT, host_check, HOST_CHECKED),
	ROW(HOST_CHECKED, HOST, FRONT, FRONT, REPLY, host_checked),
	ASK(HOST_POLICY, FRONT, HOST, FRONT, host_policy, HOST_POLICY_IS),
	ROW(HOST_POLICY_IS, HOST, FRONT, FRONT, REPLY, host_policy_is),
	ASK(HOST_USAGE, FRONT, HOST, FRONT, empty, HOST_USAGE_IS),
	ROW(HOST_USAGE_IS, HOST, FRONT, FRONT, REPLY, host_usage_is),
	ASK_FD(HOST_APPLY, ENGINE, HOST, ENGINE, host_apply, HOST_APPLIED, true),
	ROW(HOST_APPLIED, HOST, ENGINE, ENGINE, REPLY, host_applied),
	ASK(HOST_LIVE, ENGINE, HOST, ENGINE, host_live, HOST_LIVE_IS),
	ROW(HOST_LIVE_IS, HOST, ENGINE, ENGINE, REPLY, host_live_is),

	[ZS_MSG_ENGINE_LINK] = { .name = "ENGINE_LINK", .senders = FRONT, .receivers = ENGINE, .link = ZS_LINK_FRONT,
				 .kind = ZS_KIND_NOTE, .shape = &shape_engine_link, .with_fd = true },
	ROW(ENGINE_CA, FRONT, ENGINE, FRONT, NOTE, engine_ca),
	ASK_FD(ENGINE_CSR, FRONT, ENGINE, FRONT, empty, ENGINE_CSR_IS, false),
	ROW(ENGINE_CSR_IS, ENGINE, FRONT, FRONT, REPLY, engine_csr_is),
	ROW(ENGINE_JOB, FRONT, ENGINE, FRONT, NOTE, engine_job),
	ROW(ENGINE_ROUTES, FRONT, ENGINE, FRONT, NOTE, engine_routes),
	ROW(ENGINE_JOB_CANCEL, FRONT, ENGINE, FRONT, NOTE, job_ref),
	ASK(ENGINE_CLEAN, FRONT, ENGINE, FRONT, engine_clean, ENGINE_CLEANED),
	ROW(ENGINE_CLEANED, ENGINE, FRONT, FRONT, REPLY, engine_cleaned),
	ROW(JOB_PHASE, ENGINE, FRONT, FRONT, NOTE, job_phase),
	ROW(JOB_MATRIX, ENGINE, FRONT, FRONT, NOTE, job_matrix),
	ROW(JOB_END, ENGINE, FRONT, FRONT, NOTE, job_end),
	ROW(PEER_STUCK, ENGINE, FRONT, FRONT, NOTE, peer_stuck),
};
_Static_assert(ZS_COUNT(table) == ZS_MSG__COUNT, "one row per message");

const struct zs_msg_def *zs_msg_def(uint32_t type)
{
	return type < ZS_COUNT(table) && table[type].name ? &table[type] : NULL;
}

/* Which link joins two roles: front has one to every child, the engine one to every
 * other child, and the others have none. */
static bool joins(enum zs_link link, enum zs_role a, enum zs_role b)
{
	bool front = a == ZS_ROLE_FRONT || b == ZS_ROLE_FRONT;
	bool engine = a == ZS_ROLE_ENGINE || b == ZS_ROLE_ENGINE;

	if (a == b)
		return false;
	return link == ZS_LINK_FRONT ? front : link == ZS_LINK_ENGINE && engine && !front;
}

bool zs_msg_allowed(uint32_t type, enum zs_role sender, enum zs_role receiver, enum zs_link link)
{
	const struct zs_msg_def *def = zs_msg_def(type);

	return def && (size_t)sender < ZS_ROLE__COUNT && (size_t)receiver < ZS_ROLE__COUNT &&
	       (def->senders & 1u << sender) && (def->receivers & 1u << receiver) &&
	       (def->link == ZS_LINK_ANY || def->link == link) && joins(link, sender, receiver);
}
