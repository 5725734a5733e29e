/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap/http.h and wrap/roots.h at their ends: what still runs or is still held
 * when its owner goes.  The address sanitizer is the judge of most of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/loop.h"
#include "wrap/http.h"
#include "wrap/roots.h"

static unsigned told;

static void on_done(const struct zs_http_reply *reply, const struct zs_err *err, enum zs_http_fate fate, void *user)
{
	(void)reply;
	(void)err;
	(void)fate;
	(void)user;
	told++;
}

/* Accepts (the kernel does) and says nothing. */
static int silent_server(char *dst, size_t size)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	snprintf(dst, size, "https://127.0.0.1:%u/dir", (unsigned)ntohs(sa.sin_port));
	return fd;
}

static void on_enough(void *user)
{
	zs_loop_stop(user, 0);
}

static void test_peer_free_when_a_call_runs_cancels_it(void **state)
{
	char url[64];
	int server = silent_server(url, sizeof(url));
	struct zs_loop *loop = zs_loop_new(NULL);
	struct zs_http *http = zs_http_new(loop, "test");
	const struct zs_http_peer_spec spec = { .name = "ca" };
	const struct zs_http_request request = { .method = ZS_HTTP_GET, .url = url, .timeout_ms = 60000 };
	struct zs_http_peer *peer, *other;
	struct zs_err err;

	(void)state;
	assert_non_null(http);
	peer = zs_http_peer_new(http, &spec, &err);
	other = zs_http_peer_new(http, &spec, &err);
	assert_non_null(peer);
	assert_non_null(other);
	assert_non_null(zs_http_send(peer, &request, on_done, NULL, &err));
	assert_non_null(zs_http_send(other, &request, on_done, NULL, &err));
	assert_non_null(zs_http_send(peer, &request, on_done, NULL, &err));
	assert_non_null(zs_loop_timer(loop, 50, on_enough, loop));
	assert_int_equal(zs_loop_run(loop), 0);
	/* As the engine ends: the sessions, then the library. */
	zs_http_peer_free(peer);
	zs_http_peer_free(other);
	zs_http_free(http);
	zs_loop_free(loop);
	close(server);
	assert_int_equal(told, 0);
}

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8, (const unsigned char *)"root", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	return cert;
}

static bool is_trusted(SSL_CTX *ctx, X509 *cert)
{
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	bool good = X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(ctx), cert, NULL) == 1 && X509_verify_cert(check) == 1;

	X509_STORE_CTX_free(check);
	return good;
}

static void test_roots_free_when_a_connection_holds_them_stay_usable(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = self_signed(key);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	BIO *bio = BIO_new(BIO_s_mem());
	struct zs_roots *roots;
	struct zs_err err;
	char *text;
	long n;

	(void)state;
	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	n = BIO_get_mem_data(bio, &text);
	roots = zs_roots_new(zs_slice_of(text, (size_t)n), &err);
	assert_non_null(roots);
	assert_true(zs_roots_use(roots, ctx));
	zs_roots_free(roots);
	assert_true(is_trusted(ctx, cert));
	SSL_CTX_free(ctx);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void test_roots_when_the_bundle_is_damaged_expect_an_error(void **state)
{
	static const char *const bundles[] = {
		"no certificate", "-----BEGIN CERTIFICATE-----\nMAA=\n", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
	};
	struct zs_err err;

	(void)state;
	for (size_t i = 0; i < ZS_COUNT(bundles); i++) {
		assert_null(zs_roots_new(zs_slice_str(bundles[i]), &err));
		assert_int_equal(err.code, ZS_E_CONFIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer_free_when_a_call_runs_cancels_it),
		cmocka_unit_test(test_roots_free_when_a_connection_holds_them_stay_usable),
		cmocka_unit_test(test_roots_when_the_bundle_is_damaged_expect_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
