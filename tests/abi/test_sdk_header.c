/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sdk.h with its initialisers and checked formats, as a plugin uses them.
 * check-header compiles it as strict C99 and as C++.
 */
#include <zoneseal/sdk.h>

static const struct zsp_option options[] = {
	{ ZSP_STR("token"), ZSP_OPTION_SECRET, 1, { NULL, 0 }, { NULL, 0 }, ZSP_STR("Token."), 0, 0 },
	ZSP_HTTP_OPTIONS,
	ZSP_HTTP_OPTION_ALLOW_HTTP,
};
static const struct zsp_list option_list = ZSP_LIST(options);

int32_t uses_sdk(const struct zsp_host *host, const struct zsp_list *values);

int32_t uses_sdk(const struct zsp_host *host, const struct zsp_list *values)
{
	struct zsp_text text = ZSP_TEXT(64), secret = ZSP_TEXT_SECRET(64);
	char time[ZSP_TIME_TEXT];

	zsp_time_rfc3339(0, time);
	zsp_text_addf(&text, "%s %u", time, (unsigned)option_list.n);
	zsp_text_add_str(&secret, zsp_value_text(values, "token"));
	zsp_logf(host, ZSP_LOG_DEBUG, "%s", text.p);
	zsp_text_done(&text);
	zsp_text_done(&secret);
	return zsp_sdk_version() >> 16 == ZSP_SDK_MAJOR ? ZSP_OK : ZSP_BUG;
}
