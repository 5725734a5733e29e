# SPDX-License-Identifier: Apache-2.0
# scripts: nothing to build yet.
