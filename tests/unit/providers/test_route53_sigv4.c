/* SPDX-License-Identifier: Apache-2.0 */
/* Signature Version 4 by the vectors of its own test suite and of Route 53 requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "providers/route53/sigv4.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DATE "20150830T123600Z"
#define WHEN INT64_C(1440938160000)
#define BODY \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><ChangeResourceRecordSetsRequest " \
	"xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes><Change><Action>UPSERT</Action>" \
	"<ResourceRecordSet><Name>_acme-challenge.example.com.</Name><Type>TXT</Type><TTL>60</TTL><ResourceRecords>" \
	"<ResourceRecord><Value>\"v\"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes>" \
	"</ChangeBatch></ChangeResourceRecordSetsRequest>"

struct vector {
	const char *label, *service, *method, *path, *query, *host, *body, *type, *token;
	const char *hash;	/* of the canonical request; NULL = not given */
	const char *signature;
};

static const struct vector vectors[] = {
	{ "get-vanilla", "service", "GET", "/", "", "example.amazonaws.com", NULL, NULL, NULL,
	  "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "post-vanilla", "service", "POST", "/", "", "example.amazonaws.com", NULL, NULL, NULL, NULL,
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ "list of zones", "route53", "GET", "/2013-04-01/hostedzonesbyname", "dnsname=example.com&maxitems=1",
	  "route53.amazonaws.com", NULL, NULL, NULL, "aa4bcd295b6d7d39a59d3c419700a349cc44a9eb5e47dbe5fdf23e95de871cfa",
	  "3c862b4933bbddc83d92bdc77ce9d510369814571181b53a54d4d7c6555e4994" },
	{ "change with a session token", "route53", "POST", "/2013-04-01/hostedzone/Z1D633PJN98FT9/rrset/", "",
	  "route53.amazonaws.com", BODY, "text/xml", "TOKEN",
	  "86617fd25c737f70a0488c3498566f83da446db77208c6c9f121dd3c60e49e2d",
	  "7521c234ae78ada682cb32de5aa1e064bb7f8437fe8ccafbbaa9c58c31ab1337" },
};

struct made { struct sigv4_request request; struct zsp_http_header headers[4]; struct sigv4_signer signer; };

static struct zsp_str text(const char *z)
{
	return z ? zsp_strz(z) : (struct zsp_str){ NULL, 0 };
}

/* In no good order: sorting is what is tested, too. */
static void make(const struct vector *v, struct made *m)
{
	uint32_t n = 0;

	m->headers[n++] = (struct zsp_http_header){ ZSP_STR("X-Amz-Date"), ZSP_STR(DATE) };
	if (v->token)
		m->headers[n++] = (struct zsp_http_header){ ZSP_STR("x-amz-security-token"), text(v->token) };
	m->headers[n++] = (struct zsp_http_header){ ZSP_STR("Host"), text(v->host) };
	if (v->type)
		m->headers[n++] = (struct zsp_http_header){ ZSP_STR("Content-Type"), text(v->type) };
	m->request = (struct sigv4_request){ v->method, text(v->path), text(v->query), m->headers, n, text(v->body) };
	m->signer = (struct sigv4_signer){ ZSP_STR("AKIDEXAMPLE"), ZSP_STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
					   ZSP_STR("us-east-1"), text(v->service), WHEN };
}

static void check_canonical(const struct vector *v, const struct made *m)
{
	struct zsp_text canonical = ZSP_TEXT(65536);
	char hash[SIGV4_HEX];

	assert_true(sigv4_canonical(&m->request, &canonical));
	assert_true(sigv4_hash(zsp_text_str(&canonical), hash));
	if (v->hash)
		assert_string_equal(hash, v->hash);
	zsp_text_done(&canonical);
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct zsp_text authorization = ZSP_TEXT(1024);
		struct made m;
		char end[80];

		print_message("%s\n", vectors[i].label);
		make(&vectors[i], &m);
		check_canonical(&vectors[i], &m);
		assert_true(sigv4_sign(&m.signer, &m.request, &authorization));
		(void)snprintf(end, sizeof(end), "Signature=%s", vectors[i].signature);
		assert_true(zsp_str_ends(zsp_text_str(&authorization), end));
		zsp_text_done(&authorization);
	}
}

