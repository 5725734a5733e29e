/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin ABI of zoneseal, version 1.0: what a DNS provider plugin exports
 * and what the host process offers to it.  ABI.md has the rules in words.
 *
 * A plugin is a shared object with one exported symbol, zoneseal_provider().
 * It adds and removes exact TXT values in the zones of a DNS service (RFC 8555
 * 8.4, RFC 1035 3.3.14).  It runs alone in a process of its own that holds no
 * key and no other plugin's secrets, so its functions simply block.
 *
 * What holds for everything below, unless a declaration says otherwise:
 *
 *  - Context.  All functions of a plugin are called from one thread, one at a
 *    time, never from a signal handler.  Functions of the host table may be
 *    called from that thread only, and only while a call of the plugin runs
 *    (open, apply, zones, live, check, policy, close).  Others are ignored and counted.
 *  - Ownership.  Everything is lent until the call returns; copy what you keep.
 *    Nothing that one side allocated is freed by the other.
 *  - Types.  Only int32_t, uint32_t, int64_t and pairs of pointer and size_t
 *    cross the border (and two uint16_t in the frozen head).
 *  - Text is UTF-8 with a length in octets.  Text that the host passes has a
 *    NUL behind it that does not count; text that a plugin passes needs none.
 *  - DNS names are lower-case A-labels (RFC 5890 2.3.2.1) without a final dot,
 *    1 to 253 octets.
 *  - Times are milliseconds.
 *  - Since: everything without a mark is there since ABI 1.0.
 */
#ifndef ZONESEAL_PROVIDER_H
#define ZONESEAL_PROVIDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- versions ------------------------------------------------------------- */

/* First member of both tables: the octets "ZSP1" of a little-endian machine. */
#define ZSP_MAGIC UINT32_C(0x3150535a)
/* Version of this header.  Majors must match; minors may differ: everything is only ever
 * appended, and what one side does not have reads as absent. */
#define ZSP_ABI_MAJOR 1
#define ZSP_ABI_MINOR 0
/* Both in one number, as zoneseal_provider() gets it: major << 16 | minor. */
#define ZSP_ABI ((UINT32_C(1) * ZSP_ABI_MAJOR << 16) | ZSP_ABI_MINOR)

/*
 * The frozen head of struct zsp_provider and struct zsp_host.  16 octets that
 * never change, not even with the major version.
 */
struct zsp_head {
	uint32_t magic;		/* ZSP_MAGIC */
	uint16_t abi_major;	/* ZSP_ABI_MAJOR of the side that made the table */
	uint16_t abi_minor;	/* ZSP_ABI_MINOR of that side */
	uint32_t struct_size;	/* octets of the whole table on that side */
	uint32_t flags;		/* ZSP_FLAG_* for a provider, 0 for a host */
};

/* Initialiser for the head of a table of this type. */
#define ZSP_HEAD(type, flags) \
	{ ZSP_MAGIC, ZSP_ABI_MAJOR, ZSP_ABI_MINOR, (uint32_t)sizeof(type), (flags) }
/* The head of a provider's descriptor: .head = ZSP_PROVIDER(ZSP_FLAG_BATCH). */
#define ZSP_PROVIDER(flags) ZSP_HEAD(struct zsp_provider, flags)

/* ---- plain data ------------------------------------------------------------ */

/* Octets: text, names and values.  p may be NULL only where n is 0. */
struct zsp_str {
	const char *p;		/* first octet */
	size_t n;		/* number of octets, without any NUL */
};

/* Initialiser from a string literal. */
#define ZSP_STR(literal) { (literal), sizeof(literal) - 1 }

/*
 * An array that crosses the border.  Its items may be larger than the struct
 * that you know, so step with ZSP_ITEM, never with [].
 */
struct zsp_list {
	const void *items;	/* n items of item_size octets; NULL when n is 0 */
	uint32_t n;		/* number of items */
	uint32_t item_size;	/* octets from one item to the next */
};

/* Initialiser from an array of known length. */
#define ZSP_LIST(array) \
	{ (array), (uint32_t)(sizeof(array) / sizeof((array)[0])), \
	  (uint32_t)sizeof((array)[0]) }
/* Pointer to item number i (from 0, less than (list)->n) of that type. */
#define ZSP_ITEM(type, list, i) \
	((const type *)(const void *)((const char *)(list)->items + \
				      (size_t)(i) * (list)->item_size))

/* ---- flags of a provider ---------------------------------------------------- */

/* Lower half: hints.  A host that does not know one reads it as 0. */

