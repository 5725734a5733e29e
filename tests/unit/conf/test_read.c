/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of reading: mistakes with their lines and hints, files that are not
 * ours, drop-ins, and bytes that are no configuration.
 */
#include "scratch.h"

#include <errno.h>

static const struct {
	const char *label, *text, *want;
} mistakes[] = {
	{ "unknown key with a near one", "[zone corp.example.com]\npropogation = all\n",
		"zoneseal.conf:2: unknown key \"propogation\" in [zone corp.example.com]; did you mean \"propagation\"?" },
	{ "unknown key of elsewhere", "[zone a.example]\nnames = a\n", ":2: unknown key \"names\" in [zone a.example]; it belongs in [certificate]" },
	{ "unknown key like nothing", "[view v]\nxyzzy = 1\n", ":2: unknown key \"xyzzy\" in [view v]" },
	{ "unknown section with a near one", "[certficate x]\n", ":1: unknown section [certficate x]; did you mean [certificate NAME]?" },
	{ "unknown section like nothing", "[http]\n", ":1: unknown section [http]; there are defaults, ca," },
	{ "default instead of defaults", "[default]\n", "did you mean [defaults]?" },
	{ "section without name", "[zone]\nttl = 5\n", ":1: [zone] needs a name: write [zone DOMAIN]" },
	{ "defaults with a name", "[defaults x]\n", ":1: [defaults] has no name" },
	{ "section with a bad name", "[ca a/b]\n", ":1: \"a/b\" is no name for a [ca]" },
	{ "zone with a bad name", "[zone a..b]\n", "empty label" },
	{ "zone with a wildcard", "[zone *.a.example]\n", "a zone has no wildcard" },
	{ "duplicate key", "[defaults]\nttl = 5\n\nTTL = 6\n", ":4: key \"ttl\" is already on line 2" },
	{ "duplicate section", "[view v]\n[zone a.example]\n[view  V]\n[View v]\n", ":4: section [view v] is already on line 1" },
	{ "duplicate section by blanks", "[view v]\n[view  v]\n", ":2: section [view v] is already at " },
	{ "duplicate section by case", "[view v]\n[view V]\n", ":2: section [view v] is already on line 1" },
	{ "duplicate zone by spelling", "[zone b\xc3\xbc""cher.de]\n[zone xn--bcher-kva.de]\n",
		":2: section [zone xn--bcher-kva.de] is already at " },
	{ "key before sections", "ttl = 5\n", ":1: a key before the first section" },
	{ "no equal sign", "[defaults]\nttl\n", ":2: no equal sign" },
	{ "no key", "[defaults]\n= 5\n", ":2: no key before the equal sign" },
	{ "blank in a key", "[defaults]\nt t l = 5\n", ":2: not a key" },
	{ "no value", "[defaults]\nttl =\n", ":2: ttl: has no value" },
	{ "header without end", "[defaults\nttl = 5\n", ":1: not a section header" },
	{ "text behind a header", "[defaults] # yes\n", ":1: not a section header" },
	{ "continued line", "[defaults]\nresolvers = 192.0.2.1,\n  192.0.2.2\n", ":3: no equal sign" },
	{ "secret in place", "[ca x]\neab-hmac-key = c2VjcmV0\n",
		":2: eab-hmac-key is a secret and never stands in the configuration itself: write it to a file with mode 0600" },
	{ "secret in two places", "[ca x]\neab-hmac-key-file = /a\neab-hmac-key-env = A\n", ":3: eab-hmac-key-env: there is eab-hmac-key-file already" },
	{ "escape in a value", "[ca x]\npreferred-chain = a\x1b[1m\n", ":2: a control or invisible character" },
	{ "not UTF-8", "[ca x]\npreferred-chain = \xff\n", ":2: not UTF-8" },
	{ "lone CR", "[ca x]\rpreferred-chain = a\n", ":1: a control" },
	{ "UTF-16", "\xff\xfe[", ":1: not UTF-8" },
};

