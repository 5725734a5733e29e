/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every HTTP transfer of the project, the engine's and those of
 * provider plugins: TLS 1.2 or newer with verification, no redirects, no netrc, no
 * cookies, no content encoding, no proxy but a named one, no path rewritten.
 */
#ifndef ZS_WRAP_CURL_POLICY_H
#define ZS_WRAP_CURL_POLICY_H

/* easy is a CURL handle (as void, so that no libcurl type leaves); protocols "https" or
 * "http,https"; proxy NULL or "" = none, whatever the environment says.  Roots are the
 * caller's, by CURLOPT_SSL_CTX_FUNCTION.  Returns a CURLcode. */
int zs_curl_policy(void *easy, const char *protocols, const char *proxy);

#endif
