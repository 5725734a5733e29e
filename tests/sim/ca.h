/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CA without a network: accounts, orders, authorizations and certificates
 * with their state machines, answering whole HTTP replies.  It looks into the
 * simulated DNS when it validates.  Faults are chosen by the caller.
 */
#ifndef ZS_TESTS_SIM_CA_H
#define ZS_TESTS_SIM_CA_H

#include "acme/directory.h"
#include "acme/flow.h"
#include "rng.h"

#define CA_ORIGIN "https://ca.test:14000"

enum { CA_ORDERS = 8, CA_NAMES = 8, CA_BODY = 24 * 1024, CA_CHAINS = 3 };

enum ca_authz_status { CA_PENDING, CA_PROCESSING, CA_VALID, CA_INVALID, CA_DEACTIVATED, CA_EXPIRED };
enum ca_order_status { CA_O_PENDING, CA_O_READY, CA_O_PROCESSING, CA_O_VALID, CA_O_INVALID };

struct ca_authz {
	enum ca_authz_status status;
	struct zs_name name;
	char token[44];
	uint64_t decide_at;
};

struct ca_order {
	bool used;
	uint32_t account;
	enum ca_order_status status;
	struct ca_authz authz[CA_NAMES];
	size_t n;
	uint64_t issue_at;
	bool never;		/* processing for ever */
	int key;		/* run whose key the certificate has */
};

/* How this CA behaves; percentages and milliseconds. */
struct ca_manners {
	uint32_t validate_ms, issue_ms;	/* upper bounds */
	uint32_t reuse_percent;		/* authorizations born valid */
	bool never_validates, never_issues, refuses_validation, born_invalid, dead_authz;
	uint32_t retry_after_s;		/* on unfinished orders; 0 = none */
	bool issue_refused;		/* the order turns invalid behind finalize */
	bool no_dns01, foreign_name, same_token;
	bool wrong_chain;
};

struct ca {
	struct rng *rng;
	uint64_t now_ms;
	struct ca_manners manners;
	bool account_known;
	uint32_t account;
	struct ca_order orders[CA_ORDERS];
	size_t norders;
	struct zs_name names[CA_NAMES];	/* what newOrder asks for */
	size_t nnames;
	int run;			/* whose key a finalize brings */
	/* does the TXT record of this token exist for this base name? */
	bool (*lookup)(const struct zs_name *name, const char *token, void *user);
	void *user;
};

struct ca_reply {
	int status;
	char *body;			/* heap; free with free() */
	char location[96], retry_after[16];
	char links[CA_CHAINS][96];
	size_t nlinks;
};

void ca_directory(struct zs_directory *ret);
/* Performs one request at ca->now_ms. kid says with which account it is signed
 * (0 = none). */
void ca_perform(struct ca *ca, const struct zs_flow_request *request, uint32_t kid, struct ca_reply *ret);
void ca_tick(struct ca *ca);
/* Order by URL, NULL when there is none. */
struct ca_order *ca_find_order(struct ca *ca, const char *url);
void ca_problem(struct ca_reply *ret, int status, const char *type, const char *detail);

#endif
