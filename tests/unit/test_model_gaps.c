/* What was there before the tracer, what filters leave out, and what was lost. */
#include "records.h"

#define T    old(10)
#define C    young(100)
#define NONE ((struct pt_identity){0})

/* --- the snapshot ---------------------------------------------------------------------------------- */

static void states_at_the_snapshot(void **state)
{
	struct story *s = story_begin();
	struct process_view view;

	is_there(s, old(1), NONE, 0);
	is_there(s, old(2), NONE, PT_TASK_KTHREAD);
	is_there(s, old(20), old(1), PT_TASK_LEADER_DEAD);
	is_there(s, old(21), old(1), PT_TASK_DYING);
	is_there(s, old(22), old(1), PT_TASK_ZOMBIE);
	is_there(s, old(23), old(1), PT_TASK_REAPED);
	story_told(s, "process 1<- alive", "process 2<- alive", "process 20<1 leader_zombie",
		   "process 21<1 dying", "process 22<1 zombie");
	assert_int_equal(s->facts[1].process.kthread, 1);
	assert_int_equal(s->facts[0].process.kthread, FACT_ABSENT);
	assert_int_equal(s->facts[0].process.threads, 1);
	assert_true(model_find(s->model, old(20), &view));
	assert_true(view.leader_dead);
	assert_int_equal(view.state, PROCESS_ALIVE);
	assert_int_equal(model_count_unreaped(s->model), 5);
	story_end(s);
}

static void zombie_older_than_the_tracer(void **state)
{
	struct story *s = story_begin();

	is_there(s, old(22), T, PT_TASK_ZOMBIE);
	is_reaped(s, 500, old(22), T, 0);
	is_freed(s, 600, old(22));
	is_there(s, old(23), T, PT_TASK_ZOMBIE);
	is_freed(s, 700, old(23));
	story_told(s, "process 22<10 zombie", "reap 22<10 wait by 10 min 500 idle ? wake ?",
		   "free 22<10", "process 23<10 zombie", "reap 23<10 unseen by ? min 700 error 700",
		   "free 23<10");
	story_end(s);
}

/* It had begun to exit before the hooks were there; how it ended its free tells. */
static void dying_at_the_snapshot(void **state)
{
	struct story *s = story_begin();

	is_there(s, old(21), T, PT_TASK_DYING);
	is_told(s, 10, old(21), T, 0);
	is_reaped(s, 20, old(21), T, 0);
	is_freed(s, 30, old(21));
	story_told(s, "process 21<10 dying", "reap 21<10 wait by 10 latency 10 idle ? wake ?",
		   "exit 21<10 code 0 unseen", "free 21<10");
	story_end(s);
}

/* Seen after signal->live reached 0 and before the tracepoint. */
static void exit_follows_the_snapshot(void **state)
{
	struct story *s = story_begin();

	is_there(s, old(21), T, PT_TASK_DYING);
	exits(s, 10, old(21), T, 0);
	story_told(s, "process 21<10 dying", "exit 21<10 code 0");
	story_end(s);
}

static void fork_first_then_snapshot(void **state)
{
	struct story *s = story_begin();

	is_born(s, 10, C, T);
	is_there(s, C, T, 0);
	exits(s, 20, C, T, 0);
	is_there(s, C, T, 0); /* read before, reserved after */
	is_told(s, 21, C, T, 0);
	is_reaped(s, 22, C, T, 0);
	is_there(s, C, T, PT_TASK_ZOMBIE);
	story_told(s, "fork 100<10 fork", "exit 100<10 code 0",
		   "reap 100<10 wait by 10 latency 1 idle ? wake ?");
	story_end(s);
}

/* The child is hashed before its tracepoint: the iterator may tell of it first. */
static void snapshot_first_then_fork(void **state)
{
	struct story *s = story_begin();

	is_there(s, C, T, 0);
	story_told_nothing(s);
	is_born(s, 10, C, T);
	is_born(s, 10, C, T);
	story_told(s, "fork 100<10 fork");
	assert_int_equal(story_last(s)->comm.len, strlen("task")); /* the newer one */
	assert_int_equal(model_totals(s->model).duplicates, 1);
	story_end(s);
}

/* What began before the hooks were there, and after the run did, has no fork that could follow. */
static void snapshot_of_a_birth_that_no_hook_saw(void **state)
{
	struct story *s = story_begin();
	struct pt_event_task r = task_record(200000000, C, T, 0);

	send(s, &r);
	exits(s, 200000001, C, T, 0);
	story_told(s, "process 100<10 alive", "exit 100<10 code 0");
	story_end(s);
}

