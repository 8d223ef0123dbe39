/* A kernel of a few words in place of the real one: what it drops, and whom it lists. */
#include "records.h"

#include <errno.h>
#include <unistd.h>

#include "heal.h"
#include "procfs/stat.h"

#define SECOND_NS 1000000000ull
#define NAP_NS	  20000000ull
#define T	  old(10)
#define A	  young(100)
#define B	  young(101)

static struct {
	bool dropped;
	struct pt_counter counters[PT_KIND_CNT];
	uint64_t misses;
	struct pt_event_task list[16];
	size_t list_cnt;
	int list_error;
	int lists_cnt; /* times it was asked */
} kernel;

struct probe;

bool probe_has_dropped(const struct probe *probe)
{
	return kernel.dropped;
}

bool probe_take_dropped(struct probe *probe)
{
	bool dropped = kernel.dropped;

	kernel.dropped = false;
	return dropped;
}

int probe_counters(const struct probe *probe, struct pt_counter ret_counters[PT_KIND_CNT])
{
	memcpy(ret_counters, kernel.counters, sizeof(kernel.counters));
	return 0;
}

uint64_t probe_misses(const struct probe *probe)
{
	return kernel.misses;
}

int probe_snapshot(struct probe *probe, void (*rest)(void *context), void *context)
{
	rest(context);
	return 0;
}

int probe_list(struct probe *probe, const struct probe_listener *listener)
{
	kernel.lists_cnt++;
	if (kernel.list_error)
		return kernel.list_error;
	for (size_t i = 0; i < kernel.list_cnt; i++)
		listener->take(listener->context, &kernel.list[i], sizeof(kernel.list[i]));
	listener->rest(listener->context);
	return 0;
}

/* --- the session's part ------------------------------------------------------------------------------ */

struct world {
	struct story *story;
	struct losses losses;
	struct crosscheck check; /* with an error from the start: it does nothing here */
	struct heal heal;
	uint64_t now_ns;
	void (*on_drain)(struct story *story); /* what lies in the ring */
};

static struct world world;

static void take_fact(void *context, const struct fact *fact)
{
	write_fact(world.story, fact);
}

static bool drain(void *context)
{
	void (*on_drain)(struct story * story) = world.on_drain;

	world.on_drain = NULL;
	if (on_drain)
		on_drain(world.story);
	return true;
}

static void begin(void)
{
	struct heal_world heal_world = {
		.losses = &world.losses,
		.check = &world.check,
		.complete = true,
		.emit = take_fact,
		.drain = drain,
	};

	memset(&kernel, 0, sizeof(kernel));
	memset(&world, 0, sizeof(world));
	assert_int_equal(proc_root_init(&world.check.root, "/proc"), 0);
	world.check.root.pid_ns = NS_ROOT;
	world.check.error = -ENXIO;
	world.story = story_begin();
	world.now_ns = START_NS + SECOND_NS;
	heal_world.model = world.story->model;
	heal_init(&world.heal, &heal_world, world.now_ns);
}

static void end(void)
{
	heal_release(&world.heal);
	proc_root_release(&world.check.root);
	story_end(world.story);
}

static void step(bool drained)
{
	world.now_ns += NAP_NS;
	if (drained)
		drain(NULL);
	heal_step(&world.heal, drained, world.now_ns);
}

static void until_healed(void)
{
	uint64_t from_ns = world.now_ns;

	do
		step(true);
	while (heal_has_gap(&world.heal) && world.now_ns < from_ns + 10 * SECOND_NS);
	assert_false(heal_has_gap(&world.heal));
	assert_true(world.now_ns - from_ns < SECOND_NS);
}

static void drops(enum pt_kind kind, uint64_t cnt)
{
	kernel.counters[kind].seen += cnt;
	kernel.counters[kind].dropped[PT_DROP_RING_FULL] += cnt;
	kernel.dropped = true;
}

/* Nobody of that number is in the real /proc: it is beyond what a kernel hands out. */
static struct pt_identity nobody(uint32_t n)
{
	return young(5000000 + n);
}

static void lists(struct pt_identity who, struct pt_identity parent, uint32_t flags)
{
	kernel.list[kernel.list_cnt] = task_record(0, who, parent, flags);
	kernel.list[kernel.list_cnt].head.time_ns = world.now_ns;
	kernel.list_cnt++;
}

/* --- tests ------------------------------------------------------------------------------------------- */

static void closed_adopted_and_moved(void **state)
{
	begin();
	is_born(world.story, 1, nobody(1), T);
	is_born(world.story, 2, A, nobody(1));
	world.story->read = world.story->cnt;
	drops(PT_KIND_EXIT, 3);
	drops(PT_KIND_FORK, 1);
	lists(T, old(1), 0);
	lists(A, T, 0);
	lists(B, T, 0);
	until_healed();
	story_told(world.story, "lost -<-", "lost -<-", "process 10<1 alive unsure",
		   "reparent 100<10 from 5000001 subreaper confirmed unsure",
		   "process 101<10 alive unsure", "exit 5000001<10 code ? unseen unsure",
		   "reap 5000001<10 unseen by ? latency ? error ? unsure", "resync -<-");
	const struct fact *resync = story_last(world.story);

	assert_int_equal(resync->resync.closed, 1);
	assert_int_equal(resync->resync.adopted, 2);
	assert_int_equal(resync->resync.reparented, 1);
	assert_int_equal(resync->resync.looked_at, 3);
	exits(world.story, 3000000000u, A, T, 0);
	story_told(world.story, "exit 100<10 code 0");
	end();
}

