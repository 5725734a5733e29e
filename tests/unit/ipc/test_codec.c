/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec and the table of messages.  One filler and one comparer work from
 * the field tables, so that every message is tried with content, cut at every
 * octet and with every octet changed; run under the sanitizers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/codec.h"

struct any_list { void *items; uint32_t n; };

static struct zs_arena filled;	/* what the filler makes */
static uint32_t counter;

/* ---- filling and comparing by table ---- */

static void fill_struct(const struct zs_shape *shape, uint8_t *base);

static void fill_u32(const struct zs_field *field, uint8_t *at)
{
	uint32_t v = 0x01020300u + ++counter;

	(void)field;
	memcpy(at, &v, sizeof(v));
}

static void fill_u64(const struct zs_field *field, uint8_t *at)
{
	uint64_t v = UINT64_C(0xfffefdfc00000000) + ++counter;

	(void)field;
	memcpy(at, &v, sizeof(v));
}

static void fill_bool(const struct zs_field *field, uint8_t *at)
{
	bool v = ++counter & 1;

	(void)field;
	memcpy(at, &v, sizeof(v));
}

static void fill_str(const struct zs_field *field, uint8_t *at)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "text-%u", ++counter);
	struct zs_slice s = zs_slice_of(zs_arena_str(&filled, text, (size_t)n), (size_t)n);

	assert_true(s.n <= field->max);
	memcpy(at, &s, sizeof(s));
}

static void fill_name(const struct zs_field *field, uint8_t *at)
{
	struct zs_name *name = (void *)at;

	(void)field;
	name->len = (uint8_t)snprintf(name->text, sizeof(name->text), "_acme-challenge.n%u.example", ++counter);
	name->wildcard = counter % 3 == 0;
}

static void fill_err(const struct zs_field *field, uint8_t *at)
{
	struct zs_err *err = (void *)at;

	(void)field;
	zs_err_set(err, ZS_E_PROPAGATION, "line one\nline %u", ++counter);
	zs_err_subject(err, "www.example");
	zs_err_where(err, "ns1.example");
	zs_err_hint(err, "wait");
	memcpy(err->problem, "dns", 4);
	err->http_status = -5;
	err->retry_at = 1234567890123;
	zs_err_sub(err, zs_slice_str("a.example"), zs_slice_str("caa"), zs_slice_str("no \xc3\xa9 allowed"));
	zs_err_sub(err, zs_slice_str("b.example"), zs_slice_str("dns"), zs_slice_str(""));
}

static void fill_list(const struct zs_field *field, uint8_t *at)
{
	struct any_list list = { .items = zs_arena_alloc(&filled, 2 * field->shape->size), .n = 2 };

	assert_non_null(list.items);
	for (uint32_t i = 0; i < list.n; i++)
		fill_struct(field->shape, (uint8_t *)list.items + i * field->shape->size);
	memcpy(at, &list, sizeof(list));
}

static void (*const fillers[])(const struct zs_field *field, uint8_t *at) = {
	[ZS_F_U32] = fill_u32, [ZS_F_U64] = fill_u64, [ZS_F_I64] = fill_u64, [ZS_F_BOOL] = fill_bool,
	[ZS_F_STR] = fill_str, [ZS_F_NAME] = fill_name, [ZS_F_ERR] = fill_err, [ZS_F_LIST] = fill_list,
};

static void fill_struct(const struct zs_shape *shape, uint8_t *base)
{
	for (size_t i = 0; i < shape->nfields; i++)
		fillers[shape->fields[i].kind](&shape->fields[i], base + shape->fields[i].offset);
}

static void same_struct(const struct zs_shape *shape, const uint8_t *a, const uint8_t *b);

static void same_str(const uint8_t *a, const uint8_t *b)
{
	struct zs_slice x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	assert_true(zs_slice_eq(x, y));
}

static void same_name(const uint8_t *a, const uint8_t *b)
{
	const struct zs_name *x = (const void *)a, *y = (const void *)b;

	assert_int_equal(x->len, y->len);
	assert_int_equal(x->wildcard, y->wildcard);
	assert_string_equal(x->text, y->text);
}

