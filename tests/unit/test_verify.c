#include "procfs/verify.h"

#include <sys/sysmacros.h>

#include "procfs/late.h"
#include "procfs/stat.h"
#include "verify_world.h"

static void test_agreement(void **state)
{
	struct verify_result result;

	show(10, 1);
	show(11, 10);
	know(10, 1, PROCESS_ALIVE);
	know(11, 10, PROCESS_ALIVE);
	result = look_twice(whole, "");
	assert_int_equal(result.compared_cnt, 3);
	assert_int_equal(result.noted_cnt, 0);
	assert_int_equal(result.mismatched_cnt, 0);
	result = look_twice(known, "");
	assert_int_equal(result.compared_cnt, 3);
}

static void test_missing(void **state)
{
	struct verify_result result;

	know(10, 1, PROCESS_ALIVE);
	know(11, 1, PROCESS_ZOMBIE);
	result = look_twice(whole, "10 missing alive none;11 missing zombie none;");
	assert_int_equal(result.mismatched_cnt, 2);
	look_twice(known, "10 missing alive none;11 missing zombie none;");
}

static void test_released_one_is_missing(void **state)
{
	show_as(10, 0, 'X', EXITING, 1);
	show_as(11, 0, 'S', 0, 0);
	know(10, 1, PROCESS_ALIVE);
	know(11, 1, PROCESS_ALIVE);
	look_twice(whole, "10 missing alive none;11 missing alive none;");
}

/* Read while it was exiting, then gone from both before the second look. */
static void test_gone_meanwhile(void **state)
{
	struct verify *verify;
	struct verify_result result;

	know(10, 1, PROCESS_ALIVE);
	verify = first_look(whole);
	assert_int_equal(verify_pending(verify), 1);
	model.rows[1].state = PROCESS_REAPED;
	result = second_look(verify);
	assert_string_equal(reported, "");
	assert_int_equal(result.noted_cnt, 1);
	assert_int_equal(result.mismatched_cnt, 0);
}

/* Gone, and the model is on its way to say so. */
static void test_model_moves_on(void **state)
{
	struct verify *verify;

	know(10, 1, PROCESS_ALIVE);
	verify = first_look(whole);
	model.rows[1].state = PROCESS_DYING;
	second_look(verify);
	assert_string_equal(reported, "");
}

static void test_extra(void **state)
{
	struct verify_result result;

	show(10, 7);
	result = look_twice(whole, "10 extra none alive;");
	assert_int_equal(result.mismatched_cnt, 1);
	/* Behind a filter it is just not ours. */
	result = look_twice(known, "");
	assert_int_equal(result.compared_cnt, 1);
}

static void test_extra_that_is_dead(void **state)
{
	show_as(10, 1, 'X', EXITING, 1);
	look_twice(whole, "");
	show_as(10, 1, 'Z', EXITING, 1);
	look_twice(whole, "10 extra none zombie;");
	show_as(10, 1, 'Z', EXITING, 3);
	look_twice(whole, "10 extra none leader_zombie;");
}

static void test_extra_told_meanwhile(void **state)
{
	struct verify *verify;

	show(10, 1);
	show(11, 1);
	verify = first_look(whole);
	assert_int_equal(verify_pending(verify), 2);
	know(10, 1, PROCESS_ALIVE);
	unshow(11);
	second_look(verify);
	assert_string_equal(reported, "");
}

static void test_extra_is_someone_else_now(void **state)
{
	struct verify *verify;
	struct shown other = alive(10, 1);

	show(10, 1);
	verify = first_look(whole);
	other.ticks += 5;
	put(other);
	second_look(verify);
	assert_string_equal(reported, "");
}

/* From a tick before the round on, the births may wait in the ring. */
static void test_young(void **state)
{
	struct shown young = alive(10, 1);

	young.ticks = NOW_NS / TICK_NS + 3;
	put(young);
	young.pid = 11;
	young.ticks = NOW_NS / TICK_NS - 1;
	put(young);
	look_twice(whole, "");
	young.ticks = NOW_NS / TICK_NS - 3;
	put(young);
	look_twice(whole, "11 extra none alive;");
}

static void test_reused_number(void **state)
{
	struct shown other = alive(10, 1);

	other.ticks = 500;
	put(other);
	know(10, 1, PROCESS_ALIVE);
	look_twice(whole, "10 missing alive none;10 extra none alive;");
	look_twice(known, "10 missing alive none;");
	/* Behind a filter a number may be a thread's by now. */
	other.ticks = 10;
	other.exit_signal = -1;
	put(other);
	look_twice(known, "10 missing alive none;");
}