/* --- a snapshot of /proc: starts are cut to 10 ms ---------------------------------------------- */

static struct pt_identity at_ns(uint32_t pid, uint64_t ns)
{
	return (struct pt_identity){.tgid = pid, .start_ns = 500000000 + ns};
}

static void exact_sight_replaces_the_rounded_start(void **state)
{
	struct story *s = story_begin();
	struct process_view view;

	is_there(s, at_ns(10, 0), NONE, PT_TASK_START_ROUNDED);
	is_there(s, at_ns(30, 0), at_ns(10, 0), PT_TASK_START_ROUNDED);
	is_there(s, at_ns(31, 0), at_ns(9, 0), PT_TASK_START_ROUNDED);
	assert_int_equal(s->facts[1].who.start_ns, 0);
	assert_int_equal(s->facts[1].parent.start_ns, 0);
	runs(s, 5, at_ns(30, 4321), at_ns(10, 77), "true");
	assert_int_equal(story_last(s)->who.start_ns, at_ns(30, 4321).start_ns);
	assert_int_equal(story_last(s)->parent.start_ns, at_ns(10, 77).start_ns);
	is_there(s, at_ns(9, 0), NONE, PT_TASK_START_ROUNDED);
	exits(s, 6, at_ns(31, 4321), at_ns(9, 5), 0);
	is_told(s, 7, at_ns(31, 4321), at_ns(9, 5), 0);
	waits_for(s, 8, 31, at_ns(9, 5));
	is_freed(s, 9, at_ns(31, 4321));
	story_told(s, "process 10<- alive", "process 30<10 alive", "process 31<9 alive",
		   "exec 30<10 true", "process 9<- alive", "exit 31<9 code 0",
		   "reap 31<9 wait by 9 latency 1 idle ? wake ?", "free 31<9");
	assert_int_equal(model_count(s->model), 3);
	assert_true(model_find(s->model, at_ns(10, 77), &view));
	assert_int_equal(view.children_cnt, 1);
	story_end(s);
}

static void rounded_snapshot_of_one_known_exactly(void **state)
{
	struct story *s = story_begin();

	runs(s, 5, at_ns(30, 4321), at_ns(10, 77), "true");
	is_there(s, at_ns(30, 0), at_ns(10, 0), PT_TASK_START_ROUNDED);
	story_told(s, "exec 30<10 true", "process 30<10 alive");
	assert_int_equal(model_count(s->model), 1);
	story_end(s);
}

/* The pid has another holder since: 30 ms apart is not one and the same. */
static void rounded_start_of_an_earlier_holder(void **state)
{
	struct story *s = story_begin();

	is_there(s, at_ns(30, 0), NONE, PT_TASK_START_ROUNDED);
	is_born(s, 5, at_ns(30, 30000000), T);
	story_told(s, "process 30<- alive", "fork 30<10 fork");
	assert_int_equal(model_count(s->model), 2);
	story_end(s);
}

/* The hooks are attached first: events of older ones may precede their own snapshot. */
static void events_precede_the_snapshot(void **state)
{
	struct story *s = story_begin();

	runs(s, 5, old(30), T, "true");
	is_there(s, old(30), T, 0);
	exits(s, 6, old(31), T, 3 << 8);
	is_there(s, old(31), T, 0);
	is_told(s, 7, old(32), T, 0);
	is_there(s, old(32), T, PT_TASK_ZOMBIE);
	is_reaped(s, 8, old(33), T, 0);
	is_freed(s, 9, old(33));
	is_freed(s, 9, old(34));
	story_told(s, "exec 30<10 true", "process 30<10 alive", "exit 31<10 code 3",
		   "reap 33<10 wait by 10 min 8 idle ? wake ?", "free 33<10");
	assert_int_equal(s->facts[0].exec.prev_comm.len, FACT_TEXT_UNKNOWN);
	assert_int_equal(s->facts[1].comm.len, strlen("true"));
	assert_int_equal(model_totals(s->model).unknown_subjects, 1);
	story_end(s);
}

/* --- filters --------------------------------------------------------------------------------------- */

static struct story *filtered(void)
{
	const struct model_config config = {.start_ns = START_NS, .reap_source = SOURCE_FENTRY};

	return story_new(&config);
}

static void outsiders_stay_outside(void **state)
{
	struct story *s = filtered();

	is_told(s, 1, C, T, 0);
	is_told(s, 1, (struct pt_identity){.tgid = 100}, T, PT_ZOMBIE_BY_NUMBER | PT_ZOMBIE_HANDED);
	is_reaped(s, 2, C, T, 0);
	is_freed(s, 3, C);
	is_signalled(s, 4, C, T, 9, 0);
	story_told_nothing(s);
	assert_int_equal(model_totals(s->model).unknown_subjects, 5);
	assert_int_equal(model_count(s->model), 0);
	story_end(s);
}