static void same_err(const uint8_t *a, const uint8_t *b)
{
	const struct zs_err *x = (const void *)a, *y = (const void *)b;

	assert_int_equal(x->code, y->code);
	assert_string_equal(x->subject, y->subject);
	assert_string_equal(x->where, y->where);
	assert_string_equal(x->problem, y->problem);
	assert_int_equal(x->http_status, y->http_status);
	assert_int_equal(x->retry_at, y->retry_at);
	assert_string_equal(x->text, y->text);
	assert_string_equal(x->hint, y->hint);
	assert_int_equal(x->nsub, y->nsub);
	for (uint32_t i = 0; i < x->nsub; i++) {
		assert_string_equal(x->sub[i].identifier, y->sub[i].identifier);
		assert_string_equal(x->sub[i].type, y->sub[i].type);
		assert_string_equal(x->sub[i].detail, y->sub[i].detail);
	}
}

static void same_list(const struct zs_field *field, const uint8_t *a, const uint8_t *b)
{
	struct any_list x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	assert_int_equal(x.n, y.n);
	for (uint32_t i = 0; i < x.n; i++)
		same_struct(field->shape, (const uint8_t *)x.items + i * field->shape->size,
			    (const uint8_t *)y.items + i * field->shape->size);
}

static const size_t plain_size[] = {
	[ZS_F_U32] = 4, [ZS_F_U64] = 8, [ZS_F_I64] = 8, [ZS_F_BOOL] = sizeof(bool), [ZS_F_STR] = 0,
	[ZS_F_NAME] = 0, [ZS_F_ERR] = 0, [ZS_F_LIST] = 0,
};

static void same_struct(const struct zs_shape *shape, const uint8_t *a, const uint8_t *b)
{
	for (size_t i = 0; i < shape->nfields; i++) {
		const struct zs_field *field = &shape->fields[i];
		const uint8_t *x = a + field->offset, *y = b + field->offset;

		if (field->kind == ZS_F_STR)
			same_str(x, y);
		else if (field->kind == ZS_F_NAME)
			same_name(x, y);
		else if (field->kind == ZS_F_ERR)
			same_err(x, y);
		else if (field->kind == ZS_F_LIST)
			same_list(field, x, y);
		else
			assert_memory_equal(x, y, plain_size[field->kind]);
	}
}

/* A filled struct of the shape, in the arena. */
static void *make(const struct zs_shape *shape)
{
	void *body = zs_arena_alloc(&filled, shape->size);

	assert_non_null(body);
	fill_struct(shape, body);
	return body;
}

static struct zs_buf encode(const struct zs_shape *shape, const void *body)
{
	struct zs_buf buf = ZS_BUF(ZS_MAX_MESSAGE);
	struct zs_err err;
	int rc = zs_msg_encode(shape, body, &buf, &err);

	if (rc)
		fail_msg("%s: %s", shape->name, err.text);
	return buf;
}

/* Decodes from a heap block of exactly that size, so that ASan sees a read past it. */
static int decode_exact(const struct zs_shape *shape, struct zs_slice data)
{
	uint8_t *copy = malloc(data.n ? data.n : 1);
	void *ret = malloc(shape->size);
	struct zs_arena arena;
	struct zs_err err;
	int rc;

	assert_true(copy && ret);
	memcpy(copy, data.p, data.n);
	zs_arena_init(&arena, ZS_MAX_DECODED);
	rc = zs_msg_decode(shape, zs_slice_of(copy, data.n), ret, &arena, &err);
	assert_true(rc == 0 || rc == -ZS_E_PEER);
	zs_arena_done(&arena);
	free(copy);
	free(ret);
	return rc;
}

