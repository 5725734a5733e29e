/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault as a process: what it signs, refuses, keeps and gives back.  Each
 * test has a state directory of its own.
 */
#include "drive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/b64url.h"
#include "ipc/frame.h"

#define S(text) zs_slice_str(text)
static const struct zs_msg_vault_list list_all;
static const struct zs_msg_vault_journal journal_all;
static const char account_url[] = "https://ca.example/acct/1";
static const char token[] = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
static const char key_authorization[] = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

/* ---- fixtures --------------------------------------------------------------------------- */

static struct zs_slice origins[] = { { (const uint8_t *)"https://ca.example", 18 }, { (const uint8_t *)"https://other.example:8443", 26 } };
static struct zs_slice contacts[] = { { (const uint8_t *)"mailto:a@example.test", 21 } };
static struct zs_name names[2];

static struct zs_msg_vault_job job_order(uint32_t job, const char *certificate)
{
	assert_true(zs_name_parse(S("example.test"), ZS_NAME_HOST, &names[0], NULL));
	assert_true(zs_name_parse(S("*.example.test"), ZS_NAME_HOST, &names[1], NULL));
	return (struct zs_msg_vault_job){
		.job = job, .certificate = S(certificate), .ca = S("le"), .origins = { origins, 2 }, .contacts = { contacts, 1 },
		.agree_terms = true, .identifiers = { names, 2 }, .key_group = -1,
	};
}

static struct drive *start(const char *dir)
{
	struct drive *d = drive_start(dir, NULL);

	if (d == NULL)
		skip();
	return d;
}

static struct zs_msg_sign sign_of(uint32_t job, const char *url)
{
	return (struct zs_msg_sign){ .job = job, .url = S(url), .nonce = S("nonce-_1") };
}

static void set_account(struct drive *d, uint32_t job, const char *url)
{
	struct zs_msg_account set = { .job = job, .url = S(url) };

	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_SET, &set)->code, 0);
}

/* A job with an account, ready to sign. */
static const struct answer *start_job(struct drive *d, uint32_t job, const char *certificate)
{
	struct zs_msg_vault_job order = job_order(job, certificate);
	const struct answer *a = drive_front(d, ZS_MSG_VAULT_JOB, &order);

	if (a->code != 0)
		print_message("%s\n", a->text);
	assert_int_equal(a->code, 0);
	return a;
}

static struct zs_buf file_text(const char *dir, const char *path)
{
	struct zs_buf text = ZS_BUF(1 << 20);
	char full[8192];
	FILE *f;
	int c;

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	f = fopen(full, "r");
	if (f == NULL)
		return text;
	while ((c = fgetc(f)) != EOF)
		zs_buf_add_byte(&text, (uint8_t)c);
	(void)fclose(f);
	return text;
}

static void write_text(const char *dir, const char *path, const char *text)
{
	char full[8192];
	FILE *f;

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	f = fopen(full, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
}

static bool exists(const char *dir, const char *path)
{
	char full[8192];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	return lstat(full, &st) == 0;
}

static unsigned mode_of(const char *dir, const char *path)
{
	char full[8192];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	assert_int_equal(lstat(full, &st), 0);
	return st.st_mode & 07777;
}

static unsigned count_in(const char *dir, const char *path)
{
	char full[8192];
	struct dirent *e;
	unsigned n = 0;
	DIR *handle;

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	handle = opendir(full);
	if (handle == NULL)
		return 0;
	while ((e = readdir(handle)) != NULL)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(handle);
	return n;
}

/* ---- certificates made here --------------------------------------------------------------- */

static char *certificate_for(const uint8_t *spki, size_t len)
{
	EVP_PKEY *subject = d2i_PUBKEY(NULL, &spki, (long)len), *ca = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;
	char *copy;

	assert_non_null(subject);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, subject);
	assert_true(X509_sign(x, ca, EVP_sha256()) > 0);
	PEM_write_bio_X509(bio, x);
	n = BIO_get_mem_data(bio, &text);
	copy = strndup(text, (size_t)n);
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(subject);
	EVP_PKEY_free(ca);
	return copy;
}

static char *foreign_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	char *pem = certificate_for(der, (size_t)n);

	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return pem;
}

static const struct answer *store(struct drive *d, uint32_t job, const char *chain)
{
	struct zs_msg_store m = { .job = job, .chain = S(chain), .not_before = 1000, .not_after = 2000, .issuer = S("Test\n\x1b[31m CA"),
				  .serial = S("01") };

	return drive_engine(d, ZS_MSG_STORE, &m);
}

static void finalize(struct drive *d, uint32_t job)
{
	struct zs_msg_sign m = sign_of(job, "https://ca.example/finalize/7");

	m.order_url = S("https://ca.example/order/7");
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_FINALIZE, &m)->code, 0);
}

/* A whole issuance of one certificate. */
static void issue(struct drive *d, uint32_t job, const char *certificate)
{
	const struct answer *a = start_job(d, job, certificate);
	char *pem = certificate_for(a->spki, a->spki_len);
	struct zs_msg_vault_job_end end = { .job = job };

	set_account(d, job, account_url);
	finalize(d, job);
	assert_int_equal(store(d, job, pem)->code, 0);
	drive_note(d, ZS_MSG_VAULT_JOB_END, &end);
	free(pem);
}

/* ---- JWS checked with the key from the disk ------------------------------------------------- */

struct jws {
	char *header, *payload;
};

static char *member(const char *body, const char *name)
{
	char key[32];
	const char *from, *to;

	(void)snprintf(key, sizeof(key), "\"%s\":\"", name);
	from = strstr(body, key);
	assert_non_null(from);
	from += strlen(key);
	to = strchr(from, '"');
	return strndup(from, (size_t)(to - from));
}

static char *decoded(const char *text)
{
	struct zs_buf out = ZS_BUF(1 << 20);
	char *copy;

	if (*text != '\0')
		assert_true(zs_b64url_decode(&out, S(text)));
	copy = strdup(zs_buf_str(&out));
	zs_buf_done(&out);
	return copy;
}

static EVP_PKEY *account_key(const char *dir)
{
	struct zs_buf pem = file_text(dir, "accounts/le/account.key.pem");
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	assert_non_null(key);
	BIO_free(bio);
	zs_buf_done(&pem);
	return key;
}

static void check_signature(const char *dir, const char *protected, const char *payload, const char *signature)
{
	EVP_PKEY *key = account_key(dir);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct zs_buf raw = ZS_BUF(1024);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	char *input;
	int n;

	assert_true(zs_b64url_decode(&raw, S(signature)));
	assert_int_equal(raw.len, 64);
	ECDSA_SIG_set0(sig, BN_bin2bn(raw.data, 32, NULL), BN_bin2bn(raw.data + 32, 32, NULL));
	n = i2d_ECDSA_SIG(sig, &der);
	assert_true(asprintf(&input, "%s.%s", protected, payload) > 0);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(ctx, der, (size_t)n, (unsigned char *)input, strlen(input)), 1);
	free(input);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	zs_buf_done(&raw);
}

static struct jws open_jws(const char *dir, const char *body)
{
	char *protected = member(body, "protected"), *payload = member(body, "payload"), *signature = member(body, "signature");
	struct jws jws = { .header = decoded(protected), .payload = decoded(payload) };

	check_signature(dir, protected, payload, signature);
	free(protected);
	free(payload);
	free(signature);
	return jws;
}

static void free_jws(struct jws *jws)
{
	free(jws->header);
	free(jws->payload);
}

static void expect_signed(struct drive *d, const char *dir, uint32_t type, const struct zs_msg_sign *m, const char *header,
			  const char *payload)
{
	const struct answer *a = drive_engine(d, type, m);
	struct jws jws;

	if (a->code != 0)
		print_message("%s\n", a->text);
	assert_int_equal(a->code, 0);
	jws = open_jws(dir, a->body);
	if (header != NULL)
		assert_string_equal(jws.header, header);
	if (payload != NULL)
		assert_string_equal(jws.payload, payload);
	free_jws(&jws);
}

#define KID(url) "{\"alg\":\"ES256\",\"kid\":\"https://ca.example/acct/1\",\"nonce\":\"nonce-_1\",\"url\":\"" url "\"}"

/* ---- tests: signing ---------------------------------------------------------------------------- */

