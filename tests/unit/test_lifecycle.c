/* Every cell of the lifecycle, written down a second time, row by row, and what must hold for all. */
#include "model/lifecycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const event_words[LIFE_EVENT_CNT] = {
	[LIFE_FORK] = "fork",
	[LIFE_EXEC] = "exec",
	[LIFE_EXIT] = "exit",
	[LIFE_EXIT_SILENT] = "exit-silent",
	[LIFE_ZOMBIE] = "zombie",
	[LIFE_ZOMBIE_AUTO] = "zombie-auto",
	[LIFE_REAP] = "reap",
	[LIFE_WAITED] = "waited",
	[LIFE_FREE] = "free",
	[LIFE_SIGNAL] = "signal",
	[LIFE_OOM] = "oom",
	[LIFE_TASK] = "task",
	[LIFE_TASK_YOUNG] = "task-young",
	[LIFE_TASK_DYING] = "task-dying",
	[LIFE_TASK_ZOMBIE] = "task-zombie",
	[LIFE_TASK_REAPED] = "task-reaped",
	[LIFE_THREAD] = "thread",
	[LIFE_THREAD_EXIT] = "thread-exit",
	[LIFE_GONE] = "gone",
};

static const char *const action_words[LIFE_ACTION_CNT] = {
	[LIFE_DO_NOTHING] = "nothing",
	[LIFE_DO_COUNT_UNKNOWN] = "unknown",
	[LIFE_DO_COUNT_DUPLICATE] = "duplicate",
	[LIFE_DO_BIRTH] = "birth",
	[LIFE_DO_APPEAR] = "appear",
	[LIFE_DO_FILL] = "fill",
	[LIFE_DO_EXEC] = "exec",
	[LIFE_DO_EXIT] = "exit",
	[LIFE_DO_BECOME_ZOMBIE] = "become-zombie",
	[LIFE_DO_TOLD_AGAIN] = "told-again",
	[LIFE_DO_FIND_DEAD] = "find-dead",
	[LIFE_DO_REAP] = "reap",
	[LIFE_DO_FREE] = "free",
	[LIFE_DO_NOTE_SIGNAL] = "note-signal",
	[LIFE_DO_NOTE_OOM] = "note-oom",
	[LIFE_DO_THREAD] = "thread",
	[LIFE_DO_THREAD_EXIT] = "thread-exit",
	[LIFE_DO_FORGET] = "forget",
	[LIFE_DO_CLOSE] = "close",
};

static const char *const state_words[] = {"new", "alive", "dying", "zombie", "reaped"};

/* One line for each event, in the order of the enum: "event: action next". */
static void assert_row(int row, const char *const lines[LIFE_EVENT_CNT])
{
	for (int event = 0; event < LIFE_EVENT_CNT; event++) {
		const struct life_step *step = &lifecycle[row][event];
		char line[64];

		snprintf(line, sizeof(line), "%s: %s %s", event_words[event],
			 action_words[step->action], state_words[step->next]);
		assert_string_equal(line, lines[event]);
	}
}

static void new_is_named_only(void **state)
{
	assert_row(PROCESS_NEW,
		   (const char *const[]){"fork: birth alive", "exec: exec alive",
					 "exit: exit dying", "exit-silent: exit zombie",
					 "zombie: find-dead zombie",
					 "zombie-auto: find-dead zombie", "reap: reap reaped",
					 "waited: nothing new", "free: forget new",
					 "signal: note-signal new", "oom: nothing new",
					 "task: appear alive", "task-young: fill alive",
					 "task-dying: appear dying", "task-zombie: appear zombie",
					 "task-reaped: nothing new", "thread: thread new",
					 "thread-exit: thread-exit new", "gone: nothing new"});
}

