# SPDX-License-Identifier: Apache-2.0
# tests/unit/acme: nothing to build yet.
