/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of JSON over cJSON.  A scan without recursion checks the text
 * first and notes every number; cJSON then builds the tree; a walk through it
 * refuses members that occur twice and ties each number to its exact value,
 * because cJSON itself only keeps a double.  Never writes JSON.  Used by the
 * engine (and by tests); the only file that includes cJSON.
 */
#include "wrap/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "base/vec.h"

enum {
	MAX_NUMBER = 48,	/* octets of one number; cJSON looks at 63 */
	PATH_TEXT = 160,
	SHOWN_KEY = 40		/* octets of a member's name in a path */
};

#define MAX_EXACT ((UINT64_C(1) << 53) - 1)

struct number {
	uint64_t value;
	bool exact;		/* digits only, within MAX_EXACT */
};

struct zs_json_doc {
	cJSON *root;
	char what[64];
	ZS_VEC(struct number) numbers;	/* in the order of the text */
};

/* ---- the scan ---- */

struct scan {
	const uint8_t *p;
	size_t n;
	size_t at;
	uint32_t depth;
	uint32_t objects;	/* bit per open bracket: it is an object */
	uint32_t values;
	const char *why;	/* first complaint */
	bool nomem;
	struct zs_json_doc *doc;
};

static bool complain(struct scan *s, const char *why)
{
	if (!s->why)
		s->why = why;
	return false;
}

static int peek(const struct scan *s)
{
	return s->at < s->n ? s->p[s->at] : -1;
}

static void skip_blanks(struct scan *s)
{
	while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' ||
	       peek(s) == '\r')
		s->at++;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four hex digits at s->at. */
static bool scan_hex4(struct scan *s, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(peek(s));

		if (digit < 0)
			return complain(s, "bad \\u escape");
		v = v << 4 | (uint32_t)digit;
		s->at++;
	}
	*ret = v;
	return true;
}

static bool scan_unicode_escape(struct scan *s)
{
	uint32_t unit, low;

	if (!scan_hex4(s, &unit))
		return false;
	if (!unit)
		return complain(s, "NUL in a string");
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	if (unit > 0xdbff || s->n - s->at < 2 || s->p[s->at] != '\\' ||
	    s->p[s->at + 1] != 'u')
		return complain(s, "half a surrogate pair");
	s->at += 2;
	if (!scan_hex4(s, &low))
		return false;
	if (low < 0xdc00 || low > 0xdfff)
		return complain(s, "half a surrogate pair");
	return true;
}

static bool scan_escape(struct scan *s)
{
	int c = peek(s);

	s->at++;
	if (c == 'u')
		return scan_unicode_escape(s);
	if (c > 0 && strchr("\"\\/bfnrt", c))
		return true;
	return complain(s, "bad escape in a string");
}

static bool scan_string(struct scan *s)
{
	if (peek(s) != '"')
		return complain(s, "a string was expected");
	s->at++;
	while (s->at < s->n) {
		uint8_t c = s->p[s->at];
		uint32_t point;
		size_t len;

		if (c == '"') {
			s->at++;
			return true;
		}
		if (c == '\\') {
			s->at++;
			if (!scan_escape(s))
				return false;
			continue;
		}
		if (c < 0x20)
			return complain(s, "control character in a string");
		len = zs_utf8_next(zs_slice_of(s->p + s->at, s->n - s->at), &point);
		if (!len)
			return complain(s, "invalid UTF-8");
		s->at += len;
	}
	return complain(s, "string without end");
}

static size_t scan_digits(struct scan *s)
{
	size_t from = s->at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at - from;
}

/* Fraction and exponent; *plain turns false when there is one. */
static bool scan_number_tail(struct scan *s, bool *plain)
{
	if (peek(s) == '.') {
		*plain = false;
		s->at++;
		if (!scan_digits(s))
			return complain(s, "bad number");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		*plain = false;
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (!scan_digits(s))
			return complain(s, "bad number");
	}
	return true;
}

