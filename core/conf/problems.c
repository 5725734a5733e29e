/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of mistakes, cut at whole lines to what struct zs_err holds.
 */
#include "conf/problems.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

enum {
	ONE = 600, /* octets of one mistake */
	ROOM_FOR_REST = 48 /* "... and N more" */
};

void zs_conf_place(struct zs_conf_where where, char dst[static ZS_CONF_PLACE])
{
	if (where.line)
		(void)snprintf(dst, ZS_CONF_PLACE, "%s:%u", where.file, where.line);
	else
		(void)snprintf(dst, ZS_CONF_PLACE, "%s", where.file ? where.file : "");
}

void zs_conf_problems_init(struct zs_conf_problems *problems)
{
	*problems = (struct zs_conf_problems){ .code = ZS_OK };
	zs_buf_init(&problems->text, sizeof(((struct zs_err *)0)->text) - 1 - ROOM_FOR_REST);
}

/* Bytes that would be taken for more lines become harmless here already. */
static void add(struct zs_conf_problems *problems, enum zs_code code, struct zs_slice raw)
{
	struct zs_buf clean = ZS_BUF(ONE);

	problems->n++;
	if (!problems->code)
		problems->code = code;
	zs_clean(&clean, raw, false);
	if (problems->shown < ZS_CONF_PROBLEMS_SHOWN && problems->shown + 1 == problems->n &&
		problems->text.len + clean.len + 1 <= problems->text.max) {
		if (problems->shown++)
			zs_buf_add_byte(&problems->text, '\n');
		zs_buf_add_slice(&problems->text, zs_buf_slice(&clean));
	}
	zs_buf_done(&clean);
}

void zs_conf_problem_code(struct zs_conf_problems *problems, enum zs_code code, const char *text)
{
	add(problems, code, zs_slice_str(text));
}

void zs_conf_problem(struct zs_conf_problems *problems, struct zs_conf_where where, const char *fmt, ...)
{
	struct zs_buf raw = ZS_BUF(16 * ONE);
	char place[ZS_CONF_PLACE];
	va_list ap;

	zs_conf_place(where, place);
	zs_buf_addf(&raw, "%s%s", place, *place ? ": " : "");
	va_start(ap, fmt);
	zs_buf_vaddf(&raw, fmt, ap);
	va_end(ap);
	add(problems, ZS_E_CONFIG, zs_buf_slice(&raw));
	zs_buf_done(&raw);
}

int zs_conf_problems_end(struct zs_conf_problems *problems, struct zs_err *err)
{
	int rc = 0;

	if (problems->n > problems->shown)
		rc = zs_err_set(err, problems->code, "%s%s... and %u more", zs_buf_str(&problems->text),
			problems->shown ? "\n" : "", problems->n - problems->shown);
	else if (problems->n)
		rc = zs_err_set(err, problems->code, "%s", zs_buf_str(&problems->text));
	zs_buf_done(&problems->text);
	return rc;
}
