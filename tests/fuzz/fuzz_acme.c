/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a CA.  The first line says which one the rest is.
 */
#include "fuzz.h"

#include "acme/account.h"
#include "acme/authz.h"
#include "acme/directory.h"
#include "acme/link.h"
#include "acme/order.h"
#include "acme/problem.h"

static const struct zs_slice origins[] = { { (const uint8_t *)"https://ca.test", 15 } };
static const struct zs_acme_from from = { "https://ca.test/x", { origins, 1 } };

struct job {
	struct zs_slice body;
	struct zs_arena arena;
	struct zs_err err;
};

/* URLs that passed the check, texts that go to people. */
static void good_url(const char *url)
{
	MUST(zs_slice_starts(zs_slice_str(url), "https://ca.test") && strlen(url) <= ZS_MAX_URL);
	MUST(zs_slice_is_graph(zs_slice_str(url)));
}

static void clean_text(const char *text, size_t size)
{
	struct zs_slice rest = zs_slice_str(text);

	MUST(rest.n < size);
	while (rest.n) {
		uint32_t point;
		size_t n = zs_utf8_next(rest, &point);

		MUST(n && (point == '\n' || !zs_utf8_is_unsafe(point)));
		rest = zs_slice_of(rest.p + n, rest.n - n);
	}
}

static void clean_err(const struct zs_err *err)
{
	clean_text(err->text, sizeof(err->text));
	clean_text(err->subject, sizeof(err->subject));
	clean_text(err->where, sizeof(err->where));
	clean_text(err->problem, sizeof(err->problem));
	MUST(err->nsub <= ZS_ERR_SUBPROBLEMS);
	for (uint32_t i = 0; i < err->nsub; i++) {
		clean_text(err->sub[i].identifier, sizeof(err->sub[i].identifier));
		clean_text(err->sub[i].type, sizeof(err->sub[i].type));
		clean_text(err->sub[i].detail, sizeof(err->sub[i].detail));
	}
}

static int read_directory(struct job *job)
{
	struct zs_directory dir;
	int rc = zs_directory_parse(job->body, &from, &job->arena, &dir, &job->err);

	if (!rc) {
		good_url(dir.new_nonce);
		good_url(dir.new_account);
		good_url(dir.new_order);
		(void)zs_directory_has_profile(&dir, zs_slice_str("classic"));
		for (size_t i = 0; i < dir.nprofiles; i++)
			MUST(dir.profiles[i]);
	}
	return rc;
}

static int read_account(struct job *job)
{
	struct zs_account account;
	int rc = zs_account_parse(job->body, &from, &account, &job->err);

	if (!rc)
		MUST(zs_account_status_name(account.status));
	return rc;
}

static int read_order(struct job *job)
{
	struct zs_order order;
	int rc = zs_order_parse(job->body, &from, &job->arena, &order, &job->err);

	if (rc)
		return rc;
	MUST(zs_order_status_name(order.status) && zs_order_is_for(&order, order.identifiers, order.nidentifiers));
	for (size_t i = 0; i < order.nauthorizations; i++)
		good_url(order.authorizations[i]);
	good_url(order.finalize);
	if (order.certificate)
		good_url(order.certificate);
	if (order.has_error)
		clean_err(&order.error);
	return 0;
}

static int read_authz(struct job *job)
{
	struct zs_authz authz;
	int rc = zs_authz_parse(job->body, &from, &job->arena, &authz, &job->err);

	if (rc)
		return rc;
	MUST(zs_authz_status_name(authz.status));
	clean_text(authz.offered, sizeof(authz.offered));
	if (authz.has_dns01) {
		good_url(authz.dns01.url);
		MUST(!authz.dns01.token || zs_token_ok(zs_slice_str(authz.dns01.token)));
	}
	if (authz.has_error)
		clean_err(&authz.error);
	return 0;
}

static int read_challenge(struct job *job)
{
	struct zs_challenge challenge;
	int rc = zs_challenge_parse(job->body, &from, &job->arena, &challenge, &job->err);

	if (!rc)
		MUST(zs_challenge_status_name(challenge.status));
	return rc;
}

static int read_problem(struct job *job)
{
	struct zs_problem_source source = { "https://ca.test/x", 403, 0 };

	zs_problem_read(job->body, &source, &job->err);
	MUST(job->err.code != ZS_OK);
	(void)zs_problem_kind(&job->err);
	return -(int)job->err.code;
}

static void found(struct zs_slice target, void *user)
{
	const struct zs_slice *field = user;

	MUST(target.p >= field->p && target.p + target.n <= field->p + field->n);
}

static int read_link(struct job *job)
{
	struct zs_slice ret;

	zs_link_each(job->body, "alternate", found, &job->body);
	if (zs_link_find(&job->body, 1, "up", &ret))
		found(ret, &job->body);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct job *job);
} objects[] = {
	{ "directory", read_directory },
	{ "account", read_account },
	{ "order", read_order },
	{ "authz", read_authz },
	{ "challenge", read_challenge },
	{ "problem", read_problem },
	{ "link", read_link },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct job job = { .body = zs_slice_of(data, n) };
	struct zs_slice name = zs_slice_cut(&job.body, '\n');

	for (size_t i = 0; i < ZS_COUNT(objects); i++) {
		int rc;

		if (!zs_slice_eq_str(name, objects[i].name))
			continue;
		zs_arena_init(&job.arena, 4 * ZS_MAX_BODY);
		rc = objects[i].read(&job);
		MUST(rc == 0 || rc == -(int)job.err.code);
		clean_err(&job.err);
		zs_arena_done(&job.arena);
	}
	return 0;
}