static bool scan_number(struct scan *s)
{
	size_t from = s->at;
	bool plain = true;
	struct number *number;

	if (peek(s) == '-') {
		plain = false;
		s->at++;
	}
	if (peek(s) == '0')
		s->at++;
	else if (!scan_digits(s))
		return complain(s, "bad value");
	if (peek(s) >= '0' && peek(s) <= '9')
		return complain(s, "number with a leading zero");
	if (!scan_number_tail(s, &plain))
		return false;
	if (s->at - from > MAX_NUMBER)
		return complain(s, "number too long");
	number = zs_vec_push(&s->doc->numbers, ZS_JSON_VALUES);
	if (!number) {
		s->nomem = true;
		return complain(s, "memory ran out");
	}
	number->exact = plain &&
		zs_slice_u64(zs_slice_of(s->p + from, s->at - from), MAX_EXACT,
			     &number->value);
	return true;
}

static bool scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < ZS_COUNT(words); i++) {
		size_t len = strlen(words[i]);

		if (s->n - s->at >= len && !memcmp(s->p + s->at, words[i], len)) {
			s->at += len;
			return true;
		}
	}
	return complain(s, s->at < s->n ? "bad value" : "text ends early");
}

static bool scan_scalar(struct scan *s)
{
	int c = peek(s);

	if (c == '"')
		return scan_string(s);
	if (c == '-' || (c >= '0' && c <= '9'))
		return scan_number(s);
	return scan_word(s);
}

/* A member's name with its colon. */
static bool scan_key(struct scan *s)
{
	skip_blanks(s);
	if (!scan_string(s))
		return false;
	skip_blanks(s);
	if (peek(s) != ':')
		return complain(s, "a colon was expected");
	s->at++;
	return true;
}

static bool in_object(const struct scan *s)
{
	return s->objects >> (s->depth - 1) & 1;
}

static bool scan_open(struct scan *s, bool object)
{
	if (s->depth == ZS_JSON_DEPTH)
		return complain(s, "nested too deeply");
	s->objects &= ~(UINT32_C(1) << s->depth);
	s->objects |= (uint32_t)object << s->depth;
	s->depth++;
	s->at++;
	skip_blanks(s);
	return true;
}
_Static_assert(ZS_JSON_DEPTH <= 32, "one bit per open bracket");

static bool scan_close(struct scan *s)
{
	if (!s->depth || peek(s) != (in_object(s) ? '}' : ']'))
		return false;
	s->depth--;
	s->at++;
	return true;
}

/* Closing brackets and the comma behind a value; *more says another one comes. */
static bool scan_behind_value(struct scan *s, bool *more)
{
	*more = false;
	for (;;) {
		skip_blanks(s);
		if (!s->depth)
			return true;
		if (scan_close(s))
			continue;
		if (peek(s) != ',')
			return complain(s, s->at < s->n ? "a comma or bracket was expected" : "text ends early");
		s->at++;
		*more = true;
		return !in_object(s) || scan_key(s);
	}
}

/* One value up to where the next one starts; *opened: a bracket was opened
 * that is not empty, so that its first value follows at once. */
static bool scan_value(struct scan *s, bool *opened)
{
	int c;

	skip_blanks(s);
	if (++s->values > ZS_JSON_VALUES)
		return complain(s, "too many values");
	c = peek(s);
	*opened = false;
	if (c != '{' && c != '[')
		return scan_scalar(s);
	if (!scan_open(s, c == '{'))
		return false;
	if (scan_close(s))
		return true;
	*opened = true;
	return c == '[' || scan_key(s);
}

static bool scan_text(struct scan *s)
{
	bool more = true;

	while (more) {
		if (!scan_value(s, &more))
			return false;
		if (!more && !scan_behind_value(s, &more))
			return false;
	}
	return s->at == s->n || complain(s, "something follows the value");
}

/* ---- the walk through cJSON's tree ---- */

