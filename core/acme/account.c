/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading of the account object.  Pure.
 */
#include "acme/account.h"

#include "wrap/json.h"

static const char *const statuses[] = {
	[ZS_ACCOUNT_VALID] = "valid",
	[ZS_ACCOUNT_DEACTIVATED] = "deactivated",
	[ZS_ACCOUNT_REVOKED] = "revoked",
};
_Static_assert(ZS_COUNT(statuses) == ZS_ACCOUNT__COUNT, "one name per status");

const char *zs_account_status_name(enum zs_account_status status)
{
	return (size_t)status < ZS_COUNT(statuses) ? statuses[status] : "unknown";
}

static int read_status(struct zs_json root, struct zs_account *ret, struct zs_err *err)
{
	struct zs_slice text;
	int e = zs_json_str(root, "status", ZS_JSON_OPTIONAL, &text, err);

	if (e)
		return e;
	/* Some servers leave it out of the reply to newAccount. */
	ret->status = ZS_ACCOUNT_VALID;
	if (!text.p)
		return 0;
	for (size_t i = 0; i < ZS_COUNT(statuses); i++)
		if (zs_slice_eq_str(text, statuses[i])) {
			ret->status = (enum zs_account_status)i;
			return 0;
		}
	return zs_json_wrong(zs_json_get(root, "status"), err, "unknown status \"%.*s\"",
			     (int)(text.n < 40 ? text.n : 40), (const char *)text.p);
}

int zs_account_parse(struct zs_slice body, const struct zs_acme_from *from,
		     struct zs_account *ret, struct zs_err *err)
{
	struct zs_account account = { 0 };
	struct zs_err mine;
	struct zs_json_doc *doc;
	int e;

	if (!err)
		err = &mine;
	doc = zs_json_parse(body, "account", 0, err);
	e = doc ? read_status(zs_json_root(doc), &account, err) : -(int)err->code;
	zs_json_free(doc);
	if (e)
		zs_err_where(err, "%s", from->url);
	else
		*ret = account;
	return e;
}