static void test_read_when_mistaken_expect_line_and_hint(void **state)
{
	struct scratch *scratch = *state;

	for (size_t i = 0; i < ZS_COUNT(mistakes); i++) {
		int rc = scratch_read(scratch, mistakes[i].text);

		if (rc != -ZS_E_CONFIG)
			fail_msg("%s: %d %s", mistakes[i].label, rc, scratch->err.text);
		if (!strstr(scratch->err.text, mistakes[i].want))
			fail_msg("%s: \"%s\" is not in: %s", mistakes[i].label, mistakes[i].want, scratch->err.text);
		assert_null(strstr(scratch->err.text, "c2VjcmV0"));
	}
}

static void test_read_when_several_mistakes_expect_all(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(scratch_read(scratch, "[defaults]\nttl = soon\nlooks = many\nx\n[ca c]\nagree-tos = perhaps\n"), -ZS_E_CONFIG);
	expect_text(scratch, "zoneseal.conf:2: ttl");
	expect_text(scratch, "\n");
	expect_text(scratch, ":3: looks");
	expect_text(scratch, ":4: no equal sign");
	expect_text(scratch, ":6: agree-tos");
}

static void test_read_when_too_many_mistakes_expect_whole_lines_and_count(void **state)
{
	struct scratch *scratch = *state;
	struct zs_buf text = ZS_BUF(1 << 16);
	const char *last;

	for (int i = 0; i < 500; i++)
		zs_buf_add_str(&text, "nonsense\n");
	assert_int_equal(scratch_read(scratch, zs_buf_str(&text)), -ZS_E_CONFIG);
	zs_buf_done(&text);
	last = strrchr(scratch->err.text, '\n');
	assert_non_null(last);
	assert_memory_equal(last, "\n... and 4", 10);
	assert_non_null(strstr(last, " more"));
}

static void test_read_when_bom_and_crlf_expect_the_same(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(scratch_read(scratch, "\xef\xbb\xbf# hello\r\n  [defaults]  \r\n\r\n\tttl =  5m \r\n ; bye"), 0);
	assert_int_equal(scratch->conf.defaults.ttl, 300);
	assert_int_equal(scratch_read(scratch, ""), 0);
	assert_int_equal(scratch_read(scratch, "\n\n"), 0);
	assert_int_equal(scratch_read(scratch, "[view v]"), 0);
	assert_int_equal(scratch->conf.views.n, 1);
	assert_int_equal(scratch->conf.views.items[0].where.line, 1);
}

static void test_read_when_nul_expect_error(void **state)
{
	struct scratch *scratch = *state;

	scratch_write(scratch, "zoneseal.conf", zs_slice_of("[defaults]\nttl = 5\0m\n", 21));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	expect_text(scratch, ":2: a NUL octet");
}

static void test_read_when_options_of_plugin_expect_kept_with_lines(void **state)
{
	struct scratch *scratch = *state;
	const struct zs_conf_provider *provider;

	assert_int_equal(scratch_read(scratch, "[provider p]\nserver = 192.0.2.1\nplugin = rfc2136\nkey-file = /k = v ; x\n"), 0);
	provider = zs_conf_provider(&scratch->conf, "p");
	assert_int_equal(provider->options.n, 2);
	assert_string_equal(provider->options.items[0].key, "server");
	assert_string_equal(provider->options.items[1].value, "/k = v ; x");
	assert_int_equal(provider->options.items[1].where.line, 4);
	assert_string_equal(provider->options.items[1].where.file, scratch->path);
	assert_int_equal(provider->timeout_ms, 30000);
	assert_null(zs_conf_provider(&scratch->conf, "P"));
}

static void test_read_when_programs_are_allowed_expect_no_option_of_plugin(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(scratch_read(scratch, "[provider p]\nplugin = x\nallow-programs = yes\n[provider q]\nplugin = x\n"
					       "[provider r]\nplugin = x\nallow-programs = no\n"), 0);
	assert_true(zs_conf_provider(&scratch->conf, "p")->allow_programs);
	assert_int_equal(zs_conf_provider(&scratch->conf, "p")->options.n, 0);
	assert_false(zs_conf_provider(&scratch->conf, "q")->allow_programs);
	assert_false(zs_conf_provider(&scratch->conf, "r")->allow_programs);
}

/* ---- files ---- */

static void test_read_when_missing_expect_enoent(void **state)
{
	struct scratch *scratch = *state;

	errno = 0;
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	assert_int_equal(errno, ENOENT);
	expect_text(scratch, "there is no configuration file");
}

