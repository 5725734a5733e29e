/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider plugin for acme-dns, a name server whose HTTP API can do one thing: set a TXT
 * value at the one name of an account.  _acme-challenge names are CNAMEs to such names.
 *
 * The server keeps the last two values of an account; it takes no value back, and nobody
 * can ask it what it has.  So this process remembers what it sent: a value that is there
 * is not sent again, since that would push out the other one.
 */
#include <stdlib.h>
#include <string.h>

#include "storage.h"

enum {
	CHANGES = 64, /* of one call */
	TRIES = 4, /* of one value whose fate is unknown */
	PATH_BODY = 256,
	/* The server orders the two values of an account by seconds. */
	NEXT_SECOND_MS = 1100
};

static const struct zsp_option options[] = {
	{ ZSP_STR("api-url"), ZSP_OPTION_URL, 1, { NULL, 0 }, ZSP_STR("ACME_DNS_API_BASE"),
		ZSP_STR("Address of the acme-dns server's API, https://host; http:// to other machines needs "
			"allow-http."),
		0, 0 },
	{ ZSP_STR("credentials-file"), ZSP_OPTION_SECRET, 1, { NULL, 0 }, ZSP_STR("ACME_DNS_STORAGE_PATH"),
		ZSP_STR("The accounts, as other clients keep them: a JSON object {DOMAIN: answer of /register}, or one "
			"answer of /register as it came."),
		0, 0 },
	ZSP_HTTP_OPTIONS,
	ZSP_HTTP_OPTION_ALLOW_HTTP,
};

struct instance {
	const struct zsp_host *host;
	struct zsp_http *http;
	struct ad_storage storage;
	struct zsp_text api_url;
};

/* ---- open and close ---- */

static void acme_dns_close(void *instance)
{
	struct instance *self = instance;

	if (!self)
		return;
	zsp_http_free(self->http);
	ad_storage_done(&self->storage);
	zsp_text_done(&self->api_url);
	free(self);
}

static int32_t hide_secrets(struct instance *self)
{
	int32_t error_class = ZSP_OK;

	for (uint32_t i = 0; i < self->storage.n && error_class == ZSP_OK; i++)
		error_class = zsp_http_redact(self->http, zsp_strz(self->storage.accounts[i].password));
	if (error_class != ZSP_OK)
		return zsp_failf(self->host, error_class, 0, "option credentials-file: memory ran out for hiding the "
							     "passwords of its %u accounts in messages; use several "
							     "instances with fewer accounts each",
			self->storage.n);
	return ZSP_OK;
}

static int32_t fill(struct instance *self, const struct zsp_list *values)
{
	struct zsp_http_spec spec = { .base_url = zsp_value_text(values, "api-url"), .plain = ZSP_PLAIN_LOOPBACK };
	const char *fault;

	self->api_url = (struct zsp_text)ZSP_TEXT(4096);
	zsp_text_add_str(&self->api_url, spec.base_url);
	zsp_http_spec_options(&spec, values);
	self->http = zsp_http_new(self->host, &spec);
	if (!self->http)
		return ZSP_CONFIG;
	fault = ad_storage_read(zsp_value_text(values, "credentials-file"), spec.base_url, &self->storage);
	if (fault)
		return zsp_failf(self->host, ZSP_CONFIG, 0, "option credentials-file: %s", fault);
	return hide_secrets(self);
}

static int32_t acme_dns_open(const struct zsp_host *host, const struct zsp_list *values, void **ret_instance)
{
	struct instance *self = calloc(1, sizeof(*self));
	int32_t error_class;

	if (!self)
		return zsp_failf(host, ZSP_BUG, 0, "out of memory");
	self->host = host;
	error_class = fill(self, values);
	if (error_class == ZSP_OK)
		*ret_instance = self;
	else
		acme_dns_close(self);
	return error_class;
}

/* ---- one request ---- */

static int32_t post(struct instance *self, const struct ad_account *account, struct zsp_str value,
	struct zsp_http_response *ret)
{
	struct zsp_http_header headers[] = {
		{ ZSP_STR("X-Api-User"), zsp_strz(account->username) },
		{ ZSP_STR("X-Api-Key"), zsp_strz(account->password) },
	};
	struct zsp_http_request request = {
		.method = "POST",
		.path = ZSP_STR("/update"),
		.headers = headers,
		.nheaders = 2,
		.once = 1,
	};
	struct zsp_text body = ZSP_TEXT(PATH_BODY);
	struct zsp_json_out out;
	int32_t error_class;

