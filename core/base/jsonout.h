/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building JSON: escapes everything, keeps count of commas and nesting, sticky
 * failure in the buffer.  Reading JSON is wrap/json.h.
 */
#ifndef ZS_BASE_JSONOUT_H
#define ZS_BASE_JSONOUT_H

#include "base/buf.h"

struct zs_json_out {
	struct zs_buf *dst;
	uint32_t depth;
	uint64_t comma;		/* bit per level: something is there already */
	bool pretty;		/* two blanks per level and line ends */
};

/* More than 63 levels, or an end too many, fail the buffer. No LF follows the
 * outermost bracket. */
void zs_jout_init(struct zs_json_out *out, struct zs_buf *dst, bool pretty);
/* key is NULL inside arrays and at the top. Invalid UTF-8 becomes U+FFFD. */
void zs_jout_object(struct zs_json_out *out, const char *key);
void zs_jout_array(struct zs_json_out *out, const char *key);
void zs_jout_end(struct zs_json_out *out, char bracket);	/* '}' or ']' */
void zs_jout_str(struct zs_json_out *out, const char *key, const char *text);
void zs_jout_slice(struct zs_json_out *out, const char *key, struct zs_slice text);
void zs_jout_int(struct zs_json_out *out, const char *key, int64_t v);
void zs_jout_bool(struct zs_json_out *out, const char *key, bool v);
void zs_jout_null(struct zs_json_out *out, const char *key);
/* Text that is JSON already (a JWK built by us). */
void zs_jout_raw(struct zs_json_out *out, const char *key, struct zs_slice json);
/* Unix seconds as an RFC 3339 string; null when 0. */
void zs_jout_time(struct zs_json_out *out, const char *key, int64_t unix_seconds);

#endif
