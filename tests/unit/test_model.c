/*
 * Lives as the kernel tells them, record by record, and what the model must say of them: births, execs,
 * exits and reaps by a wait. T is the process that waits.
 */
#include "records.h"

#include <errno.h>

#define T old(10)
#define C young(100)

/* T is there and has forked C. */
static struct story *with_child(void)
{
	struct story *s = story_begin();

	is_there(s, T, old(1), 0);
	is_born(s, 10, C, T);
	story_told(s, "process 10<1 alive", "fork 100<10 fork");
	return s;
}

static void simple_life(void **state)
{
	struct story *s = with_child();
	const struct fact *exit, *reap;
	struct pt_event_reap r;

	exits(s, 100, C, T, 7 << 8);
	story_told(s, "exit 100<10 code 7");
	exit = story_last(s);
	assert_int_equal(exit->boot_ns, START_NS + 100);
	assert_int_equal(exit->exit.lifetime_ns, 100);
	is_told(s, 130, C, T, 0);
	story_told_nothing(s);
	r = reap_record(200, C, T, 0);
	r.wait_entered_ns = START_NS + 180;
	send(s, &r);
	story_told(s, "reap 100<10 wait by 10 latency 70 idle 50 wake 20");
	reap = story_last(s);
	assert_int_equal(reap->reap.teardown_ns, 30);
	assert_int_equal(reap->reap.source, SOURCE_FENTRY);
	assert_int_equal(reap->reap.error_ns, 0);
	assert_int_equal(reap->reap.status, 7 << 8);
	is_freed(s, 10000, C);
	story_told(s, "free 100<10");
	assert_int_equal(model_count(s->model), 1);
	story_end(s);
}

static void wait_first_is_not_idle(void **state)
{
	struct story *s = with_child();
	struct pt_event_reap r = reap_record(140, C, T, 0);

	exits(s, 100, C, T, 0);
	is_told(s, 130, C, T, 0);
	r.wait_entered_ns = START_NS + 50;
	send(s, &r);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 10 latency 10 idle 0 wake 10");
	story_end(s);
}

/* Times are of two processors: a part is never more than the whole. */
static void wait_after_the_reap(void **state)
{
	struct story *s = with_child();
	struct pt_event_reap r = reap_record(140, C, T, 0);

	exits(s, 100, C, T, 0);
	is_told(s, 130, C, T, 0);
	r.wait_entered_ns = START_NS + 150;
	send(s, &r);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 10 latency 10 idle 10 wake 0");
	story_end(s);
}

static void wait_entry_not_known(void **state)
{
	struct story *s = with_child();

	exits(s, 100, C, T, 0);
	is_told(s, 130, C, T, 0);
	is_reaped(s, 200, C, T, 0);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 10 latency 70 idle ? wake ?");
	story_end(s);
}

static void fork_says_how(void **state)
{
	struct story *s = story_begin();
	struct pt_event_fork r = fork_record(10, young(100), T);

	r.head.flags = PT_FORK_SHARES_MM;
	send(s, &r);
	r = fork_record(11, young(101), T);
	r.exit_signal = 10;
	send(s, &r);
	r = fork_record(12, young(102), T);
	r.exit_signal = 0;
	send(s, &r);
	r = fork_record(13, young(103), T);
	r.creator = young(101); /* CLONE_PARENT */
	send(s, &r);
	r = fork_record(14, young(104), T);
	r.head.flags = PT_FORK_LATE | PT_FORK_CREATOR_UNKNOWN | PT_FORK_KIND_UNKNOWN;
	send(s, &r);
	story_told(s, "fork 100<10 vfork", "fork 101<10 clone exit signal 10",
		   "fork 102<10 clone exit signal 0", "fork 103<10 clone by 101",
		   "fork 104<10 ? by ?");
	assert_int_equal(story_last(s)->fork.place.uid, 1000);
	assert_int_equal(story_last(s)->fork.place.gid, 100);
	assert_int_equal(story_last(s)->fork.place.cgroup_id, 77);
	assert_int_equal(story_last(s)->fork.place.pid_ns, FACT_ABSENT);
	story_end(s);
}

