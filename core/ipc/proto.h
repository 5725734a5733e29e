/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message that may pass between two processes, as a C struct, and the
 * table that says who may send what, to whom, on which channel (proto.c).
 * Encoding and checking are done by codec.h from the field tables, so adding a
 * message is adding a struct, its fields and one row.
 *
 * Slices in a received message point into the frame and lists into its arena:
 * both end when the handler returns; what is kept is copied.
 */
#ifndef ZS_IPC_PROTO_H
#define ZS_IPC_PROTO_H

#include "base/err.h"
#include "base/name.h"
#include "base/slice.h"

enum zs_role { ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_ROLE_VAULT, ZS_ROLE_PROBE, ZS_ROLE_HOST, ZS_ROLE__COUNT };
const char *zs_role_name(enum zs_role role);

/* fd 3 of a child goes to front (authority), fd 4 to the engine (work). */
enum zs_link {
	ZS_LINK_FRONT,
	ZS_LINK_ENGINE,
	ZS_LINK_ANY		/* rows of the table only: either, as the two roles say */
};

#define ZS_LIST(type) struct { type *items; uint32_t n; }

enum zs_msg_type {
	/* replies that fit any request */
	ZS_MSG_OK = 1,
	ZS_MSG_FAIL,
	/* any child <-> front */
	ZS_MSG_HELLO,
	ZS_MSG_LOG,
	ZS_MSG_LOG_LEVEL,
	ZS_MSG_CANCEL,
	/* front <-> vault */
	ZS_MSG_VAULT_OPEN,
	ZS_MSG_VAULT_ENTRIES,
	ZS_MSG_VAULT_JOURNAL,
	ZS_MSG_VAULT_FORGET,
	ZS_MSG_VAULT_JOB,
	ZS_MSG_VAULT_JOB_READY,
	ZS_MSG_VAULT_JOB_END,
	ZS_MSG_VAULT_LIST,
	ZS_MSG_VAULT_CERTIFICATES,
	/* engine <-> vault: the closed list */
	ZS_MSG_SIGN_NEW_ACCOUNT,
	ZS_MSG_SIGN_NEW_ORDER,
	ZS_MSG_SIGN_READ,
	ZS_MSG_SIGN_ACCEPT,
	ZS_MSG_SIGN_FINALIZE,
	ZS_MSG_SIGN_DEACTIVATE,
	ZS_MSG_SIGNED,
	ZS_MSG_ACCOUNT_SET,
	ZS_MSG_ACCOUNT_LOST,
	ZS_MSG_ORDER_GONE,
	ZS_MSG_TXT_VALUES,
	ZS_MSG_TXT_VALUES_ARE,
	ZS_MSG_JOURNAL_ADD,
	ZS_MSG_JOURNAL_IDS,
	ZS_MSG_JOURNAL_TICKET,
	ZS_MSG_JOURNAL_DONE,
	ZS_MSG_ZONE_LOCK,
	ZS_MSG_ZONE_LOCKED,
	ZS_MSG_ZONE_UNLOCK,
	ZS_MSG_STORE,
	ZS_MSG_STORED,
	/* front <-> probe */
	ZS_MSG_PROBE_CONFIG,
	ZS_MSG_PROBE_WALK,
	ZS_MSG_PROBE_WALKED,
	ZS_MSG_PROBE_READ,
	ZS_MSG_PROBE_VALUES,
	/* engine <-> probe */
	ZS_MSG_PROBE_WATCH,
	ZS_MSG_PROBE_MATRIX,
	/* front <-> host */
	ZS_MSG_HOST_DESCRIBE,
	ZS_MSG_HOST_DESCRIPTION,
	ZS_MSG_HOST_SECRET,
	ZS_MSG_HOST_OPEN,
	ZS_MSG_HOST_GRANT,
	ZS_MSG_HOST_CHECK,
	ZS_MSG_HOST_CHECKED,
	ZS_MSG_HOST_POLICY,
	ZS_MSG_HOST_POLICY_IS,
	ZS_MSG_HOST_USAGE,
	ZS_MSG_HOST_USAGE_IS,
	/* engine <-> host */
	ZS_MSG_HOST_APPLY,
	ZS_MSG_HOST_APPLIED,
	ZS_MSG_HOST_LIVE,
	ZS_MSG_HOST_LIVE_IS,
	/* front <-> engine */
	ZS_MSG_ENGINE_LINK,
	ZS_MSG_ENGINE_CA,
	ZS_MSG_ENGINE_CSR,
	ZS_MSG_ENGINE_CSR_IS,
	ZS_MSG_ENGINE_JOB,
	ZS_MSG_ENGINE_ROUTES,
	ZS_MSG_ENGINE_JOB_CANCEL,
	ZS_MSG_ENGINE_CLEAN,
	ZS_MSG_ENGINE_CLEANED,
	ZS_MSG_JOB_PHASE,
	ZS_MSG_JOB_MATRIX,
	ZS_MSG_JOB_END,
	ZS_MSG_PEER_STUCK,
	ZS_MSG__COUNT
};

