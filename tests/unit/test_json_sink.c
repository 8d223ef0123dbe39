#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#include "hostile.h"
#include "base/utf8.h"
#include "sink/json.h"

static const struct run_context run = {
	.host = "host",
	.run = "boot-1",
	.boot_to_wall_ns = 1000000000,
};

/* Catches what a sink writes; refuses with `error`, or takes at most `piece` bytes at once. */
static struct catch
{
	struct buffer bytes;
	size_t piece;
	size_t calls_cnt;
	int error;
}
caught;

static ssize_t catch_write(void *context, const char *bytes, size_t len)
{
	struct catch *catch = context;

	catch->calls_cnt++;
	if (catch->error)
		return catch->error;
	if (catch->piece && len > catch->piece)
		len = catch->piece;
	buffer_add(&catch->bytes, bytes, len);
	return (ssize_t)len;
}

static struct sink *new_sink(size_t line_bytes)
{
	const struct json_sink_config config = {
		.run = &run,
		.write = catch_write,
		.write_context = &caught,
		.line_bytes = line_bytes,
	};
	struct sink *sink;

	buffer_release(&caught.bytes);
	caught = (struct catch){0};
	buffer_init(&caught.bytes, (size_t)64 << 20);
	sink = json_sink_new(&config);
	assert_non_null(sink);
	return sink;
}

static int teardown(void **state)
{
	buffer_release(&caught.bytes);
	return 0;
}

/* The line that the sink makes of the fact, parsed by another JSON implementation. */
static json_t *line_of(struct sink *sink, const struct fact *fact)
{
	const int flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
	json_error_t error;
	json_t *line;

	buffer_clear(&caught.bytes);
	assert_int_equal(sink->ops->take(sink, fact), 0);
	assert_int_equal(sink->ops->flush(sink), 0);
	assert_int_equal(caught.bytes.bytes[caught.bytes.len - 1], '\n');
	line = json_loadb(caught.bytes.bytes, caught.bytes.len, flags, &error);
	if (!line)
		fail_msg("%s: %.*s", error.text, (int)caught.bytes.len, caught.bytes.bytes);
	return line;
}

static const char *string_of(json_t *line, const char *key)
{
	json_t *value = json_object_get(line, key);

	if (!json_is_string(value))
		fail_msg("%s is no string", key);
	return json_string_value(value);
}

static json_int_t number_of(json_t *line, const char *key)
{
	json_t *value = json_object_get(line, key);

	if (!json_is_integer(value))
		fail_msg("%s is no number", key);
	return json_integer_value(value);
}

static struct fact_text text_of(const char *text)
{
	return (struct fact_text){text, strlen(text)};
}

static void test_envelope(void **state)
{
	struct sink *sink = new_sink(0);
	struct fact fact;
	json_t *line;

	fact_clear(&fact, FACT_EXIT, 1709251199123456789 - run.boot_to_wall_ns);
	fact.who = (struct fact_id){.pid = 12, .start_ns = 345};
	fact.parent = (struct fact_id){.pid = 1};
	fact.comm = text_of("sh");
	fact.exit.signal = 9;
	fact.exit.core_dumped = false;
	fact.exit.killer = FACT_UNKNOWN;
	line = line_of(sink, &fact);
	assert_string_equal(string_of(line, "type"), "exit");
	assert_int_equal(number_of(line, "schema"), 1);
	assert_string_equal(string_of(line, "host"), "host");
	assert_string_equal(string_of(line, "run"), "boot-1");
	assert_int_equal(number_of(line, "seq"), 1);
	assert_string_equal(string_of(line, "time"), "2024-02-29T23:59:59.123456789Z");
	assert_int_equal(number_of(line, "boot_ns"), fact.boot_ns);
	assert_int_equal(number_of(line, "pid"), 12);
	assert_string_equal(string_of(line, "id"), "12-345");
	assert_int_equal(number_of(line, "ppid"), 1);
	assert_true(json_is_null(json_object_get(line, "parent_id")));
	assert_string_equal(string_of(line, "comm"), "sh");
	assert_string_equal(string_of(line, "signal_name"), "SIGKILL");
	assert_true(json_is_false(json_object_get(line, "core_dumped")));
	assert_true(json_is_null(json_object_get(line, "killer")));
	assert_null(json_object_get(line, "unsure"));
	assert_int_equal(json_object_size(line), 16);
	json_decref(line);
	line = line_of(sink, &fact);
	assert_int_equal(number_of(line, "seq"), 2);
	assert_int_equal(json_sink_lines(sink), 2);
	json_decref(line);
	sink_free(sink);
}

