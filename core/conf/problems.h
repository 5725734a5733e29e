/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting the mistakes of a configuration, so that one run shows them all.
 */
#ifndef ZS_CONF_PROBLEMS_H
#define ZS_CONF_PROBLEMS_H

#include "conf/conf.h"

enum { ZS_CONF_PROBLEMS_SHOWN = 20 };

struct zs_conf_problems {
	struct zs_buf text;	/* one a line, without the last LF */
	unsigned n;		/* all */
	unsigned shown;
	enum zs_code code;	/* of the first */
};

enum { ZS_CONF_PLACE = 4200 };
/* "zoneseal.conf:12", "--server". */
void zs_conf_place(struct zs_conf_where where, char dst[static ZS_CONF_PLACE]);

void zs_conf_problems_init(struct zs_conf_problems *problems);
/* One more: "FILE:LINE: text". */
void zs_conf_problem(struct zs_conf_problems *problems, struct zs_conf_where where, const char *fmt, ...)
	ZS_PRINTF(3, 4);
/* One that has a code of its own (memory, permission). */
void zs_conf_problem_code(struct zs_conf_problems *problems, enum zs_code code, const char *text);
/* Ends it: 0 when there were none, else err is set and -code comes back. */
int zs_conf_problems_end(struct zs_conf_problems *problems, struct zs_err *err);

#endif
