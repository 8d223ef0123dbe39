/* Who killed it. C is the victim, T its parent, K whoever sends. */
#include "records.h"

#define T old(10)
#define K old(20)
#define C young(100)

static struct story *with_child(void)
{
	struct story *s = story_begin();

	is_there(s, T, old(1), 0);
	is_there(s, K, old(1), 0);
	is_born(s, 10, C, T);
	s->read = s->cnt;
	return s;
}

static void killed_by_a_process(void **state)
{
	struct story *s = with_child();

	is_signalled(s, 20, C, K, 9, 0);
	exits(s, 21, C, T, 9);
	story_told(s, "exit 100<10 signal 9 by process 20");
	assert_int_equal(story_last(s)->exit.killer_uid, 5);
	assert_int_equal(story_last(s)->exit.killer_comm.len, strlen("task"));
	assert_int_equal(story_last(s)->exit.exit_code, FACT_ABSENT);
	assert_int_equal(model_totals(s->model).failures, 1);
	story_end(s);
}

/* The other threads' marks, and whatever is delivered on the way out, are not the cause. */
static void first_signal_decides(void **state)
{
	struct story *s = with_child();

	is_signalled(s, 20, C, K, 15, 0);
	is_signalled(s, 21, C, T, 15, PT_SIGNAL_DELIVERED);
	exits(s, 22, C, T, 15);
	is_signalled(s, 23, C, T, 9, 0); /* to a zombie */
	story_told(s, "exit 100<10 signal 15 by process 20");
	story_end(s);
}

/* Blocked, then unblocked: only its delivery tells, with the sender as si_pid. */
static void delivery_decides_by_number(void **state)
{
	struct story *s = with_child();
	const struct pt_identity number = {.tgid = 20};

	is_signalled(s, 20, C, number, 15, PT_SIGNAL_DELIVERED | PT_SIGNAL_SENDER_NUMBER);
	exits(s, 21, C, T, 15);
	story_told(s, "exit 100<10 signal 15 by process 20");
	assert_int_equal(story_last(s)->exit.killer_id.start_ns, K.start_ns);
	story_end(s);
}

static void delivery_of_another_signal_does_not(void **state)
{
	struct story *s = with_child();

	is_signalled(s, 20, C, K, 1, PT_SIGNAL_DELIVERED);
	exits(s, 21, C, T, 15);
	story_told(s, "exit 100<10 signal 15 by ? ?");
	story_end(s);
}

static void sender_is_not_in_the_table(void **state)
{
	struct story *s = with_child();
	const struct pt_identity number = {.tgid = 4000};

	is_signalled(s, 20, C, number, 15, PT_SIGNAL_DELIVERED | PT_SIGNAL_SENDER_NUMBER);
	exits(s, 21, C, T, 15);
	story_told(s, "exit 100<10 signal 15 by process ?");
	assert_int_equal(story_last(s)->exit.killer_uid, 5);
	story_end(s);
}

static void sender_is_unknown(void **state)
{
	struct story *s = with_child();

	is_signalled(s, 20, C, (struct pt_identity){0}, 15,
		     PT_SIGNAL_DELIVERED | PT_SIGNAL_SENDER_UNKNOWN);
	exits(s, 21, C, T, 15);
	story_told(s, "exit 100<10 signal 15 by ? ?");
	story_end(s);
}

static void fault_dumps_core(void **state)
{
	struct story *s = with_child();

	is_signalled(s, 20, C, (struct pt_identity){0}, 11, PT_SIGNAL_DELIVERED | PT_SIGNAL_KERNEL);
	exits(s, 21, C, T, 11 | 0x80);
	story_told(s, "exit 100<10 signal 11 core by kernel");
	assert_int_equal(story_last(s)->exit.killer_uid, FACT_ABSENT);
	story_end(s);
}

