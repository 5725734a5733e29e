# SPDX-License-Identifier: Apache-2.0
# docs: what is installed beside the program, and what is only for the tree.
dist_doc_DATA += \
	README.md \
	CHANGELOG.md \
	SECURITY.md \
	docs/architecture.md \
	docs/config.md \
	docs/errors.md \
	docs/json.md
dist_man_MANS += \
	docs/zoneseal.1 \
	docs/zoneseal.conf.5
EXTRA_DIST += \
	CONTRIBUTING.md \
	docs/lab.md \
	docs/schema/issue.json \
	docs/schema/status.json
