#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/timefmt.h"

static void expect_rfc3339(struct timefmt_cache *cache, int64_t unix_ns, const char *expected)
{
	char text[TIMEFMT_RFC3339_BYTES + 1] = "";

	assert_int_equal(timefmt_rfc3339(cache, unix_ns, text), strlen(expected));
	assert_string_equal(text, expected);
}

static void test_rfc3339(void **state)
{
	struct timefmt_cache cache = {0};

	expect_rfc3339(&cache, 0, "1970-01-01T00:00:00.000000000Z");
	expect_rfc3339(&cache, 1709251199123456789, "2024-02-29T23:59:59.123456789Z");
	expect_rfc3339(&cache, 1709251199999999999, "2024-02-29T23:59:59.999999999Z");
	expect_rfc3339(&cache, 1709251200000000000, "2024-03-01T00:00:00.000000000Z");
	expect_rfc3339(&cache, 1709251199000000000, "2024-02-29T23:59:59.000000000Z");
	expect_rfc3339(&cache, -1, "1969-12-31T23:59:59.999999999Z");
	expect_rfc3339(&cache, INT64_MAX, "2262-04-11T23:47:16.854775807Z");
	expect_rfc3339(&cache, INT64_MIN, "1677-09-21T00:12:43.145224192Z");
}

static void expect_clock(int64_t unix_ns, bool utc, const char *expected)
{
	struct timefmt_cache cache = {0};
	char text[TIMEFMT_CLOCK_BYTES + 1] = "";

	assert_int_equal(timefmt_clock(&cache, unix_ns, utc, text), TIMEFMT_CLOCK_BYTES);
	assert_string_equal(text, expected);
	memset(text, 0, sizeof(text));
	timefmt_clock(&cache, unix_ns, utc, text);
	assert_string_equal(text, expected);
}

static void test_clock(void **state)
{
	setenv("TZ", "IST-05:30", 1);
	tzset();
	expect_clock(1709251199123456789, true, "23:59:59.123456");
	expect_clock(1709251199123456789, false, "05:29:59.123456");
	expect_clock(0, true, "00:00:00.000000");
}

static void test_relative(void **state)
{
	char text[TIMEFMT_RELATIVE_BYTES + 1] = "";

	text[timefmt_relative(12345678999, text)] = '\0';
	assert_string_equal(text, "12.345678");
	text[timefmt_relative(0, text)] = '\0';
	assert_string_equal(text, "0.000000");
	text[timefmt_relative(-1500000, text)] = '\0';
	assert_string_equal(text, "-0.001500");
	text[timefmt_relative(INT64_MIN, text)] = '\0';
	assert_string_equal(text, "-9223372036.854775");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_relative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
