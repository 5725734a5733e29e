/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64url without padding (RFC 4648 5, RFC 7515 2), strict: no padding, no
 * blanks, no bits left over.  Also the lenient form for keys that people paste.
 */
#ifndef ZS_BASE_B64URL_H
#define ZS_BASE_B64URL_H

#include "base/buf.h"

void zs_b64url_encode(struct zs_buf *dst, struct zs_slice data);
/* Appends; false (dst unchanged) when text is not strict base64url. */
bool zs_b64url_decode(struct zs_buf *dst, struct zs_slice text);
/* Standard or URL alphabet, padded or not, blanks ignored: TSIG secrets, EAB keys. */
bool zs_b64_decode_any(struct zs_buf *dst, struct zs_slice text);
/* Standard alphabet with padding, in lines of 64 when lines is set (PEM). */
void zs_b64_encode(struct zs_buf *dst, struct zs_slice data, bool lines);
bool zs_b64url_ok(struct zs_slice text);	/* alphabet only, not empty */
/* token "." base64url of a SHA-256 (RFC 8555 8.1), and the token of its alphabet. */
bool zs_b64url_key_authorization_ok(struct zs_slice token, struct zs_slice text);

#endif
