/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The readers of the plugin SDK: quoted TXT values, JSON with every getter, names,
 * times.  What is quoted comes back, whatever its octets are.
 */
#include "fuzz.h"

#include <zoneseal/sdk.h>

enum { VISITS = 4096, TEXT = 256 * 1024 };

static void txt(struct zsp_str s)
{
	struct zsp_text text = ZSP_TEXT(TEXT), quoted = ZSP_TEXT(8 * TEXT);
	int32_t good = zsp_txt_unquote(&text, s);

	MUST(!text.failed && text.n <= s.n);
	MUST(zsp_txt_is(s, zsp_text_str(&text)) == good);
	zsp_txt_quote(&quoted, s);
	zsp_text_clear(&text);
	MUST(zsp_txt_unquote(&text, zsp_text_str(&quoted)) && zsp_str_equal(zsp_text_str(&text), s));
	MUST(zsp_txt_is(zsp_text_str(&quoted), s));
	zsp_text_done(&text);
	zsp_text_done(&quoted);
}

static void get_all(struct zsp_json v)
{
	struct zsp_str s;
	int64_t number;
	int32_t flag;

	MUST(!zsp_json_str(v, &s) || (!s.p[s.n] && zsp_json_is_string(v)));
	MUST(!zsp_json_int(v, &number) || (number >= 0 && number < INT64_C(1) << 53));
	MUST(!zsp_json_bool(v, &flag) || flag == 0 || flag == 1);
	(void)zsp_json_text(v, "id");
	(void)zsp_json_name(v);
}

static void visit(struct zsp_json v, unsigned *left)
{
	for (; v.node && *left; v = zsp_json_next(v)) {
		--*left;
		get_all(v);
		visit(zsp_json_first(v), left);
	}
}

/* A string goes out as it came in. */
static void build(struct zsp_str s)
{
	struct zsp_text text = ZSP_TEXT(8 * TEXT);
	struct zsp_json_out out;
	struct zsp_json_doc *doc;

	zsp_json_begin(&out, &text);
	zsp_json_object(&out, NULL);
	zsp_json_add_str(&out, "v", s);
	zsp_json_end(&out, '}');
	doc = text.failed ? NULL : zsp_json_parse(zsp_text_str(&text), NULL);
	/* a NUL is not read back, and what is not UTF-8 is not built */
	if (doc)
		MUST(zsp_str_equal(zsp_json_text(zsp_json_root(doc), "v"), s));
	else
		MUST(text.failed || memchr(s.p, 0, s.n));
	zsp_json_free(doc);
	zsp_text_done(&text);
}

static void json(struct zsp_str s)
{
	const char *error = NULL;
	struct zsp_json_doc *doc = zsp_json_parse(s, &error);
	unsigned left = VISITS;

	MUST((doc == NULL) == (error != NULL));
	if (doc)
		visit(zsp_json_root(doc), &left);
	zsp_json_free(doc);
	build(s);
}

static void names_and_times(struct zsp_str s)
{
	char name[254], again[254];
	int64_t ms;

	if (zsp_name_read(s, name, sizeof(name))) {
		MUST(zsp_name_read(zsp_strz(name), again, sizeof(again)) && !strcmp(name, again));
		MUST(zsp_name_equal(s, zsp_strz(name)) && zsp_name_in(zsp_strz(name), zsp_strz(name)));
	}
	(void)zsp_time_parse(s, &ms);
	(void)zsp_time_parse_http(s, &ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zsp_str s = { (const char *)data, n };

	if (!n || n > TEXT)
		return 0;
	txt(s);
	json(s);
	names_and_times(s);
	return 0;
}
