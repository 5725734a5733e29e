/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of accounts as the acme-dns plugin reads it: what it takes can stand in a
 * header, a body and a message.
 */
#include "fuzz.h"

#include "providers/acme-dns/storage.h"

static void look_at(const struct ad_account *account)
{
	for (const char *p = account->username; *p; p++)
		MUST(*p > 0x20 && *p < 0x7f);
	for (const char *p = account->password; *p; p++)
		MUST(*p > 0x20 && *p < 0x7f);
	for (const char *p = account->allowfrom; *p; p++)
		MUST(*p >= 0x20 && *p < 0x7f);
	MUST(*account->username && *account->password && *account->subdomain && *account->fulldomain);
	MUST(strlen(account->subdomain) < AD_LABEL && strlen(account->fulldomain) < AD_NAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zsp_str text = { (const char *)data, n }, url = ZSP_STR("https://auth.example.net");
	struct ad_storage storage;
	const char *fault = ad_storage_read(text, url, &storage);

	MUST(!fault == (storage.n > 0));
	for (uint32_t i = 0; i < storage.n; i++) {
		look_at(&storage.accounts[i]);
		MUST(ad_storage_at(&storage, zsp_strz(storage.accounts[i].fulldomain)));
	}
	(void)ad_storage_for(&storage, text);
	(void)ad_value_ok(text);
	ad_storage_done(&storage);
	return 0;
}
