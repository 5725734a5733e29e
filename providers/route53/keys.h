/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is signed with: access key, secret, token of a temporary one.
 */
#ifndef ROUTE53_KEYS_H
#define ROUTE53_KEYS_H

#include <zoneseal/text.h>

struct keys {
	struct zsp_text access, secret, token;
	struct zsp_text proof; /* what they were given for; no request has it, and no message may */
	int64_t expires_ms; /* 0 = not known, or never */
};

void keys_init(struct keys *keys);
/* Overwrites and frees; harmless twice. */
void keys_done(struct keys *keys);
/* Moves from to to, whose content ends. */
void keys_take(struct keys *to, struct keys *from);
/* NULL, or what is wrong with them (static): something missing, too long, or with characters
 * that no header takes. */
const char *keys_fault(const struct keys *keys);

#endif
