/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every header of libzoneseal-sdk needs: its version and its visibility.
 */
#ifndef ZONESEAL_SDK_BASE_H
#define ZONESEAL_SDK_BASE_H

#include <zoneseal/provider.h>

/* Version of the library's interface.  Functions are only ever added while the
 * major stays; the soname changes with it. */
#define ZSP_SDK_MAJOR 0
#define ZSP_SDK_MINOR 1

#ifdef __cplusplus
#define ZSP_SDK extern "C" ZSP_VISIBLE
#else
#define ZSP_SDK ZSP_VISIBLE
#endif

#if defined(__GNUC__)
#define ZSP_FORMAT(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define ZSP_FORMAT(fmt, first)
#endif

/* The one symbol that a plugin exports, where it has nothing to decide there. */
#define ZSP_PLUGIN(descriptor) \
	ZSP_EXPORT const struct zsp_provider *zoneseal_provider(uint32_t host_abi) \
	{ \
		(void)host_abi; \
		return &(descriptor); \
	}

/* major << 16 | minor of the library that is loaded. */
ZSP_SDK uint32_t zsp_sdk_version(void);

#endif