	zsp_json_begin(&out, &body);
	zsp_json_object(&out, NULL);
	zsp_json_add_str(&out, "subdomain", zsp_strz(account->subdomain));
	zsp_json_add_str(&out, "txt", value);
	zsp_json_end(&out, '}');
	request.body = zsp_text_str(&body);
	error_class = body.failed ? zsp_failf(self->host, ZSP_BUG, 0, "out of memory") : zsp_http_send(self->http, &request, ret);
	zsp_text_done(&body);
	return error_class;
}

/* The "error" of an answer: forbidden, bad_txt, db_error ... */
static void reason_of(const struct zsp_http_response *response, struct zsp_text *dst)
{
	struct zsp_json_doc *doc = zsp_json_parse(response->body, NULL);

	zsp_text_add_str(dst, zsp_json_text(zsp_json_root(doc), "error"));
	zsp_json_free(doc);
}

static int32_t update_failed(struct instance *self, const struct ad_account *account, int32_t error_class,
	const struct zsp_http_response *response)
{
	struct zsp_text detail = ZSP_TEXT(ZSP_MAX_TEXT);

	if (error_class == ZSP_NOT_FOUND)
		error_class = ZSP_CONFIG;
	reason_of(response, &detail);
	if (response->status == 401)
		zsp_text_addf(&detail, "%sthe server knows no such username with this password, or the account has another "
				       "subdomain, or %s%s",
			detail.n ? "; " : "", *account->allowfrom ? "this machine is not in its "
								    "allowfrom: "
								  : "it was registered with an allowfrom without this machine",
			account->allowfrom);
	if (response->status == 404)
		zsp_text_addz(&detail, "is api-url the address of an acme-dns server?");
	zsp_http_fail(self->http, error_class, response, "update the account", zsp_text_str(&detail));
	zsp_text_done(&detail);
	return error_class;
}

/* An answer to a good update says the value again.  Something else is no acme-dns. */
static int32_t is_confirmed(const struct zsp_http_response *response, struct zsp_str value)
{
	struct zsp_json_doc *doc = zsp_json_parse(response->body, NULL);
	int32_t same = zsp_str_equal(zsp_json_text(zsp_json_root(doc), "txt"), value);

	zsp_json_free(doc);
	return same;
}

/* One value; *ret_open 1 where it failed, but may have been taken. */
static int32_t send_value(struct instance *self, const struct ad_account *account, struct zsp_str value,
	int32_t *ret_open)
{
	struct zsp_http_response response;
	int32_t error_class = post(self, account, value, &response);

	*ret_open = error_class == ZSP_TRANSIENT && response.maybe_done;
	if (error_class == ZSP_OK && !is_confirmed(&response, value)) {
		*ret_open = 1;
		return zsp_http_fail(self->http, ZSP_TRANSIENT, &response, "update the account",
			(struct zsp_str)ZSP_STR("the answer is not one of acme-dns's"));
	}
	return error_class == ZSP_OK ? ZSP_OK : update_failed(self, account, error_class, &response);
}

/* ---- what the server has ---- */

static struct ad_value *value_at(struct ad_account *account, struct zsp_str text)
{
	for (uint32_t i = 0; i < AD_KEEPS; i++)
		if (text.n && zsp_str_is(text, account->values[i].text))
			return &account->values[i];
	return NULL;
}

/* It is the newest now. */
static void note_sent(struct ad_account *account, struct zsp_str text)
{
	struct ad_value *old = value_at(account, text), newest = { { 0 }, 1 };
	uint32_t from = old ? (uint32_t)(old - account->values) : 0;

	memcpy(newest.text, text.p, text.n);
	for (uint32_t i = from; i + 1 < AD_KEEPS; i++)
		account->values[i] = account->values[i + 1];
	account->values[AD_KEEPS - 1] = newest;
}

static uint32_t count_needed(const struct ad_account *account)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < AD_KEEPS; i++)
		n += account->values[i].text[0] && account->values[i].needed;
	return n;
}

