/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes in its entry function. */
#include <signal.h>

#define BAD_ENTRY return raise(SIGSEGV) ? NULL : &bad_provider
#include "bad.h"
