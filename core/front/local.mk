# SPDX-License-Identifier: Apache-2.0
# core/front: nothing to build yet.
