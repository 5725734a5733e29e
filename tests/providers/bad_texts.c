/* SPDX-License-Identifier: Apache-2.0 */
/* Says hostile things: formats, escapes, overlong and malformed text, and its secret. */
#include <zoneseal/provider.h>

static const struct zsp_host *bad_host;
#define BAD_NO_HOST
#define BAD_APPLY broken_apply
static int32_t broken_apply(void *instance, const struct zsp_str *zone,
			    const struct zsp_list *changes);
static const struct zsp_option texts_options[] = {
	{ ZSP_STR("token"), ZSP_OPTION_SECRET, 0, { NULL, 0 }, { NULL, 0 }, ZSP_STR("A secret."),
	  0, 0 },
};
#define BAD_OPTIONS ZSP_LIST(texts_options)
#include "bad.h"

BAD_APPLY_HEAD(broken_apply)
{
	static char huge[200000];

	BAD_UNUSED;
	memset(huge, 'x', sizeof(huge));
	bad_host->log(bad_host, ZSP_LOG_ERROR, "%s%n%s \033[2J\nforged: line \xff\xfe", 28);
	bad_host->log(bad_host, ZSP_LOG_ERROR, huge, sizeof(huge));
	bad_host->log(bad_host, ZSP_LOG_ERROR, NULL, 7);
	bad_host->zone(bad_host, "..\n/etc", 7);
	bad_host->zone(bad_host, NULL, 3);
	bad_host->result(bad_host, 0, ZSP_DENIED, "%s%n \033[2J\ncanary-secret-7391", 29);
	bad_host->result(bad_host, 1, ZSP_AUTH, huge, sizeof(huge));
	return bad_host->fail(bad_host, ZSP_DENIED, -5, "canary-secret-7391", 18);
}