/* ---- any ---- */

struct zs_msg_empty { uint32_t unused; };	/* OK and requests without content */
struct zs_msg_fail { struct zs_err err; };

/* Child -> front, its first frame, sent after confinement. */
struct zs_msg_hello {
	uint32_t role;			/* enum zs_role */
	struct zs_slice build;		/* ZS_BUILD_ID; a mismatch is a named error */
	uint32_t pid;
	uint32_t uid;
	uint32_t landlock;		/* ABI in force, 0 = none */
	bool seccomp;
	bool dumpable;
	bool no_new_privs;
	uint64_t capabilities;		/* effective set, 0 = none */
	struct zs_slice missing;	/* what could not be had, for people; empty = all */
};

struct zs_msg_log { uint32_t level; struct zs_slice job; struct zs_slice text; };
struct zs_msg_log_level { uint32_t level; };
/* Ends the request with this id (on the same channel); it answers with FAIL cancelled. */
struct zs_msg_cancel { uint32_t request; };

/* ---- journal entries ---- */

struct zs_msg_entry {
	uint64_t id;			/* unique in the state tree; 0 in JOURNAL_ADD */
	uint32_t job;			/* job of this run, 0 for an adopted entry */
	struct zs_slice certificate;
	struct zs_slice instance;
	struct zs_slice provider;
	struct zs_name zone;
	struct zs_name name;		/* effective name */
	struct zs_slice value;
	struct zs_name identifier;	/* what is validated; empty in journals of older versions */
	struct zs_slice token;		/* of the challenge; likewise */
	struct zs_slice key_authorization;	/* likewise */
	struct zs_slice ticket;
	int64_t added;			/* Unix seconds; set by the vault */
	bool live;			/* belongs to a run that is alive (VAULT_JOURNAL only) */
};

/* ---- front <-> vault ---- */

/* Opens the run. adopt: take over the journals of dead runs. Reply VAULT_ENTRIES:
 * the adopted entries that still wait to be removed from DNS. */
struct zs_msg_vault_open { bool adopt; };
/* One page, in the order of the ids; more: ask with VAULT_JOURNAL for what is behind it. */
struct zs_msg_vault_entries { ZS_LIST(struct zs_msg_entry) entries; bool more; };
/* Entries with an id behind after -> VAULT_ENTRIES: the adopted ones only, or those of
 * every journal. */
struct zs_msg_vault_journal { bool adopted; uint64_t after; };
/* VAULT_FORGET: drops an adopted entry without touching DNS -> OK. */
struct zs_msg_vault_forget { uint64_t id; };

/* What one job may do. The vault locks the certificate, loads or makes account key and
 * certificate key, builds the CSR -> VAULT_JOB_READY, or FAIL busy. */
