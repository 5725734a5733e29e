/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON that mode json speaks: one document to the program, one back.  exec.md has
 * it in words.
 */
#ifndef EXEC_TALK_H
#define EXEC_TALK_H

#include <zoneseal/json.h>

enum { TALK_VERSION = 1,
	TALK_MAX_ITEMS = 1024 };

/* ---- requests ---- */

/* Each begins a document; talk_end() completes it. */
void talk_apply(struct zsp_json_out *out, struct zsp_text *dst, struct zsp_str zone, const struct zsp_list *changes);
void talk_check(struct zsp_json_out *out, struct zsp_text *dst, const struct zsp_list *zones);
void talk_live(struct zsp_json_out *out, struct zsp_text *dst, struct zsp_str zone, struct zsp_str ticket);
/* secret n 0 = none. */
void talk_end(struct zsp_json_out *out, struct zsp_str secret, int64_t deadline_ms);

/* ---- replies ---- */

/* One result; texts belong to the document. */
struct talk_result {
	int32_t is_set;
	int32_t error_class; /* ZSP_OK or a class */
	int64_t retry_after_ms;
	struct zsp_str text;
	struct zsp_str zone; /* with ZSP_NOT_FOUND: which one it is instead */
};

struct talk_reply {
	struct zsp_json_doc *doc;
	struct talk_result *items; /* n of them */
	uint32_t n;
	struct talk_result all; /* what the top says; not set = nothing */
	struct zsp_str ticket;
	int32_t live; /* 1, 0, or -1 = not said */
	char why[200]; /* what is wrong with a reply that cannot be used */
};

/* Reads a reply about n changes or zones.  1, or 0 with why.  Each of the n has a result
 * then, unless n is 0.  talk_done() ends it either way. */
int32_t talk_read(struct zsp_str text, uint32_t n, struct talk_reply *ret);
void talk_done(struct talk_reply *reply);

#endif
