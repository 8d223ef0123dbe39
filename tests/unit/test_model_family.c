/*
 * Who inherits whom, and nested pid namespaces. T is a subreaper, P a parent that dies, G its child.
 */
#include "records.h"

#define INIT old(1)
#define T    old(10)
#define P    young(100)
#define G    young(200)
#define NONE ((struct pt_identity){0})

/* init, T, P below it, G below that. */
static struct story *three_generations(void)
{
	struct story *s = story_begin();

	is_there(s, INIT, NONE, 0);
	is_there(s, T, INIT, 0);
	is_born(s, 10, P, T);
	is_born(s, 20, G, P);
	story_told(s, "process 1<- alive", "process 10<1 alive", "fork 100<10 fork",
		   "fork 200<100 fork");
	return s;
}

static void daemon_goes_to_init(void **state)
{
	struct story *s = three_generations();

	exits_to(s, 30, P, T, PT_ADOPTER_INIT, INIT);
	story_told(s, "exit 100<10 code 0", "reparent 200<1 from 100 init predicted");
	assert_int_equal(story_last(s)->reparent.to_comm.len, strlen("task"));
	is_told(s, 31, P, T, 0);
	is_reaped(s, 32, P, T, 0);
	exits(s, 60, G, INIT, 0);
	is_told(s, 61, G, INIT, 0);
	is_reaped(s, 62, G, INIT, 0);
	story_told(s, "reap 100<10 wait by 10 latency 1 idle ? wake ?", "exit 200<1 code 0",
		   "reap 200<1 wait by 1 latency 1 idle ? wake ?");
	story_end(s);
}

static void subreapers_die_in_turn(void **state)
{
	struct story *s = three_generations();

	exits_to(s, 30, P, T, PT_ADOPTER_SUBREAPER, T);
	exits_to(s, 40, T, INIT, PT_ADOPTER_INIT, INIT);
	story_told(s, "exit 100<10 code 0", "reparent 200<10 from 100 subreaper predicted",
		   "exit 10<1 code 0", "reparent 200<1 from 10 init predicted",
		   "reparent 100<1 from 10 init predicted");
	story_end(s);
}

/* One zombie from the first signal on, whoever it is handed to. */
static void zombie_is_inherited(void **state)
{
	struct story *s = three_generations();
	struct pt_event_zombie handed = zombie_record(41, (struct pt_identity){.tgid = 200}, T,
						      PT_ZOMBIE_BY_NUMBER | PT_ZOMBIE_HANDED);
	struct process_view view;

	exits(s, 22, G, P, 0);
	is_told(s, 23, G, P, 0);
	exits_to(s, 40, P, T, PT_ADOPTER_SUBREAPER, T);
	send(s, &handed);
	is_told(s, 42, P, T, 0);
	is_reaped(s, 43, P, T, 0);
	assert_true(model_find(s->model, G, &view));
	assert_int_equal(view.state, PROCESS_ZOMBIE);
	assert_int_equal(view.zombie_ns, START_NS + 23);
	is_reaped(s, 93, G, T, 0);
	story_told(s, "exit 200<100 code 0", "exit 100<10 code 0",
		   "reparent 200<10 from 100 subreaper confirmed",
		   "reap 100<10 wait by 10 latency 1 idle ? wake ?",
		   "reap 200<10 wait by 10 latency 70 idle ? wake ?");
	story_end(s);
}

/* The second signal names the new parent exactly. */
static void handover_decides(void **state)
{
	struct story *s = three_generations();
	struct pt_event_zombie handed = zombie_record(41, (struct pt_identity){.tgid = 200}, T,
						      PT_ZOMBIE_BY_NUMBER | PT_ZOMBIE_HANDED);

	exits(s, 22, G, P, 0);
	is_told(s, 23, G, P, 0);
	exits_to(s, 40, P, T, PT_ADOPTER_INIT, INIT);
	send(s, &handed);
	story_told(s, "exit 200<100 code 0", "exit 100<10 code 0",
		   "reparent 200<10 from 100 subreaper confirmed");
	story_end(s);
}