/* The service itself keeps other values at the same name (RFC 2136 does). */
#define ZSP_FLAG_KEEPS_SIBLINGS UINT32_C(0x00000001)
/* One apply with many changes costs about as much as with one. */
#define ZSP_FLAG_BATCH UINT32_C(0x00000002)
/* zones() can list all zones of the account, not only find one. */
#define ZSP_FLAG_LISTS_ZONES UINT32_C(0x00000004)
/* Needs no socket; the host may deny socket(2). */
#define ZSP_FLAG_NO_NETWORK UINT32_C(0x00000008)
/* The service cannot remove a value: it stays until newer ones push it out.
 * ZSP_REMOVE succeeds without effect. */
#define ZSP_FLAG_NO_REMOVE UINT32_C(0x00000010)

/* Upper half: a host that does not know one of these refuses the plugin. */

/* Two apply calls in one zone must not run at once: the service has only whole
 * record sets and no compare-and-swap.  Runs that share a state directory hold a
 * lock for instance and zone around apply; other writers the plugin must expect
 * all the same (read back and repeat). */
#define ZSP_FLAG_NEEDS_ZONE_LOCK UINT32_C(0x00010000)
/* Starts programs.  Without it fork and exec are refused (EPERM). */
#define ZSP_FLAG_EXECS UINT32_C(0x00020000)
/* Bits that a host must understand. */
#define ZSP_FLAGS_MUST_UNDERSTAND UINT32_C(0xffff0000)

/* ---- results ---------------------------------------------------------------- */

/*
 * What functions return: ZSP_OK or the class of the failure.  The class decides
 * about retry, back-off, exit code and hint; a class unknown to the host counts
 * as ZSP_TRANSIENT.
 */
#define ZSP_OK 0		/* done */
#define ZSP_AUTH 1		/* credentials refused or expired */
#define ZSP_DENIED 2		/* credentials good, right missing */
#define ZSP_NOT_FOUND 3		/* zone not served here; may name a better one (host->zone) */
#define ZSP_CONFLICT 4		/* somebody else changed the same data; try again */
#define ZSP_RATE_LIMITED 5	/* too many requests; say when with retry_after_ms */
#define ZSP_TRANSIENT 6		/* may go away by itself: network, server failure */
#define ZSP_CONFIG 7		/* an option is missing or makes no sense */
#define ZSP_BUG 8		/* an assumption of the plugin is wrong */

/* Levels of host->log.  Unknown ones read as ZSP_LOG_DEBUG. */
#define ZSP_LOG_ERROR 0
#define ZSP_LOG_WARN 1
#define ZSP_LOG_INFO 2
#define ZSP_LOG_DEBUG 3

/* Sizes, in octets unless said otherwise.  What is longer is refused or cut. */
#define ZSP_MAX_TICKET 255	/* ticket; a longer one fails the call */
#define ZSP_MAX_TEXT 1023	/* text of fail, result and log; cut */
#define ZSP_MAX_OPTIONS 64	/* options, number */
#define ZSP_MAX_ZONES 1024	/* zones that one call may append, number */
#define ZSP_MAX_POLICY 65536	/* what policy prints */
#define ZSP_MAX_PERMISSIONS 1024	/* permissions of a descriptor */

/* ---- options ---------------------------------------------------------------- */

/* Kinds of options.  What the user wrote is checked before open. */
#define ZSP_OPTION_TEXT 1	/* printable text, no line end */
#define ZSP_OPTION_SECRET 2	/* content of a file (or of a variable) that nobody may see;
				 * up to 16 KiB, without one line end at its end */
#define ZSP_OPTION_FILE 3	/* path that the plugin reads itself, again whenever it likes */
#define ZSP_OPTION_INTEGER 4	/* decimal, in number; min..max */
#define ZSP_OPTION_DURATION 5	/* 500ms 30s 5m 2h 90d or seconds; milliseconds in number; min..max */
#define ZSP_OPTION_BOOLEAN 6	/* yes no true false on off 1 0; 1 or 0 in number */
#define ZSP_OPTION_ADDRESS 7	/* host, host:port, address, [address]:port */
#define ZSP_OPTION_ADDRESSES 8	/* several of them, comma-separated */
#define ZSP_OPTION_NAME 9	/* DNS name, given in lower case without final dot */
#define ZSP_OPTION_URL 10	/* https://... or http://..., without user, query and fragment */
#define ZSP_OPTION_DIRECTORY 11	/* directory where programs that the plugin starts may read and write
				 * (with ZSP_FLAG_EXECS; without it the host refuses the plugin) */

