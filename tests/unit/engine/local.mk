# SPDX-License-Identifier: Apache-2.0
# tests/unit/engine: nothing to build yet.