/* The adopter ignores SIGCHLD: no second signal, and the dying parent releases it. */
static void inherited_zombie_is_not_waited_for(void **state)
{
	struct story *s = three_generations();

	exits(s, 22, G, P, 0);
	is_told(s, 23, G, P, 0);
	exits_to(s, 40, P, T, PT_ADOPTER_SUBREAPER, T);
	is_reaped(s, 41, G, P, PT_REAP_BY_DYING);
	story_told(s, "exit 200<100 code 0", "exit 100<10 code 0", "reap 200<100 auto latency 18");
	story_end(s);
}

static void zombie_may_be_gone_before_its_parent(void **state)
{
	struct story *s = three_generations();

	exits(s, 22, G, P, 0);
	is_told(s, 23, G, P, 0);
	exits_to(s, 40, P, T, PT_ADOPTER_SUBREAPER, T);
	is_freed(s, 50, G);
	story_told(s, "exit 200<100 code 0", "exit 100<10 code 0",
		   "reap 200<100 unseen by 100 latency 27 error 27", "free 200<100");
	story_end(s);
}

static void next_sight_corrects(void **state)
{
	struct story *s = three_generations();

	exits_to(s, 30, P, T, PT_ADOPTER_SUBREAPER, T);
	runs(s, 40, G, INIT, "true");
	story_told(s, "exit 100<10 code 0", "reparent 200<10 from 100 subreaper predicted",
		   "reparent 200<1 from 10 init confirmed", "exec 200<1 true");
	runs(s, 41, G, INIT, "true");
	story_told(s, "exec 200<1 true");
	story_end(s);
}

/* Between the parent's tracepoint and exit_notify a child still shows it. */
static void dead_parent_is_not_believed(void **state)
{
	struct story *s = three_generations();

	exits_to(s, 30, P, T, PT_ADOPTER_SUBREAPER, T);
	exits(s, 31, G, P, 0);
	is_told(s, 32, G, P, 0);
	story_told(s, "exit 100<10 code 0", "reparent 200<10 from 100 subreaper predicted",
		   "exit 200<10 code 0");
	story_end(s);
}

/* Threads that end together give their children away before the last one's exit is told. */
static void child_moves_before_the_exit(void **state)
{
	struct story *s = three_generations();

	runs(s, 29, G, T, "true");
	exits_to(s, 30, P, T, PT_ADOPTER_SUBREAPER, T);
	story_told(s, "reparent 200<10 from 100 subreaper confirmed", "exec 200<10 true",
		   "exit 100<10 code 0");
	story_end(s);
}

static void adopter_out_of_sight(void **state)
{
	struct story *s = three_generations();
	struct process_view view;

	exits_to(s, 30, P, T, PT_ADOPTER_UNKNOWN, NONE);
	story_told(s, "exit 100<10 code 0", "reparent 200<? from 100 ? unknown");
	exits(s, 40, G, T, 0);
	story_told(s, "reparent 200<10 from ? subreaper confirmed", "exit 200<10 code 0");
	assert_true(model_find(s->model, T, &view));
	assert_int_equal(view.children_cnt, 2);
	story_end(s);
}

static void no_children_according_to_the_kernel(void **state)
{
	struct story *s = three_generations();

	exits_to(s, 30, P, T, PT_ADOPTER_NONE, NONE);
	story_told(s, "exit 100<10 code 0", "reparent 200<? from 100 ? unknown");
	story_end(s);
}

/* Whose parent is not known may be reaped by whoever waits: that was the parent. */
static void wait_finds_the_parent(void **state)
{
	struct story *s = three_generations();

	exits_to(s, 21, P, T, PT_ADOPTER_UNKNOWN, NONE);
	exits(s, 22, G, P, 0);
	is_told(s, 23, G, NONE, PT_ZOMBIE_TRACER);
	waits_for(s, 40, 200, T);
	story_told(s, "exit 100<10 code 0", "reparent 200<? from 100 ? unknown",
		   "exit 200<? code 0", "reparent 200<10 from ? subreaper confirmed",
		   "reap 200<10 wait by 10 latency 17 idle ? wake ?");
	story_end(s);
}

