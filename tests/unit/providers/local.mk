# SPDX-License-Identifier: Apache-2.0
# tests/unit/providers: nothing to build yet.
