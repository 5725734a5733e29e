/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where credentials come from, one file for each source, and when they are
 * fetched again.  A new source is a struct source in a file of its own and a row
 * in credentials.c, whose order is the order in which they are asked.
 */
#ifndef ROUTE53_CREDENTIALS_H
#define ROUTE53_CREDENTIALS_H

#include "keys.h"
#include "options.h"

struct credentials;

struct source {
	const char *name; /* for messages: "the profile" */
	/* 1 when the options say that credentials come from here. */
	int32_t (*is_meant)(const struct credentials *credentials);
	/* Gets them.  ZSP_OK, or a class with host->fail said. */
	int32_t (*fetch)(struct credentials *credentials, struct keys *ret);
	/* 1 when to fetch again may give others. */
	int32_t renews;
};

extern const struct source source_options, source_web_identity, source_profile, source_imds;

struct credentials {
	const struct zsp_host *host;
	const struct settings *settings;
	const struct source *source; /* NULL until the first fetch */
	struct keys keys;
	int64_t tried_ms; /* when they were asked for last, by the wall clock */
	struct zsp_http *hides[2]; /* clients whose messages must not show a secret */
	uint32_t nhides;
};

void credentials_init(struct credentials *credentials, const struct zsp_host *host, const struct settings *settings);
void credentials_done(struct credentials *credentials);
/* ZSP_OK, or ZSP_CONFIG with host->fail said: options that contradict each other.  No network. */
int32_t credentials_check(struct credentials *credentials);
/* No secret will show in what this client says. */
void credentials_hide_in(struct credentials *credentials, struct zsp_http *http);
/* Fetches them, or fetches them again when they end soon.  ZSP_OK or a class with host->fail
 * said; then credentials->keys is good for five minutes, or until the source has better ones. */
int32_t credentials_get(struct credentials *credentials);
/* The service says that they have expired.  1 when credentials_get() may now have others. */
int32_t credentials_drop(struct credentials *credentials);

#endif