static void test_sign_when_whole_flow_expect_verifiable_requests(void **state)
{
	char *dir = drive_tmp(), *pem;
	struct drive *d = start(dir);
	struct zs_msg_sign m = sign_of(1, "https://ca.example/new-account");
	const struct answer *a = start_job(d, 1, "www");
	struct jws jws;

	(void)state;
	assert_true(a->account_key_new);
	assert_string_equal(a->account_url, "");
	assert_string_equal(a->order_url, "");
	pem = certificate_for(a->spki, a->spki_len);

	a = drive_engine(d, ZS_MSG_SIGN_READ, &m);
	assert_int_equal(a->code, ZS_E_CA_ACCOUNT);
	a = drive_engine(d, ZS_MSG_SIGN_NEW_ACCOUNT, &m);
	assert_int_equal(a->code, 0);
	jws = open_jws(dir, a->body);
	assert_non_null(strstr(jws.header, "{\"alg\":\"ES256\",\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\""));
	assert_null(strstr(jws.header, "kid"));
	assert_string_equal(jws.payload, "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:a@example.test\"]}");
	free_jws(&jws);

	set_account(d, 1, account_url);
	m = sign_of(1, "https://CA.example:443/new-order");
	expect_signed(d, dir, ZS_MSG_SIGN_NEW_ORDER, &m, KID("https://CA.example:443/new-order"),
		      "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"example.test\"},{\"type\":\"dns\",\"value\":\"*.example.test\"}]}");
	m = sign_of(1, "https://other.example:8443/authz/1");
	expect_signed(d, dir, ZS_MSG_SIGN_READ, &m, KID("https://other.example:8443/authz/1"), "");
	m = sign_of(1, "https://ca.example/chall/1");
	expect_signed(d, dir, ZS_MSG_SIGN_ACCEPT, &m, KID("https://ca.example/chall/1"), "{}");
	m = sign_of(1, "https://ca.example/authz/1");
	expect_signed(d, dir, ZS_MSG_SIGN_DEACTIVATE, &m, KID("https://ca.example/authz/1"), "{\"status\":\"deactivated\"}");

	assert_false(exists(dir, "certificates/www/pending"));
	finalize(d, 1);
	assert_true(exists(dir, "certificates/www/pending/privkey.pem"));
	a = store(d, 1, pem);
	assert_int_equal(a->code, 0);
	assert_int_equal(a->generation, 1);
	assert_false(exists(dir, "certificates/www/pending"));
	assert_int_equal(store(d, 1, pem)->code, ZS_E_BUG);
	assert_int_equal(mode_of(dir, "certificates/www/current/privkey.pem"), 0600);
	assert_int_equal(mode_of(dir, "certificates/www/current/combined.pem"), 0600);
	assert_int_equal(mode_of(dir, "accounts/le/account.key.pem"), 0600);
	assert_int_equal(mode_of(dir, "accounts"), 0700);
	assert_int_equal(mode_of(dir, "certificates"), 0700);
	assert_int_equal(drive_end(d), 0);
	free(pem);
	drive_remove(dir);
	free(dir);
}

static void test_finalize_when_decoded_expect_csr_with_our_key(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	const struct answer *a = start_job(d, 1, "www");
	struct zs_msg_sign m = sign_of(1, "https://ca.example/finalize/1");
	uint8_t spki[4096];
	size_t spki_len = a->spki_len;
	struct zs_buf der = ZS_BUF(65536);
	const unsigned char *p;
	unsigned char *again = NULL;
	struct jws jws;
	X509_REQ *req;
	char *csr;

	(void)state;
	memcpy(spki, a->spki, spki_len);
	set_account(d, 1, account_url);
	assert_int_not_equal(drive_engine(d, ZS_MSG_SIGN_FINALIZE, &m)->code, 0);	/* without the order's URL */
	m.order_url = S("https://evil.example/order/1");
	assert_int_not_equal(drive_engine(d, ZS_MSG_SIGN_FINALIZE, &m)->code, 0);
	assert_false(exists(dir, "certificates/www/pending"));
	m.order_url = S("https://ca.example/order/1");
	a = drive_engine(d, ZS_MSG_SIGN_FINALIZE, &m);
	assert_int_equal(a->code, 0);
	jws = open_jws(dir, a->body);
	csr = member(jws.payload, "csr");
	assert_true(zs_b64url_decode(&der, S(csr)));
	p = der.data;
	req = d2i_X509_REQ(NULL, &p, (long)der.len);
	assert_non_null(req);
	assert_int_equal(i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &again), spki_len);
	assert_memory_equal(again, spki, spki_len);
	OPENSSL_free(again);
	X509_REQ_free(req);
	zs_buf_done(&der);
	free(csr);
	free_jws(&jws);
	(void)drive_end(d);
	drive_remove(dir);
	free(dir);
}

static void test_sign_when_url_or_nonce_wrong_expect_refusal(void **state)
{
	static const char *const urls[] = {
		"", "http://ca.example/x", "https://", "https:///x", "https://evil.example/x", "https://ca.example.evil/x",
		"https://ca.example@evil.example/x", "https://user@ca.example/x", "https://ca.example:444/x",
		"https://ca.example:/x", "https://ca.example:0/x", "https://ca.example:99999/x", "https://other.example/x",
		"https://ca.example /x", "https://ca.example/\"x", "https://ca.example/\\x", "https://ca.example\\@evil.example/",
		"https://ca.example/x#f", "https://ca.example/\x01", "https://ca.example/\xc3\xa4", "ftp://ca.example/x",
		"https://[ca.example]/x", "https://ca.example%00/x", "//ca.example/x", "/x", "https://ca.example.:443:1/x",
	};
	static const char *const nonces[] = { "", "a b", "a=", "a+b", "a/b", "a\"b", "\x01", "n\n" };
	static const uint32_t types[] = { ZS_MSG_SIGN_NEW_ACCOUNT, ZS_MSG_SIGN_NEW_ORDER, ZS_MSG_SIGN_READ, ZS_MSG_SIGN_ACCEPT,
					  ZS_MSG_SIGN_FINALIZE, ZS_MSG_SIGN_DEACTIVATE };
	char *dir = drive_tmp(), *longest = calloc(1, ZS_MAX_URL + 2);
	struct drive *d = start(dir);

	(void)state;
	(void)start_job(d, 1, "www");
	set_account(d, 1, account_url);
	for (size_t t = 0; t < ZS_COUNT(types); t++) {
		for (size_t i = 0; i < ZS_COUNT(urls); i++) {
			struct zs_msg_sign m = sign_of(1, urls[i]);
			const struct answer *a;

			m.order_url = S("https://ca.example/order/1");
			a = drive_engine(d, types[t], &m);
			if (a->code == 0)
				print_message("accepted: type %u url %s\n", types[t], urls[i]);
			assert_int_equal(a->code, ZS_E_CA_PROTOCOL);
			assert_false(exists(dir, "certificates/www/pending"));
		}
		for (size_t i = 0; i < ZS_COUNT(nonces); i++) {
			struct zs_msg_sign m = sign_of(1, "https://ca.example/x");

			m.nonce = S(nonces[i]);
			assert_int_equal(drive_engine(d, types[t], &m)->code, ZS_E_CA_PROTOCOL);
		}
	}
	(void)snprintf(longest, ZS_MAX_URL, "https://ca.example/");
	memset(longest + strlen(longest), 'a', ZS_MAX_URL - strlen(longest));
	assert_int_equal(strlen(longest), ZS_MAX_URL);
	{
		struct zs_msg_sign m = sign_of(1, longest);

		assert_int_equal(drive_engine(d, ZS_MSG_SIGN_READ, &m)->code, 0);
		m.job = 2;
		assert_int_equal(drive_engine(d, ZS_MSG_SIGN_READ, &m)->code, ZS_E_BUG);
	}
	assert_int_equal(drive_end(d), 0);
	free(longest);
	drive_remove(dir);
	free(dir);
}

static void test_deactivate_when_account_url_in_any_spelling_expect_refusal(void **state)
{
	static const char *const urls[] = {
		"https://ca.example/acct/1", "https://CA.EXAMPLE/acct/1", "https://ca.example:443/acct/1", "HTTPS://ca.example/acct/1",
		"https://ca.example/acct/1/", "https://ca.example/acct/1//", "https://ca.example//acct/1", "https://ca.example/acct//1",
		"https://ca.example/acct/%31", "https://ca.example/%61cct/1", "https://ca.example/acct/1?", "https://ca.example/acct/1?x=1",
		"https://ca.example/./acct/1", "https://ca.example/x/../acct/1", "https://ca.example/acct/./1", "https://ca.example/ACCT/1",
		"https://ca.example/acct/1;x", "https://ca.example/acct/1#", "https://ca.example/", "https://ca.example",
		"https://ca.example/authz/%31", "https://ca.example/authz/1?a", "https://ca.example/acct/1/.",
	};
	static const char *const lost[] = { "https://ca.example/acct/old", "https://ca.example/acct/old/" };
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_account old = { .job = 1, .url = S("https://ca.example/acct/old") };
	struct zs_msg_sign good = sign_of(1, "https://ca.example/acct/11");

	(void)state;
	(void)start_job(d, 1, "www");
	set_account(d, 1, "https://ca.example/acct/old");
	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_LOST, &old)->code, 0);
	set_account(d, 1, account_url);
	for (size_t i = 0; i < ZS_COUNT(urls) + ZS_COUNT(lost); i++) {
		struct zs_msg_sign m = sign_of(1, i < ZS_COUNT(urls) ? urls[i] : lost[i - ZS_COUNT(urls)]);
		const struct answer *a = drive_engine(d, ZS_MSG_SIGN_DEACTIVATE, &m);

		if (a->code == 0)
			print_message("accepted: %s\n", (const char *)m.url.p);
		assert_int_equal(a->code, ZS_E_CA_PROTOCOL);
	}
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_DEACTIVATE, &good)->code, 0);
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

