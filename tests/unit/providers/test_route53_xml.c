/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in XML, good ones and others; what refusals mean and how they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "providers/route53/error.h"
#include "providers/route53/xml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void note(void *user, const char *path, struct zsp_str text)
{
	struct zsp_text *seen = user;

	zsp_text_addf(seen, "%s=%.*s\n", path, (int)text.n, text.p);
}

static const char *fault_of(struct zsp_str document)
{
	struct zsp_text seen = ZSP_TEXT(1 << 22);
	const char *fault = xml_read(document, note, &seen);

	zsp_text_done(&seen);
	return fault;
}

static void test_elements_come_with_their_path_and_text(void **state)
{
	struct zsp_text seen = ZSP_TEXT(4096);

	(void)state;
	assert_null(xml_read((struct zsp_str)ZSP_STR("<?xml version=\"1.0\"?><A xmlns=\"x\">\n <B><C> c&amp;&lt;&#34; </C><C/></B> "
						    "<B y=\"1\">b</B></A>\n"), note, &seen));
	assert_string_equal(zsp_text_str(&seen).p, "A/B/C= c&<\" \nA/B/C=\nA/B=\nA/B=b\nA=\n");
	zsp_text_done(&seen);
}

static void test_documents_that_are_none_are_refused(void **state)
{
	static const char *const rows[] = {
		"", " ", "text", "<a>", "<a></b>", "<a/><b/>", "<a>&other;</a>", "<a>\xff</a>", "{\"a\": 1}",
		"<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY e \"eeee\">]><a>&e;</a>",
		"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i]);
		assert_non_null(fault_of(zsp_strz(rows[i])));
	}
}

static void repeat(struct zsp_text *text, const char *part, size_t times)
{
	for (size_t i = 0; i < times; i++)
		zsp_text_addz(text, part);
}

static void test_too_much_is_refused(void **state)
{
	struct zsp_text deep = ZSP_TEXT(1 << 20), wide = ZSP_TEXT(1 << 22), long_text = ZSP_TEXT(1 << 20);
	struct zsp_text long_name = ZSP_TEXT(4096);

	(void)state;
	repeat(&deep, "<a>", 17);
	repeat(&deep, "</a>", 17);
	assert_string_equal(fault_of(zsp_text_str(&deep)), "elements are nested too deeply");
	zsp_text_addz(&wide, "<a>");
	repeat(&wide, "<b/>", 100001);
	zsp_text_addz(&wide, "</a>");
	assert_string_equal(fault_of(zsp_text_str(&wide)), "too many elements");
	zsp_text_addz(&long_text, "<a>");
	repeat(&long_text, "0123456789", 1700);
	zsp_text_addz(&long_text, "</a>");
	assert_string_equal(fault_of(zsp_text_str(&long_text)), "the text of an element is too long");
	zsp_text_addz(&long_name, "<");
	repeat(&long_name, "n", 300);
	zsp_text_addz(&long_name, "/>");
	assert_string_equal(fault_of(zsp_text_str(&long_name)), "the names of elements are too long");
	zsp_text_done(&deep);
	zsp_text_done(&wide);
	zsp_text_done(&long_text);
	zsp_text_done(&long_name);
}

#define ERROR(code, message) \
	"<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>" code "</Code><Message>" message \
	"</Message></Error><RequestId>r</RequestId></ErrorResponse>"

static int32_t classify(struct api_error *error, int32_t status, const char *body)
{
	const struct zsp_http_response response = { .status = status, .body = zsp_strz(body) };

	return error_classify(error, &response, 0);
}

