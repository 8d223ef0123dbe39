#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/decode.h"

static const size_t sizes[PT_KIND_CNT] = {
	[PT_KIND_FORK] = sizeof(struct pt_event_fork),
	[PT_KIND_EXEC] = sizeof(struct pt_event_exec),
	[PT_KIND_EXIT] = sizeof(struct pt_event_exit),
	[PT_KIND_ZOMBIE] = sizeof(struct pt_event_zombie),
	[PT_KIND_REAP] = sizeof(struct pt_event_reap),
	[PT_KIND_FREE] = sizeof(struct pt_event_free),
	[PT_KIND_SIGNAL] = sizeof(struct pt_event_signal),
	[PT_KIND_OOM] = sizeof(struct pt_event_oom),
	[PT_KIND_TASK] = sizeof(struct pt_event_task),
	[PT_KIND_THREAD] = sizeof(struct pt_event_thread),
	[PT_KIND_THREAD_EXIT] = sizeof(struct pt_event_thread_exit),
	[PT_KIND_CGROUP] = sizeof(struct pt_event_cgroup),
};

/* A record in memory of exactly its size, so that a sanitizer sees a read past it. */
struct record {
	struct pt_event *data;
	size_t size;
};

static struct record record_new(enum pt_kind kind, size_t size)
{
	struct record record = {.data = calloc(1, size ? size : 1), .size = size};
	struct pt_event head = {.size = size, .kind = kind, .flags = 5, .time_ns = 6};
	struct pt_identity who = {.tgid = 7, .start_ns = 8};

	memcpy(record.data, &head, size < sizeof(head) ? size : sizeof(head));
	if (size >= sizeof(head) + sizeof(who))
		memcpy(record.data + 1, &who, sizeof(who));
	return record;
}

static void record_add(struct record *record, uint16_t tag, const void *bytes, size_t len)
{
	struct pt_tail head = {.tag = tag, .bytes = len};
	size_t room = (len + 3) & ~(size_t)3;
	char *at;

	record->data = realloc(record->data, record->size + sizeof(head) + room);
	at = (char *)record->data + record->size;
	memcpy(at, &head, sizeof(head));
	memset(at + sizeof(head), 0, room);
	memcpy(at + sizeof(head), bytes, len);
	record->size += sizeof(head) + room;
	record->data->size = record->size;
}

static bool inside(const struct record *record, struct tail_view view)
{
	const char *begin = (const char *)record->data;

	return view.bytes >= begin && view.bytes + view.len <= begin + record->data->size;
}

/* What decode says of it. A refusal must leave the caller's event alone. */
static int result(const struct record *record)
{
	struct event event, before;
	int error;

	memset(&event, 0xa5, sizeof(event));
	memcpy(&before, &event, sizeof(event));
	error = decode(record->data, record->size, &event);
	if (error)
		assert_memory_equal(&event, &before, sizeof(event));
	else
		for (int tag = 0; tag < PT_TAIL_CNT; tag++)
			assert_true(!event.tail[tag].bytes || inside(record, event.tail[tag]));
	free(record->data);
	return error;
}

static void test_every_kind(void **state)
{
	for (int kind = PT_KIND_NONE + 1; kind < PT_KIND_CNT; kind++) {
		struct record record = record_new(kind, sizes[kind]);
		struct event event;

		assert_true(sizes[kind] > 0);
		assert_int_equal(decode(record.data, record.size, &event), 0);
		assert_int_equal(event.kind, kind);
		assert_int_equal(event.flags, 5);
		assert_int_equal(event.time_ns, 6);
		assert_int_equal(event.who.tgid, 7);
		assert_int_equal(event.who.start_ns, 8);
		assert_ptr_equal(event.head, record.data);
		for (int tag = 0; tag < PT_TAIL_CNT; tag++)
			assert_null(event.tail[tag].bytes);
		free(record.data);
	}
}

static void test_cut_at_every_byte(void **state)
{
	for (int kind = PT_KIND_NONE + 1; kind < PT_KIND_CNT; kind++) {
		for (size_t size = 0; size < sizes[kind]; size++) {
			struct record record = record_new(kind, size);

			/* The record says itself how short it is; or it says that it is whole. */
			assert_int_equal(result(&record), -EBADMSG);
			record = record_new(kind, size);
			if (size >= sizeof(struct pt_event))
				record.data->size = sizes[kind];
			assert_int_equal(result(&record), -EBADMSG);
		}
	}
}

/* It is whole, but says that it is shorter. */
static void test_size_field_too_small(void **state)
{
	for (int kind = PT_KIND_NONE + 1; kind < PT_KIND_CNT; kind++) {
		for (size_t size = 0; size < sizes[kind]; size++) {
			struct record record = record_new(kind, sizes[kind]);

			record.data->size = size;
			assert_int_equal(result(&record), -EBADMSG);
		}
	}
}

