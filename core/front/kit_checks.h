/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions behind those rows of the table of checks (kit_checks.c) that are
 * more than a script or a fault.
 */
#ifndef ZS_FRONT_KIT_CHECKS_H
#define ZS_FRONT_KIT_CHECKS_H

#include "front/kit_state.h"

typedef void zs_kit_check_fn(struct zs_kit *kit);

/* kit_check_load.c: before anything is changed */
zs_kit_check_fn zs_kit_check_loads, zs_kit_check_descriptor, zs_kit_check_option_missing, zs_kit_check_open_close,
	zs_kit_check_secret_odd, zs_kit_check_good, zs_kit_check_wrong, zs_kit_check_auth, zs_kit_check_denied,
	zs_kit_check_zone, zs_kit_check_policy;

/* kit_check_change.c: what apply does */
zs_kit_check_fn zs_kit_check_batch, zs_kit_check_long_name, zs_kit_check_idn, zs_kit_check_plain_name, zs_kit_check_ttl,
	zs_kit_check_later_process, zs_kit_check_zone_unknown, zs_kit_check_zone_child, zs_kit_check_zone_parent,
	zs_kit_check_partial, zs_kit_check_nothing_left;

/* kit_check_life.c: time, other writers, ends of processes, what runs on */
zs_kit_check_fn zs_kit_check_deadline, zs_kit_check_cancel, zs_kit_check_killed, zs_kit_check_two_writers, zs_kit_check_live,
	zs_kit_check_live_later, zs_kit_check_live_odd, zs_kit_check_leaks, zs_kit_check_secrets, zs_kit_check_silent;

#endif