static void exec_renames(void **state)
{
	struct story *s = with_child();
	struct pt_event_exec r = exec_record(20, C, T, "true");
	struct event event = event_of(&r.head);
	const struct fact *exec;
	struct process_view view;

	r.args_count = 3;
	r.args_bytes = 14;
	event.tail[PT_TAIL_ARGS] = (struct tail_view){"/bin/true\0a\0b", 14};
	event.tail[PT_TAIL_FILENAME] = (struct tail_view){"true", 4};
	event.tail[PT_TAIL_EXE] = (struct tail_view){"true\0bin\0usr\0", 13};
	event.tail[PT_TAIL_CWD] = (struct tail_view){"", 0};
	model_event(s->model, &event);
	story_told(s, "exec 100<10 true");
	exec = story_last(s);
	assert_int_equal(exec->exec.args.len, 14);
	assert_int_equal(exec->exec.args_count, 3);
	assert_int_equal(exec->exec.args_bytes, 14);
	assert_int_equal(exec->exec.args_truncated, 0);
	assert_int_equal(exec->exec.exe.len, strlen("/usr/bin/true"));
	assert_int_equal(exec->exec.cwd.len, 1);
	assert_int_equal(exec->exec.filename.len, 4);
	assert_int_equal(exec->exec.prev_comm.len, 2);
	assert_int_equal(exec->exec.tid, FACT_ABSENT);
	assert_true(model_find(s->model, C, &view));
	assert_string_equal(view.comm, "true");
	story_end(s);
}

static void exec_without_a_tail(void **state)
{
	struct story *s = with_child();
	struct pt_event_exec r = exec_record(20, C, T, "true");
	const struct fact *exec;

	r.head.flags = PT_EXEC_NO_TAIL;
	r.args_bytes = 14;
	send(s, &r);
	story_told(s, "exec 100<10 true");
	exec = story_last(s);
	assert_int_equal(exec->exec.args.len, FACT_TEXT_UNKNOWN);
	assert_int_equal(exec->exec.exe.len, FACT_TEXT_UNKNOWN);
	assert_int_equal(exec->exec.cwd.len, FACT_TEXT_UNKNOWN);
	assert_int_equal(exec->exec.filename.len, FACT_TEXT_UNKNOWN);
	assert_int_equal(exec->exec.args_truncated, 1);
	story_end(s);
}

static void exec_with_a_missing_page(void **state)
{
	struct story *s = with_child();
	struct pt_event_exec r = exec_record(20, C, T, "true");
	struct event event = event_of(&r.head);

	r.args_bytes = 14;
	event.flags = r.head.flags = PT_EXEC_ARGS_FAULT;
	event.tail[PT_TAIL_ARGS] = (struct tail_view){"", 0};
	model_event(s->model, &event);
	assert_int_equal(story_last(s)->exec.args.len, FACT_TEXT_UNKNOWN);
	assert_int_equal(story_last(s)->exec.args_truncated, 1);
	event.tail[PT_TAIL_ARGS] = (struct tail_view){"/bin/tr", 7};
	model_event(s->model, &event);
	assert_int_equal(story_last(s)->exec.args.len, 7);
	assert_int_equal(story_last(s)->exec.args_truncated, 1);
	story_told(s, "exec 100<10 true", "exec 100<10 true");
	story_end(s);
}

static void exec_by_another_thread(void **state)
{
	struct story *s = with_child();
	struct pt_event_thread_exit leader = thread_exit_record(20, C, 100, 0);
	struct pt_event_exec r = exec_record(21, C, T, "true");
	struct process_view view;

	send(s, &leader);
	assert_true(model_find(s->model, C, &view));
	assert_true(view.leader_dead);
	r.old_tid = 102;
	send(s, &r);
	story_told(s, "exec 100<10 true tid 102");
	assert_true(model_find(s->model, C, &view));
	assert_false(view.leader_dead);
	exits(s, 30, C, T, 0);
	story_told(s, "exit 100<10 code 0");
	story_end(s);
}

/* Only the last thread's end is an exit; the leader's is not even told without --threads. */
static void leader_goes_first(void **state)
{
	struct story *s = with_child();
	struct pt_event_thread_exit leader = thread_exit_record(20, C, 100, 3 << 8);
	struct process_view view;

	send(s, &leader);
	story_told_nothing(s);
	assert_true(model_find(s->model, C, &view));
	assert_int_equal(view.state, PROCESS_ALIVE);
	exits(s, 80, C, T, 5 << 8);
	is_told(s, 85, C, T, 0);
	is_reaped(s, 90, C, T, 0);
	story_told(s, "exit 100<10 code 5", "reap 100<10 wait by 10 latency 5 idle ? wake ?");
	story_end(s);
}

static void leaders_status_counts_before_6_0(void **state)
{
	struct story *s = with_child();
	struct pt_event_thread_exit leader = thread_exit_record(20, C, 100, 3 << 8);
	struct pt_event_exit r = exit_record(80, C, T, 5 << 8);

	send(s, &leader);
	r.head.flags = PT_EXIT_STATUS_OF_LEADER;
	send(s, &r);
	story_told(s, "exit 100<10 code 3");
	is_born(s, 90, young(101), T);
	r = exit_record(91, young(101), T, 6 << 8);
	r.head.flags = PT_EXIT_STATUS_OF_LEADER;
	send(s, &r);
	story_told(s, "fork 101<10 fork", "exit 101<10 code 6");
	story_end(s);
}

