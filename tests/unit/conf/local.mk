# SPDX-License-Identifier: Apache-2.0
# tests/unit/conf: nothing to build yet.
