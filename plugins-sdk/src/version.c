/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which library is loaded.
 */
#include <zoneseal/sdk.h>

uint32_t zsp_sdk_version(void)
{
	return (uint32_t)ZSP_SDK_MAJOR << 16 | ZSP_SDK_MINOR;
}
