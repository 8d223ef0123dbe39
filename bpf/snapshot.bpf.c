/*
 * Who is there already: the task iterator, read after all hooks are attached, writes into the same
 * ring, so that its records lie in the one order of everything. After a loss, when the ring may be
 * full again, its reader gets them directly. It walks the pid namespace of the
 * process that opened it, dead leaders and zombies included, one task at a time: no atomic picture.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "fork.bpf.h"

/* The reader of the iterator is the tracer: that is how it learns its number in the initial
 * namespace. */
static __always_inline void pass_self(void)
{
	struct task_struct *current = (void *)bpf_get_current_task();

	control.self_tgid = bpf_get_current_pid_tgid() >> 32;
	control.self_level = BPF_CORE_READ(current, thread_pid, level);
	control.self_start_ns = BPF_CORE_READ(current, group_leader, start_boottime);
}

static __always_inline bool is_root(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	struct upid number = {};

	if (!pid)
		return false;
	pid_at(pid, control.self_level, &number);
	for (__u32 i = 0; i < SETTINGS_FILTERS; i++) {
		if (i >= settings.roots_cnt)
			break;
		if (settings.roots[i] == number.nr)
			return true;
	}
	return false;
}

/*
 * Marks a process whose parent is marked. Run again until a pass marks nothing new: then every
 * descendant that was there is marked, and births hand the mark on.
 */
static __always_inline void pass_mark(struct task_struct *leader)
{
	struct pt_identity who, parent;
	__u32 bits;

	task_identity(&who, leader);
	task_identity(&parent, BPF_CORE_READ(leader, real_parent));
	bits = mark_bits(&who);
	if (bits & MARK_SUBTREE)
		return;
	if (!is_root(leader) && !(mark_bits(&parent) & MARK_SUBTREE))
		return;
	mark_write(&who, bits | MARK_SUBTREE);
	control.marked++;
}

/* Is it in the stream, perhaps from now on? */
static __always_inline bool pass_tells(struct task_struct *leader)
{
	struct pt_identity who;
	__u32 bits;

	task_identity(&who, leader);
	if (who.tgid == control.self_tgid)
		return false;
	if (!settings.filtered)
		return true;
	bits = mark_bits(&who);
	if (bits & MARK_TOLD)
		return true;
	if (!filter_matches(leader, bits))
		return false;
	mark_write(&who, bits | MARK_TOLD);
	return true;
}

/* One byte for each record makes read() return now and then: its reader drains the ring then. */
static __always_inline void pass_emit(struct task_struct *leader, struct seq_file *seq)
{
	char one = 0;

	if (!pass_tells(leader))
		return;
	task_emit(leader);
	bpf_seq_write(seq, &one, sizeof(one));
}

/*
 * What does not fit any more is shown again at the next read (bpf_seq_read, kernel/bpf/bpf_iter.c):
 * on this way nothing is dropped.
 */
static __always_inline void pass_list(struct task_struct *leader, struct seq_file *seq)
{
	struct pt_event_task e = {};

	if (!pass_tells(leader))
		return;
	emit_head(&e.head, PT_KIND_TASK, sizeof(e), 0);
	task_fill(&e, leader);
	bpf_seq_write(seq, &e, sizeof(e));
}

static __always_inline void pass_count(struct task_struct *leader)
{
	struct pt_identity who;

	task_identity(&who, leader);
	if (mark_bits(&who) & MARK_SUBTREE)
		control.marked++;
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (control.pass == PASS_SELF) {
		pass_self();
		return 0;
	}
	if (!task || task->pid != task->tgid)
		return 0;
	if (control.pass == PASS_MARK)
		pass_mark(task);
	else if (control.pass == PASS_COUNT)
		pass_count(task);
	else if (control.pass == PASS_LIST)
		pass_list(task, ctx->meta->seq);
	else
		pass_emit(task, ctx->meta->seq);
	return 0;
}
