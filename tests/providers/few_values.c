/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: a service that keeps two values at a name and removes none; 10 changes in one call. */
#define TELLS_NAME "few-values"
#define TELLS_FLAGS (ZSP_FLAG_BATCH | ZSP_FLAG_NO_REMOVE)
#define TELLS_VALUES 2
#define TELLS_CHANGES 10
#include "tells.h"
