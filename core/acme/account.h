/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The account object (RFC 8555 7.1.2): only what a client acts upon.
 */
#ifndef ZS_ACME_ACCOUNT_H
#define ZS_ACME_ACCOUNT_H

#include "acme/url.h"

enum zs_account_status { ZS_ACCOUNT_VALID, ZS_ACCOUNT_DEACTIVATED, ZS_ACCOUNT_REVOKED, ZS_ACCOUNT__COUNT };

struct zs_account {
	enum zs_account_status status;
};

int zs_account_parse(struct zs_slice body, const struct zs_acme_from *from,
		     struct zs_account *ret, struct zs_err *err);
const char *zs_account_status_name(enum zs_account_status status);

#endif
