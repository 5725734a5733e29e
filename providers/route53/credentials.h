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
	uint32_t taken; /* how many keys there have been */
	char why[ZSP_MAX_TEXT + 1]; /* there are none; for results, as host->fail may have heard more */
};

void credentials_init(struct credentials *credentials, const struct zsp_host *host, const struct settings *settings);
void credentials_done(struct credentials *credentials);
/* ZSP_OK, or ZSP_CONFIG with host->fail said: options that contradict each other.  No network. */
int32_t credentials_check(struct credentials *credentials);
/* The secrets of those at hand will not show in what this client says.  ZSP_OK, or ZSP_BUG with
 * host->fail said: then it must not be used. */
int32_t credentials_hide(struct credentials *credentials, struct zsp_http *http);
/* Fetches them, or fetches them again when they end soon.  ZSP_OK or a class with host->fail
 * said; then credentials->keys is good for five minutes, or until the source has better ones. */
int32_t credentials_get(struct credentials *credentials);
/* For sources: says host->fail with this text and keeps it in why.  Returns error_class. */
int32_t credentials_failf(struct credentials *credentials, int32_t error_class, const char *format, ...) ZSP_FORMAT(3, 4);
/* The same without host->fail, which has been said. */
void credentials_notef(struct credentials *credentials, const char *format, ...) ZSP_FORMAT(2, 3);
/* The service says that they have expired.  1 when credentials_get() may now have others. */
int32_t credentials_drop(struct credentials *credentials);

#endif
