/*
 * A world for the tests of the cross-check: a model of a few rows in place of the real one, a /proc
 * of a few files, and rounds that compare them.
 */
#pragma once

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "procfs/verify.h"

#define TICK_NS	   10000000ull
#define NOW_NS	   (100000 * TICK_NS)
#define SELF_PID   900u
#define START(pid) ((pid)*TICK_NS + 1234567)
#define EXITING	   0x4u

/* --- a model of a few rows, in place of the real one --- */

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

static inline struct process_view *know(uint32_t pid, uint32_t ppid, enum process_state state)
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

/* --- a /proc of a few files --- */

static char dir[64];
static struct proc_root root;

static inline void write_file(const char *path, const char *text)
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

static inline void put(struct shown shown)
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

static inline struct shown alive(uint32_t pid, uint32_t ppid)
{
	return (struct shown){pid, ppid, 'S', 0x400000, 1, pid, 17};
}

static inline void show(uint32_t pid, uint32_t ppid)
{
	put(alive(pid, ppid));
}

static inline void show_as(uint32_t pid, uint32_t ppid, char state, uint32_t flags,
			   uint32_t threads_cnt)
{
	put((struct shown){pid, ppid, state, flags, threads_cnt, pid, 17});
}

static inline void unshow(uint32_t pid)
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

static inline int make_tree(void **state)
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

static inline int remove_tree(void **state)
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

/* --- rounds --- */

static const struct verify_scope whole = {.whole = true, .reap_exact = true};
static const struct verify_scope known = {.whole = false, .reap_exact = true};

/* What was reported, as "pid field model proc;". */
static char reported[4096];

static inline void report(void *context, const struct fact *fact)
{
	size_t len = strlen(reported);

	assert_int_equal(fact->type, FACT_MISMATCH);
	assert_int_equal(fact->boot_ns, NOW_NS + VERIFY_SETTLE_NS);
	snprintf(reported + len, sizeof(reported) - len, "%u %.*s %.*s %.*s;", fact->who.pid,
		 (int)fact->mismatch.field.len, fact->mismatch.field.bytes,
		 (int)fact->mismatch.model.len, fact->mismatch.model.bytes,
		 (int)fact->mismatch.proc.len, fact->mismatch.proc.bytes);
}

static inline struct verify *first_look(struct verify_scope scope)
{
	struct verify *verify;

	reported[0] = '\0';
	assert_int_equal(verify_new(&root, &verify), 0);
	assert_int_equal(verify_begin(verify, &model, scope, NOW_NS), 0);
	while (verify_look(verify, &model, 2) == 1)
		;
	return verify;
}

static inline struct verify_result second_look(struct verify *verify)
{
	struct verify_result result;

	while (verify_confirm(verify, &model, 1, NOW_NS + VERIFY_SETTLE_NS, report, NULL) == 1)
		;
	result = verify_result(verify);
	verify_free(verify);
	return result;
}

/* Both looks at a world that stands still. */
static inline struct verify_result look_twice(struct verify_scope scope, const char *want)
{
	struct verify_result result = second_look(first_look(scope));

	assert_string_equal(reported, want);
	return result;
}