/* Document order without recursion; the scan has bounded the depth. */
struct walk {
	const cJSON *up[ZS_JSON_DEPTH + 1];
	uint32_t depth;
	cJSON *node;
};

static void walk_next(struct walk *w)
{
	if (w->node->child) {
		w->up[w->depth++] = w->node;
		w->node = w->node->child;
		return;
	}
	while (w->node && !w->node->next) {
		if (!w->depth) {
			w->node = NULL;
			return;
		}
		w->depth--;
		w->node = (cJSON *)(uintptr_t)w->up[w->depth];
		if (!w->depth) {
			w->node = NULL;
			return;
		}
	}
	if (w->node)
		w->node = w->node->next;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name that occurs twice in one object, NULL when none does; false when
 * memory ran out. */
static bool find_twin(const cJSON *object, const char **ret)
{
	size_t n = 0, i = 0;
	const char **keys;

	*ret = NULL;
	for (const cJSON *c = object->child; c; c = c->next)
		n++;
	if (n < 2)
		return true;
	keys = calloc(n, sizeof(*keys));
	if (!keys)
		return false;
	for (const cJSON *c = object->child; c; c = c->next)
		keys[i++] = c->string;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 1; i < n && !*ret; i++)
		if (!strcmp(keys[i - 1], keys[i]))
			*ret = keys[i];
	free(keys);
	return true;
}

/* Checks objects and numbers each number: valueint becomes its index. */
static int check_tree(struct zs_json_doc *doc, struct zs_err *err)
{
	struct walk w = { .node = doc->root };
	size_t number = 0;
	const char *twin;

	for (; w.node; walk_next(&w)) {
		if (cJSON_IsNumber(w.node)) {
			if (number == doc->numbers.n)
				ZS_FAIL(err, ZS_E_BUG, "%s: numbers do not match", doc->what);
			w.node->valueint = (int)number++;
		}
		if (!cJSON_IsObject(w.node))
			continue;
		if (!find_twin(w.node, &twin))
			ZS_FAIL(err, ZS_E_NOMEM, "memory ran out");
		if (twin)
			return zs_json_wrong((struct zs_json){ doc, w.node }, err,
					     "member \"%.*s\" occurs twice",
					     SHOWN_KEY, twin);
	}
	return 0;
}

/* ---- document ---- */

static int read_text(struct zs_json_doc *doc, struct zs_slice text,
		     struct zs_err *err)
{
	struct scan s = { .p = text.p, .n = text.n, .doc = doc };

	if (!scan_text(&s)) {
		if (s.nomem)
			ZS_FAIL(err, ZS_E_NOMEM, "memory ran out");
		ZS_FAIL(err, ZS_E_CA_PROTOCOL, "%s: not JSON: %s at octet %zu",
			doc->what, s.why, s.at);
	}
	doc->root = cJSON_ParseWithLength((const char *)text.p, text.n);
	if (!doc->root)
		ZS_FAIL(err, ZS_E_NOMEM, "memory ran out");
	return check_tree(doc, err);
}

struct zs_json_doc *zs_json_parse(struct zs_slice text, const char *what,
				  size_t max, struct zs_err *err)
{
	struct zs_json_doc *doc;

	if (!max)
		max = ZS_MAX_BODY;
	if (text.n > max) {
		(void)zs_err_set(err, ZS_E_CA_PROTOCOL, "%s: %zu octets, more than the %zu allowed",
				 what, text.n, max);
		return NULL;
	}
	doc = calloc(1, sizeof(*doc));
	if (!doc) {
		(void)zs_err_set(err, ZS_E_NOMEM, "memory ran out");
		return NULL;
	}
	(void)snprintf(doc->what, sizeof(doc->what), "%s", what);
	if (read_text(doc, text, err)) {
		zs_json_free(doc);
		return NULL;
	}
	return doc;
}