static void test_longer_than_its_kind(void **state)
{
	for (int kind = PT_KIND_NONE + 1; kind < PT_KIND_CNT; kind++) {
		for (size_t more = 1; more <= 8; more++) {
			struct record record = record_new(kind, sizes[kind] + more);

			/* An exec's surplus is a tail of the tag none. */
			assert_int_equal(result(&record), -EBADMSG);
			/* What lies behind the record is not of it. */
			record = record_new(kind, sizes[kind] + more);
			record.data->size = sizes[kind];
			assert_int_equal(result(&record), 0);
		}
	}
}

static void test_unknown_kind(void **state)
{
	static const uint16_t kinds[] = {PT_KIND_NONE, PT_KIND_CNT, PT_KIND_CNT + 1, UINT16_MAX};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct record record = record_new(kinds[i], sizeof(struct pt_event));

		assert_int_equal(result(&record), -ENOTSUP);
		record = record_new(kinds[i], 200);
		assert_int_equal(result(&record), -ENOTSUP);
		record = record_new(kinds[i], 200);
		record.data->size = sizeof(struct pt_event) - 1;
		assert_int_equal(result(&record), -EBADMSG);
		record = record_new(kinds[i], sizeof(struct pt_event) - 1);
		assert_int_equal(result(&record), -EBADMSG);
	}
}

static struct record exec_new(void)
{
	return record_new(PT_KIND_EXEC, sizeof(struct pt_event_exec));
}

static struct record exec_with_tails(void)
{
	struct record record = exec_new();

	record_add(&record, PT_TAIL_EXE, "true\0bin\0", 9);
	record_add(&record, PT_TAIL_ARGS, "true\0a", 6);
	record_add(&record, PT_TAIL_CWD, "", 0);
	record_add(&record, PT_TAIL_FILENAME, "true", 4);
	return record;
}

static void test_tails(void **state)
{
	struct record record = exec_with_tails();
	struct event event;

	assert_int_equal(decode(record.data, record.size, &event), 0);
	assert_null(event.tail[PT_TAIL_NONE].bytes);
	assert_int_equal(event.tail[PT_TAIL_EXE].len, 9);
	assert_memory_equal(event.tail[PT_TAIL_EXE].bytes, "true\0bin\0", 9);
	assert_int_equal(event.tail[PT_TAIL_ARGS].len, 6);
	assert_memory_equal(event.tail[PT_TAIL_ARGS].bytes, "true\0a", 6);
	assert_non_null(event.tail[PT_TAIL_CWD].bytes);
	assert_int_equal(event.tail[PT_TAIL_CWD].len, 0);
	assert_int_equal(event.tail[PT_TAIL_FILENAME].len, 4);
	assert_memory_equal(event.tail[PT_TAIL_FILENAME].bytes, "true", 4);
	free(record.data);
}

static void test_tails_cut_at_every_byte(void **state)
{
	const size_t fixed = sizeof(struct pt_event_exec);
	/* Where a piece ends: its head, its bytes, and their padding. */
	const size_t ends[] = {fixed, fixed + 16, fixed + 28, fixed + 32, fixed + 40};
	struct record whole = exec_with_tails();
	size_t i = 0;

	assert_int_equal(whole.size, ends[4]);
	for (size_t size = fixed; size <= whole.size; size++) {
		struct record record = {.data = malloc(size), .size = size};
		bool between = size == ends[i];

		i += between;
		memcpy(record.data, whole.data, size);
		record.data->size = size;
		assert_int_equal(result(&record), between ? 0 : -EBADMSG);
	}
	free(whole.data);
}

static void test_tail_tags(void **state)
{
	static const uint16_t wrong[] = {PT_TAIL_NONE, PT_TAIL_CNT, UINT16_MAX};
	struct record record;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		record = exec_new();
		record_add(&record, wrong[i], "abcd", 4);
		assert_int_equal(result(&record), -EBADMSG);
	}
	for (int tag = PT_TAIL_NONE + 1; tag < PT_TAIL_CNT; tag++) {
		for (size_t len = 0; len <= 4; len += 4) {
			record = exec_new();
			record_add(&record, tag, "abcd", len);
			record_add(&record, tag, "abcd", 4);
			assert_int_equal(result(&record), -EBADMSG);
		}
	}
}