static void test_start_within_a_tick(void **state)
{
	struct shown shown = alive(10, 1);

	know(10, 1, PROCESS_ALIVE);
	shown.ticks = 11;
	put(shown);
	look_twice(whole, "");
	shown.ticks = 9;
	put(shown);
	look_twice(whole, "");
	shown.ticks = 12;
	put(shown);
	look_twice(whole, "10 missing alive none;10 extra none alive;");
}

static void test_reaped_but_there(void **state)
{
	show_as(10, 1, 'Z', EXITING, 1);
	know(10, 1, PROCESS_REAPED);
	look_twice(whole, "10 extra reaped zombie;");
	look_twice(known, "");
}

static void test_parent(void **state)
{
	show(10, 1);
	show(11, 1);
	show(12, 1);
	know(10, 1, PROCESS_ALIVE);
	know(11, 10, PROCESS_ALIVE);
	/* Not known is no contradiction. */
	know(12, 0, PROCESS_ALIVE);
	look_twice(whole, "11 ppid 10 1;");
	look_twice(known, "11 ppid 10 1;");
}

static void test_parent_behind_a_filter(void **state)
{
	show(10, 1);
	show(11, 1);
	know(10, 77, PROCESS_ALIVE);
	know(78, 0, PROCESS_NEW);
	know(11, 78, PROCESS_ALIVE);
	look_twice(known, "");
	look_twice(whole, "10 ppid 77 1;78 missing alive none;11 ppid 78 1;");
}

static void test_parent_moves_on(void **state)
{
	struct verify *verify;

	show(10, 1);
	show(11, 1);
	show(12, 10);
	know(10, 1, PROCESS_ALIVE);
	know(11, 1, PROCESS_ALIVE);
	know(12, 11, PROCESS_ALIVE);
	verify = first_look(whole);
	assert_int_equal(verify_pending(verify), 1);
	show(12, 1);
	second_look(verify);
	assert_string_equal(reported, "");
}

struct life_case {
	enum process_state state;
	bool leader_dead;
	char proc_state;
	uint32_t flags, threads_cnt;
	const char *want;
};

static void test_lives(void **state)
{
	static const struct life_case cases[] = {
		{PROCESS_ALIVE, false, 'S', 0, 5, ""},
		{PROCESS_ALIVE, false, 'R', EXITING, 1, ""},
		{PROCESS_ALIVE, false, 'Z', EXITING, 1, "10 state alive zombie;"},
		{PROCESS_ALIVE, false, 'Z', EXITING, 2, "10 state alive leader_zombie;"},
		{PROCESS_ALIVE, true, 'Z', EXITING, 2, ""},
		{PROCESS_ALIVE, true, 'D', EXITING, 2, ""},
		{PROCESS_ALIVE, true, 'S', 0, 2, "10 state leader_zombie alive;"},
		{PROCESS_ALIVE, true, 'Z', EXITING, 1, "10 state leader_zombie zombie;"},
		{PROCESS_DYING, false, 'R', EXITING, 1, ""},
		{PROCESS_DYING, false, 'Z', EXITING, 1, ""},
		{PROCESS_DYING, false, 'Z', EXITING, 2, ""},
		{PROCESS_DYING, false, 'S', 0, 1, "10 state dying alive;"},
		{PROCESS_ZOMBIE, false, 'Z', EXITING, 1, ""},
		{PROCESS_ZOMBIE, false, 'R', EXITING, 1, "10 state zombie dying;"},
		{PROCESS_ZOMBIE, false, 'S', 0, 1, "10 state zombie alive;"},
		{PROCESS_ZOMBIE, false, 'Z', EXITING, 2, "10 state zombie leader_zombie;"},
		{PROCESS_NEW, false, 'Z', EXITING, 1, ""},
	};

	know(10, 1, PROCESS_ALIVE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		model.rows[1].state = cases[i].state;
		model.rows[1].leader_dead = cases[i].leader_dead;
		show_as(10, 1, cases[i].proc_state, cases[i].flags, cases[i].threads_cnt);
		look_twice(whole, cases[i].want);
	}
}

static void test_kernel_threads(void **state)
{
	show_as(2, 0, 'S', STAT_FLAG_KTHREAD, 1);
	show_as(30, 2, 'I', STAT_FLAG_KTHREAD, 1);
	know(2, 0, PROCESS_ALIVE)->kthread = true;
	know(30, 2, PROCESS_ALIVE)->kthread = true;
	look_twice(whole, "");
}

/* The tracer may be somebody's parent, and named for it. */
static void test_tracer_itself(void **state)
{
	know(SELF_PID, 42, PROCESS_ALIVE);
	look_twice(whole, "");
	unshow(SELF_PID);
	look_twice(whole, "");
}

