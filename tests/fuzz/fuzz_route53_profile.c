/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the AWS tools as the route53 plugin reads them, and keys as they may
 * become parts of headers.
 */
#include "fuzz.h"

#include "providers/route53/profile.h"

static void read_profile(struct zsp_str text, int32_t kind, const char *name)
{
	struct profile profile;
	uint32_t line = 0;

	profile_init(&profile);
	if (profile_read(&profile, text, kind, zsp_strz(name), &line))
		MUST(line > 0);
	if (!keys_fault(&profile.keys))
		for (size_t i = 0; i < profile.keys.token.n; i++)
			MUST(profile.keys.token.p[i] > ' ' && profile.keys.token.p[i] <= '~');
	if (profile.unsupported)
		MUST(*profile_advice(profile.unsupported));
	profile_done(&profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zsp_str text = { (const char *)data, n };

	read_profile(text, PROFILE_CREDENTIALS, "default");
	read_profile(text, PROFILE_CREDENTIALS, "dns");
	read_profile(text, PROFILE_CONFIG, "dns");
	return 0;
}
