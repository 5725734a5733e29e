# SPDX-License-Identifier: Apache-2.0
# tests/abi: nothing to build yet.
