# SPDX-License-Identifier: Apache-2.0
# tests/scenario: nothing to build yet.
EXTRA_DIST += \
	tests/scenario/conftest.py \
	tests/scenario/test_ca_faults.py \
	tests/scenario/test_ca_real.py \
	tests/scenario/test_errors.py \
	tests/scenario/test_issue.py \
	tests/scenario/test_kill.py \
	tests/scenario/test_processes.py \
	tests/lab/test_lab.py