static void reaped_children_stay(void **state)
{
	struct story *s = three_generations();

	exits(s, 22, G, P, 0);
	is_told(s, 23, G, P, 0);
	is_reaped(s, 24, G, P, 0);
	exits_to(s, 30, P, T, PT_ADOPTER_SUBREAPER, T);
	is_told(s, 31, P, T, 0);
	is_reaped(s, 32, P, T, 0);
	is_freed(s, 33, P);
	is_freed(s, 34, G);
	story_told(s, "exit 200<100 code 0", "reap 200<100 wait by 100 latency 1 idle ? wake ?",
		   "exit 100<10 code 0", "reap 100<10 wait by 10 latency 1 idle ? wake ?",
		   "free 100<10", "free 200<100");
	story_end(s);
}

/* CLONE_PARENT under a parent that dies on another processor: its new parent is seen later, or never. */
static void born_to_a_dead_parent(void **state)
{
	struct story *s = story_begin();

	is_born(s, 10, P, T);
	exits_to(s, 20, P, T, PT_ADOPTER_NONE, NONE);
	is_born(s, 21, G, P);
	is_told(s, 22, P, T, 0);
	is_reaped(s, 23, P, T, 0);
	story_told(s, "fork 100<10 fork", "exit 100<10 code 0", "fork 200<100 fork",
		   "reap 100<10 wait by 10 latency 1 idle ? wake ?");
	is_freed(s, 30, P);
	story_told(s, "free 100<10", "reparent 200<? from 100 ? unknown");
	story_end(s);
}

static void sibling_by_clone_parent(void **state)
{
	struct story *s = three_generations();
	struct pt_event_fork r = fork_record(25, young(300), T);

	r.creator = P;
	send(s, &r);
	exits_to(s, 30, P, T, PT_ADOPTER_INIT, INIT);
	story_told(s, "fork 300<10 clone by 100", "exit 100<10 code 0",
		   "reparent 200<1 from 100 init predicted");
	story_end(s);
}

static void vfork_parent_is_killed(void **state)
{
	struct story *s = story_begin();
	struct pt_event_fork r = fork_record(20, G, P);
	struct pt_event_exit killed = exit_record(30, P, T, 9);

	is_born(s, 10, P, T);
	r.head.flags = PT_FORK_SHARES_MM;
	send(s, &r);
	is_signalled(s, 29, P, T, 9, 0);
	killed.adopter_kind = PT_ADOPTER_SUBREAPER;
	killed.adopter = T;
	send(s, &killed);
	story_told(s, "fork 100<10 fork", "fork 200<100 vfork",
		   "exit 100<10 signal 9 by process 10",
		   "reparent 200<10 from 100 subreaper predicted");
	story_end(s);
}

/* What was learnt of the family before its members were described holds. */
static void children_come_before_their_parents(void **state)
{
	struct story *s = story_begin();
	struct process_view view;

	is_there(s, old(5), old(900), 0); /* pids have wrapped: the child's number is smaller */
	is_there(s, old(900), old(1), 0);
	assert_true(model_find(s->model, old(900), &view));
	assert_int_equal(view.children_cnt, 1);
	exits_to(s, 30, old(900), old(1), PT_ADOPTER_INIT, old(1));
	story_told(s, "process 5<900 alive", "process 900<1 alive", "exit 900<1 code 0",
		   "reparent 5<1 from 900 init predicted");
	story_end(s);
}

/* --- nested pid namespaces ---------------------------------------------------------------------- */

static void is_born_inside(struct story *s, uint64_t t, struct pt_identity who,
			   struct pt_identity parent, uint32_t number)
{
	struct pt_event_fork r = fork_record(t, who, parent);