static void what_matches_late_is_told_from_then_on(void **state)
{
	struct story *s = filtered();
	struct pt_event_fork late = fork_record(5, C, T);

	late.head.flags = PT_FORK_LATE | PT_FORK_CREATOR_UNKNOWN;
	send(s, &late);
	runs(s, 10, C, T, "true");
	runs(s, 11, young(101), T, "true");
	exits(s, 12, young(102), T, 0);
	story_told(s, "fork 100<10 fork by ?", "exec 100<10 true", "exec 101<10 true",
		   "exit 102<10 code 0");
	model_healed(s->model);
	story_end(s);
}

/* An adopter outside is known by what its child shows. */
static void orphans_of_outsiders(void **state)
{
	struct story *s = filtered();

	is_born(s, 5, C, T);
	runs(s, 10, C, old(1), "true");
	runs(s, 11, C, old(77), "true");
	story_told(s, "fork 100<10 fork", "reparent 100<1 from 10 init confirmed",
		   "exec 100<1 true", "reparent 100<77 from 1 ? confirmed", "exec 100<77 true");
	exits(s, 20, C, old(77), 0);
	is_told(s, 21, C, old(77), 0);
	waits_for(s, 30, 100, old(77));
	is_freed(s, 40, C);
	story_told(s, "exit 100<77 code 0", "reap 100<77 wait by 77 latency 9 idle ? wake ?",
		   "free 100<77");
	assert_int_equal(model_count(s->model), 0);
	story_end(s);
}

/* --- gaps --------------------------------------------------------------------------------------------- */

static void facts_are_unsure_in_a_gap(void **state)
{
	struct story *s = story_begin();

	model_gap(s->model);
	is_born(s, 10, C, T);
	model_healed(s->model);
	exits(s, 20, C, T, 0);
	story_told(s, "fork 100<10 fork unsure", "exit 100<10 code 0");
	story_end(s);
}

static void fork_was_lost(void **state)
{
	struct story *s = story_begin();

	runs(s, 10, C, T, "true");
	exits(s, 20, C, T, 0);
	exits(s, 21, young(101), T, 0);
	story_told(s, "exec 100<10 true unsure", "exit 100<10 code 0 unsure",
		   "exit 101<10 code 0 unsure");
	story_end(s);
}

static void fork_was_lost_and_the_next_look_heals(void **state)
{
	struct story *s = story_begin();

	is_there(s, C, T, 0);
	is_signalled(s, 5, young(300), T, 9, 0);
	story_told_nothing(s);
	model_healed(s->model);
	story_told(s, "process 100<10 alive unsure");
	assert_int_equal(story_last(s)->process.place.gid, 100);
	model_healed(s->model);
	exits(s, 20, C, T, 0);
	story_told(s, "exit 100<10 code 0");
	story_end(s);
}

/* Only a gap can have swallowed what a dying one waits for; the first call is without one. */
static void healing_without_a_gap_leaves_the_dying_alone(void **state)
{
	struct story *s = story_begin();

	is_born(s, 10, C, T);
	exits(s, 20, C, T, 0);
	model_healed(s->model);
	is_told(s, 21, C, T, 0);
	is_reaped(s, 30, C, T, 0);
	story_told(s, "fork 100<10 fork", "exit 100<10 code 0",
		   "reap 100<10 wait by 10 latency 9 idle ? wake ?");
	story_end(s);
}

static void a_look_in_a_gap_renews_the_name(void **state)
{
	struct story *s = story_begin();
	struct process_view view;

	is_born(s, 10, C, T);
	assert_true(model_find(s->model, C, &view));
	assert_string_not_equal(view.comm, "task");
	model_gap(s->model);
	is_there(s, C, T, 0);
	model_healed(s->model);
	assert_true(model_find(s->model, C, &view));
	assert_string_equal(view.comm, "task");
	story_told(s, "fork 100<10 fork");
	story_end(s);
}

static void exit_was_lost(void **state)
{
	struct story *s = story_begin();
	struct pt_event_free r = free_record(40, C, 5 << 8);

	is_born(s, 10, C, T);
	is_born(s, 11, young(200), C);
	is_told(s, 20, C, T, 0);
	is_reaped(s, 30, C, T, 0);
	send(s, &r);
	story_told(s, "fork 100<10 fork", "fork 200<100 fork", "reparent 200<? from 100 ? unknown",
		   "reap 100<10 wait by 10 latency 10 idle ? wake ? unsure",
		   "exit 100<10 code 5 unseen unsure", "free 100<10 unsure");
	story_end(s);
}