/* The needed value besides this one; "" = none. */
static const struct ad_value *other_needed(const struct ad_account *account, struct zsp_str text)
{
	for (uint32_t i = 0; i < AD_KEEPS; i++)
		if (account->values[i].text[0] && account->values[i].needed &&
			!zsp_str_is(text, account->values[i].text))
			return &account->values[i];
	return NULL;
}

/*
 * Nobody knows whether it was taken.  Sent again it may push out the other value; with
 * that one sent again behind it, in a later second, both are there in any case.
 */
static int32_t send_again(struct instance *self, struct ad_account *account, struct zsp_str value, int32_t *ret_open)
{
	const struct ad_value *other = other_needed(account, value);
	char text[AD_VALUE] = "";
	int32_t error_class = zsp_sleep(self->host, NEXT_SECOND_MS + zsp_random(NEXT_SECOND_MS));

	*ret_open = 0;
	if (other)
		memcpy(text, other->text, sizeof(text));
	if (error_class == ZSP_OK)
		error_class = send_value(self, account, value, ret_open);
	if (error_class == ZSP_OK && *text)
		error_class = send_value(self, account, zsp_strz(text), ret_open);
	if (error_class != ZSP_OK)
		return error_class;
	note_sent(account, value);
	if (*text)
		note_sent(account, zsp_strz(text));
	account->unsure = 0;
	return ZSP_OK;
}

static int32_t send_surely(struct instance *self, struct ad_account *account, struct zsp_str value)
{
	int32_t open = account->unsure, error_class = ZSP_TRANSIENT;

	if (!open)
		error_class = send_value(self, account, value, &open);
	if (error_class == ZSP_OK)
		note_sent(account, value);
	account->unsure = open;
	for (int i = 1; i < TRIES && open && !self->host->cancelled(self->host); i++)
		error_class = send_again(self, account, value, &open);
	return error_class;
}

/* The older value goes next: where that one is needed and the newer is not, it becomes the newer. */
static int32_t save_older(struct instance *self, struct ad_account *account)
{
	struct ad_value older = account->values[0];

	if (!older.text[0] || !older.needed || account->values[1].needed)
		return ZSP_OK;
	return send_surely(self, account, zsp_strz(older.text));
}

/* ---- apply ---- */

/* What to do where a name is none of ours; the same words for apply and check. */
static void explain(const struct instance *self, struct zsp_str name, struct zsp_text *dst)
{
	const struct ad_account *account = ad_storage_for(&self->storage, name);
	struct zsp_str domain = zsp_name_parent(name);

	if (account)
		zsp_text_addf(dst, "%s is no alias yet; add this record to DNS: %s. CNAME %s.", name.p, name.p,
			account->fulldomain);
	else if (zsp_str_starts(name, "_acme-challenge."))
		zsp_text_addf(dst, "credentials-file has no account for %s.  Register one (curl -X POST %s/register), add it "
				   "to that file as \"%s\", and make %s a CNAME for its fulldomain",
			domain.p,
			zsp_text_str(&self->api_url).p, domain.p, name.p);
	else
		zsp_text_addf(dst, "%s is no fulldomain in credentials-file; does the CNAME of _acme-challenge lead to another "
				   "account?",
			name.p);
}

static int32_t refuse_name(const struct instance *self, uint32_t index, struct zsp_str name)
{
	struct zsp_text why = ZSP_TEXT(ZSP_MAX_TEXT);

	explain(self, name, &why);
	zsp_resultf(self->host, index, ZSP_CONFIG, "%s", zsp_text_str(&why).p);
	zsp_text_done(&why);
	return ZSP_OK;
}

/* Gives a result where only this change is concerned; else returns what ends the call. */
static int32_t add(struct instance *self, uint32_t index, const struct zsp_change *change)
{
	struct ad_account *account = ad_storage_at(&self->storage, change->name);
	struct ad_value *value;
	int32_t error_class;

	if (!account)
		return refuse_name(self, index, change->name);
	if (!ad_value_ok(change->value)) {
		zsp_resultf(self->host, index, ZSP_CONFIG, "acme-dns takes values of 43 base64url characters, and no others");
		return ZSP_OK;
	}
	value = value_at(account, change->value);
	if (value) {
		value->needed = 1;
	} else if (count_needed(account) == AD_KEEPS) {
		zsp_resultf(self->host, index, ZSP_CONFIG, "acme-dns keeps 2 values at %s, and both are needed: a third one would "
							   "push out the first; issue certificates with this name one after the other, or give each an account "
							   "of its own",
			change->name.p);
		return ZSP_OK;
	} else {
		error_class = save_older(self, account);
		if (error_class == ZSP_OK)
			error_class = send_surely(self, account, change->value);
		if (error_class != ZSP_OK)
			return error_class;
	}
	zsp_resultf(self->host, index, ZSP_OK, NULL);
	return ZSP_OK;
}

