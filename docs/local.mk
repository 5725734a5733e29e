# SPDX-License-Identifier: Apache-2.0
# docs: installed as they lie in the tree, so that what links to each other finds it.
# Every document is named once; here, or (a plugin's) beside what it describes.
nobase_dist_doc_DATA += \
	README.md \
	CHANGELOG.md \
	CONTRIBUTING.md \
	LICENSE \
	SECURITY.md \
	docs/architecture.md \
	docs/config.md \
	docs/errors.md \
	docs/json.md \
	docs/lab.md \
	docs/schema/issue.json \
	docs/schema/provider-check.json \
	docs/schema/status.json
dist_man_MANS += \
	docs/zoneseal.1 \
	docs/zoneseal.conf.5
