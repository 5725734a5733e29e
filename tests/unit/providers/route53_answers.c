/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See route53_answers.h.
 */
#include <stdio.h>
#include <string.h>

#include "route53_answers.h"

struct answers answers;

void answers_are(const char *const *documents, size_t n)
{
	answers = (struct answers){ .documents = documents, .n = n };
}

struct reading { const struct api_call *call; int32_t root_seen; };

static void on_element(void *user, const char *path, struct zsp_str text)
{
	struct reading *r = user;

	r->root_seen |= strcmp(path, r->call->root) == 0;
	r->call->element(r->call->user, path, text);
}

int32_t api_send(struct api *api, const struct api_call *call)
{
	size_t i = answers.asked++;
	struct reading r = { .call = call };

	if (i < sizeof(answers.paths) / sizeof(answers.paths[0])) {
		(void)snprintf(answers.paths[i], sizeof(answers.paths[i]), "%s %.*s", call->method, (int)call->path.n, call->path.p);
		(void)snprintf(answers.bodies[i], sizeof(answers.bodies[i]), "%.*s", (int)call->body.n, call->body.p ? call->body.p : "");
	}
	if (i >= answers.n)
		return api_failf(api, ZSP_TRANSIENT, "no answer left");
	call->begin(call->user);
	if (xml_read(zsp_strz(answers.documents[i]), on_element, &r) || !r.root_seen)
		return api_failf(api, ZSP_TRANSIENT, "not understood");
	return ZSP_OK;
}

int32_t api_failf(struct api *api, int32_t error_class, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(api->why, sizeof(api->why), format, ap);
	va_end(ap);
	return error_class;
}