static void test_unknown_start(void **state)
{
	know(10, 1, PROCESS_ALIVE)->id.start_ns = 0;
	look_twice(whole, "");
}

static void test_late_reaps(void **state)
{
	static const struct verify_scope scope = {.whole = true};

	know(10, 1, PROCESS_ZOMBIE);
	know(11, 1, PROCESS_DYING);
	know(12, 1, PROCESS_ALIVE);
	assert_int_equal(look_twice(scope, "12 missing alive none;").late_cnt, 2);
}

static void count_report(void *context, const struct fact *fact)
{
	(*(int *)context)++;
}

static int round_at(struct verify *verify, struct verify_scope scope, uint64_t now_ns)
{
	int reports_cnt = 0;

	assert_int_equal(verify_begin(verify, &model, scope, now_ns), 0);
	while (verify_look(verify, &model, 100) == 1)
		;
	while (verify_confirm(verify, &model, 100, now_ns, count_report, &reports_cnt) == 1)
		;
	return reports_cnt;
}

static void test_late_becomes_lost(void **state)
{
	static const struct verify_scope scope = {.whole = true};
	struct verify *verify;

	know(10, 1, PROCESS_ZOMBIE);
	assert_int_equal(verify_new(&root, &verify), 0);
	assert_int_equal(round_at(verify, scope, NOW_NS), 0);
	assert_int_equal(round_at(verify, scope, NOW_NS + VERIFY_LATE_NS - 1), 0);
	assert_int_equal(round_at(verify, scope, NOW_NS + VERIFY_LATE_NS), 1);
	/* Told at last, then another one: from the start. */
	model.rows[1].state = PROCESS_REAPED;
	assert_int_equal(round_at(verify, scope, NOW_NS + 2 * VERIFY_LATE_NS), 0);
	model.rows[1].state = PROCESS_ZOMBIE;
	assert_int_equal(round_at(verify, scope, NOW_NS + 3 * VERIFY_LATE_NS), 0);
	verify_free(verify);
}

static void test_late_list_is_bounded(void **state)
{
	static struct late_list list;

	for (uint32_t i = 1; i <= LATE_MAX + 5; i++)
		assert_int_equal(late_see(&list, (struct pt_identity){.tgid = i, .start_ns = 1}, 7),
				 0);
	assert_int_equal(list.cnt, LATE_MAX);
	assert_int_equal(late_see(&list, (struct pt_identity){.tgid = 1, .start_ns = 1}, 9), 2);
	assert_int_equal(late_see(&list, (struct pt_identity){.tgid = 1, .start_ns = 2}, 9), 0);
	late_begin(&list);
	late_see(&list, (struct pt_identity){.tgid = 3, .start_ns = 1}, 9);
	late_end(&list);
	assert_int_equal(list.cnt, 1);
	assert_int_equal(list.late[0].who.tgid, 3);
}

static void test_hidden(void **state)
{
	char text[256];
	struct verify_result result;
	struct stat at;

	assert_int_equal(fstat(root.fd, &at), 0);
	snprintf(text, sizeof(text), "1 1 %u:%u / /proc rw - proc proc rw,hidepid=2\n",
		 major(at.st_dev), minor(at.st_dev));
	assert_int_equal(mkdirat(root.fd, "self", 0700), 0);
	write_file("self/mountinfo", text);
	know(10, 1, PROCESS_ALIVE);
	result = look_twice(whole, "");
	assert_int_equal(result.hidden_cnt, 1);
	assert_int_equal(result.compared_cnt, 1);
}

static void test_unreadable(void **state)
{
	struct verify_result result;

	show(10, 1);
	write_file("10/stat", "10 (x) S 1\n");
	know(10, 1, PROCESS_ALIVE);
	show(11, 1);
	write_file("11/stat", "");
	result = look_twice(whole, "");
	assert_int_equal(result.unreadable_cnt, 1);
	assert_int_equal(result.compared_cnt, 1);
}

static void test_notes_are_bounded(void **state)
{
	struct verify_result result;
	struct verify *verify;

	for (uint32_t pid = 1000; pid < 1000 + VERIFY_NOTES_MAX + 3; pid++)
		know(pid, 1, PROCESS_ALIVE);
	verify = first_look(whole);
	for (size_t i = 1; i < model.cnt; i++)
		model.rows[i].state = PROCESS_REAPED;
	result = second_look(verify);
	assert_int_equal(result.noted_cnt, VERIFY_NOTES_MAX);
	assert_int_equal(result.unlooked_cnt, 3);
	assert_int_equal(result.mismatched_cnt, 0);
}

