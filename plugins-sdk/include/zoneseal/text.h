/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing text with a cap and a sticky failure: append as often as you like and
 * ask once.  And what secrets need.
 */
#ifndef ZONESEAL_TEXT_H
#define ZONESEAL_TEXT_H

#include <stdarg.h>
#include <zoneseal/sdk_base.h>

/* Members are for reading only. */
struct zsp_text {
	char *p;		/* NULL until the first append; a NUL follows the text */
	size_t n;		/* octets, without the NUL */
	size_t room;		/* allocated */
	size_t max;		/* never grows past this many octets */
	int32_t failed;		/* 1: something did not fit, or memory ran out */
	int32_t secret;		/* 1: overwritten when it grows and when it ends */
};

/* Initialisers. */
#define ZSP_TEXT(max_octets) { NULL, 0, 0, (max_octets), 0, 0 }
#define ZSP_TEXT_SECRET(max_octets) { NULL, 0, 0, (max_octets), 0, 1 }

/* Appends. */
ZSP_SDK void zsp_text_add(struct zsp_text *text, const void *p, size_t n);
ZSP_SDK void zsp_text_add_str(struct zsp_text *text, struct zsp_str s);
ZSP_SDK void zsp_text_addz(struct zsp_text *text, const char *s);
ZSP_SDK void zsp_text_addf(struct zsp_text *text, const char *format, ...) ZSP_FORMAT(2, 3);
ZSP_SDK void zsp_text_vaddf(struct zsp_text *text, const char *format, va_list ap) ZSP_FORMAT(2, 0);
/* Appends s with everything but A-Z a-z 0-9 - . _ ~ as %XX (RFC 3986 2.1), for one
 * segment of a path or one value of a query. */
ZSP_SDK void zsp_text_add_escaped(struct zsp_text *text, struct zsp_str s);
/* Appends lower-case hexadecimal, two digits for each octet. */
ZSP_SDK void zsp_text_add_hex(struct zsp_text *text, const void *p, size_t n);
/* Appends base64 with padding (RFC 4648 4). */
ZSP_SDK void zsp_text_add_base64(struct zsp_text *text, const void *p, size_t n);

/* The text so far; "" when there is none, never NULL.  Valid until the next append. */
ZSP_SDK struct zsp_str zsp_text_str(const struct zsp_text *text);
/* Length 0 and no failure; keeps max and secret. */
ZSP_SDK void zsp_text_clear(struct zsp_text *text);
/* Frees it, overwritten where it is secret.  May be used again. */
ZSP_SDK void zsp_text_done(struct zsp_text *text);

/* Overwrites memory in a way that the compiler keeps.  p may be NULL where n is 0. */
ZSP_SDK void zsp_wipe(void *p, size_t n);

/* zsp_str of a C string. */
ZSP_SDK struct zsp_str zsp_strz(const char *s);
/* 1 when both are the same octets. */
ZSP_SDK int32_t zsp_str_equal(struct zsp_str a, struct zsp_str b);
/* 1 when s is this C string. */
ZSP_SDK int32_t zsp_str_is(struct zsp_str s, const char *z);
/* 1 when s begins with, or ends in, this C string. */
ZSP_SDK int32_t zsp_str_starts(struct zsp_str s, const char *z);
ZSP_SDK int32_t zsp_str_ends(struct zsp_str s, const char *z);
/* Cuts off and returns what stands before the first `at` (all of it where there is
 * none); *rest becomes what stands behind it. */
ZSP_SDK struct zsp_str zsp_str_cut(struct zsp_str *rest, char at);
/* Without blanks, tabs and line ends at both ends. */
ZSP_SDK struct zsp_str zsp_str_trim(struct zsp_str s);
/* A copy in lower case (ASCII) into dst of `size` octets with a NUL.  0 when it
 * does not fit. */
ZSP_SDK int32_t zsp_str_lower(struct zsp_str s, char *dst, size_t size);
/* Decimal digits only, at most max.  1 when s is such a number. */
ZSP_SDK int32_t zsp_str_number(struct zsp_str s, int64_t max, int64_t *ret_number);

#endif