static int setup(void **state)
{
	(void)state;
	zs_arena_init(&filled, 16 * ZS_MAX_MESSAGE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zs_arena_done(&filled);
	return 0;
}

#define EACH_MESSAGE(type, def) \
	for (uint32_t type = 1; type < ZS_MSG__COUNT; type++) \
		for (const struct zs_msg_def *def = zs_msg_def(type); def; def = NULL)

/* ---- tests ---- */

static void test_message_filled_round_trips(void **state)
{
	unsigned n = 0;

	(void)state;
	EACH_MESSAGE(type, def) {
		const void *body = make(def->shape);
		struct zs_buf data = encode(def->shape, body);
		void *ret = zs_arena_alloc(&filled, def->shape->size);
		struct zs_err err;
		int rc = zs_msg_decode(def->shape, zs_buf_slice(&data), ret, &filled, &err);

		if (rc)
			fail_msg("%s: %s", def->name, err.text);
		same_struct(def->shape, body, ret);
		zs_buf_done(&data);
		n++;
	}
	assert_int_equal(n, ZS_MSG__COUNT - 1);
}

static void test_message_cut_anywhere_is_refused(void **state)
{
	(void)state;
	EACH_MESSAGE(type, def) {
		struct zs_buf data = encode(def->shape, make(def->shape));

		for (size_t n = 0; n < data.len; n++)
			assert_int_equal(decode_exact(def->shape, zs_slice_of(data.data, n)), -ZS_E_PEER);
		assert_int_equal(decode_exact(def->shape, zs_buf_slice(&data)), 0);
		zs_buf_add_byte(&data, 0);
		assert_int_equal(decode_exact(def->shape, zs_buf_slice(&data)), -ZS_E_PEER);
		zs_buf_done(&data);
	}
}

static void test_message_with_a_changed_octet_never_harms(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };

	(void)state;
	EACH_MESSAGE(type, def) {
		struct zs_buf data = encode(def->shape, make(def->shape));

		for (size_t i = 0; i < data.len; i++)
			for (size_t k = 0; k < ZS_COUNT(flips); k++) {
				data.data[i] ^= flips[k];
				(void)decode_exact(def->shape, zs_buf_slice(&data));
				data.data[i] ^= flips[k];
			}
		zs_buf_done(&data);
	}
}

static void test_empty_message_round_trips_as_zeroes(void **state)
{
	(void)state;
	EACH_MESSAGE(type, def) {
		void *zeroes = zs_arena_alloc(&filled, def->shape->size);
		struct zs_buf data = encode(def->shape, zeroes);

		assert_int_equal(decode_exact(def->shape, zs_buf_slice(&data)), 0);
		zs_buf_done(&data);
	}
}

static const size_t field_size[] = {
	[ZS_F_U32] = 4, [ZS_F_U64] = 8, [ZS_F_I64] = 8, [ZS_F_BOOL] = sizeof(bool), [ZS_F_STR] = sizeof(struct zs_slice),
	[ZS_F_NAME] = sizeof(struct zs_name), [ZS_F_ERR] = sizeof(struct zs_err), [ZS_F_LIST] = sizeof(struct any_list),
};

/* Padding is smaller than 8 octets; a forgotten member leaves a larger hole. */
static void check_covered(const struct zs_shape *shape)
{
	size_t end = 0;

	for (size_t i = 0; i < shape->nfields; i++) {
		const struct zs_field *field = &shape->fields[i];

		if (field->offset < end || field->offset - end >= 8)
			fail_msg("%s.%s: at %zu, the one before ends at %zu", shape->name, field->name, field->offset, end);
		end = field->offset + field_size[field->kind];
		if (field->kind == ZS_F_LIST)
			check_covered(field->shape);
	}
	assert_true(end <= shape->size && shape->size - end < 8);
}

static void test_tables_cover_every_member(void **state)
{
	(void)state;
	EACH_MESSAGE(type, def)
		check_covered(def->shape);
}

static void test_table_of_messages_is_consistent(void **state)
{
	(void)state;
	assert_null(zs_msg_def(0));
	assert_null(zs_msg_def(ZS_MSG__COUNT));
	EACH_MESSAGE(type, def) {
		const struct zs_msg_def *reply = zs_msg_def(def->reply), *progress = zs_msg_def(def->progress);

		assert_true(def->senders && def->receivers);
		if (def->kind != ZS_KIND_REQUEST) {
			assert_true(!reply && !progress);
			continue;
		}
		assert_non_null(reply);
		assert_int_equal(reply->kind, ZS_KIND_REPLY);
		/* Whoever is asked may answer, and whoever asks may hear it. */
		assert_int_equal(def->receivers & ~reply->senders, 0);
		assert_int_equal(def->senders & ~reply->receivers, 0);
		assert_true(!progress || progress->kind == ZS_KIND_PROGRESS);
	}
}