static void test_codes_have_classes(void **state)
{
	static const struct { int32_t status; const char *body; int32_t class; } rows[] = {
		{ 403, ERROR("AccessDenied", "m"), ZSP_DENIED },
		{ 403, ERROR("InvalidClientTokenId", "m"), ZSP_AUTH },
		{ 403, ERROR("SignatureDoesNotMatch", "m"), ZSP_AUTH },
		{ 403, ERROR("ExpiredToken", "m"), ZSP_AUTH },
		{ 403, ERROR("RequestExpired", "m"), ZSP_CONFIG },
		{ 404, ERROR("NoSuchHostedZone", "m"), ZSP_NOT_FOUND },
		{ 404, ERROR("NoSuchChange", "m"), ZSP_NOT_FOUND },
		{ 400, ERROR("Throttling", "Rate exceeded"), ZSP_RATE_LIMITED },
		{ 400, ERROR("ThrottlingException", "Rate exceeded"), ZSP_RATE_LIMITED },
		{ 400, ERROR("PriorRequestNotComplete", "m"), ZSP_TRANSIENT },
		{ 400, ERROR("InvalidChangeBatch", "[a, b]"), ZSP_CONFLICT },
		{ 400, "<InvalidChangeBatch xmlns=\"x\"><Messages><Message>a</Message><Message>b</Message></Messages>"
		       "<RequestId>r</RequestId></InvalidChangeBatch>", ZSP_CONFLICT },
		{ 400, ERROR("InvalidInput", "m"), ZSP_BUG },
		{ 400, ERROR("SomethingNew", "m"), ZSP_CONFIG },
		{ 500, ERROR("InternalFailure", "m"), ZSP_TRANSIENT },
		{ 503, ERROR("AccessDenied", "odd"), ZSP_TRANSIENT },
		{ 502, "<html><body>Bad Gateway</body></html>", ZSP_TRANSIENT },
		{ 403, "no XML", ZSP_DENIED },
		{ 403, "", ZSP_DENIED },
	};
	struct api_error error;

	(void)state;
	error_init(&error);
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].body);
		assert_int_equal(classify(&error, rows[i].status, rows[i].body), rows[i].class);
	}
	error_done(&error);
}

static void test_explanation_has_code_message_and_what_to_do(void **state)
{
	struct zsp_text text = ZSP_TEXT(1024);
	struct api_error error;

	(void)state;
	error_init(&error);
	(void)classify(&error, 403, ERROR("AccessDenied", "User: arn:aws:iam::1:user/x is not authorized to perform: "
							  "route53:GetChange"));
	error_explain(&error, &text);
	assert_non_null(strstr(zsp_text_str(&text).p, "AccessDenied: User: arn:aws:iam::1:user/x is not authorized to perform: "
						     "route53:GetChange; grant it"));
	zsp_text_clear(&text);
	(void)classify(&error, 400, "<InvalidChangeBatch><Messages><Message>one&#7;\xc2\xa0</Message><Message>two</Message></Messages>"
				    "</InvalidChangeBatch>");
	error_explain(&error, &text);
	assert_string_equal(zsp_text_str(&text).p, "");
	zsp_text_clear(&text);
	(void)classify(&error, 400, "<InvalidChangeBatch><Messages><Message>one\xc2\xa0</Message><Message>two</Message></Messages>"
				    "</InvalidChangeBatch>");
	error_explain(&error, &text);
	assert_string_equal(zsp_text_str(&text).p, "InvalidChangeBatch: one?? two");
	zsp_text_done(&text);
	error_done(&error);
}

static int32_t on_fail(const struct zsp_host *host, int32_t class, int64_t retry, const char *text, size_t n)
{
	(void)host;
	(void)retry;
	(void)text;
	(void)n;
	return class;
}

static void test_secrets_that_the_service_repeats_are_not_said(void **state)
{
	static const struct zsp_host host = { .head = ZSP_HEAD(struct zsp_host, 0), .fail = on_fail };
	static const struct zsp_http_spec spec = { .base_url = ZSP_STR("https://localhost") };
	static const char secret[] = "ReallySecretTextIndeed";
	static const struct { const char *body, *said; } rows[] = {
		{ ERROR("Strange", "one ReallySecretTextIndeed two"), "Strange: one [redacted] two" },
		{ ERROR("Strange", "ReallySecretTextIndeed\n5265616c6c7953656372657454657874496e64656564"), "Strange: [redacted] [redacted]" },
		{ ERROR("ReallySecretTextIndeed", "m"), "[redacted]: m" },
		{ "<ReallySecretTextIndeed><Message>m</Message></ReallySecretTextIndeed>", "[redacted]: m" },
		{ ERROR("SignatureDoesNotMatch", "no\nReallySecretTextIndeed"),
		  "SignatureDoesNotMatch: no; the secret access key does not belong to this access key id" },
		{ "<html>ReallySecretTextIndeed</html>", "" },
	};
	struct zsp_http *http = zsp_http_new(&host, &spec);
	struct zsp_text text = ZSP_TEXT(4096);
	struct api_error error;

	(void)state;
	assert_non_null(http);
	assert_int_equal(zsp_http_redact(http, zsp_strz(secret)), ZSP_OK);
	error_init(&error);
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].body);
		(void)classify(&error, 403, rows[i].body);
		zsp_text_clear(&text);
		error_say(&error, http, &text);
		assert_string_equal(zsp_text_str(&text).p, rows[i].said);
	}
	zsp_text_done(&text);
	error_done(&error);
	zsp_http_free(http);
}

