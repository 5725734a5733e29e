/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for secrets in what a plugin says: as they are, pieces of them,
 * backwards, and in the encodings that people take for hiding.
 */
#ifndef ZS_FRONT_KIT_SECRET_H
#define ZS_FRONT_KIT_SECRET_H

#include "base/buf.h"
#include "base/vec.h"

enum {
	ZS_KIT_SECRET_SHORTEST = 8,	/* octets; shorter ones are found by chance and not looked for */
	ZS_KIT_SECRET_PIECE = 16	/* of a longer one, from wherever */
};

struct zs_kit_pattern {
	struct zs_buf octets;
	const char *form;		/* "in base64" */
	char option[64];
	bool pieces;			/* any ZS_KIT_SECRET_PIECE octets of it give it away */
};

struct zs_kit_secrets {
	ZS_VEC(struct zs_kit_pattern) patterns;
	struct zs_buf tail;		/* end of what a plugin printed so far: a secret may come in two parts */
	char options[200];		/* "api-token, api-secret": whose they are */
	char masked[240];		/* last text in which zoneseal had to mask one */
	bool wants_masked;		/* found is to end with the next such text */
	char found[800];		/* the first one that was found, and where; "" = none */
};

void zs_kit_secrets_init(struct zs_kit_secrets *secrets);
void zs_kit_secrets_done(struct zs_kit_secrets *secrets);
/* Content of a secret option. What stands in other, a text that everybody may know, is none.
 * False when memory ran out. */
bool zs_kit_secret_add(struct zs_kit_secrets *secrets, const char *option, struct zs_slice content, struct zs_slice other);
/* Looks for all of them in a text and remembers the first one found; where says which text it is. */
void zs_kit_secret_search(struct zs_kit_secrets *secrets, struct zs_slice text, const char *where);
/* The same for what comes in pieces. */
void zs_kit_secret_stream(struct zs_kit_secrets *secrets, struct zs_slice text, const char *where);

#endif