static void a_dies(struct story *s)
{
	exits(s, SECOND_NS, A, T, 7 << 8);
	is_told(s, SECOND_NS + 5, A, T, 0);
}

/* The list shows it dead, the ring tells how it died. */
static void the_ring_is_heard_before_the_dead(void **state)
{
	begin();
	is_born(world.story, 1, A, T);
	world.story->read = world.story->cnt;
	drops(PT_KIND_EXEC, 1);
	lists(T, old(1), 0);
	lists(A, T, PT_TASK_ZOMBIE);
	world.on_drain = NULL;
	step(false);
	assert_true(heal_has_gap(&world.heal));
	assert_int_equal(kernel.lists_cnt, 0);
	world.now_ns += NAP_NS;
	world.on_drain = a_dies;
	heal_step(&world.heal, true, world.now_ns);
	until_healed();
	story_told(world.story, "lost -<-", "process 10<1 alive unsure",
		   "exit 100<10 code 7 unsure", "resync -<-");
	end();
}

/* Its exit was lost: the list alone says that it is a zombie. */
static void a_lost_death(void **state)
{
	struct process_view view;

	begin();
	is_born(world.story, 1, A, T);
	drops(PT_KIND_EXIT, 1);
	lists(A, T, PT_TASK_ZOMBIE);
	until_healed();
	assert_true(model_find(world.story->model, A, &view));
	assert_int_equal(view.state, PROCESS_ZOMBIE);
	story_told(world.story, "fork 100<10 fork", "lost -<-", "resync -<-");
	end();
}

static void one_more_loss_is_one_more_round(void **state)
{
	begin();
	drops(PT_KIND_FORK, 1);
	step(true);
	assert_int_equal(kernel.lists_cnt, 1);
	drops(PT_KIND_FORK, 1);
	for (int i = 0; i < 100 && heal_has_gap(&world.heal); i++)
		step(true);
	assert_false(heal_has_gap(&world.heal));
	assert_int_equal(kernel.lists_cnt, 4);
	story_told(world.story, "lost -<-", "lost -<-", "resync -<-", "resync -<-");
	end();
}

/* No flag tells of them. */
static void programs_that_were_not_run(void **state)
{
	begin();
	kernel.misses = 2;
	for (int i = 0; i < 100 && !heal_has_gap(&world.heal); i++)
		step(false);
	assert_true(heal_has_gap(&world.heal));
	until_healed();
	story_told(world.story, "lost -<-", "resync -<-");
	assert_int_equal(world.losses.misses, 2);
	end();
}

static void a_list_that_fails_closes_nobody(void **state)
{
	struct process_view view;

	begin();
	is_born(world.story, 1, nobody(1), T);
	kernel.list_error = -EMFILE;
	drops(PT_KIND_EXIT, 1);
	for (int i = 0; i < 200; i++)
		step(true);
	assert_true(heal_has_gap(&world.heal));
	assert_true(model_find(world.story->model, nobody(1), &view));
	kernel.list_error = 0;
	until_healed();
	assert_false(model_find(world.story->model, nobody(1), &view));
	world.story->read = world.story->cnt;
	end();
}

/* We are in /proc, whatever the list says. */
static void proc_has_a_veto(void **state)
{
	struct process_view view;
	struct pt_identity self = {.tgid = getpid()};
	struct stat_line stat;

	begin();
	assert_int_equal(stat_read(&world.check.root, self.tgid, &stat), 0);
	self.start_ns = proc_start_ns(&world.check.root, stat.start_ticks);
	is_there(world.story, self, T, 0);
	world.now_ns = self.start_ns + SECOND_NS;
	drops(PT_KIND_EXIT, 1);
	until_healed();
	assert_true(model_find(world.story->model, self, &view));
	assert_int_equal(view.state, PROCESS_ALIVE);
	assert_int_equal(story_last(world.story)->resync.closed, 0);
	world.story->read = world.story->cnt;
	end();
}

static void whole_after_the_first_snapshot(void **state)
{
	begin();
	assert_int_equal(heal_snapshot(&world.heal, world.now_ns), 0);
	is_there(world.story, A, T, 0);
	for (int i = 0; i < 50; i++)
		step(true);
	assert_int_equal(heal_next_ns(&world.heal), UINT64_MAX);
	story_told(world.story, "process 100<10 alive unsure");
	end();
}

/* Two kinds that are off by as much in opposite directions are two errors, not none. */
static void books_are_kept_by_kind(void **state)
{
	struct losses losses = {.delivered = {[PT_KIND_FORK] = 5, [PT_KIND_EXIT] = 9}};
	struct pt_counter counters[PT_KIND_CNT] = {
		[PT_KIND_FORK] = {.seen = 7, .dropped = {2}},
		[PT_KIND_EXIT] = {.seen = 9},
	};

	assert_int_equal(losses_unaccounted(&losses, counters), 0);
	counters[PT_KIND_FORK].seen++;
	counters[PT_KIND_EXIT].seen--;
	assert_int_equal(losses_unaccounted(&losses, counters), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_adopted_and_moved),
		cmocka_unit_test(the_ring_is_heard_before_the_dead),
		cmocka_unit_test(a_lost_death),
		cmocka_unit_test(one_more_loss_is_one_more_round),
		cmocka_unit_test(programs_that_were_not_run),
		cmocka_unit_test(a_list_that_fails_closes_nobody),
		cmocka_unit_test(proc_has_a_veto),
		cmocka_unit_test(whole_after_the_first_snapshot),
		cmocka_unit_test(books_are_kept_by_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
