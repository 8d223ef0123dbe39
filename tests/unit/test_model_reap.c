/* Reaps without a wait, and by every source that can tell of one. T is the parent, C the child. */
#include "records.h"

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

/* --- auto-reap ------------------------------------------------------------------------------------- */

static void sigchld_ignored(void **state)
{
	struct story *s = with_child();

	exits_with(s, 20, C, T, PT_EXIT_AUTOREAP);
	is_reaped(s, 25, C, C, PT_REAP_SELF);
	is_freed(s, 30, C);
	story_told(s, "exit 100<10 code 0", "reap 100<10 auto", "free 100<10");
	assert_int_equal(model_count(s->model), 1);
	story_end(s);
}

/* SA_NOCLDWAIT: the parent is told, and there is no zombie all the same. */
static void told_but_not_waited_for(void **state)
{
	struct story *s = with_child();
	struct process_view view;

	exits_with(s, 20, C, T, PT_EXIT_AUTOREAP);
	is_told(s, 22, C, T, 0);
	assert_true(model_find(s->model, C, &view));
	assert_int_equal(view.state, PROCESS_DYING);
	assert_int_equal(view.zombie_ns, 0);
	is_reaped(s, 25, C, C, PT_REAP_SELF);
	story_told(s, "exit 100<10 code 0", "reap 100<10 auto");
	story_end(s);
}

/* The parent changed its mind between the exit's tracepoint and exit_notify. */
static void autoreap_mispredicted(void **state)
{
	struct story *s = with_child();

	exits_with(s, 20, C, T, PT_EXIT_AUTOREAP);
	is_told(s, 22, C, T, 0);
	is_reaped(s, 32, C, T, 0);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 10 latency 10 idle ? wake ?");
	story_end(s);
}

static void no_exit_signal_is_a_zombie_from_its_exit(void **state)
{
	struct story *s = with_child();
	struct pt_event_exit r = exit_record(20, C, T, 0);
	struct process_view view;

	r.exit_signal = 0;
	send(s, &r);
	assert_true(model_find(s->model, C, &view));
	assert_int_equal(view.state, PROCESS_ZOMBIE);
	assert_int_equal(view.zombie_ns, START_NS + 20);
	is_reaped(s, 50, C, T, 0);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 10 latency 30 idle ? wake ?");
	assert_int_equal(story_last(s)->reap.teardown_ns, FACT_UNKNOWN);
	story_end(s);
}

/* CLONE_AUTOREAP (7.1): exit signal 0, and never a zombie. */
static void clone_autoreap(void **state)
{
	struct story *s = with_child();
	struct pt_event_exit r = exit_record(20, C, T, 0);

	r.exit_signal = 0;
	r.head.flags = PT_EXIT_AUTOREAP;
	send(s, &r);
	is_freed(s, 50, C);
	story_told(s, "exit 100<10 code 0", "reap 100<10 auto error 30", "free 100<10");
	story_end(s);
}

static void kernel_thread_waits_for_its_helper(void **state)
{
	struct story *s = story_begin();

	is_there(s, old(44), old(2), PT_TASK_KTHREAD);
	is_born(s, 10, C, old(44));
	exits(s, 20, C, old(44), 0);
	is_told(s, 22, C, old(44), 0);
	is_reaped(s, 30, C, old(44), PT_REAP_BY_KTHREAD);
	story_told(s, "process 44<2 alive", "fork 100<44 fork", "exit 100<44 code 0",
		   "reap 100<44 kernel by 44 latency 8 idle ? wake ?");
	story_end(s);
}

/* --- other sources of the reap ----------------------------------------------------------------- */

static void wait_calls_count_for_own_zombies_only(void **state)
{
	struct story *s = with_child();

	waits_for(s, 15, 100, T); /* stopped */
	exits(s, 20, C, T, 0);
	waits_for(s, 21, 100, T);
	is_told(s, 22, C, T, 0);
	waits_for(s, 23, 100, old(77)); /* a tracer */
	story_told(s, "exit 100<10 code 0");
	waits_for(s, 30, 100, T);
	story_told(s, "reap 100<10 wait by 10 latency 8 idle ? wake ?");
	assert_int_equal(story_last(s)->reap.source, SOURCE_SYSCALL);
	waits_for(s, 31, 100, T);
	is_freed(s, 40, C);
	story_told(s, "free 100<10");
	story_end(s);
}

static void wait_call_without_a_number_is_left_to_the_free(void **state)
{
	struct story *s = with_child();
	struct pt_event_reap r = wait_record(30, 0, T);

	exits(s, 20, C, T, 0);
	is_told(s, 22, C, T, 0);
	r.head.flags |= PT_REAP_UNNUMBERED;
	send(s, &r);
	story_told(s, "exit 100<10 code 0");
	is_freed(s, 40, C);
	story_told(s, "reap 100<10 unseen by 10 latency 18 error 18", "free 100<10");
	assert_int_equal(story_last(s)->unsure, false);
	story_end(s);
}

static void free_alone_bounds_the_reap(void **state)
{
	struct story *s = with_child();

	exits(s, 20, C, T, 0);
	is_freed(s, 40, C); /* nobody was told: it released itself */
	story_told(s, "exit 100<10 code 0", "reap 100<10 auto error 20", "free 100<10");
	is_born(s, 50, young(101), T);
	exits_with(s, 60, young(101), T, PT_EXIT_AUTOREAP);
	is_told(s, 61, young(101), T, 0);
	is_freed(s, 70, young(101));
	story_told(s, "fork 101<10 fork", "exit 101<10 code 0", "reap 101<10 auto error 9",
		   "free 101<10");
	story_end(s);
}

