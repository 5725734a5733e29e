/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets and sizes of everything in provider.h on 64-bit machines, against the
 * golden file.  A change here breaks built plugins: it needs a new ABI version,
 * a paragraph in ABI.md and a new golden file (`tests/abi/test_layout print`).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zoneseal/provider.h>

#define SIZE(type) { #type, NULL, sizeof(struct type), 0 }
#define AT(type, member) \
	{ #type, #member, offsetof(struct type, member), sizeof(((struct type *)0)->member) }
#define VALUE(constant) { NULL, #constant, (size_t)(constant), 0 }

struct row { const char *type, *member; size_t at, size; };

static const struct row rows[] = {
	SIZE(zsp_head), AT(zsp_head, magic), AT(zsp_head, abi_major), AT(zsp_head, abi_minor),
	AT(zsp_head, struct_size), AT(zsp_head, flags),
	SIZE(zsp_str), AT(zsp_str, p), AT(zsp_str, n),
	SIZE(zsp_list), AT(zsp_list, items), AT(zsp_list, n), AT(zsp_list, item_size),
	SIZE(zsp_option), AT(zsp_option, name), AT(zsp_option, kind), AT(zsp_option, required),
	AT(zsp_option, fallback), AT(zsp_option, env), AT(zsp_option, help), AT(zsp_option, min),
	AT(zsp_option, max),
	SIZE(zsp_value), AT(zsp_value, name), AT(zsp_value, text), AT(zsp_value, number),
	AT(zsp_value, is_given), AT(zsp_value, reserved),
	SIZE(zsp_change), AT(zsp_change, op), AT(zsp_change, ttl), AT(zsp_change, name),
	AT(zsp_change, value), AT(zsp_change, identifier), AT(zsp_change, token),
	AT(zsp_change, key_authorization),
	SIZE(zsp_zone), AT(zsp_zone, zone), AT(zsp_zone, names),
	SIZE(zsp_host), AT(zsp_host, head), AT(zsp_host, context), AT(zsp_host, log),
	AT(zsp_host, fail), AT(zsp_host, result), AT(zsp_host, zone), AT(zsp_host, ticket),
	AT(zsp_host, deadline_left_ms), AT(zsp_host, cancelled), AT(zsp_host, wall_ms),
	AT(zsp_host, print),
	SIZE(zsp_provider), AT(zsp_provider, head), AT(zsp_provider, name),
	AT(zsp_provider, summary), AT(zsp_provider, url), AT(zsp_provider, options),
	AT(zsp_provider, max_changes), AT(zsp_provider, max_values),
	AT(zsp_provider, permissions), AT(zsp_provider, open), AT(zsp_provider, apply),
	AT(zsp_provider, zones), AT(zsp_provider, live), AT(zsp_provider, check),
	AT(zsp_provider, close), AT(zsp_provider, policy),
	VALUE(ZSP_MAGIC), VALUE(ZSP_ABI_MAJOR), VALUE(ZSP_ABI_MINOR), VALUE(ZSP_ABI),
	VALUE(ZSP_FLAG_KEEPS_SIBLINGS), VALUE(ZSP_FLAG_BATCH), VALUE(ZSP_FLAG_LISTS_ZONES),
	VALUE(ZSP_FLAG_NO_NETWORK), VALUE(ZSP_FLAG_NO_REMOVE), VALUE(ZSP_FLAG_NEEDS_ZONE_LOCK),
	VALUE(ZSP_FLAG_EXECS),
	VALUE(ZSP_FLAGS_MUST_UNDERSTAND),
	VALUE(ZSP_OK), VALUE(ZSP_AUTH), VALUE(ZSP_DENIED), VALUE(ZSP_NOT_FOUND),
	VALUE(ZSP_CONFLICT), VALUE(ZSP_RATE_LIMITED), VALUE(ZSP_TRANSIENT), VALUE(ZSP_CONFIG),
	VALUE(ZSP_BUG),
	VALUE(ZSP_LOG_ERROR), VALUE(ZSP_LOG_WARN), VALUE(ZSP_LOG_INFO), VALUE(ZSP_LOG_DEBUG),
	VALUE(ZSP_MAX_TICKET), VALUE(ZSP_MAX_TEXT), VALUE(ZSP_MAX_OPTIONS), VALUE(ZSP_MAX_ZONES),
	VALUE(ZSP_MAX_POLICY), VALUE(ZSP_MAX_PERMISSIONS),
	VALUE(ZSP_OPTION_TEXT), VALUE(ZSP_OPTION_SECRET), VALUE(ZSP_OPTION_FILE),
	VALUE(ZSP_OPTION_INTEGER), VALUE(ZSP_OPTION_DURATION), VALUE(ZSP_OPTION_BOOLEAN),
	VALUE(ZSP_OPTION_ADDRESS), VALUE(ZSP_OPTION_ADDRESSES), VALUE(ZSP_OPTION_NAME),
	VALUE(ZSP_OPTION_URL), VALUE(ZSP_OPTION_DIRECTORY), VALUE(ZSP_ADD), VALUE(ZSP_REMOVE),
};

static void print_row(const struct row *row, char dst[128])
{
	if (!row->type)
		snprintf(dst, 128, "%s %zu\n", row->member, row->at);
	else if (!row->member)
		snprintf(dst, 128, "struct %s %zu\n", row->type, row->at);
	else
		snprintf(dst, 128, "%s.%s %zu %zu\n", row->type, row->member, row->at, row->size);
}

static void test_layout_is_that_of_golden_file(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[4096], line[128], wanted[128];
	FILE *file;

	(void)state;
	if (sizeof(void *) != 8)
		skip();
	snprintf(path, sizeof(path), "%s/tests/abi/layout-1.0.txt", top ? top : ".");
	file = fopen(path, "r");
	assert_non_null(file);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_row(&rows[i], wanted);
		assert_non_null(fgets(line, sizeof(line), file));
		assert_string_equal(line, wanted);
	}
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
}

static void test_has_looks_at_size_and_pointer(void **state)
{
	struct zsp_host host = { .head = ZSP_HEAD(struct zsp_host, 0) };

	(void)state;
	assert_false(ZSP_HAS(&host, context));
	host.context = &host;
	assert_true(ZSP_HAS(&host, context));
	host.head.struct_size = (uint32_t)offsetof(struct zsp_host, context) + 1;
	assert_false(ZSP_HAS(&host, context));
}

static void test_item_steps_by_size_of_sender(void **state)
{
	struct { struct zsp_str s; char newer[24]; } items[3] = { 0 };
	const struct zsp_list list = ZSP_LIST(items);

	(void)state;
	assert_int_equal(list.n, 3);
	assert_ptr_equal(ZSP_ITEM(struct zsp_str, &list, 2), &items[2]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout_is_that_of_golden_file),
		cmocka_unit_test(test_has_looks_at_size_and_pointer),
		cmocka_unit_test(test_item_steps_by_size_of_sender),
	};
	char line[128];

	if (argc < 2 || strcmp(argv[1], "print") != 0)
		return cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_row(&rows[i], line);
		fputs(line, stdout);
	}
	return 0;
}