static void test_absent_and_unknown(void **state)
{
	struct sink *sink = new_sink(0);
	struct fact fact;
	json_t *line;

	fact_clear(&fact, FACT_LOST, 5);
	fact.lost.stage = STAGE_BPF;
	fact.lost.count = 3;
	line = line_of(sink, &fact);
	assert_string_equal(string_of(line, "stage"), "bpf");
	assert_int_equal(json_object_size(line), 9);
	json_decref(line);

	fact_clear(&fact, FACT_REPARENT, 5);
	fact.who.pid = FACT_PID_UNKNOWN;
	fact.comm.len = FACT_TEXT_UNKNOWN;
	fact.reparent.to.pid = FACT_PID_UNKNOWN;
	fact.reparent.kind = FACT_UNKNOWN;
	line = line_of(sink, &fact);
	for (size_t i = 0; i < 6; i++) {
		static const char *const keys[] = {"pid", "id", "comm", "to_pid", "to_id", "kind"};

		assert_true(json_is_null(json_object_get(line, keys[i])));
	}
	assert_null(json_object_get(line, "from_pid"));
	json_decref(line);
	sink_free(sink);
}

static struct buffer decoded(const char *base64)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	struct buffer out;

	buffer_init(&out, 65536);
	for (size_t i = 0; base64[i] && base64[i] != '='; i++) {
		bits = bits << 6 | (uint32_t)(strchr(alphabet, base64[i]) - alphabet);
		if (i % 4)
			buffer_add_char(&out, (char)(bits >> (6 - 2 * (i % 4))));
	}
	return out;
}

static json_t *sibling(json_t *line, const char *name, const char *suffix)
{
	char key[64];

	snprintf(key, sizeof(key), "%s%s", name, suffix);
	return json_object_get(line, key);
}

/* A string field says the text exactly, by itself or by its base 64, or a beginning that is told as
 * such. */
static void check_string(json_t *line, const char *name, struct fact_text text)
{
	json_t *value = json_object_get(line, name);
	json_t *base64 = sibling(line, name, "_b64");
	bool cut = json_is_true(sibling(line, name, "_truncated"));
	struct buffer bytes;
	size_t len;

	assert_true(json_is_string(value));
	if (!base64) {
		len = json_string_length(value);
		assert_memory_equal(json_string_value(value), text.bytes, len);
	} else {
		bytes = decoded(json_string_value(base64));
		len = bytes.len;
		assert_memory_equal(bytes.bytes, text.bytes, len);
		assert_false(utf8_valid(bytes.bytes, len));
		buffer_release(&bytes);
	}
	assert_int_equal(len < text.len, cut);
	assert_true(len <= text.len);
}

/* The elements joined again are the list's beginning. */
static size_t check_elements(json_t *value, struct fact_text list)
{
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(value); i++) {
		json_t *element = json_array_get(value, i);
		size_t len = json_string_length(element);

		assert_true(at + len <= list.len);
		assert_memory_equal(json_string_value(element), list.bytes + at, len);
		at += len;
		if (at < list.len && list.bytes[at] == '\0')
			at++;
	}
	return at;
}

