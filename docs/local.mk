# SPDX-License-Identifier: Apache-2.0
# docs: nothing to build yet.