void zs_json_free(struct zs_json_doc *doc)
{
	if (!doc)
		return;
	cJSON_Delete(doc->root);
	zs_vec_done(&doc->numbers);
	free(doc);
}

struct zs_json zs_json_root(const struct zs_json_doc *doc)
{
	return (struct zs_json){ doc, doc->root };
}

/* ---- errors with a path ---- */

static size_t place_among_siblings(const cJSON *array, const cJSON *node)
{
	size_t i = 0;

	for (const cJSON *c = array->child; c && c != node; c = c->next)
		i++;
	return i;
}

static void put_step(struct zs_buf *dst, const cJSON *up, const cJSON *node)
{
	if (cJSON_IsArray(up))
		zs_buf_addf(dst, "[%zu]", place_among_siblings(up, node));
	else
		zs_buf_addf(dst, "%s%.*s", dst->len ? "." : "", SHOWN_KEY,
			    node->string ? node->string : "");
}

/* "a.b[3].c"; searched from the root, as this is only done for an error. */
static void put_path(struct zs_buf *dst, struct zs_json v)
{
	struct walk w = { .node = v.doc->root };

	while (w.node && w.node != v.node)
		walk_next(&w);
	if (!w.node)
		return;
	for (uint32_t i = 0; i < w.depth; i++)
		put_step(dst, w.up[i], i + 1 < w.depth ? w.up[i + 1] : w.node);
}

int zs_json_wrong(struct zs_json v, struct zs_err *err, const char *fmt, ...)
{
	struct zs_buf path = ZS_BUF(PATH_TEXT), text = ZS_BUF(512);
	va_list ap;
	int r;

	va_start(ap, fmt);
	zs_buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (v.node)
		put_path(&path, v);
	r = zs_err_set(err, ZS_E_CA_PROTOCOL, "%s: %s%s%s",
		       v.doc ? v.doc->what : "document", zs_buf_str(&path),
		       path.len ? ": " : "", zs_buf_str(&text));
	zs_buf_done(&path);
	zs_buf_done(&text);
	return r;
}

/* ---- access ---- */

static const cJSON *node_of(struct zs_json v)
{
	return v.node;
}

bool zs_json_is(struct zs_json v)
{
	return v.node != NULL;
}

bool zs_json_is_object(struct zs_json v)
{
	return cJSON_IsObject(node_of(v));
}

bool zs_json_is_array(struct zs_json v)
{
	return cJSON_IsArray(node_of(v));
}

bool zs_json_is_string(struct zs_json v)
{
	return cJSON_IsString(node_of(v));
}

bool zs_json_is_null(struct zs_json v)
{
	return cJSON_IsNull(node_of(v));
}

struct zs_json zs_json_get(struct zs_json obj, const char *key)
{
	const cJSON *member = NULL;

	if (zs_json_is_object(obj))
		member = cJSON_GetObjectItemCaseSensitive(node_of(obj), key);
	if (cJSON_IsNull(member))
		member = NULL;
	return (struct zs_json){ obj.doc, member };
}

static const char *type_name(struct zs_json v)
{
	const cJSON *node = node_of(v);

	if (cJSON_IsString(node))
		return "a string";
	if (cJSON_IsNumber(node))
		return "a number";
	if (cJSON_IsBool(node))
		return "a boolean";
	if (cJSON_IsArray(node))
		return "an array";
	if (cJSON_IsObject(node))
		return "an object";
	return "null";
}

static int wrong_type(struct zs_json v, const char *wanted, struct zs_err *err)
{
	return zs_json_wrong(v, err, "%s where %s is expected", type_name(v), wanted);
}

/* The member, checked for presence only. */
static int fetch(struct zs_json obj, const char *key, enum zs_json_need need,
		 struct zs_json *ret, struct zs_err *err)
{
	struct zs_json v = zs_json_get(obj, key);