static void test_new_account_when_binding_and_profile_expect_both(void **state)
{
	static const uint8_t mac_key[32] = "0123456789abcdefghijklmnopqrstu";
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_vault_job order = job_order(1, "www");
	struct zs_msg_sign m = sign_of(1, "https://ca.example/new-account");
	const struct answer *a;
	struct jws jws;
	char *inner, *protected, *payload, *signature, *text, *input;
	struct zs_buf mac = ZS_BUF(64);
	unsigned char want[EVP_MAX_MD_SIZE];

	(void)state;
	order.eab_kid = S("kid-1");
	order.eab_key = S("MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dQA=");
	order.agree_terms = false;
	order.contacts.n = 0;
	order.profile = S("shortlived");
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_JOB, &order)->code, 0);
	a = drive_engine(d, ZS_MSG_SIGN_NEW_ACCOUNT, &m);
	assert_int_equal(a->code, 0);
	jws = open_jws(dir, a->body);
	assert_non_null(strstr(jws.payload, "{\"termsOfServiceAgreed\":false,\"externalAccountBinding\":{\"protected\":"));
	inner = strstr(jws.payload, "{\"protected\"");
	protected = member(inner, "protected");
	payload = member(inner, "payload");
	signature = member(inner, "signature");
	text = decoded(protected);
	assert_string_equal(text, "{\"alg\":\"HS256\",\"kid\":\"kid-1\",\"url\":\"https://ca.example/new-account\"}");
	free(text);
	text = decoded(payload);
	assert_non_null(strstr(jws.header, text));	/* the same JWK */
	assert_true(asprintf(&input, "%s.%s", protected, payload) > 0);
	assert_non_null(HMAC(EVP_sha256(), mac_key, 32, (unsigned char *)input, strlen(input), want, NULL));
	assert_true(zs_b64url_decode(&mac, S(signature)));
	assert_int_equal(mac.len, 32);
	assert_memory_equal(mac.data, want, 32);
	free(text);
	free(input);
	free(protected);
	free(payload);
	free(signature);
	free_jws(&jws);
	zs_buf_done(&mac);
	set_account(d, 1, account_url);
	m = sign_of(1, "https://ca.example/new-order");
	expect_signed(d, dir, ZS_MSG_SIGN_NEW_ORDER, &m, NULL,
		      "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"example.test\"},{\"type\":\"dns\",\"value\":\"*.example.test\"}],"
		      "\"profile\":\"shortlived\"}");
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

static void test_txt_values_when_tokens_expect_checked_and_hashed(void **state)
{
	static const char *const wrong[] = { "", "a.b", "a/b", "../x", "a=", "a b", "\xff" };
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_slice tokens[] = { S(token), S("abc") };
	struct zs_msg_txt_values m = { .job = 1, .tokens = { tokens, 2 } };
	const struct answer *a;
	char first[64];

	(void)state;
	(void)start_job(d, 1, "www");
	a = drive_engine(d, ZS_MSG_TXT_VALUES, &m);
	assert_int_equal(a->code, 0);
	assert_int_equal(a->n, 2);
	assert_int_equal(strlen(a->values[0]), 43);
	assert_string_not_equal(a->values[0], a->values[1]);
	for (size_t i = 0; i < 2; i++) {
		struct zs_slice text = S(a->key_authorizations[i]);
		uint8_t digest[EVP_MAX_MD_SIZE];
		struct zs_buf value = ZS_BUF(64);

		assert_true(zs_b64url_key_authorization_ok(m.tokens.items[i], text));
		assert_int_equal(EVP_Digest(text.p, text.n, digest, NULL, EVP_sha256(), NULL), 1);
		zs_b64url_encode(&value, zs_slice_of(digest, 32));
		assert_string_equal(zs_buf_str(&value), a->values[i]);
		zs_buf_done(&value);
	}
	(void)snprintf(first, sizeof(first), "%s", a->values[0]);
	assert_string_equal(drive_engine(d, ZS_MSG_TXT_VALUES, &m)->values[0], first);
	for (size_t i = 0; i < ZS_COUNT(wrong); i++) {
		tokens[1] = S(wrong[i]);
		assert_int_equal(drive_engine(d, ZS_MSG_TXT_VALUES, &m)->code, ZS_E_CA_PROTOCOL);
	}
	(void)drive_end(d);
	drive_remove(dir);
	free(dir);
}

static void test_account_when_two_jobs_expect_shared_key_and_url(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_sign m = sign_of(2, "https://ca.example/x");
	struct zs_msg_account other = { .job = 2, .url = S("https://ca.example/acct/2") };
	struct zs_msg_account own = { .job = 2, .url = S(account_url) };
	const struct answer *a;

	(void)state;
	assert_true(start_job(d, 1, "www")->account_key_new);
	assert_false(start_job(d, 2, "mail")->account_key_new);
	set_account(d, 1, account_url);
	expect_signed(d, dir, ZS_MSG_SIGN_READ, &m, KID("https://ca.example/x"), "");
	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_SET, &other)->code, ZS_E_CA_ACCOUNT);
	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_LOST, &other)->code, ZS_E_CA_ACCOUNT);
	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_LOST, &own)->code, 0);
	own.job = 1;
	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_LOST, &own)->code, 0);	/* said twice */
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_READ, &m)->code, ZS_E_CA_ACCOUNT);
	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_SET, &other)->code, 0);
	other.url = S("https://evil.example/acct/2");
	assert_int_equal(drive_engine(d, ZS_MSG_ACCOUNT_SET, &other)->code, ZS_E_CA_PROTOCOL);
	assert_int_equal(drive_end(d), 0);
	d = start(dir);
	a = start_job(d, 1, "www");
	assert_false(a->account_key_new);
	assert_string_equal(a->account_url, "https://ca.example/acct/2");
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

/* ---- tests: job orders ---------------------------------------------------------------------------- */

typedef void spoil_fn(struct zs_msg_vault_job *order);
static struct zs_slice one_slice[1];
static struct zs_name twice[2];

static void spoil_job(struct zs_msg_vault_job *o) { o->job = 0; }
static void spoil_certificate(struct zs_msg_vault_job *o) { o->certificate = S("../x"); }
static void spoil_certificate_nul(struct zs_msg_vault_job *o) { o->certificate = zs_slice_of("a\0b", 3); }
static void spoil_ca(struct zs_msg_vault_job *o) { o->ca = S(".hidden"); }
static void spoil_no_origin(struct zs_msg_vault_job *o) { o->origins.n = 0; }
static void spoil_origin(struct zs_msg_vault_job *o) { one_slice[0] = S("http://ca.example"); o->origins.items = one_slice; o->origins.n = 1; }
static void spoil_origin_path(struct zs_msg_vault_job *o) { one_slice[0] = S("https://ca.example/dir"); o->origins.items = one_slice; o->origins.n = 1; }
static void spoil_contact(struct zs_msg_vault_job *o) { one_slice[0] = S("tel:123"); o->contacts.items = one_slice; }
static void spoil_contact_list(struct zs_msg_vault_job *o) { one_slice[0] = S("mailto:a@b,c@d"); o->contacts.items = one_slice; }
static void spoil_contact_control(struct zs_msg_vault_job *o) { one_slice[0] = S("mailto:a@b\n"); o->contacts.items = one_slice; }
static void spoil_no_names(struct zs_msg_vault_job *o) { o->identifiers.n = 0; }
static void spoil_twice(struct zs_msg_vault_job *o) { twice[0] = twice[1] = names[1]; o->identifiers.items = twice; }
static void spoil_underscore(struct zs_msg_vault_job *o)
{
	assert_true(zs_name_parse(S("_acme.example.test"), ZS_NAME_ANY, &twice[0], NULL));
	o->identifiers.items = twice;
	o->identifiers.n = 1;
}
static void spoil_key_type(struct zs_msg_vault_job *o) { o->key_type = S("rsa512"); }
static void spoil_account_key_type(struct zs_msg_vault_job *o) { o->account_key_type = S("dsa"); }
static void spoil_eab(struct zs_msg_vault_job *o) { o->eab_kid = S("k"); o->eab_key = S("%%%"); }
static void spoil_eab_kid(struct zs_msg_vault_job *o) { o->eab_key = S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"); }
static void spoil_profile(struct zs_msg_vault_job *o) { o->profile = S("a b"); }
static void spoil_group(struct zs_msg_vault_job *o) { o->key_group = -2; }
static void spoil_csr(struct zs_msg_vault_job *o) { o->csr = S("not DER"); }

static void test_job_when_field_wrong_expect_config_error_and_nothing_written(void **state)
{
	static const struct { const char *label; spoil_fn *spoil; } rows[] = {
		{ "job 0", spoil_job }, { "certificate", spoil_certificate }, { "certificate with NUL", spoil_certificate_nul },
		{ "ca", spoil_ca }, { "no origin", spoil_no_origin }, { "http origin", spoil_origin }, { "origin with path", spoil_origin_path },
		{ "contact", spoil_contact }, { "two addresses", spoil_contact_list }, { "control", spoil_contact_control },
		{ "no names", spoil_no_names }, { "name twice", spoil_twice }, { "underscore", spoil_underscore }, { "key type", spoil_key_type },
		{ "account key type", spoil_account_key_type }, { "eab key", spoil_eab }, { "eab key without kid", spoil_eab_kid },
		{ "profile", spoil_profile }, { "group", spoil_group }, { "csr", spoil_csr },
	};
	char *dir = drive_tmp();
	struct drive *d = start(dir);

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		struct zs_msg_vault_job order = job_order(1, "www");
		const struct answer *a;

		rows[i].spoil(&order);
		a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
		if (a->code != ZS_E_CONFIG)
			print_message("%s: %d %s\n", rows[i].label, a->code, a->text);
		assert_int_equal(a->code, ZS_E_CONFIG);
	}
	assert_int_equal(count_in(dir, "."), 0);
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

static void test_dry_run_when_everything_asked_expect_nothing_written(void **state)
{
	char *parent = drive_tmp(), dir[256], *pem;
	struct drive *d;
	struct zs_msg_vault_job order = job_order(1, "www");
	struct zs_msg_entry entry = { .job = 1, .instance = S("i"), .provider = S("p"), .zone = names[0], .name = names[0], .value = S("v") };
	struct zs_msg_journal_add add = { .entries = { &entry, 1 } };
	struct zs_msg_sign m = sign_of(1, "https://ca.example/x");
	const struct answer *a;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s/state", parent);
	d = start(dir);
	order.dry_run = true;
	order.reuse_key = true;
	a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
	assert_int_equal(a->code, 0);
	assert_true(a->account_key_new);
	assert_true(a->spki_len > 0);
	pem = certificate_for(a->spki, a->spki_len);
	set_account(d, 1, account_url);
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_READ, &m)->code, 0);
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_NEW_ORDER, &m)->code, ZS_E_BUG);
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_ACCEPT, &m)->code, ZS_E_BUG);
	m.order_url = m.url;
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_FINALIZE, &m)->code, ZS_E_BUG);
	assert_int_equal(drive_engine(d, ZS_MSG_JOURNAL_ADD, &add)->code, ZS_E_BUG);
	assert_int_equal(store(d, 1, pem)->code, ZS_E_BUG);
	assert_int_equal(count_in(dir, "."), 0);
	/* A real job of the same CA gets a key on the disk, also while the dry one runs. */
	assert_true(start_job(d, 2, "mail")->account_key_new);
	assert_true(exists(dir, "accounts/le/account.key.pem"));
	m = sign_of(2, "https://ca.example/x");
	assert_int_equal(drive_engine(d, ZS_MSG_SIGN_READ, &m)->code, ZS_E_CA_ACCOUNT);
	assert_int_equal(drive_end(d), 0);
	free(pem);
	drive_remove(parent);
	free(parent);
}