static void free_names_the_kernel_thread(void **state)
{
	struct story *s = story_begin();

	is_there(s, old(44), old(2), PT_TASK_KTHREAD);
	is_born(s, 10, C, old(44));
	exits(s, 20, C, old(44), 0);
	is_told(s, 22, C, old(44), 0);
	is_freed(s, 30, C);
	story_told(s, "process 44<2 alive", "fork 100<44 fork", "exit 100<44 code 0",
		   "reap 100<44 kernel by 44 latency 8 idle ? wake ? error 8", "free 100<44");
	story_end(s);
}

/* A free may never come: the table does not wait for it for ever. */
static void a_free_that_never_comes(void **state)
{
	struct story *s = with_child();
	struct process_view view;

	exits(s, 20, C, T, 0);
	is_told(s, 22, C, T, 0);
	assert_int_equal(model_expire(s->model, UINT64_MAX), 0);
	is_reaped(s, 30, C, T, 0);
	assert_int_equal(model_expire(s->model, START_NS + 30), 0);
	assert_true(model_find(s->model, C, &view));
	assert_int_equal(model_expire(s->model, START_NS + 31), 1);
	assert_false(model_find(s->model, C, &view));
	is_freed(s, 60, C);
	assert_int_equal(model_totals(s->model).unknown_subjects, 1);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 10 latency 8 idle ? wake ?");
	story_end(s);
}

static void seen_from_outside(void **state)
{
	struct story *s = with_child();
	const struct pt_identity nobody = {0};

	model_reaped(s->model, old(99), START_NS, 0, SOURCE_PIDFD, nobody, NULL);
	assert_int_equal(model_totals(s->model).unknown_subjects, 1);
	exits(s, 20, C, T, 0);
	is_told(s, 22, C, T, 0);
	model_reaped(s->model, C, START_NS + 50, 5, SOURCE_PIDFD, nobody, NULL);
	story_told(s, "exit 100<10 code 0", "reap 100<10 unseen by 10 latency 28 error 5");
	model_reaped(s->model, C, START_NS + 51, 5, SOURCE_PIDFD, nobody, NULL);
	assert_int_equal(model_totals(s->model).duplicates, 1);
	is_freed(s, 60, C);
	is_born(s, 70, young(101), T);
	exits(s, 80, young(101), T, 0);
	is_told(s, 82, young(101), T, 0);
	model_reaped(s->model, young(101), START_NS + 90, 0, SOURCE_SYSCALL, T, "tracer");
	story_told(s, "free 100<10", "fork 101<10 fork", "exit 101<10 code 0",
		   "reap 101<10 wait by 10 latency 8 idle ? wake ?");
	story_end(s);
}

/* A tracer collects first; the zombie is one and the same from the first signal to the parent's wait. */
static void collected_by_a_tracer(void **state)
{
	struct story *s = with_child();
	struct pt_event_zombie again = zombie_record(30, (struct pt_identity){.tgid = 100}, T,
						     PT_ZOMBIE_BY_NUMBER | PT_ZOMBIE_HANDED);

	exits_with(s, 20, C, T, PT_EXIT_TRACED);
	is_told(s, 22, C, old(77), PT_ZOMBIE_TRACER);
	waits_for(s, 29, 100, old(77));
	send(s, &again);
	waits_for(s, 42, 100, T);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 10 latency 20 idle ? wake ?");
	story_end(s);
}

/* The real parent ignores SIGCHLD: released inside the tracer's wait, which is nobody's parent. */
static void released_in_the_tracers_wait(void **state)
{
	struct story *s = with_child();

	exits_with(s, 20, C, T, PT_EXIT_TRACED);
	is_told(s, 22, C, old(77), PT_ZOMBIE_TRACER);
	is_reaped(s, 30, C, old(77), 0);
	story_told(s, "exit 100<10 code 0", "reap 100<10 wait by 77 latency 8 idle ? wake ?");
	story_end(s);
}

/* A number says too little to bury the living by. */
static void told_by_number_of_one_that_lives(void **state)
{
	struct story *s = with_child();
	struct process_view view;

	is_told(s, 20, (struct pt_identity){.tgid = 100}, T,
		PT_ZOMBIE_BY_NUMBER | PT_ZOMBIE_HANDED);
	assert_true(model_find(s->model, C, &view));
	assert_int_equal(view.state, PROCESS_ALIVE);
	assert_int_equal(model_totals(s->model).unknown_subjects, 1);
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigchld_ignored),
		cmocka_unit_test(told_but_not_waited_for),
		cmocka_unit_test(autoreap_mispredicted),
		cmocka_unit_test(no_exit_signal_is_a_zombie_from_its_exit),
		cmocka_unit_test(clone_autoreap),
		cmocka_unit_test(kernel_thread_waits_for_its_helper),
		cmocka_unit_test(wait_calls_count_for_own_zombies_only),
		cmocka_unit_test(wait_call_without_a_number_is_left_to_the_free),
		cmocka_unit_test(free_alone_bounds_the_reap),
		cmocka_unit_test(free_names_the_kernel_thread),
		cmocka_unit_test(a_free_that_never_comes),
		cmocka_unit_test(seen_from_outside),
		cmocka_unit_test(collected_by_a_tracer),
		cmocka_unit_test(released_in_the_tracers_wait),
		cmocka_unit_test(told_by_number_of_one_that_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
