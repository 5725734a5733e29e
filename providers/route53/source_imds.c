/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of the instance's role from its metadata service, version 2: a
 * session token, the role's name, its keys.
 */
#include "credentials.h"

enum {
	CONNECT_MS = 1000, EXCHANGE_MS = 5000, ATTEMPTS = 2, MAX_SESSION = 1024, MAX_ANSWER = 64 * 1024, MAX_PATH =
	512, MAX_ROLE = 128
};

#define TOKEN_PATH "/latest/api/token"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"
#define TTL_SECONDS "21600"

struct session {
	struct credentials *credentials;
	struct zsp_http *http;
	struct zsp_text token;
	char role[MAX_ROLE + 1];
};

static int32_t is_meant(const struct credentials *credentials)
{
	const struct settings *settings = credentials->settings;

	return settings_number(settings, OPT_IMDS) && !settings_number(settings, OPT_IMDS_DISABLED);
}

/* ---- the client ------------------------------------------------------------------------------------ */

/* HTTP without TLS is how this service works; it never leaves the machine. */
static int32_t is_link_local(struct zsp_str url)
{
	static const char *const hosts[] = { "http://169.254.169.254", "http://[fd00:ec2::254]" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t n = zsp_strz(hosts[i]).n;

		if (zsp_str_starts(url, hosts[i]) && (url.n == n || url.p[n] == '/' || url.p[n] == ':'))
			return 1;
	}
	return 0;
}

static struct zsp_http *connect_imds(struct credentials *credentials)
{
	struct zsp_str url = settings_text(credentials->settings, OPT_IMDS_URL);
	const struct zsp_http_spec spec = {
		.base_url = url,
		.plain = is_link_local(url) ? ZSP_PLAIN_ALWAYS : ZSP_PLAIN_LOOPBACK,
		.no_proxy = 1,
		.timeout_ms = EXCHANGE_MS,
		.connect_ms = CONNECT_MS,
		.attempts = ATTEMPTS,
		.max_body = MAX_ANSWER,
		.ca_file = settings_text(credentials->settings, OPT_CA_FILE),
	};

	return zsp_http_new(credentials->host, &spec);
}

/* Not to be on such a machine is the usual reason for no answer. */
static int32_t no_answer(struct session *s)
{
	struct zsp_str url = settings_text(s->credentials->settings, OPT_IMDS_URL);

	return credentials_failf(s->credentials, ZSP_CONFIG,
		"no credentials: none are configured, and no instance metadata service answers at %.*s; give "
		"access-key-id and secret-access-key-file, or credentials-path, or web-identity-token-path and role-arn "
		"(in a container on an instance: its hop limit may be too small)",
		(int)url.n, url.p);
}

static int32_t ask(struct session *s, const struct zsp_http_request *request, const char *what, struct zsp_str *ret)
{
	struct zsp_http_response response = { .status = 0 };
	int32_t class = zsp_http_send(s->http, request, &response);

	*ret = response.body;
	if (class == ZSP_OK)
		return class;
	if (!response.status)
		return no_answer(s);
	if (class == ZSP_NOT_FOUND)
		class = ZSP_CONFIG;
	credentials_notef(s->credentials, "cannot %s: HTTP status %d", what, (int)response.status);
	return zsp_http_fail(s->http, class, &response, what,
		class == ZSP_CONFIG ? zsp_strz("does the instance have a role?") : zsp_strz(""));
}

static int32_t get(struct session *s, struct zsp_str path, const char *what, struct zsp_str *ret)
{
	const struct zsp_http_header header = { ZSP_STR("x-aws-ec2-metadata-token"), zsp_text_str(&s->token) };
	const struct zsp_http_request request = { .method = "GET", .path = path, .headers = &header, .nheaders = 1 };

	return ask(s, &request, what, ret);
}

/* ---- the three steps ------------------------------------------------------------------------------- */

static int32_t strange(struct session *s, const char *what)
{
	return credentials_failf(s->credentials, ZSP_TRANSIENT, "the instance metadata service answers with %s", what);
}