static void test_job_when_ended_without_certificate_expect_directory_gone(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_vault_job_end end = { .job = 1 };

	(void)state;
	(void)start_job(d, 1, "www");
	assert_true(exists(dir, "certificates/www/lock"));
	drive_note(d, ZS_MSG_VAULT_JOB_END, &end);
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_LIST, &list_all)->n, 0);
	assert_false(exists(dir, "certificates/www"));
	/* Anything else in it stays. */
	end.job = 2;
	(void)start_job(d, 2, "www");
	write_text(dir, "certificates/www/note", "mine");
	drive_note(d, ZS_MSG_VAULT_JOB_END, &end);
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_LIST, &list_all)->n, 1);
	assert_true(exists(dir, "certificates/www/note"));
	assert_true(exists(dir, "certificates/www/lock"));
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

/* How often the job was taken; -1 when something but "busy" happened. */
static int take_and_drop(struct drive *d, uint32_t first, unsigned times)
{
	int taken = 0;

	for (uint32_t i = first; i < first + times; i++) {
		struct zs_msg_vault_job order = job_order(i, "www");
		struct zs_msg_vault_job_end end = { .job = i };
		const struct answer *a = drive_front(d, ZS_MSG_VAULT_JOB, &order);

		if (a->code != 0 && a->code != ZS_E_BUSY) {
			print_message("%s\n", a->text);
			return -1;
		}
		if (a->code != 0)
			continue;
		taken++;
		drive_note(d, ZS_MSG_VAULT_JOB_END, &end);
	}
	return taken;
}

static void test_job_when_two_runs_take_turns_expect_only_busy(void **state)
{
	enum { TURNS = 150 };
	char *dir = drive_tmp();
	pid_t pid = fork();
	struct drive *d = start(dir);
	int taken = take_and_drop(d, 1, TURNS), status = -1;
	bool good = drive_end(d) == 0 && taken > 0;

	(void)state;
	if (pid == 0) {
		free(dir);
		_exit(good ? 0 : 1);
	}
	assert_true(good);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(exists(dir, "certificates/www"));
	drive_remove(dir);
	free(dir);
}

static void test_job_when_other_process_holds_it_expect_busy(void **state)
{
	char *dir = drive_tmp(), want[64];
	struct drive *a = start(dir), *b = drive_start(dir, NULL);
	struct zs_msg_vault_job order = job_order(1, "www");
	struct zs_msg_vault_job_end end = { .job = 1 };
	const struct answer *r;

	(void)state;
	(void)start_job(a, 1, "www");
	(void)snprintf(want, sizeof(want), "process %ld", (long)a->pid);
	r = drive_front(b, ZS_MSG_VAULT_JOB, &order);
	assert_int_equal(r->code, ZS_E_BUSY);
	assert_non_null(strstr(r->text, want));
	order.dry_run = true;
	assert_int_equal(drive_front(b, ZS_MSG_VAULT_JOB, &order)->code, ZS_E_BUSY);
	order.dry_run = false;
	order.job = 2;
	assert_int_equal(drive_front(a, ZS_MSG_VAULT_JOB, &order)->code, ZS_E_BUSY);	/* twice in one run */
	r = drive_front(b, ZS_MSG_VAULT_LIST, &list_all);
	assert_int_equal(r->n, 1);
	assert_true(r->certificates[0].busy);
	assert_false(drive_front(a, ZS_MSG_VAULT_LIST, &list_all)->certificates[0].busy);
	(void)start_job(b, 3, "mail");							/* another one is free */
	drive_note(a, ZS_MSG_VAULT_JOB_END, &end);
	(void)drive_front(a, ZS_MSG_VAULT_LIST, &list_all);
	order.job = 1;
	assert_int_equal(drive_front(b, ZS_MSG_VAULT_JOB, &order)->code, 0);
	drive_kill(b);									/* a crashed holder blocks nobody */
	order.job = 9;
	assert_int_equal(drive_front(a, ZS_MSG_VAULT_JOB, &order)->code, 0);
	assert_int_equal(drive_end(a), 0);
	drive_remove(dir);
	free(dir);
}

/* ---- tests: pending, store, list ---------------------------------------------------------------------- */

static void test_pending_when_killed_after_finalize_expect_resumed(void **state)
{
	char *dir = drive_tmp(), *pem;
	struct drive *d = start(dir);
	const struct answer *a = start_job(d, 1, "www");
	struct zs_msg_vault_job order;
	struct zs_name swapped[2];
	uint8_t spki[4096];
	size_t len = a->spki_len;

	(void)state;
	memcpy(spki, a->spki, len);
	pem = certificate_for(spki, len);
	set_account(d, 1, account_url);
	finalize(d, 1);
	finalize(d, 1);		/* again with a fresh nonce */
	drive_kill(d);
	d = start(dir);
	assert_true(drive_front(d, ZS_MSG_VAULT_LIST, &list_all)->certificates[0].pending);
	order = job_order(1, "www");
	swapped[0] = names[1];
	swapped[1] = names[0];
	order.identifiers.items = swapped;
	a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
	assert_int_equal(a->code, 0);
	assert_string_equal(a->order_url, "https://ca.example/order/7");
	assert_string_equal(a->finalize_url, "https://ca.example/finalize/7");
	assert_string_equal(a->account_url, account_url);
	assert_int_equal(a->spki_len, len);
	assert_memory_equal(a->spki, spki, len);
	a = store(d, 1, pem);
	assert_int_equal(a->code, 0);
	assert_int_equal(a->generation, 1);
	assert_false(exists(dir, "certificates/www/pending"));
	assert_int_equal(drive_end(d), 0);
	free(pem);
	drive_remove(dir);
	free(dir);
}

