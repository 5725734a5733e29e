/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kit at work, for its own files: kit.c (the order of things), kit_host.c
 * (hosts and what is asked of them), kit_zone.c (names, values, what is seen),
 * kit_secret.c, kit_sim.c, and the checks in kit_check*.c.
 *
 * A check is straight code: each function here waits for what it starts.  One
 * that returns bool has noted the failure when it returns false, so a check is
 * a chain of calls that ends at the first thing that is wrong.
 */
#ifndef ZS_FRONT_KIT_STATE_H
#define ZS_FRONT_KIT_STATE_H

#include "front/instance.h"
#include "front/kit.h"
#include "front/kit_secret.h"
#include "front/kit_sim.h"

enum {
	ZS_KIT_SPOTS = 96,
	ZS_KIT_FIXED = 64,		/* names that a simulation may say */
	ZS_KIT_APPLY_MS = 10 * 1000,	/* of a call of the plugin, where a check wants nothing else */
	ZS_KIT_OURS = 16,		/* values of ours by number, then those of others */
	ZS_KIT_FOREIGN = ZS_KIT_OURS,	/* one that a plugin could write, too */
	ZS_KIT_VALUES = 20
};

/* What a check needs. */
enum {
	ZS_KIT_NEEDS_PLUGIN = 1 << 0,	/* that it loads */
	ZS_KIT_NEEDS_LOOK = 1 << 1,
	ZS_KIT_NEEDS_SIM = 1 << 2,
	ZS_KIT_NEEDS_REMOVE = 1 << 3,
	ZS_KIT_NEEDS_LIVE = 1 << 4,
	ZS_KIT_NEEDS_POLICY = 1 << 5,
	ZS_KIT_NEEDS_BATCH = 1 << 6,	/* several changes in one call */
	ZS_KIT_NEEDS_ANY_NAME = 1 << 7,	/* not only the names that a simulation says */
	ZS_KIT_NEEDS_SECRET = 1 << 8,
	ZS_KIT_NEEDS_ADD = 1 << 9,	/* that the check `add` did not fail */
	ZS_KIT_NEEDS_CHECK = 1 << 10,	/* that `check-good` did not fail */
	ZS_KIT_BREAKS_RULES = 1 << 11,	/* no need: what the simulation notes is to be expected */
	ZS_KIT_NEEDS_ZONES = 1 << 12	/* that the service can be asked which zones it has */
};

/* At which requests of a change a fault strikes; in a removal it does at each of them. */
enum { ZS_KIT_AT_FIRST = 1, ZS_KIT_AT_LAST = 2, ZS_KIT_AT_EACH = 4, ZS_KIT_IN_ADD = 8, ZS_KIT_IN_REMOVE = 16 };
enum { ZS_KIT_EITHER = -1 };

/* An owner name of a check, and what should be at it: bits are the numbers of values. */
struct zs_kit_spot {
	struct zs_name zone, name, identifier;
	uint32_t ours, foreign;		/* must be there */
	uint32_t maybe;			/* may be there */
	bool strangers;			/* values that nobody of us put there are fine */
	bool capitals;			/* other clients write its name in capitals */
	/* at the last look */
	uint32_t seen, twice;
	unsigned unknown;
};

/* A host process with the plugin, opened or not. */
struct zs_kit_host {
	struct zs_kit *kit;
	char name[ZS_MAX_ID + 1];
	struct zs_conf_provider conf;	/* a copy with options of its own */
	struct zs_instance instance;
	struct zs_process *process;
	struct zs_chan *work;		/* the engine's end of its fd 4 */
	size_t granted;			/* spots that it may touch, from the first */
	bool bare;			/* started without an instance */
	bool ended;
	struct zs_timer *patience;	/* for its end after fd 4 was closed */
	bool excused;			/* its end is none of the plugin's faults */
	char end[160];			/* how it ended */
	char key[80], path[160];	/* of a secret that was replaced */
};

/* How an instance is to differ from the one that was configured. */
struct zs_kit_variant {
	bool bare;			/* no options at all */
	const char *without;		/* but this option */
	const char *secret, *path;	/* with another file for this secret */
};

struct zs_kit_env { char *option, *variable; struct zs_buf value; };