static int32_t begin_session(struct session *s)
{
	static const struct zsp_http_header header = { ZSP_STR("x-aws-ec2-metadata-token-ttl-seconds"), ZSP_STR(TTL_SECONDS) };
	static const struct zsp_http_request request = { .method = "PUT", .path = ZSP_STR(TOKEN_PATH), .headers = &header,
							 .nheaders = 1, .body = { "", 0 }, .content_type = ZSP_STR("text/plain") };
	struct zsp_str answer;
	int32_t class = ask(s, &request, "begin a session of the instance metadata service", &answer);

	if (class != ZSP_OK)
		return class;
	answer = zsp_str_trim(answer);
	for (size_t i = 0; i < answer.n; i++)
		if (answer.p[i] <= ' ' || answer.p[i] > '~')
			return strange(s, "something that is no token");
	zsp_text_add_str(&s->token, answer);
	return !answer.n || s->token.failed ? strange(s, "something that is no token") : ZSP_OK;
}

static int32_t hide_session(struct session *s)
{
	if (zsp_http_redact(s->http, zsp_text_str(&s->token)) == ZSP_OK)
		return ZSP_OK;
	return credentials_failf(s->credentials, ZSP_BUG,
		"the session token of the instance metadata service cannot be kept out of messages");
}

/* The alphabet of names of roles. */
static int32_t is_role_octet(char c)
{
	static const char others[] = "+=,.@_-";

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return 1;
	for (const char *p = others; *p; p++)
		if (c == *p)
			return 1;
	return 0;
}

static int32_t find_role(struct session *s)
{
	struct zsp_str answer, role;
	int32_t class = get(s, zsp_strz(ROLE_PATH), "ask the instance metadata service for the role", &answer);

	if (class != ZSP_OK)
		return class;
	role = zsp_str_trim(zsp_str_cut(&answer, '\n'));
	if (!role.n || role.n > MAX_ROLE)
		return strange(s, "no role");
	for (size_t i = 0; i < role.n; i++) {
		if (!is_role_octet(role.p[i]))
			return strange(s, "a role whose name is none");
		s->role[i] = role.p[i];
	}
	s->role[role.n] = 0;
	return ZSP_OK;
}

static int32_t take_keys(struct session *s, struct zsp_json root, struct keys *ret)
{
	if (!zsp_str_is(zsp_json_text(root, "Code"), "Success"))
		return strange(s, "credentials that are none (Code is not Success)");
	zsp_text_add_str(&ret->access, zsp_json_text(root, "AccessKeyId"));
	zsp_text_add_str(&ret->secret, zsp_json_text(root, "SecretAccessKey"));
	zsp_text_add_str(&ret->token, zsp_json_text(root, "Token"));
	if (keys_fault(ret))
		return strange(s, keys_fault(ret));
	if (!zsp_time_parse(zsp_json_text(root, "Expiration"), &ret->expires_ms))
		return strange(s, "credentials that do not say when they end");
	return ZSP_OK;
}

static int32_t get_keys(struct session *s, struct keys *ret)
{
	struct zsp_text path = ZSP_TEXT(MAX_PATH);
	struct zsp_json_doc *doc = NULL;
	struct zsp_str answer;
	int32_t class;

	zsp_text_addz(&path, ROLE_PATH);
	zsp_text_add_escaped(&path, zsp_strz(s->role));
	class = get(s, zsp_text_str(&path), "get the credentials of the role from the instance metadata service", &answer);
	if (class == ZSP_OK) {
		doc = zsp_json_parse(answer, NULL);
		class = doc ? take_keys(s, zsp_json_root(doc), ret) : strange(s, "something that is no JSON");
	}
	zsp_json_free(doc);
	zsp_text_done(&path);
	return class;
}

static int32_t fetch(struct credentials *credentials, struct keys *ret)
{
	struct session s = { .credentials = credentials, .token = ZSP_TEXT_SECRET(MAX_SESSION) };
	int32_t class;

	s.http = connect_imds(credentials);
	if (!s.http) {
		credentials_notef(credentials, "there is no way to reach the instance metadata service; look at imds-url and ca-file");
		return ZSP_CONFIG;
	}
	class = credentials_hide(credentials, s.http);
	if (class == ZSP_OK)
		class = begin_session(&s);
	if (class == ZSP_OK)
		class = hide_session(&s);
	if (class == ZSP_OK)
		class = find_role(&s);
	if (class == ZSP_OK)
		class = get_keys(&s, ret);
	if (class == ZSP_OK)
		zsp_text_add_str(&ret->proof, zsp_text_str(&s.token));
	zsp_http_free(s.http);
	zsp_text_done(&s.token);
	return class;
}

const struct source source_imds = { "the instance metadata service", is_meant, fetch, 1 };