/* The value stays until newer ones push it out; it only counts no more. */
static int32_t forget(struct instance *self, uint32_t index, const struct zsp_change *change)
{
	struct ad_account *account = ad_storage_at(&self->storage, change->name);
	struct ad_value *value = account ? value_at(account, change->value) : NULL;

	if (value)
		value->needed = 0;
	zsp_resultf(self->host, index, ZSP_OK, NULL);
	return ZSP_OK;
}

static int32_t acme_dns_apply(void *instance, const struct zsp_str *zone, const struct zsp_list *changes)
{
	struct instance *self = instance;
	int32_t error_class = ZSP_OK;

	(void)zone;
	/* What is not needed any more first: it makes room. */
	for (uint32_t i = 0; i < changes->n; i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);

		if (change->op == ZSP_REMOVE)
			forget(self, i, change);
	}
	for (uint32_t i = 0; i < changes->n && error_class == ZSP_OK; i++) {
		const struct zsp_change *change = ZSP_ITEM(struct zsp_change, changes, i);

		if (change->op == ZSP_ADD)
			error_class = add(self, i, change);
	}
	return error_class;
}

/* ---- check ---- */

/* An update without a value: whoever may not make it is told so, whoever may is told that
 * it has no value.  Nothing changes. */
static int32_t try_account(struct instance *self, const struct ad_account *account)
{
	struct zsp_http_response response;
	int32_t error_class = post(self, account, (struct zsp_str){ "", 0 }, &response);

	if (error_class == ZSP_OK || response.status == 400)
		return ZSP_OK;
	return update_failed(self, account, error_class, &response);
}

static int32_t check_zone(struct instance *self, uint32_t index, const struct zsp_zone *zone)
{
	int32_t error_class = ZSP_OK;

	if (!zone->names.n)
		return try_account(self, &self->storage.accounts[0]);
	/* First what needs no network: the records that are missing. */
	for (uint32_t i = 0; i < zone->names.n; i++) {
		struct zsp_str name = *ZSP_ITEM(struct zsp_str, &zone->names, i);

		if (!ad_storage_at(&self->storage, name))
			return refuse_name(self, index, name);
	}
	for (uint32_t i = 0; i < zone->names.n && error_class == ZSP_OK; i++)
		error_class = try_account(self, ad_storage_at(&self->storage, *ZSP_ITEM(struct zsp_str, &zone->names, i)));
	return error_class;
}

static int32_t acme_dns_check(void *instance, const struct zsp_list *zones)
{
	struct instance *self = instance;
	int32_t error_class = ZSP_OK;

	for (uint32_t i = 0; i < zones->n && error_class == ZSP_OK; i++)
		error_class = check_zone(self, i, ZSP_ITEM(struct zsp_zone, zones, i));
	return error_class;
}

/* ---- the descriptor ---- */

static const struct zsp_provider provider = {
	.head = ZSP_PROVIDER(ZSP_FLAG_NO_REMOVE),
	.name = ZSP_STR("acme-dns"),
	.summary = ZSP_STR("acme-dns: a name server for challenges alone, reached by CNAME"),
	.url = ZSP_STR("https://github.com/joohoi/acme-dns"),
	.options = ZSP_LIST(options),
	.max_changes = CHANGES,
	.max_values = AD_KEEPS,
	.permissions = ZSP_STR("One account of the acme-dns server for each name. It can set TXT values at its own fulldomain "
			       "and nothing else; allowfrom at its registration narrows it to your networks."),
	.open = acme_dns_open,
	.apply = acme_dns_apply,
	.check = acme_dns_check,
	.close = acme_dns_close,
};

ZSP_PLUGIN(provider)
