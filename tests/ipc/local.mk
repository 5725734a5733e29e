# SPDX-License-Identifier: Apache-2.0
# tests/ipc: nothing to build yet.