/* One option, as data: the core checks, documents, completes and prints it. */
struct zsp_option {
	struct zsp_str name;	/* [a-z][a-z0-9-]*, up to 48 octets, unique in the table */
	uint32_t kind;		/* ZSP_OPTION_*; an unknown kind refuses the plugin */
	uint32_t required;	/* 1: open is not called without it; 0: may be absent */
	struct zsp_str fallback;/* default as the user would write it; n 0 = none.
				 * Not for secrets and not with required. */
	struct zsp_str env;	/* environment variable that gives it when the configuration does
				 * not, [A-Z][A-Z0-9_]*, up to 64; n 0 = none.  Of a secret: its
				 * value, or the path of its file where the name ends in _FILE. */
	struct zsp_str help;	/* one sentence, up to 512 octets, not empty */
	int64_t min;		/* smallest number (INTEGER, DURATION) ... */
	int64_t max;		/* ... and largest; both 0 = any from 0 up */
};

/* One value handed to open: in the order of the option table, one for each. */
struct zsp_value {
	struct zsp_str name;	/* of the option */
	struct zsp_str text;	/* as the user wrote it, or the fallback; p NULL = neither */
	int64_t number;		/* INTEGER, DURATION (ms), BOOLEAN; else 0 */
	uint32_t is_given;	/* 1: by the user, 0: fallback or absent */
	uint32_t reserved;	/* 0 */
};

/* ---- what is asked ---------------------------------------------------------- */

#define ZSP_ADD 1		/* the value shall be there */
#define ZSP_REMOVE 2		/* the value shall not be there */

/*
 * One change: add or remove exactly this TXT value at exactly this name.  The
 * last three members say what it is for; a provider of a DNS service needs none
 * of them.  Bridges to programs of other clients do.  n 0 = not known.
 */
struct zsp_change {
	uint32_t op;		/* ZSP_ADD or ZSP_REMOVE */
	uint32_t ttl;		/* seconds wanted for an added one, 0 = the provider's choice */
	struct zsp_str name;	/* owner name, inside the zone of the call */
	struct zsp_str value;	/* 1 to 255 raw octets, one character-string (RFC 1035 3.3) */
	struct zsp_str identifier;	/* DNS name that is validated, without "*." (RFC 8555 7.1.3) */
	struct zsp_str token;		/* of the challenge (RFC 8555 8.3): base64url */
	struct zsp_str key_authorization;	/* token "." thumbprint (RFC 8555 8.1) */
};

/* One zone with the names in it that a run is going to change. */
struct zsp_zone {
	struct zsp_str zone;	/* apex */
	struct zsp_list names;	/* of struct zsp_str: owner names */
};

/* ---- the host --------------------------------------------------------------- */

/*
 * What the host offers.  Given to open; valid until close returns.  Test
 * members that are younger than the oldest host you support with ZSP_HAS.
 * Texts are made harmless by the host (controls are escaped, registered
 * secrets replaced); never put a secret in one all the same.
 */
struct zsp_host {
	struct zsp_head head;	/* flags 0 */
	void *context;		/* the host's own */

	/* Writes one log line, tagged with the instance.  At most 64 lines and
	 * 8 KiB in one call of the plugin; the rest is counted and dropped. */
	void (*log)(const struct zsp_host *host, int32_t level, const char *text, size_t n);

	/* Says why this call is going to fail; the last one counts.  error_class is
	 * ZSP_AUTH and so on; retry_after_ms says how long the service asked us to
	 * wait, 0 = it did not (clamped to 24 h).  Returns error_class, so that a
	 * plugin can write `return host->fail(...)`. */
	int32_t (*fail)(const struct zsp_host *host, int32_t error_class, int64_t retry_after_ms,
			const char *text, size_t n);

	/* Result of one item of the call: a change of apply or a zone of check, by
	 * its index.  ZSP_OK or a class with text.  The first one for an index
	 * counts.  0, or ZSP_BUG when the index is wrong or has a result. */
	int32_t (*result)(const struct zsp_host *host, uint32_t index, int32_t error_class,
			  const char *text, size_t n);

	/* Appends a zone: in zones each one found; in apply and check, before
	 * ZSP_NOT_FOUND, the apex that the service knows instead.  0, or ZSP_BUG
	 * when it is no DNS name or there are too many. */
	int32_t (*zone)(const struct zsp_host *host, const char *name, size_t n);

	/* In apply: an opaque handle of this change for live, 1 to ZSP_MAX_TICKET
	 * octets, kept on disk, shown to nobody.  The last one counts. */
	int32_t (*ticket)(const struct zsp_host *host, const void *ticket, size_t n);

	/* Milliseconds until the call's deadline, 0 when it has passed.  Give this
	 * to poll(2) and to libraries; 2 s after it the process is killed. */
	int64_t (*deadline_left_ms)(const struct zsp_host *host);

	/* 1 when the deadline has passed or nobody wants the call any more: come
	 * back soon, with any class.  Cheap; ask it in every loop. */
	int32_t (*cancelled)(const struct zsp_host *host);

	/* Wall clock, milliseconds since 1970-01-01 UTC: the clock to sign with. */
	int64_t (*wall_ms)(const struct zsp_host *host);

