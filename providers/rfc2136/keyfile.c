/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads key files.  Takes text, opens no file.  The statement's form is
 *     key "name" { algorithm hmac-sha256; secret "base64"; };
 * with comments of the C, C++ and shell kinds.
 */
#include "keyfile.h"

#include <string.h>

#include <openssl/crypto.h>

enum { MAX_TOKEN = 1024 };

struct lexer { const char *p, *end; };

/* A word, a quoted string (quoted is true) or one of { } ; (n is 1). */
struct token { const char *p; size_t n; bool quoted; };

/* ---- base64 ------------------------------------------------------------------ */

static int digit(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *decode(const char *text, size_t n, uint8_t *dst, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned have = 0, digits = 0, padding = 0;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		int d = digit(text[i]);

		if (is_blank(text[i]))
			continue;
		if (text[i] == '=') {
			padding++;
			continue;
		}
		if (d < 0 || padding)
			return "the secret is not base64";
		digits++;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (len == TSIG_SECRET)
			return "the secret is longer than 512 octets";
		dst[len++] = (uint8_t)(bits >> have);
	}
	if (digits % 4 == 1 || padding > 2 || (padding && (digits + padding) % 4) ||
	    (bits & ((1u << have) - 1)))
		return "the secret is not base64";
	*ret_len = len;
	return len ? NULL : "the secret is empty";
}

const char *keyfile_secret(const char *text, size_t n, struct tsig_key *ret)
{
	uint8_t secret[TSIG_SECRET];
	size_t len = 0;
	const char *fault = decode(text, n, secret, &len);

	if (!fault) {
		memcpy(ret->secret, secret, len);
		ret->secret_len = len;
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	return fault;
}

/* ---- tokens ------------------------------------------------------------------- */

static bool starts(const struct lexer *l, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(l->end - l->p) >= n && !memcmp(l->p, text, n);
}

static void skip_to(struct lexer *l, const char *text)
{
	while (l->p < l->end && !starts(l, text))
		l->p++;
	if (l->p < l->end)
		l->p += strlen(text);
}

static void skip_blanks(struct lexer *l)
{
	while (l->p < l->end) {
		if (is_blank(*l->p))
			l->p++;
		else if (*l->p == '#' || starts(l, "//"))
			skip_to(l, "\n");
		else if (starts(l, "/*"))
			skip_to(l, "*/");
		else
			return;
	}
}

/* False at the end, and on a string that does not end. */
static bool next(struct lexer *l, struct token *ret)
{
	skip_blanks(l);
	*ret = (struct token){ .p = l->p };
	if (l->p == l->end)
		return false;
	if (*l->p == '"') {
		ret->quoted = true;
		ret->p = ++l->p;
		while (l->p < l->end && *l->p != '"')
			l->p++;
		ret->n = (size_t)(l->p - ret->p);
		return l->p++ < l->end && ret->n <= MAX_TOKEN;
	}
	if (strchr("{};", *l->p)) {
		l->p++;
		ret->n = 1;
		return true;
	}
	while (l->p < l->end && !is_blank(*l->p) && *l->p && !strchr("{};\"", *l->p))
		l->p++;
	ret->n = (size_t)(l->p - ret->p);
	return ret->n > 0 && ret->n <= MAX_TOKEN;
}

static bool is(const struct token *t, const char *word)
{
	return !t->quoted && t->n == strlen(word) && !memcmp(t->p, word, t->n);
}

/* ---- statements ----------------------------------------------------------------- */

static bool expect(struct lexer *l, const char *word)
{
	struct token t;

	return next(l, &t) && is(&t, word);
}

static const char *set_algorithm(const char *text, size_t n, struct tsig_key *key)
{
	key->algorithm = tsig_algorithm(text, n);
	return key->algorithm ? NULL : "its algorithm is unknown";
}

/* "algorithm X;" or "secret X;" after the first word. */
static const char *clause(struct lexer *l, const struct token *word, struct tsig_key *key)
{
	struct token value;
	const char *fault;

	if (!next(l, &value) || !expect(l, ";"))
		return "a clause does not end with a semicolon";
	if (is(word, "algorithm"))
		fault = set_algorithm(value.p, value.n, key);
	else if (is(word, "secret"))
		fault = keyfile_secret(value.p, value.n, key);
	else
		fault = "a key has a clause other than algorithm and secret";
	return fault;
}

static const char *statement(struct lexer *l, struct tsig_key *key)
{
	struct token t;
	const char *fault;

	if (!expect(l, "key") || !next(l, &t))
		return "it holds something else than key statements";
	if (!wire_name_parse(t.p, t.n, &key->name) || key->name.n < 2)
		return "the name of a key is no DNS name";
	if (!expect(l, "{"))
		return "a brace is missing";
	while (next(l, &t) && !is(&t, "}")) {
		fault = clause(l, &t, key);
		if (fault)
			return fault;
	}
	if (!is(&t, "}") || !expect(l, ";"))
		return "a key does not end with }; ";
	if (!key->algorithm || !key->secret_len)
		return "a key lacks its algorithm or its secret";
	return NULL;
}

static bool at_end(struct lexer *l)
{
	skip_blanks(l);
	return l->p == l->end;
}

static const char *statements(struct lexer *l, const struct wire_name *wanted,
			      struct tsig_key *key)
{
	while (!at_end(l)) {
		const char *fault;

		OPENSSL_cleanse(key, sizeof(*key));
		fault = statement(l, key);
		if (fault || wanted->n < 2 || wire_name_eq(&key->name, wanted))
			return fault;
	}
	return "it has no key of that name";
}

/* [algorithm:]name:secret on one line. */
static const char *short_form(const char *text, size_t n, struct tsig_key *key)
{
	const char *first = memchr(text, ':', n), *end = text + n, *second, *fault;

	if (!first)
		return "it holds neither key statements nor name:secret";
	second = memchr(first + 1, ':', (size_t)(end - first - 1));
	fault = second ? set_algorithm(text, (size_t)(first - text), key) :
			 set_algorithm("hmac-sha256", 11, key);
	if (fault)
		return fault;
	if (second) {
		text = first + 1;
		first = second;
	}
	if (!wire_name_parse(text, (size_t)(first - text), &key->name) || key->name.n < 2)
		return "the name of the key is no DNS name";
	return keyfile_secret(first + 1, (size_t)(end - first - 1), key);
}

static const char *parse(struct lexer *l, const struct wire_name *wanted, struct tsig_key *key)
{
	const char *fault;

	if (at_end(l))
		return "it is empty";
	if (starts(l, "key") && l->end - l->p > 3 && (is_blank(l->p[3]) || l->p[3] == '"'))
		return statements(l, wanted, key);
	while (l->end > l->p && is_blank(l->end[-1]))
		l->end--;
	fault = short_form(l->p, (size_t)(l->end - l->p), key);
	if (!fault && wanted->n > 1 && !wire_name_eq(&key->name, wanted))
		return "it has no key of that name";
	return fault;
}

const char *keyfile_parse(const char *text, size_t n, const char *name, size_t name_len,
			  struct tsig_key *ret)
{
	struct lexer l = { text, text + n };
	struct wire_name wanted = { .n = 1 };
	struct tsig_key key;
	const char *fault;

	memset(&key, 0, sizeof(key));
	if (name_len && !wire_name_parse(name, name_len, &wanted))
		return "the name of the key is no DNS name";
	fault = parse(&l, &wanted, &key);
	if (!fault)
		*ret = key;
	OPENSSL_cleanse(&key, sizeof(key));
	return fault;
}
