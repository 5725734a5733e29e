# SPDX-License-Identifier: Apache-2.0
# tests/unit/front: nothing to build yet.