struct zs_kit {
	struct zs_kit_spec spec;
	struct zs_loop *loop;
	struct zs_super *super;
	struct zs_process *probe;
	struct zs_kit_sim *sim;
	struct zs_kit_secrets secrets;
	struct zs_buf described;	/* the description as it came, and what it means: */
	struct zs_arena arena;
	struct zs_msg_host_description plugin;
	bool loads;
	struct zs_err load_err;
	ZS_VEC(struct zs_conf_pair) pairs;	/* options of the configuration, the simulation and the environment */
	ZS_VEC(struct zs_kit_env) env;	/* secrets that stood in the environment */
	ZS_VEC(struct zs_kit_host *) hosts;
	unsigned nhosts;		/* ever */
	struct zs_kit_spot *spots;
	size_t nspots;
	struct zs_name fixed[ZS_KIT_FIXED];
	size_t nfixed;
	uint64_t limits[ZS_KIT_LIMIT__COUNT];
	bool canaries;			/* the simulation has said secrets that are no options */
	char session[8];		/* in all names of ours */
	unsigned cost[2];		/* requests of an addition and a removal; 0 = not counted yet */
	struct zs_kit_outcome now;
	bool add_failed, good_failed, end_failed;	/* `add`, `check-good`, `open-close`: others build on them */
	char contract[256];		/* a rule of the ABI that the plugin broke in this check, as the host says */
	unsigned warnings;		/* that hosts have written */
	char printed[160];		/* what the plugin wrote to standard output or error, ever */
	char temporary[64];		/* directory for wrong secrets; "" = none yet */
	bool provoked;			/* the plugin has been made to talk */
	struct zs_err look_err;		/* why the last look at DNS showed nothing; code 0 = it did */
	struct zs_err fatal;
	int signo;
	struct zs_kit_summary *summary;
};

/* ---- kit.c ---- */

/* Runs the loop until something happened; false when the kit cannot go on. */
bool zs_kit_turn(struct zs_kit *kit);
/* The same until *done. */
bool zs_kit_wait(struct zs_kit *kit, const bool *done);
bool zs_kit_sleep(struct zs_kit *kit, uint64_t ms);
/* The check has failed; the first failure counts. expected NULL = what the check proves.
 * Returns false. */
bool zs_kit_fail(struct zs_kit *kit, const char *expected, const char *fmt, ...) ZS_PRINTF(3, 4);
/* It cannot be made here. Returns false. */
bool zs_kit_skip(struct zs_kit *kit, const char *fmt, ...) ZS_PRINTF(2, 3);
/* The kit itself cannot go on. Returns false. */
bool zs_kit_broken(struct zs_kit *kit, const struct zs_err *err);
/* Neither failed nor skipped nor broken so far. */
bool zs_kit_good(const struct zs_kit *kit);
uint64_t zs_kit_now(const struct zs_kit *kit);

/* ---- kit_host.c ---- */

/* Starts a host and loads the plugin; NULL with err, or with the failure noted where err is NULL. */
struct zs_kit_host *zs_kit_load(struct zs_kit *kit, struct zs_err *err);
/* The same, to an open instance. Its state tells whether it opened. */
struct zs_kit_host *zs_kit_open(struct zs_kit *kit, const struct zs_kit_variant *variant);
/* The host of this check, number i from 0, opened at its first use. NULL = failed. */
struct zs_kit_host *zs_kit_host(struct zs_kit *kit, unsigned i);
/* Ends it in order and looks how; false where it does not. */
bool zs_kit_close(struct zs_kit_host *host);
/* Ends it at once. */
void zs_kit_kill(struct zs_kit_host *host);
void zs_kit_host_free(struct zs_kit_host *host);

/* A request under way. */
struct zs_kit_call {
	struct zs_kit_host *host;
	bool done;
	struct zs_err err;		/* code 0 = answered */
	uint32_t id;
	uint64_t late_ms;		/* when the channel gives it up */
	void (*take)(const void *body, void *user);
	void *user;
};
/* Asks on fd 3 or (work) fd 4; the call must live until it is done. */
void zs_kit_ask(struct zs_kit_call *call, bool work, uint32_t type, const void *body, uint64_t timeout_ms);
/* Waits for its end. err says why not. */
bool zs_kit_answer(struct zs_kit_call *call);

