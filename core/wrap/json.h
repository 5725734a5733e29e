/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON from outside, strictly, over cJSON.  Refused before cJSON sees
 * a byte: too long, deeper than 32, invalid UTF-8, NUL (also as \u0000), lone
 * surrogates, numbers such as 01, bytes behind the value.  Refused behind it:
 * two members with one name.  Names are compared case-sensitively and integers
 * are exact.  Every error names the member ("order: authorizations[3] is not
 * a string").  Building JSON is base/jsonout.h.
 */
#ifndef ZS_WRAP_JSON_H
#define ZS_WRAP_JSON_H

#include "base/err.h"
#include "base/slice.h"

enum {
	ZS_JSON_DEPTH = 32,	/* brackets inside brackets */
	ZS_JSON_VALUES = 65536	/* values in one document */
};

struct zs_json_doc;

/* One value of a document; a small handle, passed by value, that ends with the
 * document.  node is NULL where there is no such value. */
struct zs_json {
	const struct zs_json_doc *doc;
	const void *node;
};
#define ZS_JSON_NONE ((struct zs_json){ NULL, NULL })

/* what names the document in errors ("order"); max is the cap in octets (0 =
 * ZS_MAX_BODY).  NULL on failure: ZS_E_CA_PROTOCOL, or ZS_E_NOMEM.  End it with
 * zs_json_free (NULL is fine).  The text is not needed afterwards. */
struct zs_json_doc *zs_json_parse(struct zs_slice text, const char *what,
				  size_t max, struct zs_err *err);
void zs_json_free(struct zs_json_doc *doc);
struct zs_json zs_json_root(const struct zs_json_doc *doc);

bool zs_json_is(struct zs_json v);
bool zs_json_is_object(struct zs_json v);
bool zs_json_is_array(struct zs_json v);
bool zs_json_is_string(struct zs_json v);
bool zs_json_is_null(struct zs_json v);

/* The member, or no value when obj is no object or has none.  A member that is
 * null counts as absent here and in all getters below. */
struct zs_json zs_json_get(struct zs_json obj, const char *key);

enum zs_json_need { ZS_JSON_OPTIONAL, ZS_JSON_REQUIRED };

/* Typed members: 0, or the negated ZS_E_CA_PROTOCOL with err set.  When an
 * optional member is absent they return 0 and *ret is none, empty, false or 0. */
int zs_json_str(struct zs_json obj, const char *key, enum zs_json_need need,
		struct zs_slice *ret, struct zs_err *err);
int zs_json_bool(struct zs_json obj, const char *key, enum zs_json_need need,
		 bool *ret, struct zs_err *err);
/* A whole number, written without fraction or exponent, within 0 .. max
 * (max <= 2^53 - 1). */
int zs_json_uint(struct zs_json obj, const char *key, enum zs_json_need need,
		 uint64_t max, uint64_t *ret, struct zs_err *err);
int zs_json_object(struct zs_json obj, const char *key, enum zs_json_need need,
		   struct zs_json *ret, struct zs_err *err);
int zs_json_array(struct zs_json obj, const char *key, enum zs_json_need need,
		  struct zs_json *ret, struct zs_err *err);

/* Elements of an array (or members of an object) in their order:
 *	for (v = zs_json_first(a); zs_json_is(v); v = zs_json_next(v)) */
size_t zs_json_count(struct zs_json v);
struct zs_json zs_json_first(struct zs_json v);
struct zs_json zs_json_next(struct zs_json v);
/* Name of a member reached by iteration; empty for elements of arrays. */
struct zs_slice zs_json_key(struct zs_json v);
/* The element itself as a string (iteration over arrays of strings). */
int zs_json_as_str(struct zs_json v, struct zs_slice *ret, struct zs_err *err);
int zs_json_as_object(struct zs_json v, struct zs_err *err);
int zs_json_as_bool(struct zs_json v, bool *ret, struct zs_err *err);
int zs_json_as_uint(struct zs_json v, uint64_t max, uint64_t *ret, struct zs_err *err);

/* Sets ZS_E_CA_PROTOCOL "what: path: text"; for checks the caller makes itself. */
int zs_json_wrong(struct zs_json v, struct zs_err *err, const char *fmt, ...)
	ZS_PRINTF(3, 4);

#endif