/* No call reads more than it was allowed: four entries and three seats in slices of one. */
static void test_budget(void **state)
{
	struct verify *verify;
	int calls_cnt = 1;

	show(10, 1);
	show(11, 1);
	know(10, 1, PROCESS_ALIVE);
	know(11, 1, PROCESS_ALIVE);
	assert_int_equal(verify_new(&root, &verify), 0);
	assert_int_equal(verify_begin(verify, &model, whole, NOW_NS), 0);
	assert_int_equal(verify_look(verify, &model, 0), 1);
	assert_int_equal(verify_result(verify).compared_cnt, 0);
	while (verify_look(verify, &model, 1) == 1)
		calls_cnt++;
	assert_int_equal(calls_cnt, 4 + 1 + 3);
	assert_int_equal(verify_result(verify).compared_cnt, 3);
	assert_int_equal(verify_look(verify, &model, 1), 0);
	verify_free(verify);
}

static void test_unknown_namespace(void **state)
{
	struct verify *verify;

	root.pid_ns = 0;
	assert_int_equal(verify_new(&root, &verify), 0);
	assert_int_equal(verify_begin(verify, &model, whole, NOW_NS), -ENXIO);
	assert_int_equal(verify_look(verify, &model, 9), 0);
	verify_free(verify);
	verify_free(NULL);
}

/* --- a nested pid namespace --- */

#define NESTED_NS 4026532200u

static struct process_view *know_nested(const struct proc_root *nested, uint32_t pid,
					uint32_t ns_pid, uint64_t ticks, uint32_t parent,
					uint32_t pid_ns)
{
	struct process_view *row = know(pid, 0, PROCESS_ALIVE);

	row->id.start_ns = proc_start_ns(nested, ticks);
	row->ns_pid = ns_pid;
	row->pid_ns = pid_ns;
	for (size_t i = 0; i + 1 < model.cnt; i++) {
		if (model.rows[i].id.tgid == parent)
			row->parent = model.rows[i].id;
	}
	return row;
}

/* The model counts 5001..., this /proc 1...; one more namespace lies below, the host above. */
static void test_nested_namespace(void **state)
{
	struct proc_root nested;
	struct verify *verify;
	struct verify_result result;
	int reports_cnt;

	assert_int_equal(proc_root_init(&nested, "tests/fixtures/proc/nested"), 0);
	model.cnt = 0;
	know(7, 0, PROCESS_ALIVE);
	know_nested(&nested, 5001, 1, 8650000, 7, NESTED_NS);
	know_nested(&nested, 5007, 7, 8650100, 5001, NESTED_NS);
	know_nested(&nested, 5008, 1, 8650200, 5007, 4026532300u);
	assert_int_equal(verify_new(&nested, &verify), 0);
	/* 9 is the stranger that nobody told; 8 lives further down. */
	reports_cnt = round_at(verify, whole, proc_start_ns(&nested, 9000000));
	result = verify_result(verify);
	assert_int_equal(reports_cnt, 1);
	assert_int_equal(result.compared_cnt, 2);
	assert_int_equal(result.elsewhere_cnt, 3);
	know_nested(&nested, 5009, 9, 8650300, 5007, NESTED_NS);
	model.rows[4].parent = model.rows[2].id;
	reports_cnt = round_at(verify, known, proc_start_ns(&nested, 9000000));
	assert_int_equal(reports_cnt, 1);
	model.rows[4].parent = model.rows[1].id;
	reports_cnt = round_at(verify, whole, proc_start_ns(&nested, 9000000));
	assert_int_equal(reports_cnt, 0);
	verify_free(verify);
	proc_root_release(&nested);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_agreement),
		TEST(test_missing),
		TEST(test_released_one_is_missing),
		TEST(test_gone_meanwhile),
		TEST(test_model_moves_on),
		TEST(test_extra),
		TEST(test_extra_that_is_dead),
		TEST(test_extra_told_meanwhile),
		TEST(test_extra_is_someone_else_now),
		TEST(test_young),
		TEST(test_reused_number),
		TEST(test_start_within_a_tick),
		TEST(test_reaped_but_there),
		TEST(test_parent),
		TEST(test_parent_behind_a_filter),
		TEST(test_parent_moves_on),
		TEST(test_lives),
		TEST(test_kernel_threads),
		TEST(test_tracer_itself),
		TEST(test_unknown_start),
		TEST(test_late_reaps),
		TEST(test_late_becomes_lost),
		TEST(test_late_list_is_bounded),
		TEST(test_hidden),
		TEST(test_unreadable),
		TEST(test_notes_are_bounded),
		TEST(test_budget),
		TEST(test_unknown_namespace),
		TEST(test_nested_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
