#include "procfs/snapshot.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <cmocka.h>

#define TICK_NS 10000000ull
#define NOW_NS	(100000 * TICK_NS)

static struct pt_event_task tasks[16];
static size_t tasks_cnt;

static int keep_task(void *context, const struct pt_event_task *task)
{
	assert_true(tasks_cnt < 16);
	tasks[tasks_cnt++] = *task;
	return 0;
}

static int refuse_task(void *context, const struct pt_event_task *task)
{
	return task->who.tgid == 30 ? -ECANCELED : 0;
}

static const struct pt_event_task *task_of(uint32_t pid)
{
	for (size_t i = 0; i < tasks_cnt; i++) {
		if (tasks[i].who.tgid == pid)
			return &tasks[i];
	}
	fail_msg("no task %u", pid);
	return NULL;
}

static void expect_task(uint32_t pid, uint32_t ppid, uint64_t parent_ticks, uint32_t flags,
			const char *comm)
{
	const struct pt_event_task *task = task_of(pid);

	assert_int_equal(task->head.size, sizeof(*task));
	assert_int_equal(task->head.kind, PT_KIND_TASK);
	assert_int_equal(task->head.time_ns, NOW_NS);
	assert_int_equal(task->head.flags, flags | PT_TASK_START_ROUNDED);
	assert_int_equal(task->parent.tgid, ppid);
	assert_int_equal(task->parent.start_ns, parent_ticks * TICK_NS);
	assert_string_equal(task->comm, comm);
	assert_int_equal(task->place.cgroup_id, 0);
	assert_int_equal(task->place.v1_cgroup_id, 0);
}

static void test_snapshot(void **state)
{
	struct proc_root plain;

	assert_int_equal(proc_root_init(&plain, "tests/fixtures/proc/plain"), 0);
	tasks_cnt = 0;
	assert_int_equal(snapshot_take(&plain, NULL, NOW_NS, keep_task, NULL), 9);
	assert_int_equal(tasks_cnt, 9);
	expect_task(1, 0, 0, 0, "systemd");
	expect_task(2, 0, 0, PT_TASK_KTHREAD, "kthreadd");
	expect_task(30, 2, 24, PT_TASK_KTHREAD, "kworker/u8:1-ev");
	expect_task(100, 1, 24, PT_TASK_TRACED, "a) Z 1 (b");
	expect_task(101, 100, 5000, 0, "x\n7 (y) S 3");
	expect_task(102, 101, 5001, PT_TASK_ZOMBIE, "dead");
	expect_task(103, 1, 24, PT_TASK_LEADER_DEAD, "half");
	expect_task(104, 1, 24, PT_TASK_DYING, "leaving");
	/* Its parent had died, and the number was given to a younger one. */
	expect_task(106, 105, 0, 0, "older");
	assert_int_equal(task_of(100)->who.start_ns, 5000 * TICK_NS);
	assert_int_equal(task_of(100)->place.ns_tgid, 1);
	assert_int_equal(task_of(100)->place.parent_ns_tgid, 40);
	assert_int_equal(task_of(100)->place.ns_level, 2);
	assert_int_equal(task_of(100)->place.pid_ns, 4026532100u);
	assert_int_equal(task_of(100)->place.uid, 1000);
	assert_int_equal(task_of(100)->place.login_uid, 1000);
	assert_int_equal(task_of(100)->place.session, 99);
	assert_string_equal(task_of(100)->place.tty, "pts3");
	assert_int_equal(task_of(101)->place.login_uid, PT_LOGIN_UNSET);
	assert_string_equal(task_of(101)->place.tty, "?");
	assert_int_equal(task_of(1)->place.login_uid, PT_LOGIN_UNSET);
	assert_string_equal(task_of(1)->place.tty, "");
	assert_int_equal(task_of(100)->place.gid, 1001);
	assert_int_equal(task_of(1)->place.parent_ns_tgid, 1);
	assert_int_equal(task_of(102)->status, 7 << 8);
	assert_int_equal(task_of(103)->threads_cnt, 3);
	assert_int_equal(snapshot_take(&plain, NULL, NOW_NS, refuse_task, NULL), -ECANCELED);
	proc_root_release(&plain);
}

static void test_nested_is_refused(void **state)
{
	struct proc_root nested;

	assert_int_equal(proc_root_init(&nested, "tests/fixtures/proc/nested"), 0);
	assert_int_equal(snapshot_take(&nested, NULL, NOW_NS, keep_task, NULL), -EXDEV);
	proc_root_release(&nested);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_nested_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
