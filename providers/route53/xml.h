/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML as this service writes it: elements and text, nothing else.  Refused: a document
 * type (and with it every entity but the five of XML), more depth, text, elements or
 * longer names than a good answer has.
 */
#ifndef ROUTE53_XML_H
#define ROUTE53_XML_H

#include <zoneseal/text.h>

/* Called at the end of each element: its path with the names of all elements around it
 * ("ErrorResponse/Error/Code"), and its text where it has no elements inside, exactly as
 * it stands; valid until the function returns. */
typedef void xml_element(void *user, const char *path, struct zsp_str text);

/* NULL, or why the document is refused (static).  Elements before the fault have been seen. */
const char *xml_read(struct zsp_str document, xml_element *element, void *user);

#endif
