/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of checks.  A row is a script (kit_step.c), a fault that a change
 * meets, or a function.  README.md of the conformance kit has the same list.
 */
#include "front/kit_checks.h"

#include <string.h>

#define PLUGIN ZS_KIT_NEEDS_PLUGIN
#define LOOK ZS_KIT_NEEDS_LOOK
#define SIM ZS_KIT_NEEDS_SIM
#define ADD (ZS_KIT_NEEDS_PLUGIN | ZS_KIT_NEEDS_ADD)
#define REMOVE (ADD | ZS_KIT_NEEDS_REMOVE)
#define OTHERS (LOOK | REMOVE)
#define CHECK (ZS_KIT_NEEDS_PLUGIN | ZS_KIT_NEEDS_CHECK)
#define BATCH ZS_KIT_NEEDS_BATCH
#define NAMES ZS_KIT_NEEDS_ANY_NAME
#define LIVE (ADD | ZS_KIT_NEEDS_LIVE)
#define RULES ZS_KIT_BREAKS_RULES
#define FAULT (SIM | ADD)
#define FAULT_REMOVE (SIM | REMOVE)

#define ENDS (ZS_KIT_AT_FIRST | ZS_KIT_AT_LAST)
#define BOTH (ZS_KIT_IN_ADD | ZS_KIT_IN_REMOVE)
enum { MANY = 1000 };

