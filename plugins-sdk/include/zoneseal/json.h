/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259), read strictly and built safely.  Refused: more than 4 MiB,
 * nesting deeper than 32, invalid UTF-8, NUL (also as \u0000), two members of one
 * name, numbers such as 01, anything behind the value.
 */
#ifndef ZONESEAL_JSON_H
#define ZONESEAL_JSON_H

#include <zoneseal/text.h>

/* ---- reading ---- */

struct zsp_json_doc;

/* A value of a document: small, passed by value, ends with the document.  node is
 * NULL where there is no such value; every function takes that for an absent one. */
struct zsp_json {
	const struct zsp_json_doc *doc;
	const void *node;
};

/* The document, or NULL; *ret_error (may be NULL) then says why, static or part of the
 * library, valid until the next call.  The text is not needed afterwards. */
ZSP_SDK struct zsp_json_doc *zsp_json_parse(struct zsp_str text, const char **ret_error);
/* NULL is fine. */
ZSP_SDK void zsp_json_free(struct zsp_json_doc *doc);
ZSP_SDK struct zsp_json zsp_json_root(const struct zsp_json_doc *doc);

/* The member of an object by its exact name.  A member that is null is absent. */
ZSP_SDK struct zsp_json zsp_json_get(struct zsp_json object, const char *name);
/* Elements of an array, members of an object, in their order:
 *     for (v = zsp_json_first(a); v.node; v = zsp_json_next(v)) */
ZSP_SDK struct zsp_json zsp_json_first(struct zsp_json v);
ZSP_SDK struct zsp_json zsp_json_next(struct zsp_json v);
/* Name of a member reached by iteration; n 0 for elements of arrays. */
ZSP_SDK struct zsp_str zsp_json_name(struct zsp_json v);
/* What it is. */
ZSP_SDK int32_t zsp_json_is_object(struct zsp_json v);
ZSP_SDK int32_t zsp_json_is_array(struct zsp_json v);
ZSP_SDK int32_t zsp_json_is_string(struct zsp_json v);
/* Its content.  1, or 0 when it is absent or something else (*ret is then n 0, 0).
 * Integers: without fraction and exponent, 0..2^53-1. */
ZSP_SDK int32_t zsp_json_str(struct zsp_json v, struct zsp_str *ret);
ZSP_SDK int32_t zsp_json_int(struct zsp_json v, int64_t *ret);
ZSP_SDK int32_t zsp_json_bool(struct zsp_json v, int32_t *ret);
/* The string of a member; n 0 when there is none. */
ZSP_SDK struct zsp_str zsp_json_text(struct zsp_json object, const char *name);

/* The first object of an array with that TXT value in a member, quoted or not (zsp_txt_is);
 * node NULL where there is none. */
ZSP_SDK struct zsp_json zsp_json_find_txt(struct zsp_json array, const char *member, struct zsp_str value);

/* ---- building ---- */

/* Writes into text.  Fails the text: a mistake of nesting, a name where none belongs or
 * none where one does, a second value at the top, more than 31 levels, a string that is
 * not UTF-8. */
struct zsp_json_out {
	struct zsp_text *text;
	uint32_t depth;
	uint32_t reserved;
	int64_t comma;		/* the library's own */
};

/* name is NULL inside arrays and at the top. */
ZSP_SDK void zsp_json_begin(struct zsp_json_out *out, struct zsp_text *text);
ZSP_SDK void zsp_json_object(struct zsp_json_out *out, const char *name);
ZSP_SDK void zsp_json_array(struct zsp_json_out *out, const char *name);
ZSP_SDK void zsp_json_end(struct zsp_json_out *out, char bracket);	/* '}' or ']' */
ZSP_SDK void zsp_json_add_str(struct zsp_json_out *out, const char *name, struct zsp_str s);
ZSP_SDK void zsp_json_add_int(struct zsp_json_out *out, const char *name, int64_t number);
ZSP_SDK void zsp_json_add_bool(struct zsp_json_out *out, const char *name, int32_t b);

#endif
