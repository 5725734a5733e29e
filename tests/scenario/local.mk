# SPDX-License-Identifier: Apache-2.0
# tests/scenario: whole issuances in the lab; tests/lab: the lab itself.
EXTRA_DIST += \
	tests/scenario/conftest.py \
	tests/scenario/test_acme_dns.py \
	tests/scenario/test_bridges.py \
	tests/scenario/test_ca_faults.py \
	tests/scenario/test_ca_real.py \
	tests/scenario/test_cli.py \
	tests/scenario/test_cloudflare.py \
	tests/scenario/test_confinement.py \
	tests/scenario/test_docs.py \
	tests/scenario/test_errors.py \
	tests/scenario/test_guide.py \
	tests/scenario/test_hostile_api.py \
	tests/scenario/test_issue.py \
	tests/scenario/test_json.py \
	tests/scenario/test_kill.py \
	tests/scenario/test_kit.py \
	tests/scenario/test_policy.py \
	tests/scenario/test_powerdns.py \
	tests/scenario/test_processes.py \
	tests/scenario/test_rfc2136_sim.py \
	tests/scenario/test_route53.py \
	tests/scenario/test_routing.py \
	tests/scenario/test_sdk.py \
	tests/scenario/test_sim.py \
	tests/scenario/test_zone_lock.py \
	tests/lab/test_lab.py
