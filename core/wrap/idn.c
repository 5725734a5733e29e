/* SPDX-License-Identifier: Apache-2.0 */
/*
 * U-labels to A-labels over libidn2.  Plain ASCII names never reach the
 * library, so that names it has an opinion on (underscores, old A-labels of
 * IDNA2003) stay usable.  The only file that includes libidn2.
 */
#include "wrap/idn.h"

#include <string.h>

#include <idn2.h>

#include "base/buf.h"

/* More cannot become a name, whatever the mapping makes shorter. */
enum { MAX_TEXT = 4 * ZS_MAX_NAME };

static const struct {
	int code;
	const char *why;
} words[] = {
	{ IDN2_MALLOC, "out of memory" },
	{ IDN2_ENCODING_ERROR, "not UTF-8 text" },
	{ IDN2_NFC, "not in Unicode normal form" },
	{ IDN2_PUNYCODE_BAD_INPUT, "a label that begins with xn-- but does not decode" },
	{ IDN2_PUNYCODE_OVERFLOW, "a label that begins with xn-- but does not decode" },
	{ IDN2_PUNYCODE_BIG_OUTPUT, "label longer than 63 octets as A-label" },
	{ IDN2_TOO_BIG_DOMAIN, "name longer than 253 octets as A-labels" },
	{ IDN2_TOO_BIG_LABEL, "label longer than 63 octets as A-label" },
	{ IDN2_INVALID_ALABEL, "a label that begins with xn-- but is no A-label" },
	{ IDN2_UALABEL_MISMATCH, "a label that begins with xn-- but is no A-label" },
	{ IDN2_NOT_NFC, "not in Unicode normal form" },
	{ IDN2_2HYPHEN, "hyphens as third and fourth character of a label" },
	{ IDN2_HYPHEN_STARTEND, "hyphen at the start or end of a label" },
	{ IDN2_LEADING_COMBINING, "a label that begins with a combining character" },
	{ IDN2_DISALLOWED, "a character that IDNA2008 does not allow" },
	{ IDN2_CONTEXTJ, "a joiner that IDNA2008 does not allow here" },
	{ IDN2_CONTEXTJ_NO_RULE, "a joiner that IDNA2008 does not allow here" },
	{ IDN2_CONTEXTO, "a character that IDNA2008 does not allow here" },
	{ IDN2_CONTEXTO_NO_RULE, "a character that IDNA2008 does not allow here" },
	{ IDN2_UNASSIGNED, "a character that Unicode does not have (yet)" },
	{ IDN2_BIDI, "left-to-right and right-to-left characters mixed in a label" },
	{ IDN2_DOT_IN_LABEL, "a dot inside a label" },
	{ IDN2_INVALID_TRANSITIONAL, "a character that IDNA2008 does not allow" },
	{ IDN2_INVALID_NONTRANSITIONAL, "a character that IDNA2008 does not allow" },
	{ IDN2_ALABEL_ROUNDTRIP_FAILED, "a label that does not survive the way to an A-label and back" },
};

static const char *word_of(int code)
{
	for (size_t i = 0; i < ZS_COUNT(words); i++)
		if (words[i].code == code)
			return words[i].why;
	return "not an internationalised name";
}

static bool is_ascii(struct zs_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] > 0x7f)
			return false;
	return true;
}

/* Codes that say an A-label is no Punycode at all; what else the library minds
 * (characters of IDNA2003, such as emoji) exists in DNS. */
static bool is_broken(int code)
{
	return code == IDN2_PUNYCODE_BAD_INPUT || code == IDN2_PUNYCODE_OVERFLOW ||
		code == IDN2_PUNYCODE_BIG_OUTPUT || code == IDN2_ENCODING_ERROR || code == IDN2_MALLOC;
}

static const char *check_alabels(const struct zs_name *name)
{
	struct zs_slice rest = zs_slice_of(name->text, name->len);
	char label[ZS_MAX_LABEL + 1];
	char *unicode;
	int code;

	while (rest.n) {
		struct zs_slice part = zs_slice_cut(&rest, '.');

		if (!zs_slice_starts(part, "xn--") || !zs_slice_copy(part, label, sizeof(label)))
			continue;
		unicode = NULL;
		code = idn2_to_unicode_8z8z(label, &unicode, 0);
		idn2_free(unicode);
		if (is_broken(code))
			return word_of(code);
	}
	return NULL;
}

static const char *parse_ascii(struct zs_slice text, enum zs_name_kind kind, struct zs_name *ret)
{
	struct zs_name name;
	const char *why;

	if (!zs_name_parse(text, kind, &name, &why))
		return why;
	why = check_alabels(&name);
	if (!why)
		*ret = name;
	return why;
}

static const char *parse_unicode(struct zs_slice text, enum zs_name_kind kind, struct zs_name *ret)
{
	char utf8[MAX_TEXT + 1];
	bool wildcard = zs_slice_starts(text, "*.");
	struct zs_buf ascii = ZS_BUF(MAX_TEXT);
	uint8_t *alabels = NULL;
	const char *why;
	int code;

	if (wildcard)
		text = zs_slice_of(text.p + 2, text.n - 2);
	if (text.n > MAX_TEXT)
		return "name longer than 253 octets as A-labels";
	if (!zs_slice_copy(text, utf8, sizeof(utf8)))
		return "a NUL octet";
	code = idn2_lookup_u8((const uint8_t *)utf8, &alabels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (code != IDN2_OK) {
		idn2_free(alabels);
		return word_of(code);
	}
	zs_buf_add_str(&ascii, wildcard ? "*." : "");
	zs_buf_add_str(&ascii, (const char *)alabels);
	idn2_free(alabels);
	why = ascii.failed ? "out of memory" : parse_ascii(zs_buf_slice(&ascii), kind, ret);
	zs_buf_done(&ascii);
	return why;
}

bool zs_idn_parse(struct zs_slice text, enum zs_name_kind kind, struct zs_name *ret, const char **why)
{
	const char *wrong = is_ascii(text) ? parse_ascii(text, kind, ret) : parse_unicode(text, kind, ret);

	if (wrong && why)
		*why = wrong;
	return !wrong;
}
