/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts of an acme-dns server, as clients keep them: a JSON object of domains,
 * each with the answer to its registration; or one such answer alone.  No I/O.
 */
#ifndef ACME_DNS_STORAGE_H
#define ACME_DNS_STORAGE_H

#include <zoneseal/sdk.h>

enum {
	AD_NAME = 254, /* a DNS name, with its NUL */
	AD_SECRET = 129, /* username, password */
	AD_LABEL = 64,
	AD_ALLOW = 200, /* text about allowfrom, cut */
	AD_VALUE = 44, /* a TXT value: 43 characters of base64url */
	AD_KEEPS = 2, /* values that the service keeps for one account */
	AD_ACCOUNTS = 256
};

/* A value that this process has sent. */
struct ad_value {
	char text[AD_VALUE]; /* "" = none */
	int32_t needed; /* 1: added and not removed */
};

struct ad_account {
	char domain[AD_NAME]; /* what it was registered for; "" where that is not said */
	char fulldomain[AD_NAME];
	char subdomain[AD_LABEL];
	char username[AD_SECRET];
	char password[AD_SECRET];
	char allowfrom[AD_ALLOW]; /* for messages; "" = anywhere */
	struct ad_value values[AD_KEEPS]; /* the last that were sent, older ones first */
	int32_t unsure; /* 1: the server may have got one more */
};

struct ad_storage {
	struct ad_account *accounts;
	uint32_t n;
	uint32_t room; /* allocated */
};

/* NULL, or what is wrong, static; *ret is empty then.  Accounts whose server_url is another
 * one than api_url are left out. */
const char *ad_storage_read(struct zsp_str text, struct zsp_str api_url, struct ad_storage *ret);
void ad_storage_done(struct ad_storage *storage);

/* NULL where there is none. */
struct ad_account *ad_storage_at(const struct ad_storage *storage, struct zsp_str fulldomain);
/* The account for the challenge name "_acme-challenge.DOMAIN": that of the domain, its wildcard
 * or the challenge name itself; or the only one, where that has no domain. */
struct ad_account *ad_storage_for(const struct ad_storage *storage, struct zsp_str challenge);

/* 1 when the service takes it: 43 characters of base64url. */
int32_t ad_value_ok(struct zsp_str value);

#endif
