/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory object (RFC 8555 7.1.1), with profiles and ARI.  Bytes in,
 * struct out; strings live in the arena.
 */
#ifndef ZS_ACME_DIRECTORY_H
#define ZS_ACME_DIRECTORY_H

#include "acme/url.h"
#include "base/vec.h"

enum { ZS_DIRECTORY_LIST = 32 };

struct zs_directory {
	const char *new_nonce, *new_account, *new_order;	/* always there */
	const char *revoke_cert, *key_change;			/* NULL = absent */
	const char *renewal_info;
	const char *terms;		/* URL for people: clean, never fetched */
	const char *website;
	bool eab_required;
	const char *caa[ZS_DIRECTORY_LIST];	/* caaIdentities */
	size_t ncaa;
	const char *profiles[ZS_DIRECTORY_LIST];
	size_t nprofiles;
	bool has_profiles;		/* the CA lists profiles, perhaps none */
};

/* from->url is the directory's own URL.  Strings are copied to the arena. */
int zs_directory_parse(struct zs_slice body, const struct zs_acme_from *from,
		       struct zs_arena *arena, struct zs_directory *ret,
		       struct zs_err *err);
bool zs_directory_has_profile(const struct zs_directory *dir, struct zs_slice profile);

#endif
