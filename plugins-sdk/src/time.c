/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zoneseal/time.h over base/clock, which counts in seconds.
 */
#include <zoneseal/text.h>
#include <zoneseal/time.h>

#include <string.h>

#include "base/clock.h"
#include "bridge.h"

_Static_assert((int)ZSP_TIME_TEXT == (int)ZS_TIME_TEXT, "one size for texts of times");

void zsp_time_rfc3339(int64_t ms, char dst[ZSP_TIME_TEXT])
{
	zs_time_print(ms < 0 ? -1 : ms / 1000, dst);
}

void zsp_time_basic(int64_t ms, char dst[ZSP_TIME_TEXT])
{
	char *to = dst;

	zsp_time_rfc3339(ms, dst);
	if (ms < 0 || !strchr(dst, ':'))
		return;
	for (const char *from = dst; *from; from++)
		if (*from != '-' && *from != ':')
			*to++ = *from;
	*to = 0;
}

/* Milliseconds of ".123456"; the text is known to be a good time. */
static int64_t fraction(struct zsp_str text)
{
	int64_t ms = 0, unit = 100;

	(void)zsp_str_cut(&text, '.');
	for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++, unit /= 10)
		ms += (text.p[i] - '0') * unit;
	return ms;
}

int32_t zsp_time_parse(struct zsp_str text, int64_t *ret_ms)
{
	int64_t seconds;

	if (!zs_time_parse(slice_of(text), &seconds))
		return 0;
	*ret_ms = seconds * 1000 + fraction(text);
	return 1;
}

int32_t zsp_time_parse_http(struct zsp_str text, int64_t *ret_ms)
{
	int64_t seconds;

	if (!zs_time_parse_http(slice_of(text), &seconds))
		return 0;
	*ret_ms = seconds * 1000;
	return 1;
}

int64_t zsp_time_monotonic(void)
{
	return (int64_t)zs_clock_system()->mono_ms(zs_clock_system());
}
