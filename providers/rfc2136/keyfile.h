/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TSIG keys as people have them: the output of tsig-keygen (BIND's key
 * statement) and the short form [algorithm:]name:secret of nsupdate and dig.
 */
#ifndef RFC2136_KEYFILE_H
#define RFC2136_KEYFILE_H

#include "tsig.h"

/* Finds the key with that name (the first where name_len is 0). Returns NULL and
 * fills *ret, or says what is wrong, static text without any secret. */
const char *keyfile_parse(const char *text, size_t n, const char *name, size_t name_len, struct tsig_key *ret);
/* Base64 with or without padding, blanks ignored; NULL or what is wrong. */
const char *keyfile_secret(const char *text, size_t n, struct tsig_key *ret);

#endif