static void test_read_when_writable_by_group_or_others_expect_refusal(void **state)
{
	static const mode_t modes[] = { 0664, 0646, 0666, 0620 };
	struct scratch *scratch = *state;

	for (size_t i = 0; i < ZS_COUNT(modes); i++) {
		scratch_write(scratch, "zoneseal.conf", S("[defaults]\n"));
		assert_int_equal(chmod(scratch->path, modes[i]), 0);
		assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_PERMISSION);
		expect_text(scratch, "can be written by others");
		assert_non_null(strstr(zs_err_advice(&scratch->err), "chmod go-w"));
	}
	assert_int_equal(chmod(scratch->path, 0600), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), 0);
}

static void test_read_when_of_another_user_expect_refusal(void **state)
{
	struct scratch *scratch = *state;

	if (geteuid())
		skip();
	scratch_write(scratch, "zoneseal.conf", S("[defaults]\n"));
	assert_int_equal(chown(scratch->path, 1234, (gid_t)-1), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_PERMISSION);
	expect_text(scratch, "belongs to user 1234");
}

static void test_read_when_no_regular_file_expect_refusal_without_hanging(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(mkfifo(scratch->path, 0600), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	expect_text(scratch, "is no regular file");
	assert_int_equal(unlink(scratch->path), 0);
	assert_int_equal(mkdir(scratch->path, 0700), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
}

static void test_read_when_a_mebibyte_expect_fine_and_one_more_refused(void **state)
{
	struct scratch *scratch = *state;
	char *text = malloc(ZS_MAX_CONFIG + 1);

	memset(text, '#', ZS_MAX_CONFIG + 1);
	scratch_write(scratch, "zoneseal.conf", zs_slice_of(text, ZS_MAX_CONFIG));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), 0);
	scratch_write(scratch, "zoneseal.conf", zs_slice_of(text, ZS_MAX_CONFIG + 1));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	expect_text(scratch, "longer than 1 MiB");
	memcpy(text, "[provider p]\nx = ", 17);
	scratch_again(scratch);
	scratch_write(scratch, "zoneseal.conf", zs_slice_of(text, ZS_MAX_CONFIG));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	expect_text(scratch, ":2: x: longer than 1024 octets");
	free(text);
}

/* ---- drop-ins ---- */

static void test_read_when_drop_ins_expect_sorted_and_only_conf(void **state)
{
	struct scratch *scratch = *state;

	scratch_mkdir(scratch);
	scratch_write(scratch, "zoneseal.conf", S("[defaults]\nttl = 5\n"));
	scratch_write(scratch, "zoneseal.conf.d/20-b.conf", S("[view b]\n[defaults]\nlooks = 3\n"));
	scratch_write(scratch, "zoneseal.conf.d/10-a.conf", S("[view a]\n"));
	scratch_write(scratch, "zoneseal.conf.d/note.txt", S("nonsense\n"));
	scratch_write(scratch, "zoneseal.conf.d/.hidden.conf", S("nonsense\n"));
	scratch_write(scratch, "zoneseal.conf.d/old.conf~", S("nonsense\n"));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), 0);
	assert_int_equal(scratch->conf.files.n, 3);
	assert_string_equal(scratch->conf.views.items[0].name, "a");
	assert_string_equal(scratch->conf.views.items[1].name, "b");
	assert_int_equal(scratch->conf.defaults.propagation.looks, 3);
	assert_int_equal(scratch->conf.defaults.ttl, 5);
}

static void test_read_when_drop_ins_repeat_expect_both_places(void **state)
{
	struct scratch *scratch = *state;

	scratch_mkdir(scratch);
	scratch_write(scratch, "zoneseal.conf", S("[defaults]\nttl = 5\n[view a]\n"));
	scratch_write(scratch, "zoneseal.conf.d/x.conf", S("[defaults]\nttl = 6\n\n[view A]\n"));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	expect_text(scratch, "zoneseal.conf.d/x.conf:2: key \"ttl\" is already at ");
	expect_text(scratch, "zoneseal.conf:2\n");
	expect_text(scratch, "x.conf:4: section [view a] is already at ");
	expect_text(scratch, "zoneseal.conf:3");
}