static void test_roles_may_send_only_over_their_link(void **state)
{
	(void)state;
	assert_true(zs_msg_allowed(ZS_MSG_SIGN_READ, ZS_ROLE_ENGINE, ZS_ROLE_VAULT, ZS_LINK_ENGINE));
	assert_false(zs_msg_allowed(ZS_MSG_SIGN_READ, ZS_ROLE_ENGINE, ZS_ROLE_VAULT, ZS_LINK_FRONT));
	assert_false(zs_msg_allowed(ZS_MSG_SIGN_READ, ZS_ROLE_FRONT, ZS_ROLE_VAULT, ZS_LINK_FRONT));
	assert_false(zs_msg_allowed(ZS_MSG_SIGN_READ, ZS_ROLE_HOST, ZS_ROLE_VAULT, ZS_LINK_ENGINE));
	assert_false(zs_msg_allowed(ZS_MSG_VAULT_JOB, ZS_ROLE_ENGINE, ZS_ROLE_VAULT, ZS_LINK_ENGINE));
	assert_false(zs_msg_allowed(ZS_MSG_HOST_SECRET, ZS_ROLE_ENGINE, ZS_ROLE_HOST, ZS_LINK_ENGINE));
	assert_true(zs_msg_allowed(ZS_MSG_CANCEL, ZS_ROLE_FRONT, ZS_ROLE_ENGINE, ZS_LINK_FRONT));
	assert_true(zs_msg_allowed(ZS_MSG_CANCEL, ZS_ROLE_ENGINE, ZS_ROLE_HOST, ZS_LINK_ENGINE));
	assert_false(zs_msg_allowed(ZS_MSG_CANCEL, ZS_ROLE_ENGINE, ZS_ROLE_ENGINE, ZS_LINK_ENGINE));
	assert_false(zs_msg_allowed(ZS_MSG_CANCEL, ZS_ROLE_HOST, ZS_ROLE_FRONT, ZS_LINK_FRONT));
	assert_false(zs_msg_allowed(ZS_MSG_OK, ZS_ROLE_HOST, ZS_ROLE_VAULT, ZS_LINK_ENGINE));
	assert_false(zs_msg_allowed(ZS_MSG_OK, (enum zs_role)77, ZS_ROLE_FRONT, ZS_LINK_FRONT));
}

static void test_name_wildcard_and_root_survive(void **state)
{
	struct zs_name names[3] = { { .text = "example.org", .len = 11, .wildcard = true }, { .len = 0 },
				    { .text = "*.example.org", .len = 13 } };
	struct zs_msg_probe_walk walk = { .names = { names, 3 } }, ret;
	const struct zs_shape *shape = zs_msg_def(ZS_MSG_PROBE_WALK)->shape;
	struct zs_buf data = encode(shape, &walk);
	struct zs_err err;

	(void)state;
	assert_int_equal(zs_msg_decode(shape, zs_buf_slice(&data), &ret, &filled, &err), 0);
	for (int i = 0; i < 3; i++)
		same_name((const uint8_t *)&ret.names.items[i], (const uint8_t *)&names[i]);
	zs_buf_done(&data);
}

static void test_encode_what_breaks_a_rule_fails(void **state)
{
	static const char big[ZS_MAX_URL + 1] = "x";
	struct zs_name odd = { .text = "a\\032b", .len = 6 };
	struct zs_msg_probe_walk walk = { .names = { &odd, 1 } };
	struct zs_msg_sign sign = { .url = zs_slice_of(big, sizeof(big)) };
	struct zs_msg_fail bad = { .err = { .code = ZS_E__COUNT } };
	struct zs_buf buf = ZS_BUF(ZS_MAX_MESSAGE);
	struct zs_err err;

	(void)state;
	assert_int_equal(zs_msg_encode(zs_msg_def(ZS_MSG_PROBE_WALK)->shape, &walk, &buf, &err), -ZS_E_BUG);
	walk.names.n = 100000;
	assert_int_equal(zs_msg_encode(zs_msg_def(ZS_MSG_PROBE_WALK)->shape, &walk, &buf, &err), -ZS_E_BUG);
	assert_int_equal(zs_msg_encode(zs_msg_def(ZS_MSG_SIGN_READ)->shape, &sign, &buf, &err), -ZS_E_BUG);
	assert_int_equal(zs_msg_encode(zs_msg_def(ZS_MSG_FAIL)->shape, &bad, &buf, &err), -ZS_E_BUG);
	zs_buf_done(&buf);
}

