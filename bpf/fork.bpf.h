/*
 * The birth record, at birth or, where a filter first matches later, then. Shared by fork, exec and
 * exit, and the late sight of a process older than the tracer with it.
 */
#pragma once

#include "filter.bpf.h"

static __always_inline void fork_fill(struct pt_event_fork *e, struct task_struct *child)
{
	task_identity(&e->who, child);
	task_identity(&e->parent, BPF_CORE_READ(child, real_parent));
	task_place(&e->place, child);
	e->exit_signal = BPF_CORE_READ(child, exit_signal);
	BPF_CORE_READ_STR_INTO(&e->comm, child, comm);
}

/* All but the head's other fields. */
static __always_inline void task_fill(struct pt_event_task *e, struct task_struct *leader)
{
	struct signal_struct *signal;
	__u32 state, threads, flags = 0;

	task_identity(&e->who, leader);
	task_identity(&e->parent, BPF_CORE_READ(leader, real_parent));
	task_place(&e->place, leader);
	signal = BPF_CORE_READ(leader, signal);
	state = BPF_CORE_READ(leader, exit_state);
	threads = BPF_CORE_READ(signal, nr_threads);
	if (BPF_CORE_READ(leader, flags) & PF_KTHREAD)
		flags |= PT_TASK_KTHREAD;
	if (BPF_CORE_READ(leader, ptrace))
		flags |= PT_TASK_TRACED;
	if (state == EXIT_DEAD)
		flags |= PT_TASK_REAPED;
	else if (state && threads == 1)
		flags |= PT_TASK_ZOMBIE;
	else if (state)
		flags |= PT_TASK_LEADER_DEAD;
	if (!(flags & PT_TASK_ZOMBIE) && (BPF_CORE_READ(leader, flags) & PF_EXITING) &&
	    BPF_CORE_READ(signal, live.counter) == 0)
		flags |= PT_TASK_DYING;
	e->head.flags = flags;
	e->exec_id = BPF_CORE_READ(leader, self_exec_id);
	e->exit_signal = BPF_CORE_READ(leader, exit_signal);
	e->status = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ?
			    BPF_CORE_READ(signal, group_exit_code) :
			    BPF_CORE_READ(leader, exit_code);
	e->threads_cnt = threads;
	e->pad = 0;
	BPF_CORE_READ_STR_INTO(&e->comm, leader, comm);
}

static __always_inline void task_emit(struct task_struct *leader)
{
	struct pt_event_task *e = EMIT_RESERVE(struct pt_event_task, PT_KIND_TASK, 0);

	if (!e)
		return;
	task_fill(e, leader);
	emit_submit(e, PT_KIND_TASK);
}

/*
 * Called by exec and exit before they tell anything of a process: is it in the stream, perhaps from
 * now on? If so, its birth comes first, with its true time, or, if we did not see it, itself.
 */
static __always_inline bool filter_told_or_late(struct task_struct *task, struct pt_identity *who)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct pt_event_fork *e;
	__u32 bits;

	task_identity(who, task);
	if (who->tgid == control.self_tgid)
		return false;
	if (!settings.filtered)
		return true;
	bits = mark_bits(who);
	if (bits & MARK_TOLD)
		return true;
	if (!filter_matches(leader, bits))
		return false;
	mark_write(who, bits | MARK_TOLD);
	if (!(bits & MARK_BORN)) {
		task_emit(leader);
		return true;
	}
	e = EMIT_RESERVE(struct pt_event_fork, PT_KIND_FORK,
			 PT_FORK_LATE | PT_FORK_CREATOR_UNKNOWN |
				 (bits & MARK_SHARES_MM ? PT_FORK_SHARES_MM : 0));
	if (!e)
		return true;
	fork_fill(e, leader);
	e->head.time_ns = e->who.start_ns;
	identity_none(&e->creator);
	e->creator_tid = 0;
	emit_submit(e, PT_KIND_FORK);
	return true;
}