/* A secret that would be cut in two is in no part that is shown. */
static void test_lines_too_long_to_be_looked_at_are_not_said(void **state)
{
	static const struct zsp_host host = { .head = ZSP_HEAD(struct zsp_host, 0), .fail = on_fail };
	static const struct zsp_http_spec spec = { .base_url = ZSP_STR("https://localhost") };
	struct zsp_http *http = zsp_http_new(&host, &spec);
	struct zsp_text text = ZSP_TEXT(4096);
	struct api_error error;

	(void)state;
	error_init(&error);
	memcpy(error.code, "Strange", sizeof("Strange"));
	for (int i = 0; i < 9000; i++)
		zsp_text_addz(&error.messages, "m");
	error_say(&error, http, &text);
	assert_string_equal(zsp_text_str(&text).p, "Strange: (9000 octets, too many to be shown)");
	zsp_text_done(&text);
	error_done(&error);
	zsp_http_free(http);
}

/* The service repeats all that was signed, and among it the session token. */
static void test_refused_signature_is_told_without_what_was_signed(void **state)
{
	struct zsp_text text = ZSP_TEXT(4096);
	struct api_error error;

	(void)state;
	error_init(&error);
	(void)classify(&error, 403, ERROR("SignatureDoesNotMatch", "The signature does not match.\n\nThe Canonical String was\n'GET\n"
								   "x-amz-security-token:SECRETTOKEN'"));
	error_explain(&error, &text);
	assert_null(strstr(zsp_text_str(&text).p, "SECRETTOKEN"));
	assert_non_null(strstr(zsp_text_str(&text).p, "The signature does not match.; the secret access key"));
	zsp_text_done(&text);
	error_done(&error);
}

static void test_codes_of_another_alphabet_do_not_count(void **state)
{
	struct zsp_text text = ZSP_TEXT(1024);
	struct api_error error;

	(void)state;
	error_init(&error);
	assert_int_equal(classify(&error, 403, ERROR("Access\nDenied", "m")), ZSP_DENIED);
	assert_string_equal(error.code, "");
	error_explain(&error, &text);
	assert_int_equal(text.n, 0);
	/* nor does what looks like a piece of a token */
	assert_int_equal(classify(&error, 400, ERROR("wJalrXUtnFEMI7MDENGbPxRfiCYEXAMPLEKEY", "m")), ZSP_CONFIG);
	assert_string_equal(error.code, "");
	assert_int_equal(classify(&error, 400, ERROR("AbcdefghijAbcdefghijAbcdefghijAbcdefghijAbcdefgh", "m")), ZSP_CONFIG);
	assert_string_equal(error.code, "");
	assert_int_equal(classify(&error, 400, ERROR("InvalidKMSArn.Strange", "m")), ZSP_CONFIG);
	assert_string_equal(error.code, "InvalidKMSArn.Strange");
	zsp_text_done(&text);
	error_done(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements_come_with_their_path_and_text),
		cmocka_unit_test(test_documents_that_are_none_are_refused),
		cmocka_unit_test(test_too_much_is_refused),
		cmocka_unit_test(test_codes_have_classes),
		cmocka_unit_test(test_explanation_has_code_message_and_what_to_do),
		cmocka_unit_test(test_secrets_that_the_service_repeats_are_not_said),
		cmocka_unit_test(test_lines_too_long_to_be_looked_at_are_not_said),
		cmocka_unit_test(test_refused_signature_is_told_without_what_was_signed),
		cmocka_unit_test(test_codes_of_another_alphabet_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