static const struct zs_kit_check checks[] = {
	/* ---- before anything is changed ---- */
	{ .name = "loads", .guide = "Versions", .run = zs_kit_check_loads,
	  .proves = "the plugin loads in its confined process and has the ABI of this zoneseal" },
	{ .name = "descriptor", .guide = "Options", .needs = PLUGIN, .run = zs_kit_check_descriptor,
	  .proves = "what the plugin says of itself is well-formed, free of contradictions and the same each time" },
	{ .name = "policy", .guide = "Functions", .needs = PLUGIN | ZS_KIT_NEEDS_POLICY, .run = zs_kit_check_policy,
	  .proves = "the narrowest right is printed, with options and without" },
	{ .name = "option-missing", .guide = "Options", .needs = PLUGIN, .run = zs_kit_check_option_missing,
	  .proves = "an instance without one of its options, or without all, opens or says ZSP_CONFIG and names an option" },
	{ .name = "open-close", .guide = "Functions", .needs = PLUGIN, .run = zs_kit_check_open_close,
	  .proves = "an instance opens without asking the service and ends in order" },
	{ .name = "secret-odd", .guide = "Options", .needs = PLUGIN | ZS_KIT_NEEDS_SECRET | RULES, .run = zs_kit_check_secret_odd,
	  .proves = "secrets that are short, long, or hold controls and line ends are refused or taken, and nothing breaks" },
	{ .name = "check-good", .guide = "Functions", .needs = PLUGIN, .run = zs_kit_check_good,
	  .proves = "check finds good credentials good and changes nothing" },
	{ .name = "check-wrong", .guide = "Errors", .needs = CHECK | LOOK | ZS_KIT_NEEDS_SECRET | RULES, .run = zs_kit_check_wrong,
	  .proves = "check says ZSP_AUTH, or ZSP_CONFIG, of a wrong secret" },
	{ .name = "check-auth", .guide = "Errors", .needs = CHECK | SIM, .run = zs_kit_check_auth, .fault = { "auth", MANY, 0 },
	  .proves = "check says ZSP_AUTH where the service refuses the credentials" },
	{ .name = "check-denied", .guide = "Errors", .needs = CHECK | SIM, .run = zs_kit_check_denied, .fault = { "denied", MANY, 0 },
	  .proves = "check says ZSP_DENIED, or warns, where the credentials lack a right" },
	{ .name = "check-zone", .guide = "Errors", .needs = CHECK | SIM | NAMES | ZS_KIT_NEEDS_ZONES, .run = zs_kit_check_zone,
	  .proves = "check says ZSP_NOT_FOUND of a zone that the account does not have, and nothing ill of the one beside it" },

	/* ---- values ---- */
	{ .name = "add", .guide = "apply", .needs = PLUGIN, .script = "+a0 ?",
	  .proves = "a value is there once when adding it was reported as done" },
	{ .name = "add-twice", .guide = "apply", .needs = ADD, .script = "+a0 ? +a0 ?",
	  .proves = "adding a value that is there succeeds and leaves it there once" },
	{ .name = "remove", .guide = "apply", .needs = REMOVE, .script = "+a0 ? -a0 ?",
	  .proves = "a value is gone when removing it was reported as done" },
	{ .name = "remove-twice", .guide = "apply", .needs = REMOVE, .script = "+a0 -a0 ? -a0 ? -a1 ?",
	  .proves = "removing a value that is not there succeeds" },
	{ .name = "add-again", .guide = "apply", .needs = REMOVE, .script = "+a0 -a0 +a0 ? -a0 ?",
	  .proves = "a value can be added again after it was removed" },
	{ .name = "two-values", .guide = "apply", .needs = ADD, .values = 2, .script = "[ +a0 +a1 ] ?",
	  .proves = "name and wildcard: two values at one name in one call are both there" },
	{ .name = "two-steps", .guide = "apply", .needs = ADD, .values = 2, .script = "+a0 ? +a1 ?",
	  .proves = "a second value at a name leaves the first one there" },
	{ .name = "remove-one", .guide = "apply", .needs = REMOVE, .values = 2, .script = "+a0 +a1 -a0 ?",
	  .proves = "removing one of two values leaves the other one there" },
	{ .name = "remove-both", .guide = "apply", .needs = REMOVE, .values = 2, .script = "[ +a0 +a1 ] ? [ -a0 -a1 ] ?",
	  .proves = "two values at one name can be removed in one call" },
	{ .name = "mixed", .guide = "apply", .needs = REMOVE | BATCH, .values = 2, .script = "+a0 [ +a1 -a0 ] ?",
	  .proves = "one call may add and remove at the same name" },
	{ .name = "names", .guide = "apply", .needs = REMOVE, .names = 3, .script = "[ +a0 +b0 +c0 ] ? -b0 ? [ -a0 -c0 ] ?",
	  .proves = "the same value at several names is several records" },
	{ .name = "later-process", .guide = "apply", .needs = REMOVE, .run = zs_kit_check_later_process,
	  .proves = "a value that one process added can be removed by another one" },
	{ .name = "batch", .guide = "apply", .needs = REMOVE | NAMES, .run = zs_kit_check_batch,
	  .proves = "64 names are added and removed, as many in one call as the plugin takes" },
	{ .name = "value-octets", .guide = "apply", .needs = ADD, .values = 2, .script = "+a2 ? +a3 ? -a2 ? -a3 ?",
	  .proves = "values that begin with '-' or '_' are added and removed like others" },
	{ .name = "ttl", .guide = "apply", .needs = ADD, .run = zs_kit_check_ttl,
	  .proves = "no time to live makes an addition fail" },

	/* ---- names ---- */
	{ .name = "long-name", .guide = "apply", .needs = REMOVE | NAMES, .run = zs_kit_check_long_name,
	  .proves = "a name of 253 octets with labels of 63 is added and removed" },
	{ .name = "idn", .guide = "apply", .needs = REMOVE | NAMES, .run = zs_kit_check_idn,
	  .proves = "a name with A-labels (xn--) is added and removed" },
	{ .name = "plain-name", .guide = "apply", .needs = REMOVE | NAMES, .run = zs_kit_check_plain_name,
	  .proves = "names that do not begin with _acme-challenge, and the challenge name of the zone itself, work too" },

	/* ---- values of others ---- */
	{ .name = "foreign-add", .guide = "apply", .needs = OTHERS, .values = 3, .script = "fa16 fa17 +a0 ?",
	  .proves = "values of other clients at the name survive an addition" },
	{ .name = "foreign-remove", .guide = "apply", .needs = OTHERS, .values = 3, .script = "fa16 fa17 +a0 ? -a0 ?",
	  .proves = "values of other clients at the name survive a removal" },
	{ .name = "foreign-absent", .guide = "apply", .needs = OTHERS, .values = 2, .script = "fa16 -a0 ? +a0 -a0 -a0 ?",
	  .proves = "removing a value that is not there removes no other one" },
	{ .name = "foreign-same", .guide = "apply", .needs = OTHERS, .names = 2, .script = "fb0 +a0 -a0 ? -a0 ?",
	  .proves = "the same value at another name stays when ours is removed, and removed again" },
	{ .name = "foreign-first", .guide = "apply", .needs = OTHERS | SIM, .script = "fa0 +a0 ? -a0 ?",
	  .proves = "adding a value that another client has put there succeeds and leaves it there once" },
	{ .name = "foreign-near", .guide = "apply", .needs = OTHERS | NAMES, .names = 11, .script = "fk16 +b0 ? -b0 ?",
	  .proves = "a name that begins like ours is another name" },
	{ .name = "foreign-octets", .guide = "apply", .needs = OTHERS | SIM, .values = 3, .script = "fa18 fa19 +a0 ? -a0 ?",
	  .proves = "values of others with blanks, quotes and backslashes come through a change unharmed" },
	{ .name = "name-case", .guide = "apply", .needs = OTHERS | SIM, .values = 2, .script = "Fa16 +a0 ? -a0 ?",
	  .proves = "a value that another client put there in capital letters is at the same name, and survives" },

	/* ---- zones ---- */
	{ .name = "zone-unknown", .guide = "Errors", .needs = ADD | SIM | NAMES, .run = zs_kit_check_zone_unknown,
	  .proves = "a zone that the account does not have is ZSP_NOT_FOUND" },
	{ .name = "zone-child", .guide = "apply", .needs = REMOVE | SIM | NAMES, .run = zs_kit_check_zone_child,
	  .proves = "a name in a zone below another one of the account is added and removed there" },
	{ .name = "zone-parent", .guide = "Errors", .needs = REMOVE | SIM | NAMES, .run = zs_kit_check_zone_parent,
	  .proves = "asked with the zone above a deeper one of the account, the plugin does as told, or says ZSP_NOT_FOUND and names the deeper one" },

	/* ---- faults of the service ---- */
	{ .name = "rate", .guide = "Errors", .needs = FAULT, .fault = { "rate", 1, 0 }, .positions = BOTH | ENDS,
	  .proves = "a short \"too many requests\" is waited for within the deadline" },
	{ .name = "rate-long", .guide = "Errors", .needs = FAULT, .fault = { "rate-long", MANY, 0 },
	  .positions = BOTH | ENDS, .outcome = ZS_E_PROVIDER_RATE,
	  .proves = "a long \"too many requests\" is ZSP_RATE_LIMITED with the time that the service said" },
	{ .name = "error", .guide = "Errors", .needs = FAULT, .fault = { "error", 1, 0 }, .positions = BOTH | ENDS,
	  .proves = "a request that is answered with 500 once is repeated" },
	{ .name = "error-long", .guide = "Errors", .needs = FAULT, .fault = { "error", MANY, 0 }, .positions = BOTH | ZS_KIT_AT_FIRST,
	  .outcome = ZS_E_PROVIDER, .proves = "a service that answers with 500 on and on is ZSP_TRANSIENT, and nothing is taken for done" },
	{ .name = "gateway", .guide = "Errors", .needs = FAULT, .fault = { "gateway", 1, 0 }, .positions = BOTH | ENDS,
	  .proves = "a request that is answered with 502 and HTML once is repeated" },
	{ .name = "lost-before", .guide = "Errors", .needs = FAULT, .fault = { "lost-before", 1, 0 }, .positions = BOTH | ENDS,
	  .proves = "a request whose connection breaks before it was read is repeated" },
	{ .name = "lost-after", .guide = "apply", .needs = FAULT, .fault = { "lost-after", 1, 0 }, .positions = BOTH | ZS_KIT_AT_EACH,
	  .proves = "a change whose answer is lost succeeds, and is made once" },
	{ .name = "truncated", .guide = "Errors", .needs = FAULT, .fault = { "truncated", 1, 0 }, .positions = BOTH | ENDS,
	  .outcome = ZS_KIT_EITHER, .proves = "an answer that ends in its middle breaks nothing, and the change can be repeated" },
	{ .name = "oversized", .guide = "Errors", .needs = FAULT, .fault = { "oversized", 1, 0 }, .positions = BOTH | ENDS,
	  .outcome = ZS_KIT_EITHER, .proves = "an answer of 16 MiB breaks nothing, and the change can be repeated" },
	{ .name = "garbage", .guide = "Errors", .needs = FAULT, .fault = { "garbage", 1, 0 }, .positions = BOTH | ENDS,
	  .outcome = ZS_KIT_EITHER, .proves = "an answer that is none breaks nothing, and the change can be repeated" },
	{ .name = "auth", .guide = "Errors", .needs = FAULT, .fault = { "auth", MANY, 0 }, .positions = BOTH | ENDS,
	  .outcome = ZS_E_PROVIDER_AUTH, .proves = "a change whose credentials are refused is ZSP_AUTH" },
	{ .name = "denied", .guide = "Errors", .needs = FAULT, .fault = { "denied", MANY, 0 }, .positions = BOTH | ENDS,
	  .outcome = ZS_E_PROVIDER_DENIED, .proves = "a change whose credentials lack the right is ZSP_DENIED" },
	{ .name = "partial", .guide = "apply", .needs = FAULT_REMOVE | BATCH, .names = 4, .run = zs_kit_check_partial, .fault = { "denied", 1, 0 },
	  .proves = "where one request of a call with several changes is refused, each result is true, and the rest can be repeated" },
	{ .name = "pages", .guide = "apply", .needs = FAULT_REMOVE, .names = 2, .values = 4, .fault = { "pages", MANY, 0 },
	  .script = "fa16 fa17 fb16 ! +a0 ? +a1 ? -a0 ?",
	  .proves = "lists in pages, with an empty one and a repeated item among them, are read to their end" },
	{ .name = "stale", .guide = "apply", .needs = FAULT, .values = 3, .fault = { "stale", 4, 0 }, .script = "fa16 +a0 ! +a1 ? ~",
	  .proves = "a value added a moment ago survives the next addition though reads are a little old" },
	{ .name = "slow", .guide = "apply", .needs = FAULT, .fault = { "slow", MANY, 150 }, .script = "! +a0 ? -a0 ?",
	  .proves = "slow answers are waited for" },
	{ .name = "conflict", .guide = "apply", .needs = FAULT, .values = 3, .fault = { "conflict", 1, 0 }, .script = "fa16 * ! +a0 ?",
	  .proves = "an addition that another client gets ahead of is made all the same, and takes nothing of that client away" },
	{ .name = "conflict-remove", .guide = "apply", .needs = FAULT_REMOVE, .values = 3, .fault = { "conflict", 1, 0 },
	  .script = "fa16 * +a0 ! -a0 ?",
	  .proves = "a removal that another client gets ahead of is made all the same, and takes nothing of that client away" },

	/* ---- time and ends ---- */
	{ .name = "deadline", .guide = "Functions", .needs = FAULT, .run = zs_kit_check_deadline, .fault = { "late-after", MANY, 60000 },
	  .proves = "a call comes back within 2 s of its deadline where the service does not answer" },
	{ .name = "cancel", .guide = "Functions", .needs = FAULT, .run = zs_kit_check_cancel, .fault = { "late-after", MANY, 60000 },
	  .proves = "a call that nobody wants any more comes back soon" },
	{ .name = "killed", .guide = "apply", .needs = FAULT, .run = zs_kit_check_killed, .fault = { "late-after", 1, 8000 },
	  .proves = "a change that is repeated after a kill at any of its requests is made once" },
	{ .name = "two-writers", .guide = "apply", .needs = OTHERS, .values = 3, .run = zs_kit_check_two_writers,
	  .proves = "of two processes that change the same name at the same time neither loses a value" },
	{ .name = "live", .guide = "Functions", .needs = LIVE, .run = zs_kit_check_live,
	  .proves = "live says 1 of a change within the time that the service takes" },
	{ .name = "live-later", .guide = "Functions", .needs = LIVE, .run = zs_kit_check_live_later,
	  .proves = "live works in a later process, with the ticket alone" },
	{ .name = "live-odd", .guide = "Functions", .needs = LIVE, .run = zs_kit_check_live_odd,
	  .proves = "a ticket that the plugin did not make breaks nothing" },

	/* ---- what runs on ---- */
	{ .name = "leaks", .guide = "Limits", .needs = ADD, .run = zs_kit_check_leaks,
	  .proves = "memory, descriptors and threads do not grow with the number of changes" },
	{ .name = "nothing-left", .guide = "apply", .needs = REMOVE | SIM | NAMES, .values = 3, .run = zs_kit_check_nothing_left,
	  .proves = "after additions and removals the records are what they were before" },
	{ .name = "secrets", .guide = "Options", .needs = PLUGIN | RULES, .run = zs_kit_check_secrets,
	  .proves = "no log line, result, ticket or output holds a secret, 16 octets of one, or one in an encoding that is common" },
	{ .name = "silent", .guide = "Functions", .needs = PLUGIN | RULES, .run = zs_kit_check_silent,
	  .proves = "the plugin writes nothing to standard output or error" },
};

