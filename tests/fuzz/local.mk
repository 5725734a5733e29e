# SPDX-License-Identifier: Apache-2.0
# tests/fuzz: nothing to build yet.