	if (!zs_json_is_object(obj))
		return wrong_type(obj, "an object", err);
	if (need == ZS_JSON_REQUIRED && !v.node)
		return zs_json_wrong(obj, err, "member \"%s\" is missing", key);
	*ret = v;
	return 0;
}

int zs_json_as_str(struct zs_json v, struct zs_slice *ret, struct zs_err *err)
{
	if (!zs_json_is_string(v))
		return wrong_type(v, "a string", err);
	*ret = zs_slice_str(node_of(v)->valuestring);
	return 0;
}

int zs_json_as_object(struct zs_json v, struct zs_err *err)
{
	return zs_json_is_object(v) ? 0 : wrong_type(v, "an object", err);
}

int zs_json_str(struct zs_json obj, const char *key, enum zs_json_need need,
		struct zs_slice *ret, struct zs_err *err)
{
	struct zs_json v;
	int r = fetch(obj, key, need, &v, err);

	if (r)
		return r;
	if (v.node)
		return zs_json_as_str(v, ret, err);
	*ret = ZS_SLICE_NONE;
	return 0;
}

int zs_json_as_bool(struct zs_json v, bool *ret, struct zs_err *err)
{
	if (!cJSON_IsBool(node_of(v)))
		return wrong_type(v, "a boolean", err);
	*ret = cJSON_IsTrue(node_of(v));
	return 0;
}

int zs_json_as_uint(struct zs_json v, uint64_t max, uint64_t *ret, struct zs_err *err)
{
	const struct number *number;

	if (!cJSON_IsNumber(node_of(v)))
		return wrong_type(v, "a whole number", err);
	number = &v.doc->numbers.items[node_of(v)->valueint];
	if (!number->exact || number->value > max)
		return zs_json_wrong(v, err, "not a whole number within 0..%llu",
				     (unsigned long long)max);
	*ret = number->value;
	return 0;
}

int zs_json_bool(struct zs_json obj, const char *key, enum zs_json_need need,
		 bool *ret, struct zs_err *err)
{
	struct zs_json v;
	int r = fetch(obj, key, need, &v, err);

	if (r)
		return r;
	if (v.node)
		return zs_json_as_bool(v, ret, err);
	*ret = false;
	return 0;
}

int zs_json_uint(struct zs_json obj, const char *key, enum zs_json_need need,
		 uint64_t max, uint64_t *ret, struct zs_err *err)
{
	struct zs_json v;
	int r = fetch(obj, key, need, &v, err);

	if (r)
		return r;
	if (v.node)
		return zs_json_as_uint(v, max, ret, err);
	*ret = 0;
	return 0;
}

int zs_json_object(struct zs_json obj, const char *key, enum zs_json_need need,
		   struct zs_json *ret, struct zs_err *err)
{
	struct zs_json v;
	int r = fetch(obj, key, need, &v, err);

	if (r)
		return r;
	if (v.node && !zs_json_is_object(v))
		return wrong_type(v, "an object", err);
	*ret = v;
	return 0;
}

int zs_json_array(struct zs_json obj, const char *key, enum zs_json_need need,
		  struct zs_json *ret, struct zs_err *err)
{
	struct zs_json v;
	int r = fetch(obj, key, need, &v, err);

	if (r)
		return r;
	if (v.node && !zs_json_is_array(v))
		return wrong_type(v, "an array", err);
	*ret = v;
	return 0;
}

/* ---- iteration ---- */

size_t zs_json_count(struct zs_json v)
{
	return v.node ? (size_t)cJSON_GetArraySize(node_of(v)) : 0;
}

struct zs_json zs_json_first(struct zs_json v)
{
	return (struct zs_json){ v.doc, v.node ? node_of(v)->child : NULL };
}

struct zs_json zs_json_next(struct zs_json v)
{
	return (struct zs_json){ v.doc, v.node ? node_of(v)->next : NULL };
}

struct zs_slice zs_json_key(struct zs_json v)
{
	return v.node ? zs_slice_str(node_of(v)->string) : ZS_SLICE_NONE;
}
