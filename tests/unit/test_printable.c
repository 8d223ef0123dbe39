#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hostile.h"
#include "base/printable.h"
#include "base/utf8.h"

static struct buffer out;

static int teardown(void **state)
{
	buffer_release(&out);
	return 0;
}

typedef size_t (*print_fn)(struct buffer *, const char *, size_t, size_t, bool);

static const char *printed(print_fn print, struct fact_text text, size_t columns, bool ascii)
{
	if (!out.max)
		buffer_init(&out, 65536);
	buffer_clear(&out);
	print(&out, text.bytes, text.len, columns, ascii);
	buffer_add_char(&out, '\0');
	return out.bytes;
}

static void test_escapes(void **state)
{
	const struct {
		struct fact_text text;
		const char *shown;
	} cases[] = {
		{HOSTILE("plain text'\""), "plain text'\""},
		{HOSTILE("\x1b[2J"), "\\x1b[2J"},
		{HOSTILE("a\nb\tc\rd"), "a\\nb\\tc\\rd"},
		{HOSTILE("\0\x7f"), "\\x00\\x7f"},
		{HOSTILE("\\x1b"), "\\\\x1b"},
		{HOSTILE("\x9b"), "\\x9b"},
		{HOSTILE("\xc2\x9b"), "\\u009b"},
		{HOSTILE("\xe2\x80\xae"), "\\u202e"},
		{HOSTILE("\xe2\x80\x8b\xe2\x80\xa8\xe2\x81\xa6\xef\xbb\xbf"),
		 "\\u200b\\u2028\\u2066\\ufeff"},
		{HOSTILE("\xf3\xa0\x81\x81"), "\\U000e0041"},
		{HOSTILE("\xc3\xa4\xe6\xbc\xa2"), "\xc3\xa4\xe6\xbc\xa2"},
		{HOSTILE("\xc3"), "\\xc3"},
		{HOSTILE("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(printed(printable_add, cases[i].text, PRINTABLE_WHOLE, false),
				    cases[i].shown);
}

static void test_ascii(void **state)
{
	const struct fact_text text = HOSTILE("\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x92\xa5!");

	assert_string_equal(printed(printable_add, text, PRINTABLE_WHOLE, true),
			    "\\u00e4\\u6f22\\U0001f4a5!");
}

static void test_args(void **state)
{
	const struct {
		struct fact_text text;
		const char *shown;
	} cases[] = {
		{HOSTILE(""), ""},
		{HOSTILE("ls\0-l\0"), "ls -l"},
		{HOSTILE("ls\0-l"), "ls -l"},
		{HOSTILE("\0"), "''"},
		{HOSTILE("a\0\0b\0"), "a '' b"},
		{HOSTILE("sh\0-c\0echo hi; exit\0"), "sh -c 'echo hi; exit'"},
		{HOSTILE("a\\b\0\"\0$x"), "'a\\b' '\"' '$x'"},
		{HOSTILE("it's\0"), "$'it\\'s'"},
		{HOSTILE("a\nb\\c\0"), "$'a\\nb\\\\c'"},
		{HOSTILE("\x1b[0m\0ok"), "$'\\x1b[0m' ok"},
		{HOSTILE("\xff\0\xc3\xa4"), "$'\\xff' \xc3\xa4"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(printed(printable_args, cases[i].text, PRINTABLE_WHOLE, false),
				    cases[i].shown);
}

static void test_cut(void **state)
{
	const struct fact_text ascii = HOSTILE("abcdefgh");
	const struct fact_text escape = HOSTILE("abc\x1b[0m");
	const struct fact_text wide = HOSTILE("a\xe6\xbc\xa2\xe5\xad\x97z");
	const struct fact_text args = HOSTILE("make\0-j2\0all\0");

	assert_string_equal(printed(printable_add, ascii, 8, false), "abcdefgh");
	assert_string_equal(printed(printable_add, ascii, 7, false), "abcd...");
	assert_string_equal(printed(printable_add, ascii, 3, false), "...");
	assert_string_equal(printed(printable_add, ascii, 1, false), ".");
	assert_string_equal(printed(printable_add, ascii, 0, false), "");
	assert_string_equal(printed(printable_add, escape, 10, false), "abc\\x1b[0m");
	assert_string_equal(printed(printable_add, escape, 9, false), "abc...");
	assert_string_equal(printed(printable_add, wide, 6, false), wide.bytes);
	assert_string_equal(printed(printable_add, wide, 5, false), "a...");
	assert_string_equal(printed(printable_args, args, 12, false), "make -j2 all");
	assert_string_equal(printed(printable_args, args, 11, false), "make -j2...");
}

/* Columns as the terminal would count them: the escapes are all ASCII by now. */
static size_t columns_of(const char *bytes, size_t len)
{
	size_t columns = 0;
	uint32_t c;

	for (size_t step; len; bytes += step, len -= step) {
		step = utf8_decode(bytes, len, &c);
		assert_true(step > 0);
		assert_true(c >= 0x20 && !(c >= 0x7f && c < 0xa0));
		columns += utf8_columns(c);
	}
	return columns;
}

static void check_width(print_fn print, struct fact_text text, size_t columns_max)
{
	size_t columns;

	buffer_clear(&out);
	columns = print(&out, text.bytes, text.len, columns_max, false);
	assert_true(columns <= columns_max);
	assert_int_equal(columns, columns_of(out.bytes, out.len));
}

static void test_hostile_widths(void **state)
{
	for (size_t i = 0; i < HOSTILE_CNT; i++) {
		struct fact_text text = hostile_text(i);

		for (size_t columns = 0; columns < 90; columns++) {
			check_width(printable_add, text, columns);
			check_width(printable_args, text, columns);
		}
		check_width(printable_add, text, PRINTABLE_WHOLE);
		check_width(printable_args, text, PRINTABLE_WHOLE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),	       cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_args),	       cmocka_unit_test(test_cut),
		cmocka_unit_test(test_hostile_widths),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