struct zs_msg_vault_job {
	uint32_t job;			/* chosen by front, unique in the run, not 0 */
	struct zs_slice certificate;	/* its name: an id */
	struct zs_slice ca;		/* name of the CA: an id, directory below accounts/ */
	ZS_LIST(struct zs_slice) origins;	/* "https://host[:port]", the pinned set */
	ZS_LIST(struct zs_slice) contacts;	/* "mailto:..." */
	bool agree_terms;
	struct zs_slice eab_kid;	/* empty = none */
	struct zs_slice eab_key;	/* text as the CA gave it (secret) */
	struct zs_slice account_key_type;	/* "ec256" (default when empty), "ec384", "rsa2048", ... */
	ZS_LIST(struct zs_name) identifiers;
	struct zs_slice key_type;	/* of the certificate key, same words */
	bool reuse_key;
	struct zs_slice csr;		/* DER of the user's own CSR; empty = ours */
	struct zs_slice csr_spki;	/* its SubjectPublicKeyInfo as the engine read it */
	int64_t key_group;		/* gid for the certificate's files, -1 = none */
	struct zs_slice profile;	/* sent in newOrder when not empty */
	bool dry_run;			/* nothing is written; keys only in memory */
};
struct zs_msg_vault_job_ready {
	uint32_t job;
	struct zs_slice account_url;	/* empty: no account yet */
	struct zs_slice order_url;	/* an order that was finalized by a run that died; else empty */
	struct zs_slice finalize_url;	/* its finalize URL */
	struct zs_slice spki;		/* DER SubjectPublicKeyInfo of the certificate key */
	bool account_key_new;
};
struct zs_msg_vault_job_end { uint32_t job; };

/* What is stored under these names (empty = everything) behind after -> VAULT_CERTIFICATES. */
struct zs_msg_vault_list { ZS_LIST(struct zs_slice) names; struct zs_slice after; };
struct zs_msg_certificate {
	struct zs_slice name;
	struct zs_slice ca;
	struct zs_slice key_type;
	ZS_LIST(struct zs_name) identifiers;
	uint32_t generation;		/* 0 = none stored */
	int64_t not_before, not_after, stored;	/* Unix seconds */
	struct zs_slice issuer, serial;
	struct zs_slice path;		/* absolute path of current/ */
	bool busy;			/* another run holds it */
	bool pending;			/* finalized order of a dead run waits */
	struct zs_slice problem;	/* corrupt state, in words; empty = fine */
};
/* One page, in the order of the names; more: ask again with the last one as after. */
struct zs_msg_vault_certificates { ZS_LIST(struct zs_msg_certificate) certificates; bool more; };

/* ---- engine <-> vault ---- */

/* All SIGN_* requests. Reply SIGNED: the whole JWS object, ready to be posted. */
struct zs_msg_sign {
	uint32_t job;
	struct zs_slice url;		/* https, graph ASCII, origin in the job's set */
	struct zs_slice nonce;
	struct zs_slice order_url;	/* SIGN_FINALIZE only: journaled before signing */
};
struct zs_msg_signed { struct zs_slice body; };
/* ACCOUNT_SET: the Location of newAccount -> OK. ACCOUNT_LOST: the CA does not know the
 * account; url must be the one on record; it is moved aside, the key is kept -> OK. */
struct zs_msg_account { uint32_t job; struct zs_slice url; };
/* ORDER_GONE: the journaled order cannot be finished -> OK. */
struct zs_msg_job_ref { uint32_t job; };
struct zs_msg_txt_values { uint32_t job; ZS_LIST(struct zs_slice) tokens; };
struct zs_msg_txt_value { struct zs_slice value, key_authorization; };
struct zs_msg_txt_values_are { ZS_LIST(struct zs_msg_txt_value) values; };	/* same order */
/* JOURNAL_ADD -> JOURNAL_IDS in the same order, after fsync. */
struct zs_msg_journal_add { ZS_LIST(struct zs_msg_entry) entries; };
struct zs_msg_journal_ids { ZS_LIST(uint64_t) ids; };
struct zs_msg_journal_ticket { ZS_LIST(uint64_t) ids; struct zs_slice ticket; };
/* JOURNAL_DONE: the records are gone from DNS (or were never written) -> OK. */
struct zs_msg_journal_done { ZS_LIST(uint64_t) ids; };
/* ZONE_LOCK: held by nobody else with this state tree until ZONE_UNLOCK or the end of the
 * channel -> ZONE_LOCKED when it is had, FAIL busy when the deadline of the frame ends first.
 * The descriptor that comes with ZONE_LOCKED is the lock: it is held as long as any process
 * has that open, whatever became of the vault and the engine. It goes on with HOST_APPLY. */