static void test_pending_when_order_differs_or_is_gone_expect_dropped(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_vault_job order;
	struct zs_msg_job_ref ref = { .job = 1 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		const struct answer *a = start_job(d, 1, "www");

		set_account(d, 1, account_url);
		finalize(d, 1);
		if (i == 3) {
			assert_int_equal(drive_engine(d, ZS_MSG_ORDER_GONE, &ref)->code, 0);
			assert_false(exists(dir, "certificates/www/pending"));
			break;
		}
		drive_kill(d);
		d = start(dir);
		order = job_order(1, "www");
		if (i == 0)
			order.ca = S("zerossl");
		else if (i == 1)
			order.identifiers.n = 1;
		else
			order.key_type = S("rsa2048");
		a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
		assert_int_equal(a->code, 0);
		assert_string_equal(a->order_url, "");
		assert_false(exists(dir, "certificates/www/pending"));
		drive_kill(d);
		d = start(dir);
	}
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

static void test_store_when_chain_wrong_expect_refusal_and_no_generation(void **state)
{
	char *dir = drive_tmp(), *own, *foreign = foreign_certificate(), *text, *many = calloc(1, 1 << 17);
	struct drive *d = start(dir);
	const struct answer *a = start_job(d, 1, "www");

	(void)state;
	own = certificate_for(a->spki, a->spki_len);
	assert_int_equal(store(d, 1, foreign)->code, ZS_E_CA_CERT);
	assert_true(asprintf(&text, "%s%s", foreign, own) > 0);		/* ours, but not first */
	assert_int_equal(store(d, 1, text)->code, ZS_E_CA_CERT);
	free(text);
	assert_int_equal(store(d, 1, "")->code, ZS_E_CA_CERT);
	assert_int_equal(store(d, 1, "hello")->code, ZS_E_CA_CERT);
	assert_true(asprintf(&text, "%strailing", own) > 0);
	assert_int_equal(store(d, 1, text)->code, ZS_E_CA_CERT);
	free(text);
	assert_true(asprintf(&text, "%s-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", own) > 0);
	assert_int_equal(store(d, 1, text)->code, ZS_E_CA_CERT);
	free(text);
	(void)strncpy(many, own, (1 << 17) - 1);
	for (int i = 0; i < ZS_MAX_CERTS; i++)
		(void)strncat(many, foreign, (1 << 17) - strlen(many) - 1);
	assert_int_equal(store(d, 1, many)->code, ZS_E_CA_CERT);	/* one too many */
	assert_false(exists(dir, "certificates/www/gen"));
	many[strlen(many) - strlen(foreign)] = '\0';
	assert_int_equal(store(d, 1, many)->code, 0);
	assert_int_equal(drive_end(d), 0);
	free(own);
	free(foreign);
	free(many);
	drive_remove(dir);
	free(dir);
}

static void test_store_when_read_back_expect_files_meta_and_list(void **state)
{
	char *dir = drive_tmp(), *own, *foreign = foreign_certificate(), *chain, want[4300];
	struct drive *d = start(dir);
	const struct answer *a = start_job(d, 1, "www");
	struct zs_buf cert, rest, full, key, combined, meta;

	(void)state;
	own = certificate_for(a->spki, a->spki_len);
	assert_true(asprintf(&chain, "%s\r\n\n%s", own, foreign) > 0);
	set_account(d, 1, account_url);
	finalize(d, 1);
	a = store(d, 1, chain);
	assert_int_equal(a->code, 0);
	(void)snprintf(want, sizeof(want), "%s/certificates/www/current", dir);
	assert_string_equal(a->path, want);
	cert = file_text(dir, "certificates/www/current/cert.pem");
	rest = file_text(dir, "certificates/www/current/chain.pem");
	full = file_text(dir, "certificates/www/current/fullchain.pem");
	key = file_text(dir, "certificates/www/current/privkey.pem");
	combined = file_text(dir, "certificates/www/current/combined.pem");
	meta = file_text(dir, "certificates/www/current/meta");
	assert_string_equal(zs_buf_str(&cert), own);
	assert_string_equal(zs_buf_str(&rest), foreign);
	assert_int_equal(full.len, cert.len + rest.len);
	assert_int_equal(combined.len, key.len + full.len);
	assert_memory_equal(combined.data, key.data, key.len);
	assert_true(zs_slice_starts(zs_buf_slice(&meta), "format=1\nca=le\nidentifier=example.test\nidentifier=*.example.test\nkey_type=ec256\n"
				    "not_before=1000\nnot_after=2000\nissuer="));
	assert_non_null(strstr(zs_buf_str(&meta), "order_url=https://ca.example/order/7\n"));
	assert_null(strchr(zs_buf_str(&meta), 0x1b));
	a = drive_front(d, ZS_MSG_VAULT_LIST, &list_all);
	assert_int_equal(a->code, 0);
	assert_int_equal(a->n, 1);
	assert_string_equal(a->certificates[0].name, "www");
	assert_string_equal(a->certificates[0].ca, "le");
	assert_string_equal(a->certificates[0].problem, "");
	assert_int_equal(a->certificates[0].generation, 1);
	assert_int_equal(a->certificates[0].identifiers, 2);
	assert_int_equal(a->certificates[0].not_after, 2000);
	assert_false(a->certificates[0].pending);
	zs_buf_done(&cert);
	zs_buf_done(&rest);
	zs_buf_done(&full);
	zs_buf_done(&key);
	zs_buf_done(&combined);
	zs_buf_done(&meta);
	assert_int_equal(drive_end(d), 0);
	free(own);
	free(foreign);
	free(chain);
	drive_remove(dir);
	free(dir);
}

static void test_store_when_many_generations_expect_pruned(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);

	(void)state;
	issue(d, 1, "www");
	write_text(dir, "certificates/www/meta", "format=1\nlast_deployed=1\nlast_verified=2\nfuture_key=x\n");
	for (uint32_t i = 2; i <= 7; i++)
		issue(d, i, "www");
	assert_true(exists(dir, "certificates/www/gen/1"));
	assert_true(exists(dir, "certificates/www/gen/2"));
	assert_false(exists(dir, "certificates/www/gen/3"));
	assert_false(exists(dir, "certificates/www/gen/4"));
	assert_true(exists(dir, "certificates/www/gen/5"));
	assert_int_equal(count_in(dir, "certificates/www/gen"), 5);
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

static void test_store_when_own_csr_expect_no_private_key(void **state)
{
	char *dir = drive_tmp(), *pem, *csr;
	struct drive *d = start(dir);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *spki = NULL, der[] = { 0x30, 3, 2, 1, 0 };
	int n = i2d_PUBKEY(key, &spki);
	struct zs_msg_vault_job order = job_order(1, "www");
	struct zs_msg_sign m = sign_of(1, "https://ca.example/finalize/7");
	struct zs_buf raw = ZS_BUF(64);
	const struct answer *a;
	struct jws jws;

	(void)state;
	order.csr = zs_slice_of(der, sizeof(der));
	order.csr_spki = zs_slice_of(spki, (size_t)n);
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_JOB, &order)->code, 0);
	set_account(d, 1, account_url);
	m.order_url = S("https://ca.example/order/7");
	a = drive_engine(d, ZS_MSG_SIGN_FINALIZE, &m);
	assert_int_equal(a->code, 0);
	jws = open_jws(dir, a->body);
	csr = member(jws.payload, "csr");
	assert_true(zs_b64url_decode(&raw, S(csr)));
	assert_int_equal(raw.len, sizeof(der));
	assert_memory_equal(raw.data, der, sizeof(der));
	free(csr);
	free_jws(&jws);
	zs_buf_done(&raw);
	drive_kill(d);
	d = start(dir);
	a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
	assert_string_equal(a->order_url, "https://ca.example/order/7");
	pem = certificate_for(spki, (size_t)n);
	assert_int_equal(store(d, 1, pem)->code, 0);
	assert_true(exists(dir, "certificates/www/current/fullchain.pem"));
	assert_false(exists(dir, "certificates/www/current/privkey.pem"));
	assert_false(exists(dir, "certificates/www/current/combined.pem"));
	assert_string_equal(drive_front(d, ZS_MSG_VAULT_LIST, &(struct zs_msg_vault_list){ 0 })->certificates[0].problem, "");
	assert_int_equal(drive_end(d), 0);
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
	free(pem);
	drive_remove(dir);
	free(dir);
}

