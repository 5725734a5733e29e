# SPDX-License-Identifier: Apache-2.0
# tests/providers: nothing to build yet.