static void all_but_the_free_was_lost(void **state)
{
	struct story *s = story_begin();
	struct pt_event_free r = free_record(40, C, 9);

	is_born(s, 10, C, T);
	is_signalled(s, 20, C, T, 9, 0);
	r.costs.run_ns = 7;
	send(s, &r);
	story_told(s, "fork 100<10 fork", "exit 100<10 signal 9 by process 10 unseen unsure",
		   "reap 100<10 unseen by ? latency ? error ? unsure", "free 100<10 unsure");
	assert_int_equal(s->facts[1].exit.costs.user_ns, 7);
	assert_int_equal(s->facts[1].exit.lifetime_ns, FACT_UNKNOWN);
	assert_int_equal(model_count(s->model), 0);
	story_end(s);
}

static void zombie_instant_was_lost(void **state)
{
	struct story *s = story_begin();

	is_born(s, 10, C, T);
	exits(s, 20, C, T, 0);
	is_reaped(s, 30, C, T, 0);
	story_told(s, "fork 100<10 fork", "exit 100<10 code 0",
		   "reap 100<10 wait by 10 latency ? idle ? wake ?");
	story_end(s);
}

static void not_found_any_more(void **state)
{
	struct story *s = story_begin();

	is_born(s, 10, C, T);
	is_born(s, 11, young(101), T);
	exits(s, 12, young(101), T, 0);
	is_told(s, 13, young(101), T, 0);
	model_gone(s->model, C, START_NS + 50);
	model_gone(s->model, young(101), START_NS + 50);
	model_gone(s->model, young(102), START_NS + 50);
	story_told(s, "fork 100<10 fork", "fork 101<10 fork", "exit 101<10 code 0",
		   "exit 100<10 code ? unseen unsure",
		   "reap 100<10 unseen by ? latency ? error ? unsure",
		   "reap 101<10 unseen by ? latency 37 error 37 unsure");
	assert_int_equal(model_count(s->model), 0);
	story_end(s);
}

/* Only its free is missing: nothing is left to tell. */
static void reaped_and_not_freed(void **state)
{
	struct story *s = story_begin();

	is_born(s, 10, C, T);
	exits_with(s, 12, C, T, PT_EXIT_AUTOREAP);
	is_reaped(s, 13, C, C, PT_REAP_SELF);
	model_gone(s->model, C, START_NS + 50);
	story_told(s, "fork 100<10 fork", "exit 100<10 code 0", "reap 100<10 auto");
	assert_int_equal(model_count(s->model), 0);
	story_end(s);
}

/* A found zombie whose exit was lost: its children left unseen. */
static void found_dead(void **state)
{
	struct story *s = story_begin();

	is_born(s, 10, C, T);
	is_born(s, 11, young(200), C);
	is_there(s, C, T, PT_TASK_ZOMBIE);
	is_reaped(s, 60, C, T, 0);
	story_told(s, "fork 100<10 fork", "fork 200<100 fork", "reparent 200<? from 100 ? unknown",
		   "reap 100<10 wait by 10 latency ? idle ? wake ? unsure");
	story_end(s);
}

/* It was alive when the tracer came: as a zombie it is not older. */
static void found_dead_of_an_old_one(void **state)
{
	struct story *s = story_begin();

	is_there(s, old(30), T, 0);
	is_there(s, old(30), T, PT_TASK_ZOMBIE);
	is_reaped(s, 60, old(30), T, 0);
	story_told(s, "process 30<10 alive",
		   "reap 30<10 wait by 10 latency ? idle ? wake ? unsure");
	story_end(s);
}

