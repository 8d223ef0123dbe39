#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/decimal.h"

static void expect(const struct buffer *buffer, const char *text)
{
	assert_int_equal(buffer->error, 0);
	assert_int_equal(buffer->len, strlen(text));
	assert_memory_equal(buffer->bytes, text, buffer->len);
}

static void test_grows_to_its_maximum(void **state)
{
	struct buffer buffer;

	buffer_init(&buffer, 1000);
	for (int i = 0; i < 1000; i++)
		buffer_add_char(&buffer, (char)('a' + i % 26));
	assert_int_equal(buffer.error, 0);
	assert_int_equal(buffer.len, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buffer.bytes[i], 'a' + i % 26);
	buffer_add_char(&buffer, 'x');
	assert_int_equal(buffer.error, -ENOBUFS);
	assert_int_equal(buffer.len, 1000);
	buffer_release(&buffer);
}

/* What follows a failure must not land behind the gap. */
static void test_error_sticks(void **state)
{
	struct buffer buffer;

	buffer_init(&buffer, 4);
	buffer_add_text(&buffer, "abc");
	buffer_add_text(&buffer, "too long");
	buffer_add_char(&buffer, 'd');
	buffer_add_u64(&buffer, 1);
	buffer_add_repeated(&buffer, ' ', 1);
	buffer_add(&buffer, "", 0);
	assert_int_equal(buffer.error, -ENOBUFS);
	assert_int_equal(buffer.len, 3);
	buffer_rewind(&buffer, 1);
	buffer_add_text(&buffer, "xyz");
	expect(&buffer, "axyz");
	buffer_release(&buffer);
	assert_int_equal(buffer.len, 0);
	buffer_release(&buffer);
}

static void test_nothing_fits_nothing(void **state)
{
	struct buffer buffer;

	buffer_init(&buffer, 0);
	buffer_add(&buffer, "", 0);
	expect(&buffer, "");
	buffer_add_char(&buffer, 'x');
	assert_int_equal(buffer.error, -ENOBUFS);
	buffer_release(&buffer);
}

static void check_decimal(uint64_t n)
{
	char expected[32];
	struct buffer buffer;

	snprintf(expected, sizeof(expected), "%llu", (unsigned long long)n);
	buffer_init(&buffer, 32);
	buffer_add_u64(&buffer, n);
	expect(&buffer, expected);
	buffer_release(&buffer);
}

static void test_decimal(void **state)
{
	for (uint64_t n = 1; n < UINT64_MAX / 7; n = n * 7 + 3) {
		check_decimal(n);
		check_decimal(UINT64_MAX - n);
	}
	for (uint64_t power = 1; power < UINT64_MAX / 10; power *= 10) {
		check_decimal(power - 1);
		check_decimal(power);
		check_decimal(power + 1);
	}
	check_decimal(UINT64_MAX);
}

static void test_decimal_fixed(void **state)
{
	char text[9];

	decimal_write_fixed(text, 12345, 9);
	assert_memory_equal(text, "000012345", 9);
	decimal_write_fixed(text, 9876543210, 4);
	assert_memory_equal(text, "3210", 4);
	decimal_write_fixed(text, 7, 1);
	assert_memory_equal(text, "7", 1);
}

/* RFC 4648, section 10. */
static void test_base64(void **state)
{
	static const char *const vectors[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xff\xfe\xfb", "//77"},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct buffer buffer;

		buffer_init(&buffer, 8);
		base64_add(&buffer, vectors[i][0], strlen(vectors[i][0]));
		expect(&buffer, vectors[i][1]);
		assert_int_equal(buffer.len, base64_bytes(strlen(vectors[i][0])));
		buffer_release(&buffer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_to_its_maximum), cmocka_unit_test(test_error_sticks),
		cmocka_unit_test(test_nothing_fits_nothing), cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_decimal_fixed),	     cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
