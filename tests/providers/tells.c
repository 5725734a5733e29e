/* SPDX-License-Identifier: Apache-2.0 */
/* Behaves: tells a test server what it is asked. */
#include "tells.h"
