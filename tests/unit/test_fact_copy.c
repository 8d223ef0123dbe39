#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/fact_copy.h"

static bool is_text(const struct fact_field *field)
{
	return field->form == FIELD_TEXT || field->form == FIELD_LIST;
}

static struct fact_text *text_at(struct fact *fact, const struct fact_field *field)
{
	return (struct fact_text *)((char *)fact + field->offset);
}

/* Every text of the type holds its own name, from memory that is gone after the copy. */
static void fill(struct fact *fact, enum fact_type type, char *memory)
{
	const struct fact_layout *layout = &fact_layouts[type];

	fact_clear(fact, type, 5);
	fact->comm = (struct fact_text){memcpy(memory, "comm", 4), 4};
	memory += 4;
	for (size_t i = 0; i < layout->fields_cnt; i++) {
		const char *name = layout->fields[i].name;
		size_t len = strlen(name);

		if (!is_text(&layout->fields[i]))
			continue;
		*text_at(fact, &layout->fields[i]) =
			(struct fact_text){memcpy(memory, name, len), len};
		memory += len;
	}
}

static void same(struct fact_text text, const char *expected)
{
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.bytes, expected, text.len);
}

static void test_every_text_of_every_type(void **state)
{
	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		const struct fact_layout *layout = &fact_layouts[type];
		char *memory = calloc(1, 4096), *texts;
		size_t bytes = 4;
		struct fact fact, copy;

		fill(&fact, type, memory);
		for (size_t i = 0; i < layout->fields_cnt; i++)
			if (is_text(&layout->fields[i]))
				bytes += strlen(layout->fields[i].name);
		assert_int_equal(fact_texts_bytes(&fact), bytes);
		texts = malloc(bytes); /* exactly: a sanitizer sees one byte too many */
		fact_copy(&fact, &copy, texts);
		free(memory);
		same(copy.comm, "comm");
		for (size_t i = 0; i < layout->fields_cnt; i++)
			if (is_text(&layout->fields[i]))
				same(*text_at(&copy, &layout->fields[i]), layout->fields[i].name);
		free(texts);
	}
}

static void test_no_text(void **state)
{
	struct fact fact, copy;

	fact_clear(&fact, FACT_EXEC, 7);
	fact.exec.exe.len = FACT_TEXT_UNKNOWN;
	fact.exec.cwd = (struct fact_text){"", 0};
	fact.exec.uid = 3;
	fact.who = (struct fact_id){.pid = 1, .start_ns = 2};
	assert_int_equal(fact_texts_bytes(&fact), 0);
	fact_copy(&fact, &copy, NULL);
	assert_true(copy.exec.exe.len == FACT_TEXT_UNKNOWN);
	assert_true(copy.exec.args.len == FACT_TEXT_ABSENT);
	assert_int_equal(copy.exec.cwd.len, 0);
	assert_int_equal(copy.exec.uid, 3);
	assert_int_equal(copy.boot_ns, 7);
	assert_int_equal(copy.who.start_ns, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_text_of_every_type),
		cmocka_unit_test(test_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
