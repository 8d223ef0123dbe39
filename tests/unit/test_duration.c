#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{"0", 0},
		{"10", 10000000000},
		{"1ns", 1},
		{"50us", 50000},
		{"50ms", 50000000},
		{"0.5s", 500000000},
		{"0.5", 500000000},
		{"1.5h", 5400000000000},
		{"2m", 120000000000},
		{"1h", 3600000000000},
		{"3d", 259200000000000},
		{"1.0000000019s", 1000000001},
		{"0.9ns", 0},
		{"007s", 7000000000},
		{"0.00000000000000000000000001d", 0},
		{"18446744073709551615ns", UINT64_MAX},
		{"213503.9d", 18446736960000000000ULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns = 77;

		assert_int_equal(duration_parse(cases[i].text, &ns), 0);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void test_parse_refuses(void **state)
{
	static const char *const wrong[] = {
		"",    " ",	"s",	"-1",	 "+1",
		"1 s", "1x",	"1S",	"1.s",	 ".5s",
		"1e3", "0x10",	"1sec", "1..5s", "nan",
		"inf", "1.5.5", "5s ",	" 5s",	 "99999999999999999999x",
	};
	static const char *const large[] = {
		"18446744073709551616ns",   "18446744074",    "213504d", "99999999999999999999d",
		"18446744073709551615.9us", "18446744073.9s",
	};
	uint64_t ns = 77;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(duration_parse(wrong[i], &ns), -EINVAL);
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		assert_int_equal(duration_parse(large[i], &ns), -ERANGE);
	assert_int_equal(ns, 77);
}

static void test_write(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0ns"},
		{812, "812ns"},
		{999, "999ns"},
		{1000, "1.00us"},
		{50299, "50.2us"},
		{999999, "999us"},
		{12345678, "12.3ms"},
		{999999999, "999ms"},
		{1203000000, "1.20s"},
		{59999999999, "59.9s"},
		{60000000000, "1m00s"},
		{123000000000, "2m03s"},
		{3599999999999, "59m59s"},
		{3720000000000, "1h02m"},
		{86399999999999, "23h59m"},
		{273600000000000, "3d04h"},
		{UINT64_MAX, "213503d23h"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[DURATION_TEXT_BYTES];

		assert_int_equal(duration_write(text, cases[i].ns), strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
