#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#include "hostile.h"
#include "base/json.h"
#include "base/utf8.h"

static struct buffer out;

static int setup(void **state)
{
	buffer_init(&out, (size_t)1 << 20);
	return 0;
}

static int teardown(void **state)
{
	buffer_release(&out);
	return 0;
}

static json_t *parsed(void)
{
	json_error_t error;
	json_t *value =
		json_loadb(out.bytes, out.len,
			   JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);

	if (!value)
		fail_msg("%s: %.*s", error.text, (int)out.len, out.bytes);
	return value;
}

static void test_structure(void **state)
{
	static const char expected[] = "{\"a\":1,\"b\":[-9223372036854775808,true,null,{},[]],"
				       "\"c\":{\"d\":\"x\"},\"e\":18446744073709551615}\n{}";

	json_object_begin(&out);
	json_add_key(&out, "a");
	json_add_u64(&out, 1);
	json_add_key(&out, "b");
	json_array_begin(&out);
	json_add_i64(&out, INT64_MIN);
	json_add_bool(&out, true);
	json_add_null(&out);
	json_object_begin(&out);
	json_object_end(&out);
	json_array_begin(&out);
	json_array_end(&out);
	json_array_end(&out);
	json_add_key(&out, "c");
	json_object_begin(&out);
	json_add_key(&out, "d");
	assert_true(json_add_text(&out, "x"));
	json_object_end(&out);
	json_add_key(&out, "e");
	json_add_u64(&out, UINT64_MAX);
	json_object_end(&out);
	buffer_add_char(&out, '\n');
	json_object_begin(&out);
	json_object_end(&out);
	assert_int_equal(out.len, sizeof(expected) - 1);
	assert_memory_equal(out.bytes, expected, out.len);
}

static void check_string(struct fact_text text, bool exact, const char *json)
{
	buffer_clear(&out);
	assert_int_equal(json_add_string(&out, text.bytes, text.len), exact);
	buffer_add_char(&out, '\0');
	assert_string_equal(out.bytes, json);
}

static void test_byte_policy(void **state)
{
	const struct {
		struct fact_text text;
		bool exact;
		const char *json;
	} cases[] = {
		{HOSTILE("a\"b\\c/d"), true, "\"a\\\"b\\\\c/d\""},
		{HOSTILE("\b\f\n\r\t\x01\x1f\x7f"), true,
		 "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
		{HOSTILE("\0"), true, "\"\\u0000\""},
		{HOSTILE("\xc2\x9b\xc2\xa0"), true, "\"\\u009b\xc2\xa0\""},
		{HOSTILE("\xe2\x80\xa8"), true, "\"\xe2\x80\xa8\""},
		{HOSTILE("a\xff\xfe"), false, "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
		{HOSTILE("\xc0\xaf"), false, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{HOSTILE("\xed\xa0\x80"), false, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{HOSTILE("\xf4\x90\x80\x80x"), false,
		 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\""},
		{HOSTILE("\xe2\x82"), false, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{HOSTILE("\xf0\x9f\x92\xa5"), true, "\"\xf0\x9f\x92\xa5\""},
		{HOSTILE("\xef\xbf\xbd"), true, "\"\xef\xbf\xbd\""}, /* U+FFFD itself is exact */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_string(cases[i].text, cases[i].exact, cases[i].json);
}

static void test_hostile_strings(void **state)
{
	for (size_t i = 0; i < HOSTILE_CNT; i++) {
		struct fact_text text = hostile_text(i);
		bool exact;
		json_t *value;

		buffer_clear(&out);
		exact = json_add_string(&out, text.bytes, text.len);
		value = parsed();
		assert_int_equal(exact, utf8_valid(text.bytes, text.len));
		if (exact) {
			assert_int_equal(json_string_length(value), text.len);
			assert_memory_equal(json_string_value(value), text.bytes, text.len);
		}
		json_decref(value);
	}
}

/* In any room the string is whole JSON, not larger than the room, and as long as it can be. */
static void test_part(void **state)
{
	for (size_t i = 0; i < HOSTILE_CNT; i++) {
		struct fact_text text = hostile_text(i);

		if (text.len > 300)
			text.len = 300;
		for (size_t room = 0; room < 200; room++) {
			bool exact = true;
			size_t used;

			buffer_clear(&out);
			used = json_add_string_part(&out, text.bytes, text.len, room, &exact);
			assert_true(used <= text.len);
			assert_true(out.len <= (room < 2 ? 2 : room));
			if (used < text.len)
				assert_true(out.len + 6 > room);
			json_decref(parsed());
			assert_int_equal(exact, utf8_valid(text.bytes, used));
		}
	}
}

static void test_part_between_characters(void **state)
{
	static const char text[] = "a\xe6\xbc\xa2\xe5\xad\x97";
	bool exact = true;

	assert_int_equal(json_add_string_part(&out, text, 7, 5, &exact), 1);
	buffer_clear(&out);
	assert_int_equal(json_add_string_part(&out, text, 7, 6, &exact), 4);
	buffer_clear(&out);
	assert_int_equal(json_add_string_part(&out, text, 7, 9, &exact), 7);
	assert_true(exact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_structure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_byte_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_strings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_part, setup, teardown),
		cmocka_unit_test_setup_teardown(test_part_between_characters, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