static void test_tail_out_of_bounds(void **state)
{
	const size_t fixed = sizeof(struct pt_event_exec);

	for (uint32_t bytes = 0; bytes <= UINT16_MAX; bytes++) {
		struct record record = exec_new();
		struct pt_tail head = {.tag = PT_TAIL_ARGS, .bytes = bytes};

		record_add(&record, PT_TAIL_ARGS, "12345678", 8);
		memcpy((char *)record.data + fixed, &head, sizeof(head));
		/* Up to four bytes leave a second piece, of the tag "56". */
		assert_int_equal(result(&record), bytes > 4 && bytes <= 8 ? 0 : -EBADMSG);
	}
}

static void test_tail_of_another_kind(void **state)
{
	for (int kind = PT_KIND_NONE + 1; kind < PT_KIND_CNT; kind++) {
		struct record record = record_new(kind, sizes[kind]);

		record_add(&record, PT_TAIL_ARGS, "abcd", 4);
		assert_int_equal(result(&record), kind == PT_KIND_EXEC ? 0 : -EBADMSG);
	}
}

static void test_any_bytes(void **state)
{
	uint64_t seed = 88172645463325252ull;
	size_t taken = 0;

	for (int round = 0; round < 200000; round++) {
		size_t tail = round % 64;
		struct record record =
			record_new(PT_KIND_EXEC, sizeof(struct pt_event_exec) + tail);
		unsigned char *at = (unsigned char *)(record.data) + sizeof(struct pt_event_exec);

		for (size_t i = 0; i < tail; i++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			/* Mostly small numbers: tags and lengths that come near the truth. */
			at[i] = i % 2 ? 0 : seed >> 32 & 15;
		}
		taken += result(&record) == 0;
	}
	assert_true(taken > 200000 / 64);
}

/* --- paths --------------------------------------------------------------------------------------- */

static void path(const char *components, size_t len, bool cut, const char *expected)
{
	struct tail_view piece = {.bytes = components, .len = len};
	char text[64];

	memset(text, '#', sizeof(text));
	assert_int_equal(decode_path(piece, cut, text, sizeof(text)), strlen(expected));
	assert_string_equal(text, expected);
}

static void test_path(void **state)
{
	path("true\0bin\0usr\0", 13, false, "/usr/bin/true");
	path("true\0bin\0usr\0", 13, true, ".../usr/bin/true");
	path("init\0", 5, false, "/init");
	path("", 0, false, "/");
	path("memfd:x\0", 8, false, "/memfd:x");
	path("\x1b[0m\n\0\xff\0", 8, false, "/\xff/\x1b[0m\n");
}

static void test_path_missing(void **state)
{
	struct tail_view piece = {0};
	char text[4] = "abc";

	assert_int_equal(decode_path(piece, false, text, sizeof(text)), 0);
	assert_string_equal(text, "abc");
}

/* In any room: whole components from the root, terminated, and nothing behind. */
static void test_path_room(void **state)
{
	static const char *const whole[] = {"/usr/bin/true", ".../usr/bin/true"};
	struct tail_view piece = {.bytes = "true\0bin\0usr\0", .len = 13};

	for (size_t size = 1; size <= 20; size++) {
		for (int cut = 0; cut < 2; cut++) {
			char *text = malloc(size);
			size_t len = decode_path(piece, cut, text, size);

			assert_true(len < size);
			assert_int_equal(strlen(text), len);
			if (size > 4)
				assert_int_equal(strncmp(text, whole[cut], len), 0);
			if (size > strlen(whole[cut]))
				assert_string_equal(text, whole[cut]);
			free(text);
		}
	}
	assert_int_equal(decode_path(piece, false, NULL, 0), 0);
}

/* A path goes to where it ends. */
static void test_cgroup_path(void **state)
{
	const size_t size = sizeof(struct pt_event_cgroup);
	struct record record = record_new(PT_KIND_CGROUP, size);
	struct pt_event_cgroup *cgroup = (void *)record.data;

	memset(cgroup->path, 'a', sizeof(cgroup->path));
	assert_int_equal(result(&record), -EBADMSG);
	record = record_new(PT_KIND_CGROUP, size);
	cgroup = (void *)record.data;
	memset(cgroup->path, 'a', sizeof(cgroup->path) - 1);
	assert_int_equal(result(&record), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_size_field_too_small),
		cmocka_unit_test(test_longer_than_its_kind),
		cmocka_unit_test(test_unknown_kind),
		cmocka_unit_test(test_tails),
		cmocka_unit_test(test_tails_cut_at_every_byte),
		cmocka_unit_test(test_tail_tags),
		cmocka_unit_test(test_tail_out_of_bounds),
		cmocka_unit_test(test_tail_of_another_kind),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_cgroup_path),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_path_missing),
		cmocka_unit_test(test_path_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
