/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libzoneseal-sdk: what most providers need besides the ABI of provider.h.
 * Plain synchronous C for the one thread that a plugin has.  A plugin may use
 * all of it, parts of it or nothing.  This header includes the others.
 *
 * What holds for all of the library, unless a declaration says otherwise:
 *
 *  - Results are ZSP_OK or an error class of provider.h.
 *  - Text is struct zsp_str; texts that the library hands out have a NUL behind
 *    them that does not count, but for parts of a text of the caller's.
 *  - What a function hands out belongs to the object it came from and ends with
 *    it; what a caller hands in is lent until the call returns.
 *  - Nothing here aborts; where memory runs out the result is ZSP_BUG or NULL.
 *  - Since: everything without a mark is there since SDK 0.1.
 */
#ifndef ZONESEAL_SDK_H
#define ZONESEAL_SDK_H

#include <zoneseal/sdk_base.h>

#include <zoneseal/file.h>
#include <zoneseal/http.h>
#include <zoneseal/json.h>
#include <zoneseal/name.h>
#include <zoneseal/say.h>
#include <zoneseal/text.h>
#include <zoneseal/time.h>
#include <zoneseal/txt.h>

#endif
