/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs of the older protocols were told in this process.  They need not bear
 * to be told twice, and a hook for removal may want what the other one printed.
 */
#ifndef EXEC_PAST_H
#define EXEC_PAST_H

#include <zoneseal/text.h>

struct past_item;
struct past {
	struct past_item *first;
	uint32_t n;
};

/* The last operation that succeeded for this value: ZSP_ADD, ZSP_REMOVE or 0. */
uint32_t past_op(const struct past *past, const struct zsp_change *change);
/* What the program printed when it added the value; n 0 = nothing, or not known here. */
struct zsp_str past_output(const struct past *past, const struct zsp_change *change);
/* Notes that this change was made.  Without memory, and beyond some 1000 values, nothing
 * is noted. */
void past_note(struct past *past, const struct zsp_change *change, struct zsp_str output);
void past_done(struct past *past);

#endif
