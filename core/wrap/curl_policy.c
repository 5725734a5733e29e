/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap/curl_policy.h: one table for all who use libcurl.  Cookies and content
 * encoding are off unless asked for; redirects are followed by nobody, so it does
 * not matter which protocols they may lead to.
 */
#include "wrap/curl_policy.h"

#include <curl/curl.h>
#include <stddef.h>

#include "base/defs.h"

int zs_curl_policy(void *easy, const char *protocols, const char *proxy)
{
	static const struct { CURLoption option; long value; } longs[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
		{ CURLOPT_PATH_AS_IS, 1 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
		{ CURLOPT_TCP_NODELAY, 1 },
	};
	const struct { CURLoption option; const char *value; } texts[] = {
		{ CURLOPT_PROTOCOLS_STR, protocols },
		{ CURLOPT_PROXY, proxy ? proxy : "" },
		{ CURLOPT_NOPROXY, "" },
		/* our own look-up of roots: libcurl would parse a whole bundle at each start */
		{ CURLOPT_CAINFO, NULL },
		{ CURLOPT_CAPATH, NULL },
	};
	CURLcode rc = CURLE_OK;

	for (size_t i = 0; i < ZS_COUNT(longs) && !rc; i++)
		rc = curl_easy_setopt(easy, longs[i].option, longs[i].value);
	for (size_t i = 0; i < ZS_COUNT(texts) && !rc; i++)
		rc = curl_easy_setopt(easy, texts[i].option, texts[i].value);
	return (int)rc;
}