struct zs_msg_zone_lock { struct zs_slice instance; struct zs_name zone; };
struct zs_msg_store {
	uint32_t job;
	struct zs_slice chain;		/* PEM, leaf first */
	int64_t not_before, not_after;
	struct zs_slice issuer, serial;	/* for people: common name, hex */
};
struct zs_msg_stored { struct zs_slice path; uint32_t generation; };

/* ---- front <-> probe ---- */

struct zs_msg_probe_zone {
	struct zs_name zone;		/* settings for this zone and below it */
	ZS_LIST(struct zs_slice) servers;	/* "addr" or "addr:port" "[v6]:port": asked instead of the NS set */
	ZS_LIST(struct zs_slice) resolvers;
};
/* -> OK */
struct zs_msg_probe_config {
	ZS_LIST(struct zs_slice) resolvers;	/* empty: /etc/resolv.conf */
	ZS_LIST(struct zs_msg_probe_zone) zones;
};
/* Names to walk (challenge names) -> PROBE_WALKED, one result for each, same order. An
 * answer about up to ZS_WALK_NAMES fits into a message, whatever the servers of the zones. */
enum { ZS_WALK_NAMES = 32 };
struct zs_msg_probe_walk { ZS_LIST(struct zs_name) names; };
struct zs_msg_walk_server { struct zs_slice name; ZS_LIST(struct zs_slice) addresses; };
struct zs_msg_walk_result {
	struct zs_name name;
	struct zs_name effective;	/* after CNAME and DNAME */
	struct zs_name zone;		/* apex that holds the effective name */
	uint32_t aliases;		/* links followed */
	uint32_t negative_ttl;		/* SOA minimum, seconds */
	ZS_LIST(struct zs_msg_walk_server) servers;
	struct zs_err err;		/* code 0 = found */
};
struct zs_msg_probe_walked { ZS_LIST(struct zs_msg_walk_result) results; };
/* The TXT values at a name, by the first authoritative server of the zone that answers
 * (RD=0) -> PROBE_VALUES; none is an empty list, no answer a FAIL. */
struct zs_msg_probe_read { struct zs_name zone, name; };
struct zs_msg_probe_values { ZS_LIST(struct zs_slice) values; };

/* ---- engine <-> probe ---- */

enum zs_policy { ZS_POLICY_ALL, ZS_POLICY_NAMES, ZS_POLICY_QUORUM, ZS_POLICY_ANY, ZS_POLICY_PROVIDER, ZS_POLICY_SLEEP, ZS_POLICY__COUNT };
const char *zs_policy_name(enum zs_policy policy);

struct zs_msg_txt { struct zs_name name; struct zs_slice value; };
/* Watches until the policy holds: progress PROBE_MATRIX, final OK; or FAIL with the
 * matrix in its text when the deadline of the frame ends. */
struct zs_msg_probe_watch {
	struct zs_name zone;
	uint32_t policy;		/* ALL, NAMES, QUORUM, ANY or SLEEP */
	uint32_t percent;		/* QUORUM */
	uint32_t looks;			/* 0 = the rule of the address (1 or 2) */
	uint64_t sleep_ms;		/* SLEEP */
	ZS_LIST(struct zs_msg_txt) records;
};
enum zs_server_state { ZS_SERVER_WAIT, ZS_SERVER_NO_ANSWER, ZS_SERVER_REFUSED, ZS_SERVER_LAME, ZS_SERVER_ABSENT,
	ZS_SERVER_STALE, ZS_SERVER_PRESENT, ZS_SERVER_NO_ROUTE, ZS_SERVER__COUNT };
const char *zs_server_state_name(enum zs_server_state state);
struct zs_msg_matrix_row {
	struct zs_slice server, address;
	uint32_t state;			/* enum zs_server_state */
	uint32_t seen, looks;		/* k of K */
	uint32_t records, wanted;	/* values present of values wanted at the last look */
	uint32_t serial;		/* 0 = not known */
	uint32_t rtt_us;
};
struct zs_msg_probe_matrix { struct zs_name zone; ZS_LIST(struct zs_msg_matrix_row) rows; uint32_t elapsed_ms; };