static void test_list_count_without_octets_is_refused(void **state)
{
	/* 4096 results would take 27 MB. */
	static const uint8_t data[] = { 0x00, 0x10, 0, 0 };

	(void)state;
	assert_int_equal(decode_exact(zs_msg_def(ZS_MSG_ENGINE_CLEANED)->shape, zs_slice_of(data, sizeof(data))), -ZS_E_PEER);
}

static void test_most_results_of_an_apply_fit(void **state)
{
	struct zs_msg_fail *results = calloc(ZS_MAX_CHANGES, sizeof(*results));
	struct zs_msg_host_applied applied = { .results = { results, ZS_MAX_CHANGES } };
	const struct zs_shape *shape = zs_msg_def(ZS_MSG_HOST_APPLIED)->shape;
	struct zs_buf data;

	(void)state;
	assert_non_null(results);
	for (size_t i = 0; i < ZS_MAX_CHANGES; i++)
		zs_err_set(&results[i].err, ZS_E_PROVIDER, "%0900d", 1);
	data = encode(shape, &applied);
	assert_int_equal(decode_exact(shape, zs_buf_slice(&data)), 0);
	zs_buf_done(&data);
	free(results);
}

static void test_err_of_a_peer_is_cleaned(void **state)
{
	struct zs_msg_fail fail, ret;
	const struct zs_shape *shape = zs_msg_def(ZS_MSG_FAIL)->shape;
	struct zs_buf data;
	struct zs_err err;

	(void)state;
	zs_err_set(&fail.err, ZS_E_CA_REFUSED, "x");
	memcpy(fail.err.text, "a\x1b[31mb\nc", sizeof("a\x1b[31mb\nc"));
	memcpy(fail.err.subject, "s\nt", 4);
	memset(fail.err.where, 0x07, sizeof(fail.err.where) - 1);
	fail.err.where[sizeof(fail.err.where) - 1] = 0;
	data = encode(shape, &fail);
	assert_int_equal(zs_msg_decode(shape, zs_buf_slice(&data), &ret, &filled, &err), 0);
	assert_null(strchr(ret.err.text, 0x1b));
	assert_non_null(strchr(ret.err.text, '\n'));
	assert_null(strchr(ret.err.subject, '\n'));
	assert_null(strchr(ret.err.where, 0x07));
	assert_true(strlen(ret.err.where) < sizeof(ret.err.where));
	zs_buf_done(&data);
}

static void test_names_of_enums_have_an_answer_past_the_end(void **state)
{
	(void)state;
	assert_string_equal(zs_role_name(ZS_ROLE_HOST), "host");
	assert_string_equal(zs_role_name((enum zs_role)99), "unknown");
	assert_string_equal(zs_phase_name((enum zs_phase)-1), "unknown");
	assert_string_equal(zs_policy_name(ZS_POLICY_QUORUM), "quorum");
	assert_string_equal(zs_server_state_name(ZS_SERVER_LAME), "lame");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_message_filled_round_trips),
		TEST(test_message_cut_anywhere_is_refused),
		TEST(test_message_with_a_changed_octet_never_harms),
		TEST(test_empty_message_round_trips_as_zeroes),
		TEST(test_tables_cover_every_member),
		TEST(test_table_of_messages_is_consistent),
		TEST(test_roles_may_send_only_over_their_link),
		TEST(test_name_wildcard_and_root_survive),
		TEST(test_encode_what_breaks_a_rule_fails),
		TEST(test_list_count_without_octets_is_refused),
		TEST(test_most_results_of_an_apply_fit),
		TEST(test_err_of_a_peer_is_cleaned),
		TEST(test_names_of_enums_have_an_answer_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
