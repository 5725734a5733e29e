/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading INI text: sections in their order, each key with its line, and every
 * line that cannot be read or says something twice.  What sections and keys
 * mean is not known here.  Front only.
 */
#ifndef ZS_WRAP_INI_H
#define ZS_WRAP_INI_H

#include "base/err.h"
#include "base/slice.h"

enum {
	ZS_INI_SECTIONS = 8192,	/* in one text */
	ZS_INI_KEYS = 1024	/* in one section */
};

/* All are called during zs_ini_parse only; lines count from 1. */
struct zs_ini_events {
	/* Text between the brackets, blanks at the ends cut. */
	void (*section)(const char *name, uint32_t line, void *user);
	/* Of the section before it; the value may be empty. */
	void (*key)(const char *key, const char *value, uint32_t line, void *user);
	/* A line that was left out, and why; before the keys of its section. */
	void (*bad)(uint32_t line, const char *why, void *user);
	void *user;
};

/* Keys are made of letters, digits, dot, underscore and hyphen.  Comments are lines that
 * begin with # or ;.  A line is never continued.  Names of sections and keys that differ
 * only in case are the same: the second is a bad line, and with a second section goes what
 * is in it.
 * 0 also when bad() was called; -ZS_E_CONFIG when the text as a whole is refused (longer
 * than ZS_MAX_CONFIG, too many sections or keys), -ZS_E_NOMEM. */
int zs_ini_parse(struct zs_slice text, const struct zs_ini_events *events, struct zs_err *err);

#endif