/* ---- front <-> host ---- */

/* HOST_DESCRIBE (empty): load the plugin (its path is argv[1]) -> HOST_DESCRIPTION. */
/* The kinds front must know; equal to ZSP_OPTION_SECRET and so on, which the host asserts. */
enum { ZS_OPTION_SECRET = 2, ZS_OPTION_FILE = 3, ZS_OPTION_DIRECTORY = 11 };
/* Flags front must know; equal to ZSP_FLAG_NO_NETWORK and so on, which the host asserts. */
enum { ZS_PROVIDER_NO_NETWORK = 0x8, ZS_PROVIDER_NO_REMOVE = 0x10, ZS_PROVIDER_NEEDS_ZONE_LOCK = 0x10000,
	ZS_PROVIDER_EXECS = 0x20000 };
struct zs_msg_option {
	struct zs_slice name;
	uint32_t kind;			/* ZSP_OPTION_* of provider.h */
	bool required;
	struct zs_slice fallback;	/* default */
	struct zs_slice env;		/* alias */
	struct zs_slice help;
};
struct zs_msg_host_description {
	struct zs_slice name, summary, url, path;
	uint32_t abi_major, abi_minor;
	uint32_t flags;			/* ZSP_* of provider.h */
	uint32_t max_changes;		/* per apply, 0 = one */
	uint32_t max_values;		/* that the service keeps at one name, 0 = enough */
	bool has_live;			/* can be asked whether a change is live */
	bool has_policy;		/* can print the narrowest right */
	struct zs_slice permissions;	/* for people */
	ZS_LIST(struct zs_msg_option) options;
};
/* HOST_SECRET: one secret option, as an open descriptor with the frame or as a value -> OK. */
struct zs_msg_host_secret { struct zs_slice name; struct zs_slice value; };
struct zs_msg_pair { struct zs_slice name, value; };
struct zs_msg_host_open { struct zs_slice instance; ZS_LIST(struct zs_msg_pair) options; };	/* -> OK */
struct zs_msg_zone_names { struct zs_name zone; ZS_LIST(struct zs_name) names; };
/* What apply may touch: zones and effective names; replaces the earlier grant -> OK. */
struct zs_msg_host_grant { ZS_LIST(struct zs_msg_zone_names) zones; uint32_t value_len; };	/* value_len 0 = 43 */
struct zs_msg_host_check { ZS_LIST(struct zs_msg_zone_names) zones; };
struct zs_msg_host_checked { ZS_LIST(struct zs_msg_fail) results; };	/* per zone; code 0 = good */
/* Instead of OPEN: the right to ask the service for, with the options that are no secret and
 * perhaps not complete -> HOST_POLICY_IS. */
struct zs_msg_host_policy { ZS_LIST(struct zs_msg_pair) options; ZS_LIST(struct zs_msg_zone_names) zones; };
struct zs_msg_host_policy_is { struct zs_slice text; };
/* HOST_USAGE (empty): what the process has in use now, for the search for leaks. */
struct zs_msg_host_usage_is { uint64_t heap; uint32_t descriptors, threads; };	/* heap in octets, 0 = not known */

/* ---- engine <-> host ---- */

enum { ZS_CHANGE_ADD = 1, ZS_CHANGE_REMOVE = 2 };
struct zs_msg_change {
	uint32_t op;
	struct zs_name name;
	struct zs_slice value;
	uint32_t ttl;
	struct zs_name identifier;	/* the rest: empty where it is not known */
	struct zs_slice token, key_authorization;
};
/* HOST_APPLY: with the descriptor of ZONE_LOCKED where there is one, which the host closes when
 * the changes are made -> HOST_APPLIED. */
struct zs_msg_host_apply { struct zs_name zone; ZS_LIST(struct zs_msg_change) changes; };
struct zs_msg_host_applied { ZS_LIST(struct zs_msg_fail) results; struct zs_slice ticket; };	/* per change */
struct zs_msg_host_live { struct zs_name zone; struct zs_slice ticket; };
struct zs_msg_host_live_is { bool live; };

