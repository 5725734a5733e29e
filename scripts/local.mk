# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	scripts/quickstart \
	scripts/lab \
	scripts/lab.d/init.py \
	scripts/lab.d/wire.py \
	scripts/lab.d/world.py
