/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roots that a CA's HTTPS server is checked against: the system's hashed
 * directory, or a bundle of which only the certificates asked for are parsed
 * (parsing all of a usual bundle costs some 20 ms at each start).
 */
#ifndef ZS_WRAP_ROOTS_H
#define ZS_WRAP_ROOTS_H

#include "base/err.h"
#include "base/slice.h"

struct zs_roots;

/* bundle: PEM, copied; empty = the system's directory. NULL and err when it holds no
 * certificate or memory ran out. */
struct zs_roots *zs_roots_new(struct zs_slice bundle, struct zs_err *err);
void zs_roots_free(struct zs_roots *roots);
/* Makes an SSL_CTX (as void, so that no OpenSSL type leaves) trust them. */
bool zs_roots_use(struct zs_roots *roots, void *ssl_ctx);

#endif