static void check_list(json_t *line, const char *name, struct fact_text list)
{
	json_t *value = json_object_get(line, name);
	json_t *base64 = sibling(line, name, "_b64");
	bool cut = json_is_true(sibling(line, name, "_truncated"));
	struct buffer bytes;
	size_t len;

	assert_true(json_is_array(value));
	if (!base64) {
		len = check_elements(value, list);
	} else {
		bytes = decoded(json_string_value(base64));
		len = bytes.len;
		assert_memory_equal(bytes.bytes, list.bytes, len);
		buffer_release(&bytes);
	}
	if (len < list.len)
		assert_true(cut);
}

static void check_fields(json_t *line, const struct fact *fact)
{
	for (size_t i = 0; i < fact_layouts[fact->type].fields_cnt; i++) {
		const struct fact_field *field = &fact_layouts[fact->type].fields[i];
		const char *at = (const char *)fact + field->offset;

		assert_non_null(json_object_get(line, field->name));
		if (field->form == FIELD_TEXT)
			check_string(line, field->name, *(const struct fact_text *)at);
		else if (field->form == FIELD_LIST)
			check_list(line, field->name, *(const struct fact_text *)at);
	}
}

static void check_bytes(size_t line_bytes)
{
	const struct buffer *bytes = &caught.bytes;

	assert_true(bytes->len < line_bytes);
	assert_true(utf8_valid(bytes->bytes, bytes->len));
	for (size_t i = 0; i + 1 < bytes->len; i++) {
		uint8_t byte = (uint8_t)bytes->bytes[i];

		assert_true(byte >= 0x20 && byte != 0x7f);
		assert_false(byte == 0xc2 && (uint8_t)bytes->bytes[i + 1] < 0xa0);
	}
}

static void check_corpus(size_t line_bytes)
{
	struct sink *sink = new_sink(line_bytes);
	struct fact fact;
	json_t *line;

	for (size_t i = 0; i < HOSTILE_CNT; i++) {
		for (int type = 0; type < FACT_TYPE_CNT; type++) {
			hostile_fill(&fact, (enum fact_type)type, hostile_text(i), 0);
			line = line_of(sink, &fact);
			check_bytes(line_bytes);
			check_fields(line, &fact);
			json_decref(line);
		}
	}
	assert_int_equal(json_sink_lost(sink), 0);
	sink_free(sink);
}

static void test_hostile(void **state)
{
	check_corpus(JSON_LINE_BYTES);
	check_corpus(JSON_LINE_BYTES_MIN);
	check_corpus(JSON_LINE_BYTES_MAX);
}

/* The numbers alone, as long as they can be, fit into the smallest line. */
static void test_largest_numbers(void **state)
{
	struct sink *sink = new_sink(JSON_LINE_BYTES_MIN);
	struct fact fact;
	json_t *line;

	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		hostile_fill(&fact, (enum fact_type)type, hostile_text(0), INT64_MAX);
		line = line_of(sink, &fact);
		check_bytes(JSON_LINE_BYTES_MIN);
		json_decref(line);
	}
	sink_free(sink);
}

static void test_args_as_given(void **state)
{
	static const char args[] = "sh\0-c\0\0echo hi"; /* the last NUL is C's own */
	struct sink *sink = new_sink(0);
	struct fact fact;
	json_t *line, *list;

	fact_clear(&fact, FACT_EXEC, 5);
	fact.exec.args = (struct fact_text){args, sizeof(args)};
	fact.exec.args_count = 4;
	fact.exec.args_truncated = false;
	line = line_of(sink, &fact);
	list = json_object_get(line, "args");
	assert_int_equal(json_array_size(list), 4);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "sh");
	assert_string_equal(json_string_value(json_array_get(list, 2)), "");
	assert_string_equal(json_string_value(json_array_get(list, 3)), "echo hi");
	assert_null(json_object_get(line, "args_b64"));
	assert_true(json_is_false(json_object_get(line, "args_truncated")));
	json_decref(line);
	sink_free(sink);
}