	r.place.ns_level = 1;
	r.place.pid_ns = NS_INODE;
	r.place.ns_tgid = number;
	send(s, &r);
}

/* T has made a namespace: I is its init, Z and D live in it. */
#define I young(500)
#define Z young(502)
#define D young(503)

static struct story *with_namespace(void)
{
	struct story *s = story_begin();

	is_born_inside(s, 10, I, T, 1);
	is_born_inside(s, 11, Z, I, 2);
	is_born_inside(s, 12, D, I, 3);
	story_told(s, "fork 500<10 fork number 1", "fork 502<500 fork number 2",
		   "fork 503<500 fork number 3");
	assert_int_equal(story_last(s)->fork.place.pid_ns, NS_INODE);
	return s;
}

static void init_inside_waits(void **state)
{
	struct story *s = with_namespace();
	struct pt_event_reap r = wait_record(30, 2, I);

	exits(s, 20, Z, I, 0);
	is_told(s, 21, Z, I, 0);
	r.reaper_pid_ns = NS_INODE;
	send(s, &r);
	story_told(s, "exit 502<500 code 0", "reap 502<500 wait by 500 latency 9 idle ? wake ?");
	story_end(s);
}

/* The number may be another's at once; the free of its last holder comes later. */
static void number_is_reused_inside(void **state)
{
	struct story *s = with_namespace();
	struct pt_event_reap r = wait_record(50, 2, I);

	exits(s, 20, Z, I, 0);
	is_told(s, 21, Z, I, 0);
	is_reaped(s, 22, Z, I, 0);
	is_born_inside(s, 30, young(600), I, 2);
	is_freed(s, 31, Z);
	exits(s, 40, young(600), I, 0);
	is_told(s, 41, young(600), I, 0);
	r.reaper_pid_ns = NS_INODE;
	send(s, &r);
	assert_string_equal(s->lines[s->cnt - 1],
			    "reap 600<500 wait by 500 latency 9 idle ? wake ?");
	s->read = s->cnt;
	story_end(s);
}

/* Its members do not move: they are killed, and release themselves; zombies are reaped by the init. */
static void namespace_dies(void **state)
{
	struct story *s = with_namespace();

	is_born_inside(s, 13, young(504), D, 4);
	exits(s, 20, Z, I, 0);
	is_told(s, 21, Z, I, 0);
	exits_to(s, 30, I, T, PT_ADOPTER_DEATH, I);
	is_signalled(s, 31, D, I, 9, PT_SIGNAL_KERNEL);
	story_told(s, "fork 504<503 fork number 4", "exit 502<500 code 0", "exit 500<10 code 0");
	exits_to(s, 32, D, I, PT_ADOPTER_NS_INIT, I);
	is_reaped(s, 33, D, D, PT_REAP_SELF);
	is_reaped(s, 34, Z, I, PT_REAP_BY_DYING | PT_REAP_BY_NS_INIT);
	exits(s, 35, young(504), I, 9);
	is_reaped(s, 36, young(504), young(504), PT_REAP_SELF);
	is_told(s, 40, I, T, 0);
	is_reaped(s, 41, I, T, 0);
	story_told(s, "exit 503<500 code 0", "reparent 504<500 from 503 namespace-init predicted",
		   "reap 503<500 auto", "reap 502<500 namespace by 500 latency 13",
		   "exit 504<500 signal 9 by ? ?", "reap 504<500 auto",
		   "reap 500<10 wait by 10 latency 1 idle ? wake ?");
	story_end(s);
}