static void alive_may_do_all(void **state)
{
	assert_row(PROCESS_ALIVE,
		   (const char *const[]){"fork: birth alive", "exec: exec alive",
					 "exit: exit dying", "exit-silent: exit zombie",
					 "zombie: find-dead zombie",
					 "zombie-auto: find-dead zombie", "reap: reap reaped",
					 "waited: nothing alive", "free: free reaped",
					 "signal: note-signal alive", "oom: note-oom alive",
					 "task: appear alive", "task-young: fill alive",
					 "task-dying: fill dying", "task-zombie: find-dead zombie",
					 "task-reaped: nothing alive", "thread: thread alive",
					 "thread-exit: thread-exit alive", "gone: close reaped"});
}

static void dying_becomes_a_zombie_or_is_released(void **state)
{
	assert_row(PROCESS_DYING,
		   (const char *const[]){"fork: birth dying", "exec: nothing dying",
					 "exit: exit dying", "exit-silent: exit zombie",
					 "zombie: become-zombie zombie",
					 "zombie-auto: become-zombie dying", "reap: reap reaped",
					 "waited: nothing dying", "free: free reaped",
					 "signal: nothing dying", "oom: nothing dying",
					 "task: fill dying", "task-young: fill dying",
					 "task-dying: fill dying", "task-zombie: fill zombie",
					 "task-reaped: nothing dying", "thread: thread dying",
					 "thread-exit: thread-exit dying", "gone: close reaped"});
}

static void zombie_waits(void **state)
{
	assert_row(PROCESS_ZOMBIE,
		   (const char *const[]){"fork: birth zombie", "exec: nothing zombie",
					 "exit: duplicate zombie", "exit-silent: duplicate zombie",
					 "zombie: told-again zombie",
					 "zombie-auto: told-again zombie", "reap: reap reaped",
					 "waited: reap reaped", "free: free reaped",
					 "signal: nothing zombie", "oom: nothing zombie",
					 "task: fill zombie", "task-young: fill zombie",
					 "task-dying: fill zombie", "task-zombie: fill zombie",
					 "task-reaped: nothing zombie", "thread: nothing zombie",
					 "thread-exit: thread-exit zombie", "gone: close reaped"});
}

static void reaped_waits_for_its_free(void **state)
{
	assert_row(PROCESS_REAPED,
		   (const char *const[]){"fork: duplicate reaped", "exec: nothing reaped",
					 "exit: duplicate reaped", "exit-silent: duplicate reaped",
					 "zombie: nothing reaped", "zombie-auto: nothing reaped",
					 "reap: duplicate reaped", "waited: duplicate reaped",
					 "free: free reaped", "signal: nothing reaped",
					 "oom: nothing reaped", "task: nothing reaped",
					 "task-young: nothing reaped", "task-dying: nothing reaped",
					 "task-zombie: nothing reaped",
					 "task-reaped: nothing reaped", "thread: nothing reaped",
					 "thread-exit: nothing reaped", "gone: close reaped"});
}

static void outsider_enters_by_statements_about_itself(void **state)
{
	assert_row(LIFE_OUTSIDER,
		   (const char *const[]){"fork: birth alive", "exec: exec alive",
					 "exit: exit dying", "exit-silent: exit zombie",
					 "zombie: unknown new", "zombie-auto: unknown new",
					 "reap: unknown new", "waited: nothing new",
					 "free: forget new", "signal: unknown new",
					 "oom: unknown new", "task: appear alive",
					 "task-young: fill alive", "task-dying: appear dying",
					 "task-zombie: appear zombie", "task-reaped: nothing new",
					 "thread: unknown new", "thread-exit: unknown new",
					 "gone: nothing new"});
}

static void states_only_advance(void **state)
{
	for (int row = 0; row <= PROCESS_REAPED; row++)
		for (int event = 0; event < LIFE_EVENT_CNT; event++)
			assert_true(lifecycle[row][event].next >= row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_is_named_only),
		cmocka_unit_test(alive_may_do_all),
		cmocka_unit_test(dying_becomes_a_zombie_or_is_released),
		cmocka_unit_test(zombie_waits),
		cmocka_unit_test(reaped_waits_for_its_free),
		cmocka_unit_test(outsider_enters_by_statements_about_itself),
		cmocka_unit_test(states_only_advance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