/* Longer than a line: cut, told so, and the true numbers stay. */
static void test_args_cut(void **state)
{
	char args[HOSTILE_LONG_BYTES];
	struct sink *sink = new_sink(JSON_LINE_BYTES_MIN);
	struct fact fact;
	json_t *line;

	memset(args, 'x', sizeof(args));
	fact_clear(&fact, FACT_EXEC, 5);
	fact.exec.args = (struct fact_text){args, sizeof(args)};
	fact.exec.args_count = 100000;
	fact.exec.args_bytes = 123456;
	fact.exec.args_truncated = false;
	line = line_of(sink, &fact);
	assert_true(json_is_true(json_object_get(line, "args_truncated")));
	assert_int_equal(number_of(line, "args_count"), 100000);
	assert_int_equal(number_of(line, "args_bytes"), 123456);
	assert_true(caught.bytes.len > JSON_LINE_BYTES_MIN - 20); /* the room is used */
	json_decref(line);
	sink_free(sink);
}

static void test_bad_word_is_null(void **state)
{
	struct sink *sink = new_sink(0);
	struct fact fact;
	json_t *line;

	fact_clear(&fact, FACT_REAP, 5);
	fact.reap.how = 99;
	line = line_of(sink, &fact);
	assert_true(json_is_null(json_object_get(line, "how")));
	json_decref(line);
	sink_free(sink);
}

static size_t lines_caught(void)
{
	size_t cnt = 0;

	for (size_t i = 0; i < caught.bytes.len; i++)
		cnt += caught.bytes.bytes[i] == '\n';
	return cnt;
}

static void test_one_write_per_flush(void **state)
{
	struct sink *sink = new_sink(0);
	struct fact fact;

	fact_clear(&fact, FACT_CLOCK, 5);
	for (int i = 0; i < 100; i++)
		assert_int_equal(sink->ops->take(sink, &fact), 0);
	assert_int_equal(caught.calls_cnt, 0);
	assert_int_equal(sink->ops->flush(sink), 0);
	assert_int_equal(caught.calls_cnt, 1);
	assert_int_equal(lines_caught(), 100);
	assert_int_equal(sink->ops->flush(sink), 0);
	assert_int_equal(caught.calls_cnt, 1);
	sink_free(sink);
}

/* A full disk: the error is told, seq goes on, nothing is lost until the memory is full. */
static void test_refused_then_taken(void **state)
{
	struct sink *sink = new_sink(0);
	struct fact fact;
	uint64_t lost;

	fact_clear(&fact, FACT_CLOCK, 5);
	caught.error = -ENOSPC;
	for (int i = 0; i < 10; i++)
		assert_int_equal(sink->ops->take(sink, &fact), 0);
	assert_int_equal(sink->ops->flush(sink), -ENOSPC);
	assert_int_equal(sink->ops->take(sink, &fact), -ENOSPC);
	assert_int_equal(json_sink_lost(sink), 11);
	caught.error = 0;
	caught.piece = 7;
	assert_int_equal(sink->ops->flush(sink), 0);
	assert_int_equal(json_sink_lost(sink), 0);
	assert_int_equal(lines_caught(), 11);
	assert_int_equal(sink->ops->take(sink, &fact), 0);

	caught.error = -EPIPE;
	caught.piece = 0;
	for (int i = 0; i < 10000; i++)
		sink->ops->take(sink, &fact);
	assert_int_equal(json_sink_lost(sink), 10001);
	caught.error = 0;
	assert_int_equal(sink->ops->flush(sink), 0);
	lost = json_sink_lost(sink);
	assert_true(lost > 0 && lost < 10000);
	assert_int_equal(lines_caught() + lost, json_sink_lines(sink));
	sink_free(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_absent_and_unknown),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_largest_numbers),
		cmocka_unit_test(test_args_as_given),
		cmocka_unit_test(test_args_cut),
		cmocka_unit_test(test_bad_word_is_null),
		cmocka_unit_test(test_one_write_per_flush),
		cmocka_unit_test(test_refused_then_taken),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
