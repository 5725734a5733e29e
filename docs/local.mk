# SPDX-License-Identifier: Apache-2.0
# docs: what is installed beside the program, and what is only for the tree.
dist_doc_DATA += \
	README.md \
	CHANGELOG.md \
	SECURITY.md \
	docs/architecture.md \
	docs/errors.md
EXTRA_DIST += \
	CONTRIBUTING.md \
	docs/lab.md