struct zs_kit_change {
	uint32_t op;			/* ZS_CHANGE_* */
	struct zs_kit_spot *spot;
	unsigned value;
	uint32_t ttl;
	struct zs_err err;		/* afterwards; code 0 = done */
};
struct zs_kit_batch {
	struct zs_kit_host *host;
	struct zs_kit_change *changes;
	uint32_t n;
	uint64_t timeout_ms;
	struct zs_kit_call call;
	char ticket[ZS_MAX_TICKET];
	size_t ticket_len;
};
/* One call of apply, begun and ended; what it did is noted at the spots. */
bool zs_kit_begin(struct zs_kit_batch *batch);
void zs_kit_end(struct zs_kit_batch *batch);
/* Changes as the engine sends them: as many in one call as the plugin takes. False only where
 * the kit cannot go on. */
bool zs_kit_apply(struct zs_kit_host *host, struct zs_kit_change *changes, uint32_t n);

struct zs_kit_zone { struct zs_name zone; struct zs_name name; struct zs_err err; };
/* Has the credentials tested; err of each zone afterwards. False with the failure noted where
 * the host gives no answer. */
bool zs_kit_test(struct zs_kit_host *host, struct zs_kit_zone *zones, uint32_t n);
/* The live function: 1, 0, or -1 with err. */
int zs_kit_live(struct zs_kit_host *host, const struct zs_kit_batch *of, struct zs_err *err);
bool zs_kit_usage(struct zs_kit_host *host, struct zs_msg_host_usage_is *ret);

/* ---- kit_zone.c ---- */

/* The spot number i of this check; NULL = no such name here, which is noted. */
struct zs_kit_spot *zs_kit_spot(struct zs_kit *kit, unsigned i);
/* A name of its own in a zone. */
struct zs_kit_spot *zs_kit_spot_at(struct zs_kit *kit, const char *zone, const char *name);
void zs_kit_forget_spots(struct zs_kit *kit);
struct zs_slice zs_kit_value(unsigned value);
/* Token and key authorization that the value is made of; empty for foreign ones. */
void zs_kit_value_context(unsigned value, struct zs_slice *ret_token, struct zs_slice *ret_key_authorization);
/* Another client puts a value there, or takes it away. */
bool zs_kit_foreign(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned value, bool add);
/* Looks once, at all spots. */
bool zs_kit_look(struct zs_kit *kit);
/* Looks until all spots are as they should be, or for as long as a change may take. */
bool zs_kit_see(struct zs_kit *kit);
/* All that is in the zones, as one text; "" where the kit cannot know. */
bool zs_kit_snapshot(struct zs_kit *kit, struct zs_buf *dst);
bool zs_kit_starts_probe(struct zs_kit *kit, struct zs_err *err);

/* ---- kit_step.c: what checks are made of ---- */

bool zs_kit_add(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned value);
bool zs_kit_remove(struct zs_kit *kit, struct zs_kit_spot *spot, unsigned value);
/* The change by that host, which must succeed. */
bool zs_kit_must(struct zs_kit_host *host, uint32_t op, struct zs_kit_spot *spot, unsigned value);
/* The same without judgement. */
bool zs_kit_try(struct zs_kit_host *host, uint32_t op, struct zs_kit_spot *spot, unsigned value, struct zs_err *ret);
/* The service forgets its records and faults, and the kit what it expects. */
bool zs_kit_reset(struct zs_kit *kit);
/* The same, and puts there what is to be there before the change: another client's value, and
 * the value 0 where it is to be removed. */
bool zs_kit_prepare(struct zs_kit *kit, uint32_t op, struct zs_kit_spot *spot);
/* Orders a fault after so many requests; false also where the simulation does not know it. */
bool zs_kit_order(struct zs_kit *kit, const struct zs_kit_fault *fault, unsigned skip);
/* How many requests the simulation has had. */
bool zs_kit_requests(struct zs_kit *kit, unsigned *ret);
/* How many requests a change takes in a host that has made one before. */
bool zs_kit_count(struct zs_kit *kit, uint32_t op, unsigned *ret);
/* Steps of a check in letters: see kit_step.c. */
void zs_kit_script(struct zs_kit *kit);
/* A change that meets the fault of the check, at each of its positions. */
void zs_kit_meet(struct zs_kit *kit);
/* Takes away what the check has put into the zone and looks. */
bool zs_kit_tidy(struct zs_kit *kit);

/* "provider-auth: the credentials were refused": for texts. */
const char *zs_kit_err_text(const struct zs_err *err, char dst[static 512]);

#endif
