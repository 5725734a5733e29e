/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change batch: for each name the exact old record set goes and the new one comes.
 * The service carries out all of a batch or nothing, and refuses to delete what is
 * not there exactly so: that is compare and swap.
 */
#ifndef ROUTE53_BATCH_H
#define ROUTE53_BATCH_H

#include "records.h"

enum { CHANGE_ID_ROOM = 65 };

/* What one batch may have: ResourceRecord elements, characters of all values. */
enum { BATCH_ELEMENTS = 1000, BATCH_CHARACTERS = 32000 };

struct swap {
	struct zsp_str name;
	const struct record_set *old; /* n 0 = there is none */
	const struct record_set *new; /* n 0 = there shall be none */
};

/* Elements and characters that a swap takes. */
uint32_t swap_elements(const struct swap *swap);
size_t swap_characters(const struct swap *swap);

/* Appends the request's document. */
void batch_write(struct zsp_text *dst, const struct swap *swaps, size_t n);
/* Sends it.  ZSP_OK with the id of the change; ZSP_CONFLICT when a set is not as it was
 * believed, or the batch makes no sense (api->error has the messages); or another class. */
int32_t batch_send(struct api *api, const char *zone_id, const struct swap *swaps, size_t n, char id[CHANGE_ID_ROOM]);
/* 1 when the messages of a refusal speak of this name. */
int32_t batch_blames(struct zsp_str messages, struct zsp_str name);

/* 1 when they say that a set is not as it was believed, which others may have done. */
int32_t batch_is_race(struct zsp_str messages);

/* Has the change reached all servers of the service?  *ret_live 1 or 0. */
int32_t batch_is_live(struct api *api, struct zsp_str id, int32_t *ret_live);
/* 1 when text may be the id of a change. */
int32_t batch_is_id(struct zsp_str text);

#endif