static void test_header_has_scope_and_names_in_order(void **state)
{
	struct zsp_text authorization = ZSP_TEXT(1024);
	struct made m;

	(void)state;
	make(&vectors[3], &m);
	assert_true(sigv4_sign(&m.signer, &m.request, &authorization));
	assert_string_equal(zsp_text_str(&authorization).p,
			    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/route53/aws4_request, "
			    "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
			    "Signature=7521c234ae78ada682cb32de5aa1e064bb7f8437fe8ccafbbaa9c58c31ab1337");
	zsp_text_done(&authorization);
}

/* By name, not by the text of the pair: "-" is before "=". */
static void test_query_is_sorted_by_name_then_value(void **state)
{
	static const struct { const char *query, *canonical; } rows[] = {
		{ "", "" },
		{ "b=2&a=1", "a=1&b=2" },
		{ "a=2&a=1", "a=1&a=2" },
		{ "a-b=1&a=2", "a=2&a-b=1" },
		{ "flag", "flag=" },
		{ "type=TXT&name=%2A.x&maxitems=1", "maxitems=1&name=%2A.x&type=TXT" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zsp_text canonical = ZSP_TEXT(1024);
		const struct sigv4_request request = { .method = "GET", .path = ZSP_STR("/"), .query = text(rows[i].query) };
		struct zsp_str rest;

		assert_true(sigv4_canonical(&request, &canonical));
		rest = zsp_text_str(&canonical);
		(void)zsp_str_cut(&rest, '\n');
		(void)zsp_str_cut(&rest, '\n');
		assert_true(zsp_str_is(zsp_str_cut(&rest, '\n'), rows[i].canonical));
		zsp_text_done(&canonical);
	}
}

static void test_header_values_lose_needless_blanks(void **state)
{
	const struct zsp_http_header header = { ZSP_STR("My-Header"), ZSP_STR("  a   b  c ") };
	const struct sigv4_request request = { .method = "GET", .headers = &header, .nheaders = 1 };
	struct zsp_text canonical = ZSP_TEXT(1024);

	(void)state;
	assert_true(sigv4_canonical(&request, &canonical));
	assert_string_equal(zsp_text_str(&canonical).p,
			    "GET\n/\n\nmy-header:a b c\n\nmy-header\n"
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	zsp_text_done(&canonical);
}

static void test_too_much_is_refused(void **state)
{
	static struct zsp_http_header many[17];
	struct sigv4_request request = { .method = "GET", .query = ZSP_STR("1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17") };
	struct zsp_text canonical = ZSP_TEXT(1024);
	struct made m;
	char secret[300];

	(void)state;
	assert_false(sigv4_canonical(&request, &canonical));
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct zsp_http_header){ ZSP_STR("a"), ZSP_STR("b") };
	request = (struct sigv4_request){ .method = "GET", .headers = many, .nheaders = COUNT(many) };
	assert_false(sigv4_canonical(&request, &canonical));
	make(&vectors[0], &m);
	memset(secret, 's', sizeof(secret));
	m.signer.secret_key = (struct zsp_str){ secret, sizeof(secret) };
	assert_false(sigv4_sign(&m.signer, &m.request, &canonical));
	m.signer.secret_key.n = 0;
	assert_false(sigv4_sign(&m.signer, &m.request, &canonical));
	zsp_text_done(&canonical);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_header_has_scope_and_names_in_order),
		cmocka_unit_test(test_query_is_sorted_by_name_then_value),
		cmocka_unit_test(test_header_values_lose_needless_blanks),
		cmocka_unit_test(test_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
