/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share.  A target has no state between two inputs and
 * aborts where a promise of the code is broken.
 */
#ifndef ZS_TESTS_FUZZ_H
#define ZS_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* An assertion that no build leaves out. */
#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

#endif
