/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See error.h.  There are two forms: ErrorResponse with a code, and a document
 * that is named after the code (InvalidChangeBatch).
 */
#include <string.h>

#include <zoneseal/time.h>

#include "error.h"
#include "xml.h"

/* The service permits five minutes; the answer's date is whole seconds, and travels. */
enum { MAX_MESSAGES = 16 * 1024, MAX_LINE = 8 * 1024, MAX_SHOWN = 400, SKEW_MS = 4 * 60 * 1000 };

struct row {
	const char *code;
	int32_t class;
	const char *hint; /* what to do, or NULL */
};

#define HINT_POLICY "grant it; `zoneseal provider policy` prints a policy that does"
#define HINT_SECRET "the secret access key does not belong to this access key id"
#define HINT_KEY "the access key does not exist, or is not active, in this partition"
#define HINT_EXPIRED "the credentials have expired; renew them where they come from"
#define HINT_TOKEN "look at the token of web-identity-token-path and at the identity provider that the account trusts"

static const struct row rows[] = {
	{ "AccessDenied", ZSP_DENIED, HINT_POLICY },
	{ "AccessDeniedException", ZSP_DENIED, HINT_POLICY },
	{ "OptInRequired", ZSP_DENIED, "the account has not opted in to this service" },
	{ "InvalidClientTokenId", ZSP_AUTH, HINT_KEY },
	{ "UnrecognizedClientException", ZSP_AUTH, HINT_KEY },
	{ "InvalidAccessKeyId", ZSP_AUTH, HINT_KEY },
	{ "MissingAuthenticationToken", ZSP_AUTH, NULL },
	{ "MissingAuthenticationTokenException", ZSP_AUTH, NULL },
	{ "SignatureDoesNotMatch", ZSP_AUTH, HINT_SECRET },
	{ "InvalidSignatureException", ZSP_AUTH, HINT_SECRET },
	{ "ExpiredToken", ZSP_AUTH, HINT_EXPIRED },
	{ "ExpiredTokenException", ZSP_AUTH, HINT_EXPIRED },
	{ "RequestExpired", ZSP_CONFIG, "set this machine's clock" },
	{ "RequestTimeTooSkewed", ZSP_CONFIG, "set this machine's clock" },
	{ "InvalidIdentityToken", ZSP_AUTH, HINT_TOKEN },
	{ "IDPRejectedClaim", ZSP_AUTH, HINT_TOKEN },
	{ "IDPCommunicationError", ZSP_TRANSIENT, NULL },
	{ "NoSuchHostedZone", ZSP_NOT_FOUND, "look at the option zone-id, and whether the account is the right one" },
	{ "NoSuchChange", ZSP_NOT_FOUND, "the change is of another account, or too long ago" },
	{ "NoSuchDelegationSet", ZSP_CONFIG, "look at the option delegation-set-id" },
	{ "InvalidChangeBatch", ZSP_CONFLICT, NULL },
	{ "PriorRequestNotComplete", ZSP_TRANSIENT, "another change of this zone is still at work" },
	{ "Throttling", ZSP_RATE_LIMITED, "other clients of this account share its limit; see request-rate" },
	{ "ThrottlingException", ZSP_RATE_LIMITED, "other clients of this account share its limit; see request-rate" },
	{ "TooManyRequestsException", ZSP_RATE_LIMITED, NULL },
	{ "LimitsExceeded", ZSP_CONFIG, "the account's quota is used up" },
	{ "InvalidInput", ZSP_BUG, NULL },
	{ "InvalidDomainName", ZSP_BUG, NULL },
	{ "InvalidArgument", ZSP_BUG, NULL },
	{ "IncompleteSignature", ZSP_BUG, NULL },
	{ "MalformedXML", ZSP_BUG, NULL },
	{ "InternalError", ZSP_TRANSIENT, NULL },
	{ "InternalFailure", ZSP_TRANSIENT, NULL },
	{ "ServiceUnavailable", ZSP_TRANSIENT, NULL },
};

static const struct row *find(const char *code)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (zsp_str_is(zsp_strz(code), rows[i].code))
			return &rows[i];
	return NULL;
}

void error_init(struct api_error *error)
{
	*error = (struct api_error){ .messages = ZSP_TEXT(MAX_MESSAGES) };
}

void error_done(struct api_error *error)
{
	zsp_text_done(&error->messages);
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* Words without digits, and not as long as what is left of a token that somebody cut. */
static void set_code(struct api_error *error, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '.')
			return;
	}
	if (!n || n >= sizeof(error->code))
		return;
	memcpy(error->code, p, n);
	error->code[n] = 0;
}

static void add_message(struct api_error *error, struct zsp_str text)
{
	if (error->messages.n)
		zsp_text_addz(&error->messages, "\n");
	zsp_text_add_str(&error->messages, text);
}

/* Root/Message and Root/Messages/Message, whatever the root. */
static int32_t is_message(const char *below)
{
	return zsp_str_is(zsp_strz(below), "Message") || zsp_str_is(zsp_strz(below), "message") ||
		zsp_str_is(zsp_strz(below), "Messages/Message");
}