static void test_reuse_key_when_asked_expect_same_public_key(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_vault_job order = job_order(2, "www");
	uint8_t spki[4096];
	size_t len;
	const struct answer *a;

	(void)state;
	a = start_job(d, 1, "www");
	len = a->spki_len;
	memcpy(spki, a->spki, len);
	{
		char *pem = certificate_for(spki, len);

		assert_int_equal(store(d, 1, pem)->code, 0);
		free(pem);
	}
	assert_int_equal(drive_end(d), 0);
	d = start(dir);
	order.reuse_key = true;
	a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
	assert_int_equal(a->code, 0);
	assert_memory_equal(a->spki, spki, len);
	assert_int_equal(drive_end(d), 0);
	d = start(dir);
	order.reuse_key = false;
	a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
	assert_memory_not_equal(a->spki, spki, len);
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

static void test_key_group_when_set_expect_group_modes(void **state)
{
	char *dir, full[8192];
	struct drive *d;
	struct zs_msg_vault_job order = job_order(1, "www");
	const struct answer *a;
	struct stat st;
	char *pem;

	(void)state;
	if (geteuid() != 0)
		skip();
	dir = drive_tmp();
	d = drive_start(dir, "--keep-chown");
	if (d == NULL)
		skip();
	order.key_group = 12345;
	a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
	if (a->code != 0)
		print_message("%s\n", a->text);
	assert_int_equal(a->code, 0);
	pem = certificate_for(a->spki, a->spki_len);
	set_account(d, 1, account_url);
	finalize(d, 1);
	assert_int_equal(mode_of(dir, "certificates/www/pending"), 0700);
	assert_int_equal(mode_of(dir, "certificates/www/pending/privkey.pem"), 0600);
	assert_int_equal(store(d, 1, pem)->code, 0);
	assert_int_equal(mode_of(dir, "certificates"), 0711);
	assert_int_equal(mode_of(dir, "certificates/www"), 0750);
	assert_int_equal(mode_of(dir, "certificates/www/gen"), 0750);
	assert_int_equal(mode_of(dir, "certificates/www/gen/1"), 0750);
	assert_int_equal(mode_of(dir, "certificates/www/gen/1/privkey.pem"), 0640);
	assert_int_equal(mode_of(dir, "certificates/www/lock"), 0600);
	assert_int_equal(mode_of(dir, "accounts"), 0700);
	assert_int_equal(mode_of(dir, "accounts/le"), 0700);
	(void)snprintf(full, sizeof(full), "%s/certificates/www/gen/1/privkey.pem", dir);
	assert_int_equal(stat(full, &st), 0);
	assert_int_equal(st.st_gid, 12345);
	assert_int_equal(drive_end(d), 0);
	free(pem);
	drive_remove(dir);
	free(dir);
}

/* ---- tests: damage -------------------------------------------------------------------------------------- */

static void test_damage_when_state_is_broken_expect_quarantine_and_going_on(void **state)
{
	static const struct { const char *label, *path, *text; } rows[] = {
		{ "account meta", "accounts/le/meta", "garbage" },
		{ "account key", "accounts/le/account.key.pem", "-----BEGIN PRIVATE KEY-----\n" },
		{ "generation meta", "certificates/www/current/meta", "" },
		{ "pending meta", "certificates/www/pending/meta", "format=1\nno equals sign\n" },
		{ "pending key", "certificates/www/pending/privkey.pem", "x" },
		{ "current key", "certificates/www/current/privkey.pem", "x" },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		char *dir = drive_tmp();
		struct drive *d = start(dir);
		struct zs_msg_vault_job order = job_order(9, "www");
		const struct answer *a;

		issue(d, 1, "www");
		issue(d, 2, "other");
		(void)start_job(d, 3, "www");
		finalize(d, 3);
		drive_kill(d);
		write_text(dir, rows[i].path, rows[i].text);
		d = start(dir);
		order.reuse_key = true;
		if (i == 5)
			order.identifiers.n = 1;	/* pending does not fit, so the current key is looked at */
		a = drive_front(d, ZS_MSG_VAULT_LIST, &(struct zs_msg_vault_list){ 0 });
		assert_int_equal(a->code, 0);
		assert_int_equal(a->n, 2);
		assert_string_equal(a->certificates[0].problem, "");
		if (i == 2 || i == 5)
			assert_string_not_equal(a->certificates[1].problem, "");
		a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
		if (a->code != 0)
			print_message("%s: %s\n", rows[i].label, a->text);
		assert_int_equal(a->code, 0);
		assert_int_equal(count_in(dir, "quarantine"), 1);
		assert_int_equal(mode_of(dir, "quarantine"), 0700);
		(void)start_job(d, 10, "other");
		assert_int_equal(drive_end(d), 0);
		drive_remove(dir);
		free(dir);
	}
}

static void test_damage_when_meta_is_newer_expect_left_alone(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_vault_job order = job_order(9, "www");
	const struct answer *a;

	(void)state;
	issue(d, 1, "www");
	assert_int_equal(drive_end(d), 0);
	write_text(dir, "accounts/le/meta", "format=2\nwhatever\n");
	d = start(dir);
	a = drive_front(d, ZS_MSG_VAULT_JOB, &order);
	assert_int_equal(a->code, ZS_E_STORAGE);
	assert_non_null(strstr(a->text, "newer"));
	assert_int_equal(count_in(dir, "quarantine"), 0);
	assert_int_equal(drive_end(d), 0);
	/* Keys of a newer version survive our writing. */
	write_text(dir, "accounts/le/meta", "format=1\nfuture=abc\n");
	d = start(dir);
	(void)start_job(d, 1, "www");
	set_account(d, 1, account_url);
	{
		struct zs_buf meta = file_text(dir, "accounts/le/meta");

		assert_string_equal(zs_buf_str(&meta), "format=1\nfuture=abc\nurl=https://ca.example/acct/1\n");
		zs_buf_done(&meta);
	}
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

/* Every request is answered with the reason, and nothing is made or changed. */
static void expect_unusable(const char *dir, const char *flag, enum zs_code code)
{
	struct zs_msg_vault_open open = { .adopt = flag == NULL };
	struct zs_msg_vault_list list = { .after = ZS_SLICE_NONE };
	struct zs_msg_vault_job order = job_order(1, "www");
	struct drive *d = drive_start(dir, flag);
	const struct answer *a;

	if (d == NULL)
		skip();
	a = drive_front(d, ZS_MSG_VAULT_OPEN, &open);
	assert_int_equal(a->code, code);
	assert_non_null(strstr(a->text, dir));
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_LIST, &list)->code, code);
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_JOB, &order)->code, code);
	assert_int_equal(drive_end(d), 0);
}

static void test_start_when_state_directory_unusable_expect_reason(void **state)
{
	char *dir = drive_tmp(), file[4200];

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/file", dir);
	write_text(dir, "file", "x");
	expect_unusable(file, NULL, ZS_E_STORAGE);
	expect_unusable(file, "--read-only", ZS_E_STORAGE);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(chmod(dir, 0770), 0);
	expect_unusable(dir, NULL, ZS_E_PERMISSION);
	assert_int_equal(chmod(dir, 0777), 0);
	expect_unusable(dir, "--read-only", ZS_E_PERMISSION);
	assert_int_equal(chmod(dir, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, 12345, 12345), 0);
		expect_unusable(dir, NULL, ZS_E_PERMISSION);
	}
	drive_remove(dir);
	free(dir);
}

static void test_read_only_when_nothing_there_expect_empty_and_nothing_made(void **state)
{
	char *dir = drive_tmp(), missing[4200];
	struct zs_msg_vault_list list = { .after = ZS_SLICE_NONE };
	struct zs_msg_vault_journal journal = { .adopted = false };
	struct zs_msg_vault_job order = job_order(1, "www");
	struct drive *d;

	(void)state;
	(void)snprintf(missing, sizeof(missing), "%s/a/b", dir);
	d = drive_start(missing, "--read-only");
	if (d == NULL)
		skip();
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_OPEN, &(struct zs_msg_vault_open){ .adopt = false })->code, 0);
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_LIST, &list)->n, 0);
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_JOURNAL, &journal)->n, 0);
	order.dry_run = true;
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_JOB, &order)->code, 0);
	assert_int_equal(drive_end(d), 0);
	assert_int_equal(count_in(dir, "."), 0);
	drive_remove(dir);
	free(dir);
}

/* ---- tests: journal ---------------------------------------------------------------------------------------- */

static struct zs_msg_entry entry_of(uint32_t job, const char *value)
{
	struct zs_msg_entry e = { .job = job, .certificate = S("www"), .instance = S("corp-bind"), .provider = S("rfc2136"), .value = S(value) };

	assert_true(zs_name_parse(S("example.test"), ZS_NAME_HOST, &e.zone, NULL));
	assert_true(zs_name_parse(S("_acme-challenge.example.test"), ZS_NAME_OWNER, &e.name, NULL));
	assert_true(zs_name_parse(S("example.test"), ZS_NAME_OWNER, &e.identifier, NULL));
	e.token = S(token);
	e.key_authorization = S(key_authorization);
	return e;
}

static void test_journal_when_run_is_killed_expect_adopted_by_one(void **state)
{
	char *dir = drive_tmp();
	struct drive *a = start(dir), *b, *c, *owner;
	struct zs_msg_entry items[3] = { entry_of(1, "one"), entry_of(1, "two"), entry_of(1, "three") };
	struct zs_msg_journal_add add = { .entries = { items, 3 } };
	struct zs_msg_journal_ticket ticket = { .ticket = S("t\x01\xff") };
	struct zs_msg_journal_done done = { 0 };
	struct zs_msg_vault_open open = { .adopt = true };
	struct zs_msg_vault_forget forget = { 0 };
	const struct answer *r;
	uint64_t ids[3];

	(void)state;
	(void)start_job(a, 1, "www");
	r = drive_engine(a, ZS_MSG_JOURNAL_ADD, &add);
	assert_int_equal(r->code, 0);
	assert_int_equal(r->n, 3);
	memcpy(ids, r->ids, sizeof(ids));
	ticket.ids.items = &ids[1];
	ticket.ids.n = 1;
	assert_int_equal(drive_engine(a, ZS_MSG_JOURNAL_TICKET, &ticket)->code, 0);
	done.ids.items = &ids[0];
	done.ids.n = 1;
	assert_int_equal(drive_engine(a, ZS_MSG_JOURNAL_DONE, &done)->code, 0);
	assert_int_equal(drive_engine(a, ZS_MSG_JOURNAL_DONE, &done)->code, 0);
	b = start(dir);
	assert_int_equal(drive_front(b, ZS_MSG_VAULT_OPEN, &open)->n, 0);	/* its owner lives */
	r = drive_front(b, ZS_MSG_VAULT_JOURNAL, &journal_all);
	assert_int_equal(r->n, 2);
	assert_true(r->entries[0].live);
	drive_kill(a);
	c = start(dir);
	assert_int_equal(drive_front(c, ZS_MSG_VAULT_OPEN, &(struct zs_msg_vault_open){ .adopt = false })->n, 0);
	forget.id = ids[1];
	assert_int_equal(drive_front(c, ZS_MSG_VAULT_FORGET, &forget)->code, ZS_E_USAGE);
	r = drive_front(b, ZS_MSG_VAULT_OPEN, &open);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->ids[0], ids[1]);
	assert_string_equal(r->entries[0].value, "two");
	assert_string_equal(r->entries[0].ticket, "t\x01\xff");
	assert_string_equal(r->entries[0].instance, "corp-bind");
	assert_string_equal(r->entries[0].certificate, "www");
	assert_string_equal(r->entries[0].name, "_acme-challenge.example.test");
	assert_string_equal(r->entries[0].identifier, "example.test");
	assert_string_equal(r->entries[0].token, token);
	assert_string_equal(r->entries[0].key_authorization, key_authorization);
	assert_false(r->entries[0].live);
	assert_int_equal(drive_front(c, ZS_MSG_VAULT_OPEN, &open)->n, 0);
	assert_int_equal(drive_front(b, ZS_MSG_VAULT_OPEN, &open)->n, 2);	/* still waiting */
	/* What b adopted is c's again when b dies. */
	drive_kill(b);
	owner = c;
	assert_int_equal(drive_front(owner, ZS_MSG_VAULT_OPEN, &open)->n, 2);
	assert_int_equal(drive_front(owner, ZS_MSG_VAULT_FORGET, &forget)->code, 0);
	assert_int_equal(drive_front(owner, ZS_MSG_VAULT_FORGET, &forget)->code, ZS_E_USAGE);
	done.ids.items = &ids[2];
	assert_int_equal(drive_engine(owner, ZS_MSG_JOURNAL_DONE, &done)->code, 0);
	assert_int_equal(count_in(dir, "journal"), 0);
	/* Our own file goes with a run that ends in order. */
	(void)start_job(owner, 1, "www");
	r = drive_engine(owner, ZS_MSG_JOURNAL_ADD, &add);
	assert_int_equal(r->n, 3);
	memcpy(ids, r->ids, sizeof(ids));
	assert_int_equal(count_in(dir, "journal"), 1);
	done.ids.items = ids;
	done.ids.n = 3;
	assert_int_equal(drive_engine(owner, ZS_MSG_JOURNAL_DONE, &done)->code, 0);
	assert_int_equal(drive_end(owner), 0);
	assert_int_equal(count_in(dir, "journal"), 0);
	drive_remove(dir);
	free(dir);
}

