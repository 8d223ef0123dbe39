#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/fact.h"

#define SIZEOF_FIELD(type, member) sizeof(((type *)NULL)->member)

static const char *const envelope[] = {
	"type", "schema", "host", "run",       "seq",  "time",	 "boot_ns",
	"pid",	"id",	  "ppid", "parent_id", "comm", "unsure", "signal_name",
};

static size_t field_bytes(const struct fact_field *field)
{
	switch ((enum fact_field_form)field->form) {
	case FIELD_NUM:
	case FIELD_BOOL:
	case FIELD_WORD:
		return sizeof(fact_num);
	case FIELD_TEXT:
	case FIELD_LIST:
		return sizeof(struct fact_text);
	case FIELD_ID:
		return sizeof(struct fact_id);
	}
	fail_msg("field %s has no form", field->name);
	return 0;
}

static void each_field(void (*check)(const struct fact_layout *, const struct fact_field *))
{
	for (int type = 0; type < FACT_TYPE_CNT; type++)
		for (size_t i = 0; i < fact_layouts[type].fields_cnt; i++)
			check(&fact_layouts[type], &fact_layouts[type].fields[i]);
}

static void inside(const struct fact_layout *layout, const struct fact_field *field)
{
	assert_true(field->offset >= offsetof(struct fact, comm) + sizeof(struct fact_text));
	assert_true(field->offset + field_bytes(field) <= sizeof(struct fact));
	assert_int_equal(field->offset % sizeof(uint64_t), 0);
}

static void test_offsets_inside(void **state)
{
	each_field(inside);
}

static void complete(const struct fact_layout *layout, const struct fact_field *field)
{
	assert_non_null(field->name);
	assert_true(strlen(field->doc) > 5);
	assert_int_equal(field->doc[strlen(field->doc) - 1], '.');
	assert_int_equal(field->form == FIELD_ID, field->id_name != NULL);
	assert_int_equal(field->form == FIELD_WORD, field->words != NULL);
	for (size_t i = 0; i < sizeof(envelope) / sizeof(envelope[0]); i++) {
		assert_string_not_equal(field->name, envelope[i]);
		if (field->id_name)
			assert_string_not_equal(field->id_name, envelope[i]);
	}
}

static void test_fields_complete(void **state)
{
	each_field(complete);
}

static void check_pair(const struct fact_field *a, const struct fact_field *b)
{
	assert_string_not_equal(a->name, b->name);
	if (a->id_name && b->id_name)
		assert_string_not_equal(a->id_name, b->id_name);
	assert_true(a->offset + field_bytes(a) <= b->offset ||
		    b->offset + field_bytes(b) <= a->offset);
}

static void test_no_overlap(void **state)
{
	for (int type = 0; type < FACT_TYPE_CNT; type++) {
		const struct fact_layout *layout = &fact_layouts[type];

		assert_true(layout->fields_cnt > 0);
		for (size_t i = 0; i < layout->fields_cnt; i++)
			for (size_t j = i + 1; j < layout->fields_cnt; j++)
				check_pair(&layout->fields[i], &layout->fields[j]);
	}
}

/* Bytes of a member that the layout names; what is left must be the fields that are not printed. */
static size_t layout_bytes(enum fact_type type)
{
	size_t bytes = 0;

	for (size_t i = 0; i < fact_layouts[type].fields_cnt; i++)
		bytes += field_bytes(&fact_layouts[type].fields[i]);
	return bytes;
}

