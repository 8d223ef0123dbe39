#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/utf8.h"

static size_t encode(char *ret_bytes, uint32_t c)
{
	if (c < 0x80) {
		ret_bytes[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret_bytes[0] = (char)(0xc0 | c >> 6);
		ret_bytes[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		ret_bytes[0] = (char)(0xe0 | c >> 12);
		ret_bytes[1] = (char)(0x80 | (c >> 6 & 63));
		ret_bytes[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	ret_bytes[0] = (char)(0xf0 | c >> 18);
	ret_bytes[1] = (char)(0x80 | (c >> 12 & 63));
	ret_bytes[2] = (char)(0x80 | (c >> 6 & 63));
	ret_bytes[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* Every number that four bytes can say; what is no character is refused, whole or cut. */
static void test_every_character(void **state)
{
	for (uint32_t c = 0; c < 0x200000; c++) {
		bool is_char = c < 0x110000 && !(c >= 0xd800 && c < 0xe000);
		char bytes[4];
		size_t len = encode(bytes, c);
		uint32_t decoded = 0;

		if (utf8_decode(bytes, len, &decoded) != (is_char ? len : 0))
			fail_msg("U+%x", c);
		if (is_char && decoded != c)
			fail_msg("U+%x became U+%x", c, decoded);
		if (utf8_decode(bytes, len - 1, &decoded))
			fail_msg("U+%x, cut", c);
	}
}

static void test_overlong(void **state)
{
	uint32_t c;

	assert_int_equal(utf8_decode("\xc0\x80", 2, &c), 0);
	assert_int_equal(utf8_decode("\xc1\xbf", 2, &c), 0);
	assert_int_equal(utf8_decode("\xe0\x9f\xbf", 3, &c), 0);
	assert_int_equal(utf8_decode("\xf0\x8f\xbf\xbf", 4, &c), 0);
	assert_int_equal(utf8_decode("\x80", 1, &c), 0);
	assert_int_equal(utf8_decode("\xf8\x88\x80\x80\x80", 5, &c), 0);
	assert_int_equal(utf8_decode("\xc3\x28", 2, &c), 0);
	assert_int_equal(utf8_decode("\xe2\x82\x28", 3, &c), 0);
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\xc3\xa4", 3));
	assert_false(utf8_valid("a\xc3\xa4\xc3", 4));
}

static void test_columns(void **state)
{
	assert_int_equal(utf8_columns('a'), 1);
	assert_int_equal(utf8_columns(0xe4), 1);
	assert_int_equal(utf8_columns(0x301), 0);
	assert_int_equal(utf8_columns(0x20d0), 0);
	assert_int_equal(utf8_columns(0x1100), 2);
	assert_int_equal(utf8_columns(0x6f22), 2);
	assert_int_equal(utf8_columns(0xac00), 2);
	assert_int_equal(utf8_columns(0xff21), 2);
	assert_int_equal(utf8_columns(0xff71), 1);
	assert_int_equal(utf8_columns(0x1f4a5), 2);
	assert_int_equal(utf8_columns(0x20000), 2);
	assert_int_equal(utf8_columns(0x2500), 1);
	assert_int_equal(utf8_columns(0xe0100), 0);
	assert_int_equal(utf8_columns(0x10ffff), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_overlong),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