static void threads_are_facts_on_demand(void **state)
{
	const struct model_config config = {.start_ns = START_NS,
					    .threads = true,
					    .complete = true};
	struct story *s = story_new(&config);
	struct pt_event_thread born = thread_record(20, C, 101);
	struct pt_event_thread_exit ends = thread_exit_record(30, C, 101, 4 << 8);
	struct pt_event_thread_exit leader = thread_exit_record(31, C, 100, 0);

	is_born(s, 10, C, T);
	send(s, &born);
	send(s, &ends);
	send(s, &leader);
	story_told(s, "fork 100<10 fork", "thread 100<10 tid 101",
		   "thread_exit 100<10 tid 101 code 4", "thread_exit 100<10 tid 100 code 0 leader");
	born = thread_record(40, old(50), 51);
	send(s, &born);
	story_told(s, "thread 50<? tid 51");
	assert_int_equal(model_count(s->model), 1);
	story_end(s);
}

/* Before 6.16 two threads of a group may both look like the last one. */
static void group_dies_once(void **state)
{
	struct story *s = with_child();

	exits(s, 20, C, T, 0);
	exits(s, 21, C, T, 0);
	is_told(s, 22, C, T, 0);
	exits(s, 23, C, T, 0);
	story_told(s, "exit 100<10 code 0");
	assert_int_equal(model_totals(s->model).duplicates, 2);
	assert_int_equal(model_totals(s->model).exits, 1);
	story_end(s);
}

static void costs_are_split_as_rusage_does(void **state)
{
	static const uint64_t cases[][5] = {
		/* user, system ticks, run; user, system told */
		{4000, 12000, 20000, 5000, 15000},
		{0, 0, 999, 999, 0},
		{0, 4000, 999, 0, 999},
		{4000, 0, 999, 999, 0},
		{UINT64_MAX, UINT64_MAX, 1ull << 62, 1ull << 61, 1ull << 61},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct story *s = with_child();
		struct pt_event_exit r = exit_record(20, C, T, 0);

		r.costs.user_ns = cases[i][0];
		r.costs.system_ns = cases[i][1];
		r.costs.run_ns = cases[i][2];
		r.costs.max_rss_bytes = 4096;
		send(s, &r);
		story_told(s, "exit 100<10 code 0");
		assert_int_equal(story_last(s)->exit.costs.user_ns, cases[i][3]);
		assert_int_equal(story_last(s)->exit.costs.system_ns, cases[i][4]);
		assert_int_equal(story_last(s)->exit.costs.max_rss_bytes, 4096);
		story_end(s);
	}
}

static void partial_costs_are_not_costs(void **state)
{
	struct story *s = with_child();
	struct pt_event_exit r = exit_record(20, C, T, 0);

	r.head.flags = PT_EXIT_COSTS_PARTIAL;
	r.costs.max_rss_bytes = 4096;
	send(s, &r);
	story_told(s, "exit 100<10 code 0");
	assert_int_equal(story_last(s)->exit.costs.user_ns, FACT_UNKNOWN);
	assert_int_equal(story_last(s)->exit.costs.max_rss_bytes, 4096);
	story_end(s);
}

/* --- pids and identities ----------------------------------------------------------------------- */

/* The free of the first comes after the birth, and even the death, of the second. */
static void pid_is_reused_before_the_free(void **state)
{
	struct story *s = story_begin();
	struct pt_identity first = again(100, 1), second = again(100, 2);
	struct process_view view;

	is_born(s, 10, first, T);
	exits(s, 20, first, T, 1 << 8);
	is_told(s, 21, first, T, 0);
	is_reaped(s, 22, first, T, 0);
	is_born(s, 30, second, T);
	assert_true(model_find_pid(s->model, 100, &view));
	assert_int_equal(view.id.start_ns, second.start_ns);
	exits(s, 40, second, T, 2 << 8);
	is_told(s, 41, second, T, 0);
	waits_for(s, 45, 100, T);
	is_freed(s, 50, first);
	is_freed(s, 51, second);
	story_told(s, "fork 100<10 fork", "exit 100<10 code 1",
		   "reap 100<10 wait by 10 latency 1 idle ? wake ?", "fork 100<10 fork",
		   "exit 100<10 code 2", "reap 100<10 wait by 10 latency 4 idle ? wake ?",
		   "free 100<10", "free 100<10");
	assert_int_equal(s->facts[6].who.start_ns, first.start_ns);
	assert_int_equal(s->facts[7].who.start_ns, second.start_ns);
	assert_false(model_find_pid(s->model, 100, &view));
	assert_int_equal(model_count(s->model), 0);
	story_end(s);
}