static void test_nothing_forgotten(void **state)
{
	const size_t num = sizeof(fact_num);

	assert_int_equal(layout_bytes(FACT_START), SIZEOF_FIELD(struct fact, start));
	assert_int_equal(layout_bytes(FACT_END), SIZEOF_FIELD(struct fact, end));
	assert_int_equal(layout_bytes(FACT_PROCESS), SIZEOF_FIELD(struct fact, process) - 2 * num);
	assert_int_equal(layout_bytes(FACT_FORK), SIZEOF_FIELD(struct fact, fork) - 2 * num);
	assert_int_equal(layout_bytes(FACT_EXEC), SIZEOF_FIELD(struct fact, exec));
	assert_int_equal(layout_bytes(FACT_EXIT), SIZEOF_FIELD(struct fact, exit) - 2 * num);
	assert_int_equal(layout_bytes(FACT_ZOMBIE), SIZEOF_FIELD(struct fact, zombie) - num);
	assert_int_equal(layout_bytes(FACT_LEADER_ZOMBIE), SIZEOF_FIELD(struct fact, zombie) - num);
	assert_int_equal(layout_bytes(FACT_REAP), SIZEOF_FIELD(struct fact, reap) - num);
	assert_int_equal(layout_bytes(FACT_FREE), SIZEOF_FIELD(struct fact, free));
	assert_int_equal(layout_bytes(FACT_REPARENT), SIZEOF_FIELD(struct fact, reparent));
	assert_int_equal(layout_bytes(FACT_LOST), SIZEOF_FIELD(struct fact, lost));
	assert_int_equal(layout_bytes(FACT_RESYNC), SIZEOF_FIELD(struct fact, resync));
	assert_int_equal(layout_bytes(FACT_MISMATCH), SIZEOF_FIELD(struct fact, mismatch));
	assert_int_equal(layout_bytes(FACT_CLOCK), SIZEOF_FIELD(struct fact, clock));
}

static struct fact fact;

static void absent(const struct fact_layout *layout, const struct fact_field *field)
{
	const char *at = (const char *)&fact + field->offset;

	if (field->form == FIELD_ID)
		assert_true(((const struct fact_id *)at)->pid == FACT_PID_ABSENT);
	else if (field->form == FIELD_TEXT || field->form == FIELD_LIST)
		assert_true(((const struct fact_text *)at)->len == FACT_TEXT_ABSENT);
	else
		assert_true(*(const fact_num *)at == FACT_ABSENT);
}

static void test_clear_makes_absent(void **state)
{
	memset(&fact, 0, sizeof(fact));
	fact_clear(&fact, FACT_REAP, 77);
	each_field(absent);
	assert_int_equal(fact.type, FACT_REAP);
	assert_int_equal(fact.boot_ns, 77);
	assert_false(fact.unsure);
	assert_true(fact.who.pid == FACT_PID_ABSENT && fact.parent.pid == FACT_PID_ABSENT);
	assert_true(fact.comm.len == FACT_TEXT_ABSENT);
}

static void test_type_find(void **state)
{
	for (int type = 0; type < FACT_TYPE_CNT; type++)
		assert_int_equal(fact_type_find(fact_layouts[type].word,
						strlen(fact_layouts[type].word)),
				 type);
	assert_int_equal(fact_type_find("exit,fork", 4), FACT_EXIT);
	assert_int_equal(fact_type_find("thread", 6), FACT_THREAD);
	assert_int_equal(fact_type_find("threa", 5), -ENOENT);
	assert_int_equal(fact_type_find("", 0), -ENOENT);
}

static size_t words_cnt(const char *const *words)
{
	size_t cnt = 0;

	while (words[cnt])
		cnt++;
	return cnt;
}

static void test_words(void **state)
{
	assert_int_equal(words_cnt(fact_fork_kind_words), FORK_KIND_CLONE + 1);
	assert_int_equal(words_cnt(fact_killer_words), KILLER_KERNEL + 1);
	assert_int_equal(words_cnt(fact_how_words), HOW_UNSEEN + 1);
	assert_int_equal(words_cnt(fact_source_words), SOURCE_FREE + 1);
	assert_int_equal(words_cnt(fact_adopter_words), ADOPTER_NS_INIT + 1);
	assert_int_equal(words_cnt(fact_certainty_words), CERTAINTY_UNKNOWN + 1);
	assert_int_equal(words_cnt(fact_reason_words), REASON_INIT_NOT_REAPING + 1);
	assert_int_equal(words_cnt(fact_stage_words), STAGE_OUTPUT + 1);
	assert_int_equal(words_cnt(fact_state_words), STATE_ZOMBIE + 1);
	assert_string_equal(fact_reason_words[REASON_TRACED], "traced");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets_inside),
		cmocka_unit_test(test_fields_complete),
		cmocka_unit_test(test_no_overlap),
		cmocka_unit_test(test_nothing_forgotten),
		cmocka_unit_test(test_clear_makes_absent),
		cmocka_unit_test(test_type_find),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