static void namespace_dies_as_frees_tell(void **state)
{
	struct story *s = with_namespace();

	exits(s, 20, Z, I, 0);
	is_told(s, 21, Z, I, 0);
	exits_to(s, 30, I, T, PT_ADOPTER_DEATH, I);
	exits(s, 31, D, I, 9);
	is_told(s, 40, I, T, 0);
	is_reaped(s, 41, I, T, 0);
	is_freed(s, 50, I); /* its own free may come first */
	is_freed(s, 51, D);
	is_freed(s, 52, Z);
	story_told(s, "exit 502<500 code 0", "exit 500<10 code 0", "exit 503<500 signal 9 by ? ?",
		   "reap 500<10 wait by 10 latency 1 idle ? wake ?", "free 500<10",
		   "reap 503<500 auto error 20", "free 503<500",
		   "reap 502<500 unseen by 500 latency 31 error 31", "free 502<500");
	story_end(s);
}

/* An init without children of its own inherits whoever is left, and ends with them. */
static void dying_init_inherits(void **state)
{
	struct story *s = story_begin();

	is_born_inside(s, 10, I, T, 1);
	is_born_inside(s, 11, D, T, 2); /* entered by setns */
	is_born_inside(s, 12, Z, D, 3);
	exits(s, 20, I, T, 0);
	exits(s, 21, Z, D, 0);
	is_told(s, 22, Z, D, 0);
	exits_to(s, 23, D, T, PT_ADOPTER_NS_INIT, I);
	is_told(s, 24, Z, I, PT_ZOMBIE_HANDED);
	is_freed(s, 30, Z);
	s->read = s->cnt - 2;
	story_told(s, "reap 502<500 namespace by 500 latency 8 error 8", "free 502<500");
	story_end(s);
}

/* An init two levels deep is known to its parent by its number one level up. */
static void deeper_init_is_told_of_by_number(void **state)
{
	struct story *s = with_namespace();
	struct pt_event_fork r = fork_record(15, young(700), D);
	struct pt_event_zombie handed;
	struct pt_event_reap wait = wait_record(40, 9, D);

	r.place.ns_level = 2;
	r.place.pid_ns = NS_INODE2;
	r.place.ns_tgid = 1;
	r.place.parent_ns_tgid = 9;
	send(s, &r);
	exits_with(s, 20, young(700), D, PT_EXIT_TRACED);
	handed = zombie_record(21, (struct pt_identity){.tgid = 9}, D,
			       PT_ZOMBIE_BY_NUMBER | PT_ZOMBIE_HANDED);
	handed.receiver_pid_ns = NS_INODE;
	send(s, &handed);
	wait.reaper_pid_ns = NS_INODE;
	send(s, &wait);
	story_told(s, "fork 700<503 fork number 1", "exit 700<503 code 0",
		   "reap 700<503 wait by 503 latency 19 idle ? wake ?");
	handed.who.tgid = 99;
	send(s, &handed);
	assert_int_equal(model_totals(s->model).unknown_subjects, 1);
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(daemon_goes_to_init),
		cmocka_unit_test(subreapers_die_in_turn),
		cmocka_unit_test(zombie_is_inherited),
		cmocka_unit_test(handover_decides),
		cmocka_unit_test(inherited_zombie_is_not_waited_for),
		cmocka_unit_test(zombie_may_be_gone_before_its_parent),
		cmocka_unit_test(next_sight_corrects),
		cmocka_unit_test(dead_parent_is_not_believed),
		cmocka_unit_test(child_moves_before_the_exit),
		cmocka_unit_test(adopter_out_of_sight),
		cmocka_unit_test(no_children_according_to_the_kernel),
		cmocka_unit_test(wait_finds_the_parent),
		cmocka_unit_test(reaped_children_stay),
		cmocka_unit_test(born_to_a_dead_parent),
		cmocka_unit_test(sibling_by_clone_parent),
		cmocka_unit_test(vfork_parent_is_killed),
		cmocka_unit_test(children_come_before_their_parents),
		cmocka_unit_test(init_inside_waits),
		cmocka_unit_test(number_is_reused_inside),
		cmocka_unit_test(namespace_dies),
		cmocka_unit_test(namespace_dies_as_frees_tell),
		cmocka_unit_test(dying_init_inherits),
		cmocka_unit_test(deeper_init_is_told_of_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