static void test_journal_add_when_entry_wrong_expect_refusal(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	struct zs_msg_entry e[2];
	struct zs_msg_journal_add add = { .entries = { e, 2 } };

	(void)state;
	(void)start_job(d, 1, "www");
	for (int i = 0; i < 9; i++) {
		e[0] = entry_of(1, "good");
		e[1] = entry_of(1, "bad");
		if (i == 0)
			e[1].job = 7;
		else if (i == 1)
			e[1].certificate = S("other");
		else if (i == 2)
			e[1].instance = S("a b");
		else if (i == 3)
			e[1].value = ZS_SLICE_NONE;
		else if (i == 4)
			e[1].token = ZS_SLICE_NONE;
		else if (i == 5)
			e[1].key_authorization = S("../x");
		else if (i == 6)
			e[1].identifier.wildcard = true;
		else if (i == 7)
			memset(&e[1].identifier, 0, sizeof(e[1].identifier));
		else
			memset(&e[1].name, 0, sizeof(e[1].name));
		assert_int_equal(drive_engine(d, ZS_MSG_JOURNAL_ADD, &add)->code, ZS_E_BUG);
		assert_int_equal(drive_front(d, ZS_MSG_VAULT_JOURNAL, &(struct zs_msg_vault_journal){ 0 })->n, 0);
	}
	assert_int_equal(count_in(dir, "journal"), 0);
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

/* ---- tests: lists longer than a message ------------------------------------------------------------------------- */

/* A stored certificate as the list sees it, without having been issued. */
static void lay_out(const char *dir, const char *name, unsigned n_names)
{
	static const char *const files[] = { "cert.pem", "chain.pem", "fullchain.pem", "privkey.pem", "combined.pem" };
	struct zs_buf meta = ZS_BUF(1 << 20);
	char path[512], full[1024];

	for (int i = 0; i < 4; i++) {
		(void)snprintf(full, sizeof(full), "%s/certificates%s%s%s%s", dir, i > 0 ? "/" : "", i > 0 ? name : "",
			       i > 1 ? "/gen" : "", i > 2 ? "/1" : "");
		(void)mkdir(full, 0700);
	}
	for (size_t i = 0; i < ZS_COUNT(files); i++) {
		(void)snprintf(path, sizeof(path), "certificates/%s/gen/1/%s", name, files[i]);
		write_text(dir, path, i < 3 ? "-----BEGIN CERTIFICATE-----\n" : "-----BEGIN PRIVATE KEY-----\n");
	}
	zs_buf_add_str(&meta, "format=1\nca=le\n");
	for (unsigned i = 0; i < n_names; i++)
		zs_buf_addf(&meta, "identifier=a-rather-long-label-of-a-host-name-%u.%s.example.test\n", i, name);
	zs_buf_add_str(&meta, "key_type=ec256\nnot_before=1000\nnot_after=2000\n");
	(void)snprintf(path, sizeof(path), "certificates/%s/gen/1/meta", name);
	write_text(dir, path, zs_buf_str(&meta));
	zs_buf_done(&meta);
	(void)snprintf(full, sizeof(full), "%s/certificates/%s/current", dir, name);
	assert_int_equal(symlink("gen/1", full), 0);
}

/* Pages until the end; returns how many certificates came, each with 100 names. */
static unsigned count_pages(struct drive *d, struct zs_msg_vault_list list, unsigned *pages)
{
	char after[ZS_MAX_ID + 1] = "";
	unsigned n = 0;

	for (*pages = 0;; ++*pages) {
		const struct answer *a;

		list.after = S(after);
		a = drive_front(d, ZS_MSG_VAULT_LIST, &list);
		if (a->code != 0)
			print_message("%s\n", a->text);
		assert_int_equal(a->code, 0);
		n += a->n;
		for (uint32_t i = 0; i < a->n && i < ZS_COUNT(a->certificates); i++) {
			assert_true(strcmp(a->certificates[i].name, after) > 0);
			assert_int_equal(a->certificates[i].identifiers, 100);
			assert_string_equal(a->certificates[i].problem, "");
		}
		if (!a->more)
			return n;
		assert_true(a->n > 0 && strcmp(a->last_name, after) > 0);
		(void)snprintf(after, sizeof(after), "%s", a->last_name);
	}
}

static void test_list_when_larger_than_a_message_expect_pages(void **state)
{
	char *dir = drive_tmp(), names_text[220][16];
	struct zs_slice some[4] = { S("c007"), S("c219"), S("unknown"), S("c100") };
	struct zs_msg_vault_list few = { .names = { some, 4 } }, page = { .after = S("c217") };
	const struct answer *a;
	struct drive *d;
	unsigned pages;

	(void)state;
	for (unsigned i = 0; i < ZS_COUNT(names_text); i++) {
		(void)snprintf(names_text[i], sizeof(names_text[i]), "c%03u", i);
		lay_out(dir, names_text[i], 100);
	}
	d = start(dir);
	assert_int_equal(count_pages(d, list_all, &pages), 220);
	assert_true(pages > 1);
	assert_int_equal(count_pages(d, few, &pages), 3);
	assert_int_equal(pages, 0);
	a = drive_front(d, ZS_MSG_VAULT_LIST, &page);
	assert_int_equal(a->n, 2);
	assert_string_equal(a->certificates[0].name, "c218");
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

static void test_list_when_file_is_something_else_expect_problem(void **state)
{
	static const struct { const char *file, *text; bool good; } rows[] = {
		{ "privkey.pem", "-----BEGIN CERTIFICATE-----\n", false },
		{ "privkey.pem", "x", false },
		{ "privkey.pem", "", false },
		{ "privkey.pem", "-----BEGIN EC PRIVATE KEY-----\r\n", true },
		{ "cert.pem", "-----BEGIN PRIVATE KEY-----\n", false },
		{ "cert.pem", "\n", false },
		{ "fullchain.pem", "", false },
		{ "chain.pem", "", true },
	};

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(rows); i++) {
		char *dir = drive_tmp(), path[128];
		const struct answer *a;
		struct drive *d;

		lay_out(dir, "www", 1);
		(void)snprintf(path, sizeof(path), "certificates/www/current/%s", rows[i].file);
		write_text(dir, path, rows[i].text);
		d = start(dir);
		a = drive_front(d, ZS_MSG_VAULT_LIST, &list_all);
		if (rows[i].good)
			assert_string_equal(a->certificates[0].problem, "");
		else
			assert_non_null(strstr(a->certificates[0].problem, rows[i].file));
		assert_int_equal(drive_end(d), 0);
		drive_remove(dir);
		free(dir);
	}
}

/* Asks for what is behind the last answer until nothing is; returns how many came. */
static unsigned count_entries(struct drive *d, const struct answer *a, bool adopted)
{
	struct zs_msg_vault_journal next = { .adopted = adopted };
	unsigned n = 0;

	for (;;) {
		if (a->code != 0)
			print_message("%s\n", a->text);
		assert_int_equal(a->code, 0);
		n += a->n;
		if (!a->more)
			return n;
		assert_true(a->n > 0 && a->last_id > next.after);
		next.after = a->last_id;
		a = drive_front(d, ZS_MSG_VAULT_JOURNAL, &next);
	}
}

/* As many octets as the caps allow. */
static struct zs_msg_entry longest_entry(void)
{
	static char value[ZS_MAX_TXT + 1], id[ZS_MAX_ID + 1], word[ZS_MAX_TOKEN + 1], text[ZS_MAX_KEY_AUTHORIZATION + 1], name[ZS_MAX_NAME + 1];
	struct zs_msg_entry e = entry_of(1, "x");

	memset(value, 'v', sizeof(value) - 1);
	memset(id, 'i', sizeof(id) - 1);
	memset(word, 't', sizeof(word) - 1);
	memset(name, 'n', sizeof(name) - 1);
	for (size_t i = 63; i < ZS_MAX_NAME; i += 64)
		name[i] = '.';
	(void)snprintf(text, sizeof(text), "%s%s", word, strchr(key_authorization, '.'));
	assert_true(zs_name_parse(S(name), ZS_NAME_OWNER, &e.name, NULL));
	e.zone = e.identifier = e.name;
	e.instance = e.provider = S(id);
	e.value = e.ticket = S(value);
	e.token = S(word);
	e.key_authorization = S(text);
	return e;
}

static void test_journal_when_longer_than_a_message_expect_pages(void **state)
{
	enum { ADDS = 11, EACH = 400 };		/* more than one message takes */
	static struct zs_msg_entry items[EACH];
	struct zs_msg_journal_add add = { .entries = { items, EACH } };
	struct zs_msg_vault_open open = { .adopt = true };
	char *dir = drive_tmp();
	struct drive *a = start(dir), *b;

	(void)state;
	(void)start_job(a, 1, "www");
	for (int i = 0; i < EACH; i++)
		items[i] = longest_entry();
	for (int i = 0; i < ADDS; i++)
		assert_int_equal(drive_engine(a, ZS_MSG_JOURNAL_ADD, &add)->code, 0);
	b = start(dir);
	assert_int_equal(count_entries(b, drive_front(b, ZS_MSG_VAULT_OPEN, &open), true), 0);
	assert_int_equal(count_entries(b, drive_front(b, ZS_MSG_VAULT_JOURNAL, &journal_all), false), ADDS * EACH);
	drive_kill(a);
	assert_int_equal(count_entries(b, drive_front(b, ZS_MSG_VAULT_OPEN, &open), true), ADDS * EACH);
	assert_int_equal(drive_end(b), 0);
	drive_remove(dir);
	free(dir);
}

/* ---- tests: the closed list ------------------------------------------------------------------------------------ */

static bool in_engine_list(uint32_t type)
{
	static const uint32_t list[] = {
		ZS_MSG_SIGN_NEW_ACCOUNT, ZS_MSG_SIGN_NEW_ORDER, ZS_MSG_SIGN_READ, ZS_MSG_SIGN_ACCEPT, ZS_MSG_SIGN_FINALIZE,
		ZS_MSG_SIGN_DEACTIVATE, ZS_MSG_ACCOUNT_SET, ZS_MSG_ACCOUNT_LOST, ZS_MSG_ORDER_GONE, ZS_MSG_TXT_VALUES,
		ZS_MSG_JOURNAL_ADD, ZS_MSG_JOURNAL_TICKET, ZS_MSG_JOURNAL_DONE, ZS_MSG_ZONE_LOCK, ZS_MSG_ZONE_UNLOCK,
		ZS_MSG_STORE, ZS_MSG_CANCEL,
	};

	for (size_t i = 0; i < ZS_COUNT(list); i++)
		if (list[i] == type)
			return true;
	return false;
}

/* Sends one frame; true when the vault closed the channel or answered FAIL. */
static bool refused(int fd, uint32_t type, uint16_t flags, const uint8_t *data, uint32_t n)
{
	struct zs_frame frame = { .length = n, .type = (uint16_t)type, .flags = flags, .id = 1 }, reply;
	uint8_t packet[ZS_MAX_FRAME];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t got;

	zs_frame_write(&frame, packet);
	if (n > 0)
		memcpy(packet + ZS_FRAME_HEADER, data, n);
	if (send(fd, packet, ZS_FRAME_HEADER + n, MSG_NOSIGNAL) < 0)
		return true;
	if (poll(&p, 1, 20000) != 1)
		return false;
	got = recv(fd, packet, sizeof(packet), 0);
	if (got <= 0)
		return true;
	return zs_frame_read(zs_slice_of(packet, (size_t)got), &reply, NULL) == 0 && reply.type == ZS_MSG_FAIL;
}

static void test_engine_when_any_type_outside_the_list_expect_refusal(void **state)
{
	char *dir = drive_tmp();

	(void)state;
	for (uint32_t type = 0; type < ZS_MSG__COUNT + 3; type++) {
		struct drive *d;
		const struct zs_msg_def *def = zs_msg_def(type);
		uint8_t zeros[4096] = { 0 };

		if (in_engine_list(type))
			continue;
		d = drive_start_raw(dir);
		if (d == NULL)
			skip();
		if (!refused(d->engine_fd, type, 0, zeros, def != NULL ? 64 : 0)) {
			print_message("served: type %u %s\n", type, def != NULL ? def->name : "");
			fail();
		}
		assert_int_equal(drive_end(d), 0);
	}
	drive_remove(dir);
	free(dir);
}

static void test_front_when_engine_types_arrive_expect_refusal(void **state)
{
	char *dir = drive_tmp();

	(void)state;
	for (uint32_t type = ZS_MSG_SIGN_NEW_ACCOUNT; type <= ZS_MSG_STORE; type++) {
		struct drive *d = drive_start_raw(dir);
		uint8_t packet[ZS_MAX_FRAME], zeros[64] = { 0 };

		if (d == NULL)
			skip();
		assert_true(recv(d->front_fd, packet, sizeof(packet), 0) > 0);	/* HELLO */
		(void)refused(d->front_fd, type, 0, zeros, sizeof(zeros));
		assert_int_not_equal(drive_end(d), 86);
	}
	drive_remove(dir);
	free(dir);
}

static void test_engine_when_channel_breaks_expect_front_still_served(void **state)
{
	char *dir = drive_tmp();
	struct drive *d = start(dir);
	static const uint8_t junk[] = { 1, 2, 3 };

	(void)state;
	(void)start_job(d, 1, "www");
	assert_true(send(d->engine_fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0);
	assert_int_equal(drive_front(d, ZS_MSG_VAULT_LIST, &(struct zs_msg_vault_list){ 0 })->n, 1);
	assert_int_equal(drive_end(d), 0);
	drive_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign_when_whole_flow_expect_verifiable_requests),
		cmocka_unit_test(test_finalize_when_decoded_expect_csr_with_our_key),
		cmocka_unit_test(test_sign_when_url_or_nonce_wrong_expect_refusal),
		cmocka_unit_test(test_deactivate_when_account_url_in_any_spelling_expect_refusal),
		cmocka_unit_test(test_new_account_when_binding_and_profile_expect_both),
		cmocka_unit_test(test_txt_values_when_tokens_expect_checked_and_hashed),
		cmocka_unit_test(test_account_when_two_jobs_expect_shared_key_and_url),
		cmocka_unit_test(test_job_when_field_wrong_expect_config_error_and_nothing_written),
		cmocka_unit_test(test_dry_run_when_everything_asked_expect_nothing_written),
		cmocka_unit_test(test_job_when_ended_without_certificate_expect_directory_gone),
		cmocka_unit_test(test_job_when_two_runs_take_turns_expect_only_busy),
		cmocka_unit_test(test_job_when_other_process_holds_it_expect_busy),
		cmocka_unit_test(test_pending_when_killed_after_finalize_expect_resumed),
		cmocka_unit_test(test_pending_when_order_differs_or_is_gone_expect_dropped),
		cmocka_unit_test(test_store_when_chain_wrong_expect_refusal_and_no_generation),
		cmocka_unit_test(test_store_when_read_back_expect_files_meta_and_list),
		cmocka_unit_test(test_store_when_many_generations_expect_pruned),
		cmocka_unit_test(test_store_when_own_csr_expect_no_private_key),
		cmocka_unit_test(test_reuse_key_when_asked_expect_same_public_key),
		cmocka_unit_test(test_key_group_when_set_expect_group_modes),
		cmocka_unit_test(test_damage_when_state_is_broken_expect_quarantine_and_going_on),
		cmocka_unit_test(test_damage_when_meta_is_newer_expect_left_alone),
		cmocka_unit_test(test_start_when_state_directory_unusable_expect_reason),
		cmocka_unit_test(test_read_only_when_nothing_there_expect_empty_and_nothing_made),
		cmocka_unit_test(test_journal_when_run_is_killed_expect_adopted_by_one),
		cmocka_unit_test(test_journal_add_when_entry_wrong_expect_refusal),
		cmocka_unit_test(test_list_when_larger_than_a_message_expect_pages),
		cmocka_unit_test(test_list_when_file_is_something_else_expect_problem),
		cmocka_unit_test(test_journal_when_longer_than_a_message_expect_pages),
		cmocka_unit_test(test_engine_when_any_type_outside_the_list_expect_refusal),
		cmocka_unit_test(test_front_when_engine_types_arrive_expect_refusal),
		cmocka_unit_test(test_engine_when_channel_breaks_expect_front_still_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