const struct zs_kit_check *zs_kit_checks(size_t *n)
{
	*n = ZS_COUNT(checks);
	return checks;
}

const struct zs_kit_check *zs_kit_check(const char *name)
{
	for (size_t i = 0; i < ZS_COUNT(checks); i++)
		if (!strcmp(checks[i].name, name))
			return &checks[i];
	return NULL;
}

void zs_kit_needs_text(const struct zs_kit_check *check, struct zs_buf *dst)
{
	static const struct {
		uint32_t need;
		const char *words;
	} rows[] = {
		{ SIM, "a simulation" }, { LOOK, "a look at the zone" }, { ZS_KIT_NEEDS_REMOVE, "removal" },
		{ ZS_KIT_NEEDS_LIVE, "live" }, { ZS_KIT_NEEDS_POLICY, "policy" }, { BATCH, "max_changes above 1" },
		{ NAMES, "any name of the zone" }, { ZS_KIT_NEEDS_SECRET, "a secret option" },
		{ ZS_KIT_NEEDS_ZONES, "a service that can be asked for its zones" },
	};
	size_t before = dst->len;

	for (size_t i = 0; i < ZS_COUNT(rows); i++)
		if (check->needs & rows[i].need)
			zs_buf_addf(dst, "%s%s", dst->len > before ? ", " : "", rows[i].words);
	if (check->values > 1)
		zs_buf_addf(dst, "%s%u values at a name", dst->len > before ? ", " : "", check->values);
}