static void on_element(void *user, const char *path, struct zsp_str text)
{
	struct api_error *error = user;
	const char *slash = strchr(path, '/');
	struct zsp_str root = { path, slash ? (size_t)(slash - path) : strlen(path) };

	if (zsp_str_is(root, "ErrorResponse")) {
		if (slash && zsp_str_is(zsp_strz(slash), "/Error/Code"))
			set_code(error, text.p, text.n);
		else if (slash && zsp_str_is(zsp_strz(slash), "/Error/Message"))
			add_message(error, text);
	} else if (slash && is_message(slash + 1)) {
		set_code(error, root.p, root.n);
		add_message(error, text);
	}
}

/* A clock that is wrong shows as a bad signature. */
static int64_t skew(const struct zsp_http_response *response, int64_t now_ms)
{
	int64_t theirs = 0, ahead;

	if (!zsp_time_parse_http(zsp_http_answer(response, "Date"), &theirs))
		return 0;
	ahead = now_ms - theirs;
	return ahead > SKEW_MS || ahead < -SKEW_MS ? ahead : 0;
}

static int32_t may_be_the_clock(const char *code)
{
	struct zsp_str s = zsp_strz(code);

	return zsp_str_is(s, "SignatureDoesNotMatch") || zsp_str_is(s, "InvalidSignatureException") ||
		zsp_str_is(s, "RequestExpired") || zsp_str_is(s, "RequestTimeTooSkewed");
}

int32_t error_classify(struct api_error *error, const struct zsp_http_response *response, int64_t now_ms)
{
	const struct row *row;

	error->code[0] = 0;
	error->skew_ms = 0;
	zsp_text_clear(&error->messages);
	/* HTML of a gateway, or nothing: the status alone has to do. */
	if (xml_read(response->body, on_element, error) || error->messages.failed)
		error->code[0] = 0;
	if (may_be_the_clock(error->code))
		error->skew_ms = skew(response, now_ms);
	if (error->skew_ms)
		return ZSP_CONFIG;
	row = find(error->code);
	/* What is no failure of the request is not the request's failure. */
	return row && response->status < 500 ? row->class : zsp_http_class(response);
}

/* ---- saying ------------------------------------------------------------------------------------- */

static void add_printable(struct zsp_text *dst, struct zsp_str text)
{
	for (size_t i = 0; i < text.n && i < MAX_SHOWN; i++) {
		char c = text.p[i];

		if (c == '\n')
			zsp_text_addz(dst, " ");
		else
			zsp_text_add(dst, c < ' ' || c > '~' ? "?" : &c, 1);
	}
	if (text.n > MAX_SHOWN)
		zsp_text_addz(dst, "...");
}

static void add_words(const struct api_error *error, struct zsp_text *dst)
{
	const struct row *row = find(error->code);
	struct zsp_str rest = zsp_text_str(&error->messages), shown = rest;

	if (!error->code[0])
		return;
	zsp_text_addz(dst, error->code);
	if (error->messages.n) {
		zsp_text_addz(dst, ": ");
		/* Further lines of such a refusal repeat what was signed, the session token too. */
		if (row && row->class == ZSP_AUTH)
			shown = zsp_str_cut(&rest, '\n');
		add_printable(dst, shown);
	}
}

static void add_advice(const struct api_error *error, struct zsp_text *dst)
{
	const struct row *row = find(error->code);
	int64_t ahead = error->skew_ms / 1000;

	if (!error->code[0])
		return;
	if (ahead)
		zsp_text_addf(dst, "; this machine's clock is %lld s %s that of the service: set it",
			(long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of");
	else if (row && row->hint)
		zsp_text_addf(dst, "; %s", row->hint);
}

void error_explain(const struct api_error *error, struct zsp_text *dst)
{
	add_words(error, dst);
	add_advice(error, dst);
}

/* Line by line, as the lines mean something.  Of a longer line zsp_http_said() looks at the
 * beginning only, where a secret may be cut in two. */
static void hide_line(const struct zsp_http *http, struct zsp_str line, struct zsp_text *dst)
{
	if (line.n > MAX_LINE)
		zsp_text_addf(dst, "(%zu octets, too many to be shown)", line.n);
	else
		zsp_http_said(http, line, dst);
}

void error_say(const struct api_error *error, const struct zsp_http *http, struct zsp_text *dst)
{
	struct api_error shown;
	struct zsp_str rest = zsp_text_str(&error->messages);
	struct zsp_text code = ZSP_TEXT(2 * sizeof(shown.code));

	error_init(&shown);
	shown.skew_ms = error->skew_ms;
	/* A code is a word of a table, or unknown and no better than a message. */
	hide_line(http, zsp_strz(error->code), &code);
	if (zsp_str_is(zsp_text_str(&code), error->code))
		memcpy(shown.code, error->code, sizeof(shown.code));
	else if (error->code[0])
		memcpy(shown.code, "[redacted]", sizeof("[redacted]"));
	while (rest.n) {
		if (shown.messages.n)
			zsp_text_addz(&shown.messages, "\n");
		hide_line(http, zsp_str_cut(&rest, '\n'), &shown.messages);
	}
	error_explain(&shown, dst);
	zsp_text_done(&code);
	error_done(&shown);
}

int32_t error_is_expiry(const struct api_error *error)
{
	return zsp_str_is(zsp_strz(error->code), "ExpiredToken") ||
		zsp_str_is(zsp_strz(error->code), "ExpiredTokenException");
}