/* Whatever the order, nothing breaks: all kinds about few processes, in a pseudo-random stream. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static struct pt_identity pick(uint32_t *seed)
{
	uint32_t r = next_random(seed);

	return r % 16 == 0 ? NONE : again(1 + r % 7, next_random(seed) % 3);
}

static union record {
	struct pt_event head;
	struct pt_event_fork fork;
	struct pt_event_exec exec;
	struct pt_event_exit exit;
	struct pt_event_zombie zombie;
	struct pt_event_reap reap;
	struct pt_event_free free;
	struct pt_event_signal signal;
	struct pt_event_task task;
	struct pt_event_thread_exit thread_exit;
} random_record(uint32_t *seed, uint64_t t)
{
	struct pt_identity a = pick(seed), b = pick(seed);
	uint32_t flags = next_random(seed) & 0x7f;
	union record r;

	memset(&r, 0, sizeof(r));
	switch (1 + next_random(seed) % 9) {
	case 1:
		r.fork = fork_record(t, a, b);
		r.fork.place.ns_level = flags & 1;
		r.fork.place.pid_ns = flags & 1 ? NS_INODE : NS_ROOT;
		r.fork.place.ns_tgid = 1 + flags % 4;
		break;
	case 2:
		r.exec = exec_record(t, a, b, "x");
		break;
	case 3:
		r.exit = exit_record(t, a, b, flags);
		r.exit.adopter_kind = flags % 6;
		r.exit.adopter = pick(seed);
		r.exit.exit_signal = flags & 8 ? 17 : 0;
		break;
	case 4:
		r.zombie = zombie_record(t, a, b, 0);
		r.zombie.receiver_pid_ns = flags & 1 ? NS_INODE : NS_ROOT;
		break;
	case 5:
		r.reap = reap_record(t, a, b, 0);
		r.reap.source = flags % 6;
		r.reap.reaper_pid_ns = flags & 1 ? NS_INODE : NS_ROOT;
		break;
	case 6:
		r.free = free_record(t, a, flags);
		break;
	case 7:
		r.signal = signal_record(t, a, b, flags, 0);
		break;
	case 8:
		r.task = task_record(t, a, b, 0);
		break;
	default:
		r.thread_exit = thread_exit_record(t, a, a.tgid, flags);
		break;
	}
	r.head.flags = flags;
	return r;
}

static int count_known(void *context, const struct process_view *view)
{
	++*(size_t *)context;
	return 0;
}

static void any_order_holds_together(void **state)
{
	for (uint32_t run = 0; run < 400; run++) {
		struct model_config config = {.start_ns = START_NS + 1,
					      .complete = run & 1,
					      .threads = run & 2,
					      .processes_max = run & 4 ? 8 : 0};
		struct story *s = story_new(&config);
		uint32_t seed = run;

		for (uint64_t t = 0; t < 600; t++) {
			union record r = random_record(&seed, t);
			size_t cnt = 0;

			if (s->cnt > LINES_MAX - 64)
				s->cnt = 0;
			(void)send(s, &r);
			if (t % 97 == 0)
				model_gone(s->model, pick(&seed), START_NS + t);
			if (t % 151 == 0)
				model_healed(s->model);
			model_each(s->model, count_known, &cnt);
			assert_int_equal(cnt, model_count(s->model));
			assert_true(model_count_unreaped(s->model) <= cnt);
		}
		for (uint32_t pid = 1; pid < 8; pid++)
			for (uint32_t n = 0; n < 3; n++)
				model_gone(s->model, again(pid, n), START_NS + 1000);
		model_gone(s->model, NONE, START_NS + 1000);
		assert_int_equal(model_count(s->model), 0);
		s->read = s->cnt;
		story_end(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_at_the_snapshot),
		cmocka_unit_test(zombie_older_than_the_tracer),
		cmocka_unit_test(dying_at_the_snapshot),
		cmocka_unit_test(exit_follows_the_snapshot),
		cmocka_unit_test(fork_first_then_snapshot),
		cmocka_unit_test(snapshot_first_then_fork),
		cmocka_unit_test(snapshot_of_a_birth_that_no_hook_saw),
		cmocka_unit_test(exact_sight_replaces_the_rounded_start),
		cmocka_unit_test(rounded_snapshot_of_one_known_exactly),
		cmocka_unit_test(rounded_start_of_an_earlier_holder),
		cmocka_unit_test(events_precede_the_snapshot),
		cmocka_unit_test(outsiders_stay_outside),
		cmocka_unit_test(what_matches_late_is_told_from_then_on),
		cmocka_unit_test(orphans_of_outsiders),
		cmocka_unit_test(facts_are_unsure_in_a_gap),
		cmocka_unit_test(fork_was_lost),
		cmocka_unit_test(fork_was_lost_and_the_next_look_heals),
		cmocka_unit_test(healing_without_a_gap_leaves_the_dying_alone),
		cmocka_unit_test(a_look_in_a_gap_renews_the_name),
		cmocka_unit_test(exit_was_lost),
		cmocka_unit_test(all_but_the_free_was_lost),
		cmocka_unit_test(zombie_instant_was_lost),
		cmocka_unit_test(not_found_any_more),
		cmocka_unit_test(reaped_and_not_freed),
		cmocka_unit_test(found_dead),
		cmocka_unit_test(found_dead_of_an_old_one),
		cmocka_unit_test(any_order_holds_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
