/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See xml.h.  The only file that knows expat.
 */
#include <string.h>

#include <expat.h>

#include "xml.h"

enum { MAX_PATH = 256, MAX_DEPTH = 16, MAX_TEXT = 16 * 1024, MAX_ELEMENTS = 100000 };

struct reader {
	XML_Parser parser;
	xml_element *element;
	void *user;
	const char *fault;
	char path[MAX_PATH];
	size_t length; /* of path */
	uint32_t depth, elements;
	struct zsp_text text; /* credentials come in XML, too */
	int32_t is_leaf; /* nothing began since the last start */
};

static void refuse(struct reader *r, const char *fault)
{
	if (!r->fault)
		r->fault = fault;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = user;
	size_t n = strlen(name), slash = r->length ? 1 : 0;

	(void)attributes;
	if (++r->depth > MAX_DEPTH)
		refuse(r, "elements are nested too deeply");
	else if (++r->elements > MAX_ELEMENTS)
		refuse(r, "too many elements");
	else if (r->length + slash + n >= sizeof(r->path))
		refuse(r, "the names of elements are too long");
	if (r->fault)
		return;
	if (slash)
		r->path[r->length++] = '/';
	memcpy(r->path + r->length, name, n + 1);
	r->length += n;
	r->is_leaf = 1;
	zsp_text_clear(&r->text);
}

static void leave(struct reader *r)
{
	while (r->length && r->path[r->length - 1] != '/')
		r->length--;
	if (r->length)
		r->length--;
	r->path[r->length] = 0;
	r->depth--;
	r->is_leaf = 0;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
	struct reader *r = user;
	static const struct zsp_str none = { "", 0 };

	(void)name;
	if (r->fault)
		return;
	r->element(r->user, r->path, r->is_leaf ? zsp_text_str(&r->text) : none);
	leave(r);
}

static void XMLCALL on_text(void *user, const XML_Char *text, int n)
{
	struct reader *r = user;

	if (!r->is_leaf || r->fault)
		return;
	zsp_text_add(&r->text, text, (size_t)n);
	if (r->text.failed)
		refuse(r, "the text of an element is too long");
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public,
	int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	refuse(user, "it has a document type");
}

static const char *parse(struct reader *r, struct zsp_str document)
{
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	if (XML_Parse(r->parser, document.p, (int)document.n, 1) == XML_STATUS_OK)
		return r->fault;
	return r->fault ? r->fault : XML_ErrorString(XML_GetErrorCode(r->parser));
}

const char *xml_read(struct zsp_str document, xml_element *element, void *user)
{
	struct reader r = { .element = element, .user = user, .text = ZSP_TEXT_SECRET(MAX_TEXT) };
	const char *fault;

	if (!document.n || document.n > INT32_MAX)
		return "it is empty";
	r.parser = XML_ParserCreate("UTF-8");
	if (!r.parser)
		return "out of memory";
	fault = parse(&r, document);
	XML_ParserFree(r.parser);
	zsp_text_done(&r.text);
	return fault;
}
