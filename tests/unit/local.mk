# SPDX-License-Identifier: Apache-2.0
# The unit tests mirror core/ and providers/.
include tests/unit/base/local.mk
include tests/unit/ipc/local.mk
include tests/unit/wrap/local.mk
include tests/unit/conf/local.mk
include tests/unit/acme/local.mk
include tests/unit/vault/local.mk
include tests/unit/probe/local.mk
include tests/unit/host/local.mk
include tests/unit/front/local.mk
include tests/unit/providers/local.mk
include tests/unit/sdk/local.mk