/* Nobody killed what caught the signal and left by itself. */
static void caught(void **state)
{
	struct story *s = with_child();

	is_signalled(s, 20, C, K, 15, PT_SIGNAL_DELIVERED);
	exits(s, 21, C, T, 15 << 8);
	story_told(s, "exit 100<10 code 15");
	assert_int_equal(story_last(s)->exit.killer, FACT_ABSENT);
	assert_int_equal(story_last(s)->exit.killer_id.pid, FACT_PID_ABSENT);
	story_end(s);
}

static void parent_death_signal(void **state)
{
	struct story *s = with_child();
	struct pt_event_exit parent_dies;

	is_born(s, 15, young(200), C);
	parent_dies = exit_record(20, C, T, 0);
	parent_dies.adopter_kind = PT_ADOPTER_SUBREAPER;
	parent_dies.adopter = T;
	send(s, &parent_dies);
	is_signalled(s, 21, young(200), C, 15, 0);
	exits(s, 22, young(200), T, 15);
	story_told(s, "fork 200<100 fork", "exit 100<10 code 0",
		   "reparent 200<10 from 100 subreaper predicted",
		   "exit 200<10 signal 15 by process 100");
	story_end(s);
}

static void out_of_memory(void **state)
{
	struct story *s = with_child();
	struct pt_event_oom r = {.head = HEAD(PT_KIND_OOM, sizeof(r), 21), .who = C};

	is_signalled(s, 20, C, (struct pt_identity){0}, 9, PT_SIGNAL_KERNEL);
	send(s, &r);
	exits(s, 22, C, T, 9);
	story_told(s, "exit 100<10 signal 9 by kernel oom");
	story_end(s);
}

/* On 6.16 and later the victim may reach its exit before it is marked. */
static void out_of_memory_by_the_exit(void **state)
{
	struct story *s = with_child();
	struct pt_event_exit r = exit_record(22, C, T, 9);
	struct pt_event_oom late = {.head = HEAD(PT_KIND_OOM, sizeof(late), 23), .who = C};

	r.head.flags = PT_EXIT_OOM;
	send(s, &r);
	send(s, &late);
	story_told(s, "exit 100<10 signal 9 by ? ? oom");
	story_end(s);
}

/* The child is hashed before its fork's tracepoint: a signal to its group may be told first. */
static void signal_overtakes_the_birth(void **state)
{
	struct story *s = with_child();

	is_signalled(s, 20, young(101), K, 9, 0);
	assert_int_equal(model_count(s->model), 3);
	is_born(s, 21, young(101), T);
	exits(s, 22, young(101), T, 9);
	story_told(s, "fork 101<10 fork", "exit 101<10 signal 9 by process 20");
	story_end(s);
}

/* si_pid is a number of the receiver's namespace. */
static void sender_inside_a_namespace(void **state)
{
	struct story *s = with_child();
	const struct pt_identity number = {.tgid = 2};
	struct pt_event_fork r = fork_record(11, young(502), T);

	r.place.ns_level = 1;
	r.place.pid_ns = NS_INODE;
	r.place.ns_tgid = 2;
	send(s, &r);
	r = fork_record(12, young(503), T);
	r.place.ns_level = 1;
	r.place.pid_ns = NS_INODE;
	r.place.ns_tgid = 3;
	send(s, &r);
	is_signalled(s, 20, young(503), number, 15, PT_SIGNAL_DELIVERED | PT_SIGNAL_SENDER_NUMBER);
	exits(s, 21, young(503), T, 15);
	s->read = s->cnt - 1;
	story_told(s, "exit 503<10 signal 15 by process 502");
	story_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_by_a_process),
		cmocka_unit_test(first_signal_decides),
		cmocka_unit_test(delivery_decides_by_number),
		cmocka_unit_test(delivery_of_another_signal_does_not),
		cmocka_unit_test(sender_is_not_in_the_table),
		cmocka_unit_test(sender_is_unknown),
		cmocka_unit_test(fault_dumps_core),
		cmocka_unit_test(caught),
		cmocka_unit_test(parent_death_signal),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(out_of_memory_by_the_exit),
		cmocka_unit_test(signal_overtakes_the_birth),
		cmocka_unit_test(sender_inside_a_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