/* ---- front <-> engine ---- */

/* Front -> engine, with a descriptor: the engine's end of a peer's work channel. */
struct zs_msg_engine_link { uint32_t role; struct zs_slice instance; };
/* The engine connects, reads the directory and fetches nonces at once. */
struct zs_msg_engine_ca {
	struct zs_slice name;
	struct zs_slice directory;
	ZS_LIST(struct zs_slice) origins;
	struct zs_slice bundle;		/* PEM of the trusted roots; empty = the system's */
	struct zs_slice proxy;
	uint32_t nonce_width;
};
/* With the CSR file's descriptor: its names and key -> ENGINE_CSR_IS. */
struct zs_msg_engine_csr_is { ZS_LIST(struct zs_name) identifiers; struct zs_slice spki, der; struct zs_slice key_type; };
struct zs_msg_engine_job {
	uint32_t job;
	struct zs_slice certificate;
	struct zs_slice ca;
	ZS_LIST(struct zs_name) identifiers;
	struct zs_slice account_url, order_url, finalize_url, spki;	/* from VAULT_JOB_READY */
	bool agree_terms, has_eab;
	struct zs_slice profile, preferred_chain;
	uint64_t timeout_ms;		/* whole job */
	bool dry_run;			/* stops before newAccount and newOrder */
};
struct zs_msg_route {
	struct zs_name identifier;	/* base name, not a wildcard */
	struct zs_name effective, zone;
	struct zs_slice instance, provider;
	uint32_t ttl;
	uint32_t max_changes;
	bool zone_lock;			/* around each apply */
	uint32_t policy, percent, looks;
	uint64_t sleep_ms;
	uint64_t propagation_ms;	/* deadline of the wait */
};
/* Released by front when walk, grant and check went well: the job may order. */
struct zs_msg_engine_routes { uint32_t job; ZS_LIST(struct zs_msg_route) routes; };
/* Records of dead runs to remove -> ENGINE_CLEANED, one result for each. */
struct zs_msg_clean_instance { struct zs_slice instance; uint32_t max_changes; bool zone_lock; };
struct zs_msg_engine_clean {
	ZS_LIST(struct zs_msg_entry) entries;
	ZS_LIST(struct zs_msg_clean_instance) instances;	/* of the entries */
};
struct zs_msg_engine_cleaned { ZS_LIST(struct zs_msg_fail) results; };

enum zs_phase { ZS_PHASE_PLAN, ZS_PHASE_ORDER, ZS_PHASE_AUTHORIZE, ZS_PHASE_PUBLISH, ZS_PHASE_PROPAGATE, ZS_PHASE_ANNOUNCE,
	ZS_PHASE_SETTLE, ZS_PHASE_FINALIZE, ZS_PHASE_DOWNLOAD, ZS_PHASE_VERIFY, ZS_PHASE_STORE, ZS_PHASE_REMOVE,
	ZS_PHASE_DONE, ZS_PHASE__COUNT };
const char *zs_phase_name(enum zs_phase phase);
struct zs_msg_job_phase { uint32_t job; uint32_t phase; struct zs_slice text; };
struct zs_msg_job_matrix { uint32_t job; struct zs_name zone; ZS_LIST(struct zs_msg_matrix_row) rows; uint32_t elapsed_ms; };
struct zs_msg_job_end {
	uint32_t job;
	struct zs_err err;		/* code 0 = issued (or dry run passed) */
	struct zs_slice path;		/* current/ */
	uint32_t generation;
	int64_t not_before, not_after;
	struct zs_slice issuer, serial, order_url;
	uint32_t residue;		/* records of this job that could not be removed */
	uint32_t requests, connections;	/* to the CA, by the whole engine so far */
	bool resumed;			/* finished an order of a run that died */
};
/* Engine -> front: a peer exceeded its deadline by 2 s and must be killed. */
struct zs_msg_peer_stuck { uint32_t role; struct zs_slice instance; };

#endif
