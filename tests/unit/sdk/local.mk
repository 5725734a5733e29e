# SPDX-License-Identifier: Apache-2.0
# The helper library of the plugin SDK.
