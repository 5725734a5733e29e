/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates, Retry-After, durations and numbers.
 */
#include "fuzz.h"

#include "base/clock.h"

enum { NOW = 1800000000, DAY = 86400 };

static void round_trip(int64_t unix_seconds)
{
	char text[ZS_TIME_TEXT];
	int64_t again;

	zs_time_print(unix_seconds, text);
	if (!zs_time_parse(zs_slice_str(text), &again))
		MUST(!strcmp(text, "invalid-time"));
	else
		MUST(again == unix_seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice text = zs_slice_of(data, n);
	uint64_t number;
	int64_t at;

	if (zs_time_parse(text, &at))
		round_trip(at);
	if (zs_time_parse_http(text, &at))
		round_trip(at);
	if (zs_time_retry_after(text, NOW, &at))
		MUST(at >= NOW && at <= NOW + DAY);
	if (zs_slice_duration_ms(text, 1000000, &number))
		MUST(number <= 1000000);
	if (zs_slice_u64(text, UINT64_MAX, &number))
		MUST(n > 0);
	return 0;
}
