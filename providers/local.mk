# SPDX-License-Identifier: Apache-2.0
# The provider plugins, one directory each.
include providers/rfc2136/local.mk
include providers/memory/local.mk