/* What is told of the first after the second was born does not give it the pid back. */
static void younger_holds_the_pid(void **state)
{
	struct story *s = story_begin();
	struct process_view view;

	is_born(s, 10, again(100, 2), T);
	is_there(s, again(100, 1), T, PT_TASK_ZOMBIE);
	assert_int_equal(model_count(s->model), 2);
	assert_true(model_find_pid(s->model, 100, &view));
	assert_int_equal(view.id.start_ns, again(100, 2).start_ns);
	s->read = s->cnt;
	story_end(s);
}

static void burst_leaves_nothing_behind(void **state)
{
	struct story *s = story_begin();
	const uint32_t cnt = 500;

	for (uint32_t i = 0; i < cnt; i++)
		is_born(s, i, young(1000 + i), T);
	assert_int_equal(model_count_alive(s->model), cnt);
	for (uint32_t i = 0; i < cnt; i++)
		exits(s, 1000 + i, young(1000 + i), T, 0);
	assert_int_equal(model_count_alive(s->model), 0);
	assert_int_equal(model_count_unreaped(s->model), cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		is_told(s, 2000 + i, young(1000 + i), T, 0);
		is_reaped(s, 3000 + i, young(1000 + i), T, 0);
	}
	assert_int_equal(model_count_unreaped(s->model), 0);
	assert_int_equal(model_count(s->model), cnt);
	for (uint32_t i = 0; i < cnt; i++)
		is_freed(s, 4000 + i, young(1000 + i));
	assert_int_equal(model_count(s->model), 0);
	assert_int_equal(model_totals(s->model).forks, cnt);
	assert_int_equal(model_totals(s->model).exits, cnt);
	assert_int_equal(model_totals(s->model).reaps, cnt);
	assert_int_equal(model_totals(s->model).failures, 0);
	s->read = s->cnt;
	story_end(s);
}

static int count_one(void *context, const struct process_view *view)
{
	++*(size_t *)context;
	return view->id.tgid == 101 ? 5 : 0;
}

/* T is named by its children, but not described: it does not count. */
static void each_visits_who_is_known(void **state)
{
	struct story *s = story_begin();
	struct process_view view;
	size_t cnt = 0;

	is_born(s, 10, young(100), T);
	assert_int_equal(model_each(s->model, count_one, &cnt), 0);
	assert_int_equal(cnt, 1);
	assert_false(model_find(s->model, T, &view));
	assert_false(model_find_pid(s->model, 10, &view));
	is_born(s, 10, young(101), T);
	assert_int_equal(model_each(s->model, count_one, &cnt), 5);
	is_there(s, T, old(1), 0);
	assert_true(model_find(s->model, T, &view));
	assert_int_equal(view.children_cnt, 2);
	s->read = s->cnt;
	story_end(s);
}

static void full_table_refuses(void **state)
{
	const struct model_config config = {.start_ns = START_NS,
					    .complete = true,
					    .processes_max = 3};
	struct story *s = story_new(&config);
	struct pt_event_fork r = fork_record(12, young(102), T);

	is_born(s, 10, young(100), T);
	is_born(s, 11, young(101), T);
	assert_int_equal(send(s, &r), -ENOMEM);
	assert_int_equal(model_totals(s->model).refused, 1);
	exits(s, 20, young(100), T, 0);
	is_freed(s, 30, young(100));
	assert_int_equal(send(s, &r), 0);
	s->read = s->cnt;
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple_life),
		cmocka_unit_test(wait_first_is_not_idle),
		cmocka_unit_test(wait_after_the_reap),
		cmocka_unit_test(wait_entry_not_known),
		cmocka_unit_test(fork_says_how),
		cmocka_unit_test(exec_renames),
		cmocka_unit_test(exec_without_a_tail),
		cmocka_unit_test(exec_with_a_missing_page),
		cmocka_unit_test(exec_by_another_thread),
		cmocka_unit_test(leader_goes_first),
		cmocka_unit_test(leaders_status_counts_before_6_0),
		cmocka_unit_test(threads_are_facts_on_demand),
		cmocka_unit_test(group_dies_once),
		cmocka_unit_test(costs_are_split_as_rusage_does),
		cmocka_unit_test(partial_costs_are_not_costs),
		cmocka_unit_test(pid_is_reused_before_the_free),
		cmocka_unit_test(younger_holds_the_pid),
		cmocka_unit_test(burst_leaves_nothing_behind),
		cmocka_unit_test(each_visits_who_is_known),
		cmocka_unit_test(full_table_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
