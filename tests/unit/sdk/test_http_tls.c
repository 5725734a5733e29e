/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/http.h with TLS: who is believed, and who is not.  The server is a thread
 * with a certificate of its own making.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zoneseal/sdk.h>

#include "host.h"

#define S(literal) ((struct zsp_str)ZSP_STR(literal))

static struct fake fake;
static char ca_file[] = "/tmp/zs-tls-XXXXXX", settings[] = "/tmp/zs-tls-XXXXXX";
static EVP_PKEY *key;
static X509 *cert;

/* ---- the certificate ---- */

static X509 *self_signed(const char *names)
{
	X509 *x = X509_new();
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_add_ext(x, alt, -1);
	X509_EXTENSION_free(alt);
	return X509_sign(x, key, EVP_sha256()) > 0 ? x : NULL;
}

static FILE *make_file(char *name)
{
	int fd = mkstemp(name);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

/* OpenSSL as it comes, or as the system has it, might refuse old versions by itself:
 * then nobody could tell whether the library does. */
static int allow_old_versions(void)
{
	static const char text[] = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
				   "[c]\nMinProtocol = TLSv1\nCipherString = DEFAULT:@SECLEVEL=0\n";
	FILE *f = make_file(settings);

	return !f || fputs(text, f) < 0 || fclose(f) || setenv("OPENSSL_CONF", settings, 1);
}

static int make_certificate(void **state)
{
	FILE *f = make_file(ca_file);

	(void)state;
	if (allow_old_versions())
		return -1;
	signal(SIGPIPE, SIG_IGN);
	key = EVP_EC_gen("P-256");
	cert = self_signed("DNS:localhost");
	return !f || !cert || PEM_write_X509(f, cert) != 1 || fclose(f);
}

static int drop_certificate(void **state)
{
	(void)state;
	X509_free(cert);
	EVP_PKEY_free(key);
	return unlink(ca_file) | unlink(settings);
}

/* ---- the server ---- */

struct tls_server {
	SSL_CTX *ctx;
	int listener;
	uint16_t port;
	pthread_t thread;
	unsigned requests;		/* whole ones; read after the thread has ended */
};

static void serve_one(struct tls_server *s, int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
	SSL *ssl = SSL_new(s->ctx);
	char text[4096] = "";
	int n = 0, more = 1;

	SSL_set_fd(ssl, fd);
	/* all of it: what is not read when the socket is closed resets the connection */
	for (more = SSL_accept(ssl); more > 0 && !strstr(text, "secret"); n += more > 0 ? more : 0)
		more = SSL_read(ssl, text + n, (int)sizeof(text) - 1 - n);
	if (strstr(text, "secret")) {
		s->requests++;
		SSL_write(ssl, answer, sizeof(answer) - 1);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
}

static void *serve(void *user)
{
	struct tls_server *s = user;
	int fd;

	/* ends when the listener is shut down */
	while ((fd = accept(s->listener, NULL, NULL)) >= 0)
		serve_one(s, fd);
	return NULL;
}

static void start(struct tls_server *s, int max_version)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	*s = (struct tls_server){ .ctx = SSL_CTX_new(TLS_server_method()) };
	assert_int_equal(SSL_CTX_use_certificate(s->ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(s->ctx, key), 1);
	if (max_version) {
		SSL_CTX_set_cipher_list(s->ctx, "DEFAULT:@SECLEVEL=0");
		SSL_CTX_set_min_proto_version(s->ctx, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(s->ctx, max_version);
	}
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(s->listener, 8), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&sa, &len), 0);
	s->port = ntohs(sa.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct tls_server *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	SSL_CTX_free(s->ctx);
}

/* ---- the tests ---- */

struct result { int32_t rc, status; uint32_t attempts; unsigned requests; };

static struct result ask(const char *host, const char *roots, int max_version, uint32_t attempts)
{
	const struct zsp_http_request request = { .method = "POST", .path = S("/x"), .once = 1, .body = S("secret") };
	struct zsp_http_spec spec = { .ca_file = zsp_strz(roots), .attempts = attempts };
	struct zsp_http_response response;
	struct zsp_http *http;
	struct tls_server server;
	struct result result;
	char url[64];

	fake_init(&fake);
	start(&server, max_version);
	snprintf(url, sizeof(url), "https://%s:%u", host, (unsigned)server.port);
	spec.base_url = zsp_strz(url);
	http = zsp_http_new(&fake.host, &spec);
	assert_non_null(http);
	result.rc = zsp_http_send(http, &request, &response);
	if (result.rc)
		zsp_http_fail(http, result.rc, &response, "try", S(""));
	assert_int_equal(response.maybe_done, 0);
	result.status = response.status;
	result.attempts = response.attempts;
	zsp_http_free(http);
	stop(&server);
	result.requests = server.requests;
	return result;
}

static void has(const char *part)
{
	if (!strstr(fake.fail, part))
		fail_msg("no \"%s\" in: %s", part, fake.fail);
}

static void test_tls_when_the_root_is_named_works(void **state)
{
	struct result r = ask("localhost", ca_file, 0, 1);

	(void)state;
	if (r.rc)
		fail_msg("%s", fake.fail);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.requests, 1);
}

static void test_tls_when_the_root_is_unknown_sends_nothing_and_gives_up(void **state)
{
	struct result r = ask("localhost", "", 0, 5);

	(void)state;
	assert_int_equal(r.rc, ZSP_CONFIG);
	assert_int_equal(r.attempts, 1);
	assert_int_equal(r.requests, 0);
	has("certificate is not trusted");
	has("ca-file");
}

static void test_tls_when_the_name_is_another_sends_nothing(void **state)
{
	struct result r = ask("127.0.0.1", ca_file, 0, 5);

	(void)state;
	assert_int_equal(r.rc, ZSP_CONFIG);
	assert_int_equal(r.requests, 0);
	has("certificate is not trusted");
}

static void test_tls_when_older_than_1_2_sends_nothing(void **state)
{
	struct result r = ask("localhost", ca_file, TLS1_1_VERSION, 1);

	(void)state;
	assert_int_equal(r.rc, ZSP_TRANSIENT);
	assert_int_equal(r.requests, 0);
	has("TLS handshake failed");
	r = ask("localhost", ca_file, TLS1_2_VERSION, 1);
	assert_int_equal(r.rc, ZSP_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_when_the_root_is_named_works),
		cmocka_unit_test(test_tls_when_the_root_is_unknown_sends_nothing_and_gives_up),
		cmocka_unit_test(test_tls_when_the_name_is_another_sends_nothing),
		cmocka_unit_test(test_tls_when_older_than_1_2_sends_nothing),
	};

	return cmocka_run_group_tests(tests, make_certificate, drop_certificate);
}