static void test_read_when_drop_in_is_bad_expect_others_are_read_too(void **state)
{
	struct scratch *scratch = *state;
	char path[600];

	scratch_mkdir(scratch);
	scratch_write(scratch, "zoneseal.conf", S("[defaults]\n"));
	scratch_write(scratch, "zoneseal.conf.d/a.conf", S("[defaults]\n"));
	scratch_write(scratch, "zoneseal.conf.d/b.conf", S("nonsense\n"));
	(void)snprintf(path, sizeof(path), "%s/zoneseal.conf.d/a.conf", scratch->dir);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_PERMISSION);
	expect_text(scratch, "a.conf can be written by others");
	expect_text(scratch, "b.conf:1: no equal sign");
}

static void test_read_when_drop_in_is_a_link_expect_its_target_counts(void **state)
{
	struct scratch *scratch = *state;
	char path[600], other[600];

	scratch_mkdir(scratch);
	scratch_write(scratch, "zoneseal.conf", S("[defaults]\n"));
	scratch_write(scratch, "elsewhere", S("[view linked]\n"));
	(void)snprintf(other, sizeof(other), "%s/elsewhere", scratch->dir);
	(void)snprintf(path, sizeof(path), "%s/zoneseal.conf.d/l.conf", scratch->dir);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), 0);
	assert_int_equal(scratch->conf.views.n, 1);
	scratch_again(scratch);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	expect_text(scratch, "l.conf");
	if (geteuid())
		return;
	scratch_again(scratch);
	scratch_write(scratch, "elsewhere", S("[view linked]\n"));
	assert_int_equal(chown(other, 1234, (gid_t)-1), 0);
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_PERMISSION);
	expect_text(scratch, "belongs to user 1234");
	assert_int_equal(scratch->conf.views.n, 0);
}

static void test_read_when_directory_is_writable_expect_refusal(void **state)
{
	struct scratch *scratch = *state;
	char path[600];

	scratch_mkdir(scratch);
	(void)snprintf(path, sizeof(path), "%s.d", scratch->path);
	assert_int_equal(chmod(path, 0777), 0);
	scratch_write(scratch, "zoneseal.conf", S("[defaults]\n"));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_PERMISSION);
}

static void test_read_when_directory_has_directories_expect_error_not_descent(void **state)
{
	struct scratch *scratch = *state;
	char path[600];

	scratch_mkdir(scratch);
	(void)snprintf(path, sizeof(path), "%s.d/sub.conf", scratch->path);
	assert_int_equal(mkdir(path, 0755), 0);
	scratch_write(scratch, "zoneseal.conf.d/sub.conf/x.conf", S("nonsense\n"));
	scratch_write(scratch, "zoneseal.conf", S("[defaults]\n"));
	assert_int_equal(zs_conf_read(&scratch->conf, scratch->path, &scratch->err), -ZS_E_CONFIG);
	expect_text(scratch, "sub.conf is no regular file");
}

/* ---- noise ---- */

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static const char sample[] =
	"[defaults]\nca = letsencrypt\nresolvers = 192.0.2.1, [2001:db8::1]:53\npropagation = quorum=60%\nlooks = 2\n"
	"[ca c]\ndirectory = https://ca.example/d\nemail = a@b.example\nproxy = http://p:1\neab-kid = k\neab-hmac-key-env = E\n"
	"[provider p]\nplugin = rfc2136\nkey-file = /k\n[view v]\nservers = 10.0.0.1\n"
	"[zone b\xc3\xbc""cher.example]\nprovider = p\nview = v\nttl = 5m\n"
	"[certificate w]\nnames = *.b\xc3\xbc""cher.example, a.example\nca = c\nkey-type = P-384\ntimeout = 10m\n";

/* Whatever comes: no crash, and a failure says something. */
static void try_bytes(struct scratch *scratch, struct zs_slice data)
{
	struct zs_buf printed = ZS_BUF(1 << 20);
	int rc;

	scratch_again(scratch);
	scratch_write(scratch, "zoneseal.conf", data);
	rc = zs_conf_read(&scratch->conf, scratch->path, &scratch->err);
	if (!rc)
		rc = zs_conf_finish(&scratch->conf, &scratch->err);
	if (rc)
		assert_true(*scratch->err.text && scratch->err.code);
	zs_conf_print(&scratch->conf, &printed);
	zs_buf_done(&printed);
}

