/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance kit: a table of checks that a provider plugin has to pass,
 * run against it in the real, confined host process.  What the plugin says is
 * compared with the zone, which the kit sees through a simulation of the
 * service (kit_sim.h) or through DNS.  README.md in plugins-sdk/conformance is
 * for those who use it.
 */
#ifndef ZS_FRONT_KIT_H
#define ZS_FRONT_KIT_H

#include "base/log.h"
#include "conf/conf.h"

/* Who shows the kit what is in the zone. */
enum zs_kit_mode { ZS_KIT_LIVE, ZS_KIT_OFFLINE, ZS_KIT_BLIND, ZS_KIT_MODE__COUNT };
const char *zs_kit_mode_name(enum zs_kit_mode mode);

struct zs_kit;

/* What the kit must know of a service and cannot see: a simulation says it, or whoever runs the kit. */
enum zs_kit_limit {
	ZS_KIT_LIMIT_LAG,		/* ms before a change is seen */
	ZS_KIT_LIMIT_VALUES,		/* so many at a name before the oldest is dropped; 0 = any number */
	ZS_KIT_LIMIT_ZONES,		/* 0 = no request tells which zones there are */
	ZS_KIT_LIMIT_DERIVED,		/* 1 = the other side makes the name _acme-challenge.DOMAIN by itself */
	ZS_KIT_LIMIT_REASONS,		/* 0 = the other side tells that something failed, but not why */
	ZS_KIT_LIMIT__COUNT
};
enum { ZS_KIT_LIMIT_MAX = 3600 * 1000 };
/* The limit of that name; ZS_KIT_LIMIT__COUNT = there is none. */
enum zs_kit_limit zs_kit_limit(const char *name);

/* A fault that a check orders from the simulation. */
struct zs_kit_fault {
	const char *kind;		/* NULL = none */
	unsigned n;			/* so many requests meet it */
	unsigned argument;		/* 0 = the kind's own */
};

struct zs_kit_check {
	const char *name;		/* [a-z-], unique */
	const char *proves;		/* what holds when it passes; one clause */
	const char *guide;		/* section of ABI.md to read when it does not */
	uint32_t needs;			/* ZS_KIT_NEEDS_* */
	uint8_t names, values;		/* owner names, and values at one of them at once; 0 = 1 */
	void (*run)(struct zs_kit *kit);
	const char *script;		/* for zs_kit_script() */
	struct zs_kit_fault fault;
	uint32_t positions;		/* for zs_kit_meet(): at which requests, ZS_KIT_AT_* */
	int32_t outcome;		/* for zs_kit_meet(): 0 = success, a code, or ZS_KIT_EITHER */
};

/* All of them in the order in which they run. */
const struct zs_kit_check *zs_kit_checks(size_t *n);
/* NULL = there is no such check. */
const struct zs_kit_check *zs_kit_check(const char *name);
/* What a check needs, as words: "simulation, removal". */
void zs_kit_needs_text(const struct zs_kit_check *check, struct zs_buf *dst);

enum zs_kit_state { ZS_KIT_PASSED, ZS_KIT_FAILED, ZS_KIT_SKIPPED, ZS_KIT_STATE__COUNT };
const char *zs_kit_state_name(enum zs_kit_state state);

struct zs_kit_outcome {
	const struct zs_kit_check *check;
	enum zs_kit_state state;
	char expected[512], seen[1024];	/* FAILED */
	char reason[256];		/* SKIPPED */
	uint64_t ms;			/* that it took */
};

struct zs_kit_spec {
	const struct zs_conf *conf;
	const struct zs_conf_provider *provider;	/* plugin and options, as configured */
	struct zs_name zone;
	enum zs_kit_mode mode;
	const char *simulation;		/* OFFLINE: path of the program */
	const char *conformance;	/* directory of zoneseal_sim.py */
	const char *const *arguments;	/* for the simulation; n of them */
	size_t narguments;
	int64_t limits[ZS_KIT_LIMIT__COUNT];	/* go before what the simulation says; -1 = not given */
	const struct zs_kit_check *const *only;	/* n of them; none = all */
	size_t nonly;
	enum zs_level shown;		/* log lines up to this level go to standard error */
	void (*told)(const struct zs_kit_outcome *outcome, void *user);	/* after each check */
	void *user;
};

struct zs_kit_summary {
	unsigned count[ZS_KIT_STATE__COUNT];
	char provider[ZS_MAX_ID + 1], path[4096];	/* "" = it does not load */
	uint32_t abi_major, abi_minor;
	char left[1024];		/* records that may be left in the zone; "" = none */
};

/* Runs the checks. 0 whatever they brought; -code where the kit itself cannot go on: a
 * simulation that does not do what it says, a signal, no probe. The summary holds either way. */
int zs_kit_run(const struct zs_kit_spec *spec, struct zs_kit_summary *ret, struct zs_err *err);

#endif