	/* In policy: appends to the text that the user gets; lines end with LF.  0, or
	 * ZSP_BUG when it does not fit into ZSP_MAX_POLICY. */
	int32_t (*print)(const struct zsp_host *host, const char *text, size_t n);
};

/* True when this host has the member (a function or pointer that is set). */
#define ZSP_HAS(host, member) \
	((size_t)(host)->head.struct_size >= \
		 offsetof(struct zsp_host, member) + sizeof((host)->member) && \
	 (host)->member != NULL)

/* ---- the provider ----------------------------------------------------------- */

/*
 * What a plugin is.  Static and const, never changed after it was returned.
 * New members are appended; a member beyond struct_size reads as absent.
 */
struct zsp_provider {
	struct zsp_head head;	/* ZSP_PROVIDER(flags) */
	struct zsp_str name;	/* [a-z][a-z0-9-]*, up to 32 octets: "rfc2136" */
	struct zsp_str summary;	/* one line, 1 to 128 octets */
	struct zsp_str url;	/* documentation, https://..., up to 256; n 0 = none */
	struct zsp_list options;/* of struct zsp_option, up to ZSP_MAX_OPTIONS */
	uint32_t max_changes;	/* changes that one apply takes; 0 = 1 */
	uint32_t max_values;	/* values that the service keeps at one name; 0 = enough */
	struct zsp_str permissions;	/* what the credentials must be allowed to do, for people:
				 * a few sentences, up to ZSP_MAX_PERMISSIONS; n 0 = nothing to say */

	/* Mandatory.  Makes an instance from its options: values has a struct
	 * zsp_value for each option, in the table's order, valid until open returns;
	 * copy secrets and overwrite them in close.  No network here: use check.
	 * Stores in *ret_instance what the other functions get (NULL is allowed).
	 * Called once in a process.  ZSP_OK, or a class (mostly ZSP_CONFIG) after
	 * which no other function is called. */
	int32_t (*open)(const struct zsp_host *host, const struct zsp_list *values,
			void **ret_instance);

	/* Mandatory.  Makes the changes, a list of struct zsp_change, 1 to
	 * max_changes, no (name, value) twice, all in that zone.  Must preserve every
	 * other value at the names; must succeed where a value is there already, or
	 * gone already; may be repeated after a kill.  ZSP_OK: all are done but those
	 * with another result.  A class: none is done but those with result ZSP_OK. */
	int32_t (*apply)(void *instance, const struct zsp_str *zone,
			 const struct zsp_list *changes);

	/* Optional, NULL = absent.  Finds the apex that the service has for a name,
	 * or all zones of the account where find is empty (ZSP_FLAG_LISTS_ZONES):
	 * host->zone for each.  None found is ZSP_OK without a zone. */
	int32_t (*zones)(void *instance, const struct zsp_str *find);

	/* Optional.  Has the change with this ticket (empty when apply set none)
	 * reached all servers of the service?  *ret_live 1 or 0.  Called in a later
	 * process too. */
	int32_t (*live)(void *instance, const struct zsp_str *zone,
			const struct zsp_str *ticket, int32_t *ret_live);

	/* Optional.  Are the credentials good for these zones (struct zsp_zone), and
	 * for the names in them?  Changes nothing.  Per zone host->result, as in
	 * apply.  Text with ZSP_OK is a remark, such as a token that may do more
	 * than it should. */
	int32_t (*check)(void *instance, const struct zsp_list *zones);

	/* Mandatory.  Ends the instance and overwrites its secrets.  Not called when
	 * the process is killed. */
	void (*close)(void *instance);

	/* Optional.  Prints, with host->print, the narrowest right that the service can
	 * grant for changing exactly these names (struct zsp_zone), in the form that the
	 * service reads: a policy document, a configuration statement.  Called instead of
	 * open: values holds what the user gave besides secrets, required ones may be
	 * absent (a placeholder in capitals stands for what is not known).  No network. */
	int32_t (*policy)(const struct zsp_host *host, const struct zsp_list *values,
			  const struct zsp_list *zones);
};

#if defined(__GNUC__)
#define ZSP_VISIBLE __attribute__((visibility("default")))
#else
#define ZSP_VISIBLE
#endif

#ifdef __cplusplus
#define ZSP_EXPORT extern "C" ZSP_VISIBLE
#else
#define ZSP_EXPORT ZSP_VISIBLE
#endif

/*
 * The only symbol of a plugin, defined as
 *     ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi)
 * host_abi is ZSP_ABI of the host.  Returns the descriptor, static; or NULL when
 * it cannot work with that host.  Called once, before open, in a process without
 * secrets: does nothing but return.
 */
ZSP_VISIBLE const struct zsp_provider *zoneseal_provider(uint32_t host_abi);

#ifdef __cplusplus
}
#endif

#endif
