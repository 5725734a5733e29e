/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64url, strict: one text for each value, one value for each text; and the
 * lenient form.
 */
#include "fuzz.h"

#include "base/b64url.h"

static void encode_and_back(struct zs_slice data)
{
	struct zs_buf text = ZS_BUF(1 << 20), lines = ZS_BUF(1 << 20), back = ZS_BUF(1 << 20);

	zs_b64url_encode(&text, data);
	MUST(zs_b64url_decode(&back, zs_buf_slice(&text)) && zs_slice_eq(zs_buf_slice(&back), data));
	zs_buf_clear(&back);
	zs_b64_encode(&lines, data, true);
	MUST(zs_b64_decode_any(&back, zs_buf_slice(&lines)) && zs_slice_eq(zs_buf_slice(&back), data));
	zs_buf_done(&text);
	zs_buf_done(&lines);
	zs_buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zs_slice input = zs_slice_of(data, n);
	struct zs_buf bytes = ZS_BUF(1 << 20), text = ZS_BUF(1 << 20);

	zs_buf_add_str(&bytes, "kept");
	if (zs_b64url_decode(&bytes, input)) {
		zs_b64url_encode(&text, zs_slice_of(bytes.data + 4, bytes.len - 4));
		MUST(zs_slice_eq(zs_buf_slice(&text), input) && zs_b64url_ok(input) == (n > 0));
	}
	MUST(bytes.len >= 4 && !memcmp(bytes.data, "kept", 4));
	zs_buf_clear(&bytes);
	(void)zs_b64_decode_any(&bytes, input);
	if (n)
		encode_and_back(input);
	zs_buf_done(&bytes);
	zs_buf_done(&text);
	return 0;
}
