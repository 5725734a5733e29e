# SPDX-License-Identifier: Apache-2.0
# tests/bench: `make bench` runs tests/bench/run, which needs no building.
EXTRA_DIST += \
	tests/bench/run \
	tests/bench/figures \
	tests/bench/clients/zoneseal.sh
