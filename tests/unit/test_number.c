#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/number.h"

static void test_number(void **state)
{
	uint64_t n = 77;

	assert_int_equal(number_parse("0", 0, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(number_parse("007", 7, &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(number_parse("18446744073709551615", UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	n = 77;
	assert_int_equal(number_parse("18446744073709551616", UINT64_MAX, &n), -ERANGE);
	assert_int_equal(number_parse("18446744073709551620", UINT64_MAX, &n), -ERANGE);
	assert_int_equal(number_parse("8", 7, &n), -ERANGE);
	assert_int_equal(number_parse("", 7, &n), -EINVAL);
	assert_int_equal(number_parse("-1", 7, &n), -EINVAL);
	assert_int_equal(number_parse("+1", 7, &n), -EINVAL);
	assert_int_equal(number_parse(" 1", 7, &n), -EINVAL);
	assert_int_equal(number_parse("1 ", 7, &n), -EINVAL);
	assert_int_equal(number_parse("0x1", 7, &n), -EINVAL);
	assert_int_equal(n, 77);
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{"0", 0},	    {"65536", 65536},	 {"12B", 12},
		{"64K", 65536},	    {"64k", 65536},	 {"1KB", 1024},
		{"1kib", 1024},	    {"100M", 104857600}, {"2MiB", 2097152},
		{"1G", 1073741824}, {"3gb", 3221225472}, {"17179869183G", 17179869183ull << 30},
	};
	uint64_t n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(size_parse(cases[i].text, &n), 0);
		assert_true(n == cases[i].bytes);
	}
	n = 77;
	assert_int_equal(size_parse("17179869184G", &n), -ERANGE);
	assert_int_equal(size_parse("", &n), -EINVAL);
	assert_int_equal(size_parse("K", &n), -EINVAL);
	assert_int_equal(size_parse("-1K", &n), -EINVAL);
	assert_int_equal(size_parse("1.5M", &n), -EINVAL);
	assert_int_equal(size_parse("1T", &n), -EINVAL);
	assert_int_equal(size_parse("1K ", &n), -EINVAL);
	assert_int_equal(n, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
