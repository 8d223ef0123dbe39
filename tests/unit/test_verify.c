#include "procfs/verify.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "procfs/late.h"
#include "procfs/snapshot.h"
#include "procfs/stat.h"

#define TICK_NS	   10000000ull
#define NOW_NS	   (100000 * TICK_NS)
#define SELF_PID   900u
#define START(pid) ((pid)*TICK_NS + 1234567)
#define EXITING	   0x4u

/* --- a model of a few rows, in place of the real one
 * ---------------------------------------------- */

struct model {
	struct process_view rows[8192];
	size_t cnt;
};

static struct model model;

bool model_find(const struct model *from, struct pt_identity who, struct process_view *ret_view)
{
	for (size_t i = 0; i < from->cnt; i++) {
		const struct process_view *row = &from->rows[i];

		if (row->id.tgid == who.tgid && row->id.start_ns == who.start_ns) {
			*ret_view = *row;
			return true;
		}
	}
	return false;
}

bool model_find_pid(const struct model *from, uint32_t pid, struct process_view *ret_view)
{
	bool found = false;

	for (size_t i = 0; i < from->cnt; i++) {
		const struct process_view *row = &from->rows[i];

		if (row->id.tgid != pid || (found && row->state == PROCESS_REAPED))
			continue;
		*ret_view = *row;
		found = true;
	}
	return found;
}

int model_each(const struct model *from, int (*visit)(void *, const struct process_view *),
	       void *context)
{
	for (size_t i = 0; i < from->cnt; i++) {
		int ret = visit(context, &from->rows[i]);

		if (ret)
			return ret;
	}
	return 0;
}

static struct process_view *know(uint32_t pid, uint32_t ppid, enum process_state state)
{
	struct process_view *row = &model.rows[model.cnt++];

	*row = (struct process_view){
		.id = {.tgid = pid, .start_ns = START(pid)},
		.parent = {.tgid = ppid, .start_ns = ppid ? START(ppid) : 0},
		.state = state,
		.pid_ns = PROC_PID_NS_INITIAL,
		.ns_pid = pid,
		.comm = "model",
	};
	return row;
}

/* --- a /proc of a few files
 * ------------------------------------------------------------------------ */

static char dir[64];
static struct proc_root root;

static void write_file(const char *path, const char *text)
{
	int fd = openat(root.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

struct shown {
	uint32_t pid, ppid;
	char state;
	uint32_t flags, threads_cnt;
	uint64_t ticks;
	int exit_signal;
};

static void put(struct shown shown)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "%u", shown.pid);
	mkdirat(root.fd, path, 0700);
	snprintf(path, sizeof(path), "%u/stat", shown.pid);
	snprintf(text, sizeof(text),
		 "%u (a) Z 1 (b) %c %u 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 %u 0 %llu 0 0 0 0 0 0 0 0 "
		 "0 0 0 0 0 0 0 %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		 shown.pid, shown.state, shown.ppid, shown.flags, shown.threads_cnt,
		 (unsigned long long)shown.ticks, shown.exit_signal);
	write_file(path, text);
}

static struct shown alive(uint32_t pid, uint32_t ppid)
{
	return (struct shown){pid, ppid, 'S', 0x400000, 1, pid, 17};
}

static void show(uint32_t pid, uint32_t ppid)
{
	put(alive(pid, ppid));
}

static void show_as(uint32_t pid, uint32_t ppid, char state, uint32_t flags, uint32_t threads_cnt)
{
	put((struct shown){pid, ppid, state, flags, threads_cnt, pid, 17});
}

static void unshow(uint32_t pid)
{
	static const char *const files[] = {"stat", "status", "ns/pid"};
	char path[32];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%u/%s", pid, files[i]);
		unlinkat(root.fd, path, 0);
	}
	snprintf(path, sizeof(path), "%u/ns", pid);
	unlinkat(root.fd, path, AT_REMOVEDIR);
	snprintf(path, sizeof(path), "%u", pid);
	unlinkat(root.fd, path, AT_REMOVEDIR);
}

static int make_tree(void **state)
{
	strcpy(dir, "/tmp/test_verify.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(proc_root_init(&root, dir), 0);
	/* Nothing of a namespace is in an empty tree. */
	assert_int_equal(root.pid_ns, 0);
	root.pid_ns = PROC_PID_NS_INITIAL;
	root.tick_ns = TICK_NS;
	root.self_pid = SELF_PID;
	show(SELF_PID, 1);
	show(1, 0);
	model.cnt = 0;
	know(1, 0, PROCESS_ALIVE);
	return 0;
}

static int remove_tree(void **state)
{
	struct proc_walk walk;
	uint32_t pid;

	assert_int_equal(proc_walk_init(&walk, &root), 0);
	while (proc_walk_next(&walk, &pid) == 1)
		unshow(pid);
	proc_walk_release(&walk);
	unlinkat(root.fd, "self/mountinfo", 0);
	unlinkat(root.fd, "self", AT_REMOVEDIR);
	proc_root_release(&root);
	return rmdir(dir);
}

/* --- rounds
 * ------------------------------------------------------------------------------------------ */

static const struct verify_scope whole = {.whole = true, .reap_exact = true};
static const struct verify_scope known = {.whole = false, .reap_exact = true};

/* What was reported, as "pid field model proc;". */
static char reported[4096];

static void report(void *context, const struct fact *fact)
{
	size_t len = strlen(reported);

	assert_int_equal(fact->type, FACT_MISMATCH);
	assert_int_equal(fact->boot_ns, NOW_NS + VERIFY_SETTLE_NS);
	snprintf(reported + len, sizeof(reported) - len, "%u %.*s %.*s %.*s;", fact->who.pid,
		 (int)fact->mismatch.field.len, fact->mismatch.field.bytes,
		 (int)fact->mismatch.model.len, fact->mismatch.model.bytes,
		 (int)fact->mismatch.proc.len, fact->mismatch.proc.bytes);
}

static struct verify *first_look(struct verify_scope scope)
{
	struct verify *verify;

	reported[0] = '\0';
	assert_int_equal(verify_new(&root, &verify), 0);
	assert_int_equal(verify_begin(verify, &model, scope, NOW_NS), 0);
	while (verify_look(verify, &model, 2) == 1)
		;
	return verify;
}

static struct verify_result second_look(struct verify *verify)
{
	struct verify_result result;

	while (verify_confirm(verify, &model, 1, NOW_NS + VERIFY_SETTLE_NS, report, NULL) == 1)
		;
	result = verify_result(verify);
	verify_free(verify);
	return result;
}

/* Both looks at a world that stands still. */
static struct verify_result look_twice(struct verify_scope scope, const char *want)
{
	struct verify_result result = second_look(first_look(scope));

	assert_string_equal(reported, want);
	return result;
}

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

/* --- saved trees
 * ------------------------------------------------------------------------------------- */

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
	assert_int_equal(task->place.cgroup_id, 1);
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
	assert_int_equal(task_of(100)->place.gid, 1001);
	assert_int_equal(task_of(1)->place.parent_ns_tgid, 1);
	assert_int_equal(task_of(102)->status, 7 << 8);
	assert_int_equal(task_of(103)->threads_cnt, 3);
	assert_int_equal(snapshot_take(&plain, NULL, NOW_NS, refuse_task, NULL), -ECANCELED);
	proc_root_release(&plain);
	assert_int_equal(proc_root_init(&plain, "tests/fixtures/proc/nested"), 0);
	assert_int_equal(snapshot_take(&plain, NULL, NOW_NS, keep_task, NULL), -EXDEV);
	proc_root_release(&plain);
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
		cmocka_unit_test(test_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