static void test_read_when_truncated_expect_no_crash(void **state)
{
	for (size_t n = 0; n <= sizeof(sample) - 1; n++)
		try_bytes(*state, zs_slice_of(sample, n));
}

static void test_read_when_bytes_are_changed_expect_no_crash(void **state)
{
	uint32_t seed = 2463534242;

	for (int round = 0; round < 3000; round++) {
		char text[sizeof(sample)];

		memcpy(text, sample, sizeof(text));
		for (uint32_t i = next_random(&seed) % 8; i < 9; i++) {
			uint32_t at = next_random(&seed) % (sizeof(sample) - 1);

			text[at] = next_random(&seed) % 2 ? (char)next_random(&seed)
							  : "[]=\n,#;%@:/.* "[next_random(&seed) % 14];
		}
		try_bytes(*state, zs_slice_of(text, sizeof(sample) - 1));
	}
}

static void test_read_when_random_bytes_expect_no_crash(void **state)
{
	uint32_t seed = 88172645;
	static const char likely[] = "[]=\n a.z*\xc3\xbc\r,";

	for (int round = 0; round < 500; round++) {
		uint8_t data[700];

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)(round % 2 ? next_random(&seed) : (uint32_t)likely[next_random(&seed) % 13]);
		try_bytes(*state, zs_slice_of(data, next_random(&seed) % sizeof(data)));
	}
}

static void test_read_when_many_sections_expect_quick_or_refused(void **state)
{
	struct scratch *scratch = *state;
	struct zs_buf text = ZS_BUF(ZS_MAX_CONFIG);

	for (int i = 0; i < 3000; i++)
		zs_buf_addf(&text, "[certificate c%d]\nnames = n%d.example\n", i, i);
	zs_buf_add_str(&text, "[provider p]\nplugin = x\n[defaults]\nca = letsencrypt\n");
	assert_int_equal(scratch_load(scratch, zs_buf_str(&text)), 0);
	assert_int_equal(scratch->conf.certificates.n, 3000);
	assert_string_equal(scratch->conf.certificates.items[2999].ca, "letsencrypt");
	zs_buf_clear(&text);
	for (int i = 0; i < 9000; i++)
		zs_buf_addf(&text, "[view v%d]\n", i);
	assert_int_equal(scratch_read(scratch, zs_buf_str(&text)), -ZS_E_CONFIG);
	expect_text(scratch, "more than 8192 sections");
	zs_buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_read_when_mistaken_expect_line_and_hint),
		SCRATCH_TEST(test_read_when_several_mistakes_expect_all),
		SCRATCH_TEST(test_read_when_too_many_mistakes_expect_whole_lines_and_count),
		SCRATCH_TEST(test_read_when_bom_and_crlf_expect_the_same),
		SCRATCH_TEST(test_read_when_nul_expect_error),
		SCRATCH_TEST(test_read_when_options_of_plugin_expect_kept_with_lines),
		SCRATCH_TEST(test_read_when_programs_are_allowed_expect_no_option_of_plugin),
		SCRATCH_TEST(test_read_when_missing_expect_enoent),
		SCRATCH_TEST(test_read_when_writable_by_group_or_others_expect_refusal),
		SCRATCH_TEST(test_read_when_of_another_user_expect_refusal),
		SCRATCH_TEST(test_read_when_no_regular_file_expect_refusal_without_hanging),
		SCRATCH_TEST(test_read_when_a_mebibyte_expect_fine_and_one_more_refused),
		SCRATCH_TEST(test_read_when_drop_ins_expect_sorted_and_only_conf),
		SCRATCH_TEST(test_read_when_drop_ins_repeat_expect_both_places),
		SCRATCH_TEST(test_read_when_drop_in_is_bad_expect_others_are_read_too),
		SCRATCH_TEST(test_read_when_drop_in_is_a_link_expect_its_target_counts),
		SCRATCH_TEST(test_read_when_directory_is_writable_expect_refusal),
		SCRATCH_TEST(test_read_when_directory_has_directories_expect_error_not_descent),
		SCRATCH_TEST(test_read_when_truncated_expect_no_crash),
		SCRATCH_TEST(test_read_when_bytes_are_changed_expect_no_crash),
		SCRATCH_TEST(test_read_when_random_bytes_expect_no_crash),
		SCRATCH_TEST(test_read_when_many_sections_expect_quick_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
